import type { Socket } from 'node:net';
import type { Clock } from '../../protocols/clock';
import type { Random } from '../random';
import { type Framing, framePart, responseHead, type StreamPart } from './framing';

/** A client that does not read is dropped when this much waits for it: devices have little memory. */
const LARGEST_BACKLOG = 32 * 1024 * 1024;

/** One open alert stream. It writes to the socket itself, because no HTTP library would write what devices write. */
export class EventStream {
    readonly openedAt: number;
    readonly closed: Promise<void>;
    #parts = 0;
    #silent = false;
    #waiting: Buffer = Buffer.alloc(0);
    #trickling = false;
    readonly #cancelClose: () => void;

    constructor(
        readonly socket: Socket,
        readonly source: string,
        readonly framing: Framing,
        readonly random: Random,
        clock: Clock,
        /** What of the device's events goes to this client; an armed subscription filters. */
        readonly wants: (eventType: string) => boolean = () => true,
    ) {
        this.openedAt = clock.now();
        this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
        socket.setNoDelay(true);
        const { closeAfter } = framing;
        this.#cancelClose =
            closeAfter === undefined ? () => undefined : clock.after(closeAfter * 1000, () => this.end());
        socket.once('close', this.#cancelClose);
    }

    /** Opens the answer with the head that the framing asks for, or with a captured one. */
    head(head: string | Buffer = responseHead(this.framing)): void {
        this.socket.write(head);
    }

    send(parts: readonly StreamPart[]): void {
        for (const part of parts) {
            this.#parts += 1;
            const bytes = framePart(part, this.framing, this.#parts, this.random);
            if (this.#parts !== this.framing.stallInPart) {
                this.write(bytes);
                continue;
            }
            this.write(bytes.subarray(0, bytes.length >> 1));
            this.stall();
        }
    }

    /** Bytes as they are, within the pace and the transfer encoding of the stream. */
    write(bytes: Buffer): void {
        if (this.#silent || this.socket.destroyed) return;
        const { trickle } = this.framing;
        if (trickle === undefined) {
            this.#put(bytes);
            return;
        }
        this.#waiting = Buffer.concat([this.#waiting, bytes]);
        if (!this.#trickling) this.#trickle(trickle);
    }

    /** Nothing is written any more, though the connection stays. */
    stall(): void {
        this.#silent = true;
    }

    /** Writes again; what was to be said in between is lost. */
    resume(): void {
        this.#silent = false;
    }

    /** Ends in good order. */
    end(): void {
        this.#cancelClose();
        if (this.framing.response === 'chunked') this.socket.write('0\r\n\r\n');
        this.socket.end();
    }

    /** Cuts the connection. */
    destroy(): void {
        this.#cancelClose();
        this.socket.destroy();
    }

    #put(bytes: Buffer): void {
        if (this.socket.writableLength > LARGEST_BACKLOG) {
            this.socket.destroy();
            return;
        }
        if (this.framing.response !== 'chunked') {
            this.socket.write(bytes);
            return;
        }
        this.socket.write(`${bytes.length.toString(16)}\r\n`);
        this.socket.write(bytes);
        this.socket.write('\r\n');
    }

    #trickle(size: number): void {
        this.#trickling = this.#waiting.length > 0 && !this.socket.destroyed;
        if (!this.#trickling) return;
        this.#put(this.#waiting.subarray(0, size));
        this.#waiting = this.#waiting.subarray(size);
        setImmediate(() => this.#trickle(size));
    }
}
