import { isUtf8 } from 'node:buffer';
import { type Cursor, isBlank } from './cursor';
import type { Delimiter, Delimiters } from './delimiters';
import { type DocumentScanner, scannerFor } from './documentEnd';
import { OpenBody } from './openBody';
import type { SplitterFaultKind, SplitterLimits } from './part';
import type { PartDesk } from './partDesk';
import type { PartDescription } from './partHeaders';

const SPACE = 0x20;
const HYPHEN = 0x2d;

const BLANK_LINES = ['\r\n\r\n', '\n\n'].map((text) => Buffer.from(text));

/** One control character in so many bytes is damage to a text; more of them are no text. */
const BYTES_PER_CONTROL = 32;
/** A length that is off by fewer bytes is a miscount. */
const LENGTH_SLACK = 16;
/** No event is shorter; shorter yet are the brackets that happen to match at the beginning of a file. */
const SHORT_DOCUMENT = 256;
const SHORTEST_DOCUMENT = 16;
/** After so many documents that could not be read at once, only one of so many is tried. */
const MOST_UNREAD = 8;
const TRY_AGAIN = 64;
/** Bytes of a lost part that are kept for a report. */
const FAULT_START = 256;

export type BodyResult =
    /** Needs more bytes. */
    | 'more'
    | 'on'
    /** A document is out; others of the same part may follow. */
    | 'document'
    /** The part is over. */
    | 'end'
    /** The part is over, and where the next one begins is not known; see {@link BodyReader.seen}. */
    | 'garbage';

export interface DocumentOptions {
    /** Whether chunks are overwritten once `feed` has returned: nothing is kept of them but copies. */
    transient?: boolean;
    /**
     * Reads a document that takes up all the bytes that its part declares, before anybody has looked for its end, which it
     * saves. What it reads is well-formed, with a root element that ends at the last byte, and without a line that begins
     * with a dash; for anything else it returns nothing.
     */
    readDocument?(bytes: Buffer, charset: string | undefined): unknown;
}

/** Reads the body of a part to its end: a document by its structure, anything else by length and delimiter. */
export class BodyReader {
    readonly #cursor: Cursor;
    readonly #delimiters: Delimiters;
    readonly #desk: PartDesk;
    readonly #limits: SplitterLimits;
    /** Whether the bytes at hand will be overwritten. */
    readonly #transient: boolean;
    readonly #readDocument: DocumentOptions['readDocument'];
    /** How often in a row a document could not be read at once. */
    #unread = 0;
    #part!: PartDescription;
    #body = new OpenBody();
    /** Set while the body is read as a document. */
    #scanner: DocumentScanner | undefined;
    /** Blanks before the document, kept for the case that it turns out to be none. */
    #blanks = 0;
    /** Whether the document is all that its part has said about itself; otherwise nothing else can be made of it. */
    #isBare = false;
    /** Control characters in the document, counted where it may be something else. */
    #controls = 0;
    #ahead: Delimiter | undefined;
    /** Bytes that were read before they turned out to be garbage. */
    seen: Buffer | undefined;

    constructor(
        cursor: Cursor,
        delimiters: Delimiters,
        desk: PartDesk,
        limits: SplitterLimits,
        { transient = false, readDocument }: DocumentOptions,
    ) {
        this.#transient = transient;
        this.#readDocument = readDocument;
        this.#cursor = cursor;
        this.#delimiters = delimiters;
        this.#desk = desk;
        this.#limits = limits;
    }

    /** Begins a document that has no headers of its own, at the cursor. */
    openBareDocument(part: PartDescription): void {
        this.#openDocument(part, 0);
        this.#isBare = true;
    }

    /** Begins the first document of a part, after `blanks` bytes. */
    openDocument(part: PartDescription, blanks: number): void {
        this.#openDocument(part, blanks);
        this.#isBare = false;
    }

    /** Reads a document at the cursor, and hands it out, where that can be done at once; else nothing has happened. */
    takeDocument(part: PartDescription): boolean {
        const { contentLength = 0, typeClass, charset } = part;
        const { bytes, at } = this.#cursor;
        const isSure = typeClass === 'document' || typeClass === 'text';
        if (this.#readDocument === undefined || !isSure || contentLength === 0) return false;
        if (at + contentLength > bytes.length || contentLength > this.#limits.text || !this.#isWorthTrying)
            return false;
        const end = endOfText(bytes, at, at + contentLength);
        const body = bytes.subarray(at, end);
        const document = this.#readDocument(body, charset);
        this.#unread = document === undefined ? this.#unread + 1 : 0;
        if (document === undefined) return false;
        this.#cursor.at = end;
        this.#desk.handOut(part, this.#transient ? body : Buffer.from(body), false, 'text', document);
        return true;
    }

    /** A device whose documents are never read at once is not worth the time each time. */
    get #isWorthTrying(): boolean {
        if (this.#unread < MOST_UNREAD) return true;
        this.#unread += 1;
        return this.#unread % TRY_AGAIN === 0;
    }

    /** Begins a body without structure, at the cursor. */
    openRaw(part: PartDescription): void {
        this.#part = part;
        this.#body = new OpenBody(part.contentLength, this.#transient);
        this.#scanner = undefined;
    }

    /** The bytes at hand are others, or other boundaries are known. */
    forget(): void {
        this.#ahead = undefined;
    }

    step(): BodyResult {
        this.seen = undefined;
        return this.#scanner === undefined ? this.#stepRaw() : this.#stepDocument(this.#scanner);
    }

    /** Whether the body is whole but for its delimiter. */
    get waits(): boolean {
        return this.#scanner === undefined && this.#body.isWhole(this.#cursor.rest);
    }

    /** Hands out a body for which {@link waits} holds. */
    settle(): void {
        this.#body.append(this.#cursor.bytes, this.#cursor.at, this.#cursor.bytes.length);
        this.#cursor.clear();
        this.#close('delimiter');
    }

    /** The input is over, and everything that could be read has been. */
    end(): void {
        if (this.#scanner === undefined || this.#maySpareStructure) this.#close('end of input');
        else this.#drop('text-cut');
    }

    /** Whether what is left over is a delimiter that the end of the input has cut; the body then ends before it. */
    endAtCutDelimiter(): boolean {
        const { rest } = this.#cursor;
        const isCut = rest.length > 2 && rest[0] === HYPHEN && this.#delimiters.read(rest, 0, true) === undefined;
        if (this.#scanner !== undefined || !isCut) return false;
        this.#cursor.clear();
        this.#close('delimiter');
        return true;
    }

    #openDocument(part: PartDescription, blanks: number): void {
        const cursor = this.#cursor;
        this.#part = part;
        this.#body = new OpenBody(part.contentLength, this.#transient);
        this.#body.append(cursor.bytes, cursor.at, cursor.at + blanks);
        this.#blanks = blanks;
        this.#controls = 0;
        cursor.at += blanks;
        this.#scanner = scannerFor(cursor.bytes[cursor.at] as number);
    }

    // Documents -----------------------------------------------------------------------------------------------------

    #stepDocument(scanner: DocumentScanner): BodyResult {
        const cursor = this.#cursor;
        const delimiter = this.#find();
        const end = scanner.scan(cursor.bytes, cursor.at, delimiter.at);
        if (this.#body.size + end - cursor.at > this.#limits.text) return this.#endOversizeDocument();
        if (this.#mayBeBinary) {
            this.#controls += controlsIn(cursor.bytes, cursor.at, end);
            this.#body.append(cursor.bytes, cursor.at, end);
            cursor.at = end;
        }
        if (scanner.state === 'closed' && !(this.#mayBeBinary && this.#isBinary)) {
            this.#desk.handOut(this.#part, this.#takeDocument(end), false, 'text');
            return 'document';
        }
        this.#body.append(cursor.bytes, cursor.at, end);
        cursor.at = end;
        if (scanner.state !== 'open') return this.#endAlienDocument();
        return delimiter.next < 0 ? 'more' : this.#endBrokenDocument();
    }

    /** The first delimiter at or after the cursor that stands on a line of its own. */
    #find(): Delimiter {
        const { bytes, at, final } = this.#cursor;
        if (this.#ahead === undefined || this.#ahead.at < at) {
            this.#ahead = this.#delimiters.find(bytes, at, { before: this.#body.before, final });
        }
        return this.#ahead;
    }

    #takeDocument(end: number): Buffer {
        const { bytes, at } = this.#cursor;
        this.#cursor.at = end;
        const whole = bytes.subarray(at, end);
        if (this.#body.size === 0) return this.#transient ? whole : Buffer.from(whole);
        this.#body.append(bytes, at, end);
        return this.#body.take().subarray(this.#blanks);
    }

    /** Whether the part never promised a document, so that it may be something else. */
    get #maySpareStructure(): boolean {
        const { typeClass } = this.#part;
        if (this.#isBare) return false;
        return typeClass === 'text' || typeClass === 'binary' || (typeClass === 'unknown' && this.#hasManyControls);
    }

    /** Whether the part may hold anything at all, a document only by its first bytes. */
    get #mayBeBinary(): boolean {
        const { typeClass } = this.#part;
        return !this.#isBare && (typeClass === 'binary' || typeClass === 'unknown');
    }

    /** Whether the document that has closed is none, but the beginning of bytes that look like one. */
    get #isBinary(): boolean {
        if (this.#hasManyControls) return true;
        if (this.#part.typeClass !== 'binary') return false;
        const { size, declared = 0 } = this.#body;
        if (size < SHORTEST_DOCUMENT || declared - size > LENGTH_SLACK) return true;
        return size < SHORT_DOCUMENT && !isUtf8(this.#body.start(size));
    }

    get #hasManyControls(): boolean {
        return this.#controls > 1 && this.#controls * BYTES_PER_CONTROL > this.#body.size;
    }

    #endOversizeDocument(): BodyResult {
        const { text } = this.#limits;
        if (this.#isBare || this.#part.typeClass !== 'binary') return this.#endOversize('text-too-large', text);
        this.#fillUp(text);
        this.#scanner = undefined;
        return 'on';
    }

    /** What looked like a document is none. */
    #endAlienDocument(): BodyResult {
        this.#scanner = undefined;
        if (!this.#isBare) return 'on';
        this.seen = this.#body.take();
        return 'garbage';
    }

    /** A delimiter came first. */
    #endBrokenDocument(): BodyResult {
        if (this.#maySpareStructure) this.#close('delimiter');
        else {
            this.#desk.counters.resyncs += 1;
            this.#drop('text-broken');
        }
        return 'end';
    }

    // Bodies without structure --------------------------------------------------------------------------------------

    /**
     * A picture without a length is not ended at its end-of-image marker: the thumbnail within has one too. A length that
     * agrees with that marker is believed at once; any other one when a delimiter follows.
     */
    #stepRaw(): BodyResult {
        const cursor = this.#cursor;
        const body = this.#body;
        const declared = body.declared ?? -1;
        const blankLine = body.size === declared && this.#part.typeClass === 'text' && cursor.firstOf(BLANK_LINES);
        if (blankLine === 'more') return 'more';
        if (blankLine) {
            // Dahua ends its unstructured text with a blank line, which confirms the length before the next event does.
            this.#close('delimiter');
            return 'end';
        }
        const isPicture = body.isPicture(cursor.bytes, cursor.at);
        const declaredAt = body.size <= declared ? cursor.at + declared - body.size : -1;
        const delimiter = this.#delimiters.find(cursor.bytes, cursor.at, {
            before: body.before,
            gluedAt: declaredAt,
            afterImage: isPicture,
            final: cursor.final,
        });
        const isLengthReached = body.size < declared && declaredAt <= delimiter.at;
        const stop = isLengthReached ? declaredAt : delimiter.at;
        if (body.size + stop - cursor.at > this.#limitOf(isPicture)) {
            const kind = this.#isText(isPicture) ? 'text-too-large' : 'picture-too-large';
            return this.#endOversize(kind, this.#limitOf(isPicture));
        }
        body.append(cursor.bytes, cursor.at, stop);
        cursor.at = stop;
        const isOver = isLengthReached ? body.showsItsEnd : delimiter.next >= 0;
        if (!isOver) return isLengthReached ? 'on' : 'more';
        this.#close('delimiter');
        return 'end';
    }

    #isText(isPicture: boolean): boolean {
        const { typeClass } = this.#part;
        return !isPicture && (typeClass === 'text' || typeClass === 'document');
    }

    #limitOf(isPicture: boolean): number {
        return this.#isText(isPicture) ? this.#limits.text : this.#limits.picture;
    }

    #close(at: 'delimiter' | 'end of input'): void {
        const { body, truncated, wrongLength } = this.#body.close(at);
        if (wrongLength) this.#desk.counters.wrongLengths += 1;
        this.#desk.handOut(this.#part, body, truncated);
    }

    #drop(kind: SplitterFaultKind): void {
        this.#desk.drop(kind, this.#part.headers, this.#body.size, this.#body.start(FAULT_START));
    }

    #endOversize(kind: SplitterFaultKind, limit: number): BodyResult {
        this.#fillUp(limit);
        this.#drop(kind);
        this.#body = new OpenBody(undefined, this.#transient);
        return 'garbage';
    }

    /** Reads the body up to exactly its limit, so that what follows does not depend on chunks. */
    #fillUp(limit: number): void {
        const { bytes, at } = this.#cursor;
        const stop = Math.max(at, at + limit - this.#body.size);
        this.#body.append(bytes, at, stop);
        this.#cursor.at = stop;
    }
}

/** Where the last byte before `to` that is no blank ends. */
function endOfText(bytes: Buffer, from: number, to: number): number {
    let end = to;
    while (end > from && isBlank(bytes[end - 1] as number)) end -= 1;
    return end;
}

function controlsIn(bytes: Buffer, from: number, to: number): number {
    let count = 0;
    for (let at = from; at < to; at += 1)
        if ((bytes[at] as number) < SPACE && !isBlank(bytes[at] as number)) count += 1;
    return count;
}
