import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ServerLogin } from '../../../protocols/http/serverLogin';
import type { Post } from '../../../protocols/isapi/alarmHost';
import { ManualClock } from '../../support/manualClock';
import { jpeg, jsonEvent, raw, xmlEvent } from '../../support/wireBytes';
import { Host, head, talk, withHost } from './support/recordingHost';
import { eventually } from './support/streamRecorder';

const run = promisify(execFile);
const FORM = 'Content-Type: multipart/form-data; boundary=MIME_boundary';
const OK = /^HTTP\/1\.[01] 200/;

/** A post of an access terminal: the event, then its picture, neither with a length (K1T344). */
function terminalPost(serial: number, picture: Buffer): Buffer {
    const part = (name: string, type: string, more = '') =>
        `--MIME_boundary\r\nContent-Disposition: form-data; name="${name}"${more}\r\nContent-Type: ${type}\r\n\r\n`;
    return raw(
        part('AccessControllerEvent', 'application/json'),
        jsonEvent(serial),
        '\r\n',
        part('Picture', 'image/jpeg', '; filename="Picture.jpg"'),
        picture,
        '\r\n--MIME_boundary--\r\n',
    );
}

const kinds = (post: Post | undefined) => post?.parts.map(({ kind, truncated }) => (truncated ? `${kind} cut` : kind));

const skip = (() => {
    try {
        execFileSync('curl', ['--version'], { stdio: 'ignore' });
        return false;
    } catch {
        return 'curl is not installed';
    }
})();

describe('posts with pictures', () => {
    it('arrive byte for byte, three hundred of them, eight at a time', () =>
        withHost({}, async (host) => {
            const pictures = Array.from({ length: 8 }, (_, index) => jpeg(200 * 1024, index + 1));
            const agent = new Agent({ keepAlive: true, maxSockets: 8 });
            const answers = Array.from({ length: 300 }, (_, serial) => {
                const body = terminalPost(serial, pictures[serial % 8] as Buffer);
                return new Promise<number>((resolve, reject) => {
                    const headers = { 'content-type': FORM.slice(14), 'content-length': body.length };
                    const sent = request(host.url, { method: 'POST', agent, headers }, (response) => {
                        response.resume().on('end', () => resolve(response.statusCode ?? 0));
                    });
                    sent.on('error', reject);
                    sent.end(body);
                });
            });
            assert.deepEqual(new Set(await Promise.all(answers)), new Set([200]));
            agent.destroy();
            assert.equal(host.posts.length, 300);
            assert.deepEqual(host.rejections, []);
            const serials = new Set<number>();
            for (const { parts, truncated } of host.posts) {
                assert.equal(truncated, false);
                const serial = JSON.parse(parts[0]?.body.toString() ?? '').AccessControllerEvent.serialNo as number;
                serials.add(serial);
                assert.ok(parts[1]?.body.equals(pictures[serial % 8] as Buffer), `picture of ${serial}`);
            }
            assert.equal(serials.size, 300);
        }));

    it('arrive from curl as a form, as raw bytes, chunked and by HTTP/1.0', { skip }, () =>
        withHost({}, async (host) => {
            const folder = mkdtempSync(join(tmpdir(), 'vigia-post-'));
            try {
                const picture = jpeg(150_000);
                const file = join(folder, 'picture.jpg');
                const whole = join(folder, 'body.bin');
                writeFileSync(file, picture);
                writeFileSync(whole, terminalPost(1, picture));
                const binary = ['-H', FORM, '--data-binary', `@${whole}`];
                for (const options of [
                    ['-F', `event=${JSON.stringify({ eventType: 'VMD' })};type=application/json`, '-F', `p=@${file}`],
                    binary,
                    ['-H', 'Transfer-Encoding: chunked', ...binary],
                    ['-H', 'Expect: 100-continue', ...binary],
                    ['--http1.0', ...binary],
                    ['-X', 'PUT', ...binary],
                ]) {
                    const { stdout } = await run('curl', ['-sS', '-w', '%{http_code}', ...options, host.url]);
                    assert.equal(stdout, 'OK200', options.join(' '));
                    assert.deepEqual(kinds(host.posts.at(-1)), ['text', 'binary'], options.join(' '));
                    assert.ok(host.posts.at(-1)?.parts[1]?.body.equals(picture));
                }
                assert.deepEqual(host.rejections, []);
            } finally {
                rmSync(folder, { recursive: true });
            }
        }),
    );

    it('arrive without any length, to the end of the connection', () =>
        withHost({}, async (host) => {
            const picture = jpeg(300_000);
            for (const line of ['POST /alarm HTTP/1.0', 'POST /alarm HTTP/1.1\r\nHost: x\r\nConnection: close']) {
                const { socket, answer } = talk(host.port, `${line}\r\n${FORM}\r\n\r\n`);
                const body = terminalPost(2, picture);
                for (let at = 0; at < body.length; at += 40_000) {
                    await new Promise<void>((resolve) => socket.write(body.subarray(at, at + 40_000), () => resolve()));
                }
                socket.end();
                assert.match(await answer, OK, line);
                assert.deepEqual(kinds(host.posts.at(-1)), ['text', 'binary'], line);
                assert.ok(host.posts.at(-1)?.parts[1]?.body.equals(picture), line);
                assert.equal(host.posts.at(-1)?.truncated, false);
            }
        }));

    it('are saved wherever the device breaks off', () =>
        withHost({}, async (host) => {
            const body = terminalPost(3, jpeg(5000));
            const pictureAt = body.indexOf('\xff\xd8\xff', 0, 'latin1');
            const cuts = [
                10,
                150,
                300,
                pictureAt - 30,
                pictureAt + 1,
                pictureAt + 2500,
                body.length - 21,
                body.length - 3,
            ];
            for (const [index, cut] of cuts.entries()) {
                const { socket, answer } = talk(host.port, head(body.length, FORM), body.subarray(0, cut));
                socket.end();
                assert.match(await answer, OK, 'a device that still listens need not send it again');
                await host.until(() => host.rejections.length === index + 1);
                assert.equal(host.rejections[index]?.fault.code, 'BODY_TRUNCATED', `after ${cut}`);
            }
            assert.deepEqual(host.posts.map(kinds), [
                ['text'],
                ['text', 'binary cut'],
                ['text', 'binary cut'],
                ['text', 'binary'],
                ['text', 'binary'],
            ]);
            assert.ok(host.posts.every(({ truncated }) => truncated));
            const [inHeaders, inEvent] = host.rejections;
            assert.equal(inHeaders?.raw?.toString(), body.toString('latin1', 0, 10));
            assert.equal(inEvent?.raw?.toString(), body.toString('latin1', 0, 150));
        }));

    it('may hold a broken event beside good parts, which is reported with the raw body', () =>
        withHost({}, async (host) => {
            const event = jsonEvent(4);
            const body = raw(
                `--MIME_boundary\r\nContent-Type: application/json\r\n\r\n${event.slice(0, 100)}\r\n`,
                terminalPost(5, jpeg(900)),
            );
            const { socket, answer } = talk(host.port, head(body.length, FORM), body);
            socket.end();
            assert.match(await answer, OK);
            assert.deepEqual(kinds(host.posts[0]), ['text', 'binary']);
            assert.equal(host.posts[0]?.truncated, false);
            assert.deepEqual(host.codes(), ['BODY_UNREADABLE']);
            assert.ok(host.rejections[0]?.raw?.includes(event.slice(0, 100)));
        }));

    it('may have stray bytes beside their parts, which nobody need hear of', () =>
        withHost({}, async (host) => {
            const body = raw('This is a multipart message\r\n', terminalPost(6, jpeg(900)), '\0\0epilogue');
            const { socket, answer } = talk(host.port, head(body.length, FORM), body);
            socket.end();
            assert.match(await answer, OK);
            assert.deepEqual(kinds(host.posts[0]), ['text', 'binary']);
            assert.deepEqual(host.rejections, []);
        }));
});

describe('posts of other forms', () => {
    const received = async (body: string | Buffer, ...headers: string[]): Promise<Post | undefined> => {
        let post: Post | undefined;
        await withHost({}, async (host) => {
            const bytes = raw(body);
            const { socket, answer } = talk(host.port, head(bytes.length, ...headers), bytes);
            socket.end();
            assert.match(await answer, OK);
            post = host.posts[0];
            if (post === undefined) assert.equal(host.rejections[0]?.raw?.equals(bytes), true);
        });
        return post;
    };

    it('names and values are one text, declared or not', async () => {
        for (const [body, type, read] of [
            [
                'eventType=ANPR&licensePlate=ABC0007',
                'application/x-www-form-urlencoded; charset=UTF-8',
                'application/x-www-form-urlencoded',
            ],
            ['eventType=ANPR&licensePlate=ABC0007', undefined, 'text/plain'],
            ['Code=VideoMotion;action=Start;index=0;data={\n   "Id" : [ 0 ]\n}\n', 'text/plain', 'text/plain'],
        ] as const) {
            const post = await received(body, ...(type === undefined ? [] : [`Content-Type: ${type}`]));
            assert.equal(post?.parts.length, 1);
            assert.equal(post?.parts[0]?.body.toString(), body);
            assert.equal(post?.parts[0]?.contentType, read);
            assert.equal(post?.parts[0]?.kind, 'text');
        }
    });

    it('documents are found whatever their type says', async () => {
        const xml = xmlEvent('VMD').trimEnd();
        for (const type of ['text/html', 'image/jpeg', 'application/x-www-form-urlencoded', 'multipart/form-data', 'x'])
            assert.equal(
                (await received(`\r\n${xml}\r\n`, `Content-Type: ${type}`))?.parts[0]?.body.toString(),
                xml,
                type,
            );
        const post = await received(`${xml}${jsonEvent(1)}`, 'Content-Type: application/xml; charset=GBK');
        assert.equal(post?.parts.length, 2);
        assert.equal(post?.parts[0]?.charset, 'gbk');
    });

    it('a picture alone is a picture', async () => {
        const picture = jpeg(2000);
        const post = await received(picture, 'Content-Type: image/jpeg');
        assert.deepEqual(kinds(post), ['binary']);
        assert.ok(post?.parts[0]?.body.equals(picture));
    });

    it('what is none of these is reported raw', async () => {
        for (const body of ['hello', '\x01\x02\x03\x04', '<unclosed>', '{"a":'])
            assert.equal(await received(body, 'Content-Type: application/json'), undefined, body);
    });
});

describe('posts that ask too much', () => {
    it('of time are cut, wherever they trickle', async () => {
        const clock = new ManualClock();
        await withHost({ clock, limits: { idle: 20_000, total: 60_000 } }, async (host) => {
            const body = terminalPost(1, jpeg(5000));
            const { socket, answer } = talk(host.port, head(body.length, FORM), body.subarray(0, 3000));
            for (let byte = 3000; host.posts.length === 0; byte += 1) {
                socket.write(body.subarray(byte, byte + 1));
                await new Promise((resolve) => setTimeout(resolve, 5));
                clock.advance(5000);
            }
            assert.match(await answer, OK);
            assert.deepEqual(kinds(host.posts[0]), ['text', 'binary cut']);
            assert.deepEqual(host.codes(), ['BODY_TIMEOUT']);
            assert.ok(clock.now() - (host.posts[0]?.receivedAt ?? 0) <= 65_000);
        });
    });

    it('of memory are cut when all together hold too much', () =>
        withHost({ maxHeld: 100_000, maxBody: 1_000_000 }, async (host) => {
            const body = terminalPost(1, jpeg(80_000));
            const first = talk(host.port, head(body.length, FORM), body.subarray(0, 70_000));
            await new Promise((resolve) => setTimeout(resolve, 100));
            const second = talk(host.port, head(body.length, FORM), body.subarray(0, 70_000));
            await host.until(() => host.rejections.length === 1);
            assert.deepEqual(host.codes(), ['TOO_MANY_REQUESTS']);
            assert.match(await second.answer, OK);
            assert.deepEqual(kinds(host.posts[0]), ['text', 'binary cut']);
            first.socket.end(body.subarray(70_000));
            assert.match(await first.answer, OK);
            assert.deepEqual(kinds(host.posts[1]), ['text', 'binary']);
            const third = talk(host.port, head(body.length, FORM, 'Connection: close'), body);
            assert.match(await third.answer, OK);
            assert.deepEqual(kinds(host.posts[2]), ['text', 'binary'], 'what was held is free again');
        }));

    it('of memory wait where they are large, and come in whole when there is room', () =>
        withHost({ maxHeld: 8_000_000, maxBody: 4_000_000 }, async (host) => {
            const body = terminalPost(1, jpeg(3_900_000));
            const first = talk(host.port, head(body.length, FORM, 'Connection: close'), body.subarray(0, 1_000_000));
            await new Promise((resolve) => setTimeout(resolve, 100));
            const others = [1, 2].map(() => talk(host.port, head(body.length, FORM, 'Connection: close'), body));
            const small = talk(host.port, head(7, 'Connection: close'), '{"a":1}');
            assert.match(await small.answer, OK, 'small ones do not wait behind large ones');
            assert.equal(host.posts.length, 1);
            first.socket.write(body.subarray(1_000_000));
            for (const { answer } of [first, ...others]) assert.match(await answer, OK);
            assert.deepEqual(host.posts.slice(1).map(kinds), Array(3).fill(['text', 'binary']));
            assert.deepEqual(host.codes(), []);
        }));

    it('of memory wait on the wire, also where their connection began with a stray byte', () =>
        withHost({ maxHeld: 48_000_000, maxBody: 40_000_000 }, async (host) => {
            const body = terminalPost(1, jpeg(32_000_000));
            const first = talk(host.port, head(body.length, FORM, 'Connection: close'), body.subarray(0, 1_000_000));
            await new Promise((resolve) => setTimeout(resolve, 100));
            const second = talk(host.port, `#${head(body.length, FORM, 'Connection: close')}`, body);
            let left = Number.NaN;
            while (second.socket.writableLength !== left) {
                left = second.socket.writableLength;
                await new Promise((resolve) => setTimeout(resolve, 200));
            }
            assert.ok(left > 0, 'nobody took it into memory');
            first.socket.destroy();
            assert.match(await second.answer, OK);
            assert.deepEqual(kinds(host.posts.at(-1)), ['text', 'binary']);
        }));

    it('of memory for too long are sent away, so that the device tries again', async () => {
        const clock = new ManualClock();
        const limits = { wait: 60_000 };
        await withHost({ clock, limits, maxHeld: 8_000_000, maxBody: 4_000_000 }, async (host) => {
            const body = terminalPost(1, jpeg(3_900_000));
            const first = talk(host.port, head(body.length, FORM), body.subarray(0, 1_000_000));
            await new Promise((resolve) => setTimeout(resolve, 100));
            const second = talk(host.port, head(body.length, FORM, 'Connection: close'), body);
            for (let byte = 1_000_000; host.rejections.length === 0; byte += 1) {
                first.socket.write(body.subarray(byte, byte + 1));
                await new Promise((resolve) => setTimeout(resolve, 5));
                clock.advance(5000);
            }
            assert.deepEqual(host.codes(), ['TOO_MANY_REQUESTS']);
            assert.match(await second.answer, /^HTTP\/1\.1 503 /);
            assert.deepEqual(host.posts, []);
            first.socket.destroy();
        });
    });

    it('by the number of their parts are cut', () =>
        withHost({}, async (host) => {
            const body = raw('{"a":1}\n'.repeat(100_000));
            const { answer } = talk(host.port, head(body.length, 'Connection: close'), body);
            assert.match(await answer, OK);
            assert.equal(host.posts[0]?.parts.length, 2000);
            assert.equal(host.posts[0]?.truncated, true);
            assert.deepEqual(host.codes(), ['BODY_UNREADABLE']);
        }));
});

describe('a login', () => {
    const user = { username: 'door', password: 'Canary-7' };
    const events = ['-d', '{"eventType":"VMD"}', '-H', 'Content-Type: application/json'];

    for (const scheme of ['basic', 'digest'] as const)
        it(`by ${scheme} lets the post in, and the question for it is no refusal`, { skip }, async () => {
            const clock = new ManualClock();
            await withHost({ clock, login: new ServerLogin({ ...user, schemes: [scheme] }) }, async (host) => {
                const curl = (...options: string[]) =>
                    run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', ...options, ...events, host.url]);
                assert.equal((await curl('--anyauth', '-u', 'door:Canary-7')).stdout, '200');
                clock.advance(60_000);
                assert.equal(host.posts.length, 1);
                assert.deepEqual(host.rejections, []);
                assert.equal((await curl('--anyauth', '-u', 'door:guess')).stdout, '401');
                clock.advance(60_000);
                assert.deepEqual(host.codes(), ['POST_UNAUTHENTICATED', 'POST_UNAUTHENTICATED']);
                assert.ok(!JSON.stringify(host.rejections).includes('guess'));
                assert.ok(!JSON.stringify(host.posts).includes('Canary'));
            });
        });

    it('that never comes is reported after a moment, once', { skip }, async () => {
        const clock = new ManualClock();
        await withHost({ clock, login: new ServerLogin({ ...user, schemes: ['digest'] }) }, async (host) => {
            for (let post = 0; post < 3; post += 1) {
                const { stdout } = await run('curl', [
                    '-sS',
                    '-o',
                    '/dev/null',
                    '-w',
                    '%{http_code}',
                    ...events,
                    host.url,
                ]);
                assert.equal(stdout, '401');
            }
            assert.deepEqual(host.codes(), []);
            clock.advance(1000);
            assert.deepEqual(host.codes(), ['POST_UNAUTHENTICATED']);
            assert.match(host.rejections[0]?.fault.message ?? '', /it brought no login/);
        });
    });

    it('is asked for although the body is large, and the answer arrives', () =>
        withHost({ login: new ServerLogin({ ...user, schemes: ['basic'] }) }, async (host) => {
            const body = terminalPost(1, jpeg(2_000_000));
            const { socket, answer } = talk(host.port, head(body.length, FORM), body);
            socket.end();
            assert.match(await answer, /^HTTP\/1\.1 401[\s\S]*WWW-Authenticate: Basic/i);
        }));
});

describe('whoever may not post', () => {
    it('hears so even while sending a large body', () =>
        withHost({ allow: ['192.0.2.1'] }, async (host) => {
            const body = terminalPost(1, jpeg(2_000_000));
            const { answer } = talk(host.port, head(body.length, FORM), body);
            assert.match(await answer, /^HTTP\/1\.1 403[\s\S]*Connection: close/i);
            assert.deepEqual(host.posts, []);
        }));

    it('is cut off when the body never ends', async () => {
        const clock = new ManualClock();
        await withHost({ clock, allow: ['192.0.2.1'] }, async (host) => {
            const { answer } = talk(host.port, head(1_000_000), 'x');
            await host.until(() => host.rejections.length === 1);
            await eventually(() => clock.pending > 0);
            clock.advance(30_000);
            assert.match(await answer, /^HTTP\/1\.1 403/);
            assert.equal(clock.pending, 0);
        });
    });
});

describe('a host that closes', () => {
    it('lets go of whoever was turned away and still sends, on any server', async (test) => {
        const host = new Host({ allow: ['192.0.2.1'] });
        const server = createServer((request, response) => host.host.handle(request, response));
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        test.after(() => server.close());
        const { socket, answer } = talk((server.address() as AddressInfo).port, head(1_000_000), 'not all of it');
        await once(socket, 'data');
        assert.deepEqual(host.codes(), ['SOURCE_NOT_ALLOWED']);
        host.host.close();
        assert.match(await answer, /^HTTP\/1\.1 403 /);
        const open = await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
        assert.equal(open, 0);
    });

    it('cuts off what still arrives, without an answer, and tells nothing', async () => {
        const clock = new ManualClock();
        const host = await new Host({ clock }).listen();
        const body = terminalPost(1, jpeg(5000));
        const { answer } = talk(host.port, head(body.length, FORM), body.subarray(0, 4000));
        await eventually(() => clock.pending > 0);
        await new Promise((resolve) => setTimeout(resolve, 50));
        await host.close();
        assert.equal(await answer, '', 'so that the device sends it again');
        assert.deepEqual(host.posts, []);
        assert.deepEqual(host.rejections, []);
        assert.equal(clock.pending, 0);
    });

    it('forgets the logins that it waits for', async () => {
        const clock = new ManualClock();
        const login = new ServerLogin({ username: 'a', password: 'b', schemes: ['basic'] });
        const host = await new Host({ clock, login }).listen();
        const { answer } = talk(host.port, head(2, 'Connection: close'), '{}');
        assert.match(await answer, /^HTTP\/1\.1 401/);
        await host.close();
        assert.equal(clock.pending, 0);
        assert.deepEqual(host.rejections, []);
    });
});
