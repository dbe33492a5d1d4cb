import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { HttpClient, HttpClientOptions } from '../../../protocols/http/client';
import { Apache, apacheMissing } from './support/apache';
import { clientFor } from './support/device';

const DIGEST = ['AuthType Digest', 'AuthDigestProvider file', 'AuthUserFile FOLDER/users.digest'];
const BASIC = ['AuthType Basic', 'AuthBasicProvider file', 'AuthUserFile FOLDER/users.basic'];

const stops: (() => unknown)[] = [];
afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
});

async function meet(lines: string[], options: Partial<HttpClientOptions> = {}): Promise<[Apache, HttpClient]> {
    const apache = await Apache.start(...lines);
    const client = clientFor(apache.port, options);
    stops.push(
        () => client.close(),
        () => apache.stop(),
    );
    return [apache, client];
}

describe('Apache, a server that knows nothing of ours', { skip: apacheMissing }, () => {
    test('20 requests: 21 exchanges on one connection, with one nonce for all paths and queries', async () => {
        const [apache, client] = await meet(DIGEST);
        for (let i = 0; i < 20; i += 1) {
            const path = ['/deviceInfo', '/capabilities', '/time zone'][i % 3]!;
            const answer = await client.request({ path: `${path}?format=json&n=${i}@x` });
            assert.deepEqual([answer.statusCode, answer.body.toString()], [200, path.slice(1)]);
        }
        const log = await apache.log(21);
        assert.equal(log.length, 21);
        assert.deepEqual(
            log.map(({ onConnection }) => onConnection),
            Array.from({ length: 21 }, (_, i) => i),
        );
        assert.deepEqual([log[0]!.status, log[0]!.withLogin], [401, false]);
        assert.deepEqual(client.lastLogin, { kind: 'digest', hash: 'MD5', cleartext: false });
    });

    test('a nonce that has grown old is called stale and costs one exchange', async () => {
        const [apache, client] = await meet([...DIGEST, 'AuthDigestNonceLifetime 1']);
        await client.request({ path: '/deviceInfo' });
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        assert.equal((await client.request({ path: '/capabilities' })).statusCode, 200);
        assert.deepEqual(
            (await apache.log(4)).map(({ status }) => status),
            [401, 200, 401, 200],
        );
        assert.equal(client.breaker.state.name, 'ok');
    });

    test('nonces that are good once: each answer names the next, so that nothing is asked for again', async () => {
        const [apache, client] = await meet([...DIGEST, 'AuthDigestNonceLifetime 0']);
        for (let i = 0; i < 6; i += 1) {
            const { statusCode, headers } = await client.request({ path: '/deviceInfo' });
            assert.equal(statusCode, 200);
            assert.match(String(headers['authentication-info']), /nextnonce="/);
        }
        assert.equal((await apache.log(7)).length, 7);
    });

    test('a wrong password reaches it once, whatever is asked for at the same time', async () => {
        const [apache, client] = await meet(DIGEST, { password: 'wrong', maxSockets: 3 });
        const requests = Array.from({ length: 6 }, () => client.request({ path: '/deviceInfo' }));
        const outcomes = await Promise.allSettled([...requests, client.open({ path: '/capabilities' })]);
        const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
        assert.deepEqual([...new Set(codes)].sort(), ['AUTH_BLOCKED', 'AUTH_REJECTED']);
        const log = await apache.log(2);
        assert.equal(log.filter(({ withLogin }) => withLogin).length, 1);
    });

    test('Basic, where nothing else is offered', async () => {
        const [apache, client] = await meet(BASIC);
        for (let i = 0; i < 3; i += 1) assert.equal((await client.request({ path: '/deviceInfo' })).statusCode, 200);
        assert.equal((await apache.log(4)).length, 4);
        assert.deepEqual(client.lastLogin, { kind: 'basic', cleartext: true });
    });

    test('a body is sent after the login, and streams share the nonce', async () => {
        const [apache, client] = await meet(DIGEST);
        const put = await client.request({ method: 'PUT', path: '/deviceInfo', body: 'x'.repeat(100_000) });
        assert.equal(put.statusCode, 405);
        const { statusCode, body } = await client.open({ path: '/capabilities' });
        assert.equal(statusCode, 200);
        for await (const chunk of body) assert.equal(String(chunk), 'capabilities');
        const log = await apache.log(3);
        assert.deepEqual(
            log.map(({ status }) => status),
            [401, 405, 200],
        );
    });
});
