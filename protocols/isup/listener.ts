import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { type Clock, systemClock } from '../clock';
import { Fault } from '../errors';
import { listenFault } from '../listenFault';
import { plainAddress } from '../plainAddress';
import type { Framing } from './classifier';
import { type ConnectionHost, IsupConnection } from './connection';
import { DasSession } from './dasSession';
import { candidatesIn, type IsupData, type IsupWarning } from './data';
import { EhomeServer } from './ehomeServer';
import type { IsupRandom, LoginDirectory } from './lbsLogin';
import { DEFAULT_LIMITS, type IsupLimits } from './limits';
import { addressTowards, isLocalOnly, readHostPort } from './localAddress';
import type { PassthroughRequest } from './passthrough';
import { type DeviceRecord, type Presence, PresenceTable, type Source } from './presence';
import { SourceGate } from './sourceGate';

export interface ListedDevice {
    /** The Device ID, compared exactly. */
    id: string;
    name?: string;
    key?: string;
}

export interface IsupEvents {
    onPresence?(presence: Presence): void;
    onData?(data: IsupData): void;
    /** A device can be asked from now on. @param dialled the address of ours that its session was opened at */
    onOnline?(device: DeviceRecord, dialled: Source): void;
    onWarning?(warning: IsupWarning): void;
    /** A socket failed after it was open. */
    onFault?(fault: Fault): void;
}

export interface IsupListenerOptions {
    /** `0.0.0.0` by default; `::` serves IPv4 and IPv6. */
    bind?: string;
    /** TCP and UDP, 7660; 0 takes a free one. */
    port?: number;
    /** TCP and UDP, 7662; the same as `port` serves both there. */
    alarmPort?: number;
    /** `host` or `host:port` handed to devices; empty: the address they reached us at. */
    advertise?: string;
    /** True where every TCP connection begins with a PROXY header; those without one are refused. */
    proxyProtocol?: boolean;
    /** `known`: only listed devices are answered. */
    accept?: 'any' | 'known';
    devices?: readonly ListedDevice[];
    /** Devices that are listed elsewhere and may come and go while we listen; asked where `devices` has none. */
    alsoListed?(deviceId: string): ListedDevice | undefined;
    /** The ISUP key of devices that have none of their own. */
    defaultKey?: string;
    /** Seconds, 15. */
    keepAlive?: number;
    /** Heartbeats that may be missing, 6. */
    misses?: number;
    /** Answer 402 LOWVERSION to EHome 4.0 devices that ask for reliable transmission, instead of 200. */
    lowVersion?: boolean;
    /** NTP server handed to EHome devices; empty: none. */
    ntpAddress?: string;
    /** Rows of an earlier run of this listener. */
    restore?: readonly Presence[];
    limits?: Partial<IsupLimits>;
    clock?: Clock;
    random?: IsupRandom;
    events?: IsupEvents;
}

const DEFAULT_PORT = 7660;
const DEFAULT_ALARM_PORT = 7662;
const SWEEP_EVERY = 1000;
/** A free port for UDP may be taken for TCP: so many are tried. */
const FREE_PORT_TRIES = 10;
/** Addresses whose unknown frames were reported already. */
const MAX_REPORTED = 10_000;
const REPORT_AGAIN_AFTER = 3_600_000;
const LEFT_OUT_AGAIN_AFTER = 1000;

/** Asks the system for its randomness by the page: a login needs ten bytes of it, in three pieces. */
class CryptoRandom implements IsupRandom {
    private pool = Buffer.alloc(0);
    private used = 0;

    nonce(): number {
        return this.take(1)[0]!;
    }

    sessionKey(): string {
        return this.take(8).toString('hex').toUpperCase();
    }

    private take(count: number): Buffer {
        if (this.used + count > this.pool.length) {
            this.pool = randomBytes(4096);
            this.used = 0;
        }
        const bytes = Buffer.from(this.pool.subarray(this.used, this.used + count));
        // What was handed out does not stay behind.
        this.pool.fill(0, this.used, this.used + count);
        this.used += count;
        return bytes;
    }
}

/** A pair of sockets on one port. */
interface Port {
    tcp: Server;
    udp: UdpSocket;
    number: number;
}

/**
 * The ISUP ("Platform Access") listener: ISUP 5.0 on TCP and EHome on UDP, one presence table for both.
 *
 * `listen()` opens everything or nothing; `close()` leaves no socket and no timer. Nothing it is sent can make it throw.
 */
export class IsupListener {
    readonly table: PresenceTable;
    private readonly clock: Clock;
    private readonly limits: IsupLimits;
    private readonly devices: ReadonlyMap<string, ListedDevice>;
    private readonly gate: SourceGate;
    private readonly advertised: { host: string; port?: number };
    private readonly connections = new Set<IsupConnection>();
    private readonly reported = new Map<string, number>();
    private readonly ehome: EhomeServer;
    private readonly tcpHost: ConnectionHost;
    private readonly random: IsupRandom;
    private ports: Port[] = [];
    private stopSweep: (() => void) | undefined;
    private closing = false;
    private leftOutAt = Number.NEGATIVE_INFINITY;

    constructor(private readonly options: IsupListenerOptions = {}) {
        this.clock = options.clock ?? systemClock;
        this.limits = { ...DEFAULT_LIMITS, ...options.limits };
        this.random = options.random ?? new CryptoRandom();
        this.gate = new SourceGate(this.limits, this.clock.elapsed());
        this.devices = new Map((options.devices ?? []).map((device) => [device.id, device]));
        this.advertised = readHostPort(options.advertise ?? '');
        this.table = new PresenceTable({
            patience: (options.keepAlive ?? 15) * (options.misses ?? 6) * 1000,
            strangers: this.limits.strangers,
            listed: (deviceId) => this.devices.get(deviceId) ?? options.alsoListed?.(deviceId),
            clock: this.clock,
            onPresence: (presence) => this.events.onPresence?.(presence),
            onFlapping: (deviceId) => this.warn({ what: 'flapping', deviceId }),
        });
        this.table.restore(options.restore ?? [], this.clock.elapsed());
        this.tcpHost = this.hostOfConnections();
        this.ehome = this.serverOfDatagrams();
    }

    private get events(): IsupEvents {
        return this.options.events ?? {};
    }

    /** The port in force, once it listens. */
    get port(): number {
        return this.ports[0]?.number ?? 0;
    }

    get alarmPort(): number {
        return (this.ports[1] ?? this.ports[0])?.number ?? 0;
    }

    /** Connections that are open now. */
    get openConnections(): number {
        return this.connections.size;
    }

    /** @throws Fault PORT_IN_USE, PORT_FORBIDDEN, BIND_UNAVAILABLE; nothing is left open then */
    async listen(): Promise<void> {
        const port = this.options.port ?? DEFAULT_PORT;
        const alarmPort = this.options.alarmPort ?? DEFAULT_ALARM_PORT;
        try {
            this.ports.push(await this.bind(port, port === alarmPort && port !== 0 ? 'both' : 'register'));
            if (alarmPort !== port || port === 0) this.ports.push(await this.bind(alarmPort, 'alarm'));
        } catch (error) {
            await this.closePorts();
            throw error;
        }
        if (this.closing) await this.closePorts();
        else this.sweepLater();
    }

    /** @param announce tells each device that is online as offline (`shutdown`), for a listener that does not come back */
    async close(options: { announce?: boolean } = {}): Promise<void> {
        this.closing = true;
        this.stopSweep?.();
        this.stopSweep = undefined;
        this.table.close(this.clock.elapsed(), options.announce === true);
        await this.closePorts();
    }

    /** Takes up rows of an earlier run that come after the start; devices that were met since know better. */
    restore(rows: readonly Presence[]): void {
        this.table.restore(rows, this.clock.elapsed());
    }

    /** Presence of every device that was met, without secrets. */
    rows(): Presence[] {
        return this.table.rows();
    }

    /**
     * ISAPI through the session of a device.
     *
     * @returns the bare body: the session carries no HTTP status
     * @throws Fault ISUP_OFFLINE, ISUP_NO_PASSTHROUGH, ISUP_SESSION_ENDED, REQUEST_TOO_LARGE, RESPONSE_TIMEOUT, DEVICE_BUSY,
     *     CLOSED
     */
    request(deviceId: string, request: PassthroughRequest): Promise<Buffer> {
        const record = this.table.find(deviceId);
        if (record?.state !== 'online') return Promise.reject(new Fault('ISUP_OFFLINE', { details: { deviceId } }));
        if (!(record.session instanceof DasSession)) {
            const details = { deviceId, protocol: record.protocol };
            return Promise.reject(new Fault('ISUP_NO_PASSTHROUGH', { details }));
        }
        return record.session.request(request);
    }

    /**
     * The address and port that a device at `remote` must be told.
     *
     * @param local what it dialled, where that is known: behind a proxy, or on a machine with several addresses, nothing
     *     else says which one it can reach
     */
    addressFor(remote: string, local?: Source): { address: string; port: number } {
        const { host, port } = this.advertised;
        if (host !== '') return { address: host, port: port ?? this.port };
        if (local) return { address: local.address, port: local.port };
        const bind = this.options.bind ?? '';
        const address = isLocalOnly(bind) && !bind.startsWith('127.') && bind !== '::1' ? addressTowards(remote) : bind;
        return { address, port: this.port };
    }

    private async bind(wanted: number, use: 'register' | 'alarm' | 'both'): Promise<Port> {
        const bind = this.options.bind || '0.0.0.0';
        for (let attempt = 1; ; attempt++) {
            const tcp = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
            const udp = createSocket({ type: isIPv6(bind) ? 'udp6' : 'udp4' });
            try {
                tcp.listen(wanted, bind);
                await once(tcp, 'listening');
                const number = (tcp.address() as AddressInfo).port;
                udp.on('message', (bytes, from) => this.datagram(udp, bytes, from, use));
                udp.bind(number, bind);
                await once(udp, 'listening');
                const failed = (error: Error) => this.events.onFault?.(listenFault(error, bind, number));
                tcp.on('error', failed);
                udp.on('error', failed);
                return { tcp, udp, number };
            } catch (error) {
                udp.removeAllListeners('message');
                const ended = [closed(tcp), closed(udp)];
                await this.dropConnections();
                await Promise.all(ended);
                const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
                if (wanted === 0 && taken && attempt < FREE_PORT_TRIES) continue;
                throw listenFault(error, bind, wanted);
            }
        }
    }

    private async closePorts(): Promise<void> {
        const ended = this.ports.splice(0).flatMap(({ tcp, udp }) => [closed(tcp), closed(udp)]);
        await this.dropConnections();
        await Promise.all(ended);
    }

    /**
     * A port is not closed before its last connection: also that of a device which came while the next port was opened.
     * A server may say that it has closed a moment before its last socket does, so both are waited for.
     */
    private async dropConnections(): Promise<void> {
        await Promise.all([...this.connections].map((connection) => connection.end()));
    }

    private sweepLater(): void {
        this.stopSweep = this.clock.after(SWEEP_EVERY, () => {
            const now = this.clock.elapsed();
            for (const connection of this.connections) connection.sweep(now);
            this.table.sweep(now);
            this.gate.sweep(now);
            if (!this.closing) this.sweepLater();
        });
    }

    private accept(socket: Socket): void {
        if (this.closing) {
            socket.destroy();
            return;
        }
        const connection = new IsupConnection(socket, this.tcpHost);
        this.connections.add(connection);
        connection.start();
    }

    private hostOfConnections(): ConnectionHost {
        return {
            clock: this.clock,
            limits: this.limits,
            table: this.table,
            proxied: this.options.proxyProtocol === true,
            admit: (source) => this.gate.connect(source.address, this.clock.elapsed()),
            proven: (source) => this.gate.proven(source.address),
            left: (connection) => {
                this.connections.delete(connection);
                if (connection.admitted) this.gate.disconnect(connection.source.address, !connection.trusted);
            },
            directory: (connection) => this.directory(connection),
            session: (connection) => this.session(connection),
            onUnknown: (connection, framing, data) => this.unknown('tcp', framing, connection.source, data),
            onWarning: (warning) => this.warn(warning),
        };
    }

    private directory(connection: IsupConnection): LoginDirectory {
        const { source } = connection;
        return {
            random: this.random,
            keyOf: (deviceId) => {
                if (this.options.accept === 'known' && !this.table.isListed(deviceId)) {
                    return { refusal: 'unknown-device' };
                }
                const listed = this.devices.get(deviceId);
                const key = listed?.key || this.options.alsoListed?.(deviceId)?.key || this.options.defaultKey;
                return key ? { key } : { refusal: 'no-key' };
            },
            masterOf: (deviceId) => this.table.find(deviceId)?.masterKey,
            das: () => {
                const das = this.addressFor(source.address, connection.destination);
                if (isLocalOnly(das.address) && !isLocalOnly(source.address)) {
                    this.warn({ what: 'das-address', address: source.address });
                }
                return das;
            },
            onRegistering: (registrant) => {
                this.table.registering(registrant, source, '5.0', 'identified', this.clock.elapsed());
            },
            onAuthenticated: (login) => {
                connection.trust();
                this.table.authenticated(login, source, this.clock.elapsed());
            },
            onRefused: (refusal, registrant) => {
                // A lost master key is our own restart, and broken frames are nobody's: neither is news of a device.
                if (registrant === undefined || !['bad-key', 'no-key', 'unknown-device'].includes(refusal)) return;
                this.table.rejected(registrant, source, '5.0', refusal, this.clock.elapsed());
            },
        };
    }

    private session(connection: IsupConnection): DasSession {
        return new DasSession({
            table: this.table,
            clock: this.clock,
            source: connection.source,
            write: (bytes) => connection.write(bytes),
            destroy: () => connection.destroy(),
            onProven: () => connection.trust(),
            onData: (data) => this.events.onData?.(data),
            onWarning: (warning) => this.warn(warning),
            onOnline: (record) => this.events.onOnline?.(record, connection.destination),
        });
    }

    private serverOfDatagrams(): EhomeServer {
        const { options } = this;
        const listener = this;
        return new EhomeServer({
            clock: this.clock,
            table: this.table,
            acceptAny: options.accept !== 'known',
            keepAlive: options.keepAlive ?? 15,
            get alarmPort() {
                return listener.alarmPort;
            },
            lowVersion: options.lowVersion === true,
            ntpAddress: options.ntpAddress ?? '',
            addressFor: (remote) => this.addressFor(remote).address,
            mayReply: (source, bytes, stranger) => {
                return this.gate.reply(source.address, bytes, stranger, this.clock.elapsed());
            },
            onData: (data) => this.events.onData?.(data),
            onWarning: (warning) => this.warn(warning),
            onUnknown: (source, data) => this.unknown('udp', 'unknown', source, data.subarray(0, 2048)),
        });
    }

    private datagram(
        socket: UdpSocket,
        bytes: Buffer,
        from: { address: string; port: number },
        use: 'register' | 'alarm' | 'both',
    ): void {
        const source = { address: plainAddress(from.address), port: from.port };
        if (this.closing) return;
        const now = this.clock.elapsed();
        if (!this.gate.datagram(source.address, now)) {
            this.leaveOut(source.address, now);
            return;
        }
        const answers = this.ehome.datagram(bytes, source, use);
        // A source port of 0 is a datagram that wants no answer (RFC 768); `send` would throw for it.
        if (from.port === 0) return;
        for (const answer of answers) {
            socket.send(answer, from.port, from.address, (error) => {
                if (error && !this.closing) this.events.onFault?.(Fault.from(error));
            });
        }
    }

    /** A datagram that is one too many may hold an alarm; a flood of them is said once a second. */
    private leaveOut(address: string, now: number): void {
        if (now - this.leftOutAt < LEFT_OUT_AGAIN_AFTER) return;
        this.leftOutAt = now;
        this.warn({ what: 'datagrams', address });
    }

    private unknown(transport: 'tcp' | 'udp', framing: Framing, source: Source, data: Buffer): void {
        const now = this.clock.elapsed();
        const told = this.reported.get(source.address);
        if (told !== undefined && now - told < REPORT_AGAIN_AFTER) return;
        if (this.reported.size >= MAX_REPORTED) this.reported.clear();
        this.reported.set(source.address, now);
        const candidates = candidatesIn(data);
        const deviceId = this.table.resembling(candidates);
        if (deviceId !== undefined) {
            this.table.registering({ deviceId, shortSerial: '' }, source, '', 'seen', now);
        }
        if (framing === 'newer-variant') this.warn({ what: 'newer-variant', address: source.address });
        const found = { candidates, ...(deviceId !== undefined && { deviceId }) };
        this.events.onData?.({ is: 'unknown', at: this.clock.now(), transport, framing, ...source, data, ...found });
    }

    private warn(warning: IsupWarning): void {
        this.events.onWarning?.(warning);
    }
}

function closed(socket: Server | UdpSocket): Promise<void> {
    return new Promise((resolve) => {
        try {
            // A server that never listened says so in the callback; a UDP socket that is closed already throws.
            socket.close(() => resolve());
        } catch {
            resolve();
        }
    });
}
