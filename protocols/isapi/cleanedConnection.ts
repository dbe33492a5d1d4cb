import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A connection whose bytes come from the parser's failures and whose answers go out on the socket. */
export class CleanedConnection extends Duplex {
    readonly remoteAddress: string | undefined;
    readonly #socket: Socket;

    constructor(socket: Socket) {
        super({ allowHalfOpen: true });
        this.remoteAddress = socket.remoteAddress;
        this.#socket = socket;
        // The server that owns the failed parser would end our side too, before the answer.
        socket.removeAllListeners('end');
        socket.once('end', () => this.push(null));
        socket.once('close', () => this.destroy());
        this.once('close', () => socket.destroySoon());
    }

    /** Takes bytes that the failed parser gave back; while nobody reads them no more are asked of the device. */
    receive(bytes: Buffer): void {
        if (!this.push(bytes)) this.#socket.pause();
    }

    override _read(): void {
        this.#socket.resume();
    }

    override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
        this.#socket.write(chunk, encoding, done);
    }

    override _final(done: () => void): void {
        this.#socket.end();
        done();
    }
}
