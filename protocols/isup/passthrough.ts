import { type Clock, systemClock } from '../clock';
import { Fault } from '../errors';

/** ISAPI requests go out on this domain and command, answers come back on the next. */
export const ISAPI_REQUEST = '/5000/19713';
export const ISAPI_ANSWER = '/5000/19714';

export interface PassthroughRequest {
    method: string;
    /** With its query. */
    path: string;
    body?: Buffer;
    /** Milliseconds from the moment it is sent; the vendor's platform waits 5000. */
    timeout: number;
    signal?: AbortSignal;
}

/** Longest queue of one device: beyond it a flow asks faster than the device can ever answer. */
const MAX_WAITING = 64;
/**
 * Most bytes of a request: with its envelope it stays below 4 MiB, the largest frame that we take ourselves. What a device
 * takes is not known.
 */
export const LARGEST_REQUEST = 4_000_000;
const MAX_SEQUENCE = 0xffff_ffff;

interface Waiting {
    request: PassthroughRequest;
    seq: number;
    resolve(body: Buffer): void;
    reject(fault: Fault): void;
    stop: (() => void) | undefined;
}

/**
 * ISAPI through the session of one device: `METHOD SP path CRLF body` out, the bare answer in, matched by `Seq`.
 *
 * One request is under way at a time, in order: whether a device takes a second one before it answered is not known.
 */
export class Passthrough {
    private readonly queue: Waiting[] = [];
    private underWay: Waiting | undefined;
    private closed: Fault | undefined;

    /**
     * @param send publishes a body under a sequence number
     * @param seq last sequence number that was used; the next one follows it, and 1 follows 2³²−1
     */
    constructor(
        private readonly send: (seq: number, body: Buffer) => void,
        private readonly clock: Clock = systemClock,
        private seq = 0,
    ) {}

    /**
     * @throws Fault RESPONSE_TIMEOUT, DEVICE_BUSY (queue full), REQUEST_TOO_LARGE, CONFIG_INVALID (line break in the path),
     *     CLOSED (aborted), or what {@link close} was given
     */
    request(request: PassthroughRequest): Promise<Buffer> {
        if (this.closed) return Promise.reject(this.closed);
        if (this.queue.length >= MAX_WAITING) return Promise.reject(new Fault('DEVICE_BUSY'));
        if (/[\r\n]/.test(request.method + request.path)) {
            const details = { field: 'path', reason: 'it holds a line break' };
            return Promise.reject(new Fault('CONFIG_INVALID', { details }));
        }
        if (request.path.length + (request.body?.length ?? 0) > LARGEST_REQUEST) {
            return Promise.reject(new Fault('REQUEST_TOO_LARGE', { details: { limit: LARGEST_REQUEST } }));
        }
        if (request.signal?.aborted) return Promise.reject(new Fault('CLOSED'));
        return new Promise((resolve, reject) => {
            const waiting: Waiting = { request, seq: 0, resolve, reject, stop: undefined };
            const abort = () => this.drop(waiting, new Fault('CLOSED'));
            request.signal?.addEventListener('abort', abort, { once: true });
            const settled = () => {
                waiting.stop?.();
                request.signal?.removeEventListener('abort', abort);
            };
            waiting.resolve = (body) => {
                settled();
                resolve(body);
            };
            waiting.reject = (fault) => {
                settled();
                reject(fault);
            };
            this.queue.push(waiting);
            this.next();
        });
    }

    /** @returns false where nobody waits for this sequence number, as after a timeout: the answer is nobody's */
    answer(seq: number, body: Buffer): boolean {
        const { underWay } = this;
        if (underWay === undefined || underWay.seq !== seq) return false;
        this.underWay = undefined;
        underWay.resolve(body);
        this.next();
        return true;
    }

    /** Fails everything that waits, and all that is asked later. */
    close(fault: Fault): void {
        this.closed = fault;
        const waiting = [...(this.underWay ? [this.underWay] : []), ...this.queue.splice(0)];
        this.underWay = undefined;
        for (const one of waiting) one.reject(fault);
    }

    private drop(waiting: Waiting, fault: Fault): void {
        if (this.underWay === waiting) this.underWay = undefined;
        else {
            const at = this.queue.indexOf(waiting);
            if (at < 0) return;
            this.queue.splice(at, 1);
        }
        waiting.reject(fault);
        this.next();
    }

    private next(): void {
        if (this.underWay || this.closed) return;
        const waiting = this.queue.shift();
        if (waiting === undefined) return;
        this.underWay = waiting;
        this.seq = this.seq >= MAX_SEQUENCE ? 1 : this.seq + 1;
        waiting.seq = this.seq;
        const { method, path, body, timeout } = waiting.request;
        const fault = new Fault('RESPONSE_TIMEOUT', { details: { ms: timeout } });
        waiting.stop = this.clock.after(timeout, () => this.drop(waiting, fault));
        const line = Buffer.from(`${method} ${path}\r\n`, 'utf8');
        this.send(waiting.seq, body === undefined ? line : Buffer.concat([line, body]));
    }
}
