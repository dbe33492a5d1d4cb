import type { Clock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import type { LoginBreaker } from '../protocols/http/breaker';
import { HttpClient, type HttpClientOptions, type HttpRequest, type HttpResponse } from '../protocols/http/client';
import { SessionLogin } from '../protocols/isapi/sessionLogin';

/**
 * The login session of an alarm panel, on a connection of its own that is opened with the first request: most devices
 * are no panels.
 */
export class PanelSession {
    readonly #options: HttpClientOptions & { clock: Clock; breaker: LoginBreaker };
    #client: HttpClient | undefined;
    #session: SessionLogin | undefined;

    /** @param options those of the device; its breaker counts the logins of both */
    constructor(options: HttpClientOptions & { clock: Clock; breaker: LoginBreaker }) {
        this.#options = options;
    }

    request(request: HttpRequest): Promise<HttpResponse> {
        const { username = '', password = '', breaker, clock } = this.#options;
        this.#session ??= new SessionLogin({ username, password, breaker, clock, send: (plain) => this.#send(plain) });
        return this.#session.request(request);
    }

    close(): void {
        this.#session?.close();
        this.#client?.close();
    }

    /** Without any login but the cookie of the session: a 401 says that it ran out, and is an answer here. */
    async #send(request: HttpRequest): Promise<HttpResponse> {
        this.#client ??= new HttpClient({ ...this.#options, auth: 'none' });
        try {
            return await this.#client.request(request);
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (fault.code !== 'AUTH_UNSUPPORTED' || fault.status !== 401) throw fault;
            return { statusCode: 401, headers: {}, body: Buffer.alloc(0) };
        }
    }
}
