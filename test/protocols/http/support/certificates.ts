import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `false` when openssl can make certificates here, else the reason to skip. */
export const opensslMissing: string | false = (() => {
    try {
        const version = execFileSync('openssl', ['version'], { encoding: 'utf8' });
        return /^OpenSSL ([3-9]|\d\d)/.test(version) ? false : 'openssl is older than 3';
    } catch {
        return 'openssl is not installed';
    }
})();

export interface TestCertificate {
    key: Buffer;
    cert: Buffer;
    /** SHA-256 with colons, as openssl prints it. */
    fingerprint: string;
}

/**
 * Makes certificates with openssl for the time of a test, so that no private key lies in the repository: a CA, one it
 * signed for localhost and 127.0.0.1, and one that a device signed itself for a name that is not its address.
 */
export function makeCertificates(): { ca: Buffer; signed: TestCertificate; selfSigned: TestCertificate } {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-certificates-'));
    const file = (name: string) => join(folder, name);
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: folder });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const read = (name: string): TestCertificate => {
        const cert = readFileSync(file(`${name}.pem`));
        return { key: readFileSync(file(`${name}.key`)), cert, fingerprint: new X509Certificate(cert).fingerprint256 };
    };
    try {
        openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test CA');
        const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
        const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
        openssl(
            'req',
            '-x509',
            ...newKey,
            '-keyout',
            'signed.key',
            '-out',
            'signed.pem',
            '-days',
            '2',
            '-subj',
            '/CN=d',
            ...names,
            ...by,
        );
        openssl(
            'req',
            '-x509',
            ...newKey,
            '-keyout',
            'self.key',
            '-out',
            'self.pem',
            '-days',
            '2',
            '-subj',
            '/CN=DS-2CD',
        );
        return { ca: readFileSync(file('ca.pem')), signed: read('signed'), selfSigned: read('self') };
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
