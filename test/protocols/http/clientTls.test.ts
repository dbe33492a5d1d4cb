import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Fault } from '../../../protocols/errors';
import type { HttpClientOptions } from '../../../protocols/http/client';
import { formatFingerprint, readFingerprint, tlsOptions } from '../../../protocols/http/tls';
import { selfSigned as simulatedCertificate } from '../../../simulator/selfSigned';
import { makeCertificates, opensslMissing, type TestCertificate } from './support/certificates';
import { clientFor } from './support/device';

const stops: (() => unknown)[] = [];
afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
});

async function listen(server: Server & { closeAllConnections?(): void }): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(
        () => server.closeAllConnections?.(),
        () => new Promise((resolve) => server.close(resolve)),
    );
    return (server.address() as AddressInfo).port;
}

const fault = (promise: Promise<unknown>): Promise<Fault> =>
    promise.then(
        () => assert.fail('it went through'),
        (error: Fault) => error,
    );

describe('fingerprints', () => {
    const hex = 'ab'.repeat(32);

    test('as openssl, browsers and people write them', () => {
        const colons = formatFingerprint(hex);
        assert.match(colons, /^(AB:){31}AB$/);
        for (const text of [
            hex,
            colons,
            colons.replaceAll(':', ' '),
            ` ${hex} `,
            `SHA256 Fingerprint=${colons}`,
            `sha-256:${hex}`,
        ]) {
            assert.equal(readFingerprint(text), hex, text);
        }
    });

    test('anything else is no fingerprint', () => {
        for (const text of [undefined, '', 'ab', 'zz'.repeat(32), 'ab'.repeat(20)]) {
            assert.throws(() => readFingerprint(text), { code: 'CONFIG_INVALID' }, String(text));
        }
    });
});

describe('options', () => {
    test('an address is not asked for by name (SNI), a name is', () => {
        assert.equal(tlsOptions({ host: '192.168.1.64' }).servername, '');
        assert.equal(tlsOptions({ host: 'fe80::1' }).servername, '');
        assert.equal(tlsOptions({ host: 'camera.lan' }).servername, 'camera.lan');
        assert.equal(tlsOptions({ host: '192.168.1.64', extra: { servername: 'cam' } }).servername, 'cam');
    });

    test('checks are on unless somebody said otherwise', () => {
        assert.equal(tlsOptions({ host: 'x' }).rejectUnauthorized, true);
        assert.equal(tlsOptions({ host: 'x', extra: { rejectUnauthorized: false } }).rejectUnauthorized, false);
        assert.equal(
            tlsOptions({ host: 'x', verify: 'off', extra: { rejectUnauthorized: true } }).rejectUnauthorized,
            false,
        );
    });
});

describe('a device with https', { skip: opensslMissing }, () => {
    const certificates = opensslMissing ? undefined! : makeCertificates();
    let requests = 0;
    let names: (string | false)[] = [];

    async function device({ key, cert }: TestCertificate, options: ServerOptions = {}): Promise<number> {
        requests = 0;
        names = [];
        const server = createServer({ key, cert, ...options }, (_request, response) => {
            requests += 1;
            response.end('secret');
        });
        server.on('secureConnection', (socket: TLSSocket) => names.push(socket.servername ?? false));
        return listen(server);
    }

    function get(port: number, options: Partial<HttpClientOptions> = {}) {
        const client = clientFor(port, { protocol: 'https', auth: 'none', ...options });
        stops.unshift(() => client.close());
        return client.request({ path: '/' });
    }

    test('is trusted when a CA of the tls-config signed it for this address; no name is sent', async () => {
        const port = await device(certificates.signed);
        assert.equal((await get(port, { tls: { ca: certificates.ca } })).body.toString(), 'secret');
        assert.deepEqual(names, [false]);
        assert.equal((await get(port, { tls: { ca: certificates.ca }, host: 'localhost' })).statusCode, 200);
        assert.equal(names.at(-1), 'localhost');
    });

    test('is not trusted with a certificate of its own, and is sent nothing', async () => {
        const port = await device(certificates.selfSigned);
        const untrusted = await fault(get(port));
        assert.equal(untrusted.code, 'TLS_UNTRUSTED');
        assert.match(untrusted.message, /self-signed/);
        assert.equal(requests, 0);
    });

    test('is not trusted with a certificate for another host', async () => {
        const port = await device(certificates.signed);
        const tls = { ca: certificates.ca, servername: 'other.lan' };
        const untrusted = await fault(get(port, { tls }));
        assert.equal(untrusted.code, 'TLS_UNTRUSTED');
    });

    test('is not trusted with a certificate whose time is over', async () => {
        const day = 86_400_000;
        for (const [age, code] of [
            [0, undefined],
            [4000 * day, 'TLS_UNTRUSTED'],
        ] as const) {
            const { key, cert } = simulatedCertificate('127.0.0.1', Date.now() - age);
            const port = await device({ key: Buffer.from(key), cert: Buffer.from(cert), fingerprint: '' });
            const outcome = await get(port, { tls: { ca: cert } }).catch((thrown) => thrown);
            assert.equal(outcome.code, code);
            if (code !== undefined) assert.equal(requests, 0);
        }
    });

    test('may show any certificate when checks are off, here or in the tls-config', async () => {
        const port = await device(certificates.selfSigned);
        assert.equal((await get(port, { verify: 'off' })).statusCode, 200);
        assert.equal((await get(port, { tls: { rejectUnauthorized: false } })).statusCode, 200);
    });

    test('pinned: its own certificate is enough', async () => {
        const { fingerprint } = certificates.selfSigned;
        const port = await device(certificates.selfSigned);
        for (const spelled of [fingerprint, fingerprint.toLowerCase().replaceAll(':', '')]) {
            assert.equal((await get(port, { verify: 'pin', fingerprint: spelled })).statusCode, 200);
        }
    });

    test('pinned: another certificate gets no byte, and its fingerprint is shown', async () => {
        const port = await device(certificates.selfSigned);
        const { fingerprint } = certificates.signed;
        const mismatch = await fault(get(port, { verify: 'pin', fingerprint, tls: { ca: certificates.ca } }));
        assert.equal(mismatch.code, 'TLS_PIN_MISMATCH');
        assert.equal(mismatch.details.fingerprint, certificates.selfSigned.fingerprint);
        assert.equal(requests, 0);
    });

    test('may ask for a certificate of ours', async () => {
        const { signed, selfSigned, ca } = certificates;
        const port = await device(selfSigned, { requestCert: true, ca, rejectUnauthorized: true });
        const tls = { key: signed.key, cert: signed.cert };
        assert.equal((await get(port, { verify: 'off', tls })).statusCode, 200);
        assert.match((await fault(get(port, { verify: 'off' }))).code, /^(TLS_FAILED|CONNECTION_LOST)$/);
    });

    test('a key or cipher list that cannot be used is a fault of TLS, not a crash', async () => {
        const port = await device(certificates.selfSigned);
        for (const tls of [{ key: 'no key', cert: certificates.signed.cert }, { ciphers: 'NO-SUCH-CIPHER' }]) {
            assert.equal((await fault(get(port, { verify: 'off', tls }))).code, 'TLS_FAILED');
        }
    });

    test('with old firmware needs a tls-config that admits old versions', async () => {
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
        const port = await device(certificates.selfSigned, old);
        assert.equal((await fault(get(port, { verify: 'off' }))).code, 'TLS_FAILED');
        assert.equal(
            (await get(port, { verify: 'off', tls: { minVersion: 'TLSv1', ciphers: old.ciphers } })).statusCode,
            200,
        );
    });

    test('behind a tunnel is checked the same way', async () => {
        const port = await device(certificates.selfSigned);
        const tunnel = () => {
            const socket = connect(port, '127.0.0.1');
            return Duplex.from({ readable: socket, writable: socket });
        };
        const { fingerprint } = certificates.selfSigned;
        const pinned = { verify: 'pin', fingerprint, host: 'recorder.p2p' } as const;
        assert.equal((await get(80, { ...pinned, connect: tunnel })).statusCode, 200);
        assert.equal((await get(80, { ...pinned, connect: () => connect(port, '127.0.0.1') })).statusCode, 200);
        assert.equal((await fault(get(80, { host: 'recorder.p2p', connect: tunnel }))).code, 'TLS_UNTRUSTED');
    });

    test('keeps its connection, and serves logins and streams over it', async () => {
        const port = await device(certificates.selfSigned);
        const client = clientFor(port, { protocol: 'https', auth: 'none', verify: 'off' });
        stops.unshift(() => client.close());
        for (let i = 0; i < 3; i += 1) await client.request({ path: '/' });
        assert.equal(names.length, 1);
        const { body } = await client.open({ path: '/' });
        for await (const chunk of body) assert.equal(String(chunk), 'secret');
    });
});

describe('ports that speak something else', () => {
    test('http where https was expected', async () => {
        const port = await listen(createHttpServer((_request, response) => response.end('x')));
        const client = clientFor(port, { protocol: 'https' });
        assert.equal((await fault(client.request({ path: '/' }))).code, 'TLS_FAILED');
    });

    test('a port that closes during the handshake, or never answers it', async () => {
        const closing = await listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())));
        assert.equal(
            (await fault(clientFor(closing, { protocol: 'https' }).request({ path: '/' }))).code,
            'TLS_FAILED',
        );
        const sockets: Duplex[] = [];
        const silent = await listen(createTcpServer((socket) => sockets.push(socket)));
        stops.unshift(() => sockets.forEach((socket) => void socket.destroy()));
        const client = clientFor(silent, { protocol: 'https', timeout: 50 });
        assert.equal((await fault(client.request({ path: '/' }))).code, 'CONNECT_TIMEOUT');
    });
});
