import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { type Clock, systemClock } from '../clock';
import { Fault } from '../errors';
import { type Answer, AnswerBody } from './answer';
import { LoginBreaker } from './breaker';
import { Call, type HttpRequest } from './call';
import type { Connect, Destination } from './connection';
import { converse, type TalkRound } from './conversation';
import { DeviceAgents } from './deviceAgent';
import type { TakeBytes } from './directSocket';
import { Login, type LoginKind, type LoginScheme } from './login';
import { readHost } from './requestLine';
import { StaleConnection, sendRound } from './round';
import { SpokenLogin } from './spokenLogin';
import { readFingerprint, type Verify } from './tls';
import { Turns } from './turns';

export type { HttpRequest } from './call';

export interface HttpClientOptions {
    protocol: 'http' | 'https';
    /** A name or an address; IPv6 with or without brackets. */
    host: string;
    /** 80 or 443 unless given. */
    port?: number;
    auth: LoginScheme;
    username?: string;
    password?: string;
    /** How the certificate is checked; `verify` unless given. */
    verify?: Verify;
    /** SHA-256 fingerprint for `verify: 'pin'`. */
    fingerprint?: string;
    /** What a core `tls-config` node brings; its `rejectUnauthorized` counts while `verify` is `verify`. */
    tls?: ConnectionOptions;
    /** Milliseconds for the answer, and between two pieces of it; 10 000 unless given. Connecting has 10 s at most. */
    timeout?: number;
    /** Requests at a time; 1 unless given. Streams do not count. */
    maxSockets?: number;
    clock?: Clock;
    /** Shared by all that log in at the device. */
    breaker?: LoginBreaker;
    /** Brings the connection, where it does not go straight to host and port. */
    connect?: Connect;
}

export interface HttpResponse {
    statusCode: number;
    headers: IncomingHttpHeaders;
    body: Buffer;
}

export interface HttpStream {
    statusCode: number;
    headers: IncomingHttpHeaders;
    /** The raw bytes. It ends when the device ends it, and fails with a Fault when the connection breaks. */
    body: Readable;
    /** Takes the place of listening for the `data` of the body; see {@link AnswerBody.readDirectly}. */
    readDirectly?(take: TakeBytes): boolean;
    /** Lets go of the connection; the body closes without an error. */
    close(): void;
}

/** The head of an answer, and the connection that it came on. */
export interface HttpTalk {
    statusCode: number;
    headers: IncomingHttpHeaders;
    /** Whoever asked for it listens for its errors and ends it. */
    connection: Duplex;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const LONGEST_CONNECT_MS = 10_000;
const DEFAULT_BODY_BYTES = 64 * 1024 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function positive(value: number | undefined, fallback: number): number {
    return value !== undefined && Number.isFinite(value) && value > 0 ? value : fallback;
}

function readDestination(options: HttpClientOptions, clock: Clock, timeout: number): Destination {
    const secure = options.protocol === 'https';
    const port = options.port ?? (secure ? 443 : 80);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
        throw new Fault('CONFIG_INVALID', { details: { field: 'port', reason: 'ports go from 1 to 65535' } });
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
    if (/[\x00-\x1f\x7f]/.test(options.username ?? '')) {
        throw new Fault('CONFIG_INVALID', { details: { field: 'username', reason: 'it holds control characters' } });
    }
    const host = readHost(options.host);
    const { verify, fingerprint, tls: extra, connect } = options;
    if (secure && verify === 'pin') readFingerprint(fingerprint);
    return {
        host,
        port,
        connect,
        clock,
        connectTimeout: Math.min(timeout, LONGEST_CONNECT_MS),
        ...(secure && { tls: { host, verify, fingerprint, extra } }),
    };
}

function isSuccess({ statusCode }: Answer): boolean {
    return statusCode >= 200 && statusCode < 300;
}

/** A Location as a sentence may show it: without credentials and query. */
function locationOf(answer: Answer): string {
    const location = answer.headers.location ?? '';
    return location
        .replace(/\/\/[^/@]*@/, '//')
        .replace(/[?#].*$/s, '')
        .slice(0, 200);
}

/**
 * The HTTP side of one device: requests in a queue on few kept connections, streams on connections of their own, one
 * login and one breaker for all of them.
 *
 * Every failure is a Fault; none holds credentials. A setting that cannot work fails each request with the same Fault.
 */
export class HttpClient {
    readonly breaker: LoginBreaker;
    readonly #clock: Clock;
    readonly #timeout: number;
    readonly #maxSockets: number;
    readonly #login: Login;
    readonly #spokenLogin: SpokenLogin;
    readonly #turns: Turns;
    readonly #calls = new Set<Call>();
    readonly #destination: Destination | Fault;
    #agents: DeviceAgents | undefined;
    /** The answers of this device bend the rules of HTTP. */
    #tolerant = false;
    /** It was seen to answer on a connection whose last answer was a 401. */
    #keepsAfterRefusal = false;
    #closed = false;

    constructor(options: HttpClientOptions) {
        this.#clock = options.clock ?? systemClock;
        this.#timeout = positive(options.timeout, DEFAULT_TIMEOUT_MS);
        this.#maxSockets = Math.max(1, Math.floor(positive(options.maxSockets, 1)));
        this.breaker = options.breaker ?? new LoginBreaker({ clock: this.#clock });
        const { auth, username, password } = options;
        this.#login = new Login({ auth, username, password, secure: options.protocol === 'https', clock: this.#clock });
        this.#spokenLogin = new SpokenLogin(options);
        this.#turns = new Turns(this.#maxSockets);
        try {
            this.#destination = readDestination(options, this.#clock, this.#timeout);
        } catch (error) {
            this.#destination = Fault.from(error);
        }
    }

    /** How the device last let us in; nothing before it did. */
    get lastLogin(): LoginKind | undefined {
        return this.#login.last;
    }

    /**
     * One request, when its turn has come. Any final status resolves, except 401 and redirects.
     * @throws Fault those of the login (AUTH_…) and of the network (CONNECT_…, TLS_…, RESPONSE_…, CONNECTION_LOST);
     * REDIRECTED; CONFIG_INVALID; CLOSED
     */
    async request(request: HttpRequest): Promise<HttpResponse> {
        const call = this.#begin(request, {});
        try {
            const leave = await this.#turns.take(call.signal);
            try {
                const answer = await this.#converse(call, request, this.#agents!);
                const body = await answer.collect(request.maxBody ?? DEFAULT_BODY_BYTES);
                const { statusCode, headers } = answer;
                return { statusCode, headers, body: isSuccess(answer) ? body : this.#spokenLogin.hide(body) };
            } finally {
                leave();
            }
        } finally {
            this.#end(call);
        }
    }

    /**
     * Opens a stream on a connection of its own and resolves with its head, whatever the status. From then on no timeout
     * applies: whoever reads it watches over it.
     *
     * Where it has to answer a challenge it takes its turn among the requests until then: a DS-KV6124 refuses the login
     * of a stream while another request is under way (jonioliel/home-assistant-hikvision-intercom).
     * @throws Fault as {@link request}
     */
    async open(request: HttpRequest): Promise<HttpStream> {
        const own = { Connection: 'keep-alive', 'Accept-Encoding': 'identity' };
        const take = (answer: Answer) =>
            isSuccess(answer) ? answer.stream() : this.#spokenLogin.hideInStream(answer.stream());
        const [{ statusCode, headers }, body] = await this.#alone(request, own, take, true);
        const stream: HttpStream = { statusCode, headers, body, close: () => body.destroy() };
        if (body instanceof AnswerBody) stream.readDirectly = (taker) => body.readDirectly(taker);
        return stream;
    }

    /**
     * A request on a connection of its own which, after the head of the answer, is the caller's in both directions:
     * devices take the sound of a two-way channel behind a request that says to be empty (AlexxIT/go2rtc).
     * @throws Fault as {@link request}
     */
    async talk(request: HttpRequest): Promise<HttpTalk> {
        const own = { Connection: 'keep-alive' };
        const [{ statusCode, headers }, connection] = await this.#alone(request, own, (answer) =>
            answer.takeConnection(),
        );
        return { statusCode, headers, connection };
    }

    /** Lets one login out at once, although the last was refused. */
    resetLogin(): void {
        this.#login.reset();
        this.breaker.reset();
    }

    /** Ends everything that is under way with CLOSED; no connection and no timer stays. */
    close(): void {
        this.#closed = true;
        for (const call of this.#calls) call.abort(new Fault('CLOSED'));
        this.#agents?.destroy();
    }

    #begin(request: HttpRequest, own: Readonly<Record<string, string>>): Call {
        if (this.#closed) throw new Fault('CLOSED');
        if (this.#destination instanceof Fault) throw this.#destination;
        this.#agents ??= new DeviceAgents(this.#destination, this.#maxSockets);
        const call = new Call(request, this.#destination, own);
        this.#calls.add(call);
        return call;
    }

    #end(call: Call): void {
        call.end();
        this.#calls.delete(call);
    }

    /**
     * A request on a connection of its own, which lasts until what was taken of the answer is closed.
     * @param inTurn whether its login waits until the request under way is answered, and holds up the next one
     */
    async #alone<Taken extends Readable>(
        request: HttpRequest,
        own: Readonly<Record<string, string>>,
        take: (answer: Answer) => Taken,
        inTurn = false,
    ): Promise<[Answer, Taken]> {
        const call = this.#begin(request, own);
        const agents = new DeviceAgents({ ...(this.#destination as Destination), direct: inTurn }, 1);
        const end = () => {
            agents.destroy();
            this.#end(call);
        };
        let leave: (() => void) | undefined;
        const settled = async () => {
            leave ??= await this.#turns.take(call.signal, true);
        };
        try {
            const answer = await this.#converse(call, request, agents, inTurn ? settled : undefined);
            const taken = take(answer);
            if (call.signal.aborted) {
                // Closed while the head was handed on: nobody listened for that.
                taken.destroy();
                throw call.signal.reason;
            }
            call.signal.addEventListener('abort', () => taken.destroy(call.signal.reason), { once: true });
            taken.once('close', end);
            return [answer, taken];
        } catch (error) {
            end();
            throw error;
        } finally {
            leave?.();
        }
    }

    /** The request with its login; what comes back is about the request itself. */
    async #converse(
        call: Call,
        { timeout }: HttpRequest,
        agents: DeviceAgents,
        settled?: () => Promise<void>,
    ): Promise<Answer> {
        const { method, path, body, signal } = call;
        const answer = await converse({
            login: this.#login,
            breaker: this.breaker,
            target: { method, uri: path },
            hasBody: body !== undefined,
            signal,
            settled,
            send: (round) => this.#send(call, agents, positive(timeout, this.#timeout), round),
            mayRepeat: (error, round) => this.#helps(error) && call.mayRepeat(round),
        });
        if (!REDIRECTS.has(answer.statusCode) || answer.headers.location === undefined) return answer;
        await answer.excerpt(0);
        throw new Fault('REDIRECTED', {
            details: { location: this.#spokenLogin.hideIn(locationOf(answer)) },
            status: answer.statusCode,
        });
    }

    async #send(call: Call, agents: DeviceAgents, timeout: number, round: TalkRound): Promise<Answer> {
        const destination = this.#destination as Destination;
        const { method, path, signal } = call;
        const tolerant = this.#tolerant;
        const agent = agents.get(tolerant);
        const { authorization, afterRefusal } = round;
        const body = round.withBody ? call.body : undefined;
        // Many devices close after a 401 without saying so; what cannot be repeated must not run into that.
        if (afterRefusal && !this.#keepsAfterRefusal && !call.mayRepeat(round)) agent.dropIdle();
        const answer = await sendRound({
            agent,
            peer: destination,
            method,
            path,
            headers: call.headers(authorization, body),
            body,
            timeout,
            connectTimeout: destination.connectTimeout,
            tolerant,
            clock: this.#clock,
            signal,
        });
        if (afterRefusal && answer.onUsedConnection) this.#keepsAfterRefusal = true;
        return answer;
    }

    /** Whether another try may end better: on a new connection, or with more patience for an answer that bends HTTP. */
    #helps(error: unknown): boolean {
        if (error instanceof StaleConnection) return true;
        if (!(error instanceof Fault) || error.code !== 'RESPONSE_MALFORMED') return false;
        this.#tolerant = !this.#tolerant;
        return this.#tolerant;
    }
}
