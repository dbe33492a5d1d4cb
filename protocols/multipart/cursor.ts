const NUL = 0x00;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

const NO_BYTES = Buffer.alloc(0);

/** Blanks that are looked through at a time. */
export const MOST_BLANKS = 256;

/** The bytes at hand, and how far they have been read: what the last chunk left over, then the current one. */
export class Cursor {
    bytes: Buffer = NO_BYTES;
    /** The next byte to read. */
    at = 0;
    /** Whether these are the last bytes of the input. */
    final = false;

    /** Whether all bytes have been read. */
    get isAtEnd(): boolean {
        return this.at >= this.bytes.length;
    }

    /** The bytes that have not been read. */
    get rest(): Buffer {
        return this.bytes.subarray(this.at);
    }

    add(chunk: Buffer): void {
        this.bytes = this.isAtEnd ? chunk : Buffer.concat([this.rest, chunk]);
        this.at = 0;
    }

    /** Lets go of the chunk. What is left over is short, and copied so that it does not keep the chunk in memory. */
    release(): void {
        this.bytes = this.isAtEnd ? NO_BYTES : Buffer.from(this.rest);
        this.at = 0;
    }

    clear(): void {
        this.bytes = NO_BYTES;
        this.at = 0;
    }

    /** Which of the prefixes (in lower case) stands at `at`; `more` where too few bytes are there to tell. */
    firstOf(prefixes: readonly Buffer[], at = this.at): Buffer | 'more' | undefined {
        let more = false;
        for (const prefix of prefixes) {
            const agreeing = agreement(this.bytes, at, prefix);
            if (agreeing === prefix.length) return prefix;
            if (at + agreeing === this.bytes.length) more = true;
        }
        return more && !this.final ? 'more' : undefined;
    }

    /** The first byte at or after `from` that is no blank; at most {@link MOST_BLANKS} further on. */
    afterBlanks(from = this.at): number {
        const end = Math.min(this.bytes.length, from + MOST_BLANKS);
        let at = from;
        while (at < end && isBlank(this.bytes[at] as number)) at += 1;
        return at;
    }

    /** Skips what may stand between parts: blanks, and the zero that ends a string in C. */
    skipFiller(): void {
        while (!this.isAtEnd && (isBlank(this.bytes[this.at] as number) || this.bytes[this.at] === NUL)) this.at += 1;
    }
}

/** How many bytes at `at` agree with `prefix`, which is in lower case; letters of `bytes` may be in any. */
export function agreement(bytes: Buffer, at: number, prefix: Buffer): number {
    let count = 0;
    while (count < prefix.length && at + count < bytes.length) {
        const byte = bytes[at + count] as number;
        const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
        if (lower !== prefix[count]) break;
        count += 1;
    }
    return count;
}

export function isBlank(byte: number): boolean {
    return byte === LF || byte === CR || byte === SPACE || byte === TAB;
}
