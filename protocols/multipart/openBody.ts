import { ByteStore } from './byteStore';
import { isLineEnd } from './delimiters';

const LF = 0x0a;
const CR = 0x0d;

/** A length that is off by fewer bytes is a miscount (DS-K1T342 bodies claim 2 to 7 too many), not a loss. */
const LENGTH_SLACK = 16;
/** Line ends that may stand between the declared end of a body and its delimiter. */
const MOST_TRAILING_LINE_ENDS = 8;

const NO_BYTES = Buffer.alloc(0);
const JPEG_START = Buffer.from([0xff, 0xd8]);
const JPEG_END = Buffer.from([0xff, 0xd9]);
const PNG_START = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const PNG_END = Buffer.from([0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);

/** Whether the bytes start as a picture, whatever their declared type. */
export function startsAsPicture(bytes: Buffer): boolean {
    return startsWith(bytes, JPEG_START) || startsWith(bytes, PNG_START);
}

/** Whether the bytes are a picture up to its very end, line ends after it aside. */
function endsAsPicture(start: Buffer, tail: Buffer): boolean {
    let end = tail.length;
    while (end > 0 && isLineEnd(tail[end - 1] as number)) end -= 1;
    const last = tail.subarray(0, end);
    return (
        (startsWith(start, JPEG_START) && endsWith(last, JPEG_END)) ||
        (startsWith(start, PNG_START) && endsWith(last, PNG_END))
    );
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
    return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

function endsWith(bytes: Buffer, suffix: Buffer): boolean {
    const from = bytes.length - suffix.length;
    return from >= 0 && bytes.compare(suffix, 0, suffix.length, from) === 0;
}

/** Whether nothing but a few line ends stands from `from` on. */
export function onlyLineEnds(bytes: Buffer, from = 0): boolean {
    if (bytes.length - from > MOST_TRAILING_LINE_ENDS) return false;
    for (let at = from; at < bytes.length; at += 1) if (!isLineEnd(bytes[at] as number)) return false;
    return true;
}

/** Length of the one line end that belongs to the delimiter after it (RFC 2046 §5.1.1), also of `\n\r`. */
function lastLineEnd(bytes: Buffer): number {
    const last = bytes[bytes.length - 1];
    const beforeLast = bytes[bytes.length - 2];
    if ((last === LF && beforeLast === CR) || (last === CR && beforeLast === LF)) return 2;
    return last === LF || last === CR ? 1 : 0;
}

export interface ClosedBody {
    body: Buffer;
    truncated: boolean;
    wrongLength: boolean;
}

/** The body of a part whose end is not known yet. */
export class OpenBody {
    /** The last two bytes, the nearer one lowest; a line end where there are none yet. */
    before = (CR << 8) | LF;
    readonly #store: ByteStore;
    /** The first bytes, as far as a picture is told by them. */
    #start: Buffer = NO_BYTES;

    /**
     * @param declared bytes that the part claims to have
     * @param transient whether what is appended will be overwritten
     */
    constructor(
        readonly declared?: number,
        transient = false,
    ) {
        this.#store = new ByteStore(declared, transient);
    }

    get size(): number {
        return this.#store.length;
    }

    append(bytes: Buffer, from: number, to: number): void {
        if (to <= from) return;
        const previous = to - from > 1 ? (bytes[to - 2] as number) : this.before & 0xff;
        this.before = (previous << 8) | (bytes[to - 1] as number);
        this.#start = this.#startWith(bytes, from, to);
        this.#store.append(bytes, from, to);
    }

    /** Whether the body is a picture when it goes on with the bytes from `at`. */
    isPicture(bytes: Buffer, at: number): boolean {
        return startsAsPicture(this.#startWith(bytes, at, bytes.length));
    }

    /** Whether the bytes so far are a picture up to its very end. */
    get showsItsEnd(): boolean {
        return endsAsPicture(this.#start, this.#store.tail(PNG_END.length + 2));
    }

    /**
     * Whether all declared bytes are there and nothing but line ends follows, or a picture of undeclared length shows its
     * end. `rest` are bytes that follow and may still become a delimiter.
     */
    isWhole(rest: Buffer): boolean {
        if (this.declared === undefined) return rest.length === 0 && this.showsItsEnd;
        const surplus = this.size - this.declared;
        if (surplus < 0) return rest.length >= -surplus && onlyLineEnds(rest, -surplus);
        return surplus <= MOST_TRAILING_LINE_ENDS && onlyLineEnds(this.#store.tail(surplus)) && onlyLineEnds(rest);
    }

    /** The first bytes, at most `count`. */
    start(count: number): Buffer {
        return this.#store.head(count);
    }

    /** All bytes as they came. */
    take(): Buffer {
        return this.#store.take();
    }

    /**
     * Ends the body where a delimiter stands, or where the input ends. Of the bytes, those count that were declared when
     * nothing but line ends follows them; otherwise all.
     */
    close(at: 'delimiter' | 'end of input'): ClosedBody {
        const all = this.take();
        const { declared } = this;
        if (declared !== undefined && all.length >= declared && onlyLineEnds(all, declared)) {
            return { body: all.subarray(0, declared), truncated: false, wrongLength: false };
        }
        const shown = endsAsPicture(this.#start, all.subarray(-PNG_END.length - 2));
        if (at === 'end of input') return { body: all, truncated: !shown, wrongLength: false };
        const body = all.subarray(0, all.length - lastLineEnd(all));
        const missing = declared === undefined ? 0 : declared - body.length;
        return { body, truncated: missing > LENGTH_SLACK && !shown, wrongLength: declared !== undefined };
    }

    #startWith(bytes: Buffer, from: number, to: number): Buffer {
        const missing = PNG_START.length - this.#start.length;
        if (missing <= 0) return this.#start;
        return Buffer.concat([this.#start, bytes.subarray(from, Math.min(to, from + missing))]);
    }
}
