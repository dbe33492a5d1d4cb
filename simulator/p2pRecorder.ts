import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket as UdpSocket } from 'node:dgram';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { masterKey, writeDeviceInfo } from '../protocols/p2p/deviceLogin';
import { bindPort, controlFrame, dataFrame, FRAME, FrameReader, MAX_DATA, statusFrame } from '../protocols/p2p/frames';
import { type Address, readTag, sameAddress } from '../protocols/p2p/message';
import { MAX_BODY, PseudoTcp } from '../protocols/p2p/pseudoTcp';
import { readStun, type StunMessage, writeStun } from '../protocols/p2p/stun';
import { boundSocket } from './lossyRelay';

export interface RecorderOptions {
    serial: string;
    /** The recorder's port → the local TCP port of the service behind it; others are refused. */
    services: Record<number, number>;
    /** Firmware from 2023 on asks for its own login in the cloud. */
    login?: { username: string; password: string; salt: string };
    /** How it answers the hole punch: at once, never (symmetric NAT), or from another port. */
    nat?: 'open' | 'symmetric' | 'other-port';
    /** A direct connection has to show the sign that the relay handed out. */
    needsSign?: boolean;
    /** Coalesce frames into full segments and cut them anywhere, as another PTCP stack may. */
    merge?: boolean;
    /** Milliseconds between its heartbeats; 0 = none. */
    heartbeat?: number;
}

interface ClientSession {
    address: Address;
    tcp: PseudoTcp;
    realms: Map<number, Socket>;
    signed: boolean;
    paused: Set<Socket>;
    /** Bytes of the segment at hand that a slow service has not taken. */
    heldBack: number;
    merged: Buffer[];
    flush?: NodeJS.Immediate;
}

/** A recorder that sits in the simulated cloud and really forwards TCP connections to services on this machine. */
export class SimulatedRecorder {
    readonly serial: string;
    online = true;
    /** While set, nothing it gets is answered: its power is off. */
    dead = false;
    /** TCP connections opened for clients since the start. */
    bound = 0;
    readonly #options: Required<Omit<RecorderOptions, 'login'>> & Pick<RecorderOptions, 'login'>;
    readonly #identify = randomBytes(8);
    readonly #sign = randomBytes(4);
    readonly #sessions = new Map<string, ClientSession>();
    readonly #invited: Buffer[] = [];
    readonly #agents: Address[] = [];
    #udp: UdpSocket;
    #second: UdpSocket | undefined;
    #beat: NodeJS.Timeout | undefined;

    private constructor(options: RecorderOptions, udp: UdpSocket) {
        this.serial = options.serial;
        this.#options = { nat: 'open', needsSign: false, merge: false, heartbeat: 3000, ...options };
        this.#udp = udp;
        this.#listen(udp);
        if (this.#options.heartbeat > 0) {
            this.#beat = setInterval(() => this.#sendHeartbeats(), this.#options.heartbeat);
            this.#beat.unref();
        }
    }

    static async open(options: RecorderOptions): Promise<SimulatedRecorder> {
        const recorder = new SimulatedRecorder(options, await boundSocket());
        if (options.nat === 'other-port') {
            recorder.#second = await boundSocket();
            recorder.#listen(recorder.#second);
        }
        return recorder;
    }

    /** Where the cloud sees it. */
    get address(): Address {
        return { host: '127.0.0.1', port: (this.#udp.address() as AddressInfo).port };
    }

    get sessionCount(): number {
        return this.#sessions.size;
    }

    get realmCount(): number {
        let count = 0;
        for (const session of this.#sessions.values()) count += session.realms.size;
        return count;
    }

    /** The blob of `/info/device`. */
    get info(): string {
        if (!this.#options.login) return '';
        const { salt } = this.#options.login;
        return writeDeviceInfo(
            `{\n   "httpport" : 80,\n   "privport" : 37777,\n   "randsalt" : "${salt}",\n   "rtspport" : 554,\n   "tlsprivport" : 37778\n}`,
        );
    }

    changeNat(nat: 'open' | 'symmetric'): void {
        this.#options.nat = nat;
    }

    /** Loses all its sessions, as after a power cut. */
    restart(): void {
        for (const session of [...this.#sessions.values()]) this.#drop(session);
    }

    /** The hole moves: from now on it is reached, and sends, by another port. */
    async rebind(): Promise<void> {
        const old = this.#udp;
        this.#udp = await boundSocket();
        this.#listen(this.#udp);
        old.close();
    }

    /** Undefined where the login in a channel request is good; else the body of the 403. */
    checkLogin(body: string, relay: boolean): { body: string } | undefined {
        const { login } = this.#options;
        if (!login) return undefined;
        const refuse = (error: string) => ({
            body: `<body><ErrCode>4</ErrCode><Error>${error}</Error><Policy>p2p,udprelay</Policy></body>`,
        });
        if (readTag(body, 'DevAuth') === undefined) return refuse('DevPwd_InvalidSalt');
        if ((readTag(body, 'RandSalt') ?? '') !== login.salt) return refuse('DevPwd_InvalidSalt');
        const nonce = readTag(body, 'Nonce') ?? '';
        const created = readTag(body, 'CreateDate') ?? '';
        const payload = relay ? '' : (readTag(body, 'LocalAddr') ?? '');
        const proof = createHmac('sha256', masterKey(login, login.salt))
            .update(`${nonce}${created}${payload}`)
            .digest();
        const shown = Buffer.from(readTag(body, 'DevAuth') ?? '', 'base64');
        const good = shown.length === proof.length && timingSafeEqual(shown, proof);
        return good && readTag(body, 'UserName') === login.username ? undefined : refuse('DevPwd_InvalidDigest');
    }

    /** Takes note of a client's Identify and tells its own in the answer. */
    invite(body: string, _from: Address, publicAddress: Address): string {
        const octets = (readTag(body, 'Identify') ?? '').split(' ').map((word) => Number.parseInt(word, 16));
        this.#invited.push(Buffer.from(octets));
        if (this.#invited.length > 64) this.#invited.shift();
        const identify = Array.from(this.#identify, (byte) => byte.toString(16)).join(' ');
        // Behind a relay of the test its own address must not offer a way round it.
        const local = `${publicAddress.host}:${publicAddress.port}`;
        return `<body><Identify>${identify}</Identify><IpEncrpt>false</IpEncrpt><LocalAddr>${local}</LocalAddr><NatValueT>0</NatValueT><Policy>p2p,udprelay</Policy><PubAddr>${publicAddress.host}:${publicAddress.port}</PubAddr><Relay>:0</Relay><version>6.3.0</version></body>`;
    }

    /** The cloud has it connect to a relay agent. */
    joinAgent(agent: Address): void {
        this.#agents.push(agent);
        if (this.#agents.length > 64) this.#agents.shift();
    }

    close(): void {
        clearInterval(this.#beat);
        this.restart();
        this.#udp.close();
        this.#second?.close();
    }

    #listen(udp: UdpSocket): void {
        udp.on('message', (datagram, remote) => {
            if (this.dead) return;
            const from = { host: remote.address, port: remote.port };
            if (datagram[0] === 0x50) this.#onPtcp(datagram, from);
            else {
                const message = readStun(datagram);
                if (message) this.#onStun(message, from);
            }
        });
    }

    #send(datagram: Buffer, to: Address): void {
        if (!this.dead) (this.#second ?? this.#udp).send(Buffer.from(datagram), to.port, to.host);
    }

    #onStun(message: StunMessage, from: Address): void {
        if (message.kind !== 'request' || this.#options.nat === 'symmetric') return;
        if (!this.#invited.some((identify) => identify.equals(message.identify))) return;
        const part = { cookie: randomBytes(4), transaction: message.transaction, identify: this.#identify };
        this.#send(writeStun({ kind: 'success', ...part, address: from }), from);
        for (let count = 0; count < 5; count += 1) this.#send(writeStun({ kind: 'confirm', ...part }), from);
        this.#send(writeStun({ ...part, kind: 'request', transaction: randomBytes(12), address: from }), from);
    }

    #onPtcp(datagram: Buffer, from: Address): void {
        const key = `${from.host}:${from.port}`;
        let session = this.#sessions.get(key);
        if (!session) {
            if ((datagram[13] ?? 0) !== 0x02) return;
            session = this.#newSession(from);
            this.#sessions.set(key, session);
        }
        session.tcp.input(datagram);
    }

    #newSession(address: Address): ClientSession {
        const frames = new FrameReader({
            onData: (realm, data) => this.#onData(session, realm, data),
            onFrame: (type, realm, tail) => this.#onFrame(session, type, realm, tail),
            onBroken: () => this.#drop(session),
        });
        const session: ClientSession = {
            address,
            realms: new Map(),
            paused: new Set(),
            heldBack: 0,
            merged: [],
            signed: !this.#options.needsSign,
            tcp: new PseudoTcp({
                output: (packet) => this.#send(packet, address),
                onData: (body) => {
                    session.heldBack = 0;
                    frames.feed(body);
                    session.tcp.consumed(body.length - session.heldBack);
                },
                onDrain: () => {
                    for (const socket of session.paused) socket.resume();
                    session.paused.clear();
                },
                onEnd: () => this.#drop(session),
            }),
        };
        session.tcp.listen();
        return session;
    }

    #onData(session: ClientSession, realm: number, data: Buffer): void {
        const socket = session.realms.get(realm);
        if (!socket || socket.write(data)) return;
        session.heldBack += data.length;
        socket.once('drain', () => session.tcp.consumed(data.length));
    }

    #onFrame(session: ClientSession, type: number, realm: number, tail: Buffer): void {
        if (type === FRAME.askSign) this.#write(session, controlFrame(FRAME.sign, this.#sign));
        else if (type === FRAME.showSign) {
            session.signed = tail.equals(this.#sign);
            this.#write(session, controlFrame(FRAME.signTaken, randomBytes(4)));
        } else if (type === FRAME.bind) this.#bind(session, realm, bindPort(tail));
        else if (type === FRAME.status && tail.toString() === 'DISC') {
            session.realms.get(realm)?.end();
            session.realms.delete(realm);
        }
    }

    #bind(session: ClientSession, realm: number, port: number): void {
        const direct = ![...this.#sessions.values()].some(
            (other) => other !== session && sameAddress(other.address, session.address),
        );
        const target = this.#options.services[port];
        if (target === undefined || (direct && !session.signed)) {
            this.#write(session, statusFrame(realm, 'DISC'));
            return;
        }
        const socket = connect({ host: '127.0.0.1', port: target, noDelay: true });
        session.realms.set(realm, socket);
        socket.on('connect', () => {
            // The client may have gone while the service was being called.
            if (session.realms.get(realm) !== socket) return;
            this.bound += 1;
            this.#write(session, statusFrame(realm, 'CONN'));
        });
        socket.on('data', (data) => {
            let more = true;
            for (let at = 0; at < data.length; at += MAX_DATA) {
                more = this.#write(session, dataFrame(realm, data.subarray(at, at + MAX_DATA)));
            }
            if (!more) {
                socket.pause();
                session.paused.add(socket);
            }
        });
        socket.on('error', () => undefined);
        socket.on('close', () => {
            session.paused.delete(socket);
            if (session.realms.delete(realm)) this.#write(session, statusFrame(realm, 'DISC'));
        });
    }

    #write(session: ClientSession, frame: Buffer): boolean {
        if (!this.#options.merge) return session.tcp.write(frame);
        session.merged.push(frame);
        session.flush ??= setImmediate(() => {
            session.flush = undefined;
            const stream = Buffer.concat(session.merged.splice(0));
            // Full segments that cut frames wherever they end, then a last one that is short.
            for (let at = 0; at < stream.length; at += MAX_BODY - 7) {
                session.tcp.write(stream.subarray(at, at + MAX_BODY - 7));
            }
        });
        return session.tcp.pending < 256 * 1024;
    }

    #sendHeartbeats(): void {
        for (const session of this.#sessions.values()) {
            if (session.tcp.pending === 0) this.#write(session, controlFrame(FRAME.heartbeat));
        }
    }

    #drop(session: ClientSession): void {
        this.#sessions.delete(`${session.address.host}:${session.address.port}`);
        if (session.flush) clearImmediate(session.flush);
        session.tcp.close();
        const sockets = [...session.realms.values()];
        session.realms.clear();
        for (const socket of sockets) socket.destroy();
    }
}
