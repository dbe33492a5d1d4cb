import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { boundaryOf } from '../multipart/boundary';
import { type Part, PartSplitter } from '../multipart/partSplitter';

export interface PostLimits {
    /** Bytes of one body. */
    maxBody: number;
    /** Milliseconds without a byte after which a post is taken as cut off. */
    idle: number;
    /** Milliseconds that a whole post may take. */
    total: number;
}

/** What arrived of a post, whole or not. */
export interface PostBody {
    parts: Part[];
    bytes: number;
    /** Why it is not whole; undefined where it is. */
    fault?: Fault;
    /** The beginning of the body, where some of it became no part: what a report can show. */
    unread?: Buffer;
}

/** What a report shows of a body that cannot be read. */
const REPORTED_BYTES = 64 * 1024;

/** How often a post is looked at for progress. */
const CHECKS_PER_IDLE = 4;

/**
 * Reads the body of a post while it arrives, to its end or to wherever it is cut: devices break off in the middle of a
 * picture, and everything before that is still good (sammagbo/Controle-de-Acesso: 95 of 123 posts in one day).
 */
export class PostReader {
    readonly #request: IncomingMessage;
    readonly #limits: PostLimits;
    readonly #source: string;
    readonly #clock: Clock;
    readonly #startedAt: number;
    readonly #splitter: PartSplitter;
    readonly #parts: Part[] = [];
    readonly #start: Buffer[] = [];
    #startBytes = 0;
    #bytes = 0;
    #lastByteAt: number;
    #unread = false;
    #cancelCheck: () => void = () => undefined;
    #finish: (body: PostBody) => void = () => undefined;
    #finished = false;

    constructor(request: IncomingMessage, source: string, limits: PostLimits, clock: Clock) {
        this.#request = request;
        this.#limits = limits;
        this.#source = source;
        this.#clock = clock;
        this.#startedAt = clock.now();
        this.#lastByteAt = this.#startedAt;
        const type = request.headers['content-type'];
        this.#splitter = new PartSplitter({
            boundary: boundaryOf(type),
            headers: type === undefined ? {} : { 'content-type': type },
            limits: { picture: limits.maxBody },
            onPart: (part) => this.#parts.push(part),
            onFault: () => {
                this.#unread = true;
            },
        });
    }

    /**
     * Resolves always: a body that ends badly is one with a fault.
     *
     * @param elsewhere true where the body does not come through the request but through {@link feed} and {@link end}
     */
    read(elsewhere = false): Promise<PostBody> {
        return new Promise((resolve) => {
            this.#finish = resolve;
            this.#check();
            if (elsewhere) {
                this.#request.resume();
                return;
            }
            this.#request.on('data', (chunk: Buffer) => this.feed(chunk));
            this.#request.on('end', () => this.end());
            this.#request.on('error', () => this.#cut('BODY_TRUNCATED'));
            this.#request.on('close', () => this.#cut('BODY_TRUNCATED'));
        });
    }

    get bytes(): number {
        return this.#bytes;
    }

    /** Bytes of the body, where they do not come through the request itself. */
    feed(chunk: Buffer): void {
        if (this.#finished) return;
        this.#lastByteAt = this.#clock.now();
        this.#bytes += chunk.length;
        if (this.#startBytes < REPORTED_BYTES) {
            this.#start.push(chunk);
            this.#startBytes += chunk.length;
        }
        const over = this.#bytes - this.#limits.maxBody;
        this.#splitter.feed(over > 0 ? chunk.subarray(0, chunk.length - over) : chunk);
        if (over > 0) this.#cut('BODY_TOO_LARGE');
    }

    /** The body is whole. */
    end(): void {
        this.#conclude(undefined);
    }

    #check(): void {
        const { idle, total } = this.#limits;
        this.#cancelCheck = this.#clock.after(idle / CHECKS_PER_IDLE, () => {
            const now = this.#clock.now();
            if (now - this.#lastByteAt >= idle || now - this.#startedAt >= total) this.#cut('BODY_TIMEOUT');
            else this.#check();
        });
    }

    #cut(code: 'BODY_TRUNCATED' | 'BODY_TOO_LARGE' | 'BODY_TIMEOUT'): void {
        const seconds = Math.round((this.#clock.now() - this.#startedAt) / 1000);
        const limit = this.#limits.maxBody;
        this.#conclude(new Fault(code, { details: { address: this.#source, bytes: this.#bytes, limit, seconds } }));
    }

    #conclude(fault: Fault | undefined): void {
        if (this.#finished) return;
        this.#finished = true;
        this.#cancelCheck();
        this.#splitter.end();
        const body: PostBody = { parts: this.#parts, bytes: this.#bytes };
        if (fault !== undefined) body.fault = fault;
        if (this.#unread || (this.#parts.length === 0 && this.#bytes > 0)) {
            body.unread = Buffer.concat(this.#start).subarray(0, REPORTED_BYTES);
        }
        this.#start.length = 0;
        this.#finish(body);
    }
}
