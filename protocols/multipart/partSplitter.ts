import { BodyReader, type DocumentOptions } from './bodyReader';
import { boundaryOf } from './boundary';
import { Cursor, MOST_BLANKS } from './cursor';
import { type Delimiter, Delimiters } from './delimiters';
import { startsDocument } from './documentEnd';
import { Garbage } from './garbage';
import { HeadReader } from './headReader';
import { KnownHeads } from './knownHeads';
import { onlyLineEnds } from './openBody';
import { type Part, SPLITTER_LIMITS, type SplitterCounters, type SplitterFault, type SplitterLimits } from './part';
import { PartDesk } from './partDesk';
import { describeHeaders, type PartDescription } from './partHeaders';

export {
    keepPart,
    type Part,
    SPLITTER_LIMITS,
    type SplitterCounters,
    type SplitterFault,
    type SplitterFaultKind,
    type SplitterLimits,
} from './part';

export interface SplitterOptions extends DocumentOptions {
    /** As the Content-Type declares it, see `boundaryOf`; without one it is learned. */
    boundary?: string;
    /** Headers (names in lower case) for documents that come without any: those of the response or the request. */
    headers?: Record<string, string>;
    limits?: Partial<SplitterLimits>;
    /** Shared by the splitters of one source, whose heads are alike; one of its own by default. */
    heads?: KnownHeads;
    /** Called within `feed`, `settle` or `end` as soon as a part is whole. Must not throw, and must not feed. */
    onPart(part: Part): void;
    onFault?(fault: SplitterFault): void;
}

const CR = 0x0d;
const HYPHEN = 0x2d;

const NO_BYTES = Buffer.alloc(0);
const NO_PART: PartDescription = { headers: Object.create(null), typeClass: 'unknown' };

const HTTP_VERSION = Buffer.from('http/');
const PART_HEADER = Buffer.from('content-');
const MIME_HEADER = Buffer.from('mime-version:');
const JPEG = Buffer.from([0xff, 0xd8]);
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** What may stand between parts, besides delimiters and documents. */
const BEGINNINGS = [HTTP_VERSION, PART_HEADER, MIME_HEADER, JPEG, BYTE_ORDER_MARK];

/** Where the splitter stands: between parts, in garbage, in headers, before a body, in one. */
type State = 'seek' | 'garbage' | 'head' | 'body' | 'reading';

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
    readonly #desk: PartDesk;
    readonly #limits: SplitterLimits;
    readonly #cursor = new Cursor();
    readonly #delimiters = new Delimiters();
    readonly #head: HeadReader;
    readonly #body: BodyReader;
    readonly #garbage: Garbage;
    /** Describes documents that come without headers. */
    readonly #standalone: PartDescription;
    /** The part being read, or the one whose documents go on. */
    #part: PartDescription;
    #state: State = 'seek';
    /** Multiparts that were entered since the last part. */
    #depth = 0;

    constructor(options: SplitterOptions) {
        this.#limits = { ...SPLITTER_LIMITS, ...options.limits };
        this.#desk = new PartDesk(options);
        this.#head = new HeadReader(
            this.#cursor,
            this.#delimiters,
            options.heads ?? new KnownHeads(),
            this.#limits.headers,
        );
        this.#body = new BodyReader(this.#cursor, this.#delimiters, this.#desk, this.#limits, options);
        this.#garbage = new Garbage(this.#cursor, this.#delimiters, this.#desk, this.#limits.unsynchronised);
        this.#standalone = options.headers === undefined ? NO_PART : describeHeaders(options.headers);
        this.#part = this.#standalone;
        this.#delimiters.learn(options.boundary);
    }

    get counters(): SplitterCounters {
        return this.#desk.counters;
    }

    /** Whether a part is whole but for its delimiter: the time to call {@link settle} when nothing more comes. */
    get waits(): boolean {
        if (this.#state === 'reading') return this.#body.waits;
        return this.#state === 'body' && this.#part.contentLength === 0 && onlyLineEnds(this.#cursor.rest);
    }

    /** Reads a chunk. Unless the chunks are `transient`, it must not be overwritten before its parts are handed out. */
    feed(chunk: Buffer): void {
        this.counters.bytes += chunk.length;
        this.#cursor.add(chunk);
        this.#run();
        this.#cursor.release();
    }

    /**
     * To be called when nothing has arrived for a while (say 200 ms): hands out a part that has all the bytes it declares
     * although no delimiter has confirmed it yet. On a stream that confirmation is the next event, half a minute later.
     */
    settle(): void {
        if (!this.waits) return;
        if (this.#state === 'body') this.#body.openRaw(this.#part);
        this.#body.settle();
        this.#seek(this.#standalone);
    }

    /**
     * The input is over. A binary part that was cut is handed out as truncated; a document that was cut is reported. The
     * splitter can be fed again, as for a new stream with the same boundaries.
     */
    end(): void {
        this.#cursor.final = true;
        if (this.#state === 'reading' && this.#body.endAtCutDelimiter()) this.#seek(this.#standalone);
        else this.#run();
        this.#endOfInput();
        this.#cursor.final = false;
        this.#cursor.clear();
        this.#seek(this.#standalone);
    }

    #run(): void {
        this.#forget();
        while (!this.#cursor.isAtEnd && this.#step());
    }

    /** The bytes at hand are others, or other boundaries are known. */
    #forget(): void {
        this.#body.forget();
        this.#garbage.forget();
    }

    /** Reads on; false when more bytes are needed. */
    #step(): boolean {
        switch (this.#state) {
            case 'seek':
                return this.#stepSeek();
            case 'garbage':
                return this.#stepGarbage();
            case 'head':
                return this.#stepHead();
            case 'body':
                return this.#stepBody();
            case 'reading':
                return this.#stepReading();
        }
    }

    // Between parts -------------------------------------------------------------------------------------------------

    /** Goes on to look for a delimiter, or for a document that comes without one and is described by `part`. */
    #seek(part: PartDescription): void {
        this.#state = 'seek';
        this.#part = part;
    }

    #stepSeek(): boolean {
        const cursor = this.#cursor;
        cursor.skipFiller();
        const first = cursor.bytes[cursor.at];
        if (first === undefined) return false;
        if (first === HYPHEN) return this.#stepDelimiter();
        if (startsDocument(first)) {
            this.#body.openBareDocument(this.#part);
            this.#state = 'reading';
            return true;
        }
        const seen = cursor.firstOf(BEGINNINGS);
        if (seen === 'more') return false;
        if (seen === undefined) this.#openGarbage();
        else if (seen === BYTE_ORDER_MARK) cursor.at += seen.length;
        else if (seen === JPEG) this.#openRaw(this.#standalone);
        else this.#openHead(false);
        return true;
    }

    #stepDelimiter(): boolean {
        const { bytes, at, final } = this.#cursor;
        const known = this.#delimiters.read(bytes, at, final);
        const delimiter = known ?? this.#delimiters.readUnknown(bytes, at, final);
        if (delimiter === 'more') return false;
        if (delimiter === undefined) this.#openGarbage();
        else this.#passDelimiter(delimiter);
        return true;
    }

    #passDelimiter({ next, closes }: Delimiter): void {
        this.#delimiters.confirmed = true;
        this.#forget();
        this.#cursor.at = next;
        if (!closes) {
            this.#openHead(true);
            return;
        }
        // The end marker is not always the end: some devices write one and go on.
        this.#depth = 0;
        this.#seek(this.#standalone);
    }

    #openGarbage(seen?: Buffer): void {
        this.#state = 'garbage';
        this.#garbage.open(seen);
    }

    #stepGarbage(): boolean {
        const result = this.#garbage.step();
        if (result === 'found') this.#seek(this.#standalone);
        return result !== 'more';
    }

    // Headers -------------------------------------------------------------------------------------------------------

    #openHead(afterDelimiter: boolean): void {
        this.#state = 'head';
        this.#part = this.#standalone;
        this.#head.open(afterDelimiter);
    }

    #stepHead(): boolean {
        const result = this.#head.step();
        switch (result) {
            case 'more':
                return false;
            case 'on':
                return true;
            case 'garbage':
                this.#openGarbage();
                return true;
            case 'too-large':
                this.#drop('headers-too-large', this.#head.bytes, this.#head.oversizeStart);
                this.#openGarbage();
                return true;
            case 'end':
                this.#endHead();
                return true;
            default:
                if (this.#head.count > 0) this.#drop('headers-cut', this.#head.bytes, NO_BYTES);
                this.#passDelimiter(result);
                return true;
        }
    }

    #endHead(): void {
        this.#part = this.#head.describe();
        const { contentType, typeClass, headers } = this.#part;
        const isMultipart = contentType?.startsWith('multipart/') === true;
        if (isMultipart) {
            this.#delimiters.learn(boundaryOf(headers['content-type']));
            this.#forget();
        }
        if (this.#head.isHttp && (isMultipart || typeClass !== 'binary')) this.#seek(this.#part);
        else if (isMultipart) this.#descend();
        else this.#state = 'body';
    }

    #descend(): void {
        this.#depth += 1;
        if (this.#depth <= this.#limits.nesting) {
            this.#seek(this.#standalone);
            return;
        }
        this.#drop('nested-too-deep', this.#head.bytes, NO_BYTES);
        this.#openGarbage();
    }

    // Bodies --------------------------------------------------------------------------------------------------------

    /** Decides by the first bytes what kind of body begins. */
    #stepBody(): boolean {
        const cursor = this.#cursor;
        const { bytes } = cursor;
        if (this.#head.hasLeadingCr) {
            this.#head.hasLeadingCr = false;
            if (bytes[cursor.at] === CR) cursor.at += 1;
            return true;
        }
        const start = cursor.afterBlanks();
        if (start - cursor.at >= MOST_BLANKS) {
            if (this.#part.typeClass === 'document') cursor.at = start;
            else this.#openRaw(this.#part);
            return true;
        }
        const first = bytes[start];
        if (first === undefined) return false;
        if (first === HYPHEN) return this.#stepDashedBody(start);
        if (!startsDocument(first)) return this.#stepOtherBody(start);
        if (start === cursor.at && this.#body.takeDocument(this.#part)) {
            this.#depth = 0;
            this.#seek(this.#part);
            return true;
        }
        this.#body.openDocument(this.#part, start - cursor.at);
        this.#state = 'reading';
        return true;
    }

    /** A body that begins with a dash: empty, a multipart within, or something else. */
    #stepDashedBody(start: number): boolean {
        const { contentLength = 0, typeClass } = this.#part;
        const { bytes, final } = this.#cursor;
        const known = this.#delimiters.read(bytes, start, final);
        if (known === 'more') return false;
        if (known !== undefined) {
            this.#cursor.at = start;
            if (this.#head.count === 0) this.#seek(this.#standalone);
            else if (contentLength > 0 && typeClass === 'unknown') this.#descend();
            else this.#endEmptyBody('text-broken');
            return true;
        }
        const isMultipart = typeClass === 'unknown' ? this.#startsMultipart(start) : false;
        if (isMultipart === 'more') return false;
        if (isMultipart) {
            this.#cursor.at = start;
            this.#descend();
        } else this.#openRaw(this.#part);
        return true;
    }

    /** Whether a line at `start` with an unknown boundary is followed by a header, as a multipart within would begin. */
    #startsMultipart(start: number): boolean | 'more' {
        const { bytes, final } = this.#cursor;
        const unknown = this.#delimiters.peekUnknown(bytes, start, final);
        if (unknown === undefined || unknown === 'more') return unknown ?? false;
        const seen = this.#cursor.firstOf([PART_HEADER], this.#cursor.afterBlanks(unknown.next));
        return seen === 'more' ? 'more' : seen !== undefined;
    }

    #stepOtherBody(start: number): boolean {
        const cursor = this.#cursor;
        const sought = this.#head.count === 0 ? [PART_HEADER, BYTE_ORDER_MARK] : [BYTE_ORDER_MARK];
        const seen = cursor.firstOf(sought, start);
        if (seen === 'more') return false;
        if (seen === PART_HEADER) {
            // A blank line between the delimiter and the headers.
            cursor.at = start;
            this.#openHead(false);
        } else if (seen === BYTE_ORDER_MARK && this.#part.typeClass !== 'binary') cursor.at = start + seen.length;
        else this.#openRaw(this.#part);
        return true;
    }

    #openRaw(part: PartDescription): void {
        this.#part = part;
        this.#body.openRaw(part);
        this.#state = 'reading';
    }

    #stepReading(): boolean {
        const result = this.#body.step();
        if (result === 'more' || result === 'on') return result === 'on';
        this.#depth = 0;
        if (result === 'garbage') this.#openGarbage(this.#body.seen);
        else this.#seek(result === 'document' ? this.#part : this.#standalone);
        return true;
    }

    #endEmptyBody(fault: 'text-broken' | 'text-cut'): void {
        const { contentLength = 0, typeClass } = this.#part;
        if (contentLength === 0 || typeClass === 'binary') {
            this.#desk.handOut(this.#part, NO_BYTES, contentLength > 0);
            this.#depth = 0;
        } else this.#drop(fault, 0, NO_BYTES);
        this.#seek(this.#standalone);
    }

    #drop(kind: SplitterFault['kind'], bytes: number, start: Buffer): void {
        this.#depth = 0;
        this.#desk.drop(kind, this.#part.headers, bytes, start);
    }

    #endOfInput(): void {
        const { rest } = this.#cursor;
        if (this.#state === 'garbage') this.#garbage.end();
        else if (this.#state === 'reading') this.#body.end();
        else if (this.#state === 'body' && this.#head.count > 0) this.#endEmptyBody('text-cut');
        else if (this.#state === 'head' && (this.#head.count > 0 || !onlyLineEnds(rest))) {
            this.#drop('headers-cut', this.#head.bytes + rest.length, rest);
        }
    }
}
