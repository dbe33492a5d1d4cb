import { type LogRow, readLogRow } from './logRow';
import type { Page } from './paging';

/** Recorders end a search after so many rows, with `OK`, although there are more (alkait/HikViewer). */
export const CAP = 2000;
/** One reading asks for no more than this, whatever the device announces. */
const MOST_REQUESTS = 400;
/** Pages in a row that hold nothing new. */
const MOST_STALE = 3;

export interface LogRows {
    /** In the order of the clock on the wall; equal rows once. */
    rows: LogRow[];
    /** Why rows may be missing. */
    incomplete?: string;
    /** Matches that could not be read. */
    unreadable: number;
}

/** What the searches of one reading have found so far. */
export class Collected {
    incomplete: string | undefined;
    readonly #mostRows: number;
    readonly #rows = new Map<string, LogRow>();
    #requests = 0;
    #unreadable = 0;

    constructor(mostRows: number) {
        this.#mostRows = mostRows;
    }

    get rows(): LogRows {
        const rows = [...this.#rows.values()].sort((one, other) => one.wall - other.wall);
        const { incomplete } = this;
        return { rows, unreadable: this.#unreadable, ...(incomplete !== undefined && { incomplete }) };
    }

    begin(): Search {
        return new Search((page) => this.#add(page));
    }

    #add(page: Page): Added {
        this.#requests += 1;
        const read = new Map<string, LogRow>();
        let fresh = 0;
        for (const item of page.rows) {
            const row = readLogRow(item);
            if (row === undefined) {
                this.#unreadable += 1;
                continue;
            }
            const key = `${row.category}|${row.word}|${row.number ?? ''}|${row.timeText}`;
            read.set(key, row);
            if (this.#rows.has(key)) continue;
            if (this.#rows.size >= this.#mostRows)
                return { read, fresh, why: `it has more than ${this.#mostRows} rows` };
            fresh += 1;
            this.#rows.set(key, row);
        }
        const isEndless = this.#requests >= MOST_REQUESTS && !page.last;
        return { read, fresh, ...(isEndless && { why: `it did not end after ${MOST_REQUESTS} pages` }) };
    }
}

interface Added {
    /** The rows of a page, by what tells one from the other. */
    read: Map<string, LogRow>;
    /** How many of them no search had before. */
    fresh: number;
    /** Why nothing more is to be asked for. */
    why?: string;
}

/** One search of the device, page by page. */
export class Search {
    count = 0;
    fresh = 0;
    oldest = Number.POSITIVE_INFINITY;
    newest = Number.NEGATIVE_INFINITY;
    #first: number | undefined;
    #last: number | undefined;
    #stale = 0;
    #incomplete: string | undefined;
    readonly #seen = new Set<string>();
    readonly #collect: (page: Page) => Added;

    constructor(collect: (page: Page) => Added) {
        this.#collect = collect;
    }

    /** @returns why nothing more is to be asked for */
    add(page: Page): string | undefined {
        const { read, fresh, why } = this.#collect(page);
        this.#incomplete = page.incomplete;
        this.count += page.rows.length;
        this.fresh += fresh;
        // Another search may begin with what the one before has found; within one nothing comes twice.
        const isStale = [...read.keys()].every((key) => this.#seen.has(key));
        this.#stale = isStale ? this.#stale + 1 : 0;
        for (const [key, { wall }] of read) {
            this.#seen.add(key);
            this.#first ??= wall;
            this.#last = wall;
            this.oldest = Math.min(this.oldest, wall);
            this.newest = Math.max(this.newest, wall);
        }
        if (why !== undefined || page.last || this.#stale < MOST_STALE) return why;
        return 'the device repeats what it gave';
    }

    /** Why there may be more than the search has given. */
    get isCut(): string | undefined {
        return (
            this.#incomplete ?? (this.count >= CAP ? `the device ends a search after ${this.count} rows` : undefined)
        );
    }

    /** Some hand out the newest first. */
    get isDescending(): boolean {
        return this.#first !== undefined && this.#first > this.#last!;
    }
}
