/** Slices from this size on are kept as they came; smaller ones are gathered, so that a trickle costs no object a byte. */
const KEEP_AS_IS = 1024;
const SMALLEST_BLOCK = 4 * 1024;
const LARGEST_BLOCK = 64 * 1024;

/**
 * The bytes of a body while it arrives: a list of slices that is joined once, when the body is whole.
 *
 * Appending is cheap whatever the sizes: 16 MiB that arrive byte by byte cost one gathering copy and one joining copy.
 * Slices that are kept as they came must not be overwritten by the caller before the body is taken; the chunks of a
 * Node.js stream never are.
 */
export class ByteStore {
    #pieces: Buffer[] = [];
    #length = 0;
    #block: Buffer | undefined;
    #used = 0;

    get length(): number {
        return this.#length;
    }

    append(bytes: Buffer, from: number, to: number): void {
        const count = to - from;
        if (count <= 0) return;
        if (count >= KEEP_AS_IS) {
            this.#seal();
            this.#pieces.push(bytes.subarray(from, to));
        } else {
            if (this.#block === undefined || this.#block.length - this.#used < count) this.#open();
            bytes.copy(this.#block as Buffer, this.#used, from, to);
            this.#used += count;
        }
        this.#length += count;
    }

    /** The last `count` bytes (fewer when there are fewer). */
    tail(count: number): Buffer {
        const parts: Buffer[] = [];
        let missing = count;
        const open = this.#block === undefined ? [] : [this.#block.subarray(0, this.#used)];
        for (const piece of [...this.#pieces.slice(-count), ...open].reverse()) {
            if (missing <= 0) break;
            const part = piece.subarray(Math.max(0, piece.length - missing));
            parts.unshift(part);
            missing -= part.length;
        }
        return Buffer.concat(parts);
    }

    /** The first `count` bytes (fewer when there are fewer), in memory of their own. */
    head(count: number): Buffer {
        const parts: Buffer[] = [];
        let missing = Math.min(count, this.#length);
        const open = this.#block === undefined ? [] : [this.#block.subarray(0, this.#used)];
        for (const piece of [...this.#pieces, ...open]) {
            if (missing <= 0) break;
            parts.push(piece.subarray(0, missing));
            missing -= Math.min(missing, piece.length);
        }
        return Buffer.concat(parts);
    }

    /** All bytes in memory of their own; the store is empty afterwards. */
    take(): Buffer {
        this.#seal();
        const whole = Buffer.concat(this.#pieces, this.#length);
        this.clear();
        return whole;
    }

    clear(): void {
        this.#pieces = [];
        this.#length = 0;
        this.#block = undefined;
        this.#used = 0;
    }

    #open(): void {
        this.#seal();
        this.#block = Buffer.allocUnsafe(Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this.#length)));
        this.#used = 0;
    }

    #seal(): void {
        if (this.#block !== undefined && this.#used > 0) this.#pieces.push(this.#block.subarray(0, this.#used));
        this.#block = undefined;
        this.#used = 0;
    }
}
