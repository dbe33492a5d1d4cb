import { validateHeaderName, validateHeaderValue } from 'node:http';
import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { Fault } from '../errors';

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

/** As every other client spells it: some firmware looks for `Content-Type` and not for `content-type`. */
function spelling(name: string): string {
    return name === name.toLowerCase() ? name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()) : name;
}

/**
 * The headers of a caller without those the client writes itself. A message that came from a web page carries those too,
 * so they are left out rather than refused.
 * @throws Fault CONFIG_INVALID for names and values that are no header, line breaks above all
 */
export function requestHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
    const clean = new Map<string, [string, string]>();
    for (const [name, given] of Object.entries(headers)) {
        const value = Buffer.from(String(given), 'utf8').toString('latin1');
        try {
            validateHeaderName(name);
            validateHeaderValue(name, value);
        } catch {
            // Without the cause: it repeats the name, and what was taken for one may hold a secret.
            const named = /^[\w-]{1,64}$/.test(name) ? `the value of ${name}` : 'a name';
            throw invalid('headers', `${named} holds characters that no header may hold`);
        }
        const key = name.toLowerCase();
        if (!OWN_HEADERS.has(key)) clean.set(key, [spelling(name), value]);
    }
    return Object.fromEntries(clean.values());
}

/**
 * A host as it is connected to, without the brackets of an IPv6 address.
 * @throws Fault HOST_MISSING, CONFIG_INVALID
 */
export function readHost(host: string | undefined): string {
    const given = (host ?? '').trim().replace(/^\[(.*)\]$/, '$1');
    if (given === '') throw new Fault('HOST_MISSING');
    // A name in another script goes by its ASCII form (IDNA), in DNS and on the wire.
    const bare = /[^\x20-\x7e]/.test(given) ? domainToASCII(given) : given;
    if (bare === '' || /[\s/?#@\\[\]]/.test(given) || (given.includes(':') && !isIPv6(given))) {
        throw invalid('host', 'only a name or an address belongs there, without protocol, port or path');
    }
    return bare;
}

/** The value of `Host`; the default port stays away, and so does the zone of a link-local address (RFC 6874). */
export function hostHeader(host: string, port: number, secure: boolean): string {
    const name = host.includes(':') ? `[${host.replace(/%.*$/, '')}]` : host;
    return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}
