import type { Cursor } from './cursor';
import { MOST_BLANKS } from './cursor';
import type { Delimiter, Delimiters } from './delimiters';
import type { PartDesk } from './partDesk';

const LF = 0x0a;
const DOUBLE_QUOTE = 0x22;
const HYPHEN = 0x2d;
const OPEN_BRACE = 0x7b;

const REPORTED_START = 256;

/** Lines at which reading starts again. A mere `<name>` or `[` is too common within broken bodies. */
const RESTARTS = ['http/', 'content-', '<?xml', '<eventnotificationalert'].map((text) => Buffer.from(text));

const NO_HEADERS: Record<string, string> = Object.create(null);

/** Skips and counts bytes that belong to no part, until reading can go on. */
export class Garbage {
    readonly #cursor: Cursor;
    readonly #delimiters: Delimiters;
    readonly #desk: PartDesk;
    readonly #limit: number;
    #bytes = 0;
    #start: Buffer[] = [];
    #startLength = 0;
    #isLineStart = false;
    /** The last byte that was skipped. */
    #before = 0;
    /** What was told about the bytes at hand, so that many short lines cost one search. */
    #ahead: Delimiter | undefined;

    /** @param limit bytes after which the search counts as failed; it goes on all the same */
    constructor(cursor: Cursor, delimiters: Delimiters, desk: PartDesk, limit: number) {
        this.#cursor = cursor;
        this.#delimiters = delimiters;
        this.#desk = desk;
        this.#limit = limit;
    }

    /** Begins a search; `seen` are bytes that were read already. */
    open(seen?: Buffer): void {
        this.#desk.counters.resyncs += 1;
        this.#isLineStart = false;
        this.#before = 0;
        if (seen !== undefined) this.#count(seen, 0, seen.length);
    }

    /** The bytes at hand are others, or other boundaries are known. */
    forget(): void {
        this.#ahead = undefined;
    }

    /**
     * Skips to a known delimiter, wherever it stands, or to a line that shows that something begins. `found`: reading goes
     * on at the cursor.
     */
    step(): 'more' | 'on' | 'found' {
        if (this.#isLineStart) {
            const restarts = this.#restartsHere();
            if (restarts === 'more') return 'more';
            this.#isLineStart = false;
            if (restarts) return this.#found();
        }
        const cursor = this.#cursor;
        const delimiter = this.#find();
        const lineEnd = cursor.bytes.indexOf(LF, cursor.at);
        if (lineEnd >= 0 && lineEnd < delimiter.at) {
            this.#skip(lineEnd + 1);
            this.#isLineStart = true;
            return 'on';
        }
        this.#skip(delimiter.at);
        return delimiter.next >= 0 ? this.#found() : 'more';
    }

    /** Nothing was found. */
    end(): void {
        if (this.#bytes > 0) this.#tell('skipped');
    }

    #found(): 'found' {
        this.end();
        return 'found';
    }

    #find(): Delimiter {
        const { bytes, at, final } = this.#cursor;
        if (this.#ahead === undefined || this.#ahead.at < at) {
            this.#ahead = this.#delimiters.find(bytes, at, { before: this.#before, anywhere: true, final });
        }
        return this.#ahead;
    }

    #restartsHere(): boolean | 'more' {
        const { bytes, at, final } = this.#cursor;
        if (bytes[at] === HYPHEN && !this.#delimiters.confirmed) {
            const unknown = this.#delimiters.peekUnknown(bytes, at, final);
            return unknown === 'more' ? 'more' : unknown !== undefined;
        }
        if (bytes[at] === OPEN_BRACE) {
            const next = this.#cursor.afterBlanks(at + 1);
            if (next === bytes.length && next - at < MOST_BLANKS) return final ? false : 'more';
            return bytes[next] === DOUBLE_QUOTE;
        }
        const seen = this.#cursor.firstOf(RESTARTS);
        return seen === 'more' ? 'more' : seen !== undefined;
    }

    #skip(to: number): void {
        const { bytes, at } = this.#cursor;
        if (to === at) return;
        this.#count(bytes, at, to);
        this.#before = bytes[to - 1] as number;
        this.#cursor.at = to;
    }

    #count(bytes: Buffer, from: number, to: number): void {
        let at = from;
        while (at < to) {
            const stop = Math.min(to, at + this.#limit - this.#bytes);
            this.#keepStart(bytes.subarray(at, stop));
            this.#bytes += stop - at;
            at = stop;
            if (this.#bytes === this.#limit) this.#tell('unsynchronised');
        }
    }

    #keepStart(bytes: Buffer): void {
        const wanted = REPORTED_START - this.#startLength;
        if (wanted <= 0) return;
        const kept = Buffer.from(bytes.subarray(0, wanted));
        this.#start.push(kept);
        this.#startLength += kept.length;
    }

    #tell(kind: 'skipped' | 'unsynchronised'): void {
        const fault = { kind, bytes: this.#bytes, start: Buffer.concat(this.#start), headers: NO_HEADERS };
        this.#bytes = 0;
        this.#start = [];
        this.#startLength = 0;
        if (kind === 'unsynchronised') this.#desk.counters.unsynchronised += 1;
        this.#desk.report(fault);
    }
}
