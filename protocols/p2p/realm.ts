import { Duplex } from 'node:stream';
import type { Clock } from '../clock';

const HALF_CLOSE_GRACE = 2_000;
const READ_AHEAD = 64 * 1024;

/** What a realm needs of its channel. */
export interface RealmCarrier {
    readonly clock: Clock;
    /** Queues bytes; `done` comes when more may follow. */
    sendData(realm: number, data: Buffer, done: () => void): void;
    /** That many queued bytes have left for the reader. */
    drained(bytes: number): void;
    /** The realm is over on our side; tells the recorder. */
    leave(realm: number): void;
}

/**
 * One TCP connection on the recorder, carried by a channel ("realm" is the wire's word). It is a plain stream and also
 * answers to what HTTP agents ask of a socket.
 *
 * Bytes that the reader does not take wait in a queue of the realm's own, so that a slow reader holds up nobody else.
 */
export class Realm extends Duplex {
    readonly id: number;
    readonly remotePort: number;
    /** Clock time of the last byte either way. */
    lastActivityAt: number;
    /** Clock time at which the reader last took something, or had nothing to take. */
    lastDrainedAt: number;
    readonly #carrier: RealmCarrier;
    #queue: Buffer[] = [];
    #queuedBytes = 0;
    #wanted = false;
    #ended = false;
    #left = false;
    #cancelGrace: () => void = () => undefined;
    #cancelTimeout: () => void = () => undefined;

    constructor(id: number, remotePort: number, carrier: RealmCarrier) {
        super({ allowHalfOpen: true, readableHighWaterMark: READ_AHEAD, writableHighWaterMark: READ_AHEAD });
        this.id = id;
        this.remotePort = remotePort;
        this.#carrier = carrier;
        this.lastActivityAt = carrier.clock.now();
        this.lastDrainedAt = this.lastActivityAt;
        // The end of a session destroys its realms with a fault; one that nobody listens to must not end the process.
        this.on('error', () => undefined);
    }

    /** Bytes that arrived and wait for the reader. */
    get queuedBytes(): number {
        return this.#queuedBytes;
    }

    /** Bytes from the recorder. */
    receive(data: Buffer): void {
        if (this.destroyed) {
            this.#carrier.drained(data.length);
            return;
        }
        this.lastActivityAt = this.#carrier.clock.now();
        if (this.#queuedBytes === 0) this.lastDrainedAt = this.lastActivityAt;
        this.#queue.push(data);
        this.#queuedBytes += data.length;
        if (this.#wanted) this.#flush();
    }

    /** The recorder closed its connection. */
    receiveEnd(): void {
        this.#left = true;
        this.#ended = true;
        if (this.#queue.length === 0) this.#finishReading();
    }

    override _read(): void {
        this.#wanted = true;
        this.#flush();
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
        this.lastActivityAt = this.#carrier.clock.now();
        if (this.#left) {
            done();
            return;
        }
        this.#carrier.sendData(this.id, chunk, done);
    }

    /** The wire knows no half-closed connection: the recorder is told when it has been quiet for a moment. */
    override _final(done: () => void): void {
        const look = () => {
            const quiet = this.#carrier.clock.now() - this.lastActivityAt;
            if (quiet >= HALF_CLOSE_GRACE && this.#queuedBytes === 0) this.destroy();
            else this.#cancelGrace = this.#carrier.clock.after(Math.max(50, HALF_CLOSE_GRACE - quiet), look);
        };
        if (this.#left) this.destroy();
        else this.#cancelGrace = this.#carrier.clock.after(HALF_CLOSE_GRACE, look);
        done();
    }

    override _destroy(error: Error | null, done: (error: Error | null) => void): void {
        this.#cancelGrace();
        this.#cancelTimeout();
        const waiting = this.#queuedBytes;
        this.#queue = [];
        this.#queuedBytes = 0;
        this.#carrier.drained(waiting);
        if (!this.#left) {
            this.#left = true;
            this.#carrier.leave(this.id);
        }
        done(error);
    }

    setTimeout(ms: number, listener?: () => void): this {
        this.#cancelTimeout();
        if (listener) this.once('timeout', listener);
        if (ms <= 0) return this;
        const look = () => {
            const quiet = this.#carrier.clock.now() - this.lastActivityAt;
            if (quiet >= ms) this.emit('timeout');
            else this.#cancelTimeout = this.#carrier.clock.after(ms - quiet, look);
        };
        this.#cancelTimeout = this.#carrier.clock.after(ms, look);
        return this;
    }

    setKeepAlive(): this {
        return this;
    }

    setNoDelay(): this {
        return this;
    }

    ref(): this {
        return this;
    }

    unref(): this {
        return this;
    }

    #flush(): void {
        let taken = 0;
        while (this.#wanted && this.#queue.length > 0) {
            const data = this.#queue.shift()!;
            taken += data.length;
            // Before the reader has it: one who closes with it must not have it counted twice.
            this.#queuedBytes -= data.length;
            this.#wanted = this.push(data);
        }
        if (taken > 0) {
            this.lastDrainedAt = this.#carrier.clock.now();
            this.#carrier.drained(taken);
        }
        if (this.#ended && this.#queue.length === 0) this.#finishReading();
    }

    #finishReading(): void {
        this.push(null);
        // The recorder takes nothing more: what is still written would vanish without a word.
        if (!this.writableEnded) this.end();
    }
}
