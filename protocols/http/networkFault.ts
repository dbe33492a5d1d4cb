import { Fault } from '../errors';

/** Where the connection was to go, for the sentence. */
export interface Peer {
    host: string;
    port: number;
}

const UNREACHABLE = new Set([
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'EHOSTDOWN',
    'EADDRNOTAVAIL',
    'EACCES',
    'EPERM',
]);
const UNRESOLVED = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/** What OpenSSL calls a certificate that it does not accept (`X509_V_ERR_*`, as Node spells them). */
const UNTRUSTED =
    /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|HOSTNAME_MISMATCH|INVALID_\w+|PATH_LENGTH_EXCEEDED|CRL_\w+)$/;

interface SystemError extends Error {
    code?: string;
    /** What OpenSSL has to say, without its file names. */
    reason?: string;
    errors?: SystemError[];
}

/** With several addresses for a name Node reports all failures; the one that was closest to an answer says most. */
function mostTelling(error: SystemError): SystemError {
    const all = error.errors ?? [];
    return all.find(({ code }) => code === 'ECONNREFUSED') ?? all[0] ?? error;
}

/**
 * An error of a socket that was being connected, as a Fault.
 * @param ms the time that was allowed, for the sentence about a timeout
 */
export function connectFault(thrown: unknown, peer: Peer, ms: number): Fault {
    if (thrown instanceof Fault || !(thrown instanceof Error)) return Fault.from(thrown);
    const error = mostTelling(thrown);
    const code = error.code ?? '';
    const details = { host: peer.host, port: peer.port };
    if (code === 'ECONNREFUSED') return new Fault('CONNECT_REFUSED', { details });
    if (code === 'ETIMEDOUT') return new Fault('CONNECT_TIMEOUT', { details: { ...details, ms } });
    if (UNRESOLVED.has(code)) return new Fault('HOST_NOT_FOUND', { details });
    if (UNREACHABLE.has(code)) return new Fault('CONNECT_UNREACHABLE', { details });
    if (BROKEN.has(code)) return new Fault('CONNECTION_LOST', { details });
    return Fault.from(error);
}

function isTls(code: string): boolean {
    return code === 'EPROTO' || /^ERR_(SSL|TLS|OSSL)/.test(code);
}

/** An error before a TLS handshake was finished, as a Fault. */
export function tlsFault(thrown: unknown, peer: Peer, ms: number): Fault {
    if (thrown instanceof Fault || !(thrown instanceof Error)) return Fault.from(thrown);
    const error = mostTelling(thrown);
    const code = error.code ?? '';
    if (UNTRUSTED.test(code)) {
        const reason = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `it is not for ${peer.host}` : error.message;
        return new Fault('TLS_UNTRUSTED', { details: { reason } });
    }
    if (BROKEN.has(code)) {
        return new Fault('TLS_FAILED', {
            details: { reason: 'the device closed the connection during the handshake' },
        });
    }
    if (isTls(code)) {
        return new Fault('TLS_FAILED', { details: { reason: error.reason ?? code } });
    }
    return connectFault(error, peer, ms);
}

/** An error on an established connection, as a Fault. */
export function exchangeFault(thrown: unknown, peer: Peer, ms: number): Fault {
    if (thrown instanceof Fault || !(thrown instanceof Error)) return Fault.from(thrown);
    const { code = '', message } = thrown as SystemError;
    if (code.startsWith('HPE_')) {
        // Only the parser's own words: the error also carries the bytes it choked on.
        const reason = message.replace(/^Parse Error: /, '').slice(0, 120);
        return new Fault('RESPONSE_MALFORMED', { details: { reason } });
    }
    // With TLS 1.3 a device refuses our certificate only after the handshake.
    return isTls(code) ? tlsFault(thrown, peer, ms) : connectFault(thrown, peer, ms);
}
