import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { request } from 'node:https';
import { connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Fault } from '../../../protocols/errors';
import { AlarmHost, type AlarmHostOptions, type Post, type Rejection } from '../../../protocols/isapi/alarmHost';
import { AlarmListeners } from '../../../protocols/isapi/alarmListener';
import { selfSigned } from '../../../simulator/selfSigned';
import { freePort } from '../../support/freePort';

const EVENT = '{"eventType":"VMD"}';

function newHost(options: Partial<AlarmHostOptions> = {}) {
    const posts: Post[] = [];
    const rejections: Rejection[] = [];
    const host = new AlarmHost({
        maxBody: 1e6,
        answer: 'at-once',
        ...options,
        onPost: (post) => posts.push(post),
        onRejected: (rejection) => rejections.push(rejection),
    });
    return { host, posts, rejections };
}

async function post(port: number, path: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: EVENT });
    await answer.text();
    return answer.status;
}

/** @returns gives the server that was opened last in this test */
function captureServer(test: TestContext): () => http.Server {
    const original = http.createServer;
    let server: http.Server | undefined;
    test.mock.method(http, 'createServer', (options: http.ServerOptions) => {
        server = original(options);
        return server;
    });
    return () => server!;
}

const withCode = (code: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === code;
const LOOPBACK = { bind: '127.0.0.1', port: 0 };

describe('the ports that alarms come in on', () => {
    it('are shared by path: each node gets what lies at or below its own', async () => {
        const listeners = new AlarmListeners();
        const port = await freePort();
        const gate = newHost();
        const door = newHost();
        const first = await listeners.listen({ bind: '127.0.0.1', port }, '/alarm', gate.host);
        const second = await listeners.listen({ bind: '127.0.0.1', port }, '/alarm/door', door.host);
        await assert.rejects(
            listeners.listen({ bind: '127.0.0.1', port }, '/alarm/', newHost().host),
            withCode('PATH_IN_USE'),
        );
        for (const path of ['/alarm', '/alarm/', '/alarm/token-1', '/alarm/doors'])
            assert.equal(await post(port, path), 200);
        assert.equal(await post(port, '/alarm/door/token-2'), 200);
        assert.equal(gate.posts.length, 4);
        assert.equal(door.posts.length, 1);
        await second.close();
        assert.equal(await post(port, '/alarm/door'), 200);
        assert.equal(gate.posts.length, 5);
        await first.close();
        await assert.rejects(post(port, '/alarm'));
    });

    it('answer 404 to any other path, and tell the nodes about it', async () => {
        const { host, rejections } = newHost();
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', host);
        assert.equal(await post(listening.port, '/alarms'), 404);
        assert.equal(rejections[0]?.fault.code, 'PATH_UNKNOWN');
        assert.equal(rejections[0]?.path, '/alarms');
        await listening.close();
    });

    it('say what does not speak HTTP, and go on', async () => {
        const { host, rejections } = newHost();
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', host);
        const socket = connect(listening.port, '127.0.0.1');
        socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
        await new Promise((resolve) => socket.resume().on('close', resolve));
        assert.equal(rejections[0]?.fault.code, 'REQUEST_MALFORMED');
        assert.equal(rejections[0]?.source, '127.0.0.1');
        assert.equal(await post(listening.port, '/alarm'), 200);
        await listening.close();
    });

    it('hang up on who does not, even where they keep their own side open', async (test) => {
        const opened = captureServer(test);
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', newHost().host);
        test.after(() => listening.close());
        const socket = connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true });
        test.after(() => socket.destroy());
        socket.write('nonsense\r\n\r\n');
        await once(socket.resume(), 'end');
        const left = () => new Promise<number>((resolve) => opened().getConnections((_error, count) => resolve(count)));
        while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    });

    it('forgive stray bytes before the request line, as recorders send them', async () => {
        const { host, posts, rejections } = newHost();
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', host);
        const socket = connect(listening.port, '127.0.0.1');
        socket.write(
            `#POST /alarm HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`,
        );
        const answer = await new Promise<string>((resolve) =>
            socket.once('data', (bytes) => resolve(bytes.toString())),
        );
        assert.match(answer, /^HTTP\/1\.1 200/);
        assert.equal(posts.length, 1);
        assert.deepEqual(rejections, []);
        await listening.close();
    });

    it('forgive them where the device ends its side at once, and answer once', async (test) => {
        const { host, posts, rejections } = newHost({ answer: 'flow' });
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', host);
        const socket = connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true });
        socket.end(`#POST /alarm HTTP/1.1\r\nHost: x\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`);
        test.after(() => listening.close());
        setTimeout(() => posts[0]?.respond({}), 200);
        const chunks: Buffer[] = [];
        for await (const chunk of socket) chunks.push(chunk as Buffer);
        assert.match(String(chunks), /^HTTP\/1\.1 200 (?!.*HTTP\/1)/s);
        assert.equal(posts.length, 1);
        assert.deepEqual(rejections, []);
    });

    it('forgive them under TLS, too', async () => {
        const { key, cert } = selfSigned('127.0.0.1');
        const { host, posts } = newHost();
        const listening = await new AlarmListeners().listen({ ...LOOPBACK, tls: { key, cert } }, '/alarm', host);
        const socket = connectTls({ port: listening.port, host: '127.0.0.1', ca: cert });
        socket.write(
            `#POST /alarm HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`,
        );
        const [answer] = await once(socket, 'data');
        assert.match(String(answer), /^HTTP\/1\.1 200/);
        assert.equal(posts.length, 1);
        await listening.close();
    });

    it('go on where a connection cannot be accepted, however often, and say so', async (test) => {
        const opened = captureServer(test);
        const { host, posts, rejections } = newHost();
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', host);
        test.after(() => listening.close());
        const tooMany = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
        for (let times = 0; times < 3; times += 1) opened().emit('error', tooMany);
        assert.deepEqual(
            rejections.map(({ fault }) => fault.code),
            ['UNEXPECTED'],
        );
        assert.match(rejections[0]!.fault.message, /EMFILE/);
        assert.equal(await post(listening.port, '/alarm'), 200);
        assert.equal(posts.length, 1);
    });

    it('speak TLS with the certificate they are given', async () => {
        const { key, cert } = selfSigned('127.0.0.1');
        const { host, posts } = newHost();
        const listening = await new AlarmListeners().listen({ ...LOOPBACK, tls: { key, cert } }, '/alarm', host);
        const status = await new Promise<number | undefined>((resolve, reject) => {
            const options = {
                port: listening.port,
                host: '127.0.0.1',
                path: '/alarm',
                method: 'POST',
                ca: cert,
                agent: false,
            };
            const sent = request(options, (response) =>
                response.resume().on('end', () => resolve(response.statusCode)),
            );
            sent.on('error', reject);
            sent.end(EVENT);
        });
        assert.equal(status, 200);
        assert.equal(posts.length, 1);
        await listening.close();
    });

    it('are named when they cannot be had', async () => {
        const other = createServer();
        await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
        const { port } = other.address() as { port: number };
        const listeners = new AlarmListeners();
        const listen = (options: object) => listeners.listen({ ...LOOPBACK, ...options }, '/alarm', newHost().host);
        await assert.rejects(listen({ port }), withCode('PORT_IN_USE'));
        await assert.rejects(listen({ bind: '192.0.2.1' }), withCode('BIND_UNAVAILABLE'));
        await assert.rejects(listen({ tls: { key: 'no key', cert: 'no certificate' } }), withCode('TLS_FAILED'));
        await new Promise((resolve) => other.close(resolve));
        const listening = await listen({ port });
        await listening.close();
    });

    it('are free again at once, fifty times over, whatever connections were open', async () => {
        const listeners = new AlarmListeners();
        const port = await freePort();
        for (let round = 0; round < 50; round += 1) {
            const { host, posts } = newHost();
            const listening = await listeners.listen({ bind: '127.0.0.1', port }, '/alarm', host);
            const idle = connect(port, '127.0.0.1');
            idle.on('error', () => idle.destroy());
            assert.equal(await post(port, '/alarm'), 200);
            assert.equal(posts.length, 1);
            await listening.close();
            idle.destroy();
        }
    });

    it('wait for each other: a new node asks while the old one still leaves', async () => {
        const listeners = new AlarmListeners();
        const port = await freePort();
        const first = await listeners.listen({ bind: '127.0.0.1', port }, '/alarm', newHost().host);
        const leaving = first.close();
        const second = await listeners.listen({ bind: '127.0.0.1', port }, '/alarm', newHost().host);
        await leaving;
        assert.equal(await post(port, '/alarm'), 200);
        await second.close();
    });

    it('speak IPv6', async (test) => {
        const { host, posts } = newHost();
        const listening = await new AlarmListeners()
            .listen({ bind: '::', port: 0 }, '/alarm', host)
            .catch((fault: Fault) => fault);
        if (listening instanceof Fault) return test.skip('this machine has no IPv6');
        assert.equal(await post(listening.port, '/alarm'), 200);
        assert.equal(posts[0]?.source, '127.0.0.1', 'an IPv4 device keeps its plain address');
        await listening.close();
    });

    it('do not let one address take all connections', async () => {
        const { host, posts, rejections } = newHost();
        const listening = await new AlarmListeners({ maxPerAddress: 3 }).listen(LOOPBACK, '/alarm', host);
        const idle = Array.from({ length: 3 }, () => connect(listening.port, '127.0.0.1'));
        await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
        await assert.rejects(post(listening.port, '/alarm'));
        assert.equal(rejections[0]?.fault.code, 'TOO_MANY_REQUESTS');
        for (const socket of idle) socket.destroy();
        let status = 0;
        while (status !== 200) status = await post(listening.port, '/alarm').catch(() => 0);
        assert.equal(posts.length, 1);
        await listening.close();
    });

    it('but a trusted proxy may, behind which many devices stand', async () => {
        const { host, posts } = newHost({ proxies: ['127.0.0.0/8'] });
        const listening = await new AlarmListeners({ maxPerAddress: 1 }).listen(LOOPBACK, '/alarm', host);
        const idle = connect(listening.port, '127.0.0.1');
        await new Promise((resolve) => idle.once('connect', resolve));
        assert.equal(await post(listening.port, '/alarm'), 200);
        assert.equal(posts.length, 1);
        idle.destroy();
        await listening.close();
    });

    it('say that a device does not speak TLS where they do', async () => {
        const { host, rejections } = newHost();
        const tls = selfSigned('127.0.0.1');
        const listening = await new AlarmListeners().listen({ ...LOOPBACK, tls }, '/alarm', host);
        await assert.rejects(post(listening.port, '/alarm'));
        assert.equal(rejections[0]?.fault.code, 'TLS_FAILED');
        assert.match(rejections[0]?.fault.message ?? '', /HTTP_REQUEST|ssl|tls/i);
        await listening.close();
    });

    it('answer a device that expects what nobody knows', async () => {
        const { host, posts } = newHost();
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', host);
        const socket = connect(listening.port, '127.0.0.1');
        const head = `POST /alarm HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\nContent-Length: ${EVENT.length}`;
        socket.write(`${head}\r\n\r\n${EVENT}`);
        const answer = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
        assert.match(answer, /^HTTP\/1\.1 200/);
        assert.equal(posts.length, 1);
        socket.destroy();
        await listening.close();
    });

    it('let an answer that was just given out before they close', async () => {
        const { host } = newHost({ answer: 'flow' });
        const listening = await new AlarmListeners().listen(LOOPBACK, '/alarm', host);
        const answered = post(listening.port, '/alarm');
        await new Promise((resolve) => setTimeout(resolve, 100));
        host.close();
        await listening.close();
        assert.equal(await answered, 200);
    });
});
