/** Slices from this size on are kept as they came; smaller ones are gathered, so that a trickle costs no object a byte. */
const KEEP_AS_IS = 1024;
const SMALLEST_BLOCK = 4 * 1024;
const LARGEST_BLOCK = 64 * 1024;
/** Memory that is set aside at once for a body that claims to be large; a claim of more is not believed. */
const LARGEST_RESERVE = 1024 * 1024;
/** Line ends that follow a body and may be taken for its own. */
const RESERVE_SLACK = 16;

/**
 * The bytes of a body while it arrives. Where its length is known beforehand they are copied to their place as they come;
 * else they are a list of slices that is joined once, when the body is whole.
 *
 * Appending is cheap whatever the sizes: 16 MiB that arrive byte by byte cost one gathering copy and one joining copy.
 * Slices that are kept as they came must not be overwritten by the caller before the body is taken; where they will be
 * (`transient`), copies are kept.
 */
export class ByteStore {
    readonly #reserve: number;
    #pieces: Buffer[] = [];
    #length = 0;
    #block: Buffer | undefined;
    #used = 0;

    /**
     * @param expected bytes that are said to come; it may be wrong
     * @param transient whether what is appended will be overwritten
     */
    constructor(
        expected = 0,
        private readonly transient = false,
    ) {
        this.#reserve = expected > KEEP_AS_IS && expected <= LARGEST_RESERVE ? expected + RESERVE_SLACK : 0;
    }

    get length(): number {
        return this.#length;
    }

    append(bytes: Buffer, from: number, to: number): void {
        const count = to - from;
        if (count <= 0) return;
        if (this.#length === 0 && count < this.#reserve) this.#block = Buffer.allocUnsafeSlow(this.#reserve);
        const block = this.#block;
        if (block !== undefined && block.length - this.#used >= count) this.#gather(block, bytes, from, to);
        else if (count >= KEEP_AS_IS) {
            this.#seal();
            const piece = bytes.subarray(from, to);
            this.#pieces.push(this.transient ? Buffer.from(piece) : piece);
        } else this.#gather(this.#open(), bytes, from, to);
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
        const whole = this.#placed ?? Buffer.concat(this.#pieces, this.#length);
        this.clear();
        return whole;
    }

    /** The bytes where they are all in the memory set aside for them, unless most of that stayed empty. */
    get #placed(): Buffer | undefined {
        const [only] = this.#pieces;
        if (this.#pieces.length !== 1 || only?.buffer.byteLength !== this.#reserve) return undefined;
        return this.#length > this.#reserve / 2 ? only : undefined;
    }

    clear(): void {
        this.#pieces = [];
        this.#length = 0;
        this.#block = undefined;
        this.#used = 0;
    }

    #open(): Buffer {
        this.#seal();
        this.#block = Buffer.allocUnsafe(Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this.#length)));
        return this.#block;
    }

    #gather(block: Buffer, bytes: Buffer, from: number, to: number): void {
        bytes.copy(block, this.#used, from, to);
        this.#used += to - from;
    }

    #seal(): void {
        if (this.#block !== undefined && this.#used > 0) this.#pieces.push(this.#block.subarray(0, this.#used));
        this.#block = undefined;
        this.#used = 0;
    }
}
