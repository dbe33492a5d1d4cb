import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { bindFrame, controlFrame, dataFrame, FRAME, FrameReader, MAX_DATA, statusFrame } from './frames';
import { PseudoTcp } from './pseudoTcp';
import { Realm, type RealmCarrier } from './realm';

export const HEARTBEAT = 5_000;
/** Three missed heartbeats and a little: undervolter/dh-fwd takes 15 to 20 s. */
const DEAD_AFTER = 16_000;
const OPEN_CAP = 10_000;
const SIGN_CAP = 3_000;
const BIND_CAP = 10_000;
/** Bytes that wait for slow readers before the whole channel stops taking more. */
const BUFFER_LIMIT = 4 * 1024 * 1024;
const STALL_LIMIT = 30_000;

export interface ChannelOptions {
    send(datagram: Buffer): void;
    clock: Clock;
    serial: string;
    /** The channel ended by itself; its realms are gone. */
    onEnd(reason: string): void;
    /** Nothing has come for a while: a good moment to wake the hole. */
    onQuiet?(): void;
    bufferLimit?: number;
}

interface Binding {
    realm: Realm;
    resolve(realm: Realm): void;
    reject(fault: Fault): void;
    cancel(): void;
}

/**
 * One PTCP connection to a recorder, direct or through a relay, with the TCP connections that run in it.
 * It sends heartbeats, notices when the recorder is gone, and lets no slow reader stop the others before
 * {@link BUFFER_LIMIT} bytes wait.
 */
export class Channel implements RealmCarrier {
    readonly clock: Clock;
    /** Clock time of the last datagram of this channel. */
    lastHeardAt: number;
    readonly #options: ChannelOptions;
    readonly #tcp: PseudoTcp;
    readonly #frames: FrameReader;
    readonly #realms = new Map<number, Realm>();
    readonly #binding = new Map<number, Binding>();
    readonly #limit: number;
    #waiting: (() => void)[] = [];
    #buffered = 0;
    /** Bytes of slow readers for which the window stays closed, and those of the segment at hand. */
    #owed = 0;
    #heldBack = 0;
    #cancelBeat: () => void = () => undefined;
    #opened: { resolve(): void; reject(fault: Fault): void } | undefined;
    #awaited: { type: number; resolve(tail: Buffer | undefined): void } | undefined;
    #closed = false;

    constructor(options: ChannelOptions) {
        this.#options = options;
        this.clock = options.clock;
        this.lastHeardAt = this.clock.now();
        this.#limit = options.bufferLimit ?? BUFFER_LIMIT;
        this.#tcp = new PseudoTcp({
            clock: options.clock,
            giveUpAfter: DEAD_AFTER,
            output: (datagram) => options.send(datagram),
            onData: (body) => this.#onSegment(body),
            onOpen: () => this.#opened?.resolve(),
            onDrain: () => this.#drain(),
            onEnd: (end) => this.#end(end === 'reset' ? 'the recorder ended it' : 'no answer'),
        });
        this.#frames = new FrameReader({
            onData: (realm, data) => this.#onData(realm, data),
            onFrame: (type, realm, tail) => this.#onFrame(type, realm, tail),
            onBroken: (reason) => this.#end(reason),
        });
    }

    get isOpen(): boolean {
        return !this.#closed;
    }

    get realmCount(): number {
        return this.#realms.size + this.#binding.size;
    }

    /** Smoothed round trip in milliseconds. */
    get roundTrip(): number {
        return this.#tcp.roundTrip;
    }

    get counters() {
        return this.#tcp.counters;
    }

    /** Connects; rejects with P2P_SESSION_LOST when the recorder does not answer in time. */
    open(cap = OPEN_CAP): Promise<void> {
        return new Promise((resolve, reject) => {
            const cancel = this.clock.after(cap, () => this.#end('no answer'));
            this.#opened = {
                resolve: () => {
                    cancel();
                    this.#opened = undefined;
                    this.#beat();
                    resolve();
                },
                reject: (fault) => {
                    cancel();
                    this.#opened = undefined;
                    reject(fault);
                },
            };
            this.#tcp.connect();
        });
    }

    /** Asks the recorder, over a relay, for the sign that a direct channel has to show; undefined where it has none. */
    async askSign(cap = SIGN_CAP): Promise<Buffer | undefined> {
        return this.#exchange(controlFrame(FRAME.askSign), FRAME.sign, cap);
    }

    /** Shows the sign on a direct channel. A recorder that does not answer is taken to need none. */
    async showSign(sign: Buffer, cap = SIGN_CAP): Promise<void> {
        await this.#exchange(controlFrame(FRAME.showSign, sign), FRAME.signTaken, cap);
        this.#tcp.write(controlFrame(FRAME.ready));
    }

    /**
     * Opens a TCP connection to a port of the recorder.
     *
     * @throws Fault P2P_PORT_REFUSED, RESPONSE_TIMEOUT, P2P_SESSION_LOST
     */
    bind(port: number): Promise<Realm> {
        if (this.#closed) return Promise.reject(this.#lost('it is closed'));
        let id = 0;
        while (id === 0 || this.#realms.has(id) || this.#binding.has(id)) id = randomBytes(4).readUInt32BE(0);
        const realm = new Realm(id, port, this);
        return new Promise((resolve, reject) => {
            const askedAt = this.clock.now();
            const cancel = this.clock.after(BIND_CAP, () => {
                if (this.lastHeardAt <= askedAt) {
                    this.#end('no answer');
                    return;
                }
                this.#tcp.write(statusFrame(id, 'DISC'));
                this.#refuse(id, new Fault('RESPONSE_TIMEOUT', { details: { ms: BIND_CAP } }));
            });
            this.#binding.set(id, { realm, resolve, reject, cancel });
            this.#tcp.write(bindFrame(id, port));
        });
    }

    /** @returns false where the datagram does not belong to PTCP */
    input(datagram: Buffer): boolean {
        if (this.#closed) return true;
        if (!this.#tcp.input(datagram)) return false;
        this.lastHeardAt = this.clock.now();
        return true;
    }

    /** Ends all realms and the channel, and tells the recorder. */
    close(reason = 'it was closed'): void {
        if (this.#closed) return;
        for (const id of this.#realms.keys()) this.#tcp.write(statusFrame(id, 'DISC'));
        this.#tcp.abort();
        this.#shut(reason);
    }

    sendData(realm: number, data: Buffer, done: () => void): void {
        let more = true;
        for (let at = 0; at < data.length; at += MAX_DATA) {
            more = this.#tcp.write(dataFrame(realm, data.subarray(at, at + MAX_DATA)));
        }
        if (more || this.#closed) done();
        else this.#waiting.push(done);
    }

    drained(bytes: number): void {
        this.#buffered = Math.max(0, this.#buffered - bytes);
        if (this.#owed > 0 && this.#buffered < this.#limit) {
            const owed = this.#owed;
            this.#owed = 0;
            this.#tcp.consumed(owed);
        }
    }

    leave(realm: number): void {
        this.#realms.delete(realm);
        if (!this.#closed) this.#tcp.write(statusFrame(realm, 'DISC'));
    }

    #drain(): void {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const done of waiting) done();
    }

    #exchange(frame: Buffer, answer: number, cap: number): Promise<Buffer | undefined> {
        return new Promise((resolve) => {
            const cancel = this.clock.after(cap, () => finish(undefined));
            const finish = (tail: Buffer | undefined) => {
                cancel();
                this.#awaited = undefined;
                resolve(tail);
            };
            this.#awaited = { type: answer, resolve: finish };
            if (this.#closed) finish(undefined);
            else this.#tcp.write(frame);
        });
    }

    #onSegment(body: Buffer): void {
        this.#heldBack = 0;
        this.#frames.feed(body);
        this.#tcp.consumed(body.length - this.#heldBack);
    }

    #onData(id: number, data: Buffer): void {
        const realm = this.#realms.get(id);
        // Without one these are bytes of a connection that we have closed already.
        if (!realm) return;
        this.#buffered += data.length;
        if (this.#buffered > this.#limit) {
            this.#owed += data.length;
            this.#heldBack += data.length;
        }
        realm.receive(data);
    }

    #onFrame(type: number, id: number, tail: Buffer): void {
        if (this.#awaited?.type === type) this.#awaited.resolve(tail);
        if (type !== FRAME.status) return;
        const connected = tail.toString('latin1') === 'CONN';
        const binding = this.#binding.get(id);
        if (binding) {
            if (!connected) {
                const port = binding.realm.remotePort;
                this.#refuse(id, new Fault('P2P_PORT_REFUSED', { details: { port } }));
                return;
            }
            this.#binding.delete(id);
            binding.cancel();
            this.#realms.set(id, binding.realm);
            binding.resolve(binding.realm);
        } else if (!connected) {
            const realm = this.#realms.get(id);
            this.#realms.delete(id);
            realm?.receiveEnd();
        }
    }

    #refuse(id: number, fault: Fault): void {
        const binding = this.#binding.get(id);
        if (!binding) return;
        this.#binding.delete(id);
        binding.cancel();
        binding.reject(fault);
    }

    #beat(): void {
        this.#cancelBeat = this.clock.after(HEARTBEAT, () => {
            if (this.#closed) return;
            const quiet = this.clock.now() - this.lastHeardAt;
            if (quiet >= DEAD_AFTER) {
                this.#end('nothing arrived any more');
                return;
            }
            if (quiet > HEARTBEAT) this.#options.onQuiet?.();
            // Data in flight keeps the hole open by itself.
            if (this.#tcp.pending === 0) this.#tcp.write(controlFrame(FRAME.heartbeat));
            this.#endStalledRealm();
            this.#beat();
        });
    }

    /** One reader that takes nothing must not hold the others for ever: its connection is cut, never its bytes. */
    #endStalledRealm(): void {
        if (this.#owed === 0) return;
        const now = this.clock.now();
        for (const realm of this.#realms.values()) {
            if (realm.queuedBytes > this.#limit / 8 && now - realm.lastDrainedAt > STALL_LIMIT) {
                realm.destroy(this.#lost('a client stopped reading'));
            }
        }
    }

    #lost(reason: string): Fault {
        return new Fault('P2P_SESSION_LOST', { details: { serial: this.#options.serial, reason } });
    }

    #end(reason: string): void {
        if (this.#closed) return;
        this.#tcp.abort();
        this.#shut(reason);
        this.#options.onEnd(reason);
    }

    #shut(reason: string): void {
        this.#closed = true;
        this.#cancelBeat();
        const fault = this.#lost(reason);
        this.#opened?.reject(fault);
        this.#awaited?.resolve(undefined);
        for (const id of [...this.#binding.keys()]) this.#refuse(id, fault);
        const realms = [...this.#realms.values()];
        this.#realms.clear();
        for (const realm of realms) realm.destroy(fault);
        this.#drain();
    }
}
