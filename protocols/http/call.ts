import { Fault } from '../errors';
import type { Destination } from './connection';
import type { TalkRound } from './conversation';
import { hostHeader, requestHeaders, requestMethod, requestPath } from './requestLine';

export interface HttpRequest {
    /** GET unless given. */
    method?: string;
    /** With its query, as it is to be sent. */
    path: string;
    headers?: Record<string, string>;
    body?: Buffer | string;
    /** Milliseconds, in place of that of the client. */
    timeout?: number;
    signal?: AbortSignal;
    /** Bytes; 64 MiB unless given. */
    maxBody?: number;
}

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** A request that was looked over and is under way. */
export class Call {
    readonly method: string;
    readonly path: string;
    readonly body: Buffer | undefined;
    readonly #headers: Record<string, string>;
    readonly #controller = new AbortController();
    readonly #outer: AbortSignal | undefined;

    /** @throws Fault CONFIG_INVALID for what cannot be sent */
    constructor(request: HttpRequest, { host, port, tls }: Destination, own: Readonly<Record<string, string>>) {
        this.method = requestMethod(request.method);
        this.path = requestPath(request.path);
        const body = typeof request.body === 'string' ? Buffer.from(request.body, 'utf8') : request.body;
        this.body = body && body.length > 0 ? body : undefined;
        const given = { Accept: '*/*', ...requestHeaders(request.headers), ...own };
        this.#headers = { Host: hostHeader(host, port, tls !== undefined), ...given };
        this.#outer = request.signal;
        this.#outer?.addEventListener('abort', this.#abandon, { once: true });
        if (this.#outer?.aborted) this.#abandon();
    }

    /** Ends with a Fault as its reason. */
    get signal(): AbortSignal {
        return this.#controller.signal;
    }

    /** The headers of one round. */
    headers(authorization: string | undefined, body: Buffer | undefined): Record<string, string> {
        const headers = { ...this.#headers };
        if (authorization !== undefined) headers.Authorization = authorization;
        if (body || WITH_BODY.has(this.method)) headers['Content-Length'] = String(body?.length ?? 0);
        return headers;
    }

    /** Whether a round may go out twice: it reads only, or it is the empty one that asks for a challenge. */
    mayRepeat({ authorization, withBody }: TalkRound): boolean {
        if (this.method === 'GET' || this.method === 'HEAD') return true;
        return authorization === undefined && this.body !== undefined && !withBody;
    }

    abort(fault: Fault): void {
        this.#controller.abort(fault);
    }

    /** It is over: lets go of the signal of the caller. */
    end(): void {
        this.#outer?.removeEventListener('abort', this.#abandon);
    }

    readonly #abandon = () => {
        const reason: unknown = this.#outer?.reason;
        this.abort(reason instanceof Fault ? reason : new Fault('CLOSED', { cause: reason }));
    };
}
