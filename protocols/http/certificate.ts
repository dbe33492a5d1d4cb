import { isIP } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { type Clock, systemClock } from '../clock';
import { tlsFault } from './networkFault';
import { formatFingerprint } from './tls';

/** What people compare before they pin a certificate. */
export interface CertificateSummary {
    /** SHA-256, as {@link formatFingerprint}. */
    fingerprint: string;
    subject: string;
    issuer: string;
    /** As the certificate writes it. */
    validTo: string;
}

const TIMEOUT_MS = 8000;

/**
 * Looks at the certificate of a device, whoever signed it. Nothing is sent over the connection, which ends at once: it
 * is only for showing the fingerprint to somebody who decides.
 *
 * @throws Fault of the network or the handshake
 */
export function readCertificate(
    host: string,
    port: number,
    { clock = systemClock, timeout = TIMEOUT_MS }: { clock?: Clock; timeout?: number } = {},
): Promise<CertificateSummary> {
    const servername = isIP(host) ? '' : host;
    return new Promise((resolve, reject) => {
        const socket = connect({ host, port, servername, rejectUnauthorized: false });
        const fail = (thrown: unknown) => {
            cancel();
            socket.destroy();
            reject(tlsFault(thrown, { host, port }, timeout));
        };
        const cancel = clock.after(timeout, () => fail(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
        socket.on('error', fail);
        socket.once('secureConnect', () => {
            cancel();
            const certificate = socket.getPeerCertificate();
            socket.destroy();
            resolve(summaryOf(certificate));
        });
    });
}

function summaryOf({ fingerprint256 = '', subject, issuer, valid_to }: PeerCertificate): CertificateSummary {
    const short = (text: unknown) => String(text ?? '').slice(0, 100);
    return {
        fingerprint: formatFingerprint(fingerprint256.replace(/:/g, '')),
        subject: short(subject?.CN),
        issuer: short(issuer?.CN),
        validTo: short(valid_to),
    };
}
