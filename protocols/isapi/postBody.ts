import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock';
import { Fault, type FaultCode } from '../errors';
import { boundaryOf } from '../multipart/boundary';
import type { KnownHeads } from '../multipart/knownHeads';
import { describeHeaders } from '../multipart/partHeaders';
import { type Part, PartSplitter } from '../multipart/partSplitter';
import type { PostRoom } from './postRoom';

export interface PostLimits {
    /** Bytes of one body. */
    maxBody: number;
    /** Milliseconds without a byte after which a post is taken as cut off. */
    idle: number;
    /** Milliseconds that a whole post may take. */
    total: number;
    /** Milliseconds that a large post may wait for room before it is read at all. */
    wait: number;
}

/** What the posts of a host share. */
export interface PostSurroundings {
    limits: PostLimits;
    room: PostRoom;
    heads: KnownHeads;
    clock: Clock;
}

/** What arrived of a post, whole or not. */
export interface PostBody {
    parts: Part[];
    bytes: number;
    /** Why it is not whole; undefined where it is. */
    fault?: Fault;
    /** The beginning of the body, where some of it became no part: what a report can show. */
    unread?: Buffer;
    /** There was no room for it for too long: none of it was read. */
    neverEntered?: true;
}

/** What a report shows of a body that cannot be read. */
const REPORTED_BYTES = 64 * 1024;

/** No device sends a tenth of this; more would be a memory full of tiny documents. */
const MOST_PARTS = 2000;

/** How often a post is looked at for progress. */
const CHECKS_PER_IDLE = 4;

/** Stray bytes beside parts that are well: line ends of an odd kind, words before the first delimiter. No event is so short. */
const HARMLESS_BYTES = 64;

/** `eventType=ANPR&licensePlate=…` and `Code=VideoMotion;action=Start;…` have no structure that shows their end. */
const NAME_AND_VALUE = /^\s*[?&]?[A-Za-z][\w.-]{0,63}=/;

/**
 * Reads the body of a post while it arrives, to its end or to wherever it is cut: devices break off in the middle of a
 * picture, and everything before that is still good (sammagbo/Controle-de-Acesso: 95 of 123 posts in one day).
 */
export class PostReader {
    readonly #request: IncomingMessage;
    readonly #limits: PostLimits;
    readonly #source: string;
    readonly #clock: Clock;
    readonly #room: PostRoom;
    #startedAt: number;
    readonly #splitter: PartSplitter;
    readonly #parts: Part[] = [];
    readonly #start: Buffer[] = [];
    #startBytes = 0;
    #bytes = 0;
    #lastByteAt: number;
    /** Bytes that became no part. */
    #unreadBytes = 0;
    #isBroken = false;
    #hasTooManyParts = false;
    /** Bytes that were taken of the room, where the body is not large. */
    #held = 0;
    /** Gives back the room of a large body. */
    #leave: (() => void) | undefined;
    #isWaiting = false;
    #cancelCheck: () => void = () => undefined;
    #finish: (body: PostBody) => void = () => undefined;
    #finished = false;

    constructor(request: IncomingMessage, source: string, { limits, room, heads, clock }: PostSurroundings) {
        this.#request = request;
        this.#limits = limits;
        this.#source = source;
        this.#clock = clock;
        this.#room = room;
        this.#startedAt = clock.elapsed();
        this.#lastByteAt = this.#startedAt;
        const type = request.headers['content-type'];
        this.#splitter = new PartSplitter({
            boundary: boundaryOf(type),
            headers: type === undefined ? {} : { 'content-type': type },
            limits: { picture: limits.maxBody },
            heads,
            onPart: (part) => {
                if (this.#parts.length < MOST_PARTS) this.#parts.push(part);
                else this.#hasTooManyParts = true;
            },
            onFault: ({ kind, bytes }) => {
                this.#unreadBytes += bytes;
                if (kind !== 'skipped') this.#isBroken = true;
            },
        });
    }

    /**
     * Resolves always: a body that ends badly is one with a fault.
     *
     * @param from where the bytes come from: the request, or `elsewhere` through {@link feed} and {@link end}
     * @param begins called when the body is about to be read
     */
    read(from: 'request' | 'elsewhere' = 'request', begins?: () => void): Promise<PostBody> {
        return new Promise((resolve) => {
            this.#finish = resolve;
            this.#check();
            if (from === 'elsewhere') {
                this.#request.resume();
                return;
            }
            this.#request.on('end', () => this.end());
            this.#request.on('error', () => this.breakOff());
            this.#request.on('close', () => this.breakOff());
            this.#enter(() => {
                begins?.();
                this.#request.on('data', (chunk: Buffer) => this.feed(chunk));
            });
        });
    }

    /** Waits for room where the body is large; the device is not read from meanwhile. */
    #enter(listen: () => void): void {
        const declared = Number(this.#request.headers['content-length'] ?? 0);
        const size = Math.min(declared, this.#limits.maxBody);
        if (!this.#room.isLarge(size)) {
            listen();
            return;
        }
        this.#isWaiting = true;
        this.#leave = this.#room.enter(size, () => {
            this.#isWaiting = false;
            this.#startedAt = this.#clock.elapsed();
            this.#lastByteAt = this.#startedAt;
            listen();
        });
    }

    get bytes(): number {
        return this.#bytes;
    }

    /** Whether the body is still on its way. */
    get isReading(): boolean {
        return !this.#finished;
    }

    /** Bytes of the body, where they do not come through the request itself. */
    feed(chunk: Buffer): void {
        if (this.#finished) return;
        this.#lastByteAt = this.#clock.elapsed();
        this.#bytes += chunk.length;
        if (this.#startBytes < REPORTED_BYTES) {
            this.#start.push(chunk);
            this.#startBytes += chunk.length;
        }
        const over = this.#bytes - this.#limits.maxBody;
        const fault = this.#split((splitter) => splitter.feed(over > 0 ? chunk.subarray(0, -over) : chunk));
        const fits = this.#leave !== undefined || this.#take(chunk.length);
        if (fault !== undefined) this.#conclude(fault);
        else if (over > 0) this.#cut('BODY_TOO_LARGE');
        else if (!fits) this.#cut('TOO_MANY_REQUESTS');
        else if (this.#hasTooManyParts) this.#cut('BODY_UNREADABLE', `it has more than ${MOST_PARTS} parts`);
    }

    /** A fault of ours costs one post, and not Node-RED. */
    #split(step: (splitter: PartSplitter) => void): Fault | undefined {
        try {
            step(this.#splitter);
            return undefined;
        } catch (thrown) {
            return Fault.from(thrown);
        }
    }

    #take(bytes: number): boolean {
        this.#held += bytes;
        return this.#room.take(bytes);
    }

    /** The body is whole. */
    end(): void {
        this.#conclude(undefined);
    }

    /** The device has ended its side of the connection before the body was whole. */
    breakOff(): void {
        this.#cut('BODY_TRUNCATED');
    }

    #check(): void {
        const { idle, total, wait } = this.#limits;
        this.#cancelCheck = this.#clock.after(idle / CHECKS_PER_IDLE, () => {
            const now = this.#clock.elapsed();
            const since = now - this.#startedAt;
            if (this.#isWaiting && since >= wait) this.#cut('TOO_MANY_REQUESTS');
            else if (!this.#isWaiting && (now - this.#lastByteAt >= idle || since >= total)) this.#cut('BODY_TIMEOUT');
            else this.#check();
        });
    }

    #cut(code: FaultCode, reason = ''): void {
        if (this.#finished) return;
        const seconds = Math.round((this.#clock.elapsed() - this.#startedAt) / 1000);
        const limit = this.#limits.maxBody;
        const details = { address: this.#source, bytes: this.#bytes, limit, seconds, reason };
        this.#conclude(new Fault(code, { details }));
    }

    #conclude(reason: Fault | undefined): void {
        if (this.#finished) return;
        this.#finished = true;
        this.#cancelCheck();
        const atEnd = this.#split((splitter) => splitter.end());
        const fault = reason ?? atEnd;
        const body: PostBody = { parts: this.#parts, bytes: this.#bytes };
        if (fault !== undefined) body.fault = fault;
        if (this.#isWaiting) body.neverEntered = true;
        if (!this.#addText(fault !== undefined) && this.#hasUnread) {
            body.unread = Buffer.concat(this.#start).subarray(0, REPORTED_BYTES);
        }
        this.#start.length = 0;
        this.#room.giveBack(this.#held);
        this.#leave?.();
        this.#finish(body);
    }

    get #hasUnread(): boolean {
        if (this.#parts.length === 0) return this.#bytes > 0;
        return this.#isBroken || this.#unreadBytes > HARMLESS_BYTES;
    }

    /** Makes a body of names and values, which no delimiter ends, the one part that it is. */
    #addText(truncated: boolean): boolean {
        if (this.#parts.length > 0 || this.#bytes === 0 || this.#bytes > REPORTED_BYTES) return false;
        const body = Buffer.concat(this.#start);
        if (!NAME_AND_VALUE.test(body.toString('latin1', 0, 80))) return false;
        const contentType = this.#request.headers['content-type'] ?? 'text/plain';
        const {
            typeClass: _class,
            contentLength: _length,
            ...description
        } = describeHeaders({
            'content-type': contentType,
        });
        this.#parts.push({ ...description, kind: 'text', body, truncated });
        return true;
    }
}
