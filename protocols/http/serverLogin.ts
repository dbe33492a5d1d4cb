import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, systemClock } from '../clock';
import { parseChallenges } from './challenge';
import { digestResponse, hashOf, headerText, userHash } from './digest';
import { NonceLedger } from './nonceLedger';

export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';

export interface ServerLoginOptions {
    username: string;
    password: string;
    /** Offered in this order; Basic and Digest by name. */
    schemes: readonly ('digest' | 'basic')[];
    realm?: string;
    /** One challenge each, in this order. */
    algorithms?: readonly DigestAlgorithm[];
    /** Spells the algorithm with quotes, as some firmware does. */
    quoteAlgorithm?: boolean;
    /** Offers no `qop`, so that callers answer in the form of RFC 2069. */
    qop?: boolean;
    opaque?: string;
    /** Milliseconds for which a nonce is good. */
    nonceLifetime?: number;
    /** How often one nonce may be used. */
    nonceUses?: number;
    clock?: Clock;
    /** The secret that signs nonces; random unless given. */
    secret?: Buffer;
}

/** The request as it arrived. */
export interface Caller {
    method: string;
    /** The target of the request line, with its query. */
    url: string;
    /** Values of `Authorization`; more than one is refused. */
    authorization: string | undefined;
}

export type LoginReason = 'missing' | 'malformed' | 'scheme' | 'uri' | 'wrong' | 'stale' | 'replayed';

export type LoginVerdict =
    | { accepted: true; via: 'basic' | 'digest' }
    /** `challenges` are the values for `WWW-Authenticate`, one header each. */
    | { accepted: false; reason: LoginReason; challenges: string[] };

/** An absolute URI in a digest counts as its path and query (RFC 7616 §3.4.6: the same resource as the request line). */
function targetOf(uri: string): string {
    const match = /^https?:\/\/[^/?]*/i.exec(uri);
    return match ? uri.slice(match[0].length) || '/' : uri;
}

/** Compares through a hash, so that the time taken tells neither content nor length. */
function same(a: string, b: string): boolean {
    const digest = (text: string) => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(a), digest(b));
}

/** Text in the form of RFC 8187 (`UTF-8''J%C3%A4`); empty when it is not. */
function readExtended(value: string): string {
    const encoded = /^utf-8'[^']*'(.*)$/i.exec(value)?.[1] ?? '';
    // Through bytes, because decodeURIComponent throws on a wrong sequence where this yields what no name holds.
    const bytes = encoded.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(bytes, 'latin1').toString('utf8');
}

function quoted(text: string): string {
    return `"${headerText(text).replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Checks the login of those who call us: devices that push alarms, and clients of the simulated devices.
 *
 * Basic (RFC 7617) and Digest (RFC 7616: MD5, SHA-256, their -sess variants, `qop=auth`; RFC 2069 answers are taken
 * once per nonce, or freely where no qop is offered). A nonce is signed and carries its age, so none is kept before
 * somebody has proved to know the password; each count of a nonce is good once.
 */
export class ServerLogin {
    readonly #options: Required<Omit<ServerLoginOptions, 'opaque'>> & { opaque?: string };
    readonly #ledger: NonceLedger;

    constructor(options: ServerLoginOptions) {
        this.#options = {
            realm: 'Vigia',
            algorithms: ['SHA-256', 'MD5'],
            quoteAlgorithm: false,
            qop: true,
            nonceLifetime: 5 * 60_000,
            nonceUses: Number.POSITIVE_INFINITY,
            clock: systemClock,
            secret: randomBytes(32),
            ...options,
        };
        this.#ledger = new NonceLedger(this.#options);
    }

    check(caller: Caller): LoginVerdict {
        const header = caller.authorization;
        if (header === undefined || header.trim() === '') return this.#refuse('missing');
        if (/^\s*basic\s/i.test(header)) return this.#checkBasic(header.trim().slice(5).trim());
        if (/^\s*digest\s/i.test(header)) return this.#checkDigest(header, caller);
        return this.#refuse('scheme');
    }

    /** Fresh values for `WWW-Authenticate`, one header each; `stale` tells the caller that its password was right. */
    challenges(stale = false): string[] {
        const { schemes, realm, algorithms } = this.#options;
        return schemes.flatMap((scheme) => {
            if (scheme === 'basic') return [`Basic realm=${quoted(realm)}, charset="UTF-8"`];
            return algorithms.map((algorithm) => this.#digestChallenge(algorithm, stale));
        });
    }

    #digestChallenge(algorithm: DigestAlgorithm, stale: boolean): string {
        const { realm, quoteAlgorithm, qop, opaque } = this.#options;
        const fields = [`realm=${quoted(realm)}`, `nonce="${this.#ledger.issue()}"`];
        if (qop) fields.push('qop="auth"');
        fields.push(`algorithm=${quoteAlgorithm ? `"${algorithm}"` : algorithm}`);
        if (opaque !== undefined) fields.push(`opaque=${quoted(opaque)}`);
        if (stale) fields.push('stale=true');
        return `Digest ${fields.join(', ')}`;
    }

    #refuse(reason: LoginReason): LoginVerdict {
        return { accepted: false, reason, challenges: this.challenges(reason === 'stale') };
    }

    #checkBasic(token: string): LoginVerdict {
        if (!this.#options.schemes.includes('basic')) return this.#refuse('scheme');
        const { username, password } = this.#options;
        const given = Buffer.from(token, 'base64').toString('utf8');
        if (!given.includes(':')) return this.#refuse('malformed');
        return same(given, `${username}:${password}`) ? { accepted: true, via: 'basic' } : this.#refuse('wrong');
    }

    #checkDigest(header: string, caller: Caller): LoginVerdict {
        const { schemes, username, password, algorithms, realm, opaque, qop } = this.#options;
        if (!schemes.includes('digest')) return this.#refuse('scheme');
        const given = parseChallenges(header)[0]?.parameters ?? {};
        const { nonce, uri, response, cnonce, nc } = given;
        const name = given.algorithm ?? 'MD5';
        const known = hashOf(name);
        const offered = algorithms.some((algorithm) => algorithm.toLowerCase() === name.toLowerCase());
        if (!nonce || !uri || !response || !known || !offered) return this.#refuse('malformed');
        if (given.qop !== undefined && (given.qop !== 'auth' || !cnonce || !/^[0-9a-f]{8}$/i.test(nc ?? ''))) {
            return this.#refuse('malformed');
        }
        if (opaque !== undefined && given.opaque !== opaque) return this.#refuse('malformed');
        if (targetOf(uri) !== targetOf(caller.url)) return this.#refuse('uri');

        const wireRealm = headerText(realm);
        const expected = digestResponse({
            ...known,
            username,
            password,
            realm: wireRealm,
            nonce,
            uri,
            method: caller.method,
            qop: given.qop,
            nc,
            cnonce,
        });
        const rightName = this.#isUser(given, userHash(known.hash, username, wireRealm));
        const rightResponse = same(response.toLowerCase(), expected);
        if (!rightName || !rightResponse || given.realm !== wireRealm) return this.#refuse('wrong');

        const verdict = this.#ledger.use(nonce, given.qop === undefined ? undefined : Number.parseInt(nc!, 16), qop);
        return verdict === 'good' ? { accepted: true, via: 'digest' } : this.#refuse(verdict);
    }

    /** The name may come plain, as `username*` (RFC 8187), or hashed. */
    #isUser(given: Record<string, string>, hashed: string): boolean {
        if (given.userhash?.toLowerCase() === 'true') return same(given.username ?? '', hashed);
        const extended = given['username*'];
        if (extended === undefined) return same(given.username ?? '', headerText(this.#options.username));
        return same(readExtended(extended), this.#options.username);
    }
}
