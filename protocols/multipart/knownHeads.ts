import type { PartDescription } from './partHeaders';

/** A device writes a handful of different heads: one for XML, one for JSON, one for pictures. */
const OF_ONE_DEVICE = 4;
const LONGEST_HEAD = 512;
/** A gigabyte has ten digits; what is longer is read the long way. */
const MOST_DIGITS = 9;

const ZERO = 0x30;
const NINE = 0x39;
const LF = 0x0a;
const CR = 0x0d;

/** The one header whose value differs from part to part. */
const LENGTH_LINE = /(\ncontent-length[ \t]*:[ \t]*)(\d+)?/gi;

interface KnownHead {
    /** Up to the digits of its Content-Length; the whole of it where it has none. */
    before: Buffer;
    after: Buffer | undefined;
    description: PartDescription;
    /** Its headers, names and values by turns: a list is faster to copy than an object without a prototype. */
    headers: readonly string[];
    count: number;
}

export interface HeadRead {
    description: PartDescription;
    /** Headers. */
    count: number;
    /** The first byte of the body. */
    end: number;
}

/**
 * The heads of the latest parts, from the line end after the delimiter to the blank line: a stream repeats them for ever,
 * but for the length, and what they mean need not be found out anew for each event.
 */
export class KnownHeads {
    readonly #most: number;
    #heads: KnownHead[] = [];

    /** @param most how many are remembered */
    constructor(most = OF_ONE_DEVICE) {
        this.#most = most;
    }

    /** The head at `at`, if all of it is there and it is known. */
    read(bytes: Buffer, at: number): HeadRead | undefined {
        for (const head of this.#heads) {
            const end = endOf(head, bytes, at);
            if (end > 0) return { description: described(head, bytes, at, end), count: head.count, end };
        }
        return undefined;
    }

    /** Remembers a head and what was read of it. */
    learn(head: Buffer, description: PartDescription, count: number): void {
        if (head.length > LONGEST_HEAD || head[0] !== CR || head[1] !== LF) return;
        const text = head.toString('latin1');
        // A line that begins with a dash may be a delimiter, and which those are changes.
        if (text.includes('\n-')) return;
        const value = description.headers['content-length'];
        const [length, another] = [...text.matchAll(LENGTH_LINE)];
        // Doubled, folded over two lines, or no number.
        if (another !== undefined || value !== length?.[2]) return;
        // The one that was read goes out with its part, to whoever may change it.
        const headers = Object.entries(description.headers).flat();
        const own = { ...description, headers: copyOf(headers) };
        const known: KnownHead = { before: Buffer.from(head), after: undefined, description: own, headers, count };
        if (length?.[2] !== undefined) {
            const digits = length.index + (length[1] as string).length;
            known.before = Buffer.from(head.subarray(0, digits));
            known.after = Buffer.from(head.subarray(digits + length[2].length));
        }
        this.#heads.unshift(known);
        if (this.#heads.length > this.#most) this.#heads.pop();
    }
}

/** Where a head ends that stands at `at`; -1 where it is another one, or breaks off. */
function endOf({ before, after }: KnownHead, bytes: Buffer, at: number): number {
    if (!isAt(bytes, at, before)) return -1;
    const digits = at + before.length;
    if (after === undefined) return digits;
    const end = endOfDigits(bytes, digits);
    const isNumber = end > digits && end - digits <= MOST_DIGITS && (bytes[digits] !== ZERO || end === digits + 1);
    return isNumber && isAt(bytes, end, after) ? end + after.length : -1;
}

function described(head: KnownHead, bytes: Buffer, at: number, end: number): PartDescription {
    const { before, after, description } = head;
    const headers = copyOf(head.headers);
    if (after === undefined) return { ...description, headers };
    let contentLength = 0;
    for (let digit = at + before.length; digit < end - after.length; digit += 1) {
        contentLength = contentLength * 10 + (bytes[digit] as number) - ZERO;
    }
    headers['content-length'] = String(contentLength);
    return { ...description, headers, contentLength };
}

function copyOf(headers: readonly string[]): Record<string, string> {
    const copy: Record<string, string> = Object.create(null);
    for (let at = 0; at < headers.length; at += 2) copy[headers[at]!] = headers[at + 1]!;
    return copy;
}

function endOfDigits(bytes: Buffer, from: number): number {
    let at = from;
    while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at += 1;
    return at;
}

function isAt(bytes: Buffer, at: number, wanted: Buffer): boolean {
    if (at + wanted.length > bytes.length) return false;
    for (let index = 0; index < wanted.length; index += 1) if (bytes[at + index] !== wanted[index]) return false;
    return true;
}
