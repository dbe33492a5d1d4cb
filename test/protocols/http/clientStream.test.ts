import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { Fault } from '../../../protocols/errors';
import { LoginBreaker } from '../../../protocols/http/breaker';
import type { HttpClientOptions, HttpStream } from '../../../protocols/http/client';
import { selfSigned } from '../../../simulator/selfSigned';
import { clientFor, rawDevice, TestDevice } from './support/device';

const stops: (() => unknown)[] = [];
afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
});

const STREAM = '/ISAPI/Event/notification/alertStream';

async function wire(answer: Parameters<typeof rawDevice>[0], options: Partial<HttpClientOptions> = {}) {
    const device = await rawDevice(answer);
    const client = clientFor(device.port, { auth: 'none', timeout: 200, ...options });
    stops.push(() => client.close(), device.stop);
    return { device, client };
}

/** As {@link wire}, with TLS. */
async function secureWire(answer: (socket: Socket) => void, options: Partial<HttpClientOptions>) {
    const sockets = new Set<Socket>();
    const device = createTlsServer(selfSigned('127.0.0.1'), (socket) => {
        sockets.add(socket.on('error', () => socket.destroy()));
        socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
    const client = clientFor((device.address() as AddressInfo).port, { auth: 'none', ...options });
    stops.push(
        () => client.close(),
        () => {
            for (const socket of sockets) socket.destroy();
            return new Promise((resolve) => device.close(resolve));
        },
    );
    return { client };
}

/** A connection from elsewhere, which is a stream and no socket. */
function tunnelTo({ port }: { port: number }): Duplex {
    const socket = connect(port, '127.0.0.1');
    return Duplex.from({ readable: socket, writable: socket });
}

/** How a stream comes in; `first` are bytes before its head. */
const WAYS: Record<string, Partial<HttpClientOptions> & { first?: string }> = {
    directly: {},
    'through a tunnel': { connect: tunnelTo },
    'through a tunnel, behind stray bytes': { connect: tunnelTo, first: '#' },
    'encrypted, through a tunnel': { connect: tunnelTo, protocol: 'https', verify: 'off' },
};

async function readAll({ body }: HttpStream): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString('latin1');
}

const broken = async ({ body }: HttpStream): Promise<Fault> => {
    body.resume();
    const [fault] = await once(body, 'error');
    return fault;
};

const head = 'HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=MIME_boundary\r\n';

describe('an event stream', () => {
    test('leaves no connection where its client is closed at the moment it opens', async () => {
        const device = await new TestDevice({
            page: (_seen, response) => void response.writeHead(200).flushHeaders(),
        }).start();
        const breaker = new LoginBreaker();
        const client = clientFor(device.port, { breaker });
        stops.push(
            () => client.close(),
            () => device.stop(),
        );
        breaker.locked({ locked: true });
        breaker.reset();
        breaker.onChange(() => client.close());
        await assert.rejects(client.open({ path: STREAM }), { code: 'CLOSED' });
        while (device.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    });

    test('logs in, then stays open while requests go on beside it', async () => {
        const parts: (() => void)[] = [];
        const device = await new TestDevice({
            page(seen, response) {
                if (seen.url !== STREAM) return void response.end('x');
                response.writeHead(200, { 'Content-Type': 'multipart/mixed' });
                parts.push(() => response.write('part'));
                response.flushHeaders();
            },
        }).start();
        const client = clientFor(device.port, { timeout: 100 });
        stops.push(
            () => client.close(),
            () => device.stop(),
        );
        const stream = await client.open({ path: STREAM });
        assert.equal(stream.statusCode, 200);
        assert.equal(stream.headers['content-type'], 'multipart/mixed');
        assert.equal((await client.request({ path: '/a' })).body.toString(), 'x');
        // Longer than the timeout of the client: silence is for the watchdog of the reader to judge.
        await new Promise((resolve) => setTimeout(resolve, 250));
        const received = once(stream.body, 'data');
        parts[0]!();
        assert.equal(String((await received)[0]), 'part');
        assert.equal(device.seen.length, 3, 'one challenge served both');
        assert.equal(device.connections, 2);

        const { headers } = device.seen.at(-2)!;
        assert.deepEqual([headers.connection, headers['accept-encoding']], ['keep-alive', 'identity']);
        stream.close();
        await once(stream.body, 'close');
        while (device.sockets.size > 1) await new Promise((resolve) => setTimeout(resolve, 5));
        assert.equal((await client.request({ path: '/b' })).statusCode, 200);
    });

    test('a device that refuses its login while another request is under way (DS-KV6124) gets one after the other', async () => {
        let underWay = 0;
        let refused = 0;
        const device = await new TestDevice({
            nonceUses: 4,
            quirk({ url, authorization }, response, { login }) {
                if (url !== STREAM || !authorization || underWay === 0) return false;
                refused += 1;
                response.writeHead(401, { 'WWW-Authenticate': login.challenges() }).end();
                return true;
            },
            page({ url }, response) {
                if (url === STREAM) {
                    response.writeHead(200, { 'Content-Type': 'multipart/mixed' }).flushHeaders();
                    return;
                }
                underWay += 1;
                setTimeout(() => {
                    underWay -= 1;
                    response.end('idle');
                }, 20);
            },
        }).start();
        const client = clientFor(device.port);
        stops.push(
            () => client.close(),
            () => device.stop(),
        );
        const asking = new AbortController();
        let polls = 0;
        const poll = async () => {
            while (!asking.signal.aborted) {
                assert.equal((await client.request({ path: '/callStatus' })).statusCode, 200);
                polls += 1;
            }
        };
        const polling = Promise.all([poll(), poll()]);
        while (polls < 3) await new Promise((resolve) => setTimeout(resolve, 5));
        for (let opening = 0; opening < 5; opening += 1) {
            const stream = await client.open({ path: STREAM });
            assert.equal(stream.statusCode, 200);
            stream.close();
        }
        asking.abort();
        await polling;
        assert.ok(refused > 0, 'it had to be asked again');
        assert.equal(client.breaker.state.name, 'ok');
    });

    test('the bytes arrive as they were sent, in whatever pieces', async () => {
        const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));
        const { client } = await wire((socket) => {
            socket.write(`${head}\r\n`);
            for (let at = 0; at < bytes.length; at += 999) socket.write(bytes.subarray(at, at + 999));
            socket.end();
        });
        assert.equal(await readAll(await client.open({ path: STREAM })), bytes.toString('latin1'));
    });

    for (const [way, { first = '', ...options }] of Object.entries(WAYS)) {
        test(`a slow reader holds the device back instead of filling the memory: ${way}`, async () => {
            let sender: Socket | undefined;
            const answer = (socket: Socket) => {
                sender = socket;
                socket.write(`${first}${head}\r\n`);
                const push = () => {
                    while (socket.writable && socket.write(Buffer.alloc(65_536)));
                };
                socket.on('drain', push);
                push();
            };
            const { client } = await (options.protocol === 'https' ? secureWire : wire)(answer, {
                ...options,
                timeout: 2000,
            });
            const stream = await client.open({ path: STREAM });
            let before = -1;
            while (sender!.bytesWritten !== before) {
                before = sender!.bytesWritten;
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
            assert.ok(sender!.writableLength > 0, 'the device has to wait');
            assert.ok(stream.body.readableLength < 1_000_000);
            stream.close();
        });
    }

    test('ended by the device: the body ends, without a length as with one', async () => {
        const { client } = await wire((socket) => socket.end(`${head}\r\n--MIME_boundary`));
        assert.equal(await readAll(await client.open({ path: STREAM })), '--MIME_boundary');
    });

    test('cut off by the device: the body fails with CONNECTION_LOST', async () => {
        const { client } = await wire((socket) => {
            socket.write(`${head}Content-Length: 1000\r\n\r\nhalf`);
            setTimeout(() => socket.destroy(), 20);
        });
        assert.equal((await broken(await client.open({ path: STREAM }))).code, 'CONNECTION_LOST');
        const reset = await wire((socket) => {
            socket.write(`${head}\r\nhalf`);
            setTimeout(() => socket.resetAndDestroy(), 20);
        });
        assert.equal((await broken(await reset.client.open({ path: STREAM }))).code, 'CONNECTION_LOST');
    });

    test('ended by close of the client: the body fails with CLOSED, even unread, and nothing stays', async () => {
        const { client } = await wire((socket) => socket.write(`${head}\r\nx`));
        const stream = await client.open({ path: STREAM });
        const failed = broken(stream);
        client.close();
        assert.equal((await failed).code, 'CLOSED');
        assert.equal(stream.body.destroyed, true);
    });

    test('a stream that nobody listens to may break without harm', async () => {
        const { client } = await wire((socket) => {
            socket.write(`${head}\r\nx`);
            setTimeout(() => socket.resetAndDestroy(), 20);
        });
        const { body } = await client.open({ path: STREAM });
        body.resume();
        await new Promise((resolve) => body.once('close', resolve));
        assert.equal(body.errored instanceof Error, true);
    });

    test('no head in time is a fault, and so is a wrong password', async () => {
        const { client } = await wire(() => undefined);
        await assert.rejects(client.open({ path: STREAM }), { code: 'RESPONSE_TIMEOUT' });
        const device = await new TestDevice().start();
        const wrong = clientFor(device.port, { password: 'wrong' });
        stops.push(
            () => wrong.close(),
            () => device.stop(),
        );
        await assert.rejects(wrong.open({ path: STREAM }), { code: 'AUTH_REJECTED' });
        await assert.rejects(wrong.open({ path: STREAM }), { code: 'AUTH_BLOCKED' });
        while (device.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });

    test('a refusal has a status and a body to read', async () => {
        const { client } = await wire((socket) =>
            socket.end('HTTP/1.1 403 F\r\nContent-Length: 17\r\n\r\n<ResponseStatus/>'),
        );
        const stream = await client.open({ path: STREAM });
        assert.deepEqual([stream.statusCode, await readAll(stream)], [403, '<ResponseStatus/>']);
    });

    test('a request with a body, such as a subscription', async () => {
        const device = await new TestDevice().start();
        const client = clientFor(device.port);
        stops.push(
            () => client.close(),
            () => device.stop(),
        );
        const stream = await client.open({ method: 'POST', path: '/subscribeEvent', body: '<SubscribeEvent/>' });
        assert.equal(await readAll(stream), 'page /subscribeEvent');
        assert.deepEqual(
            device.seen.map(({ body }) => body),
            ['', '<SubscribeEvent/>'],
        );
    });

    test('from a device with stray bytes before its answers, login included', async () => {
        const { client } = await wire(
            (socket, request) => {
                if (request.includes('Authorization')) socket.end(`#${head}\r\n--MIME_boundary`);
                else
                    socket.write(
                        '#HTTP/1.1 401 U\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\nContent-Length: 0\r\n\r\n',
                    );
            },
            { auth: 'auto' },
        );
        assert.equal(await readAll(await client.open({ path: STREAM })), '--MIME_boundary');
    });

    test('a caller may give up at any time', async () => {
        const { client } = await wire((socket) => socket.write(`${head}\r\nx`));
        const leaving = new AbortController();
        const stream = await client.open({ path: STREAM, signal: leaving.signal });
        const failed = broken(stream);
        leaving.abort();
        assert.equal((await failed).code, 'CLOSED');
    });
});

describe('a stream that is read directly', () => {
    /** Bytes that tell where they belong, and whose. */
    const pattern = (name: number, length: number) =>
        Buffer.from(Array.from({ length }, (_none, at) => (at * 7 + name) % 251));

    /** Everything that comes, copied as it must be; pauses whenever `bytes` have come. */
    function take(stream: HttpStream, pauseEvery = Number.POSITIVE_INFINITY) {
        const chunks: Buffer[] = [];
        let sincePause = 0;
        const isDirect = stream.readDirectly?.((bytes) => {
            assert.equal(stream.body.isPaused(), false);
            chunks.push(Buffer.from(bytes));
            sincePause += bytes.length;
            if (sincePause < pauseEvery) return;
            sincePause = 0;
            stream.body.pause();
            setTimeout(() => stream.body.resume(), 1);
        });
        return { isDirect, all: () => Buffer.concat(chunks) };
    }

    test('brings its bytes in order, those behind the head first, with pauses, up to its end', async () => {
        const sent = pattern(0, 1_000_000);
        const { client } = await wire((socket) => {
            socket.write(Buffer.concat([Buffer.from(`${head}\r\n`), sent.subarray(0, 300_000)]));
            setTimeout(() => socket.end(sent.subarray(300_000)), 20);
        });
        const stream = await client.open({ path: STREAM });
        const { isDirect, all } = take(stream, 50_000);
        assert.equal(isDirect, true);
        await once(stream.body, 'end');
        assert.ok(all().equals(sent));
        if (!stream.body.closed) await once(stream.body, 'close');
    });

    test('brings them in order also where many came before anybody took them, and pauses when it is told to', async () => {
        const sent = pattern(3, 600_000);
        const { client } = await wire(async (socket) => {
            socket.write(`${head}\r\n`);
            for (let at = 0; at < sent.length; at += 12_000) {
                await new Promise((resolve) => setTimeout(resolve, 5));
                socket.write(sent.subarray(at, at + 12_000));
            }
            socket.end();
        });
        const stream = await client.open({ path: STREAM });
        await new Promise((resolve) => setTimeout(resolve, 100));
        const { isDirect, all } = take(stream, 1);
        assert.equal(isDirect, true);
        await once(stream.body, 'end');
        assert.ok(all().equals(sent));
    });

    test('is not mixed up with others, although all are read into the same memory', async () => {
        const sent = [1, 2, 3, 4, 5].map((name) => pattern(name, 200_000));
        const { client } = await wire((socket, _head, count) => {
            const bytes = sent[count - 1]!;
            socket.write(`${head}\r\n`);
            for (let at = 0; at < bytes.length; at += 10_000) socket.write(bytes.subarray(at, at + 10_000));
            socket.end();
        });
        const taken = await Promise.all(
            sent.map(async () => {
                const stream = await client.open({ path: STREAM });
                const { all } = take(stream, 70_000);
                await once(stream.body, 'end');
                return all();
            }),
        );
        const names = taken.map((bytes) => sent.findIndex((each) => each.equals(bytes)));
        assert.deepEqual(names.sort(), [0, 1, 2, 3, 4]);
    });

    test('fails when its connection breaks, and is closed by whoever has it', async () => {
        const { client } = await wire((socket, _head, count) => {
            socket.write(`${head}\r\nx`);
            if (count === 1) setTimeout(() => socket.resetAndDestroy(), 20);
        });
        const broke = await client.open({ path: STREAM });
        assert.equal(take(broke).isDirect, true);
        const [fault] = await once(broke.body, 'error');
        assert.equal(fault.code, 'CONNECTION_LOST');
        const left = await client.open({ path: STREAM });
        const { all } = take(left);
        while (all().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        left.close();
        await once(left.body, 'close');
    });

    test('is one without length and chunks; others are read as ever', async () => {
        for (const header of ['Content-Length: 1', 'Transfer-Encoding: chunked']) {
            const { client } = await wire((socket) => socket.end(`${head}${header}\r\n\r\n1\r\nx\r\n0\r\n\r\n`));
            const stream = await client.open({ path: STREAM });
            assert.equal(take(stream).isDirect, false, header);
            stream.close();
        }
    });
});
