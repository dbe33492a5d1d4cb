import type { Readable } from 'node:stream';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import type { HttpRequest, HttpStream } from '../http/client';
import { boundaryOf } from '../multipart/boundary';
import { type Part, PartSplitter, type SplitterFault, type SplitterOptions } from '../multipart/partSplitter';
import { pause } from '../pause';
import type { ConnectionEnd } from './reconnectPolicy';
import { faultOf, readIsapiStatus } from './responseStatus';
import { readSubscribeReply, type SubscribeReply } from './subscribeEvent';

export type OpenStream = (request: HttpRequest) => Promise<HttpStream>;

export interface ConnectionEvents {
    /** The answer is an event stream. */
    opened(at: number): void;
    part(part: Part): void;
    /** Bytes that became no part. */
    lost(fault: SplitterFault): void;
    /** The device has taken a subscription. */
    subscribed(reply: SubscribeReply): void;
    byte(at: number): void;
}

export interface EventConnectionOptions {
    open: OpenStream;
    request: HttpRequest;
    /** Milliseconds without a byte after which the connection is given up. */
    watchdog: number;
    clock: Clock;
    events: ConnectionEvents;
    readDocument?: SplitterOptions['readDocument'];
}

/** For the head of the answer; a login may take several rounds of that. */
const HEAD_TIMEOUT_MS = 10_000;
const OPEN_TIMEOUT_MS = 45_000;
/** For an opening that was given up to free its socket. */
const LET_GO_MS = 1000;
/** For the body of a refusal, and how much of it is read. */
const REFUSAL_TIMEOUT_MS = 5000;
const REFUSAL_BYTES = 16 * 1024;
/** Silence after which a part that has all its bytes is not kept waiting for its delimiter. */
const SETTLE_MS = 200;
/** How often the splitter may search 64 KiB in vain before the stream is opened anew. */
const MOST_FRAMING_LOSSES = 3;
/**
 * Bytes that are read before everybody else has a turn. Node.js reads up to 2 MiB from a fast sender without one: the
 * messages of a thousand events would pile up behind it and grow old, which costs the garbage collector more than they do.
 */
const BYTES_PER_TURN = 64 * 1024;

const NO_STREAM = /^\s*(text\/html|image\/|video\/|audio\/)/i;
const WEB_PAGE = /^\s*(<!doctype html|<html)/i;

/** One connection to the event stream, from the request to its end. Once closed it tells nothing more. */
export class EventConnection {
    readonly #options: EventConnectionOptions;
    readonly #abort = new AbortController();
    #stream: HttpStream | undefined;
    #openedAt: number | undefined;
    #parts = 0;
    /** By `Clock.elapsed`, as is the time of the opening. */
    #heardAt = 0;
    #splitter: PartSplitter | undefined;
    #reading = false;
    #losses = 0;
    #bytesThisTurn = 0;
    #cancelWatch: () => void = () => undefined;
    #cancelSettle: () => void = () => undefined;
    /** Ends the reading; set while there is something to read. */
    #endReading: ((end: ConnectionEnd) => void) | undefined;

    constructor(options: EventConnectionOptions) {
        this.#options = options;
    }

    /** Resolves, and never rejects, when the connection is over and its socket gone. */
    async run(): Promise<ConnectionEnd> {
        let stream: HttpStream;
        try {
            stream = await this.#open();
        } catch (thrown) {
            return this.#end(Fault.from(thrown), false);
        }
        this.#stream = stream;
        const { body } = stream;
        const gone = new Promise<void>((resolve) => (body.closed ? resolve() : body.once('close', resolve)));
        const refusal = await this.#refusal(stream);
        const end = refusal === undefined ? await this.#readAll(stream) : this.#end(refusal, false);
        stream.close();
        await gone;
        return end;
    }

    /** Lets go of the connection; {@link run} resolves then. */
    close(): void {
        const closed = new Fault('CLOSED');
        this.#abort.abort(closed);
        this.#finish(closed, false);
        this.#stream?.close();
    }

    #end(fault: Fault, byDevice: boolean): ConnectionEnd {
        const opened = this.#openedAt !== undefined;
        const lived = this.#openedAt === undefined ? 0 : this.#options.clock.elapsed() - this.#openedAt;
        return { fault, opened, byDevice, bare: false, parts: this.#parts, lived };
    }

    /** Opens the stream; one that opens after it was given up is closed at once. */
    async #open(): Promise<HttpStream> {
        const { open, request, clock } = this.#options;
        const { signal } = this.#abort;
        const late = new Fault('RESPONSE_TIMEOUT', { details: { ms: OPEN_TIMEOUT_MS } });
        const cancel = clock.after(OPEN_TIMEOUT_MS, () => this.#abort.abort(late));
        const opening = open({ ...request, timeout: HEAD_TIMEOUT_MS, signal });
        try {
            return await Promise.race([opening, aborted(signal)]);
        } catch (thrown) {
            await this.#letGo(opening);
            throw thrown;
        } finally {
            cancel();
        }
    }

    /** Waits until an opening that was given up has freed its socket; one that opens all the same is closed. */
    async #letGo(opening: Promise<HttpStream>): Promise<void> {
        const settled = new AbortController();
        const freed = opening.then(
            (stream) => stream.close(),
            // It failed, as it should: its failure is known by now, or is that it was given up.
            () => undefined,
        );
        await Promise.race([freed, pause(this.#options.clock, LET_GO_MS, settled.signal)]);
        settled.abort();
    }

    /** Why the answer is no event stream, as far as its head tells. */
    async #refusal({ statusCode, headers, body }: HttpStream): Promise<Fault | undefined> {
        const type = headers['content-type'];
        if (statusCode === 200 && !NO_STREAM.test(type ?? '')) return undefined;
        const start = await readStart(body, this.#options.clock);
        return this.#faultIn(start, type, statusCode, `HTTP ${statusCode} ${type ?? ''}`.trim());
    }

    /** The fault that a document tells in place of events. */
    #faultIn(document: Buffer, type: string | undefined, httpStatus: number, otherwise: string): Fault {
        const told = readIsapiStatus(document, type);
        const status = told !== undefined && 'status' in told ? told.status : undefined;
        const reason = status?.statusString ?? otherwise;
        return (
            faultOf({ httpStatus, status, path: this.#options.request.path, stream: true }) ??
            new Fault('STREAM_NOT_EVENTS', { details: { reason }, status: httpStatus, isapi: status })
        );
    }

    /** Reads a stream to its end. */
    #readAll(stream: HttpStream): Promise<ConnectionEnd> {
        const { headers, body } = stream;
        const { clock, watchdog } = this.#options;
        const { signal } = this.#abort;
        if (signal.aborted) return Promise.resolve(this.#end(Fault.from(signal.reason), false));
        const type = headers['content-type'];
        const bare = !/^\s*multipart\//i.test(type ?? '');
        if (!bare) this.#tellOpened();
        const take = (chunk: Buffer) => {
            this.#hear(chunk);
            this.#giveWay(body, chunk.length);
        };
        const isDirect = stream.readDirectly?.(take) === true;
        this.#splitter = new PartSplitter({
            boundary: boundaryOf(type),
            transient: isDirect,
            readDocument: this.#options.readDocument,
            headers: type === undefined ? undefined : { 'content-type': type },
            onPart: (part) => this.#take(part),
            onFault: (lost) => this.#lose(lost),
        });
        this.#heardAt = clock.elapsed();
        this.#watch(watchdog);
        if (!isDirect) body.on('data', take);
        body.once('end', () => this.#finish(new Fault('STREAM_ENDED'), true));
        body.on('error', (error) => this.#finish(Fault.from(error), true));
        body.once('close', () => this.#finish(new Fault('CONNECTION_LOST'), true));
        return new Promise((resolve) => {
            this.#endReading = (end) => resolve({ ...end, bare: bare && end.parts === 1 });
            if (body.destroyed) this.#finish(new Fault('CONNECTION_LOST'), true);
        });
    }

    #hear(chunk: Buffer): void {
        const splitter = this.#splitter;
        if (splitter === undefined) return;
        const { clock, events } = this.#options;
        this.#heardAt = clock.elapsed();
        events.byte(clock.now());
        this.#read(() => splitter.feed(chunk));
        this.#cancelSettle();
        if (this.#splitter !== undefined && splitter.waits) {
            this.#cancelSettle = clock.after(SETTLE_MS, () => this.#read(() => splitter.settle()));
        }
    }

    /** Lets others have a turn after so many bytes. */
    #giveWay(body: Readable, bytes: number): void {
        this.#bytesThisTurn += bytes;
        if (this.#bytesThisTurn < BYTES_PER_TURN || this.#splitter === undefined) return;
        this.#bytesThisTurn = 0;
        body.pause();
        setImmediate(() => body.resume());
    }

    /** What goes wrong with a part ends the connection, and not the process. */
    #read(step: () => void): void {
        this.#reading = true;
        try {
            step();
        } catch (thrown) {
            this.#finish(Fault.from(thrown), false);
        }
        this.#reading = false;
    }

    #watch(ms: number): void {
        const { clock, watchdog } = this.#options;
        this.#cancelWatch = clock.after(ms, () => {
            const left = this.#heardAt + watchdog - clock.elapsed();
            if (left > 0) this.#watch(left);
            else this.#finish(new Fault('STREAM_STALLED', { details: { seconds: watchdog / 1000 } }), false);
        });
    }

    #take(part: Part): void {
        if (this.#splitter === undefined) return;
        if (this.#openedAt === undefined) {
            if (isRefusal(part)) {
                this.#finish(this.#faultIn(part.body, part.contentType, 200, 'a web page'), false);
                return;
            }
            this.#tellOpened();
        }
        const { events } = this.#options;
        const reply = this.#parts === 0 ? readSubscribeReply(part) : undefined;
        this.#parts += 1;
        this.#losses = 0;
        if (reply === undefined) events.part(part);
        else events.subscribed(reply);
    }

    #tellOpened(): void {
        const { clock, events } = this.#options;
        this.#openedAt = clock.elapsed();
        events.opened(clock.now());
    }

    #lose(lost: SplitterFault): void {
        if (this.#splitter === undefined) return;
        this.#options.events.lost(lost);
        if (lost.kind !== 'unsynchronised') return;
        this.#losses += 1;
        if (this.#losses < MOST_FRAMING_LOSSES) return;
        const reason = `${this.#losses * lost.bytes} bytes held no event`;
        this.#finish(new Fault('FRAMING_LOST', { details: { reason } }), false);
    }

    #finish(fault: Fault, byDevice: boolean): void {
        const endReading = this.#endReading;
        if (endReading === undefined) return;
        this.#cancelWatch();
        this.#cancelSettle();
        this.#endReading = undefined;
        const splitter = this.#splitter;
        // What was cut off is told before the end; not from within a call of the splitter, and to nobody after close().
        if (!this.#reading && !this.#abort.signal.aborted) this.#read(() => splitter?.end());
        this.#splitter = undefined;
        endReading(this.#end(fault, byDevice));
    }
}

/** Rejects with the reason of an abort. */
function aborted(signal: AbortSignal): Promise<never> {
    return new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason);
        else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
}

/** Whether a first document says no, or is a web page. */
function isRefusal({ kind, body, contentType }: Part): boolean {
    if (kind !== 'text') return false;
    return WEB_PAGE.test(body.toString('latin1', 0, 200)) || readIsapiStatus(body, contentType) !== undefined;
}

/** The beginning of a body that is no stream. */
function readStart(body: Readable, clock: Clock): Promise<Buffer> {
    return new Promise((resolve) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const finish = () => {
            cancel();
            resolve(Buffer.concat(chunks).subarray(0, REFUSAL_BYTES));
        };
        const cancel = clock.after(REFUSAL_TIMEOUT_MS, finish);
        body.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            bytes += chunk.length;
            if (bytes >= REFUSAL_BYTES) finish();
        });
        body.once('end', finish);
        body.once('error', finish);
        body.once('close', finish);
    });
}
