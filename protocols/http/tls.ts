import { isIP } from 'node:net';
import type { ConnectionOptions, PeerCertificate, TLSSocket } from 'node:tls';
import { Fault } from '../errors';

/**
 * `verify`: the certificate must be good, for this host, by the CAs of the system or those given. `pin`: it must be the
 * one with the fingerprint, whoever signed it. `off`: any.
 */
export type Verify = 'verify' | 'pin' | 'off';

export interface TlsSettings {
    host: string;
    verify?: Verify;
    /** SHA-256 of the pinned certificate, in hexadecimal; colons, spaces and case do not matter. */
    fingerprint?: string;
    /** What a core `tls-config` node brings, and what old firmware needs (`minVersion`, `ciphers`, `secureOptions`). */
    extra?: ConnectionOptions;
}

/** A fingerprint as people compare it: upper case, with colons. */
export function formatFingerprint(hex: string): string {
    return (hex.toUpperCase().match(/../g) ?? []).join(':');
}

/**
 * The bare digits of a SHA-256 fingerprint as openssl, browsers and people write it.
 * @throws Fault CONFIG_INVALID when it is not one
 */
export function readFingerprint(text: string | undefined): string {
    const bare = (text ?? '').replace(/^\s*sha-?256(?:\s+fingerprint)?\s*[:=]/i, '').replace(/[\s:]/g, '');
    if (/^[0-9a-f]{64}$/i.test(bare)) return bare.toLowerCase();
    const reason = 'a SHA-256 fingerprint has 64 hexadecimal digits';
    throw new Fault('CONFIG_INVALID', { details: { field: 'fingerprint', reason } });
}

/**
 * The options of `tls.connect` for one device; nothing is changed for the process.
 *
 * An address has no name to ask for (SNI, RFC 6066 §3); certificates are checked against it all the same.
 * @throws Fault CONFIG_INVALID for a fingerprint that is none
 */
export function tlsOptions({ host, verify = 'verify', fingerprint, extra }: TlsSettings): ConnectionOptions {
    const servername = extra?.servername || (isIP(host) ? '' : host);
    if (verify === 'verify') {
        return { ...extra, host, servername, rejectUnauthorized: extra?.rejectUnauthorized ?? true };
    }
    if (verify === 'pin') readFingerprint(fingerprint);
    return { ...extra, host, servername, rejectUnauthorized: false };
}

/**
 * Compares the certificate of a finished handshake with the pinned one; call it before the first byte is written.
 * @returns the fault to fail with, or nothing
 */
export function checkPin(socket: TLSSocket, { verify, fingerprint }: TlsSettings): Fault | undefined {
    if (verify !== 'pin') return undefined;
    const seen = (socket.getPeerCertificate() as Partial<PeerCertificate>).fingerprint256?.replace(/:/g, '') ?? '';
    if (seen.toLowerCase() === readFingerprint(fingerprint)) return undefined;
    return new Fault('TLS_PIN_MISMATCH', { details: { fingerprint: formatFingerprint(seen) || 'none' } });
}
