import { readJsonBody } from '../bodies';
import type { TimeForm } from '../deviceTime';
import type { Exchange } from '../exchange';
import type { Handler } from '../routes';
import { historyRow } from './accessDocuments';
import type { AccessLog, AccessQuery, AccessRow } from './accessLog';

export interface AcsHistoryOptions {
    /** false: `notSupport`, as some models and firmware answer. */
    supported: boolean;
    /** Largest page: 10 to 30, a client must ask the capability. */
    maxResults: number;
    /** What stands in `responseStatusStrg` of an empty answer; three spellings are in the field. */
    noMatch: 'NO MATCH' | 'NO MATCHES' | 'NOMATCH';
    /**
     * What `beginSerialNo` and `endSerialNo` do: they filter, or firmware that does not know them gives everything.
     * `named`: it gives everything although its capabilities name them.
     */
    serials: 'filter' | 'ignored' | 'named';
    /** `ignored`: everything, whatever time is asked for. */
    times?: 'heeded' | 'ignored';
    /** Which rows come first; the oldest by default. */
    order?: 'oldest' | 'newest';
    /** `no-offset`: local time without saying which, as a KV6124 writes it. */
    timeForm?: TimeForm;
}

export interface AcsHistorySource {
    log: AccessLog;
    /** The terminal's text for a time. */
    timeText(at: number, form?: TimeForm): string;
    /** Minutes east of UTC, for times that a client sends without offset. */
    offset(): number;
    pictureUrl(row: AccessRow): string;
}

const BASE = '/ISAPI/AccessControl';
const LAST_POSITION = 150_000;

/** `POST /ISAPI/AccessControl/AcsEvent`: the log of a terminal, page by page (ISAPI guide; a DS-K1T342MWX). */
export class AcsHistory {
    constructor(
        readonly options: AcsHistoryOptions,
        readonly source: AcsHistorySource,
        route: (method: string, pattern: string, handler: Handler) => void,
    ) {
        const guarded = (handler: (exchange: Exchange) => void) => (exchange: Exchange) => {
            if (this.options.supported) handler(exchange);
            else exchange.outcome('notSupport');
        };
        route(
            'POST',
            `${BASE}/AcsEvent`,
            guarded((exchange) => this.#search(exchange)),
        );
        route(
            'GET',
            `${BASE}/AcsEvent/capabilities`,
            guarded((exchange) => this.#capabilities(exchange)),
        );
        route(
            'POST',
            `${BASE}/AcsEventTotalNum`,
            guarded((exchange) => this.#total(exchange)),
        );
    }

    #search(exchange: Exchange): void {
        const condition = conditionOf(exchange.body, 'AcsEventCond');
        const position = Number(condition?.searchResultPosition ?? 0);
        const wanted = Number(condition?.maxResults);
        if (condition === undefined) {
            exchange.outcome('badFormat');
            return;
        }
        if (!(wanted >= 1 && wanted <= this.options.maxResults) || !(position >= 0 && position <= LAST_POSITION)) {
            exchange.outcome('badParameters');
            return;
        }
        const found = this.source.log.find(this.#query(condition));
        const page = found.slice(position, position + wanted);
        const withPictures = condition.picEnable === true;
        exchange.json({
            AcsEvent: {
                searchID: condition.searchID,
                totalMatches: found.length,
                responseStatusStrg: this.#status(page.length, position, found.length),
                numOfMatches: page.length,
                InfoList: page.length > 0 ? page.map((row) => this.#row(row, withPictures)) : undefined,
            },
        });
    }

    #status(rows: number, position: number, total: number): string {
        if (rows === 0) return this.options.noMatch;
        return position + rows < total ? 'MORE' : 'OK';
    }

    #row(row: AccessRow, withPicture: boolean): object {
        const url = withPicture && row.picture ? this.source.pictureUrl(row) : undefined;
        return historyRow(row, this.source.timeText(row.at, this.options.timeForm), url);
    }

    #query(condition: Record<string, unknown>): AccessQuery {
        const text = (name: string) => (condition[name] === undefined ? undefined : String(condition[name]));
        const number = (name: string) => Number(condition[name] ?? 0);
        return {
            major: number('major'),
            minor: number('minor'),
            ...(this.options.times !== 'ignored' && {
                from: this.#instant(text('startTime')) ?? 0,
                to: this.#instant(text('endTime')) ?? Number.POSITIVE_INFINITY,
            }),
            employee: text('employeeNoString') ?? '',
            card: text('cardNo') ?? '',
            name: text('name') ?? '',
            ...(this.#filtersSerials && { beginSerial: number('beginSerialNo'), endSerial: number('endSerialNo') }),
            newestFirst: condition.timeReverseOrder === true || this.options.order === 'newest',
        };
    }

    get #filtersSerials(): boolean {
        return this.options.serials === 'filter';
    }

    /** Epoch milliseconds; a text without offset is the terminal's local time. */
    #instant(text: string | undefined): number | undefined {
        if (text === undefined || text === '') return undefined;
        const hasOffset = /(Z|[+-]\d\d:\d\d)$/.test(text);
        const at = Date.parse(hasOffset ? text : `${text}Z`) - (hasOffset ? 0 : this.source.offset() * 60_000);
        return Number.isNaN(at) ? undefined : at;
    }

    #total(exchange: Exchange): void {
        const condition = conditionOf(exchange.body, 'AcsEventTotalNumCond');
        if (condition === undefined) exchange.outcome('badFormat');
        else exchange.json({ AcsEventTotalNum: { totalNum: this.source.log.find(this.#query(condition)).length } });
    }

    #capabilities(exchange: Exchange): void {
        exchange.json({
            AcsEvent: {
                AcsEventCond: {
                    searchID: { '@min': 1, '@max': 36 },
                    searchResultPosition: { '@min': 0, '@max': LAST_POSITION },
                    maxResults: { '@min': 1, '@max': this.options.maxResults },
                    // A list as an array here and as a comma-separated text there: both stand in one document.
                    major: { '@opt': '0,1,2,3,5' },
                    minorEvent: { '@opt': ['0x1', '0x8', '0x9', '0x15', '0x16', '0x4b', '0x4c'] },
                    ...(this.options.serials !== 'ignored' && {
                        beginSerialNo: { '@min': 0 },
                        endSerialNo: { '@min': 0 },
                    }),
                    picEnable: { '@opt': ['true', 'false'] },
                    timeReverseOrder: { '@opt': ['true', 'false'] },
                },
            },
        });
    }
}

function conditionOf(body: Buffer, name: string): Record<string, unknown> | undefined {
    const condition = readJsonBody(body)?.[name];
    return typeof condition === 'object' && condition !== null ? (condition as Record<string, unknown>) : undefined;
}
