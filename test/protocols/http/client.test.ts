import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, test } from 'node:test';
import { Fault } from '../../../protocols/errors';
import { HttpClient, type HttpClientOptions, type HttpRequest } from '../../../protocols/http/client';
import { clientFor, rawDevice, TestDevice } from './support/device';

const stops: (() => unknown)[] = [];
afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
});

/** A device that answers byte for byte; without a login. */
async function wire(answer: Parameters<typeof rawDevice>[0], options: Partial<HttpClientOptions> = {}) {
    const device = await rawDevice(answer);
    const client = clientFor(device.port, { auth: 'none', timeout: 5_000, ...options });
    stops.push(() => client.close(), device.stop);
    return { device, client, get: (path = '/') => client.request({ path }) };
}

async function page(
    options: ConstructorParameters<typeof TestDevice>[0] = {},
    client: Partial<HttpClientOptions> = {},
) {
    const device = await new TestDevice(options).start();
    const made = clientFor(device.port, client);
    stops.push(
        () => made.close(),
        () => device.stop(),
    );
    return { device, client: made };
}

const fault = (promise: Promise<unknown>): Promise<Fault> =>
    promise.then(
        () => assert.fail('it went through'),
        (error: unknown) => {
            assert.ok(error instanceof Fault, String(error));
            return error;
        },
    );

const code = async (promise: Promise<unknown>) => (await fault(promise)).code;

const ok = (body: string, extra = '') => `HTTP/1.1 200 OK\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;

describe('answers as devices write them', () => {
    const answers: [string, string, string][] = [
        [
            'HTTP/1.1 with neither length nor chunks, ended by the close',
            'HTTP/1.1 200 OK\r\nMIME-Version: 1.0\r\n\r\nall',
            'all',
        ],
        ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n<a/>', '<a/>'],
        ['a status line without a reason', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', 'x'],
        ['blank lines before it', `\r\n\r\n${ok('x')}`, 'x'],
        ['a stray # before it', `#${ok('x')}`, 'x'],
        ['stray bytes before it', `\0\0ab HTTX${ok('x')}`, 'x'],
        ['lines that end in LF only', 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx', 'x'],
        [
            'both a length and chunks',
            'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n1\r\nx\r\n0\r\n\r\n',
            'x',
        ],
        ['a space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx', 'x'],
    ];
    for (const [name, bytes, body] of answers) {
        test(name, async () => {
            const { get } = await wire((socket) => socket.end(bytes));
            assert.equal((await get()).body.toString(), body);
        });
    }

    test('the same, a byte at a time', async () => {
        const { get } = await wire(async (socket) => {
            for (const byte of Buffer.from(`#?${ok('slow')}`)) {
                socket.write(Buffer.from([byte]));
                await new Promise((resolve) => setImmediate(resolve));
            }
        });
        assert.equal((await get()).body.toString(), 'slow');
    });

    test('a device with stray bytes is known from then on: one connection a request, no second tries', async () => {
        const { device, get } = await wire((socket) => socket.end(`#${ok('x')}`));
        for (let i = 0; i < 3; i += 1) await get();
        assert.equal(device.heads.length, 4);
        assert.equal(device.connections(), 4);
    });

    test('a POST with such an answer is not repeated, and the next one is understood', async () => {
        const { device, client } = await wire((socket) => socket.end(`#${ok('x')}`));
        const post = () => client.request({ method: 'POST', path: '/', body: 'open the door' });
        assert.equal(await code(post()), 'RESPONSE_MALFORMED');
        assert.equal(device.heads.length, 1);
        assert.equal((await post()).statusCode, 200);
        assert.equal(device.heads.length, 2);
    });

    test('what is no HTTP is refused after the second try', async () => {
        const { device, get } = await wire((socket) => socket.end('SSH-2.0-dropbear_2019.78\r\n'.repeat(10)));
        const malformed = await fault(get());
        assert.equal(malformed.code, 'RESPONSE_MALFORMED');
        assert.match(malformed.message, /Expected HTTP\//);
        assert.equal(device.heads.length, 2);
    });

    test('every status but 401 and redirects is an answer', async () => {
        const { get } = await wire((socket, head) => {
            socket.write(`HTTP/1.1 ${head.split(' ')[1]!.slice(1)} Odd\r\nContent-Length: 4\r\n\r\nbody`);
        });
        for (const status of [200, 400, 403, 404, 405, 500, 501, 503]) {
            const answer = await get(`/${status}`);
            assert.deepEqual([answer.statusCode, answer.body.toString()], [status, 'body']);
        }
    });

    test('a redirect is reported, not followed, and its credentials and query are not repeated', async () => {
        const { device, get } = await wire((socket) => {
            socket.write('HTTP/1.1 301 M\r\nLocation: https://u:p@10.0.0.9/doc?token=1\r\nContent-Length: 0\r\n\r\n');
        });
        const redirected = await fault(get());
        assert.deepEqual([redirected.code, redirected.details.location], ['REDIRECTED', 'https://10.0.0.9/doc']);
        assert.equal(device.heads.length, 1);
    });

    test('HEAD has no body, whatever its length says', async () => {
        const { client } = await wire((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n'));
        assert.equal((await client.request({ method: 'head', path: '/' })).body.length, 0);
    });
});

describe('what is sent', () => {
    test('a head that any device understands, and nothing of the caller that would break it', async () => {
        const { device, client } = await wire((socket) => socket.write(ok('')));
        const headers = {
            Connection: 'upgrade',
            Host: 'elsewhere',
            Authorization: 'Basic x',
            'Content-Type': 'text/xml',
        };
        await client.request({ method: 'put', path: '/São?a=1@2&b', headers, body: '<é/>' });
        const lines = device.heads[0]!.split('\r\n');
        assert.equal(lines[0], 'PUT /S%C3%A3o?a=1@2&b HTTP/1.1');
        assert.deepEqual(lines.slice(1).sort(), [
            'Accept: */*',
            'Connection: keep-alive',
            'Content-Length: 5',
            'Content-Type: text/xml',
            `Host: 127.0.0.1:${device.port}`,
        ]);
    });

    test('line breaks in path, method or headers never leave', async () => {
        const { device, client } = await wire((socket) => socket.write(ok('')));
        const requests: HttpRequest[] = [
            { path: '/a\r\nX: 1' },
            { path: '/', method: 'GET /\r\n' },
            { path: '/', headers: { 'X-A': 'a\r\nb' } },
            { path: '/', headers: { 'X\r\nY': 'a' } },
        ];
        for (const request of requests) assert.equal(await code(client.request(request)), 'CONFIG_INVALID');
        assert.equal(device.heads.length, 0);
    });

    test('an IPv6 host', async (t) => {
        const server = createServer((socket) => socket.end(ok('six')));
        const listening = await new Promise<boolean>((resolve) => {
            server.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true));
        });
        if (!listening) return t.skip('this machine has no IPv6 loopback');
        const client = clientFor((server.address() as { port: number }).port, { host: '[::1]', auth: 'none' });
        stops.push(
            () => client.close(),
            () => server.close(),
        );
        assert.equal((await client.request({ path: '/' })).body.toString(), 'six');
    });

    test('settings that cannot work fail each request, not the making of the client', async () => {
        const wrong: [Partial<HttpClientOptions>, string][] = [
            [{ host: '' }, 'HOST_MISSING'],
            [{ host: 'http://x' }, 'CONFIG_INVALID'],
            [{ port: 70_000 }, 'CONFIG_INVALID'],
            [{ username: 'a\r\nb' }, 'CONFIG_INVALID'],
            [{ protocol: 'https', verify: 'pin', fingerprint: 'abc' }, 'CONFIG_INVALID'],
        ];
        for (const [options, expected] of wrong) {
            const client = clientFor(1, options);
            assert.equal(await code(client.request({ path: '/' })), expected);
            assert.equal(await code(client.open({ path: '/' })), expected);
        }
    });
});

describe('connections', () => {
    test('one at a time unless more are allowed; requests wait for their turn in order', async () => {
        let busy = 0;
        let most = 0;
        const order: string[] = [];
        const { device, client } = await page({
            page(seen, response) {
                order.push(seen.url);
                most = Math.max(most, ++busy);
                setTimeout(() => {
                    busy -= 1;
                    response.end('x');
                }, 5);
            },
        });
        await Promise.all(Array.from({ length: 6 }, (_, i) => client.request({ path: `/${i}` })));
        assert.deepEqual([most, device.connections], [1, 1]);
        assert.deepEqual(order, ['/0', '/1', '/2', '/3', '/4', '/5']);

        const wide = clientFor(device.port, { maxSockets: 3 });
        stops.push(() => wide.close());
        await Promise.all(Array.from({ length: 6 }, (_, i) => wide.request({ path: `/${i}` })));
        assert.equal(most, 3);
    });

    test('thirty requests on one connection leave no listeners behind', async () => {
        const warnings: Error[] = [];
        const warn = (warning: Error) => warnings.push(warning);
        process.on('warning', warn);
        stops.push(() => process.off('warning', warn));
        const { client } = await page();
        for (let i = 0; i < 30; i += 1) await client.request({ path: `/${i}` });
        await new Promise((resolve) => setImmediate(resolve));
        assert.deepEqual(warnings, []);
    });

    test('one that the device closed meanwhile: a GET goes out again, a PUT may have acted and does not', async () => {
        const { device, client, get } = await wire((socket, head, count) => {
            if (count % 2 === 1) socket.write(ok('first'));
            else if (head.startsWith('GET') || head.startsWith('PUT')) socket.resetAndDestroy();
        });
        await get();
        assert.equal((await get()).body.toString(), 'first');
        assert.equal(device.heads.length, 3);
        assert.equal(await code(client.request({ method: 'PUT', path: '/', body: 'x' })), 'CONNECTION_LOST');
        assert.equal(device.heads.length, 4);
    });

    test('a new connection that is lost is not tried again', async () => {
        const { device, get } = await wire((socket) => socket.destroy());
        assert.equal(await code(get()), 'CONNECTION_LOST');
        assert.equal(device.heads.length, 1);
    });

    test('a device that closes after each answer is fine, logins included', async () => {
        const { client } = await page({
            quirk(_seen, response) {
                response.setHeader('Connection', 'close');
                return false;
            },
        });
        for (let i = 0; i < 3; i += 1) assert.equal((await client.request({ path: '/' })).statusCode, 200);
    });

    test('a tunnel brings its own, as a plain stream or a promise of one', async () => {
        const device = await rawDevice((socket, _head, count) => socket.write(ok(`n${count}`)));
        stops.push(device.stop);
        for (const later of [false, true]) {
            let brought = 0;
            const client = new HttpClient({
                protocol: 'http',
                host: 'recorder.p2p',
                port: 80,
                auth: 'none',
                connect: () => {
                    brought += 1;
                    const tunnel = tunnelTo(device.port);
                    return later ? Promise.resolve(tunnel) : tunnel;
                },
            });
            stops.push(() => client.close());
            await client.request({ path: '/' });
            assert.match((await client.request({ path: '/' })).body.toString(), /^n/);
            assert.equal(brought, 1, 'the second request reuses it');
            assert.match(device.heads.at(-1)!, /Host: recorder\.p2p$/m);
        }
    });

    test('a tunnel that fails says so as a Fault', async () => {
        const client = new HttpClient({
            protocol: 'http',
            host: 'x',
            auth: 'none',
            connect: () => Promise.reject(new Fault('CONNECT_UNREACHABLE', { details: { host: 'x', port: 80 } })),
        });
        assert.equal(await code(client.request({ path: '/' })), 'CONNECT_UNREACHABLE');
    });
});

describe('failures', () => {
    test('nobody listens', async () => {
        const { device, client } = await wire(() => undefined);
        const { port } = device;
        await device.stop();
        stops.length = 0;
        const refused = await fault(client.request({ path: '/' }));
        assert.equal(refused.code, 'CONNECT_REFUSED');
        assert.equal(refused.message, `127.0.0.1:${port} refuses the connection.`);
    });

    test('a name that does not exist', async () => {
        const client = clientFor(80, { host: 'no-such-device.invalid' });
        assert.equal(await code(client.request({ path: '/' })), 'HOST_NOT_FOUND');
    });

    test('a connection that never stands', async () => {
        const held = setInterval(() => undefined, 1_000);
        stops.push(() => clearInterval(held));
        const client = clientFor(80, { timeout: 50, connect: () => new Promise(() => undefined) });
        const timeout = await fault(client.request({ path: '/' }));
        assert.equal(timeout.code, 'CONNECT_TIMEOUT');
        assert.equal(timeout.details.ms, 50);
    });

    test('no answer in time; the connection is given up', async () => {
        let served = 0;
        const { device, get } = await wire((socket) => served++ && socket.write(ok('late')), { timeout: 100 });
        assert.equal(await code(get()), 'RESPONSE_TIMEOUT');
        assert.equal((await get()).body.toString(), 'late');
        assert.equal(device.connections(), 2);
    });

    test('a timeout of its own for one request', async () => {
        const { client } = await wire(() => undefined);
        assert.equal((await fault(client.request({ path: '/', timeout: 30 }))).details.ms, 30);
    });

    test('a body that stops in the middle, by silence or by a closed connection', async () => {
        const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
        const silent = await wire((socket) => socket.write(head), { timeout: 100 });
        assert.equal(await code(silent.get()), 'RESPONSE_TIMEOUT');
        const cut = await wire((socket) => socket.end(head));
        assert.equal(await code(cut.get()), 'CONNECTION_LOST');
    });

    test('a body that trickles for ever', async () => {
        const { get } = await wire(
            (socket) => {
                socket.write('HTTP/1.1 200 OK\r\n\r\n');
                const drip = setInterval(() => socket.write('x'), 10);
                socket.once('close', () => clearInterval(drip));
            },
            { timeout: 50 },
        );
        assert.equal(await code(get()), 'RESPONSE_TIMEOUT');
    });

    test('a body whose chunks are broken', async () => {
        const { get } = await wire((socket) =>
            socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n'),
        );
        assert.equal(await code(get()), 'RESPONSE_MALFORMED');
    });

    test('a body larger than allowed, declared or not; the connection is not kept', async () => {
        const { device, client } = await wire((socket, head) => {
            socket.write(head.includes('/declared') ? ok('x'.repeat(20)) : `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(20)}`);
        });
        for (const path of ['/declared', '/open']) {
            const large = await fault(client.request({ path, maxBody: 10 }));
            assert.deepEqual([large.code, large.details.limit], ['RESPONSE_TOO_LARGE', 10]);
        }
        assert.equal(device.connections(), 2);
        assert.equal((await client.request({ path: '/declared', maxBody: 20 })).body.length, 20);
    });

    test('a caller that gives up: while waiting for its turn, for the answer, or before it began', async () => {
        const { device, client } = await wire(() => undefined);
        const answer = new AbortController();
        const turn = new AbortController();
        const waiting = [
            fault(client.request({ path: '/1', signal: answer.signal })),
            fault(client.request({ path: '/2', signal: turn.signal })),
        ];
        turn.abort();
        assert.equal((await waiting[1]!).code, 'CLOSED');
        answer.abort(new Fault('STREAM_ENDED'));
        assert.equal((await waiting[0]!).code, 'STREAM_ENDED', 'the reason of the caller when it is a Fault');
        assert.equal(await code(client.request({ path: '/3', signal: AbortSignal.abort() })), 'CLOSED');
        assert.ok(device.heads.every((head) => !head.includes('/3')));
    });

    test('close ends all that is under way and whatever comes later, and leaves no connection', async () => {
        const sockets: Socket[] = [];
        const { client, get } = await wire((socket) => sockets.push(socket));
        const under = [fault(get('/1')), fault(get('/2')), fault(client.open({ path: '/s' }))];
        while (sockets.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        client.close();
        for (const ended of under) assert.equal((await ended).code, 'CLOSED');
        assert.equal(await code(get()), 'CLOSED');
        assert.equal(await code(client.open({ path: '/' })), 'CLOSED');
        while (sockets.some((socket) => !socket.destroyed)) await new Promise((resolve) => setTimeout(resolve, 5));
    });

    test('no fault carries credentials', async () => {
        const { device, client } = await page({ page: (_seen, response) => void response.socket?.destroy() });
        const lost = await fault(client.request({ path: '/x' }));
        const secret = device.logins[0]!.authorization!;
        for (const text of [lost.message, lost.stack ?? '', JSON.stringify(lost), String(lost.cause)]) {
            assert.ok(!text.includes('Vigia-1234') && !text.includes(secret) && !text.includes('Digest'));
        }
    });
});

/** A stream that is no socket, as a tunnel hands it out. */
function tunnelTo(port: number): Duplex {
    const socket = connect(port, '127.0.0.1');
    return Duplex.from({ readable: socket, writable: socket });
}
