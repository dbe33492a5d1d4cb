import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import type { HttpRequest, HttpResponse } from '../protocols/http/client';
import { download } from '../protocols/isapi/download';
import { conditionOf, inOrder, type Page, type PagedSearch, pagedSearch, pages } from '../protocols/isapi/paging';
import { ask, type IsapiLink, type IsapiRequest } from '../protocols/isapi/request';
import type { AudioLink } from '../protocols/isapi/twoWayAudio';
import type { Context, Result } from '../protocols/operations/operation';
import { isPaged } from '../protocols/operations/operation';
import { contextOf, runOperation, runPages } from '../protocols/operations/run';
import { checkValues } from '../protocols/operations/values';
import type { OnProgress } from '../protocols/progress';
import { Abilities } from './abilities';
import { operationOf } from './operations';

export interface DeviceRequestsOptions {
    link: AudioLink;
    /** Where alarm panels want a login session; requests are made inside of it. */
    session: { request(request: HttpRequest): Promise<HttpResponse>; close(): void };
    vendor: 'auto' | 'hikvision' | 'dahua';
    host: string;
    /** Milliseconds for a request that names none. */
    timeout: number;
    clock?: Clock;
}

/** What a request wants beside its own words. */
export interface CallOptions {
    timeout?: number;
    signal?: AbortSignal;
    /** Where a large answer is saved. */
    filename?: string;
    /** Is told how far a long request has come. */
    progress?: OnProgress;
}

/** What to send when it is no ready operation. */
export type CustomRequest = Pick<IsapiRequest, 'method' | 'path' | 'query' | 'headers' | 'body'>;

/** Every request that nodes make at one device, with what is learned of the device on the way. */
export class DeviceRequests {
    readonly abilities: Abilities;
    readonly #options: DeviceRequestsOptions;
    readonly #clock: Clock;
    readonly #talking = new Set<number>();

    constructor(options: DeviceRequestsOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        const { link, timeout, vendor } = options;
        this.abilities = new Abilities((request) => ask(link, { timeout, ...request }, this.#clock), vendor);
    }

    /** Any request; the answer is checked for a refusal. @throws Fault */
    async send(request: CustomRequest, options: CallOptions): Promise<HttpResponse> {
        const context = this.#context(options);
        if (!isPanelPath(request.path)) return context.ask(request);
        const { timeout, signal, clock, session } = context;
        return ask(session, { timeout, ...(signal !== undefined && { signal }), ...request }, clock);
    }

    /**
     * Any request; with a file name, an answer that is no document is streamed into the file.
     *
     * @throws Fault
     */
    async sendOrSave(request: CustomRequest, options: CallOptions): Promise<HttpResponse | Result> {
        const { filename, progress } = options;
        if (filename === undefined) return this.send(request, options);
        const context = this.#context(options);
        const { timeout, signal, clock } = context;
        const wanted = { ...request, timeout, bodyWithGet: true, ...(signal !== undefined && { signal }) };
        const saved = await download(context.link, wanted, {
            filename,
            idle: timeout,
            clock,
            documents: 'return',
            ...(progress !== undefined && { progress }),
        });
        if ('body' in saved) return saved;
        const { bytes, contentType, statusCode, headers } = saved;
        const extra = { filename, ...(contentType !== undefined && { contentType }) };
        return { payload: { filename, bytes }, answer: { statusCode, headers }, path: request.path, extra };
    }

    /** A ready operation. @throws Fault OPERATION_UNKNOWN, PARAMETER_MISSING, … */
    async run(id: string, given: Readonly<Record<string, unknown>>, options: CallOptions): Promise<Result> {
        const operation = known(id);
        return runOperation(operation, this.#context(options), checkValues(operation, given));
    }

    /** The pages of a ready operation, or `undefined` where it has none. */
    pagesOf(id: string, given: Readonly<Record<string, unknown>>, options: CallOptions): Matches | undefined {
        const operation = known(id);
        if (!isPaged(operation)) return undefined;
        const values = checkValues(operation, given);
        return {
            search: operation.search,
            row: operation.row ?? ((match) => match),
            pages: runPages(operation, this.#context(options), values),
        };
    }

    /** The pages of a search that the flow wrote itself, or `undefined` where its path is no paged search. */
    pagesOfRequest(request: CustomRequest, options: CallOptions): Matches | undefined {
        const search = pagedSearch(request.path);
        if (search === undefined) return undefined;
        const condition = conditionOf(search, request.body);
        if (condition === undefined) {
            const reason = `this search wants its ${search.condition || 'condition'}`;
            throw new Fault('BODY_INVALID', { details: { reason } });
        }
        const { ask: send } = this.#context(options);
        const pageSize = pageSizeOf(search, request.body);
        return {
            search,
            row: (match) => match,
            pages: pages(search, { path: request.path, condition, pageSize, ask: send }),
        };
    }

    close(): void {
        this.#options.session.close();
    }

    #context({ timeout = this.#options.timeout, signal, filename, progress }: CallOptions): Context {
        const { link, session, host } = this.#options;
        const inSession: IsapiLink = {
            request: (request) => session.request(request),
            open: () =>
                Promise.reject(new Fault('NOT_SUPPORTED', { details: { reason: 'a panel has no streams here' } })),
        };
        return contextOf({
            link,
            session: inSession,
            clock: this.#clock,
            knowledge: this.abilities,
            timeout,
            host,
            talking: this.#talking,
            ...(signal !== undefined && { signal }),
            ...(filename !== undefined && { filename }),
            ...(progress !== undefined && { progress }),
        });
    }
}

/** A search under way. */
export interface Matches {
    search: PagedSearch;
    /** From a match to a row of the message. */
    row(match: Record<string, unknown>): unknown;
    pages: AsyncGenerator<Page, void, void>;
}

/** Everything that a search finds. */
export interface Collected {
    rows: unknown[];
    last: Page;
    /** Why matches may be missing. */
    incomplete?: string;
}

/** All pages as one list, in the order of their numbers where they have some. @throws Fault */
export async function collect({ search, row, pages: all }: Matches): Promise<Collected> {
    const matches: Record<string, unknown>[] = [];
    let last: Page | undefined;
    for await (const page of all) {
        matches.push(...page.rows);
        last = page;
    }
    if (last === undefined) throw new Fault('UNEXPECTED', { details: { reason: 'the search gave no page' } });
    const collected: Collected = { rows: inOrder(search, matches).map(row), last };
    if (last.incomplete !== undefined) collected.incomplete = last.incomplete;
    return collected;
}

/** Alarm panels admit these inside a login session only (petrleocompel/hikaxpro). */
function isPanelPath(path: string): boolean {
    return /^\/ISAPI\/SecurityCP\//i.test(path);
}

function known(id: string) {
    const operation = operationOf(id);
    if (operation === undefined) throw new Fault('OPERATION_UNKNOWN', { details: { operation: id.slice(0, 64) } });
    return operation;
}

/** What the flow wrote itself, within what makes sense. */
function pageSizeOf(search: PagedSearch, body: unknown): number {
    const wanted = Number((conditionOfBody(search, body) as { maxResults?: unknown } | undefined)?.maxResults);
    return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, 1000) : 30;
}

function conditionOfBody(search: PagedSearch, body: unknown): unknown {
    if (typeof body !== 'object' || body === null || search.condition === '') return body;
    return (body as Record<string, unknown>)[search.condition];
}
