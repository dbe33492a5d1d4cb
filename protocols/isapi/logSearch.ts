import { randomUUID } from 'node:crypto';
import { at, textAt } from '../documents/fields';
import { Fault } from '../errors';
import type { HttpResponse } from '../http/client';
import { readAnswer } from './answer';
import { meansUnsupported } from './answerFault';
import { CAP, Collected, type LogRows } from './logRows';
import { type Page, pagedSearch, pages } from './paging';
import type { IsapiRequest } from './request';

const PATH = '/ISAPI/ContentMgmt/logSearch';
const SEARCH = pagedSearch(PATH)!;

/** What the web page of recorders and most public clients ask for. */
const PAGE = 64;
/** A search that begins anew in the middle goes back so far: the end of an event is found by when it began (the same). */
const BACK_MS = 30 * 60_000;

/** One way to ask. Public clients differ, and a device that takes one may refuse the other. */
interface Form {
    /** The beginning of `metaId`. */
    domain: string;
    /** Whether the category goes into `metaId`; without it the whole log is handed out. */
    isFiltered: boolean;
    /** DS-77xx V5.04 is said to want braces around `searchID`. */
    isBraced?: true;
}

/** The web page of recorders asks by `log.std-cgi.com`; the answers, and some clients, say `log.hikvision.com`. */
const FORMS: readonly Form[] = [
    { domain: 'log.std-cgi.com', isFiltered: true },
    { domain: 'log.std-cgi.com', isFiltered: false },
    { domain: 'log.hikvision.com', isFiltered: true },
    { domain: 'log.hikvision.com', isFiltered: false },
    { domain: 'log.std-cgi.com', isFiltered: false, isBraced: true },
];

/** A span of what the clock on the wall shows, both ends included, as {@link LogRow.wall}. */
export interface WallSpan {
    from: number;
    to: number;
}

export interface LogSearchOptions {
    ask(request: IsapiRequest): Promise<HttpResponse>;
    /** Rows that are read at most. */
    mostRows: number;
}

/**
 * The log of a camera or recorder, `POST /ISAPI/ContentMgmt/logSearch` (ISAPI guide; see docs/catch-up.md for what is
 * known of it and how surely). The times of the question are those of the wall: whether the device takes them for its
 * local time or for UTC is for the caller to find out.
 */
export class LogSearch {
    readonly #options: LogSearchOptions;
    /** The way that worked last. */
    #form = 0;
    /** It has given rows: that it gives none now means that there are none. */
    #isProven = false;

    constructor(options: LogSearchOptions) {
        this.#options = options;
    }

    /**
     * The rows of some categories in a span.
     *
     * @param categories as the device spells them: `Alarm`, `Exception`
     * @throws Fault NOT_SUPPORTED where the device has no such log, or takes none of the known forms
     */
    async rows(categories: readonly string[], span: WallSpan): Promise<LogRows> {
        const wanted = new Set(categories.map((category) => category.toLowerCase()));
        let nothing: LogRows | undefined;
        const found = await this.#inAnyForm(async (form, at) => {
            const read = await this.#read(form, categories, span);
            const rows = read.rows.filter(({ category }) => wanted.has(category));
            if (rows.length > 0) {
                this.#form = at;
                this.#isProven = true;
                return { ...read, rows };
            }
            nothing ??= { ...read, rows };
            // A filter that finds nothing may be one that the device does not understand.
            return form.isFiltered && !this.#isProven ? undefined : nothing;
        });
        return found ?? nothing!;
    }

    /** Whether the log has any row in a span, of whatever category. @throws as {@link rows} */
    async hasAny(span: WallSpan): Promise<boolean> {
        const found = await this.#inAnyForm(async (form) => {
            if (form.isFiltered) return undefined;
            for await (const page of this.#pages(form.domain, form, span)) return page.rows.length > 0;
            return false;
        });
        return found ?? false;
    }

    /** Tries one form after the other, the one that worked last first, until one gives something. */
    async #inAnyForm<T>(ask: (form: Form, at: number) => Promise<T | undefined>): Promise<T | undefined> {
        let refusal: Fault | undefined;
        let isTaken = false;
        for (const at of [this.#form, ...FORMS.keys()].filter((index, place) => place === 0 || index !== this.#form)) {
            try {
                const found = await ask(FORMS[at]!, at);
                if (found !== undefined) return found;
                isTaken = true;
            } catch (thrown) {
                const fault = Fault.from(thrown);
                if (meansUnsupported(fault)) throw noLog(fault);
                if (fault.code !== 'REQUEST_INVALID') throw fault;
                refusal ??= fault;
            }
        }
        if (refusal !== undefined && !isTaken) throw noLog(refusal);
        return undefined;
    }

    async #read(form: Form, categories: readonly string[], span: WallSpan): Promise<LogRows> {
        const { domain, isFiltered } = form;
        const metaIds = isFiltered ? categories.map((category) => `${domain}/${category}`) : [domain];
        const all = new Collected(this.#options.mostRows);
        for (const metaId of metaIds) await this.#collect(metaId, form, span, all);
        return all.rows;
    }

    /** Reads a span to its end, by further searches where the device ends one early. */
    async #collect(metaId: string, form: Form, span: WallSpan, all: Collected): Promise<void> {
        let { from, to } = span;
        while (true) {
            const search = all.begin();
            for await (const page of this.#pages(metaId, form, { from, to })) {
                const why = search.add(page);
                if (why !== undefined) {
                    all.incomplete ??= why;
                    return;
                }
            }
            const { isCut, oldest, newest, isDescending } = search;
            if (isCut === undefined) return;
            // What is missing lies behind the last row; one second may hold more than a page.
            const next = isDescending
                ? { from, to: oldest }
                : { from: search.count >= CAP ? Math.max(from + 1000, newest - BACK_MS) : newest, to };
            if (search.fresh === 0 || (next.from <= from && next.to >= to)) {
                all.incomplete ??= isCut;
                return;
            }
            ({ from, to } = next);
        }
    }

    async *#pages(metaId: string, { isBraced }: Form, { from, to }: WallSpan): AsyncGenerator<Page, void, void> {
        const id = randomUUID().toUpperCase();
        const condition = {
            // The same for all pages: recorders keep the search, and begin it anew for another one (alkait/HikViewer).
            searchID: isBraced ? `{${id}}` : id,
            metaId,
            timeSpanList: { timeSpan: { startTime: zulu(from), endTime: zulu(to) } },
        };
        for await (const page of pages(SEARCH, { path: PATH, condition, pageSize: PAGE, ask: this.#options.ask })) {
            if (page.rows.length === 0 && page.incomplete === undefined) saysNone(page.answer);
            yield page;
        }
    }
}

/** Half a document looks as if nothing had happened. @throws Fault ANSWER_UNREADABLE */
function saysNone(answer: HttpResponse): void {
    const result = at(readAnswer(answer, 'object'), 'CMSearchResult');
    if (textAt(result, 'responseStatusStrg') !== undefined || textAt(result, 'numOfMatches') !== undefined) return;
    const details = {
        expected: 'a page of the log',
        reason: 'it says neither how many rows there are nor that it has none',
    };
    throw new Fault('ANSWER_UNREADABLE', { details });
}

function noLog(cause: Fault): Fault {
    return new Fault('NOT_SUPPORTED', { details: { reason: cause.details.reason ?? cause.message }, cause });
}

function zulu(wall: number): string {
    return `${new Date(wall).toISOString().slice(0, 19)}Z`;
}
