/**
 * Where a text document ends, told by its own structure: the closing tag of an XML root element, or the bracket that
 * balances the first one of a JSON value. This is what lets an event leave the moment it is whole; the next delimiter may
 * be half a minute away, and the declared length may be wrong.
 *
 * A scanner sees every byte once and remembers where it stands, so chunks of any size cost the same and a document that
 * never ends is never read twice.
 */
export interface DocumentScanner {
    /** Reads `bytes[from..to)` and returns where it stopped; `to` while the document is still open. */
    scan(bytes: Buffer, from: number, to: number): number;
    /** `closed`: the returned index is the first byte after it. `alien`: the bytes turned out to be no such document. */
    readonly state: 'open' | 'closed' | 'alien';
}

/** Whether a document may start with this byte. */
export function startsDocument(byte: number | undefined): boolean {
    return byte === LESS_THAN || byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

/** A scanner for a document that starts with this byte, for which {@link startsDocument} holds. */
export function scannerFor(firstByte: number): DocumentScanner {
    return firstByte === LESS_THAN ? new XmlScanner() : new JsonScanner();
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const EXCLAMATION = 0x21;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const COLON = 0x3a;
const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;
const QUESTION = 0x3f;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const UNDERSCORE = 0x5f;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function isBlank(byte: number): boolean {
    return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** First byte of an XML name; bytes of multi-byte characters are let through. */
function startsName(byte: number): boolean {
    return (
        (byte >= 0x61 && byte <= 0x7a) ||
        (byte >= 0x41 && byte <= 0x5a) ||
        byte === UNDERSCORE ||
        byte === COLON ||
        byte >= 0x80
    );
}

function nextTag(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && bytes[at] !== LESS_THAN) at += 1;
    return at;
}

/** Whether a byte neither ends a tag nor begins a quoted value or another tag. */
function isPlainInTag(byte: number): boolean {
    return byte !== GREATER_THAN && byte !== LESS_THAN && byte !== EQUALS;
}

class JsonScanner implements DocumentScanner {
    state: DocumentScanner['state'] = 'open';
    #depth = 0;
    #opener = 0;
    #plausible = false;
    #inString = false;
    #escaped = false;

    scan(bytes: Buffer, from: number, to: number): number {
        let at = from;
        if (this.#depth === 0 && at < to) {
            this.#opener = bytes[at] as number;
            this.#depth = 1;
            at += 1;
        }
        if (!this.#plausible) {
            while (at < to && isBlank(bytes[at] as number)) at += 1;
            if (at === to) return at;
            if (!couldFollow(this.#opener, bytes[at] as number)) {
                this.state = 'alien';
                return at;
            }
            this.#plausible = true;
        }
        let depth = this.#depth;
        let inString = this.#inString;
        let escaped = this.#escaped;
        for (; at < to; at += 1) {
            const byte = bytes[at] as number;
            if (inString) {
                if (escaped) escaped = false;
                else if (byte === BACKSLASH) escaped = true;
                else if (byte === DOUBLE_QUOTE) inString = false;
            } else if (byte === DOUBLE_QUOTE) inString = true;
            else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
            else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
                depth -= 1;
                if (depth === 0) {
                    this.state = 'closed';
                    return at + 1;
                }
            }
        }
        this.#depth = depth;
        this.#inString = inString;
        this.#escaped = escaped;
        return at;
    }
}

/** Tells `{"a"…` and `[1…` from a log line such as `[INFO] ready` or a binary that happens to start so. */
function couldFollow(opener: number, byte: number): boolean {
    if (byte === DOUBLE_QUOTE) return true;
    if (opener === OPEN_BRACE) return byte === CLOSE_BRACE;
    return (
        byte === CLOSE_BRACKET ||
        byte === OPEN_BRACE ||
        byte === OPEN_BRACKET ||
        byte === HYPHEN ||
        (byte >= 0x30 && byte <= 0x39) ||
        byte === 0x74 ||
        byte === 0x66 ||
        byte === 0x6e
    );
}

/** Where an {@link XmlScanner} stands. */
const OUTSIDE = 0;
const AFTER_LESS_THAN = 1;
const OPENING_NAME = 2;
const IN_TAG = 3;
const QUOTED = 4;
const CLOSING_NAME = 5;
const INSTRUCTION = 6;
const AFTER_EXCLAMATION = 7;
const COMMENT = 8;
const CDATA = 9;
const DECLARATION = 10;
const DECLARATION_QUOTED = 11;

const CDATA_OPENER = Buffer.from('[CDATA[');
const LONGEST_NAME = 256;

/**
 * Counts only elements with the name of the root: an inner tag that a firmware forgot to close, or a stray `<` in a
 * channel name, must not keep the document open.
 */
class XmlScanner implements DocumentScanner {
    state: DocumentScanner['state'] = 'open';
    #where = OUTSIDE;
    #root: number[] = [];
    #rootKnown = false;
    /** Elements of the root's name that are open. */
    #depth = 0;
    /** Bytes of the current name, or of `[CDATA[`, that agree so far. */
    #matched = 0;
    #isRootName = false;
    #quote = 0;
    /** The last byte of a tag that is no blank: `=` before a quote, `/` before `>`. */
    #last = 0;
    /** The last two bytes of a comment, CDATA section or instruction. */
    #before = 0;
    #beforeThat = 0;
    #brackets = 0;
    #first = true;

    scan(bytes: Buffer, from: number, to: number): number {
        let at = from;
        while (at < to && this.state === 'open') {
            switch (this.#where) {
                case OUTSIDE:
                    at = this.#rootKnown ? this.#passPlain(bytes, at, to) : nextTag(bytes, at, to);
                    if (at === to) return at;
                    this.#where = AFTER_LESS_THAN;
                    at += 1;
                    break;
                case AFTER_LESS_THAN:
                    at = this.#afterLessThan(bytes[at] as number, at);
                    break;
                case OPENING_NAME:
                    at = this.#openingName(bytes, at, to);
                    break;
                case IN_TAG:
                    at = this.#inTag(bytes, at, to);
                    break;
                case QUOTED:
                    at = this.#quoted(bytes, at, to);
                    break;
                case CLOSING_NAME:
                    at = this.#closingName(bytes, at, to);
                    break;
                default:
                    this.#besideElements(bytes[at] as number);
                    at += 1;
            }
        }
        return at;
    }

    /**
     * Passes text and the tags that cannot matter: whole ones without attributes, of a name that begins otherwise than that
     * of the root. They are nearly all, and cost a byte each this way.
     *
     * @returns the next tag that may matter, or `to`
     */
    #passPlain(bytes: Buffer, from: number, to: number): number {
        const initial = this.#root[0];
        let at = from;
        for (;;) {
            at = nextTag(bytes, at, to);
            if (at + 2 >= to) return at;
            const isClosing = bytes[at + 1] === SLASH;
            const first = bytes[isClosing ? at + 2 : at + 1] as number;
            if (first === initial || !startsName(first)) return at;
            let end = at + 2;
            while (end < to && isPlainInTag(bytes[end] as number)) end += 1;
            if (end === to || bytes[end] !== GREATER_THAN) return at;
            at = end + 1;
        }
    }

    #afterLessThan(byte: number, at: number): number {
        const first = this.#first;
        this.#first = false;
        this.#matched = 0;
        this.#before = 0;
        this.#beforeThat = 0;
        if (byte === SLASH && this.#rootKnown) this.#where = CLOSING_NAME;
        else if (byte === QUESTION) this.#where = INSTRUCTION;
        else if (byte === EXCLAMATION) this.#where = AFTER_EXCLAMATION;
        else {
            if (first && !startsName(byte)) this.state = 'alien';
            this.#where = startsName(byte) ? OPENING_NAME : OUTSIDE;
            return at;
        }
        return at + 1;
    }

    #openingName(bytes: Buffer, from: number, to: number): number {
        const root = this.#root;
        for (let at = from; at < to; at += 1) {
            const byte = bytes[at] as number;
            const ends = isBlank(byte) || byte === GREATER_THAN || byte === SLASH;
            if (!ends && !this.#rootKnown && root.length < LONGEST_NAME) root.push(byte);
            else if (!ends && this.#rootKnown && root[this.#matched] === byte) this.#matched += 1;
            else {
                if (!ends && !this.#rootKnown) this.state = 'alien';
                this.#isRootName = ends && (!this.#rootKnown || this.#matched === root.length);
                this.#rootKnown = true;
                this.#where = IN_TAG;
                this.#last = 0;
                return at;
            }
        }
        return to;
    }

    /** Attributes, up to the end of the tag. A quote counts only after `=`, so that a stray one swallows nothing. */
    #inTag(bytes: Buffer, from: number, to: number): number {
        let last = this.#last;
        for (let at = from; at < to; at += 1) {
            const byte = bytes[at] as number;
            if (byte === GREATER_THAN) {
                this.#where = OUTSIDE;
                if (this.#isRootName && last !== SLASH) this.#depth += 1;
                else if (this.#isRootName && this.#depth === 0) this.state = 'closed';
                return at + 1;
            }
            if ((byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) && last === EQUALS) {
                this.#where = QUOTED;
                this.#quote = byte;
                return at + 1;
            }
            if (byte === LESS_THAN && this.#depth > 0) {
                // No attribute but text with a stray `<`: the tag that starts here counts.
                this.#where = AFTER_LESS_THAN;
                return at + 1;
            }
            if (!isBlank(byte)) last = byte;
        }
        this.#last = last;
        return to;
    }

    #quoted(bytes: Buffer, from: number, to: number): number {
        const quote = this.#quote;
        let at = from;
        while (at < to && bytes[at] !== quote) at += 1;
        if (at === to) return to;
        this.#where = IN_TAG;
        this.#last = quote;
        return at + 1;
    }

    #closingName(bytes: Buffer, from: number, to: number): number {
        const root = this.#root;
        for (let at = from; at < to; at += 1) {
            const byte = bytes[at] as number;
            if (root[this.#matched] === byte) this.#matched += 1;
            else if (byte === GREATER_THAN && this.#matched === root.length) {
                this.#where = OUTSIDE;
                this.#depth -= 1;
                if (this.#depth <= 0) this.state = 'closed';
                return at + 1;
            } else if (!isBlank(byte)) {
                this.#where = OUTSIDE;
                return at;
            }
        }
        return to;
    }

    /** One byte of what stands between elements: instructions, comments, CDATA sections, declarations. */
    #besideElements(byte: number): void {
        switch (this.#where) {
            case INSTRUCTION:
                if (byte === GREATER_THAN && this.#before === QUESTION) this.#where = OUTSIDE;
                break;
            case COMMENT:
                if (byte === GREATER_THAN && this.#before === HYPHEN && this.#beforeThat === HYPHEN) {
                    this.#where = OUTSIDE;
                }
                break;
            case CDATA:
                if (byte === GREATER_THAN && this.#before === CLOSE_BRACKET && this.#beforeThat === CLOSE_BRACKET) {
                    this.#where = OUTSIDE;
                }
                break;
            case AFTER_EXCLAMATION:
                this.#afterExclamation(byte);
                return;
            default:
                this.#declaration(byte);
        }
        this.#beforeThat = this.#before;
        this.#before = byte;
    }

    /** `<!--`, `<![CDATA[`, or else a declaration such as `<!DOCTYPE`. */
    #afterExclamation(byte: number): void {
        if (this.#before === HYPHEN && byte === HYPHEN) {
            this.#where = COMMENT;
            this.#before = 0;
        } else if (this.#before === 0 && this.#matched === 0 && byte === HYPHEN) this.#before = HYPHEN;
        else if (this.#before === 0 && byte === CDATA_OPENER[this.#matched]) {
            this.#matched += 1;
            if (this.#matched === CDATA_OPENER.length) this.#where = CDATA;
        } else {
            this.#where = DECLARATION;
            this.#brackets = this.#matched > 0 ? 1 : 0;
            this.#declaration(byte);
        }
    }

    #declaration(byte: number): void {
        if (this.#where === DECLARATION_QUOTED) {
            if (byte === this.#quote) this.#where = DECLARATION;
        } else if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) {
            this.#where = DECLARATION_QUOTED;
            this.#quote = byte;
        } else if (byte === OPEN_BRACKET) this.#brackets += 1;
        else if (byte === CLOSE_BRACKET) this.#brackets -= 1;
        else if (byte === GREATER_THAN && this.#brackets <= 0) this.#where = OUTSIDE;
    }
}
