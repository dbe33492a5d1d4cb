import { Fault } from '../errors';
import type { HttpResponse } from '../http/client';
import { readAnswer } from '../isapi/answer';
import { type Page, pages } from '../isapi/paging';
import { ask, type IsapiLink, type IsapiRequest } from '../isapi/request';
import { needsReboot, readIsapiStatus } from '../isapi/responseStatus';
import {
    type Context,
    isComposed,
    isPaged,
    type Operation,
    type PagedOperation,
    type Result,
    type SimpleOperation,
    type Values,
} from './operation';

/** The context of one call: its requests carry its time limit and its end. */
export function contextOf(parts: Omit<Context, 'ask'>): Context {
    return { ...parts, ask: askWith(parts, parts.link) };
}

function askWith(
    { clock, signal, timeout }: Pick<Context, 'clock' | 'signal' | 'timeout'>,
    link: IsapiLink,
): (request: IsapiRequest) => Promise<HttpResponse> {
    return (request) => ask(link, { timeout, ...(signal !== undefined && { signal }), ...request }, clock);
}

/**
 * Carries out an operation that is not paged.
 *
 * @throws Fault
 */
export async function runOperation(operation: Operation, context: Context, values: Values): Promise<Result> {
    if (isPaged(operation))
        throw new Fault('UNEXPECTED', { details: { reason: 'a paged operation is read by its pages' } });
    if (isComposed(operation)) return operation.run(context, values);
    return runSimple(operation, context, values);
}

async function runSimple(operation: SimpleOperation, context: Context, values: Values): Promise<Result> {
    const { method, query, body, headers, session, physical, read } = operation;
    const path = pathOf(operation.path, values);
    const request: IsapiRequest = { path, method: method ?? 'GET' };
    if (query !== undefined) request.query = query(values);
    if (body !== undefined) request.body = body(values);
    if (headers !== undefined) request.headers = headers;
    if (physical) request.physical = true;
    const send = session ? askWith(context, context.session) : context.ask;
    const answer = await send(request);
    const parsed = readAnswer(answer, 'auto');
    return { payload: read === undefined ? parsed : read(parsed, values), answer, path };
}

function pathOf(path: SimpleOperation['path'], values: Values): string {
    if (typeof path === 'function') return path(values);
    return path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(values.text(name)));
}

/** What devices admit where nobody knows better (ISAPI guide: 30 for most searches). */
const USUAL_PAGE = 30;

/** The pages of a paged operation, each asked for when the one before has been used. */
export async function* runPages(
    operation: PagedOperation,
    context: Context,
    values: Values,
): AsyncGenerator<Page, void, void> {
    const pageSize = (await operation.pageSize?.(context)) ?? USUAL_PAGE;
    const { search, path, condition } = operation;
    yield* pages(search, { path, condition: condition(values), pageSize, ask: context.ask });
}

/** True where the device did it and wants to be restarted before it counts (ISAPI guide, status 7). */
export function wantsReboot(answer: Pick<HttpResponse, 'headers'> & { body?: Buffer }): boolean {
    if (answer.body === undefined) return false;
    const read = readIsapiStatus(answer.body, answer.headers['content-type']);
    return read !== undefined && 'status' in read && needsReboot(read.status);
}
