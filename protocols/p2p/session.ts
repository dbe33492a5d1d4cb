import type { Clock } from '../clock';
import { Fault } from '../errors';
import { Channel } from './channel';
import { CloudPort } from './cloudPort';
import type { P2pCredentials } from './deviceLogin';
import { HolePunch } from './holePunch';
import { type Address, sameAddress } from './message';
import { monotonicClock } from './monotonicClock';
import type { CloudProfile } from './profiles';
import type { Realm } from './realm';
import { type Announced, type Located, type Relay, Rendezvous } from './rendezvous';
import type { SourceState, TunnelSource } from './tunnelSource';
import { type OpenUdp, openUdp } from './udpPort';

export type RouteChoice = 'auto' | 'direct' | 'relay';

const PUNCH_CAP = 6_000;
const REPUNCH_AFTER = 60_000;
const DRAIN_LOOK = 5_000;
/** A caller who comes right after a failure hears of it instead of asking the cloud again. */
const FAILURE_STAYS_NEWS = 5_000;
const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;
const CONNECT_CAP = 30_000;
/** Handshakes at a time in this process: the servers are not ours (undervolter/dh-fwd caps relays at six, too). */
const HANDSHAKES_AT_A_TIME = 6;

/** Faults that trying again cannot mend, and that may lock the recorder's account if it is tried. */
const FINAL: ReadonlySet<string> = new Set([
    'P2P_LOGIN_MISSING',
    'P2P_LOGIN_REJECTED',
    'P2P_SERIAL_MISSING',
    'CONFIG_INVALID',
]);

const OFFLINE: ReadonlySet<string> = new Set(['P2P_NOT_IN_CLOUD', 'P2P_DEVICE_OFFLINE']);

export interface SessionOptions {
    profile: CloudProfile;
    serial: string;
    credentials?: P2pCredentials;
    route?: RouteChoice;
    clock?: Clock;
    openUdp?: OpenUdp;
    random?: () => number;
    localAddresses?: () => string[];
    /** Milliseconds that a caller of {@link P2pSession.connect} waits for the session. */
    connectTimeout?: number;
    /** Milliseconds that the hole punch takes before the relay has to do. */
    punchTimeout?: number;
    /** Milliseconds between attempts to leave the relay for a direct route. */
    repunchAfter?: number;
}

/** A way to the recorder with all it holds: sockets, relay lease, hole. */
interface Way {
    route: 'direct' | 'relay';
    channel: Channel;
    close(reason?: string): Promise<void>;
}

class Turnstile {
    #free = HANDSHAKES_AT_A_TIME;
    #queue: (() => void)[] = [];

    /** @throws Fault CLOSED where `signal` ends the waiting */
    async enter(signal: AbortSignal): Promise<() => void> {
        if (this.#free > 0) this.#free -= 1;
        else await this.#wait(signal);
        let left = false;
        return () => {
            if (left) return;
            left = true;
            const next = this.#queue.shift();
            if (next) next();
            else this.#free += 1;
        };
    }

    #wait(signal: AbortSignal): Promise<void> {
        return new Promise((resolve, reject) => {
            const go = () => {
                signal.removeEventListener('abort', leave);
                resolve();
            };
            const leave = () => {
                this.#queue = this.#queue.filter((other) => other !== go);
                reject(new Fault('CLOSED'));
            };
            if (signal.aborted) return leave();
            signal.addEventListener('abort', leave, { once: true });
            this.#queue.push(go);
        });
    }
}

const turnstile = new Turnstile();

/**
 * One session with one recorder, shared by all its ports. It is built when somebody needs it, is built again with
 * growing pauses when it dies, and prefers a direct route over a relay.
 */
export class P2pSession implements TunnelSource {
    readonly serial: string;
    readonly #options: SessionOptions;
    readonly #clock: Clock;
    readonly #openUdp: OpenUdp;
    readonly #listeners = new Set<(state: SourceState) => void>();
    #state: SourceState = { state: 'closed' };
    #wanted = false;
    /** Ends what waits its turn for a handshake. */
    #leaving = new AbortController();
    #way: Way | undefined;
    /** Relays left behind for a direct route, kept until their last connection ends. */
    readonly #draining = new Set<Way>();
    #building: Promise<void> | undefined;
    #attempt = 0;
    #cancelRetry: () => void = () => undefined;
    #cancelRepunch: () => void = () => undefined;
    #cancelDrain: () => void = () => undefined;
    #mayRepunch = true;
    #failedAt = Number.NEGATIVE_INFINITY;
    #lastFault: Fault | undefined;
    #waiting: { resolve(channel: Channel): void; reject(fault: Fault): void; cancel(): void }[] = [];
    /** Sockets of a handshake that still runs, so that closing does not wait for it. */
    readonly #loosePorts = new Set<CloudPort>();

    constructor(options: SessionOptions) {
        this.serial = options.serial.trim();
        this.#options = options;
        this.#clock = options.clock ?? monotonicClock;
        this.#openUdp = options.openUdp ?? openUdp;
    }

    get state(): SourceState {
        return this.#state;
    }

    /** Milliseconds of the last handshake's way to the recorder and back; 0 before there is a channel. */
    get roundTrip(): number {
        return this.#way?.channel.roundTrip ?? 0;
    }

    get counters() {
        return this.#way?.channel.counters;
    }

    /** Hears every change from now on; returns how to stop. */
    watch(listener: (state: SourceState) => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    /**
     * Builds the session now and keeps it until {@link close}. A login that was refused stays refused until then,
     * however often somebody asks: every attempt counts towards the lock of the recorder.
     */
    open(): void {
        if (this.#wanted) return;
        this.#wanted = true;
        this.#leaving = new AbortController();
        this.#attempt = 0;
        this.#mayRepunch = true;
        this.#build();
    }

    /**
     * A TCP connection to a port of the recorder; builds the session where there is none.
     *
     * @throws Fault the reason why there is no session, P2P_PORT_REFUSED, CONNECT_TIMEOUT
     */
    async connect(port: number): Promise<Realm> {
        const channel = this.#way?.channel ?? (await this.#wait());
        try {
            return await channel.bind(port);
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (fault.code !== 'P2P_SESSION_LOST' || !this.#wanted) throw fault;
            // It had died unnoticed; the session that follows serves this caller as well.
            return (await this.#wait()).bind(port);
        }
    }

    /** Closes everything and leaves nothing behind; may be opened again. */
    async close(): Promise<void> {
        this.#wanted = false;
        this.#leaving.abort();
        this.#cancelRetry();
        this.#cancelRepunch();
        this.#cancelDrain();
        this.#rejectWaiting(new Fault('CLOSED'));
        for (const port of [...this.#loosePorts]) port.close();
        const ways = [this.#way, ...this.#draining];
        this.#way = undefined;
        this.#draining.clear();
        await Promise.all(ways.map((way) => way?.close()));
        await this.#building;
        this.#change({ state: 'closed' });
    }

    #wait(): Promise<Channel> {
        if (this.#state.state === 'error' && this.#state.retryAt === undefined && this.#state.fault) {
            return Promise.reject(this.#state.fault);
        }
        if (this.#state.retryAt !== undefined && this.#state.fault && !this.#building) {
            const fresh = this.#clock.now() - this.#failedAt < FAILURE_STAYS_NEWS;
            if (fresh && this.#state.state === 'offline') return Promise.reject(this.#state.fault);
            if (!fresh) this.#build();
        }
        const ms = this.#options.connectTimeout ?? CONNECT_CAP;
        const promise = new Promise<Channel>((resolve, reject) => {
            const entry = {
                resolve,
                reject,
                cancel: this.#clock.after(ms, () => {
                    this.#waiting = this.#waiting.filter((other) => other !== entry);
                    const details = { host: this.serial, port: 'P2P', ms };
                    reject(this.#lastFault ?? new Fault('CONNECT_TIMEOUT', { details }));
                }),
            };
            this.#waiting.push(entry);
        });
        this.open();
        return promise;
    }

    #rejectWaiting(fault: Fault): void {
        for (const entry of this.#waiting.splice(0)) {
            entry.cancel();
            entry.reject(fault);
        }
    }

    #change(state: SourceState): void {
        const before = this.#state;
        this.#state = state;
        const same =
            before.state === state.state &&
            before.route === state.route &&
            before.fault?.code === state.fault?.code &&
            before.retryAt === state.retryAt;
        if (same) return;
        for (const listener of [...this.#listeners]) listener(state);
    }

    #build(): void {
        if (this.#building || this.#way) return;
        this.#cancelRetry();
        this.#change({ state: 'opening' });
        this.#building = this.#handshake()
            .then(
                (way) => this.#adopt(way),
                (thrown: unknown) => this.#onFailure(Fault.from(thrown)),
            )
            .finally(() => {
                this.#building = undefined;
                if (this.#wanted && !this.#way && this.#state.state === 'opening') this.#build();
            });
    }

    async #adopt(way: Way): Promise<void> {
        if (!this.#wanted) {
            await way.close();
            return;
        }
        if (!way.channel.isOpen) {
            const details = { serial: this.serial, reason: 'it ended at once' };
            this.#onFailure(new Fault('P2P_SESSION_LOST', { details }));
            return;
        }
        this.#attempt = 0;
        this.#lastFault = undefined;
        this.#way = way;
        this.#change({ state: 'open', route: way.route });
        for (const entry of this.#waiting.splice(0)) {
            entry.cancel();
            entry.resolve(way.channel);
        }
        this.#planRepunch();
    }

    #onFailure(fault: Fault): void {
        if (!this.#wanted || fault.code === 'CLOSED') return;
        this.#failedAt = this.#clock.now();
        this.#lastFault = fault;
        if (FINAL.has(fault.code)) {
            this.#change({ state: 'error', fault });
            this.#rejectWaiting(fault);
            return;
        }
        const random = this.#options.random ?? Math.random;
        const pause = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** this.#attempt) * (0.75 + 0.5 * random());
        this.#attempt += 1;
        const retryAt = this.#clock.now() + pause;
        this.#cancelRetry();
        this.#cancelRetry = this.#clock.after(pause, () => {
            if (this.#wanted) this.#build();
        });
        const offline = OFFLINE.has(fault.code);
        this.#change({ state: offline ? 'offline' : 'error', fault, retryAt });
        // Waiting longer tells a caller nothing new when the cloud has answered plainly.
        if (offline) this.#rejectWaiting(fault);
    }

    #onWayEnded(way: Way, reason: string): void {
        way.close(reason);
        if (this.#draining.delete(way) || this.#way !== way) return;
        this.#way = undefined;
        this.#cancelRepunch();
        if (!this.#wanted) return;
        this.#onFailure(new Fault('P2P_SESSION_LOST', { details: { serial: this.serial, reason } }));
    }

    async #openPort(): Promise<CloudPort> {
        const port = new CloudPort(await this.#openUdp(), this.#clock);
        if (!this.#wanted) {
            port.close();
            throw new Fault('CLOSED');
        }
        this.#loosePorts.add(port);
        port.onClose(() => this.#loosePorts.delete(port));
        return port;
    }

    async #handshake(): Promise<Way> {
        const leave = await turnstile.enter(this.#leaving.signal);
        const ports: CloudPort[] = [];
        try {
            if (!this.#wanted) throw new Fault('CLOSED');
            const rendezvous = this.#rendezvous();
            const main = await this.#openPort();
            ports.push(main);
            const device = await this.#openPort();
            ports.push(device);
            const located = await rendezvous.locate(main);
            return await this.#chooseWay(rendezvous, located, main, device);
        } catch (thrown) {
            for (const port of ports) port.close();
            throw thrown;
        } finally {
            for (const port of ports) this.#loosePorts.delete(port);
            leave();
        }
    }

    #rendezvous(): Rendezvous {
        const { profile, serial, credentials, localAddresses } = this.#options;
        return new Rendezvous({
            profile,
            serial,
            credentials,
            localAddresses,
            clock: this.#clock,
            openPort: () => this.#openPort(),
        });
    }

    /**
     * The relay is opened beside the hole punch in any case: it hands out the sign that a direct channel shows, and it
     * is ready at once when no hole opens.
     */
    async #chooseWay(rendezvous: Rendezvous, located: Located, main: CloudPort, device: CloudPort): Promise<Way> {
        const choice = this.#options.route ?? 'auto';
        const announced = await rendezvous.announce(device, located);
        let relayFault: Fault | undefined;
        const relaying = this.#openRelayWay(rendezvous, located, main).catch((thrown: unknown) => {
            relayFault = Fault.from(thrown);
            return undefined;
        });
        if (choice === 'relay') {
            device.close();
            const way = await relaying;
            if (way) return way;
            throw relayFault ?? new Fault('P2P_RELAY_SILENT');
        }
        const direct = await this.#openDirectWay(device, announced, relaying).catch(() => undefined);
        const relayed = await relaying;
        if (direct) {
            await relayed?.close();
            if (!relayed) main.close();
            return direct;
        }
        device.close();
        if (relayed && choice === 'auto') return relayed;
        await relayed?.close();
        if (relayFault && FINAL.has(relayFault.code)) throw relayFault;
        const reason = choice === 'direct' ? 'no hole opened' : 'no hole opened and the relay failed';
        throw new Fault('P2P_NO_ROUTE', { details: { serial: this.serial, reason }, cause: relayFault });
    }

    async #openRelayWay(rendezvous: Rendezvous, located: Located, port: CloudPort): Promise<Way> {
        const relay = await rendezvous.openRelay(port, located);
        const way = this.#newWay(
            'relay',
            port,
            () => relay.agent,
            () => rendezvous.release(port, relay),
        );
        port.onPtcp = (datagram, from) => {
            if (sameAddress(from, relay.agent)) way.channel.input(datagram);
        };
        try {
            await way.channel.open();
        } catch (thrown) {
            await releaseQuietly(rendezvous, port, relay);
            throw thrown;
        }
        return way;
    }

    async #openDirectWay(
        port: CloudPort,
        announced: Announced,
        relaying: Promise<Way | undefined>,
    ): Promise<Way | undefined> {
        const hole = new HolePunch(port, announced, this.#clock);
        const peer = await hole.punch(this.#options.punchTimeout ?? PUNCH_CAP);
        if (!peer) {
            hole.close();
            return undefined;
        }
        const way = this.#newWay(
            'direct',
            port,
            () => hole.peer ?? peer,
            async () => hole.close(),
            () => hole.request(),
        );
        port.onPtcp = (datagram, from) => {
            if (hole.peer && sameAddress(from, hole.peer)) way.channel.input(datagram);
            else hole.verify(from);
        };
        try {
            await way.channel.open();
            const relayed = await relaying;
            const sign = await relayed?.channel.askSign();
            // Recorders bound through the DMSS app take connections without a sign (undervolter/dh-fwd).
            if (sign) await way.channel.showSign(sign);
        } catch (thrown) {
            hole.close();
            throw thrown;
        }
        return way;
    }

    #newWay(
        route: 'direct' | 'relay',
        port: CloudPort,
        target: () => Address,
        release: () => Promise<void>,
        onQuiet?: () => void,
    ): Way {
        let closing: Promise<void> | undefined;
        const way: Way = {
            route,
            channel: new Channel({
                clock: this.#clock,
                serial: this.serial,
                send: (datagram) => port.send(datagram, target()),
                onEnd: (reason) => this.#onWayEnded(way, reason),
                onQuiet,
            }),
            close: (reason) => {
                closing ??= (async () => {
                    way.channel.close(reason);
                    await release();
                    port.close();
                })().catch(() => port.close());
                return closing;
            },
        };
        port.onClose(() => way.channel.close());
        return way;
    }

    /** From a relay a direct route is sought again now and then; connections that run stay where they are. */
    #planRepunch(): void {
        this.#cancelRepunch();
        if (!this.#mayRepunch || this.#way?.route !== 'relay' || this.#options.route === 'relay') return;
        this.#cancelRepunch = this.#clock.after(this.#options.repunchAfter ?? REPUNCH_AFTER, () => {
            this.#repunch().finally(() => {
                this.#dropDrained();
                this.#planRepunch();
            });
        });
    }

    async #repunch(): Promise<void> {
        const relayed = this.#way;
        if (!relayed) return;
        let leave: (() => void) | undefined;
        let device: CloudPort | undefined;
        try {
            leave = await turnstile.enter(this.#leaving.signal);
            const rendezvous = this.#rendezvous();
            device = await this.#openPort();
            const located = await rendezvous.locate(device);
            const announced = await rendezvous.announce(device, located);
            const direct = await this.#openDirectWay(device, announced, Promise.resolve(relayed));
            if (!direct || this.#way !== relayed || !this.#wanted) {
                await direct?.close();
                device.close();
                return;
            }
            this.#draining.add(relayed);
            this.#way = direct;
            this.#change({ state: 'open', route: 'direct' });
        } catch (thrown) {
            // The relay goes on working. Only a refused login must not be tried again.
            if (FINAL.has(Fault.from(thrown).code)) this.#mayRepunch = false;
            device?.close();
        } finally {
            if (device) this.#loosePorts.delete(device);
            leave?.();
            this.#dropDrained();
        }
    }

    #dropDrained(): void {
        for (const way of this.#draining) {
            if (way.channel.realmCount > 0) continue;
            this.#draining.delete(way);
            way.close();
        }
        this.#cancelDrain();
        if (this.#draining.size > 0) this.#cancelDrain = this.#clock.after(DRAIN_LOOK, () => this.#dropDrained());
    }
}

async function releaseQuietly(rendezvous: Rendezvous, port: CloudPort, relay: Relay): Promise<void> {
    // A relay that cannot be given back runs out by itself.
    await rendezvous.release(port, relay).catch(() => undefined);
}
