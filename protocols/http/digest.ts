import { createHash } from 'node:crypto';
import type { Challenge } from './challenge';

export type DigestHash = 'MD5' | 'SHA-256';

/** A digest challenge that we can answer. */
export interface DigestChallenge {
    realm: string;
    nonce: string;
    /** Present when the server sent one, also an empty one: it is echoed as it came. */
    opaque?: string;
    hash: DigestHash;
    /** The `-sess` variants, whose key also covers the nonces. */
    session: boolean;
    /** The word for the algorithm as the server spelled it; absent means MD5 and is not echoed. */
    algorithm?: string;
    /** `auth` when offered; without it the answer takes the older form of RFC 2069. */
    qop?: 'auth';
    /** The nonce is too old, the password was not judged. */
    stale: boolean;
    /** The server wants the user name hashed (RFC 7616 §3.4.4). */
    userhash: boolean;
    utf8: boolean;
}

export interface DigestInput {
    username: string;
    password: string;
    method: string;
    /** The request target exactly as on the request line, with its query. */
    uri: string;
    /** How often this nonce has been used, this time included; from 1. */
    nc: number;
    cnonce: string;
}

const ALGORITHM = /^(MD5|SHA-?256)(-SESS)?$/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
const UNSENDABLE = /[\x00-\x08\x0a-\x1f\x7f]/;

export function hashOf(algorithm: string): { hash: DigestHash; session: boolean } | undefined {
    const match = ALGORITHM.exec(algorithm.trim());
    if (!match) return undefined;
    return { hash: match[1]!.toUpperCase() === 'MD5' ? 'MD5' : 'SHA-256', session: match[2] !== undefined };
}

/**
 * A challenge as something to answer, or nothing when it is not a digest one, lacks realm or nonce, wants a hash that
 * is neither MD5 nor SHA-256, or admits only `auth-int` (which no device was ever seen to ask for).
 */
export function readDigestChallenge({ scheme, parameters }: Challenge): DigestChallenge | undefined {
    const { realm, nonce, opaque, algorithm } = parameters;
    const hash = hashOf(algorithm ?? 'MD5');
    if (scheme !== 'digest' || realm === undefined || !nonce || !hash) return undefined;
    // What cannot be sent back cannot be answered; a lenient parser lets such bytes through.
    if (UNSENDABLE.test(`${realm}${nonce}${opaque ?? ''}`)) return undefined;
    const offered = (parameters.qop ?? '')
        .toLowerCase()
        .split(/[\s,]+/)
        .filter(Boolean);
    if (offered.length > 0 && !offered.includes('auth')) return undefined;
    return {
        realm,
        nonce,
        ...hash,
        stale: parameters.stale?.toLowerCase() === 'true',
        userhash: parameters.userhash?.toLowerCase() === 'true',
        utf8: parameters.charset?.toUpperCase() === 'UTF-8',
        ...(opaque !== undefined && { opaque }),
        ...(algorithm !== undefined && { algorithm: algorithm.trim() }),
        ...(offered.length > 0 && { qop: 'auth' as const }),
    };
}

/** Hashes header text, one byte a character: the bytes of the wire, whatever charset the server meant by them. */
function hasher(hash: DigestHash): (text: string) => string {
    const name = hash === 'MD5' ? 'md5' : 'sha256';
    return (text) => createHash(name).update(text, 'latin1').digest('hex');
}

/** Text as a header carries it: its UTF-8 bytes, one character each, which is how Node writes header values. */
export function headerText(text: string): string {
    return Buffer.from(text, 'utf8').toString('latin1');
}

/** `nc` as it stands on the wire: eight hexadecimal digits. */
function formatCount(nc: number): string {
    return nc.toString(16).padStart(8, '0');
}

/** What goes into the response of a digest. */
export interface DigestProof {
    hash: DigestHash;
    session: boolean;
    /** As on the wire, like nonce, uri, nc and cnonce; user name and password are ordinary text. */
    realm: string;
    nonce: string;
    username: string;
    password: string;
    method: string;
    uri: string;
    /** Absent for the form of RFC 2069. */
    qop?: string;
    nc?: string;
    cnonce?: string;
}

/** The `response` of RFC 7616 §3.4.1, or of RFC 2069 §2.1.2 without `qop`; user name and password as UTF-8. */
export function digestResponse(proof: DigestProof): string {
    const h = hasher(proof.hash);
    const login = h(`${headerText(proof.username)}:${proof.realm}:${headerText(proof.password)}`);
    const key = proof.session ? h(`${login}:${proof.nonce}:${proof.cnonce ?? ''}`) : login;
    const request = h(`${proof.method}:${proof.uri}`);
    if (proof.qop === undefined) return h(`${key}:${proof.nonce}:${request}`);
    return h(`${key}:${proof.nonce}:${proof.nc}:${proof.cnonce}:${proof.qop}:${request}`);
}

/** The hash that stands in for the user name when a server asks for `userhash` (RFC 7616 §3.4.4). */
export function userHash(hash: DigestHash, username: string, realm: string): string {
    return hasher(hash)(`${headerText(username)}:${realm}`);
}

function quoted(text: string): string {
    return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 8187, for the names that do not fit into a quoted string when the server speaks UTF-8 (RFC 7616 §3.4). */
function extended(text: string): string {
    const encoded = encodeURIComponent(text).replace(
        /['()*]/g,
        (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    return `UTF-8''${encoded}`;
}

function userField(challenge: DigestChallenge, username: string): string {
    if (challenge.userhash) return `username="${userHash(challenge.hash, username, challenge.realm)}", userhash=true`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII, spelled out
    if (challenge.utf8 && !/^[\x00-\x7f]*$/.test(username)) return `username*=${extended(username)}`;
    return `username=${quoted(headerText(username))}`;
}

/**
 * The value of `Authorization` that answers a digest challenge (RFC 7616; RFC 2069 when no `qop` is offered).
 *
 * `algorithm`, `qop` and `nc` stand without quotes: the RFC demands it and Amcrest cameras refuse them quoted
 * (koush/scrypted#2123). The algorithm is echoed as it was spelled, and only when it was sent.
 */
export function digestAuthorization(challenge: DigestChallenge, input: DigestInput): string {
    const { realm, nonce, opaque, algorithm, qop, session } = challenge;
    const nc = formatCount(input.nc);
    const response = digestResponse({ ...challenge, ...input, nc });
    const fields = [
        userField(challenge, input.username),
        `realm=${quoted(realm)}`,
        `nonce=${quoted(nonce)}`,
        `uri="${input.uri}"`,
        `response="${response}"`,
    ];
    if (algorithm !== undefined) fields.push(`algorithm=${algorithm}`);
    if (opaque !== undefined) fields.push(`opaque=${quoted(opaque)}`);
    if (qop !== undefined) fields.push(`qop=${qop}`, `nc=${nc}`);
    // The key of a -sess algorithm covers the cnonce, so the server must be told it even where there is no qop.
    if (qop !== undefined || session) fields.push(`cnonce="${input.cnonce}"`);
    return `Digest ${fields.join(', ')}`;
}
