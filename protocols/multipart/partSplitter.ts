import { boundaryOf } from './boundary';
import { type Delimiter, Delimiters } from './delimiters';
import { type DocumentScanner, scannerFor } from './documentEnd';
import { Garbage } from './garbage';
import { OpenBody, onlyLineEnds, startsAsPicture } from './openBody';
import { describeHeaders, HeaderLines, type PartDescription } from './partHeaders';

/** One part of a stream or a post. */
export interface Part {
    /** Names in lower case, values as sent; no prototype. Empty for a document that came without any. */
    headers: Record<string, string>;
    /** `text`: a whole XML or JSON document, or text of another kind. `binary`: a picture or anything else. */
    kind: 'text' | 'binary';
    /** The bytes, in memory of their own. A document comes without the blanks around it. */
    body: Buffer;
    /** Whether bytes are missing at the end. Never true for a document: those come whole or not at all. */
    truncated: boolean;
    name?: string;
    filename?: string;
    /** In lower case, without parameters. */
    contentType?: string;
    /** In lower case. */
    charset?: string;
    /** Without `<` and `>`. */
    contentId?: string;
}

export interface SplitterLimits {
    /** Bytes of one text part (1 MiB). */
    text: number;
    /** Bytes of one binary part (16 MiB). */
    picture: number;
    /** Bytes skipped in search of the next part before that counts as a failure to resynchronise (64 KiB). */
    unsynchronised: number;
    /** Bytes of the headers of one part (16 KiB). */
    headers: number;
    /** Multiparts within one another (4). */
    nesting: number;
}

export const SPLITTER_LIMITS: SplitterLimits = {
    text: 1024 * 1024,
    picture: 16 * 1024 * 1024,
    unsynchronised: 64 * 1024,
    headers: 16 * 1024,
    nesting: 4,
};

export type SplitterFaultKind =
    /** A delimiter came before the document had ended. */
    | 'text-broken'
    /** The input ended inside a document. */
    | 'text-cut'
    | 'text-too-large'
    | 'picture-too-large'
    | 'headers-too-large'
    /** The input ended inside the headers of a part. */
    | 'headers-cut'
    | 'nested-too-deep'
    /** Bytes that belong to no part were skipped; the next part was found. */
    | 'skipped'
    /** Nothing readable within the limit of unsynchronised bytes. */
    | 'unsynchronised';

/** Bytes that became no part. */
export interface SplitterFault {
    kind: SplitterFaultKind;
    /** How many bytes are lost. */
    bytes: number;
    /** The first of them, at most 256, so that a report can show what they were. */
    start: Buffer;
    /** The headers of the part, where it had any. */
    headers: Record<string, string>;
}

export interface SplitterCounters {
    /** Parts handed out. */
    parts: number;
    /** Bytes fed. */
    bytes: number;
    /** Parts that were begun and given up. */
    droppedParts: number;
    /** Bytes that became no part, framing not counted. */
    droppedBytes: number;
    /** How often the next part had to be searched for. */
    resyncs: number;
    /** How often that search exceeded its limit. */
    unsynchronised: number;
    /** Parts handed out that lack bytes. */
    truncated: number;
    /** Parts handed out whose declared length was not theirs. Documents are not measured. */
    wrongLengths: number;
}

export interface SplitterOptions {
    /** As the Content-Type declares it, see `boundaryOf`; without one it is learned. */
    boundary?: string;
    /** Headers (names in lower case) for documents that come without any: those of the response or the request. */
    headers?: Record<string, string>;
    limits?: Partial<SplitterLimits>;
    /** Called within `feed`, `settle` or `end` as soon as a part is whole. Must not throw, and must not feed. */
    onPart(part: Part): void;
    onFault?(fault: SplitterFault): void;
}

const NUL = 0x00;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const HYPHEN = 0x2d;
const OPEN_BRACE = 0x7b;

const NO_BYTES = Buffer.alloc(0);
const NO_PART: PartDescription = { headers: Object.create(null), typeClass: 'unknown' };
const AT_LINE_START = (CR << 8) | LF;

const FAULT_START = 256;
/** Blanks before a body that are looked through for the start of a document. */
const MOST_BLANKS = 256;

const HTTP_VERSION = Buffer.from('http/');
const PART_HEADER = Buffer.from('content-');
const MIME_HEADER = Buffer.from('mime-version:');
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const JPEG = Buffer.from([0xff, 0xd8]);
const BLANK_LINE = Buffer.from('\r\n\r\n');
const SHORT_BLANK_LINE = Buffer.from('\n\n');
/** Lines at which reading starts again inside garbage. A mere `<name>` or `[` is too common within broken bodies. */
const RESTARTS = [HTTP_VERSION, PART_HEADER, Buffer.from('<?xml'), Buffer.from('<eventnotificationalert')];

/** Where the splitter stands. */
const SEEK = 0;
const GARBAGE = 1;
const HEADERS = 2;
const BODY = 3;
const DOCUMENT = 4;
const RAW = 5;

/**
 * Splits what devices send into parts: multipart streams and posts in every framing that has been seen, and plain XML or
 * JSON without any.
 *
 * - A document (XML, JSON) ends where its structure ends and is handed out at that byte. Its declared length is ignored:
 *   it may count the newline that follows, or be wrong.
 * - Anything else ends at its declared length when a delimiter follows there, else at the next delimiter. It is handed
 *   out before a delimiter follows only when the bytes show their end: see {@link PartSplitter.settle} for the rest.
 * - Delimiters count wherever a line starts, also inside a declared length: a length of a gigabyte stalls nothing.
 * - What cannot be read is counted and reported, and reading goes on at the next part.
 *
 * The output depends on the bytes alone, never on how they are cut into chunks. Every byte is looked at a bounded number
 * of times and copied once (twice when it trickles in), so neither a trickle nor a body without an end is expensive.
 *
 * Why not a multipart library: docs/decisions/0003-tolerant-splitter.md.
 */
export class PartSplitter {
    readonly counters: SplitterCounters = {
        parts: 0,
        bytes: 0,
        droppedParts: 0,
        droppedBytes: 0,
        resyncs: 0,
        unsynchronised: 0,
        truncated: 0,
        wrongLengths: 0,
    };
    readonly #limits: SplitterLimits;
    readonly #onPart: (part: Part) => void;
    readonly #onFault: (fault: SplitterFault) => void;
    readonly #delimiters = new Delimiters();
    readonly #garbage: Garbage;
    /** Describes documents that come without headers. */
    readonly #standalone: PartDescription;

    #state = SEEK;
    /** The bytes at hand: what the last chunk left over, then the current one. */
    #bytes: Buffer = NO_BYTES;
    #at = 0;
    #final = false;
    /** What {@link Delimiters.find} told about the bytes at hand, and what it was asked. */
    #ahead: Delimiter | undefined;
    #aheadAnywhere = false;

    /** The part being read, or the one whose documents go on. */
    #part: PartDescription;
    #body = new OpenBody();
    #scanner: DocumentScanner | undefined;
    /** Blanks before a document, kept for the case that it turns out to be none. */
    #blanks = 0;
    /** Whether the document is the first of a part with headers; otherwise nothing else can be made of it. */
    #hasHeaders = false;
    #depth = 0;

    #headers = new HeaderLines();
    #isHttpHead = false;
    #atDelimiterEnd = false;
    #crBeforeLines = false;

    #garbageBefore = AT_LINE_START;
    #atGarbageLine = false;

    constructor(options: SplitterOptions) {
        this.#limits = { ...SPLITTER_LIMITS, ...options.limits };
        this.#onPart = options.onPart;
        this.#onFault = options.onFault ?? (() => undefined);
        this.#standalone = options.headers === undefined ? NO_PART : describeHeaders(options.headers);
        this.#part = this.#standalone;
        this.#delimiters.learn(options.boundary);
        this.#garbage = new Garbage(this.#limits.unsynchronised, (kind, bytes, start) => {
            this.counters.droppedBytes += bytes;
            if (kind === 'unsynchronised') this.counters.unsynchronised += 1;
            this.#onFault({ kind, bytes, start, headers: NO_PART.headers });
        });
    }

    /** Whether a part is whole but for its delimiter: the time to call {@link settle} when nothing more comes. */
    get waits(): boolean {
        if (this.#state === RAW) return this.#body.isWhole(this.#bytes);
        return this.#state === BODY && this.#part.contentLength === 0 && onlyLineEnds(this.#bytes);
    }

    /** Reads a chunk. It must not be overwritten before the parts that it belongs to are handed out. */
    feed(chunk: Buffer): void {
        this.counters.bytes += chunk.length;
        this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
        this.#run();
        // The rest is short, and copied so that it does not keep the whole chunk in memory.
        this.#bytes = this.#at === this.#bytes.length ? NO_BYTES : Buffer.from(this.#bytes.subarray(this.#at));
    }

    /**
     * To be called when nothing has arrived for a while (say 200 ms): hands out a part that has all the bytes it declares
     * although no delimiter has confirmed it yet. On a stream that confirmation is the next event, half a minute later.
     */
    settle(): void {
        if (!this.waits) return;
        if (this.#state === BODY) this.#openRaw(this.#part);
        this.#body.append(this.#bytes, 0, this.#bytes.length);
        this.#bytes = NO_BYTES;
        this.#closeBody('delimiter');
    }

    /**
     * The input is over. A binary part that was cut is handed out as truncated; a document that was cut is reported. The
     * splitter can be fed again, as for a new stream with the same boundaries.
     */
    end(): void {
        this.#final = true;
        if (this.#state === RAW && this.#endsInCutDelimiter()) this.#closeBody('delimiter');
        else this.#run();
        this.#endOfInput();
        this.#final = false;
        this.#bytes = NO_BYTES;
        this.#seek(this.#standalone);
    }

    #run(): void {
        this.#at = 0;
        this.#ahead = undefined;
        while (this.#at < this.#bytes.length && this.#step());
    }

    /** Reads on from `#at`; false when more bytes are needed. */
    #step(): boolean {
        switch (this.#state) {
            case SEEK:
                return this.#stepSeek();
            case GARBAGE:
                return this.#stepGarbage();
            case HEADERS:
                return this.#stepHeaders();
            case BODY:
                return this.#stepBody();
            case DOCUMENT:
                return this.#stepDocument();
            default:
                return this.#stepRaw();
        }
    }

    // Between parts -------------------------------------------------------------------------------------------------

    /** Goes on to look for a delimiter, or for a document that comes without one and is described by `part`. */
    #seek(part: PartDescription): void {
        this.#state = SEEK;
        this.#part = part;
    }

    #stepSeek(): boolean {
        const bytes = this.#bytes;
        let at = this.#at;
        while (at < bytes.length && isFiller(bytes[at] as number)) at += 1;
        this.#at = at;
        if (at === bytes.length) return false;
        const first = bytes[at] as number;
        if (first === HYPHEN) return this.#stepDelimiter();
        if (scannerFor(first) !== undefined) {
            this.#openDocument(first, undefined);
            return true;
        }
        const seen = this.#firstOf([HTTP_VERSION, PART_HEADER, MIME_HEADER, JPEG, BYTE_ORDER_MARK]);
        if (seen === 'more') return false;
        if (seen === undefined) this.#startGarbage();
        else if (seen === BYTE_ORDER_MARK) this.#at += BYTE_ORDER_MARK.length;
        else if (seen === JPEG) this.#openRaw(this.#standalone);
        else this.#openHeaders();
        return true;
    }

    #stepDelimiter(): boolean {
        const delimiter = this.#readDelimiter();
        if (delimiter === 'more') return false;
        if (delimiter === undefined) this.#startGarbage();
        else this.#passDelimiter(delimiter);
        return true;
    }

    /** The delimiter at `#at`; one whose boundary is not known yet is learned. */
    #readDelimiter(): Delimiter | 'more' | undefined {
        return (
            this.#delimiters.read(this.#bytes, this.#at, this.#final) ??
            this.#delimiters.readUnknown(this.#bytes, this.#at, this.#final)
        );
    }

    #passDelimiter(delimiter: Delimiter): void {
        this.#delimiters.confirmed = true;
        this.#ahead = undefined;
        this.#at = delimiter.next;
        if (!delimiter.closes) {
            this.#openHeaders();
            this.#atDelimiterEnd = true;
            return;
        }
        // The end marker is not always the end: some devices write one and go on.
        this.#depth = 0;
        this.#seek(this.#standalone);
    }

    /** Which of the prefixes (in lower case) stands at `at`; `more` where too few bytes are there to tell. */
    #firstOf(prefixes: Buffer[], at = this.#at): Buffer | 'more' | undefined {
        let more = false;
        for (const prefix of prefixes) {
            const agreeing = agreement(this.#bytes, at, prefix);
            if (agreeing === prefix.length) return prefix;
            if (at + agreeing === this.#bytes.length) more = true;
        }
        return more && !this.#final ? 'more' : undefined;
    }

    #find(anywhere: boolean): Delimiter {
        if (this.#ahead === undefined || this.#ahead.at < this.#at || this.#aheadAnywhere !== anywhere) {
            const before = anywhere ? this.#garbageBefore : this.#body.before;
            this.#aheadAnywhere = anywhere;
            this.#ahead = this.#delimiters.find(this.#bytes, this.#at, { before, anywhere, final: this.#final });
        }
        return this.#ahead;
    }

    // Garbage -------------------------------------------------------------------------------------------------------

    #startGarbage(): void {
        this.counters.resyncs += 1;
        this.#state = GARBAGE;
        this.#atGarbageLine = false;
        this.#garbageBefore = 0;
    }

    /** Skips to a known delimiter, wherever it stands, or to a line that shows that something begins. */
    #stepGarbage(): boolean {
        if (this.#atGarbageLine) {
            const restarts = this.#restartsHere();
            if (restarts === 'more') return false;
            this.#atGarbageLine = false;
            if (restarts) return this.#leaveGarbage();
        }
        const delimiter = this.#find(true);
        const lineEnd = this.#bytes.indexOf(LF, this.#at);
        if (lineEnd >= 0 && lineEnd < delimiter.at) {
            this.#skip(lineEnd + 1);
            this.#atGarbageLine = true;
            return true;
        }
        this.#skip(delimiter.at);
        return delimiter.next >= 0 && this.#leaveGarbage();
    }

    #skip(to: number): void {
        if (to === this.#at) return;
        this.#garbage.add(this.#bytes, this.#at, to);
        this.#garbageBefore = this.#bytes[to - 1] as number;
        this.#at = to;
    }

    #leaveGarbage(): true {
        this.#garbage.found();
        this.#seek(this.#standalone);
        return true;
    }

    #restartsHere(): boolean | 'more' {
        const bytes = this.#bytes;
        if (bytes[this.#at] === HYPHEN && !this.#delimiters.confirmed) {
            const unknown = this.#delimiters.peekUnknown(bytes, this.#at, this.#final);
            return unknown === 'more' ? 'more' : unknown !== undefined;
        }
        if (bytes[this.#at] === OPEN_BRACE) {
            const next = skipBlanks(bytes, this.#at + 1);
            if (next === bytes.length && next - this.#at < MOST_BLANKS) return this.#final ? false : 'more';
            return bytes[next] === DOUBLE_QUOTE;
        }
        const seen = this.#firstOf(RESTARTS);
        return seen === 'more' ? 'more' : seen !== undefined;
    }

    // Headers -------------------------------------------------------------------------------------------------------

    #openHeaders(): void {
        this.#state = HEADERS;
        this.#part = this.#standalone;
        this.#headers = new HeaderLines();
        this.#isHttpHead = false;
        this.#atDelimiterEnd = false;
        this.#crBeforeLines = false;
    }

    #stepHeaders(): boolean {
        const bytes = this.#bytes;
        if (this.#atDelimiterEnd) return this.#stepDelimiterEnd();
        const hasCr = bytes[this.#at] === CR;
        if (hasCr && this.#at + 1 === bytes.length && !this.#final) return false;
        const start = hasCr ? this.#at + 1 : this.#at;
        const first = bytes[start];
        if (first === HYPHEN) {
            const delimiter = this.#delimiterAmongHeaders(start);
            if (delimiter === 'more') return false;
            if (delimiter) return true;
        }
        const picture = first === JPEG[0] ? this.#firstOf([JPEG], start) : undefined;
        if (picture === 'more') return false;
        if (picture !== undefined || (first !== undefined && scannerFor(first) !== undefined)) {
            // The blank line is missing: the body begins here.
            this.#at = start;
            this.#endHeaders();
            return true;
        }
        return this.#stepHeaderLine(hasCr);
    }

    #stepDelimiterEnd(): boolean {
        const bytes = this.#bytes;
        const isCr = bytes[this.#at] === CR;
        if (isCr && this.#at + 1 === bytes.length && !this.#final) return false;
        this.#at += isCr && bytes[this.#at + 1] === LF ? 2 : 1;
        this.#atDelimiterEnd = false;
        return true;
    }

    /** A delimiter where a header is expected: a doubled one, or a part without a body. */
    #delimiterAmongHeaders(at: number): boolean | 'more' {
        const expectsFirst = this.#headers.count === 0;
        const delimiter =
            this.#delimiters.read(this.#bytes, at, this.#final) ??
            (expectsFirst ? this.#delimiters.readUnknown(this.#bytes, at, this.#final) : undefined);
        if (delimiter === 'more') return 'more';
        if (delimiter === undefined) return false;
        if (!expectsFirst) this.#drop('headers-cut', this.#headers.bytes, NO_BYTES);
        this.#passDelimiter(delimiter);
        return true;
    }

    #stepHeaderLine(hasCr: boolean): boolean {
        const bytes = this.#bytes;
        const room = this.#limits.headers - this.#headers.bytes;
        const lineEnd = bytes.subarray(0, this.#at + room).indexOf(LF, this.#at);
        if (lineEnd < 0) {
            if (bytes.length - this.#at < room) return false;
            this.#drop(
                'headers-too-large',
                this.#headers.bytes,
                bytes.subarray(this.#at, this.#at + Math.min(room, FAULT_START)),
            );
            this.#startGarbage();
            return true;
        }
        const from = hasCr ? this.#at + 1 : this.#at;
        const line = bytes.subarray(from, Math.max(from, bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd));
        this.#headers.bytes += lineEnd + 1 - this.#at;
        if (line.length > 0 && this.#headers.count === 0 && agreement(line, 0, HTTP_VERSION) === HTTP_VERSION.length) {
            this.#isHttpHead = true;
        } else if (line.length > 0 && !this.#headers.add(line) && this.#headers.count === 0 && !this.#isHttpHead) {
            this.#startGarbage();
            return true;
        }
        this.#at = lineEnd + 1;
        if (line.length === 0) this.#endHeaders();
        else if (hasCr) this.#crBeforeLines = true;
        return true;
    }

    #endHeaders(): void {
        this.#part = this.#headers.describe();
        const { contentType, typeClass, headers } = this.#part;
        const isMultipart = contentType?.startsWith('multipart/') === true;
        if (isMultipart) {
            this.#delimiters.learn(boundaryOf(headers['content-type']));
            this.#ahead = undefined;
        }
        if (this.#isHttpHead && (isMultipart || typeClass !== 'binary')) this.#seek(this.#part);
        else if (isMultipart) this.#descend();
        else this.#state = BODY;
    }

    // Bodies --------------------------------------------------------------------------------------------------------

    /** Decides by the first bytes what kind of body begins. */
    #stepBody(): boolean {
        const bytes = this.#bytes;
        if (this.#crBeforeLines) {
            this.#crBeforeLines = false;
            if (bytes[this.#at] === CR) this.#at += 1;
            return true;
        }
        const start = skipBlanks(bytes, this.#at);
        const manyBlanks = start - this.#at >= MOST_BLANKS;
        if (start === bytes.length && !manyBlanks) return false;
        const first = bytes[start];
        if (first === HYPHEN && !manyBlanks) return this.#stepDashedBody(start);
        if (first !== undefined && scannerFor(first) !== undefined && !manyBlanks) {
            this.#openDocument(first, start);
            return true;
        }
        return this.#stepOtherBody(start, manyBlanks);
    }

    #stepOtherBody(start: number, manyBlanks: boolean): boolean {
        const isBare = this.#headers.count === 0;
        const at = this.#at;
        this.#at = start;
        const seen = manyBlanks
            ? undefined
            : this.#firstOf(isBare ? [PART_HEADER, BYTE_ORDER_MARK] : [BYTE_ORDER_MARK]);
        this.#at = at;
        if (seen === 'more') return false;
        if (seen === PART_HEADER) {
            // A blank line between the delimiter and the headers.
            this.#at = start;
            this.#openHeaders();
        } else if (seen === BYTE_ORDER_MARK && this.#part.typeClass !== 'binary') this.#at = start + seen.length;
        else if (manyBlanks && this.#part.typeClass === 'document') this.#at = start;
        else this.#openRaw(this.#part);
        return true;
    }

    /** A body that begins with a dash: empty, a multipart within, or something else. */
    #stepDashedBody(start: number): boolean {
        const { contentLength = 0, typeClass } = this.#part;
        const known = this.#delimiters.read(this.#bytes, start, this.#final);
        if (known === 'more') return false;
        if (known !== undefined) {
            this.#at = start;
            if (this.#headers.count === 0) this.#seek(this.#standalone);
            else if (contentLength > 0 && typeClass === 'unknown') this.#descend();
            else this.#endEmptyBody('text-broken');
            return true;
        }
        const nested = typeClass === 'unknown' ? this.#startsMultipart(start) : false;
        if (nested === 'more') return false;
        if (nested) {
            this.#at = start;
            this.#descend();
        } else this.#openRaw(this.#part);
        return true;
    }

    /** Whether a line at `start` with an unknown boundary is followed by a header, as a multipart within would begin. */
    #startsMultipart(start: number): boolean | 'more' {
        const unknown = this.#delimiters.peekUnknown(this.#bytes, start, this.#final);
        if (unknown === undefined || unknown === 'more') return unknown ?? false;
        const seen = this.#firstOf([PART_HEADER], skipBlanks(this.#bytes, unknown.next));
        return seen === 'more' ? 'more' : seen !== undefined;
    }

    #descend(): void {
        this.#depth += 1;
        if (this.#depth <= this.#limits.nesting) {
            this.#seek(this.#standalone);
            return;
        }
        this.#depth = 0;
        this.#drop('nested-too-deep', this.#headers.bytes, NO_BYTES);
        this.#startGarbage();
    }

    #endEmptyBody(fault: 'text-broken' | 'text-cut'): void {
        const { contentLength = 0, typeClass } = this.#part;
        if (contentLength === 0) this.#handOut(NO_BYTES, false);
        else if (typeClass === 'binary') this.#handOut(NO_BYTES, true);
        else this.#drop(fault, 0, NO_BYTES);
        this.#seek(this.#standalone);
    }

    // Documents -----------------------------------------------------------------------------------------------------

    /** @param start where the document begins after blanks; `undefined` for one without headers, at `#at` */
    #openDocument(first: number, start: number | undefined): void {
        this.#state = DOCUMENT;
        this.#scanner = scannerFor(first);
        this.#hasHeaders = start !== undefined;
        this.#body = new OpenBody(this.#part.contentLength);
        this.#blanks = start === undefined ? 0 : start - this.#at;
        this.#body.append(this.#bytes, this.#at, this.#at + this.#blanks);
        this.#at += this.#blanks;
    }

    #stepDocument(): boolean {
        const bytes = this.#bytes;
        const from = this.#at;
        const scanner = this.#scanner as DocumentScanner;
        const delimiter = this.#find(false);
        const end = scanner.scan(bytes, from, delimiter.at);
        if (this.#body.size + end - from > this.#limits.text) return this.#endOversizeDocument();
        if (scanner.state === 'closed') {
            const body = this.#documentUpTo(end);
            this.#at = end;
            this.#state = SEEK;
            this.#handOut(body, false, 'text');
            return true;
        }
        this.#body.append(bytes, from, end);
        this.#at = end;
        if (scanner.state === 'alien') return this.#endAlienDocument();
        if (delimiter.next < 0) return false;
        this.#endBrokenDocument();
        return true;
    }

    #documentUpTo(end: number): Buffer {
        if (this.#body.size === 0) return Buffer.from(this.#bytes.subarray(this.#at, end));
        this.#body.append(this.#bytes, this.#at, end);
        return this.#body.take().subarray(this.#blanks);
    }

    #endOversizeDocument(): true {
        if (this.#hasHeaders && this.#part.typeClass === 'binary') {
            this.#fillUp(this.#limits.text);
            this.#state = RAW;
        } else this.#endOversize('text-too-large', this.#limits.text);
        return true;
    }

    /** What looked like a document is none. */
    #endAlienDocument(): true {
        if (this.#hasHeaders) this.#state = RAW;
        else {
            const seen = this.#body.take();
            this.#startGarbage();
            this.#garbage.add(seen, 0, seen.length);
        }
        return true;
    }

    /** A delimiter came first. Only what never promised to be a document may be something else. */
    #endBrokenDocument(): void {
        const { typeClass } = this.#part;
        if (this.#hasHeaders && (typeClass === 'text' || typeClass === 'binary')) this.#closeBody('delimiter');
        else {
            this.counters.resyncs += 1;
            this.#drop('text-broken', this.#body.size, this.#body.start(FAULT_START));
            this.#seek(this.#standalone);
        }
    }

    // Bodies without structure --------------------------------------------------------------------------------------

    #openRaw(part: PartDescription): void {
        this.#state = RAW;
        this.#part = part;
        this.#body = new OpenBody(part.contentLength);
    }

    /**
     * A picture without a length is not ended at its end-of-image marker: the thumbnail within has one too. A length that
     * agrees with that marker is believed at once; any other one when a delimiter follows.
     */
    #stepRaw(): boolean {
        const bytes = this.#bytes;
        const body = this.#body;
        const declared = body.declared ?? -1;
        if (body.size === declared) {
            const blankLine = this.#part.typeClass === 'text' ? this.#blankLineHere() : false;
            if (blankLine === 'more') return false;
            if (blankLine) {
                this.#closeBody('delimiter');
                return true;
            }
        }
        const isPicture = body.isPicture(bytes, this.#at);
        const declaredAt = body.size <= declared ? this.#at + declared - body.size : -1;
        const delimiter = this.#delimiters.find(bytes, this.#at, {
            before: body.before,
            gluedAt: declaredAt,
            afterImage: isPicture,
            final: this.#final,
        });
        const reaches = body.size < declared && declaredAt <= delimiter.at;
        const stop = reaches ? declaredAt : delimiter.at;
        const isText = !isPicture && (this.#part.typeClass === 'text' || this.#part.typeClass === 'document');
        const limit = isText ? this.#limits.text : this.#limits.picture;
        if (body.size + stop - this.#at > limit) {
            this.#endOversize(isText ? 'text-too-large' : 'picture-too-large', limit);
            return true;
        }
        body.append(bytes, this.#at, stop);
        this.#at = stop;
        if (reaches ? body.showsItsEnd : delimiter.next >= 0) this.#closeBody('delimiter');
        else return reaches;
        return true;
    }

    /** Dahua ends its unstructured text with a blank line, which confirms the length before the next event does. */
    #blankLineHere(): boolean | 'more' {
        const seen = this.#firstOf([BLANK_LINE, SHORT_BLANK_LINE]);
        return seen === 'more' ? 'more' : seen !== undefined;
    }

    #closeBody(at: 'delimiter' | 'end of input'): void {
        const { body, truncated, wrongLength } = this.#body.close(at);
        if (wrongLength) this.counters.wrongLengths += 1;
        this.#handOut(body, truncated);
        this.#seek(this.#standalone);
    }

    // Results -------------------------------------------------------------------------------------------------------

    #handOut(body: Buffer, truncated: boolean, kind = this.#kindOf(body)): void {
        const { headers, name, filename, contentType, charset, contentId } = this.#part;
        const part: Part = { headers, kind, body, truncated };
        if (name !== undefined) part.name = name;
        if (filename !== undefined) part.filename = filename;
        if (contentType !== undefined) part.contentType = contentType;
        if (charset !== undefined) part.charset = charset;
        if (contentId !== undefined) part.contentId = contentId;
        this.#depth = 0;
        this.counters.parts += 1;
        if (truncated) this.counters.truncated += 1;
        this.#onPart(part);
    }

    #kindOf(body: Buffer): Part['kind'] {
        if (startsAsPicture(body)) return 'binary';
        const { typeClass } = this.#part;
        if (typeClass === 'unknown') return looksLikeText(body) ? 'text' : 'binary';
        return typeClass === 'binary' ? 'binary' : 'text';
    }

    #drop(kind: SplitterFaultKind, bytes: number, start: Buffer): void {
        this.counters.droppedParts += 1;
        this.counters.droppedBytes += bytes;
        this.#depth = 0;
        this.#onFault({ kind, bytes, start: Buffer.from(start), headers: this.#part.headers });
    }

    #endOversize(kind: SplitterFaultKind, limit: number): void {
        this.#fillUp(limit);
        this.#drop(kind, limit, this.#body.start(FAULT_START));
        this.#body = new OpenBody();
        this.#startGarbage();
    }

    /** Reads the body up to exactly its limit, so that what follows does not depend on chunks. */
    #fillUp(limit: number): void {
        const stop = Math.max(this.#at, this.#at + limit - this.#body.size);
        this.#body.append(this.#bytes, this.#at, stop);
        this.#at = stop;
    }

    /** Whether what is left over is a delimiter that the end of the input has cut. */
    #endsInCutDelimiter(): boolean {
        const bytes = this.#bytes;
        return bytes.length > 2 && bytes[0] === HYPHEN && this.#delimiters.read(bytes, 0, true) === undefined;
    }

    #endOfInput(): void {
        const rest = this.#bytes.subarray(this.#at);
        switch (this.#state) {
            case GARBAGE:
                this.#garbage.found();
                break;
            case HEADERS:
                if (this.#headers.count > 0 || !onlyLineEnds(rest)) {
                    this.#drop('headers-cut', this.#headers.bytes + rest.length, rest.subarray(0, FAULT_START));
                }
                break;
            case BODY:
                if (this.#headers.count > 0) this.#endEmptyBody('text-cut');
                break;
            case DOCUMENT:
                this.#endCutDocument();
                break;
            case RAW:
                this.#closeBody('end of input');
                break;
            default:
        }
    }

    #endCutDocument(): void {
        const { typeClass } = this.#part;
        if (this.#hasHeaders && (typeClass === 'text' || typeClass === 'binary')) this.#closeBody('end of input');
        else this.#drop('text-cut', this.#body.size, this.#body.start(FAULT_START));
    }
}

/** What may stand before a delimiter or a document: blanks, and the zero that ends a string in C. */
function isFiller(byte: number): boolean {
    return isBlank(byte) || byte === NUL;
}

function isBlank(byte: number): boolean {
    return byte === LF || byte === CR || byte === SPACE || byte === TAB;
}

/** The first byte at or after `from` that is no blank; at most {@link MOST_BLANKS} further on. */
function skipBlanks(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + MOST_BLANKS);
    let at = from;
    while (at < end && isBlank(bytes[at] as number)) at += 1;
    return at;
}

/** How many bytes at `at` agree with `prefix`, which is in lower case. */
function agreement(bytes: Buffer, at: number, prefix: Buffer): number {
    let count = 0;
    while (count < prefix.length && at + count < bytes.length) {
        const byte = bytes[at + count] as number;
        const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
        if (lower !== prefix[count]) break;
        count += 1;
    }
    return count;
}

/** Whether a body without any type reads as text. */
function looksLikeText(body: Buffer): boolean {
    for (const byte of body.subarray(0, 512)) if (byte < SPACE && !isBlank(byte)) return false;
    return true;
}
