import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../../protocols/clock';
import type { Post } from '../../../protocols/isapi/alarmHost';
import { PartSplitter } from '../../../protocols/multipart/partSplitter';
import { Host, head, talk, withHost } from './support/recordingHost';

const run = promisify(execFile);
const EVENT = '{"eventType":"VMD","eventState":"active"}';
const XML = '<EventNotificationAlert><eventType>VMD</eventType></EventNotificationAlert>';

/** A clock that stands until it is told otherwise. */
function handClock() {
    let now = 1_000_000;
    const timers = new Set<{ at: number; fire: () => void }>();
    return {
        now: () => now,
        elapsed: () => now,
        after(ms: number, fire: () => void) {
            const timer = { at: now + ms, fire };
            timers.add(timer);
            return () => timers.delete(timer);
        },
        pass(ms: number) {
            now += ms;
            for (const timer of [...timers]) {
                if (timer.at <= now && timers.delete(timer)) timer.fire();
            }
        },
        get pending() {
            return timers.size;
        },
    };
}

const texts = (post: Post | undefined) => post?.parts.map(({ body }) => body.toString());

function curlIsMissing(): string | false {
    try {
        execFileSync('curl', ['--version'], { stdio: 'ignore' });
        return false;
    } catch {
        return 'curl is not installed';
    }
}

describe('a listening host', () => {
    let host: Host;
    before(async () => {
        host = await new Host().listen();
    });
    after(() => host.close());
    const newest = () => host.posts.at(-1);
    const curl = (...args: string[]) => run('curl', ['-s', '-w', ' %{http_code}', ...args]);
    const skip = curlIsMissing();

    it('loses one post, and no more, where its reading fails', async (test) => {
        const feed = test.mock.method(PartSplitter.prototype, 'feed', () => {
            throw new RangeError('Maximum call stack size exceeded');
        });
        const before = host.rejections.length;
        const answer = await fetch(host.url, { method: 'POST', body: EVENT });
        assert.equal(answer.status, 200);
        assert.equal(host.rejections.length, before + 1);
        assert.match(host.rejections.at(-1)?.fault.message ?? '', /call stack/);
        assert.equal(host.rejections.at(-1)?.raw?.toString(), EVENT);
        feed.mock.restore();
        assert.equal((await fetch(host.url, { method: 'POST', body: EVENT })).status, 200);
        assert.deepEqual(texts(newest()), [EVENT]);
    });

    it('takes plain XML and JSON of any declared type', { skip }, async () => {
        for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'nonsense']) {
            assert.equal((await curl('-H', `Content-Type: ${type}`, '-d', EVENT, host.url)).stdout, 'OK 200');
            assert.deepEqual(texts(newest()), [EVENT]);
        }
        await curl('-X', 'PUT', '-H', 'Content-Type: application/xml', '-d', XML, host.url);
        assert.deepEqual(texts(newest()), [XML]);
        assert.equal(newest()?.method, 'PUT');
    });

    it('takes bodies of any transfer: chunked, with 100-continue, HTTP/1.0', { skip }, async () => {
        for (const transfer of [['-H', 'Transfer-Encoding: chunked'], ['-H', 'Expect: 100-continue'], ['--http1.0']]) {
            const { stdout } = await curl('-H', 'Content-Type: application/json', ...transfer, '-d', EVENT, host.url);
            assert.equal(stdout, 'OK 200', transfer.join(' '));
            assert.deepEqual(texts(newest()), [EVENT]);
        }
    });

    it('takes forms as curl makes them', { skip }, async () => {
        await curl(
            '-F',
            `event=${EVENT};type=application/json`,
            '-F',
            'Picture=xyz;filename=p.jpg;type=image/jpeg',
            host.url,
        );
        assert.deepEqual(
            newest()?.parts.map(({ name, filename, kind }) => [name, filename, kind]),
            [
                ['event', undefined, 'text'],
                ['Picture', 'p.jpg', 'binary'],
            ],
        );
    });

    it('takes events from the query string and from urlencoded bodies', { skip }, async () => {
        const query = 'eventType=ANPR&licensePlate=ABC0007';
        await curl(`${host.url}?${query}`);
        assert.deepEqual(texts(newest()), [query]);
        assert.equal(newest()?.path, '/alarm');
        const before = host.posts.length;
        await curl('-d', query, host.url);
        assert.equal(host.posts.length, before + 1);
        assert.deepEqual(texts(newest()), [query]);
        assert.equal(newest()?.parts[0]?.contentType, 'application/x-www-form-urlencoded');
    });

    it('keeps the token of a path, and no login of a header', { skip }, async () => {
        const others = ['-H', 'Proxy-Authorization: Basic x', '-H', 'Cookie: session=x'];
        await curl('-u', 'user:secret', ...others, '-d', EVENT, `${host.url}/door-7/`);
        assert.equal(newest()?.path, '/alarm/door-7/');
        assert.doesNotMatch(JSON.stringify(newest()?.headers), /authorization|cookie/i);
    });

    it('answers whatever it cannot use with 200 all the same, and reports it', { skip }, async () => {
        const before = host.rejections.length;
        assert.equal((await curl('-d', 'hello', '-H', 'Content-Type: x/y', host.url)).stdout, 'OK 200');
        assert.equal((await curl('-X', 'DELETE', host.url)).stdout, 'OK 200');
        assert.equal((await curl('-X', 'POST', host.url)).stdout, 'OK 200');
        await host.until(() => host.rejections.length >= before + 2);
        const codes = host.codes().slice(before);
        assert.ok(codes.includes('METHOD_NOT_ALLOWED'), codes.join());
        assert.ok(codes.includes('BODY_UNREADABLE'), codes.join());
    });

    it('takes a body that starts with the headers of a multipart, as the ISUP passthrough sends it', async () => {
        const body = `Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Type: application/json\r\n\r\n${EVENT}\r\n--b--\r\n`;
        const { answer } = talk(host.port, head(body.length, 'Connection: close'), body);
        assert.match(await answer, /^HTTP\/1\.1 200/);
        assert.deepEqual(texts(newest()), [EVENT]);
    });

    it('takes a body without any length, to the end of the connection', async () => {
        const { socket, answer } = talk(host.port, head(undefined, 'Connection: close'), EVENT.slice(0, 10));
        setTimeout(() => socket.end(EVENT.slice(10)), 50);
        assert.match(await answer, /^HTTP\/1\.1 200/);
        assert.deepEqual(texts(newest()), [EVENT]);
    });

    it('reads several posts of one connection, also when they come at once', async () => {
        const count = host.posts.length;
        const post = head(EVENT.length) + EVENT;
        const { socket, answer } = talk(host.port, post + post + post);
        await host.until(() => host.posts.length >= count + 3);
        socket.end();
        assert.equal((await answer).match(/200 OK/g)?.length, 3);
    });
});

describe('a post that does not end well', () => {
    const started = (length: number) =>
        head(length, 'Content-Type: multipart/form-data; boundary=b') +
        `--b\r\nContent-Type: application/json\r\n\r\n${EVENT}\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n`;
    const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(4000, 1)]);

    it('gives what had arrived when the device hangs up', () =>
        withHost({}, async (host) => {
            const { socket } = talk(host.port, started(90_000), jpeg);
            setTimeout(() => socket.destroy(), 100);
            await host.until(() => host.posts.length === 1 && host.rejections.length === 1);
            const [post] = host.posts;
            assert.equal(post?.truncated, true);
            assert.equal(post?.parts[0]?.body.toString(), EVENT);
            assert.equal(post?.parts[1]?.truncated, true);
            assert.ok(post?.parts[1]?.body.equals(jpeg));
            assert.deepEqual(host.codes(), ['BODY_TRUNCATED']);
        }));

    it('gives what had arrived when the device falls silent, and says 200 and good-bye', async () => {
        const clock = handClock();
        await withHost({ clock, limits: { idle: 20_000, total: 180_000 } }, async (host) => {
            const { answer } = talk(host.port, started(90_000), jpeg);
            // The bytes have to arrive before time passes.
            await new Promise((resolve) => setTimeout(resolve, 200));
            for (let step = 0; step < 5; step += 1) clock.pass(5000);
            assert.match(await answer, /^HTTP\/1\.1 200[\s\S]*Connection: close/i);
            assert.deepEqual(host.codes(), ['BODY_TIMEOUT']);
            assert.equal(host.posts[0]?.parts.length, 2);
            assert.equal(clock.pending, 0, 'no timer stays');
        });
    });

    it('is cut at the body limit, and 1 GB is only a number', () =>
        withHost({ maxBody: 20_000 }, async (host) => {
            const big = talk(host.port, started(2 ** 30), Buffer.alloc(50_000, 1));
            assert.match(await big.answer, /^HTTP\/1\.1 200/);
            assert.deepEqual(host.codes(), ['BODY_TOO_LARGE']);
            assert.equal(host.posts[0]?.parts[0]?.body.toString(), EVENT);
            assert.equal(host.posts[0]?.truncated, true);
        }));
});

describe('who may post', () => {
    const post = head(EVENT.length, 'Connection: close') + EVENT;
    const via = (address: string) => head(EVENT.length, 'Connection: close', `X-Forwarded-For: ${address}`) + EVENT;

    it('is anybody in the list, and nobody else', async () => {
        await withHost({ allow: ['127.0.0.0/8'] }, async (host) => {
            assert.match(await talk(host.port, post).answer, /^HTTP\/1\.1 200/);
        });
        await withHost({ allow: ['192.0.2.0/24', '2001:db8::/32'] }, async (host) => {
            assert.match(await talk(host.port, post).answer, /^HTTP\/1\.1 403/);
            assert.match(await talk(host.port, via('192.0.2.7')).answer, /^HTTP\/1\.1 403/, 'no trusted proxy said so');
            assert.deepEqual(host.codes(), ['SOURCE_NOT_ALLOWED', 'SOURCE_NOT_ALLOWED']);
            assert.equal(host.posts.length, 0);
        });
    });

    it('is known by the address that the nearest untrusted hop has', () =>
        withHost({ proxies: ['127.0.0.1', '10.0.0.0/8'] }, async (host) => {
            for (const [header, source] of [
                ['192.0.2.7', '192.0.2.7'],
                ['6.6.6.6, 192.0.2.7', '192.0.2.7'],
                ['6.6.6.6, 192.0.2.7:4711, 10.1.2.3', '192.0.2.7'],
                ['2001:db8::5', '2001:db8::5'],
                ['[2001:db8::5]:80', '2001:db8::5'],
                ['unknown', '127.0.0.1'],
            ] as const) {
                await talk(host.port, via(header)).answer;
                assert.equal(host.posts.at(-1)?.source, source, header);
            }
        }));

    it('must be spelled right', () => {
        for (const wrong of [
            '10.0.0.0/ ',
            '10.0.0.0/0x8',
            '192.0.2.0/33',
            'gate',
            '192.0.2.0/',
            '::/129',
            '1.2.3.4/24/1',
        ]) {
            assert.throws(() => new Host({ allow: [wrong] }), /allow/, wrong);
        }
    });

    it('is limited in how many posts it makes at a time', () =>
        withHost({ maxPerAddress: 2 }, async (host) => {
            const slow = [talk(host.port, head(100)), talk(host.port, head(100))];
            await new Promise((resolve) => setTimeout(resolve, 200));
            assert.match(await talk(host.port, post).answer, /^HTTP\/1\.1 503/);
            for (const { socket } of slow) socket.destroy();
            await host.until(() => host.codes().filter((code) => code === 'BODY_TRUNCATED').length === 2);
            assert.match(await talk(host.port, post).answer, /^HTTP\/1\.1 200/);
        }));
});

describe('an answer from the flow', () => {
    const post = head(EVENT.length) + EVENT;

    it('does not take the token in its URL for an event', () =>
        withHost({}, async (host) => {
            await fetch(`${host.url}?token=Canary-1`, { method: 'POST', body: EVENT });
            assert.deepEqual(texts(host.posts[0]), [EVENT]);
        }));

    it('never leaves a device without an answer because of what the flow wants to say', () =>
        withHost({ answer: 'flow' }, async (host) => {
            for (const statusCode of [0, 42, 101, 99_999, Number.NaN]) {
                const answer = fetch(host.url, { method: 'POST', body: EVENT });
                const posts = host.posts.length;
                while (host.posts.length === posts) await new Promise((resolve) => setTimeout(resolve, 5));
                const headers = { 'transfer-encoding': 'gzip', 'content-length': '7000', connection: 'upgrade' };
                assert.equal(host.posts.at(-1)?.respond({ statusCode, headers, body: 'taken' }), true);
                const { status, text } = await answer.then(async (got) => ({
                    status: got.status,
                    text: await got.text(),
                }));
                assert.deepEqual([status, text], [200, 'taken']);
            }
        }));

    it('is the one that the device gets', () =>
        withHost({ answer: 'flow' }, async (host) => {
            const { socket, answer } = talk(host.port, post);
            await host.until(() => host.posts.length === 1);
            const content = {
                statusCode: 201,
                headers: { 'x-door': 'open', 'bad name': 'x', bad: 'a\r\nb: c' },
                body: 'granted',
            };
            assert.equal(host.posts[0]?.respond(content), true);
            assert.equal(host.posts[0]?.respond(), false, 'only once');
            socket.end();
            const text = await answer;
            assert.match(text, /^HTTP\/1\.1 201/);
            assert.match(text, /x-door: open/);
            assert.doesNotMatch(text, /bad name|b: c/);
            assert.match(text, /granted$/);
        }));

    it('is 200 when the flow lets ten seconds pass, or is stopped', async () => {
        const clock = handClock();
        await withHost({ answer: 'flow', clock }, async (host) => {
            const late = talk(host.port, post);
            await host.until(() => host.posts.length === 1);
            clock.pass(10_001);
            late.socket.end();
            assert.match(await late.answer, /^HTTP\/1\.1 200/);
            const stopped = talk(host.port, post);
            await host.until(() => host.posts.length === 2);
            host.host.close();
            stopped.socket.end();
            assert.match(await stopped.answer, /^HTTP\/1\.1 200/);
            assert.equal(clock.pending, 0);
        });
    });

    it('is not waited for by a device that went away', () =>
        withHost({ answer: 'flow', clock: systemClock }, async (host) => {
            const { socket, answer } = talk(host.port, post);
            await host.until(() => host.posts.length === 1);
            socket.resetAndDestroy();
            await answer;
            await new Promise((resolve) => setTimeout(resolve, 50));
            assert.equal(host.posts[0]?.respond(), false);
        }));
});
