import { validateHeaderName, validateHeaderValue } from 'node:http';
import { isIPv6 } from 'node:net';
import { Fault } from '../errors.js';

function invalid(field: string, reason: string): Fault {
    return new Fault('CONFIG_INVALID', { details: { field, reason } });
}

/**
 * A request target as it goes on the wire, and into the digest.
 *
 * Only what cannot stand there is encoded: spaces, quotes, backslashes, `#` and everything beyond ASCII (as UTF-8).
 * The rest stays as it came, because devices mean it: `…jpeg@WEB000000000011`, `&`, escapes already made.
 * @throws Fault CONFIG_INVALID when it does not begin with `/` or holds control characters
 */
export function requestPath(path: string): string {
    if (!path.startsWith('/')) throw invalid('path', 'it must begin with /');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
    if (/[\x00-\x1f\x7f]/.test(path)) throw invalid('path', 'it holds control characters');
    return path.replace(/[ "#\\]|[^\x20-\x7e]+/g, (part) =>
        Array.from(Buffer.from(part, 'utf8'), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
            '',
        ),
    );
}

/** @throws Fault CONFIG_INVALID for what is no HTTP method */
export function requestMethod(method = 'GET'): string {
    const upper = method.trim().toUpperCase();
    if (!/^[A-Z]{1,16}$/.test(upper) || upper === 'CONNECT') throw invalid('method', 'it is no HTTP method');
    return upper;
}

/** Written by the client itself: a value from outside would break the framing, the login or the connection. */
const OWN_HEADERS = new Set([
    'authorization',
    'connection',
    'content-length',
    'expect',
    'host',
    'keep-alive',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
]);

/**
 * The headers of a caller, in lower case and without those the client writes itself. A message that came from a web
 * page carries those too, so they are left out rather than refused.
 * @throws Fault CONFIG_INVALID for names and values that are no header, line breaks above all
 */
export function requestHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
    const clean: Record<string, string> = Object.create(null);
    for (const [name, given] of Object.entries(headers)) {
        const value = Buffer.from(String(given), 'utf8').toString('latin1');
        try {
            validateHeaderName(name);
            validateHeaderValue(name, value);
        } catch (error) {
            const named = /^[\w-]{1,64}$/.test(name) ? `the value of ${name}` : 'a name';
            throw new Fault('CONFIG_INVALID', {
                details: { field: 'headers', reason: `${named} holds characters that no header may hold` },
                cause: error,
            });
        }
        if (!OWN_HEADERS.has(name.toLowerCase())) clean[name.toLowerCase()] = value;
    }
    return clean;
}

/**
 * A host as it is connected to, without the brackets of an IPv6 address.
 * @throws Fault HOST_MISSING, CONFIG_INVALID
 */
export function readHost(host: string | undefined): string {
    const bare = (host ?? '').trim().replace(/^\[(.*)\]$/, '$1');
    if (bare === '') throw new Fault('HOST_MISSING');
    if (/[\s/?#@\\[\]]/.test(bare) || (bare.includes(':') && !isIPv6(bare))) {
        throw invalid('host', 'only a name or an address belongs there, without protocol, port or path');
    }
    return bare;
}

/** The value of `Host`; the default port stays away, and so does the zone of a link-local address (RFC 6874). */
export function hostHeader(host: string, port: number, secure: boolean): string {
    const name = host.includes(':') ? `[${host.replace(/%.*$/, '')}]` : host;
    return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}
