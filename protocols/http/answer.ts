import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { type Challenge, parseChallenges } from './challenge';
import { readDirectly, type TakeBytes } from './directSocket';
import { exchangeFault, type Peer } from './networkFault';

export interface AnswerContext {
    peer: Peer;
    timeout: number;
    clock: Clock;
    signal: AbortSignal;
}

/** A body may arrive slowly, but not for ever: this many timeouts, whatever trickles in. */
const MOST_TIMEOUTS = 6;
/** What is read of a body nobody wants, to keep its connection; a longer one costs the connection. */
const DRAIN_BYTES = 256 * 1024;

/** An answer whose head has arrived; its body is still on the wire until one of the readers has been called. */
export class Answer {
    readonly #message: IncomingMessage;
    readonly #context: AnswerContext;
    #failure: Fault | undefined;

    /** @param onUsedConnection whether its connection had carried another exchange before */
    constructor(
        message: IncomingMessage,
        context: AnswerContext,
        readonly onUsedConnection: boolean,
    ) {
        this.#message = message;
        this.#context = context;
        message.on('error', (error) => {
            this.#failure ??= exchangeFault(error, context.peer, context.timeout);
        });
    }

    get statusCode(): number {
        return this.#message.statusCode ?? 0;
    }

    get headers(): IncomingHttpHeaders {
        return this.#message.headers;
    }

    get challenges(): Challenge[] {
        return parseChallenges(this.#message.headersDistinct['www-authenticate']);
    }

    /** Ends the body with a fault; the first one counts. */
    fail(fault: Fault): void {
        this.#failure ??= fault;
        this.#message.destroy(this.#failure);
    }

    /**
     * The whole body.
     * @throws Fault RESPONSE_TOO_LARGE beyond `limit` bytes, RESPONSE_TIMEOUT, CONNECTION_LOST, RESPONSE_MALFORMED
     */
    async collect(limit: number): Promise<Buffer> {
        const tooLarge = () => new Fault('RESPONSE_TOO_LARGE', { details: { limit }, status: this.statusCode });
        if (Number(this.headers['content-length'] ?? 0) > limit && this.#message.method !== 'HEAD') {
            this.fail(tooLarge());
        }
        const chunks: Buffer[] = [];
        let size = 0;
        await this.#read((chunk) => {
            size += chunk.length;
            if (size > limit) this.fail(tooLarge());
            else chunks.push(chunk);
        });
        return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
    }

    /** The first `bytes` of the body; the rest is read away, so that the connection can carry the next request. */
    async excerpt(bytes: number): Promise<Buffer> {
        const chunks: Buffer[] = [];
        let size = 0;
        try {
            await this.#read((chunk) => {
                if (size < bytes) chunks.push(chunk);
                size += chunk.length;
                if (size > DRAIN_BYTES) this.fail(new Fault('CONNECTION_LOST'));
            });
        } catch (error) {
            if (this.#context.signal.aborted) throw error;
            // The head has said what matters; a body cut short changes nothing about it.
        }
        return Buffer.concat(chunks).subarray(0, bytes);
    }

    /** The body as it arrives, for as long as it lasts. */
    stream(): AnswerBody {
        return new AnswerBody(this.#message, () => this.#fault);
    }

    /**
     * Takes the connection away from HTTP, to go on with bytes that are none of it: what follows is not read as an
     * answer any more. Whoever takes it ends it.
     */
    takeConnection(): Duplex {
        const connection: Duplex = this.#message.socket;
        // The one listener is that of Node's HTTP parser, which would call the bytes a broken answer.
        connection.removeAllListeners('data');
        return connection;
    }

    /** Why the body ended before it was complete. */
    get #fault(): Fault {
        return this.#failure ?? new Fault('CONNECTION_LOST');
    }

    #read(onChunk: (chunk: Buffer) => void): Promise<void> {
        const { clock, signal, timeout } = this.#context;
        const message = this.#message;
        return new Promise((resolve, reject) => {
            const late = () => this.fail(new Fault('RESPONSE_TIMEOUT', { details: { ms: timeout } }));
            const abort = () => this.fail(signal.reason);
            let heardAt = clock.elapsed();
            const watch = (ms: number) =>
                clock.after(ms, () => {
                    const left = heardAt + timeout - clock.elapsed();
                    if (left <= 0) late();
                    else cancelPause = watch(left);
                });
            let cancelPause = watch(timeout);
            const cancelTotal = clock.after(timeout * MOST_TIMEOUTS, late);
            const settle = (end: () => void) => {
                cancelPause();
                cancelTotal();
                signal.removeEventListener('abort', abort);
                end();
            };
            signal.addEventListener('abort', abort, { once: true });
            if (signal.aborted) abort();
            message.on('data', (chunk: Buffer) => {
                heardAt = clock.elapsed();
                onChunk(chunk);
            });
            message.once('end', () => settle(resolve));
            message.once('close', () => settle(() => reject(this.#fault)));
            if (message.closed) settle(() => reject(this.#fault));
        });
    }
}

/** The bytes of a message as they are, with its errors as Faults; destroying it ends the connection. */
export class AnswerBody extends Readable {
    readonly #message: IncomingMessage;
    /** The socket that is read directly. */
    #direct: Socket | undefined;

    constructor(message: IncomingMessage, fault: () => Fault) {
        super();
        this.#message = message;
        // An error that nobody listens for would end the process; who reads without listening still sees the close.
        this.on('error', () => message.destroy());
        message.on('data', (chunk: Buffer) => {
            if (!this.push(chunk)) message.pause();
        });
        message.once('end', () => this.push(null));
        message.once('close', () => {
            if (!message.readableEnded) this.destroy(fault());
        });
        message.pause();
    }

    /**
     * Hands all that comes to `take`, from memory that is used again for the next read, past HTTP and this stream. They
     * keep what becomes of the connection: `pause`, `resume`, `end`, `error` and `close` are as before.
     * @returns false where the body has a length or is chunked, or its connection cannot be read like that
     */
    readDirectly(take: TakeBytes): boolean {
        const message = this.#message;
        const { headers, socket } = message;
        if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false;
        if (!(socket instanceof Socket)) return false;
        const isDirect = readDirectly(socket, (bytes) => {
            // Behind what HTTP has read already, and behind a pause: HTTP, which knows of none, may have ended that.
            const isNext = this.readableFlowing && this.readableLength === 0 && message.readableLength === 0;
            if (isNext) take(bytes);
            else if (!message.push(Buffer.from(bytes))) socket.pause();
        });
        if (!isDirect) return false;
        // What a paused socket holds goes to HTTP, too; reading it emits it.
        while (socket.readableLength > 0 && socket.read() !== null);
        // The one listener is that of Node's HTTP parser. What it has read already comes first, as `data`.
        socket.removeAllListeners('data');
        this.#direct = socket;
        this.on('data', take);
        return true;
    }

    override pause(): this {
        this.#direct?.pause();
        return super.pause();
    }

    override resume(): this {
        super.resume();
        this.#direct?.resume();
        return this;
    }

    override _read(): void {
        this.#message.resume();
    }

    override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
        this.#message.destroy();
        callback(error);
    }
}
