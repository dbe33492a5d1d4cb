import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { ServerLogin } from '../../protocols/http/serverLogin';
import type { Post } from '../../protocols/isapi/alarmHost';
import { Host, talk } from '../protocols/isapi/support/recordingHost';
import { heapInUse } from '../support/fuzzing';
import { mutate } from '../support/mutations';
import { Random } from '../support/random';
import { jpeg, jsonEvent, raw, xmlEvent } from '../support/wireBytes';
import { amount, SEED } from './extent';
import { DISTURBANCES } from './target';

const COUNT = amount(1500, 60_000);
const AT_A_TIME = 16;
const BOUNDARY = 'MIME_boundary';
const PICTURES = Array.from({ length: 20 }, (_, at) => jpeg(500 + 100 * at, at + 1));

interface Push {
    /** The event in it, whole. */
    event: Buffer;
    body: Buffer;
    contentType: string;
    /** Bytes after which the device ends its side; absent: it does not. */
    cutAt?: number;
    /** Whether the damage may have reached the event. */
    harmed: boolean;
}

/** A push of one event with one picture, whole, damaged in its picture, damaged anywhere, or cut behind its event. */
function makePush(random: Random, number: number): Push {
    const isJson = random.integer(0, 1) === 0;
    const event = raw(isJson ? jsonEvent(number) : xmlEvent('linedetection', '\r\n', [`<n>${number}</n>`]).trimEnd());
    const type = isJson ? 'application/json' : 'application/xml';
    const first = raw(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="e"\r\nContent-Type: ${type}\r\n\r\n`,
        event,
        '\r\n',
    );
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="Picture"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n`;
    const second = raw(head, '\r\n', random.pick(PICTURES), `\r\n--${BOUNDARY}--\r\n`);
    const contentType = `multipart/form-data; boundary=${BOUNDARY}`;
    const whole = raw(first, second);
    switch (random.integer(0, 3)) {
        case 0:
            return { event, body: whole, contentType, harmed: false };
        case 1: {
            const damaged = mutate(second.subarray(head.length), random, DISTURBANCES);
            return { event, body: raw(first, head, damaged), contentType, harmed: false };
        }
        case 2:
            return { event, body: mutate(whole, random, DISTURBANCES), contentType, harmed: true };
        default: {
            // The delimiter behind the event has arrived: it is whole.
            const cutAt = first.length + random.integer(20, second.length - 20);
            return { event, body: whole, contentType, cutAt, harmed: false };
        }
    }
}

describe(`pushes over real connections (VIGIA_SEED=${SEED})`, () => {
    const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
    const posts = new Map<string, Post>();
    let host: Host;

    before(async () => {
        host = await new Host().listen();
    });
    after(async () => {
        agent.destroy();
        await host.close();
    });

    function send(number: number, { body, contentType, cutAt }: Push): Promise<number> {
        return new Promise((resolve) => {
            const headers = { 'content-type': contentType, 'content-length': body.length, 'x-number': number };
            const closing = cutAt === undefined ? {} : { agent: new Agent({ keepAlive: false }) };
            const sent = request(host.url, { method: 'POST', agent, headers, ...closing }, (response) => {
                response.resume().on('end', () => resolve(response.statusCode ?? 0));
            });
            sent.on('error', () => resolve(0));
            if (cutAt === undefined) sent.end(body);
            else sent.write(body.subarray(0, cutAt), () => sent.socket?.end());
        });
    }

    function collect(): void {
        for (const post of host.posts.splice(0)) posts.set(post.headers['x-number'] ?? '', post);
    }

    async function postFor(number: number): Promise<Post> {
        await host.until(() => {
            collect();
            return posts.has(String(number));
        });
        const post = posts.get(String(number))!;
        posts.delete(String(number));
        return post;
    }

    it(`${COUNT} of them: what arrived whole is handed out, and marked where bytes are missing`, async (test) => {
        const heap = heapInUse();
        const started = performance.now();
        let next = 0;
        const work = async () => {
            while (next < COUNT) {
                const number = next;
                next += 1;
                const push = makePush(new Random(SEED + number), number);
                const status = await send(number, push);
                const where = `input ${number} of seed ${SEED}`;
                if (push.cutAt === undefined) assert.equal(status, 200, where);
                if (push.harmed) {
                    collect();
                    posts.delete(String(number));
                    continue;
                }
                const post = await postFor(number);
                assert.ok(
                    post.parts.some(({ kind, body }) => kind === 'text' && body.equals(push.event)),
                    `${where}: its event is missing among ${post.parts.length} parts`,
                );
                assert.equal(post.truncated, push.cutAt !== undefined, where);
            }
        };
        await Promise.all(Array.from({ length: AT_A_TIME }, work));
        const reasons = new Set(host.codes());
        for (const code of reasons)
            assert.ok(['BODY_UNREADABLE', 'BODY_TRUNCATED', 'BODY_TOO_LARGE'].includes(code), code);
        host.rejections.length = 0;
        posts.clear();
        const seconds = ((performance.now() - started) / 1000).toFixed(0);
        const growth = (heapInUse() - heap) / 1024 / 1024;
        assert.ok(growth < 48, `the heap has grown by ${growth} MiB`);
        test.diagnostic(
            `pushes: ${COUNT} inputs, seed ${SEED}, ${seconds} s, heap +${Math.max(0, growth).toFixed(1)} MiB`,
        );
    });

    it('requests that are damaged themselves let nobody in who has no login, and the host goes on', async (test) => {
        const user = { username: 'porteiro', password: 'Canary-7f3a' };
        const guarded = await new Host({ login: new ServerLogin({ ...user, schemes: ['digest', 'basic'] }) }).listen();
        const count = amount(300, 5000);
        try {
            let next = 0;
            const work = async () => {
                while (next < count) {
                    const random = new Random(SEED + next);
                    next += 1;
                    const push = makePush(random, next);
                    const wrong = `Basic ${Buffer.from('porteiro:nothing').toString('base64')}`;
                    const head = `POST /alarm HTTP/1.1\r\nHost: vigia\r\nAuthorization: ${wrong}\r\nContent-Type: ${push.contentType}\r\nContent-Length: ${push.body.length}\r\n\r\n`;
                    const { socket, answer } = talk(guarded.port, mutate(raw(head), random, DISTURBANCES), push.body);
                    socket.end();
                    await answer;
                }
            };
            await Promise.all(Array.from({ length: AT_A_TIME }, work));
            assert.equal(guarded.posts.length, 0);
            const token = Buffer.from(`${user.username}:${user.password}`).toString('base64');
            const { statusCode } = await new Promise<{ statusCode?: number }>((resolve, reject) => {
                const headers = { authorization: `Basic ${token}`, 'content-type': 'application/json' };
                request(guarded.url, { method: 'POST', headers }, (response) => resolve(response.resume()))
                    .on('error', reject)
                    .end(jsonEvent(1));
            });
            assert.equal(statusCode, 200);
            assert.equal(guarded.posts.length, 1);
            test.diagnostic(`damaged requests: ${count} inputs, seed ${SEED}, none let in`);
        } finally {
            await guarded.close();
        }
    });
});
