import { type Clock, systemClock } from '../clock';
import { buildXml } from '../documents/buildXml';
import { Fault } from '../errors';
import type { HttpRequest, HttpResponse, HttpStream } from '../http/client';
import { pause } from '../pause';
import { answerFault } from './answerFault';

/** The way to a device, whatever it is. */
export interface IsapiLink {
    /** One request and its whole answer. Rejects with a Fault. */
    request(request: HttpRequest): Promise<HttpResponse>;
    /** A request whose answer is read as it comes, on a connection of its own. Rejects with a Fault. */
    open(request: HttpRequest): Promise<HttpStream>;
}

export interface IsapiRequest {
    /** GET by default, PUT where there is a body. */
    method?: string;
    /** Path of the device, from `/` on; it may hold a query. */
    path: string;
    /** Added to the query of the path; values that are undefined are left out. */
    query?: Record<string, unknown>;
    headers?: Record<string, string>;
    /** Text and Buffers as they are; an object becomes JSON where the path or its type says so, XML otherwise. */
    body?: unknown;
    /** Milliseconds. */
    timeout?: number;
    signal?: AbortSignal;
    /** Bytes of the answer. */
    maxBody?: number;
    /** True for what moves something in the world: it is never sent twice. Known paths are so by themselves. */
    physical?: boolean;
    /** The few reading requests that carry a document (`/ContentMgmt/download`). */
    bodyWithGet?: boolean;
}

/** What moves something, or answers somebody who waits: repeating it may open a door for the next person. */
const PHYSICAL = [
    '/isapi/accesscontrol/remotecontrol/',
    '/isapi/accesscontrol/remotecheck',
    '/isapi/system/reboot',
    '/isapi/system/io/outputs/',
    '/isapi/securitycp/control/',
    '/isapi/videointercom/',
    '/isapi/ptzctrl/',
    '/cgi-bin/accesscontrol.cgi',
    '/cgi-bin/ptz.cgi',
    '/cgi-bin/magicbox.cgi?action=reboot',
    '/cgi-bin/configmanager.cgi?action=setconfig&alarmout',
];

/** True for a request that must not be sent twice, however it ends. */
export function isPhysical({
    method = 'GET',
    path,
    physical,
}: Pick<IsapiRequest, 'method' | 'path' | 'physical'>): boolean {
    if (physical !== undefined) return physical;
    const lower = path.toLowerCase();
    const known = PHYSICAL.some((start) => lower.startsWith(start));
    return known && (method.toUpperCase() !== 'GET' || lower.startsWith('/cgi-bin/'));
}

/** Milliseconds to wait before each further attempt; there are no more attempts than waits. */
export interface Patience {
    /** While the device is busy (ISAPI guide: status 2 is temporary). */
    busy: readonly number[];
    /** After a device error at a GET, which goes away by asking again (maciej-or/hikvision_next, snapshots). */
    error: readonly number[];
}

const PATIENT: Patience = { busy: [2000, 4000, 8000], error: [250, 500] };
/** For what others wait for: one attempt more, at once. */
export const BRIEF: Patience = { busy: [0], error: [0] };

/**
 * Asks a device and gives its answer, or throws what the answer says was wrong.
 *
 * Asked again, after the waits of `patience`: a busy device, and for reading requests a device error. Nothing that moves something is asked twice, and a refused login never is.
 *
 * @throws Fault
 */
export async function ask(
    link: Pick<IsapiLink, 'request'>,
    request: IsapiRequest,
    clock: Clock = systemClock,
    patience = PATIENT,
): Promise<HttpResponse> {
    const http = httpRequest(request);
    const physical = isPhysical({ ...http, physical: request.physical });
    for (let attempt = 0; ; attempt += 1) {
        try {
            const answer = await link.request(http);
            const fault = answerFault(answer, http.path);
            if (fault === undefined) return answer;
            throw fault;
        } catch (thrown) {
            const fault = Fault.from(thrown);
            const wait = physical ? undefined : waitsBeforeRepeat(fault, http.method, patience)[attempt];
            if (wait === undefined) throw fault;
            await pause(clock, wait, request.signal);
            if (request.signal?.aborted) throw new Fault('CLOSED');
        }
    }
}

function waitsBeforeRepeat({ code, isapi }: Fault, method: string, patience: Patience): readonly number[] {
    if (code === 'DEVICE_BUSY') return patience.busy;
    return method === 'GET' && code === 'DEVICE_ERROR' && isapi?.statusCode === 3 ? patience.error : [];
}

/** The request as it goes on the wire. @throws Fault PATH_INVALID, BODY_INVALID */
export function httpRequest(request: IsapiRequest): HttpRequest & { method: string } {
    const path = pathOf(request);
    const headers = headersOf(request.headers);
    const body = bodyOf(request.body, path, headers);
    const method = (request.method || (body === undefined ? 'GET' : 'PUT')).toUpperCase();
    if (!/^[A-Z]{1,16}$/.test(method)) {
        throw new Fault('REQUEST_INVALID', { details: { reason: `“${method.slice(0, 20)}” is no method` } });
    }
    const http: HttpRequest & { method: string } = { method, path, headers };
    // A payload that happens to be in the message is no body of a GET.
    const reading = method === 'GET' || method === 'HEAD';
    if (body !== undefined && (!reading || request.bodyWithGet)) http.body = body;
    else delete headers['Content-Type'];
    if (request.timeout !== undefined) http.timeout = request.timeout;
    if (request.signal !== undefined) http.signal = request.signal;
    if (request.maxBody !== undefined) http.maxBody = request.maxBody;
    return http;
}

function pathOf({ path, query }: IsapiRequest): string {
    const invalid = (reason: string) => new Fault('PATH_INVALID', { details: { path: path.slice(0, 80), reason } });
    const trimmed = path.trim();
    if (trimmed === '') throw invalid('it is empty');
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) || trimmed.startsWith('//')) throw invalid('it names a host');
    if (trimmed.length > 8192) throw invalid('it is too long');
    if (/\p{Cc}/u.test(trimmed)) throw invalid('it holds control characters');
    const absolute = trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
    const pairs = Object.entries(query ?? {}).flatMap(([key, value]) => {
        const values = Array.isArray(value) ? value : [value];
        return values
            .filter((item) => item !== undefined && item !== null)
            .map((item) => `${encodeURIComponent(key)}=${encodeURIComponent(String(item))}`);
    });
    const whole = pairs.length === 0 ? absolute : `${absolute}${absolute.includes('?') ? '&' : '?'}${pairs.join('&')}`;
    return escapeInvalid(whole);
}

/** Escapes what may not stand in a request line and nothing else: the `@` and `&` of picture paths must stay. */
function escapeInvalid(path: string): string {
    return path.replace(/[^\x21-\x7e]|["<>\\^`{|}#]/gu, (character) => encodeURIComponent(character));
}

/** What the connection itself decides; taken over from another answer, these would break the request. */
const OWN_HEADERS = new Set([
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'authorization',
    'upgrade',
    'expect',
]);

function headersOf(given: Record<string, unknown> = {}): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(given)) {
        if (OWN_HEADERS.has(name.toLowerCase()) || value === undefined || value === null) continue;
        const text = String(value);
        if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[\r\n\0]/.test(text)) {
            throw new Fault('REQUEST_INVALID', {
                details: { reason: `the header “${name.slice(0, 40)}” is not usable` },
            });
        }
        headers[/^content-type$/i.test(name) ? 'Content-Type' : name] = text;
    }
    return headers;
}

function bodyOf(body: unknown, path: string, headers: Record<string, string>): Buffer | string | undefined {
    // The time stamp of an inject node is in every payload and is never meant.
    if (body === undefined || body === null || typeof body === 'number' || typeof body === 'boolean') return undefined;
    if (body === '') return undefined;
    if (Buffer.isBuffer(body)) {
        headers['Content-Type'] ??= 'application/octet-stream';
        return body;
    }
    if (body instanceof Uint8Array) return bodyOf(Buffer.from(body), path, headers);
    if (typeof body === 'string') {
        headers['Content-Type'] ??= /^\s*[[{]/.test(body) ? JSON_TYPE : /^\s*</.test(body) ? XML_TYPE : 'text/plain';
        return body;
    }
    if (typeof body !== 'object') throw new Fault('BODY_INVALID', { details: { reason: `it is a ${typeof body}` } });
    const wantsJson = /json/i.test(headers['Content-Type'] ?? '') || /[?&]format=json(?:&|$)/i.test(path);
    headers['Content-Type'] ??= wantsJson ? JSON_TYPE : XML_TYPE;
    return wantsJson ? jsonOf(body) : buildXml(body);
}

const XML_TYPE = 'application/xml; charset="UTF-8"';
const JSON_TYPE = 'application/json; charset="UTF-8"';

function jsonOf(body: object): string {
    try {
        return JSON.stringify(body);
    } catch (error) {
        // JSON.stringify throws for circles and big integers only, with a sentence of its own.
        const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
        throw new Fault('BODY_INVALID', { details: { reason } });
    }
}
