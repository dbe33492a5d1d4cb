import { agreement, type Cursor } from './cursor';
import type { Delimiter, Delimiters } from './delimiters';
import { startsDocument } from './documentEnd';
import type { KnownHeads } from './knownHeads';
import { HeaderLines, type PartDescription } from './partHeaders';

const LF = 0x0a;
const CR = 0x0d;
const HYPHEN = 0x2d;

/** Bytes of the line end that a delimiter leaves behind. */
const LINE_END = 2;

const HTTP_VERSION = Buffer.from('http/');
const JPEG = Buffer.from([0xff, 0xd8]);

export type HeadResult =
    /** Needs more bytes. */
    | 'more'
    | 'on'
    /** No header stands here, but something unreadable. */
    | 'garbage'
    | 'too-large'
    /** The headers are over; the body begins at the cursor. */
    | 'end'
    /** A delimiter in their place. */
    | Delimiter;

/** Reads the headers of a part, or the head of an HTTP response that is glued into the stream. */
export class HeadReader {
    readonly #cursor: Cursor;
    readonly #delimiters: Delimiters;
    readonly #limit: number;
    readonly #known: KnownHeads;
    #lines = new HeaderLines();
    #afterDelimiter = false;
    /** The bytes in which the head began behind a delimiter, and where. */
    #begin: { bytes: Buffer; at: number } | undefined;
    #description: PartDescription | undefined;
    /** Whether this is the head of an HTTP response. */
    isHttp = false;
    /** Whether lines begin with the CR that belongs to the end of the line before (`\n\r`). */
    hasLeadingCr = false;

    constructor(cursor: Cursor, delimiters: Delimiters, known: KnownHeads, limit: number) {
        this.#known = known;
        this.#cursor = cursor;
        this.#delimiters = delimiters;
        this.#limit = limit;
    }

    /** Headers that were read. */
    get count(): number {
        return this.#lines.count;
    }

    /** Bytes of the lines that were read. */
    get bytes(): number {
        return this.#lines.bytes;
    }

    /** @param afterDelimiter whether the end of a delimiter's line comes first */
    open(afterDelimiter: boolean): void {
        this.#lines = new HeaderLines();
        this.#afterDelimiter = afterDelimiter;
        this.#begin = undefined;
        this.#description = undefined;
        this.isHttp = false;
        this.hasLeadingCr = false;
    }

    describe(): PartDescription {
        this.#description ??= this.#lines.describe();
        return this.#description;
    }

    step(): HeadResult {
        if (this.#afterDelimiter && this.#passKnown()) return 'end';
        const cursor = this.#cursor;
        const { bytes, at, final } = cursor;
        const hasCr = bytes[at] === CR;
        if (hasCr && at + 1 === bytes.length && !final) return 'more';
        if (this.#afterDelimiter) {
            this.#afterDelimiter = false;
            this.#begin = { bytes, at };
            cursor.at += hasCr && bytes[at + 1] === LF ? 2 : 1;
            return 'on';
        }
        const start = hasCr ? at + 1 : at;
        const first = bytes[start];
        const delimiter = first === HYPHEN ? this.#readDelimiter(start) : undefined;
        if (delimiter !== undefined) return delimiter;
        const picture = first === JPEG[0] ? cursor.firstOf([JPEG], start) : undefined;
        if (picture === 'more') return 'more';
        if (picture === undefined && !startsDocument(first)) return this.#readLine(hasCr);
        // The blank line is missing: the body begins here.
        cursor.at = start;
        return 'end';
    }

    /** Passes a head that came before like this, all at once. */
    #passKnown(): boolean {
        const cursor = this.#cursor;
        const read = this.#known.read(cursor.bytes, cursor.at);
        if (read === undefined || read.end - cursor.at - LINE_END > this.#limit) return false;
        this.#afterDelimiter = false;
        this.#lines.count = read.count;
        this.#lines.bytes = read.end - cursor.at - LINE_END;
        this.#description = read.description;
        cursor.at = read.end;
        return true;
    }

    /** Remembers a head that has come in one piece, and is the ordinary head of a part. */
    #learn(): void {
        const { bytes, at } = this.#cursor;
        if (this.#begin?.bytes !== bytes || this.isHttp || this.hasLeadingCr) return;
        const description = this.describe();
        if (description.contentType?.startsWith('multipart/')) return;
        this.#known.learn(bytes.subarray(this.#begin.at, at), description, this.count);
    }

    /** A delimiter where a header is expected: a doubled one, or a part without a body. */
    #readDelimiter(at: number): Delimiter | 'more' | undefined {
        const { bytes, final } = this.#cursor;
        const known = this.#delimiters.read(bytes, at, final);
        if (known !== undefined || this.count > 0) return known;
        return this.#delimiters.readUnknown(bytes, at, final);
    }

    #readLine(hasCr: boolean): HeadResult {
        const { bytes, at } = this.#cursor;
        const room = this.#limit - this.#lines.bytes;
        const lineEnd = bytes.subarray(0, at + room).indexOf(LF, at);
        if (lineEnd < 0) return bytes.length - at < room ? 'more' : 'too-large';
        const from = hasCr ? at + 1 : at;
        const line = bytes.subarray(from, Math.max(from, bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd));
        this.#lines.bytes += lineEnd + 1 - at;
        if (line.length > 0 && !this.#takeLine(line)) return 'garbage';
        this.#cursor.at = lineEnd + 1;
        if (line.length === 0) {
            this.#learn();
            return 'end';
        }
        if (hasCr) this.hasLeadingCr = true;
        return 'on';
    }

    /** False where the line shows that these are no headers at all; a single bad one among others is passed over. */
    #takeLine(line: Buffer): boolean {
        if (this.count === 0 && agreement(line, 0, HTTP_VERSION) === HTTP_VERSION.length) {
            this.isHttp = true;
            return true;
        }
        return this.#lines.add(line) || this.count > 0 || this.isHttp;
    }

    /** What a report shows of headers that exceed their limit; no byte beyond it. */
    get oversizeStart(): Buffer {
        return this.#cursor.rest.subarray(0, Math.max(0, this.#limit - this.#lines.bytes));
    }
}
