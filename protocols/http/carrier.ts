import { Duplex } from 'node:stream';

/**
 * Another stream under a face of our own, with the two methods that Node's HTTP expects of a connection beyond those of
 * a stream. {@link arrived} may look at what comes in.
 */
export class Carrier extends Duplex {
    readonly #inner: Duplex;

    constructor(inner: Duplex) {
        super();
        this.#inner = inner;
        inner.on('data', (chunk: Buffer) => {
            if (!this.arrived(chunk)) inner.pause();
        });
        inner.on('end', () => this.ended());
        inner.on('error', (error) => this.destroy(error));
        inner.on('close', () => this.destroy());
        inner.pause();
    }

    /** Nothing to keep the process alive with, or not: the owner of the inner stream decides. */
    ref(): this {
        return this;
    }

    unref(): this {
        return this;
    }

    /** Passes bytes on; false asks for a pause. */
    protected arrived(chunk: Buffer): boolean {
        return this.push(chunk);
    }

    protected ended(): void {
        this.push(null);
    }

    override _read(): void {
        this.#inner.resume();
    }

    override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
        this.#inner.write(chunk, encoding, callback);
    }

    override _final(callback: (error?: Error | null) => void): void {
        this.#inner.end(callback);
    }

    override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
        this.#inner.destroy();
        callback(error);
    }
}
