import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Fault } from '../../../protocols/errors';
import { LoginBreaker } from '../../../protocols/http/breaker';
import type { HttpClient, HttpClientOptions } from '../../../protocols/http/client';
import { ManualClock } from '../../support/manualClock';
import { clientFor, type DeviceOptions, rawDevice, TestDevice } from './support/device';

const INFO = '/ISAPI/System/deviceInfo';
const WRONG = { password: 'not-it' };

const opened: { device?: TestDevice; client?: HttpClient }[] = [];

async function meet(device: DeviceOptions = {}, client: Partial<HttpClientOptions> = {}) {
    const started = await new TestDevice(device).start();
    const made = clientFor(started.port, client);
    opened.push({ device: started }, { client: made });
    return { device: started, client: made, get: (path = INFO) => made.request({ path }) };
}

afterEach(async () => {
    for (const { client } of opened) client?.close();
    for (const { device } of opened.splice(0)) await device?.stop();
});

const fault = (promise: Promise<unknown>): Promise<Fault> =>
    promise.then(
        () => assert.fail('it went through'),
        (error: Fault) => error,
    );

const nonceOf = (authorization: string) => /nonce="([^"]*)"/.exec(authorization)?.[1] ?? '';

describe('devices as they are', () => {
    const offers: [string, DeviceOptions, string][] = [
        ['MD5', { algorithms: ['MD5'] }, 'MD5'],
        ['"MD5" in quotes', { algorithms: ['MD5'], quoteAlgorithm: true }, 'MD5'],
        ['SHA-256 only', { algorithms: ['SHA-256'] }, 'SHA-256'],
        ['MD5 and SHA-256 in two headers', { algorithms: ['MD5', 'SHA-256'] }, 'SHA-256'],
        ['MD5-sess', { algorithms: ['MD5-sess'] }, 'MD5'],
        ['SHA-256-sess', { algorithms: ['SHA-256-sess'] }, 'SHA-256'],
        ['no qop', { algorithms: ['MD5'], qop: false }, 'MD5'],
        ['an empty opaque', { algorithms: ['MD5'], opaque: '' }, 'MD5'],
        ['an opaque', { algorithms: ['MD5'], opaque: 'f0e1' }, 'MD5'],
        ['Digest, Digest and Basic', { schemes: ['basic', 'digest'], algorithms: ['MD5', 'SHA-256'] }, 'SHA-256'],
    ];
    for (const [name, options, hash] of offers) {
        test(`login: ${name}`, async () => {
            const { device, client, get } = await meet(options);
            assert.equal((await get(`${INFO}?format=json&a=1`)).body.toString(), `page ${INFO}?format=json&a=1`);
            assert.deepEqual(client.lastLogin, { kind: 'digest', hash, cleartext: false });
            assert.equal(device.logins.length, 1);
        });
    }

    test('login: Basic only', async () => {
        const { client, get } = await meet({ schemes: ['basic'] });
        assert.equal((await get()).statusCode, 200);
        assert.deepEqual(client.lastLogin, { kind: 'basic', cleartext: true });
    });

    test('login: all challenges merged on one line, with domain="::" and stale="FALSE"', async () => {
        const { client, get } = await meet({
            algorithms: ['SHA-256', 'MD5'],
            schemes: ['digest', 'basic'],
            quirk(seen, response, { login }) {
                if (seen.authorization) return false;
                const [sha, md5, basic] = login.challenges();
                response.setHeader(
                    'WWW-Authenticate',
                    `${sha}, domain="::", stale="FALSE", ${md5}, stale=FALSE, ${basic}`,
                );
                response.writeHead(401).end();
                return true;
            },
        });
        assert.equal((await get()).statusCode, 200);
        assert.equal(client.lastLogin?.hash, 'SHA-256');
    });

    test('login: none needed', async () => {
        const { device, client, get } = await meet({ quirk: (_seen, response) => Boolean(response.end('open')) });
        await get();
        assert.equal((await client.request({ method: 'PUT', path: '/x', body: '<a/>' })).statusCode, 200);
        assert.deepEqual(client.lastLogin, { kind: 'none', cleartext: false });
        assert.deepEqual(
            device.seen.map(({ method, body }) => [method, body]),
            [
                ['GET', ''],
                ['PUT', '<a/>'],
            ],
        );
    });
});

describe('few exchanges', () => {
    test('20 requests on one device: 21 exchanges on one connection', async () => {
        const { device, get } = await meet();
        for (let i = 0; i < 20; i += 1) await get(`/ISAPI/x/${i % 6}?n=${i}`);
        assert.equal(device.seen.length, 21);
        assert.equal(device.connections, 1);
    });

    test('the same when all of them are asked for at once', async () => {
        const { device, get } = await meet();
        await Promise.all(Array.from({ length: 20 }, (_, i) => get(`/p/${i}`)));
        assert.equal(device.seen.length, 21);
        assert.equal(device.connections, 1);
    });

    test('a body travels once: the round that asks for the challenge goes without it', async () => {
        const { device, client } = await meet();
        const body = Buffer.alloc(300_000, 'x');
        const answer = await client.request({ method: 'PUT', path: '/big', body });
        assert.equal(answer.statusCode, 200);
        assert.deepEqual(
            device.seen.map((seen) => [seen.method, seen.headers['content-length'], seen.body.length]),
            [
                ['PUT', '0', 0],
                ['PUT', '300000', 300_000],
            ],
        );
    });

    test('a device that turns out to need no login gets the body after all', async () => {
        const { device, client } = await meet({ quirk: (_seen, response) => Boolean(response.end('done')) });
        assert.equal((await client.request({ method: 'POST', path: '/x', body: 'b' })).body.toString(), 'done');
        assert.deepEqual(
            device.seen.map(({ body }) => body),
            ['', 'b'],
        );
    });

    test('a PUT without a body says so', async () => {
        const { device, client } = await meet();
        await client.request({ method: 'PUT', path: '/ISAPI/System/reboot' });
        assert.deepEqual(
            device.seen.map(({ headers }) => headers['content-length']),
            ['0', '0'],
        );
    });
});

describe('nonces that do not last', () => {
    test('one that is called stale costs one exchange and never doubts the password', async () => {
        const { device, client, get } = await meet({ nonceUses: 3 });
        const states: string[] = [];
        client.breaker.onChange(({ name }) => states.push(name));
        for (let i = 0; i < 10; i += 1) assert.equal((await get()).statusCode, 200);
        assert.equal(device.seen.length, 1 + 10 + 3);
        assert.deepEqual(states, []);
    });

    test('a bare 401 after a few uses (DS-KV6124) is answered by starting over', async () => {
        const uses = new Map<string, number>();
        const { device, client, get } = await meet({
            quirk({ authorization }, response) {
                if (!authorization) return false;
                const count = (uses.get(nonceOf(authorization)) ?? 0) + 1;
                uses.set(nonceOf(authorization), count);
                return count > 2 && Boolean(response.writeHead(401).end());
            },
        });
        for (const path of [INFO, '/ISAPI/System/capabilities', '/ISAPI/Event/notification/alertStream', INFO]) {
            assert.equal((await get(path)).statusCode, 200);
        }
        assert.equal(client.breaker.state.name, 'ok');
        const asked = device.seen.map(({ authorization }) => (authorization ? 'login' : 'ask'));
        assert.deepEqual(asked, ['ask', 'login', 'login', 'login', 'ask', 'login', 'login']);
    });

    test('a nonce bound to its URL (ONVIF 19 firmware) is learnt', async () => {
        const home = new Map<string, string>();
        const { device, client, get } = await meet({
            quirk(seen, response, { login }) {
                if (!seen.authorization) return false;
                const nonce = nonceOf(seen.authorization);
                const path = seen.url.split('?')[0]!;
                if (!home.has(nonce)) home.set(nonce, path);
                if (home.get(nonce) === path) return false;
                response.writeHead(401, { 'WWW-Authenticate': login.challenges() }).end();
                return true;
            },
        });
        for (let round = 0; round < 4; round += 1) {
            for (const path of ['/a', '/b', '/c']) assert.equal((await get(`${path}?${round}`)).statusCode, 200);
        }
        assert.equal(device.seen.length, 12 + 3);
        assert.equal(client.breaker.state.name, 'ok');
    });

    test('the 401 is read away, whatever its size, so that the next answer is the right one', async () => {
        const { device, get } = await meet({ refusal: 'x'.repeat(100_000) });
        for (let i = 0; i < 3; i += 1) assert.equal((await get(`/n/${i}`)).body.toString(), `page /n/${i}`);
        assert.equal(device.connections, 1);
    });
});

describe('a wrong password', () => {
    test('reaches the device once, however many requests start together', async () => {
        const { device, client, get } = await meet({}, { ...WRONG, maxSockets: 4 });
        const streams = [client.open({ path: '/stream' }), client.open({ path: '/stream' })];
        const all = await Promise.all([...Array.from({ length: 8 }, (_, i) => get(`/p/${i}`)), ...streams].map(fault));
        assert.equal(device.logins.length, 1);
        assert.equal(all.filter(({ code }) => code === 'AUTH_REJECTED').length, 1);
        assert.equal(all.filter(({ code }) => code === 'AUTH_BLOCKED').length, 9);
        const { length } = device.seen;
        assert.equal((await fault(get())).code, 'AUTH_BLOCKED');
        assert.equal(device.seen.length, length, 'while blocked nothing at all is sent');
    });

    test('one breaker stands before all clients of a device', async () => {
        const breaker = new LoginBreaker();
        const { device, get } = await meet({}, { ...WRONG, breaker });
        const other = clientFor(device.port, { ...WRONG, breaker });
        opened.push({ client: other });
        const faults = await Promise.all([fault(get()), fault(other.request({ path: INFO }))]);
        assert.deepEqual(faults.map(({ code }) => code).sort(), ['AUTH_BLOCKED', 'AUTH_REJECTED']);
        assert.equal(device.logins.length, 1);
    });

    test('says how many tries are left and when the next is allowed, and nothing secret', async () => {
        const clock = new ManualClock();
        const refusal = '<userCheck><lockStatus>unlock</lockStatus><retryLoginTime>4</retryLoginTime></userCheck>';
        const { get } = await meet({ refusal }, { ...WRONG, breaker: new LoginBreaker({ clock }) });
        const refused = await fault(get());
        assert.equal(refused.triesLeft, 4);
        assert.equal(refused.unlockAt, clock.now() + 5 * 60_000);
        assert.doesNotMatch(JSON.stringify(refused) + refused.stack, /not-it|Digest|nonce/);
    });

    test('a later attempt is made when the time is over, or after a reset', async () => {
        const clock = new ManualClock();
        const { device, client, get } = await meet({}, { ...WRONG, breaker: new LoginBreaker({ clock }) });
        await fault(get());
        assert.equal((await fault(get())).code, 'AUTH_BLOCKED');
        client.resetLogin();
        assert.equal((await fault(get())).code, 'AUTH_REJECTED');
        assert.equal((await fault(get())).code, 'AUTH_BLOCKED');
        clock.advance(30 * 60_000);
        assert.equal((await fault(get())).code, 'AUTH_REJECTED');
        assert.equal(device.logins.length, 3);
    });

    test('changed on the device in the middle of work: one attempt with a new nonce for everybody', async () => {
        const { device, client, get } = await meet({}, { maxSockets: 3 });
        await get();
        device.login = new TestDevice({ password: 'changed' }).login;
        device.seen.length = 0;
        const all = await Promise.all([get('/a'), get('/b'), get('/c'), client.open({ path: '/s' })].map(fault));
        assert.ok(all.every(({ code }) => code === 'AUTH_REJECTED' || code === 'AUTH_BLOCKED'));
        const attempts = device.logins.filter(({ authorization }) => /nc=00000001/.test(authorization!));
        assert.equal(attempts.length, 1);
    });

    test('as Basic it is sent once too', async () => {
        const { device, get } = await meet({ schemes: ['basic'] }, WRONG);
        assert.equal((await fault(get())).code, 'AUTH_REJECTED');
        assert.equal((await fault(get())).code, 'AUTH_BLOCKED');
        assert.equal(device.logins.length, 1);
    });

    test('an empty password is not tried', async () => {
        const { device, get } = await meet({}, { password: '' });
        assert.equal((await fault(get())).code, 'AUTH_MISSING');
        assert.equal(device.logins.length, 0);
    });

    test('a login that is never reached says nothing about the password, and the next request may try', async () => {
        let broken = 2;
        const { get } = await meet({
            quirk(seen, response) {
                if (!seen.authorization || broken === 0) return false;
                broken -= 1;
                response.socket?.destroy();
                return true;
            },
        });
        assert.deepEqual([(await fault(get())).code, (await get()).statusCode], ['CONNECTION_LOST', 200]);
    });
});

describe('a login that has to be sent twice', () => {
    test('a device that closes right after its 401 gets the next count on a new connection', async () => {
        let first = true;
        const { device, client, get } = await meet({
            quirk(seen, response) {
                if (!seen.authorization || !first) return false;
                first = false;
                response.socket?.resetAndDestroy();
                return true;
            },
        });
        assert.equal((await get()).statusCode, 200);
        assert.equal(client.breaker.state.name, 'ok');
        assert.deepEqual(
            device.logins.map(({ authorization }) => /nc=(\w+)/.exec(authorization!)![1]),
            ['00000001', '00000002'],
        );
    });
});

describe('a device that closes after its 401 without saying so', () => {
    test('gets the PUT on a new connection, once', async () => {
        const device = await rawDevice((socket, head) => {
            if (/^Authorization:/m.test(head)) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
            else
                socket.end(
                    'HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\nContent-Length: 0\r\n\r\n',
                );
        });
        const client = clientFor(device.port);
        for (let i = 0; i < 3; i += 1) {
            const answer = await client.request({ method: 'PUT', path: '/open', body: '<door/>' });
            assert.equal(answer.body.toString(), 'ok');
            // Its close has to arrive before the connection is used again, as it does between two real requests.
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        assert.equal(device.heads.filter((head) => head.includes('Authorization')).length, 3);
        client.close();
        await device.stop();
    });

    test('one that keeps it is not given more connections than it needs', async () => {
        const { device, client, get } = await meet();
        await get();
        client.resetLogin();
        await client.request({ method: 'PUT', path: '/x', body: 'b' });
        assert.equal(device.connections, 1);
    });
});

describe('a locked device', () => {
    const refusal =
        '<userCheck><statusValue>401</statusValue><lockStatus>lock</lockStatus><unlockTime>1200</unlockTime></userCheck>';

    test('is shown no credentials, and asked again when its time is over', async () => {
        const clock = new ManualClock();
        const { device, get } = await meet({ refusal }, { breaker: new LoginBreaker({ clock }) });
        const locked = await fault(get());
        assert.equal(locked.code, 'AUTH_LOCKED');
        assert.equal(locked.unlockAt, clock.now() + 1_200_000);
        assert.equal((await fault(get())).code, 'AUTH_LOCKED');
        assert.equal(device.seen.length, 1);
        assert.equal(device.logins.length, 0);
        clock.advance(1_200_000);
        assert.equal((await fault(get())).code, 'AUTH_LOCKED');
        assert.equal(device.seen.length, 2);
    });
});

describe('403', () => {
    test('is an answer like any other and never a matter of the password', async () => {
        const page: DeviceOptions['page'] = (_seen, response) => response.writeHead(403).end('<ResponseStatus/>');
        const { device, client, get } = await meet({ page });
        for (let i = 0; i < 6; i += 1) assert.equal((await get()).statusCode, 403);
        assert.equal(client.breaker.state.name, 'ok');
        assert.equal((await get()).body.toString(), '<ResponseStatus/>');
        assert.ok(device.seen.length <= 14);
    });
});

describe('schemes that are not allowed', () => {
    test('“digest” refuses Basic, “none” refuses any, each by name', async () => {
        const { get } = await meet({ schemes: ['basic'] }, { auth: 'digest' });
        assert.match((await fault(get())).message, /offers only the login methods basic/);
        const none = await meet({}, { auth: 'none' });
        assert.equal((await fault(none.get())).code, 'AUTH_UNSUPPORTED');
        assert.equal(none.device.logins.length, 0);
    });
});
