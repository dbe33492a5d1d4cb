import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../clock';
import { buildXml } from '../documents/buildXml';
import { flagAt, numberAt, textAt } from '../documents/fields';
import { readXml } from '../documents/readXml';
import { Fault } from '../errors';
import { LoginBreaker } from '../http/breaker';
import type { HttpRequest, HttpResponse } from '../http/client';
import { readUserCheck } from '../http/userCheck';
import { textOf } from './answer';

/** What the panel gives to log in with: `SessionLoginCap`. */
export interface SessionChallenge {
    sessionId: string;
    challenge: string;
    iterations: number;
    irreversible: boolean;
    salt: string;
    /** Absent on older firmware. */
    salt2?: string;
    version?: string;
}

/** More would hold up the loop; panels ask for 100. */
const MOST_ITERATIONS = 10_000;

/**
 * The password as an AX Pro wants to see it: SHA-256 over user, salt and password, then over user and second salt where
 * there is one (not in sessions of version 2), then with the challenge, then again and again (petrleocompel/hikaxpro;
 * known answers in its tests).
 */
export function sessionPassword(username: string, password: string, offered: SessionChallenge): string {
    const { challenge, iterations, irreversible, salt, salt2, version } = offered;
    let hash: string;
    let rounds: number;
    if (irreversible) {
        hash = sha256(username + salt + password);
        if (salt2 !== undefined && version !== '2') hash = sha256(username + salt2 + hash);
        hash = sha256(hash + challenge);
        rounds = iterations - 2;
    } else {
        hash = sha256(password) + challenge;
        rounds = iterations - 1;
    }
    for (let round = 0; round < rounds; round += 1) hash = sha256(hash);
    return hash;
}

function sha256(text: string): string {
    return createHash('sha256').update(text, 'utf8').digest('hex');
}

export interface SessionOptions {
    username: string;
    password: string;
    /** Sends without any login of its own; a 401 resolves. */
    send(request: HttpRequest): Promise<HttpResponse>;
    /** Shared with everything else that logs in there: a panel locks after 3 wrong ones in a minute (support articles). */
    breaker?: LoginBreaker;
    clock?: Clock;
    /** 0 installer, 1 administrator or operator (petrleocompel/hikaxpro); empty lets the panel decide. */
    userLevel?: string;
}

/** Panels end a session that is silent; this keeps it while it is used (ultimate: every 30 s). */
const HEARTBEAT_MS = 30_000;
/** Without a request for so long, nobody needs the session. */
const UNUSED_MS = 5 * 60_000;

/**
 * One login session at an alarm panel: login on first use, one cookie for all requests, kept alive while it is used,
 * renewed once when the panel has forgotten it. Panels hang when every request logs in
 * (Supergiovane/node-red-contrib-hikvision-ultimate#93, #103).
 */
export class SessionLogin {
    readonly #options: SessionOptions;
    readonly #clock: Clock;
    readonly #breaker: LoginBreaker;
    readonly #ending = new AbortController();
    #cookie: Promise<string> | undefined;
    #lastUse = 0;
    #cancelHeartbeat: (() => void) | undefined;
    #closed = false;

    constructor(options: SessionOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#breaker = options.breaker ?? new LoginBreaker({ clock: this.#clock });
    }

    /** One request inside the session. @throws Fault AUTH_REJECTED, AUTH_LOCKED, … */
    async request(request: HttpRequest): Promise<HttpResponse> {
        if (this.#closed) throw new Fault('CLOSED');
        this.#lastUse = this.#clock.elapsed();
        const known = this.#cookie;
        const cookie = await this.#login();
        const answer = await this.#send(request, cookie);
        if (answer.statusCode !== 401) return answer;
        if (known === undefined) throw this.#refusal(answer);
        // The panel has restarted or the session ran out: that is no wrong password.
        if (this.#cookie === known) this.#forget();
        const again = await this.#send(request, await this.#login());
        if (again.statusCode === 401) throw this.#refusal(again);
        return again;
    }

    /** Leaves no timer; the panel lets the session run out by itself. */
    close(): void {
        this.#closed = true;
        this.#ending.abort(new Fault('CLOSED'));
        this.#forget();
    }

    #send(request: HttpRequest, cookie: string): Promise<HttpResponse> {
        return this.#options.send({ ...request, headers: { ...request.headers, Cookie: cookie, ...this.#level() } });
    }

    #level(): Record<string, string> {
        const { userLevel } = this.#options;
        return userLevel === undefined || userLevel === '' ? {} : { 'X-Userlevel': userLevel };
    }

    #login(): Promise<string> {
        this.#cookie ??= this.#newSession().catch((thrown: unknown) => {
            this.#forget();
            throw thrown;
        });
        return this.#cookie;
    }

    #forget(): void {
        this.#cookie = undefined;
        this.#cancelHeartbeat?.();
        this.#cancelHeartbeat = undefined;
    }

    async #newSession(): Promise<string> {
        const { username, password } = this.#options;
        if (username === '' || password === '') throw new Fault('AUTH_MISSING');
        const attempt = await this.#breaker.attempt(this.#ending.signal);
        try {
            const cookie = await this.#logIn(await this.#challenge());
            this.#breaker.accepted();
            this.#keepAlive(cookie);
            return cookie;
        } finally {
            attempt.release();
        }
    }

    async #logIn(offered: SessionChallenge): Promise<string> {
        const { username, password, send } = this.#options;
        const answer = await send({
            method: 'POST',
            path: `/ISAPI/Security/sessionLogin?timeStamp=${Math.floor(this.#clock.now() / 1000)}`,
            headers: { 'Content-Type': 'application/xml; charset="UTF-8"', ...this.#level() },
            body: buildXml({
                SessionLogin: {
                    userName: username,
                    password: sessionPassword(username, password, offered),
                    sessionID: offered.sessionId,
                    isSessionIDValidLongTerm: false,
                    sessionIDVersion: offered.version ?? '2',
                },
            }),
        });
        if (answer.statusCode === 401) throw this.#refusal(answer);
        const cookie = cookieOf(answer);
        if (answer.statusCode === 200 && cookie !== undefined) return cookie;
        const details = { offered: 'a session without a cookie' };
        throw new Fault('AUTH_UNSUPPORTED', { details, status: answer.statusCode });
    }

    async #challenge(): Promise<SessionChallenge> {
        const { username, send } = this.#options;
        const path = `/ISAPI/Security/sessionLogin/capabilities?username=${encodeURIComponent(username)}`;
        const answer = await send({ path, headers: this.#level() });
        const document = readXml(textOf(answer.body, answer.headers['content-type']));
        const field = (name: string) => textAt(document, `SessionLoginCap/${name}`);
        const iterations = numberAt(document, 'SessionLoginCap/iterations') ?? 100;
        const sessionId = field('sessionID');
        const challenge = field('challenge');
        if (
            answer.statusCode !== 200 ||
            sessionId === undefined ||
            challenge === undefined ||
            iterations > MOST_ITERATIONS
        ) {
            throw new Fault('AUTH_UNSUPPORTED', {
                details: { offered: 'no session login' },
                status: answer.statusCode,
            });
        }
        const salt2 = field('salt2');
        const version = field('sessionIDVersion');
        return {
            sessionId,
            challenge,
            iterations,
            irreversible: flagAt(document, 'SessionLoginCap/isIrreversible') ?? false,
            salt: field('salt') ?? '',
            ...(salt2 !== undefined && { salt2 }),
            ...(version !== undefined && { version }),
        };
    }

    #refusal(answer: HttpResponse): Fault {
        this.#forget();
        return this.#breaker.refused(readUserCheck(answer.body));
    }

    #keepAlive(cookie: string): void {
        this.#cancelHeartbeat?.();
        this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
            if (this.#closed || this.#clock.elapsed() - this.#lastUse > UNUSED_MS) return this.#forget();
            this.#keepAlive(cookie);
            // Whatever comes back, the next real request finds out whether the session still holds.
            this.#send({ method: 'PUT', path: '/ISAPI/Security/sessionHeartbeat' }, cookie).then(
                () => undefined,
                () => undefined,
            );
        });
    }
}

/** The session as a cookie: from the header, whose name varies, or from the body (petrleocompel/hikaxpro). */
function cookieOf(answer: HttpResponse): string | undefined {
    const header = answer.headers['set-cookie']?.[0];
    if (header !== undefined) return header.split(';')[0]!.trim();
    const id = textAt(readXml(textOf(answer.body)), 'SessionLogin/sessionID');
    return id === undefined ? undefined : `WebSession=${id}`;
}
