import { Readable } from 'node:stream';
import { Fault } from '../protocols/errors';
import type { HttpRequest, HttpResponse, HttpStream } from '../protocols/http/client';
import { readIsapiStatus } from '../protocols/isapi/responseStatus';
import type { PassthroughRequest } from '../protocols/isup/passthrough';
import type { DeviceLink } from './link';

/** What a link needs of the listener that its device registers at. */
export interface IsupSessions {
    request(deviceId: string, request: PassthroughRequest): Promise<Buffer>;
}

const LARGEST = 4 * 1024 * 1024;

/** What HTTP would have said, by the statusCode of a ResponseStatus (ISAPI guide, error codes). */
const HTTP_STATUS: Record<number, number> = { 1: 200, 2: 503, 3: 500, 4: 403, 5: 400, 6: 400, 7: 200 };

/**
 * The way to a device through its own ISUP session: behind NAT or CGNAT, without a port that is open on its side.
 *
 * The session carries no HTTP status and no headers: both are derived from the body. There is no login in it, because
 * the ISUP key was one. Streams without end cannot be had: alarms come by the listener itself.
 */
export class IsupLink implements DeviceLink {
    readonly #sessions: () => IsupSessions;
    readonly #deviceId: string;
    readonly #timeout: number;
    readonly #ended = new AbortController();

    /**
     * @param sessions finds the listener, which may have been replaced since the last request; throws a Fault without one
     * @param timeout milliseconds for an answer where a request says nothing
     */
    constructor(sessions: () => IsupSessions, deviceId: string, timeout: number) {
        this.#sessions = sessions;
        this.#deviceId = deviceId;
        this.#timeout = timeout;
    }

    async request({ method = 'GET', path, body, timeout, signal, maxBody }: HttpRequest): Promise<HttpResponse> {
        const signals = [this.#ended.signal, ...(signal ? [signal] : [])];
        const answer = await this.#sessions().request(this.#deviceId, {
            method,
            path,
            timeout: timeout ?? this.#timeout,
            signal: AbortSignal.any(signals),
            ...(body !== undefined && { body: typeof body === 'string' ? Buffer.from(body, 'utf8') : body }),
        });
        const limit = Math.min(maxBody ?? LARGEST, LARGEST);
        if (answer.length > limit) throw new Fault('RESPONSE_TOO_LARGE', { details: { limit } });
        const contentType = contentTypeOf(answer);
        const headers = { 'content-type': contentType, 'content-length': String(answer.length) };
        return { statusCode: statusOf(answer, contentType), headers, body: answer };
    }

    /** One whole answer, as a stream; the event stream itself has no end and cannot come this way. */
    async open(request: HttpRequest): Promise<HttpStream> {
        if (/\/notification\/(alertStream|subscribeEvent)/i.test(request.path)) {
            const reason = 'an ISUP session carries no event stream; its alarms come out of isup-in';
            throw new Fault('NOT_SUPPORTED', { details: { reason } });
        }
        const { statusCode, headers, body } = await this.request(request);
        const stream = Readable.from([body]);
        return { statusCode, headers, body: stream, close: () => stream.destroy() };
    }

    close(): void {
        this.#ended.abort();
    }
}

function contentTypeOf(body: Buffer): string {
    if (body[0] === 0xff && body[1] === 0xd8) return 'image/jpeg';
    let at = 0;
    while (at < body.length && body[at]! <= 0x20) at++;
    if (body[at] === 0x3c || body[at] === 0xef) return 'application/xml';
    if (body[at] === 0x7b || body[at] === 0x5b) return 'application/json';
    return 'application/octet-stream';
}

function statusOf(body: Buffer, contentType: string): number {
    if (contentType !== 'application/xml' && contentType !== 'application/json') return 200;
    const answer = readIsapiStatus(body, contentType);
    if (answer === undefined || !('status' in answer)) return 200;
    const { statusCode } = answer.status;
    return statusCode === undefined ? 200 : (HTTP_STATUS[statusCode] ?? 500);
}
