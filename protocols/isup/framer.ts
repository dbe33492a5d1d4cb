import { readVarint } from './varint';

/** One login frame or MQTT packet: both are byte 0, a length, and as many bytes. */
export interface Frame {
    /** `command << 4 | flags`, or MQTT's type and flags. */
    first: number;
    payload: Buffer;
    /** All of it, as it came. */
    bytes: Buffer;
}

export type FramerFault = 'malformed' | 'too-large';

/**
 * Cuts the bytes of one connection into frames, whatever the chunking.
 *
 * Memory is bounded by `limit`: what waits is at most one frame that is not whole, copied out of the socket's buffer.
 */
export class Framer {
    private pending: Buffer | undefined;
    private start = 0;
    private end = 0;
    /** True where `pending` is our own copy, with room behind `end`. */
    private owned = false;

    /** @param limit most bytes that a payload may have; may be raised once the peer is known */
    constructor(public limit: number) {}

    /** Bytes that wait for the rest of their frame. */
    get buffered(): number {
        return this.end - this.start;
    }

    push(chunk: Buffer): void {
        if (this.buffered === 0) {
            this.pending = chunk;
            this.start = 0;
            this.end = chunk.length;
            this.owned = false;
            return;
        }
        const needed = this.end + chunk.length;
        if (!this.owned || needed > this.pending!.length) this.own(this.buffered + chunk.length);
        chunk.copy(this.pending!, this.end);
        this.end += chunk.length;
    }

    /** The next whole frame; undefined when more bytes are needed; after a fault the connection is of no more use. */
    next(): Frame | FramerFault | undefined {
        const bytes = this.pending?.subarray(this.start, this.end);
        if (bytes === undefined || bytes.length === 0) return undefined;
        const length = readVarint(bytes, 1);
        if (length === 'malformed') return 'malformed';
        if (length === 'need-more') return this.keep();
        if (length.value > this.limit) return 'too-large';
        const head = 1 + length.size;
        const total = head + length.value;
        if (bytes.length < total) return this.keep();
        this.start += total;
        if (this.start === this.end) this.pending = undefined;
        return { first: bytes[0]!, payload: bytes.subarray(head, total), bytes: bytes.subarray(0, total) };
    }

    /** Copies what waits, so that a few bytes do not hold the whole buffer they arrived in. */
    private keep(): undefined {
        if (!this.owned) this.own(this.buffered);
        return undefined;
    }

    /** Never moves bytes inside a buffer: frames handed out are views of it. */
    private own(size: number): void {
        const room = Buffer.allocUnsafeSlow(Math.max(64, 2 ** Math.ceil(Math.log2(size))));
        this.pending!.copy(room, 0, this.start, this.end);
        this.end -= this.start;
        this.start = 0;
        this.pending = room;
        this.owned = true;
    }
}
