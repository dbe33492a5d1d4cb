import { offsetOf } from '../../events/time';
import type { Clock } from '../../protocols/clock';
import { countOf, type Fields, textOf } from '../../protocols/documents/values';
import { Fault } from '../../protocols/errors';
import type { HttpResponse } from '../../protocols/http/client';
import { meansUnsupported } from '../../protocols/isapi/answerFault';
import { type Page, pagedSearch, pages } from '../../protocols/isapi/paging';
import type { IsapiRequest } from '../../protocols/isapi/request';
import { isoWithOffset } from '../../protocols/operations/times';
import { doubtOf, lacksOffset, type Moment, momentOfRow, WIDEST_DOUBT_MS } from './moment';

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

/** What a search finds at either end of its list. */
interface Ends {
    rows: LoggedRow[];
    total: number;
    /** Whether the end is out of reach. */
    isCut: boolean;
}

export interface AccessHistoryOptions {
    ask(request: IsapiRequest): Promise<HttpResponse>;
    /** Rows per page and whether serial numbers can be searched for; asked for before the first search. */
    abilities: { historyPage(): Promise<number | false | undefined>; historyBySerial(): Promise<boolean> };
    clock: Clock;
    signal: AbortSignal;
    /** A time with the offset of the device, as far as it is known; asked for when rows leave theirs out. */
    told(): Promise<string | undefined>;
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
        const find = async (span: object) => (await this.#rowsOf(span)).find((row) => row.serial === serial);
        if (moment === undefined) return find(ALWAYS);
        // The device may have been set to another zone since, and know of its rows only what the wall showed.
        const known = doubtOf(moment) < WIDEST_DOUBT_MS ? await find(around(moment)) : undefined;
        return known ?? find(around(moment, WIDEST_DOUBT_MS));
    }

    /**
     * The row with the largest number, or `undefined` where the log is empty.
     *
     * @throws Fault HISTORY_INCOMPLETE where it is out of reach
     */
    async newest(): Promise<LoggedRow | undefined> {
        let ends = await this.#ends(ALWAYS);
        let newest = largest(ends.rows);
        while (ends.isCut && newest !== undefined) {
            const behind = await this.#endsBehind(newest.serial, ends.rows);
            if (behind === undefined || behind.total >= ends.total) throw outOfReach();
            ends = behind;
            newest = largest([newest, ...ends.rows]);
        }
        return newest;
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
        return this.#unlessIgnored(async () => {
            const read: Page[] = [];
            for await (const page of this.#pages(condition, 0)) {
                read.push(page);
                // Before it hands out its whole log.
                if (!areWithin(await this.#rowsOn([page]), first, last)) return undefined;
                complete(page);
                if (most !== undefined && (page.total ?? 0) > most) break;
            }
            const rows = await this.#rowsOn(read);
            return { rows, isOrdered: true, total: read[0]?.total ?? rows.length };
        });
    }

    /** What a search by number gives; from then on none is tried where the device refuses it or gives something else. */
    async #unlessIgnored<T>(search: () => Promise<T | undefined>): Promise<T | undefined> {
        try {
            const found = await search();
            if (found !== undefined) return found;
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (fault.code !== 'REQUEST_INVALID') throw fault;
        }
        this.#ignoresSerials = true;
        return undefined;
    }

    /** The rows at both ends of a list: the log may be handed out in either direction. */
    async #ends(condition: object): Promise<Ends> {
        const begin = await this.#firstPage(condition, 0);
        const rows = await this.#rowsOn([begin]);
        const size = rows.length;
        const total = begin.total ?? size;
        const position = total - size;
        if (size === 0 || position <= 0) return { rows, total, isCut: false };
        const end = await this.#firstPage(condition, Math.min(position, LARGEST_POSITION), size);
        rows.push(...(await this.#rowsOn([end])));
        return { rows, total, isCut: position > LARGEST_POSITION };
    }

    /** The ends of what lies behind, by number or by time, where the positions do not reach as far as the log does. */
    async #endsBehind(serial: number, rows: readonly LoggedRow[]): Promise<Ends | undefined> {
        if (await this.#bySerial()) {
            const first = serial + 1;
            const found = await this.#unlessIgnored(async () => {
                const ends = await this.#ends({ beginSerialNo: first });
                return areWithin(ends.rows, first) ? ends : undefined;
            });
            if (found !== undefined) return found;
        }
        const [latest] = byTime(rows).reverse();
        if (latest === undefined) return undefined;
        return this.#ends({ ...ALWAYS, startTime: around(latest).startTime });
    }

    /** Windows of a day, so that no list is longer than a device hands out. */
    async #spansSince(since: Moment | undefined): Promise<object[]> {
        const now = this.#options.clock.now();
        let start = since;
        if (start === undefined) {
            const first = await this.#firstPage(ALWAYS, 0);
            const rows = await this.#rowsOn([first]);
            if (rows.length === (first.total ?? rows.length) && first.last) return [ALWAYS];
            start = byTime(rows)[0];
        }
        if (start === undefined) return [ALWAYS];
        const from = Date.parse(start.time) - OVERLAP_MS - doubtOf(start);
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
        return this.#rowsOn(read);
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

    /** In the order of their numbers; each number once, and no row without one. */
    async #rowsOn(read: readonly Page[]): Promise<LoggedRow[]> {
        const now = this.#options.clock.now();
        const numbered = read
            .flatMap((page) => page.rows)
            .map((fields) => ({ serial: countOf(fields.serialNo), text: textOf(fields.time), fields }));
        const told = numbered.some(({ text }) => lacksOffset(text, now)) ? await this.#options.told() : undefined;
        const rows = new Map<number, LoggedRow>();
        for (const { serial, text, fields } of numbered) {
            if (serial === undefined || serial === 0) continue;
            rows.set(serial, { serial, moment: momentOfRow(text, now, told), fields });
        }
        return [...rows.values()].sort((one, other) => one.serial - other.serial);
    }
}

function noHistory(cause?: Fault): Fault {
    const reason = cause?.details.reason ?? 'this model or firmware keeps no history that can be asked for';
    return new Fault('NOT_SUPPORTED', { details: { reason }, ...(cause && { cause }) });
}

function outOfReach(): Fault {
    return new Fault('HISTORY_INCOMPLETE', { details: { reason: 'the list is longer than the device hands out' } });
}

/** @throws Fault HISTORY_INCOMPLETE */
function complete(page: Page): Page {
    if (page.incomplete === undefined) return page;
    throw new Fault('HISTORY_INCOMPLETE', { details: { reason: page.incomplete } });
}

function largest(rows: readonly LoggedRow[]): LoggedRow | undefined {
    return rows.reduce<LoggedRow | undefined>(
        (newest, row) => (newest === undefined || row.serial > newest.serial ? row : newest),
        undefined,
    );
}

function areWithin(rows: readonly LoggedRow[], first: number, last = Number.POSITIVE_INFINITY): boolean {
    return rows.every(({ serial }) => serial >= first && serial <= last);
}

function byTime(rows: readonly LoggedRow[]): Moment[] {
    const moments = rows.flatMap(({ moment }) => moment ?? []);
    return moments.sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
}

function around(moment: Moment, doubt = doubtOf(moment)): { startTime: string; endTime: string } {
    const at = Date.parse(moment.time);
    return spanOf(at - OVERLAP_MS - doubt, at + OVERLAP_MS + doubt, moment);
}

/** A span of time in the offset that the device itself writes. */
function spanOf(from: number, to: number, { time }: Moment): { startTime: string; endTime: string } {
    const offset = offsetOf(time);
    return { startTime: isoWithOffset(from, offset), endTime: isoWithOffset(to, offset) };
}
