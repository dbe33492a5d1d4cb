import { randomUUID } from 'node:crypto';
import { at, listAt, numberAt, textAt } from '../documents/fields';
import { readJson } from '../documents/readJson';
import { readXml } from '../documents/readXml';
import { Fault } from '../errors';
import type { HttpResponse } from '../http/client';
import { readAnswer, textOf } from './answer';
import type { IsapiRequest } from './request';

/** A search that hands out its matches page by page. */
export interface PagedSearch {
    /** Path without query, in lower case. */
    path: string;
    form: 'xml' | 'json';
    /** The element that holds the condition; '' where the condition is the whole body. */
    condition: string;
    position: string;
    /** The element that holds the answer. */
    answer: string;
    /** Where the matches lie in it; gateways use other names for the same. */
    rows: readonly string[];
    total: string;
    /** The number that identifies a match and orders the list, where there is one. */
    order?: string;
}

/** Every search of ISAPI that is paged and exercised by published clients (ISAPI guide; the misspelling is theirs). */
const PAGED_SEARCHES: readonly PagedSearch[] = [
    {
        path: '/isapi/accesscontrol/acsevent',
        form: 'json',
        condition: 'AcsEventCond',
        position: 'searchResultPosition',
        answer: 'AcsEvent',
        rows: ['InfoList', 'AcsEventInfo'],
        total: 'totalMatches',
        order: 'serialNo',
    },
    {
        path: '/isapi/accesscontrol/userinfo/search',
        form: 'json',
        condition: 'UserInfoSearchCond',
        position: 'searchResultPosition',
        answer: 'UserInfoSearch',
        rows: ['UserInfo'],
        total: 'totalMatches',
    },
    {
        path: '/isapi/accesscontrol/cardinfo/search',
        form: 'json',
        condition: 'CardInfoSearchCond',
        position: 'searchResultPosition',
        answer: 'CardInfoSearch',
        rows: ['CardInfo'],
        total: 'totalMatches',
    },
    {
        path: '/isapi/intelligent/fdlib/fdsearch',
        form: 'json',
        condition: '',
        position: 'searchResultPosition',
        answer: '',
        rows: ['MatchList'],
        total: 'totalMatches',
    },
    {
        path: '/isapi/contentmgmt/search',
        form: 'xml',
        condition: 'CMSearchDescription',
        position: 'searchResultPostion',
        answer: 'CMSearchResult',
        rows: ['matchList/searchMatchItem'],
        total: 'totalMatches',
    },
    {
        path: '/isapi/contentmgmt/logsearch',
        form: 'xml',
        condition: 'CMSearchDescription',
        position: 'searchResultPostion',
        answer: 'CMSearchResult',
        rows: ['matchList/searchMatchItem'],
        total: 'totalMatches',
    },
];

/** The paged search at a path, or `undefined` where it is something else. */
export function pagedSearch(path: string): PagedSearch | undefined {
    const mark = path.indexOf('?');
    const plain = (mark < 0 ? path : path.slice(0, mark)).toLowerCase().replace(/\/$/, '');
    return PAGED_SEARCHES.find((search) => search.path === plain);
}

export interface Page {
    rows: Record<string, unknown>[];
    /** Ordinal, from 0. */
    index: number;
    /** How many matches lie before it. */
    position: number;
    /** What the device says there are in all. */
    total?: number;
    last: boolean;
    /** Why matches may be missing behind this page. */
    incomplete?: string;
    answer: HttpResponse;
    path: string;
}

export interface PageOptions {
    /** Path with query, as asked. */
    path: string;
    /** What to search for: the content of the condition element, without position and id. */
    condition: Record<string, unknown>;
    /** Matches per page; devices admit 10 to 30 (AcsEvent capabilities). */
    pageSize: number;
    /** Where to begin. */
    from?: number;
    ask(request: IsapiRequest): Promise<HttpResponse>;
}

/** Devices refuse positions beyond it (AcsEvent capabilities: 150000). */
const LARGEST_POSITION = 150_000;
/** What every device admits on a page. */
const SMALLEST_PAGE = 10;

/**
 * The pages of a search, one request each: the same search id, positions by what the device says it gave, until it has
 * no more, gives nothing, or repeats itself. A page is asked for when the one before has been used.
 */
export async function* pages(search: PagedSearch, options: PageOptions): AsyncGenerator<Page, void, void> {
    const searchID = textAt(options.condition, 'searchID') ?? randomUUID();
    let size = options.pageSize;
    let position = options.from ?? 0;
    let before = '';
    for (let index = 0; ; index += 1) {
        const { answer, used } = await askPage(search, options, { searchID, position, size });
        size = used;
        const page = readPage(search, answer, options.path, index, position);
        const content = JSON.stringify(page.rows);
        if (page.rows.length > 0 && content === before) {
            // Some firmware ignores the position: going on would never end (jonioliel/home-assistant-hikvision-intercom).
            const incomplete = 'the device repeats the same page';
            yield { ...page, rows: [], last: true, incomplete };
            return;
        }
        before = content;
        yield page;
        if (page.last) return;
        position += advance(search, answer, page.rows.length);
    }
}

interface Step {
    searchID: string;
    position: number;
    size: number;
}

/** Asks for one page; a device that refuses the size of the first is asked for a smaller one. */
async function askPage(
    search: PagedSearch,
    { path, condition, ask }: PageOptions,
    { searchID, position, size }: Step,
): Promise<{ answer: HttpResponse; used: number }> {
    const request = (maxResults: number): IsapiRequest => ({
        method: 'POST',
        path,
        body: wrapped(search, { searchID, ...condition, maxResults, [search.position]: position }),
        headers: search.form === 'json' ? { 'Content-Type': 'application/json; charset="UTF-8"' } : {},
    });
    try {
        return { answer: await ask(request(size)), used: size };
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.code !== 'REQUEST_INVALID' || position > 0 || size <= SMALLEST_PAGE) throw fault;
        return { answer: await ask(request(SMALLEST_PAGE)), used: SMALLEST_PAGE };
    }
}

function wrapped(search: PagedSearch, condition: object): object {
    return search.condition === '' ? condition : { [search.condition]: condition };
}

function readPage(search: PagedSearch, answer: HttpResponse, path: string, index: number, position: number): Page {
    const object = readAnswer(answer, 'object');
    const content = search.answer === '' ? object : at(object, search.answer);
    if (typeof content !== 'object' || content === null) {
        const reason = `it holds no ${search.answer}`;
        throw new Fault('ANSWER_UNREADABLE', { details: { expected: 'a page of matches', reason } });
    }
    const rows = search.rows.map((name) => listAt(content, name)).find((list) => list.length > 0) ?? [];
    const status = textAt(content, 'responseStatusStrg') ?? '';
    const total = numberAt(content, search.total);
    const page: Page = { rows, index, position, last: true, answer, path };
    if (total !== undefined) page.total = total;
    // The rest is "OK" or one of the spellings of "no match": NO MATCH, NO MATCHES, NOMATCH.
    if (!/^more$/i.test(status)) return page;
    if (rows.length === 0) return { ...page, incomplete: 'the device announces more matches and gives none' };
    if (position + rows.length > LARGEST_POSITION)
        return { ...page, incomplete: 'the list is longer than the device hands out' };
    return { ...page, last: false };
}

/** How far the device says it got; rows that it left out of the answer count too. */
function advance(search: PagedSearch, answer: HttpResponse, rows: number): number {
    const object = readAnswer(answer, 'object');
    const count = numberAt(search.answer === '' ? object : at(object, search.answer), 'numOfMatches');
    return count !== undefined && count > 0 ? count : rows;
}

/** The condition in a body that a flow gives, as object or text; `undefined` where it holds none. */
export function conditionOf(search: PagedSearch, body: unknown): Record<string, unknown> | undefined {
    const object = Buffer.isBuffer(body) ? parse(textOf(body)) : typeof body === 'string' ? parse(body) : body;
    const condition = search.condition === '' ? object : at(object, search.condition);
    if (typeof condition !== 'object' || condition === null) return undefined;
    const { [search.position]: _position, maxResults: _size, ...rest } = condition as Record<string, unknown>;
    return rest;
}

function parse(text: string): unknown {
    return /^\s*</.test(text) ? readXml(text) : readJson(text);
}

/** Matches in the order of their number, where they have one: devices hand them out in any order. */
export function inOrder(search: PagedSearch, rows: Record<string, unknown>[]): Record<string, unknown>[] {
    const { order } = search;
    if (order === undefined) return rows;
    return [...rows].sort((one, other) => (numberAt(one, order) ?? 0) - (numberAt(other, order) ?? 0));
}
