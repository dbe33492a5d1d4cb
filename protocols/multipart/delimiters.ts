/** A delimiter line: `--boundary`, or `--boundary--` after which a stream may go on all the same. */
export interface Delimiter {
    /** The first dash. */
    at: number;
    /** The first byte after it; the end of its line is not part of it. -1: no delimiter, see {@link Delimiters.find}. */
    next: number;
    /** Whether it is an end marker, `--boundary--`. */
    closes: boolean;
}

/** What {@link Delimiters.find} looks for besides lines of their own. */
export interface FindOptions {
    /** The two bytes before `from`, the nearer one lowest: 0x0d0a after a line end. */
    before: number;
    /** Index at which a delimiter may also follow without a line end: where the declared length says so. -1: nowhere. */
    gluedAt?: number;
    /** Whether a delimiter may follow an end-of-image marker without a line end. */
    afterImage?: boolean;
    /** Whether a delimiter counts wherever it stands. */
    anywhere?: boolean;
    /** Whether these bytes are the last: the end of input then ends the line. */
    final: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const HYPHEN = 0x2d;

const MOST_KNOWN = 6;
const MOST_DASHES = 100;
const LONGEST_BOUNDARY = 256;
const LONGEST_PADDING = 64;
/** Devices glue two; a line that goes on and on is read as several. */
const MOST_GLUED = 8;
/** Node.js searches for up to seven bytes with memchr, for more by skipping, which takes ten times as long in pictures. */
const LONGEST_NEEDLE = 7;

/** A line that looks like a delimiter but cannot be told yet needs at most this many bytes more. */
const LONGEST_DELIMITER = MOST_DASHES + LONGEST_BOUNDARY + LONGEST_PADDING;

interface Known {
    text: string;
    /** The boundary without its leading dashes. */
    bytes: Buffer;
    /** Two dashes and the beginning of the boundary: what is searched for. */
    needle: Buffer;
}

/**
 * The boundaries of one stream: declared and learned.
 *
 * Leading dashes do not count. A device may declare `--boundary` and send `--boundary` or `----boundary`, and nobody can
 * tell beforehand; any two dashes or more before a known boundary make a delimiter.
 */
export class Delimiters {
    #known: Known[] = [];
    /** Whether a delimiter has been seen: from then on, garbage cannot teach new ones. */
    confirmed = false;

    get size(): number {
        return this.#known.length;
    }

    /** Makes a boundary known. At most six are kept; the oldest learned one gives way, the first stays. */
    learn(boundary: string | undefined): void {
        const text = boundary?.replace(/^-+/, '').trim() ?? '';
        if (text === '' || text.length > LONGEST_BOUNDARY || this.#known.some((known) => known.text === text)) return;
        if (this.#known.length === MOST_KNOWN) this.#known.splice(1, 1);
        const bytes = Buffer.from(text, 'latin1');
        const needle = Buffer.from(`--${text}`.slice(0, LONGEST_NEEDLE), 'latin1');
        this.#known.push({ text, bytes, needle });
    }

    /**
     * Reads the line at `at`, which begins with a dash, as a known delimiter. `more` where the bytes so far could become
     * one; `undefined` where it is none.
     */
    read(bytes: Buffer, at: number, final: boolean): Delimiter | 'more' | undefined {
        const dashes = endOfDashes(bytes, at);
        if (dashes === bytes.length && dashes - at < MOST_DASHES) return final || this.size === 0 ? undefined : 'more';
        if (dashes - at < 2) return undefined;
        let more = false;
        for (const known of this.#known) {
            const length = Math.min(known.bytes.length, bytes.length - dashes);
            if (known.bytes.compare(bytes, dashes, dashes + length, 0, length) !== 0) continue;
            const next = length < known.bytes.length ? 'more' : endOfDelimiter(bytes, dashes + length, known, final);
            if (next === 'more') more = true;
            else if (next >= 0) return { at, next, closes: endsInDashes(bytes, dashes + length, next) };
        }
        return more && !final ? 'more' : undefined;
    }

    /**
     * Reads the line at `at` as a delimiter with a boundary that is not known yet, and learns it: one word after two
     * dashes or more.
     */
    readUnknown(bytes: Buffer, at: number, final: boolean): Delimiter | 'more' | undefined {
        const unknown = this.peekUnknown(bytes, at, final);
        if (unknown === undefined || unknown === 'more') return unknown;
        this.learn(unknown.boundary);
        return unknown;
    }

    /** As {@link readUnknown}, without learning. */
    peekUnknown(bytes: Buffer, at: number, final: boolean): (Delimiter & { boundary: string }) | 'more' | undefined {
        const dashes = endOfDashes(bytes, at);
        if (dashes === bytes.length && dashes - at < MOST_DASHES) return final ? undefined : 'more';
        if (dashes - at < 2) return undefined;
        let end = dashes;
        while (end < bytes.length && end - dashes <= LONGEST_BOUNDARY && isPrintable(bytes[end] as number)) end += 1;
        if (end - dashes > LONGEST_BOUNDARY) return undefined;
        const next = endOfPadding(bytes, end, final);
        if (next === 'more' || next < 0) return next === 'more' ? next : undefined;
        const closes = endsInDashes(bytes, dashes, end);
        const boundary = bytes.toString('latin1', dashes, closes ? end - 2 : end);
        return /[0-9A-Za-z]/.test(boundary) ? { at, next, closes, boundary } : undefined;
    }

    /**
     * The first known delimiter at or after `from`. Where there is none, `at` tells up to where the bytes certainly hold
     * none (what follows might become one), and `next` is -1.
     */
    find(bytes: Buffer, from: number, options: FindOptions): Delimiter {
        let search = from;
        for (;;) {
            const hit = this.#nextNeedle(bytes, search);
            if (hit < 0) break;
            const at = startOfDelimiter(bytes, hit, from, options);
            const delimiter = at < 0 ? undefined : this.read(bytes, at, options.final);
            if (delimiter === 'more') return { at, next: -1, closes: false };
            if (delimiter !== undefined) return delimiter;
            search = hit + 1;
        }
        const at = options.final ? bytes.length : this.#certainUpTo(bytes, from, options);
        return { at, next: -1, closes: false };
    }

    #nextNeedle(bytes: Buffer, from: number): number {
        let nearest = -1;
        // Later ones are searched only up to the nearest so far, which keeps many boundaries linear.
        for (const { needle } of this.#known) {
            const within = nearest < 0 ? bytes : bytes.subarray(0, nearest + needle.length - 1);
            const hit = within.indexOf(needle, from);
            if (hit >= 0) nearest = hit;
        }
        return nearest;
    }

    #certainUpTo(bytes: Buffer, from: number, options: FindOptions): number {
        let at = bytes.indexOf(HYPHEN, Math.max(from, bytes.length - LONGEST_DELIMITER));
        for (; at >= 0; at = bytes.indexOf(HYPHEN, at + 1)) {
            if (mayStand(bytes, at, from, options) && this.read(bytes, at, false) === 'more') return at;
        }
        return bytes.length;
    }
}

export function isLineEnd(byte: number): boolean {
    return byte === LF || byte === CR;
}

function isPrintable(byte: number): boolean {
    return byte > SPACE && byte < 0x7f;
}

function endOfDashes(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && at - from < MOST_DASHES && bytes[at] === HYPHEN) at += 1;
    return at;
}

function endsInDashes(bytes: Buffer, from: number, to: number): boolean {
    return to - from >= 2 && bytes[to - 1] === HYPHEN && bytes[to - 2] === HYPHEN;
}

/** Where the delimiter begins whose last two dashes are at `hit`; -1 where none may stand. */
function startOfDelimiter(bytes: Buffer, hit: number, from: number, options: FindOptions): number {
    if (options.anywhere === true) return hit;
    let at = hit;
    while (at >= from && hit - at < MOST_DASHES && bytes[at] === HYPHEN) {
        if (mayStand(bytes, at, from, options)) return at;
        at -= 1;
    }
    return -1;
}

/**
 * What follows the boundary: nothing, `--`, or padding (RFC 2046 §5.1.1), then the end of the line. -1: something else.
 *
 * @param glued delimiters on this line before it
 */
function endOfDelimiter(bytes: Buffer, from: number, known: Known, final: boolean, glued = 0): number | 'more' {
    const rest = bytes.length - from;
    if (rest === 0) return final ? from : 'more';
    if (bytes[from] === HYPHEN) {
        if (rest === 1) return final ? from + 1 : 'more';
        if (bytes[from + 1] !== HYPHEN) return -1;
        if (glued === MOST_GLUED) return from + 2;
        // Two delimiters glued together count once; so does one that is glued to its own end marker.
        const length = Math.min(known.bytes.length, rest - 2);
        if (known.bytes.compare(bytes, from + 2, from + 2 + length, 0, length) !== 0) return from + 2;
        if (length < known.bytes.length) return final ? bytes.length : 'more';
        const end = endOfDelimiter(bytes, from + 2 + length, known, final, glued + 1);
        return end === -1 ? from + 2 : end;
    }
    return endOfPadding(bytes, from, final);
}

/** The end of the line, blanks skipped. -1: something else stands there. */
function endOfPadding(bytes: Buffer, from: number, final: boolean): number | 'more' {
    let at = from;
    while (at < bytes.length && at - from <= LONGEST_PADDING && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
    if (at - from > LONGEST_PADDING) return -1;
    if (at === bytes.length) return final ? at : 'more';
    return isLineEnd(bytes[at] as number) ? at : -1;
}

function mayStand(bytes: Buffer, at: number, from: number, options: FindOptions): boolean {
    if (options.anywhere === true || at === options.gluedAt) return true;
    const previous = at > from ? (bytes[at - 1] as number) : options.before & 0xff;
    if (isLineEnd(previous)) return true;
    if (options.afterImage !== true || previous !== 0xd9) return false;
    return (at > from + 1 ? bytes[at - 2] : at === from ? options.before >> 8 : options.before & 0xff) === 0xff;
}
