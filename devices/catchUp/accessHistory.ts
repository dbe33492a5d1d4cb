import { offsetOf } from '../../events/time';
import type { Clock } from '../../protocols/clock';
import { countOf, type Fields, textOf } from '../../protocols/documents/values';
import { Fault } from '../../protocols/errors';
import type { HttpResponse } from '../../protocols/http/client';
import { meansUnsupported } from '../../protocols/isapi/answerFault';
import { type Page, pagedSearch, pages } from '../../protocols/isapi/paging';
import type { IsapiRequest } from '../../protocols/isapi/request';
import { isoWithOffset } from '../../protocols/operations/times';
import { type Moment, momentOfRow } from './moment';

/** A row of the access history. */
export interface LoggedRow {
    serial: number;
    moment: Moment | undefined;
    fields: Fields;
}

/** Rows in the order of their numbers. */
export interface Batch {
    rows: LoggedRow[];
    /** Whether the batches, too, follow in that order, so that a number which is passed over is nowhere in the log. */
    isOrdered: boolean;
    /** How many rows there are, those of the other batches included, as far as the device says. */
    total: number;
}

export interface AccessHistoryOptions {
    ask(request: IsapiRequest): Promise<HttpResponse>;
    /** Rows per page and whether serial numbers can be searched for; asked for before the first search. */
    abilities: { historyPage(): Promise<number | false | undefined>; historyBySerial(): Promise<boolean> };
    clock: Clock;
    signal: AbortSignal;
}

const PATH = '/ISAPI/AccessControl/AcsEvent?format=json';
const SEARCH = pagedSearch(PATH)!;
const USUAL_PAGE = 30;
/** Beyond it devices refuse positions (AcsEvent capabilities). */
const LARGEST_POSITION = 150_000;

/** Rows that are put in order at a time: devices hand them out by time, which is not always the order of the numbers. */
const CHUNK = 600;
/** A terminal whose numbers jump has empty stretches; this many in a row, each twice as long, are its end. */
const MOST_EMPTY = 40;

/** Clocks are set back by minutes, and rows are written a little after their time. */
const OVERLAP_MS = 10 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** More windows than that are made wider. */
const MOST_WINDOWS = 400;

/** Every time that a device of ours can show. */
const ALWAYS = { startTime: '2000-01-01T00:00:00+00:00', endTime: '2037-12-31T23:59:59+00:00' };

/**
 * The log of an access terminal, `/ISAPI/AccessControl/AcsEvent` (ISAPI guide; santanapedro/ha-hikvision-access reads
 * 6 321 events of a DS-K1T342MWX by it). Searched by serial number where the capabilities name `beginSerialNo` and the
 * device heeds it, else by time.
 */
export class AccessHistory {
    readonly #options: AccessHistoryOptions;
    #ignoresSerials = false;

    constructor(options: AccessHistoryOptions) {
        this.#options = options;
    }

    /** The row with a number. @param moment when it was logged, as far as known */
    async row(serial: number, moment: Moment | undefined): Promise<LoggedRow | undefined> {
        if (await this.#bySerial()) {
            const found = await this.#rowsBySerial(serial, serial);
            if (found !== undefined) return found.rows[0];
        }
        const rows = await this.#rowsOf(moment === undefined ? ALWAYS : around(moment));
        return rows.find((row) => row.serial === serial);
    }

    /** The row with the largest number, or `undefined` where the log is empty. */
    async newest(): Promise<LoggedRow | undefined> {
        const first = await this.#firstPage(ALWAYS, 0);
        const total = Math.min(first.total ?? 0, LARGEST_POSITION);
        const rows = rowsOf([first], this.#now());
        // The log may be handed out in either direction.
        if (total > rows.length && rows.length > 0) {
            rows.push(...rowsOf([await this.#firstPage(ALWAYS, total - rows.length, rows.length)], this.#now()));
        }
        return rows.reduce<LoggedRow | undefined>(
            (newest, row) => (newest === undefined || row.serial > newest.serial ? row : newest),
            undefined,
        );
    }

    /**
     * Everything behind a number, in order. The device is asked for more when a batch was used.
     *
     * @param since when that number was logged; without it the whole log is read where numbers cannot be searched for
     * @throws Fault NOT_SUPPORTED where there is no history, HISTORY_INCOMPLETE where rows are missing
     */
    async *after(serial: number, since: Moment | undefined): AsyncGenerator<Batch, void, void> {
        if (await this.#bySerial()) {
            const all = this.#chunks(serial + 1);
            for await (const batch of all) yield batch;
            if (!this.#ignoresSerials) return;
        }
        let total = 0;
        const spans = await this.#spansSince(since);
        const isOrdered = since === undefined && spans.length === 1;
        for (const span of spans) {
            const rows = (await this.#rowsOf(span)).filter((row) => row.serial > serial);
            total += rows.length;
            yield { rows, isOrdered, total };
        }
    }

    async *#chunks(from: number): AsyncGenerator<Batch, void, void> {
        const begin = await this.#rowsBySerial(from, undefined, CHUNK);
        if (begin === undefined) return;
        const { total } = begin;
        if (total <= CHUNK) {
            yield begin;
            return;
        }
        let seen = 0;
        let empty = 0;
        let size = CHUNK;
        for (let first = from; seen < total && empty < MOST_EMPTY; first += size) {
            size = CHUNK * 2 ** empty;
            const found = await this.#rowsBySerial(first, first + size - 1);
            if (found === undefined) return;
            seen += found.rows.length;
            empty = found.rows.length === 0 ? empty + 1 : 0;
            yield { rows: found.rows, isOrdered: true, total };
        }
    }

    /**
     * Rows by their numbers, or `undefined` where the device turns out not to look at them.
     *
     * @param most of more rows than that only the count is of use, and only the first page is read
     */
    async #rowsBySerial(first: number, last: number | undefined, most?: number): Promise<Batch | undefined> {
        const condition = { beginSerialNo: first, ...(last !== undefined && { endSerialNo: last }) };
        try {
            const read: Page[] = [];
            for await (const page of this.#pages(condition, 0)) {
                read.push(complete(page));
                if (most !== undefined && (page.total ?? 0) > most) break;
            }
            const rows = rowsOf(read, this.#now());
            const strange = rows.some(({ serial }) => serial < first || serial > (last ?? serial));
            if (!strange) return { rows, isOrdered: true, total: read[0]?.total ?? rows.length };
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (fault.code !== 'REQUEST_INVALID') throw fault;
        }
        this.#ignoresSerials = true;
        return undefined;
    }

    /** Windows of a day, so that no list is longer than a device hands out. */
    async #spansSince(since: Moment | undefined): Promise<object[]> {
        const now = this.#now();
        let start = since;
        if (start === undefined) {
            const first = await this.#firstPage(ALWAYS, 0);
            const rows = rowsOf([first], now);
            if (rows.length === (first.total ?? rows.length) && first.last) return [ALWAYS];
            const moments = rows.flatMap(({ moment }) => moment ?? []);
            moments.sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
            start = moments[0];
        }
        if (start === undefined) return [ALWAYS];
        const from = Date.parse(start.time) - OVERLAP_MS;
        const end = Math.max(now, from) + DAY_MS;
        const width = Math.max(DAY_MS, Math.ceil((end - from) / MOST_WINDOWS));
        const spans: object[] = [];
        for (let at = from; at < end; at += width) {
            // To the second, and without a second between two windows.
            spans.push(spanOf(at, at + width - 1000, start));
        }
        return spans;
    }

    async #rowsOf(condition: object): Promise<LoggedRow[]> {
        const read: Page[] = [];
        for await (const page of this.#pages(condition, 0)) read.push(complete(page));
        return rowsOf(read, this.#now());
    }

    async #firstPage(condition: object, from: number, size?: number): Promise<Page> {
        for await (const page of this.#pages(condition, from, size)) return page;
        throw new Fault('UNEXPECTED', { details: { reason: 'the search gave no page' } });
    }

    async *#pages(condition: object, from: number, size?: number): AsyncGenerator<Page, void, void> {
        const { ask, abilities, signal } = this.#options;
        const pageSize = await abilities.historyPage();
        if (pageSize === false) throw noHistory();
        const wanted = { major: 0, minor: 0, picEnable: true, ...condition };
        const options = { path: PATH, condition: wanted, pageSize: size ?? pageSize ?? USUAL_PAGE, from };
        try {
            yield* pages(SEARCH, { ...options, ask: (request) => ask({ ...request, signal }) });
        } catch (thrown) {
            const fault = Fault.from(thrown);
            throw meansUnsupported(fault) ? noHistory(fault) : fault;
        }
    }

    async #bySerial(): Promise<boolean> {
        return !this.#ignoresSerials && (await this.#options.abilities.historyBySerial());
    }

    #now(): number {
        return this.#options.clock.now();
    }
}

function noHistory(cause?: Fault): Fault {
    const reason = cause?.details.reason ?? 'this model or firmware keeps no history that can be asked for';
    return new Fault('NOT_SUPPORTED', { details: { reason }, ...(cause && { cause }) });
}

/** @throws Fault HISTORY_INCOMPLETE */
function complete(page: Page): Page {
    if (page.incomplete === undefined) return page;
    throw new Fault('HISTORY_INCOMPLETE', { details: { reason: page.incomplete } });
}

/** In the order of their numbers; each number once, and no row without one. */
function rowsOf(read: readonly Page[], now: number): LoggedRow[] {
    const rows = new Map<number, LoggedRow>();
    for (const fields of read.flatMap((page) => page.rows)) {
        const serial = countOf(fields.serialNo);
        if (serial === undefined || serial === 0) continue;
        rows.set(serial, { serial, moment: momentOfRow(textOf(fields.time), now), fields });
    }
    return [...rows.values()].sort((one, other) => one.serial - other.serial);
}

function around(moment: Moment): object {
    const at = Date.parse(moment.time);
    return spanOf(at - OVERLAP_MS, at + OVERLAP_MS, moment);
}

/** A span of time in the offset that the device itself writes. */
function spanOf(from: number, to: number, { time }: Moment): object {
    const offset = offsetOf(time);
    return { startTime: isoWithOffset(from, offset), endTime: isoWithOffset(to, offset) };
}
