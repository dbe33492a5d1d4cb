import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../clock';
import { Fault, type FaultCode } from '../errors';
import type { LoginReason, ServerLogin } from '../http/serverLogin';
import { KnownHeads } from '../multipart/knownHeads';
import type { Part } from '../multipart/partSplitter';
import { plainAddress } from '../plainAddress';
import { PostAnswer, type PostAnswerContent } from './postAnswer';
import { type PostBody, type PostLimits, PostReader, type PostSurroundings } from './postBody';
import { PostRoom } from './postRoom';
import { turnAway } from './refusal';
import { AddressList, sourceOf } from './sourceAddress';

/** One post of a device, as much of it as arrived. */
export interface Post {
    /** Epoch milliseconds. */
    receivedAt: number;
    method: string;
    /** Without the query: devices may drop that, so a token stands in the path (sammagbo/Controle-de-Acesso). */
    path: string;
    /** The device's address, behind trusted proxies too. */
    source: string;
    headers: Record<string, string>;
    /** Plain XML and JSON are one text part; events in the query string are one of the form `name=value&…`. */
    parts: Part[];
    bytes: number;
    /** Whether bytes are missing at the end. */
    truncated: boolean;
    /**
     * Gives the device its answer, where it waits for one (`answer: 'flow'`); false when it has had one already.
     * Without an answer it gets 200 after {@link ANSWER_DEADLINE_MS}.
     */
    respond(content?: PostAnswerContent): boolean;
}

/** A post that was refused, or of which some could not be read. */
export interface Rejection {
    fault: Fault;
    /** Epoch milliseconds. */
    at: number;
    source: string;
    method: string;
    path: string;
    /** The beginning of what could not be read. */
    raw?: Buffer;
}

export interface AlarmHostOptions {
    /** Addresses and ranges that may post; empty: all. */
    allow?: readonly string[];
    /** Proxies whose `X-Forwarded-For` counts. */
    proxies?: readonly string[];
    /** Who may post; undefined: no login is asked for. */
    login?: ServerLogin;
    /** Bytes of one body. */
    maxBody: number;
    /** `at-once`: 200 as soon as the body is in; `flow`: whoever gets the post answers. */
    answer: 'at-once' | 'flow';
    /** Posts of one address at a time. */
    maxPerAddress?: number;
    /** Posts at a time. */
    maxPosts?: number;
    /** Bytes of all posts together that are still on their way. */
    maxHeld?: number;
    limits?: Partial<Omit<PostLimits, 'maxBody'>>;
    clock?: Clock;
    onPost(post: Post): void;
    onRejected(rejection: Rejection): void;
}

/** How long a flow may take to answer; terminals wait about as long. */
const ANSWER_DEADLINE_MS = 10_000;

const IDLE_MS = 20_000;
const TOTAL_MS = 180_000;
const WAIT_MS = 60_000;
const MAX_PER_ADDRESS = 256;
const MAX_POSTS = 1024;
const MAX_HELD = 256 * 1024 * 1024;
/** Heads of parts that are remembered: a few kinds of devices post to one host. */
const MOST_HEADS = 16;

/** Every digest login begins with a request without one: only what brings none within this time is worth a report. */
const LOGIN_GRACE_MS = 1000;

const REASONS: Record<LoginReason, string> = {
    missing: 'it brought no login',
    malformed: 'its login cannot be read',
    scheme: 'its login is of another kind',
    uri: 'its login is for another path',
    wrong: 'user name or password is wrong',
    stale: 'its login is too old',
    replayed: 'its login was used before',
};

export interface RequestContext {
    /** The device waits for `100 Continue` before it sends the body. */
    expectsContinue?: boolean;
    /** The body has no length: its bytes do not come through the request but are fed to the reader. */
    isLengthless?: boolean;
    /** What reads the body; whoever owns the connection tells it when the device ends its side. */
    onReader?(reader: PostReader): void;
    /** The body is read, to its end or as far as it came. */
    onRead?(): void;
}

/**
 * The listening host that devices post alarms to (ISAPI `httpHosts`; vendor article on alarm listening).
 *
 * A device gets 200 whatever it sent, at once: on anything else cameras repeat about once a second for ever, terminals
 * queue, others stop (sammagbo/Controle-de-Acesso). Refused are only those who may not post at all.
 */
export class AlarmHost {
    readonly #options: AlarmHostOptions;
    readonly #allow: AddressList;
    readonly #proxies: AddressList;
    readonly #clock: Clock;
    readonly #surroundings: PostSurroundings;
    readonly #waiting = new Set<PostAnswer>();
    /** Posts that are not over yet, with what reads those still arriving. */
    readonly #receiving = new Map<ServerResponse, PostReader | undefined>();
    /** Ends requests that were turned away and still send; an own server would end them, that of Node-RED does not. */
    readonly #turnedAway = new Set<() => void>();
    readonly #perAddress = new Map<string, number>();
    /** Addresses that were asked for a login a moment ago; the functions forget that. */
    readonly #asked = new Map<string, () => void>();
    #closed = false;

    /** @throws Fault CONFIG_INVALID for an entry of `allow` or `proxies` that is no address */
    constructor(options: AlarmHostOptions) {
        this.#options = options;
        this.#allow = new AddressList(options.allow ?? [], 'allow');
        this.#proxies = new AddressList(options.proxies ?? [], 'proxies');
        this.#clock = options.clock ?? systemClock;
        this.#surroundings = {
            limits: { idle: IDLE_MS, total: TOTAL_MS, wait: WAIT_MS, ...options.limits, maxBody: options.maxBody },
            room: new PostRoom(options.maxHeld ?? Math.max(MAX_HELD, 2 * options.maxBody)),
            heads: new KnownHeads(MOST_HEADS),
            clock: this.#clock,
        };
    }

    /** Whether the connections from this address are those of many devices. */
    isProxy(address: string): boolean {
        return this.#proxies.has(plainAddress(address));
    }

    /** One request, of an own server or of any other (`request.url` is relative to it). Never throws. */
    handle(request: IncomingMessage, response: ServerResponse, context: RequestContext = {}): void {
        if (this.#closed) {
            response.destroy();
            return;
        }
        const source = sourceOf(request, this.#proxies);
        const refusal = this.#refusal(request, source);
        if (refusal !== undefined) {
            this.#refuse(request, response, source, refusal);
            return;
        }
        this.#enter(source, response);
        response.once('close', () => this.#leave(source, response));
        this.#receive(request, response, source, context).catch((thrown) => {
            this.#reject(request, source, Fault.from(thrown));
            response.destroy();
        });
    }

    /** A request that was for nobody here; reported so that a wrong path in a device can be found. */
    reportStray(request: IncomingMessage, code: FaultCode, details: Record<string, string> = {}): void {
        const source = sourceOf(request, this.#proxies);
        this.#reject(
            request,
            source,
            new Fault(code, { details: { address: source, path: pathOf(request), ...details } }),
        );
    }

    /**
     * Ends what is under way: posts that were handed out are answered, those still arriving are cut off without an answer,
     * so that their devices send them again. Nothing is told any more.
     */
    close(): void {
        this.#closed = true;
        for (const answer of [...this.#waiting]) answer.give();
        for (const [response, reader] of [...this.#receiving]) {
            reader?.end();
            if (!response.writableEnded) response.destroy();
        }
        for (const end of [...this.#turnedAway]) end();
        for (const forget of [...this.#asked.values()]) forget();
    }

    #refusal(request: IncomingMessage, source: string): Refusal | undefined {
        if (!this.#allow.isEmpty && !this.#allow.has(source)) {
            return { statusCode: 403, fault: new Fault('SOURCE_NOT_ALLOWED', { details: { address: source } }) };
        }
        const { maxPerAddress = MAX_PER_ADDRESS, maxPosts = MAX_POSTS, login } = this.#options;
        if (this.#receiving.size >= maxPosts || (this.#perAddress.get(source) ?? 0) >= maxPerAddress) {
            return { statusCode: 503, fault: new Fault('TOO_MANY_REQUESTS', { details: { address: source } }) };
        }
        if (login === undefined) return undefined;
        const { authorization } = request.headers;
        const verdict = login.check({ method: request.method ?? '', url: targetOf(request), authorization });
        if (verdict.accepted) {
            this.#asked.get(source)?.();
            return undefined;
        }
        const fault = new Fault('POST_UNAUTHENTICATED', {
            details: { address: source, reason: REASONS[verdict.reason] },
        });
        return { statusCode: 401, fault, challenges: verdict.challenges, reason: verdict.reason };
    }

    #refuse(request: IncomingMessage, response: ServerResponse, source: string, refusal: Refusal): void {
        const { statusCode, challenges, fault, reason } = refusal;
        const headers = challenges && { 'WWW-Authenticate': challenges };
        // The connection stays for the second round of a login only.
        const end = turnAway(request, response, { statusCode, headers, keep: statusCode === 401 }, this.#clock);
        this.#turnedAway.add(end);
        request.once('close', () => this.#turnedAway.delete(end));
        if (reason === 'missing') this.#expectLogin(source, () => this.#reject(request, source, fault));
        else if (reason !== 'stale') this.#reject(request, source, fault);
    }

    /** Reports that an address brings no login, unless it brings one in a moment. */
    #expectLogin(source: string, report: () => void): void {
        if (this.#asked.has(source)) return;
        const cancel = this.#clock.after(LOGIN_GRACE_MS, () => {
            this.#asked.delete(source);
            report();
        });
        this.#asked.set(source, () => {
            this.#asked.delete(source);
            cancel();
        });
    }

    async #receive(
        request: IncomingMessage,
        response: ServerResponse,
        source: string,
        context: RequestContext,
    ): Promise<void> {
        const reader = new PostReader(request, source, this.#surroundings);
        this.#receiving.set(response, reader);
        context.onReader?.(reader);
        const body = await reader.read(context.isLengthless ? 'elsewhere' : 'request', () => {
            if (context.expectsContinue) response.writeContinue();
        });
        context.onRead?.();
        if (this.#closed) return;
        if (body.neverEntered && body.fault !== undefined) {
            turnAway(request, response, { statusCode: 503 }, this.#clock);
            this.#reject(request, source, body.fault);
            return;
        }
        // The rest of a body that is not read any further would be taken for the next request.
        if (body.fault !== undefined && !response.headersSent) response.setHeader('Connection', 'close');
        const answer = new PostAnswer(response);
        const parts = queryParts(request, body.parts.length > 0).concat(body.parts);
        const waits = this.#options.answer === 'flow' && parts.length > 0;
        if (waits) this.#wait(answer, response);
        else answer.give();
        if (parts.length > 0) this.#options.onPost(this.#post(request, source, parts, body, answer));
        this.#report(request, source, parts, body);
    }

    #post(request: IncomingMessage, source: string, parts: Part[], body: PostBody, answer: PostAnswer): Post {
        return {
            receivedAt: this.#clock.now(),
            method: request.method ?? '',
            path: pathOf(request),
            source,
            headers: headersOf(request),
            parts,
            bytes: body.bytes,
            truncated: body.fault !== undefined,
            respond: (content) => answer.give(content),
        };
    }

    /** What of a post did not become a part is told, once. */
    #report(request: IncomingMessage, source: string, parts: Part[], body: PostBody): void {
        const { fault, unread } = body;
        if (fault !== undefined) this.#reject(request, source, fault, unread);
        else if (unread !== undefined) this.#reject(request, source, unreadable(source, 'its form is unknown'), unread);
        else if (parts.length > 0) return;
        else if (request.method === 'POST' || request.method === 'PUT') {
            this.#reject(request, source, unreadable(source, 'it is empty'));
        } else {
            const details = { method: request.method ?? '' };
            this.#reject(request, source, new Fault('METHOD_NOT_ALLOWED', { details }));
        }
    }

    #wait(answer: PostAnswer, response: ServerResponse): void {
        this.#waiting.add(answer);
        response.once('close', () => this.#waiting.delete(answer));
        answer.wait(ANSWER_DEADLINE_MS, this.#clock);
    }

    #reject(request: IncomingMessage, source: string, fault: Fault, raw?: Buffer): void {
        if (this.#closed) return;
        const rejection: Rejection = {
            fault,
            at: this.#clock.now(),
            source,
            method: request.method ?? '',
            path: pathOf(request),
        };
        if (raw !== undefined) rejection.raw = raw;
        this.#options.onRejected(rejection);
    }

    #enter(source: string, response: ServerResponse): void {
        this.#receiving.set(response, undefined);
        this.#perAddress.set(source, (this.#perAddress.get(source) ?? 0) + 1);
    }

    #leave(source: string, response: ServerResponse): void {
        this.#receiving.delete(response);
        const left = (this.#perAddress.get(source) ?? 1) - 1;
        if (left > 0) this.#perAddress.set(source, left);
        else this.#perAddress.delete(source);
    }
}

interface Refusal {
    statusCode: 401 | 403 | 503;
    fault: Fault;
    challenges?: string[];
    /** What was wrong with the login. */
    reason?: LoginReason;
}

function unreadable(address: string, reason: string): Fault {
    return new Fault('BODY_UNREADABLE', { details: { address, reason } });
}

/** The target as the device sent it; a web framework rewrites `url` below its mount point and keeps the original. */
function targetOf(request: IncomingMessage & { originalUrl?: string }): string {
    return request.originalUrl ?? request.url ?? '/';
}

function pathOf(request: IncomingMessage): string {
    return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

const SECRET_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Headers with one value each, without those that hold secrets. */
function headersOf(request: IncomingMessage): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const name in request.headers) {
        const value = request.headers[name];
        if (SECRET_HEADERS.has(name) || value === undefined) continue;
        headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    return headers;
}

/** Listening hosts can be set to “querystring”: the event then stands in the URL (DS-K1A8503MF, ANPR cameras). */
function queryParts(request: IncomingMessage, hasBody: boolean): Part[] {
    const { url = '' } = request;
    const mark = url.indexOf('?');
    const query = mark < 0 ? '' : url.slice(mark + 1);
    if (!query.includes('=')) return [];
    // Beside a body a query may as well be the token of the slot's URL, which is nobody's business.
    if (hasBody && !/(^|&)(eventType|licensePlate|dateTime|Code)=/i.test(query)) return [];
    const contentType = 'application/x-www-form-urlencoded';
    return [
        {
            headers: { 'content-type': contentType },
            kind: 'text',
            body: Buffer.from(query),
            truncated: false,
            contentType,
        },
    ];
}
