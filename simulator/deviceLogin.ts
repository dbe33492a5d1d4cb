import { createHash, randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../protocols/clock';
import { Lockout, type LockoutOptions } from './lockout';

/** What of a request matters to its login. */
export interface LoginRequest {
    method: string;
    /** The request target as received, with its query. */
    url: string;
    /** Address of the client: devices lock addresses, not users. */
    source: string;
    authorization?: string;
}

export interface LoginRefusal {
    admitted: false;
    /** Values of WWW-Authenticate; empty for the bare 401 of a spent nonce. */
    challenges: string[];
    triesLeft: number;
    unlockSeconds: number;
    locked: boolean;
}

export type LoginVerdict = { admitted: true } | LoginRefusal;

export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'MD5-sess' | 'SHA-256-sess';

export interface LoginOptions extends LockoutOptions {
    username: string;
    password: string;
    realm: string;
    /** In the order of the answer; `none` admits everybody. */
    methods: ('digest' | 'basic')[] | 'none';
    /** One digest challenge each, in this order. */
    algorithms: DigestAlgorithm[];
    /** `absent` leaves the parameter out, `quoted` writes `algorithm="MD5"` (both seen: RFC 7616 has a bare token). */
    algorithmForm: 'token' | 'quoted' | 'absent';
    /** Several challenges as headers of their own, or merged into one line. */
    layout: 'headers' | 'merged';
    /** Without it the client must use the form of RFC 2069. */
    qop: boolean;
    opaque: string | undefined;
    domain: string | undefined;
    /** `url`: a nonce is good only for the path it was issued for (IOTechSystems/onvif#41). */
    nonceScope: 'any' | 'url';
    /** After so many uses a nonce is answered with a 401 that holds no challenge (DS-KV6124: 3). */
    nonceUses: number;
    /** Milliseconds after which a nonce is answered with `stale=true`. */
    nonceLifetime: number;
    /** Refuses a `nc` that does not grow. */
    enforceCount: boolean;
    clock: Clock;
}

/** What has happened at the door: the figures that a test of somebody else's breaker looks at. */
export interface LoginCounters {
    /** Requests without credentials. */
    anonymous: number;
    /** Requests with credentials, whatever came of them. */
    attempts: number;
    accepted: number;
    /** Wrong user or password: those that count towards the lock. */
    rejected: number;
    /** Requests with credentials while the address was locked. */
    whileLocked: number;
    /** Right or wrong, but with a nonce that was too old or for another URL. */
    stale: number;
    /** Answers without a challenge. */
    bare: number;
}

interface Nonce {
    path: string;
    algorithm: DigestAlgorithm;
    issuedAt: number;
    uses: number;
    lastCount: number;
}

const KEPT_NONCES = 1000;

/**
 * The login of a device, with the habits of real firmware as switches. It is written apart from the pack's own client
 * and server logins: a misreading of RFC 7616 shared by both ends would go unnoticed.
 */
export class DeviceLogin {
    readonly options: LoginOptions;
    readonly lockout: Lockout;
    readonly counters: LoginCounters = {
        anonymous: 0,
        attempts: 0,
        accepted: 0,
        rejected: 0,
        whileLocked: 0,
        stale: 0,
        bare: 0,
    };
    readonly #nonces = new Map<string, Nonce>();

    constructor(options: Partial<LoginOptions> = {}) {
        this.options = {
            username: 'admin',
            password: 'vigia123',
            realm: 'IP Camera(C7321)',
            methods: ['digest'],
            algorithms: ['MD5'],
            algorithmForm: 'token',
            layout: 'headers',
            qop: true,
            opaque: undefined,
            domain: undefined,
            nonceScope: 'any',
            nonceUses: Number.POSITIVE_INFINITY,
            nonceLifetime: Number.POSITIVE_INFINITY,
            enforceCount: false,
            clock: systemClock,
            ...options,
        };
        this.lockout = new Lockout({ ...options, clock: this.options.clock });
    }

    /** Decides about one request and counts it. */
    check(request: LoginRequest): LoginVerdict {
        if (this.options.methods === 'none') return { admitted: true };
        const { authorization, source } = request;
        if (authorization === undefined) {
            this.counters.anonymous += 1;
            return this.#refuse(request, false);
        }
        this.counters.attempts += 1;
        if (this.lockout.locked(source)) {
            this.counters.whileLocked += 1;
            this.lockout.failed(source);
            return this.#refuse(request, false);
        }
        const finding = this.#examine(request, authorization);
        if (finding === 'right') {
            this.counters.accepted += 1;
            this.lockout.succeeded(source);
            return { admitted: true };
        }
        if (finding === 'bare') {
            this.counters.bare += 1;
            return { ...this.#refuse(request, false), challenges: [] };
        }
        if (finding === 'wrong') {
            this.counters.rejected += 1;
            this.lockout.failed(source);
        } else {
            this.counters.stale += 1;
        }
        return this.#refuse(request, finding === 'stale');
    }

    /** The nonces and locks that a restart forgets. */
    forget(): void {
        this.#nonces.clear();
        this.lockout.clear();
    }

    #refuse(request: LoginRequest, stale: boolean): LoginRefusal {
        return {
            admitted: false,
            challenges: this.#challenges(pathOf(request.url), stale),
            triesLeft: this.lockout.triesLeft(request.source),
            unlockSeconds: this.lockout.unlockSeconds(request.source),
            locked: this.lockout.locked(request.source),
        };
    }

    #challenges(path: string, stale: boolean): string[] {
        if (this.options.methods === 'none') return [];
        const values = this.options.methods.flatMap((method) =>
            method === 'basic'
                ? [`Basic realm="${this.options.realm}"`]
                : this.options.algorithms.map((algorithm) => this.#digestChallenge(algorithm, path, stale)),
        );
        return this.options.layout === 'merged' ? [values.join(', ')] : values;
    }

    #digestChallenge(algorithm: DigestAlgorithm, path: string, stale: boolean): string {
        const { realm, qop, opaque, domain, algorithmForm } = this.options;
        const nonce = randomBytes(16).toString('hex');
        this.#nonces.set(nonce, { path, algorithm, issuedAt: this.options.clock.now(), uses: 0, lastCount: 0 });
        for (const oldest of this.#nonces.keys()) {
            if (this.#nonces.size <= KEPT_NONCES) break;
            this.#nonces.delete(oldest);
        }
        const parameters = [`realm="${realm}"`];
        if (domain !== undefined) parameters.push(`domain="${domain}"`);
        if (qop) parameters.push('qop="auth"');
        parameters.push(`nonce="${nonce}"`);
        if (opaque !== undefined) parameters.push(`opaque="${opaque}"`);
        if (algorithmForm === 'token') parameters.push(`algorithm=${algorithm}`);
        if (algorithmForm === 'quoted') parameters.push(`algorithm="${algorithm}"`);
        parameters.push(`stale="${stale ? 'TRUE' : 'FALSE'}"`);
        return `Digest ${parameters.join(', ')}`;
    }

    #examine(request: LoginRequest, authorization: string): 'right' | 'wrong' | 'stale' | 'foreign' | 'bare' {
        const [, scheme = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(authorization) ?? [];
        if (scheme.toLowerCase() === 'basic') {
            const { username, password, methods } = this.options;
            const right = Buffer.from(rest, 'base64').toString('utf8') === `${username}:${password}`;
            return right && methods.includes('basic') ? 'right' : 'wrong';
        }
        return scheme.toLowerCase() === 'digest' ? this.#examineDigest(request, parametersOf(rest)) : 'wrong';
    }

    #examineDigest(request: LoginRequest, sent: Record<string, string>) {
        const nonce = this.#nonces.get(sent.nonce ?? '');
        if (nonce === undefined) return 'stale';
        if (!this.#answerIsRight(request, sent, nonce)) return 'wrong';
        if (this.options.clock.now() - nonce.issuedAt > this.options.nonceLifetime) return 'stale';
        if (this.options.nonceScope === 'url' && nonce.path !== pathOf(request.url)) return 'foreign';
        const count = Number.parseInt(sent.nc ?? '0', 16);
        if (this.options.enforceCount && this.options.qop && count <= nonce.lastCount) return 'stale';
        nonce.lastCount = count;
        nonce.uses += 1;
        return nonce.uses > this.options.nonceUses ? 'bare' : 'right';
    }

    #answerIsRight(request: LoginRequest, sent: Record<string, string>, nonce: Nonce): boolean {
        const { username, password, realm, qop, opaque } = this.options;
        if (sent.username !== username || sent.realm !== realm || sent.uri !== request.url) return false;
        if (sent.opaque !== opaque) return false;
        const hash = (text: string) =>
            createHash(nonce.algorithm.startsWith('SHA') ? 'sha256' : 'md5')
                .update(text)
                .digest('hex');
        let secret = hash(`${username}:${realm}:${password}`);
        if (nonce.algorithm.endsWith('-sess')) secret = hash(`${secret}:${sent.nonce}:${sent.cnonce}`);
        const target = hash(`${request.method}:${sent.uri}`);
        const expected = qop
            ? hash(`${secret}:${sent.nonce}:${sent.nc}:${sent.cnonce}:auth:${target}`)
            : hash(`${secret}:${sent.nonce}:${target}`);
        return sent.response === expected && (sent.qop === 'auth') === qop;
    }
}

function pathOf(url: string): string {
    return url.split('?', 1)[0]!;
}

/** `key=value` and `key="value"` pairs of an Authorization header. */
function parametersOf(text: string): Record<string, string> {
    const found: Record<string, string> = Object.create(null);
    for (const [, key, quoted, bare] of text.matchAll(/(?<![\w-])([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))/g)) {
        found[key!.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
    }
    return found;
}
