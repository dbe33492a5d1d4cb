import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { drawScene } from '../../simulator/picture/scene';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { alarmHost, code, debug, flowNode, TAB } from './flow';

const run = promisify(execFile);
const BOUNDARY = 'MIME_boundary';
const POSTS = 300;

interface AlarmMessage {
    topic: string;
    payload: Record<string, unknown> & { access?: Record<string, unknown>; device: Record<string, unknown> };
    pictures: { filename: string }[];
}

interface RejectedMessage {
    payload: { code: string; reason: string; source: string };
}

function accessEvent(serial: number, more: object = {}): string {
    return JSON.stringify({
        ipAddress: '192.0.2.30',
        macAddress: '00:00:5e:00:53:30',
        channelID: 1,
        dateTime: '2026-11-20T10:00:00-03:00',
        activePostCount: 1,
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: {
            deviceName: 'Front door',
            majorEventType: 5,
            subEventType: 75,
            employeeNoString: '0001764',
            serialNo: serial,
            currentEvent: true,
            ...more,
        },
    });
}

/** A push as terminals send it: no lengths, the picture last. */
function push(serial: number, picture: Buffer): Buffer {
    const head = (name: string, type: string, more = '') =>
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\nContent-Type: ${type}\r\n\r\n`;
    return Buffer.concat([
        Buffer.from(
            `${head('AccessControllerEvent', 'application/json')}${accessEvent(serial, { picturesNumber: 1 })}\r\n`,
        ),
        Buffer.from(head('Picture', 'image/jpeg', '; filename="Picture.jpg"')),
        picture,
        Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
    ]);
}

function post(port: number, body: Buffer | string, type: string, path = '/alarm'): Promise<number> {
    return new Promise((resolve, reject) => {
        const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) };
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }, (response) => {
            response.resume().on('end', () => resolve(response.statusCode ?? 0));
        });
        sent.on('error', reject);
        sent.end(body);
    });
}

const postJson = (port: number, body: string, path?: string) => post(port, body, 'application/json', path);

/** Sends bytes as they are and resolves with what came back when the connection ends. */
/** Waits until somebody listens: the flows have started a moment before the port is open. */
async function isOpen(port: number): Promise<void> {
    for (;;) {
        const opened = await new Promise<boolean>((resolve) => {
            const socket = connect(port, '127.0.0.1', () => {
                socket.destroy();
                resolve(true);
            });
            socket.on('error', () => resolve(false));
        });
        if (opened) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

function sendRaw(port: number, bytes: Buffer | string, hangUp = false): Promise<string> {
    return new Promise((resolve) => {
        const chunks: Buffer[] = [];
        const socket = connect(port, '127.0.0.1', () => (hangUp ? socket.end(bytes) : socket.write(bytes)));
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.on('error', () => socket.destroy());
        socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    });
}

const alarms = (nodeRed: RunningNodeRed) => nodeRed.debugMessages('events').map(({ value }) => value as AlarmMessage);
const rejected = (nodeRed: RunningNodeRed) =>
    nodeRed.debugMessages('rejected').map(({ value }) => value as RejectedMessage);

const logged = (nodeRed: RunningNodeRed, text: string) =>
    nodeRed.until(() => nodeRed.logs.some((line) => line.includes(text)), `“${text}” in the log`);

for (const runtime of RUNTIMES) {
    describe(`alarm-http-in in ${runtime.name}`, { skip: runtime.skip }, () => {
        async function withAlarmHost(
            use: (nodeRed: RunningNodeRed, port: number) => Promise<void>,
            more: object = {},
            extra: (port: number) => object[] = () => [],
        ): Promise<void> {
            const port = await freePort();
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, alarmHost(port, more), debug('events'), debug('rejected'), ...extra(port)],
                credentials: { alarms: { username: 'device', password: 'Canary-push' } },
            });
            try {
                await use(nodeRed, port);
                assert.ok(
                    ![...nodeRed.logs, JSON.stringify(nodeRed.debugMessages())].join('\n').includes('Canary-push'),
                );
            } finally {
                await nodeRed.close();
            }
        }

        it(`answers ${POSTS} posts of 200 KB with 200 and hands on every picture, byte for byte`, async () => {
            const folder = mkdtempSync(join(tmpdir(), 'vigia-pictures-'));
            const picture = (serial: number) => {
                const data = Buffer.alloc(200 * 1024, serial % 251);
                drawScene({ title: `${serial}`, clock: '', background: [0, 0, 0], position: 0 }).copy(data);
                return data;
            };
            const files = [
                code(
                    'name',
                    `msg.filename = '${folder}/' + msg.event.access.serial + '-' + msg.filename; return msg;`,
                    'file',
                ),
                flowNode('file', 'file', {
                    filename: 'filename',
                    filenameType: 'msg',
                    overwriteFile: 'true',
                    wires: [['events']],
                }),
            ];
            const pick = code('pick', 'return Buffer.isBuffer(msg.payload) ? msg : undefined;', 'name');
            await withAlarmHost(
                async (nodeRed, port) => {
                    const type = `multipart/form-data; boundary=${BOUNDARY}`;
                    let next = 1;
                    const worker = async () => {
                        while (next <= POSTS) {
                            const serial = next;
                            next += 1;
                            assert.equal(await post(port, push(serial, picture(serial)), type), 200);
                        }
                    };
                    await Promise.all([worker(), worker(), worker(), worker()]);
                    await nodeRed.until(() => nodeRed.debugMessages('events').length >= POSTS, `${POSTS} files`);
                    const names = readdirSync(folder);
                    assert.equal(names.length, POSTS);
                    for (const name of names) {
                        const serial = Number(name.split('-')[0]);
                        assert.ok(readFileSync(join(folder, name)).equals(picture(serial)), `picture ${serial}`);
                    }
                },
                { pictures: 'separate', wires: [['pick'], ['rejected']] },
                () => [pick, ...files],
            ).finally(() => rmSync(folder, { recursive: true }));
        });

        it('reads what curl sends: forms, plain JSON, XML, and events in the query string', async () => {
            await withAlarmHost(async (nodeRed, port) => {
                const folder = mkdtempSync(join(tmpdir(), 'vigia-curl-'));
                const url = `http://127.0.0.1:${port}/alarm`;
                writeFileSync(join(folder, 'event.json'), accessEvent(1));
                writeFileSync(
                    join(folder, 'p.jpg'),
                    drawScene({ title: 'x', clock: '', background: [9, 9, 9], position: 0 }),
                );
                const form = [
                    '-F',
                    `event_log=@${folder}/event.json;type=application/json`,
                    '-F',
                    `Picture=@${folder}/p.jpg`,
                ];
                await run('curl', ['-sf', ...form, url]);
                await run('curl', ['-sf', '-H', 'Content-Type: application/json', '-d', accessEvent(2), url]);
                const xml =
                    '<EventNotificationAlert><channelID>2</channelID><eventType>VMD</eventType><eventState>active</eventState></EventNotificationAlert>';
                await run('curl', ['-sf', '-H', 'Content-Type: application/xml', '-d', xml, url]);
                await run('curl', [
                    '-sf',
                    `${url}/token-1?eventType=ANPR&licensePlate=ABC0007&channelID=1&dateTime=2026-11-20T10:00:00-03:00`,
                ]);
                rmSync(folder, { recursive: true });
                await nodeRed.until(() => alarms(nodeRed).length === 4, 'four events');
                const [first, second, motion, plate] = alarms(nodeRed);
                assert.equal(first?.pictures.length, 1);
                assert.equal(first?.payload.access?.serial, 1);
                assert.equal(second?.payload.kind, 'access');
                assert.equal(second?.payload.via, 'alarm-http');
                assert.equal(motion?.payload.kind, 'motion');
                assert.equal(motion?.payload.channel, 2);
                assert.deepEqual((plate?.payload.plate as { number?: string } | undefined)?.number, 'ABC0007');
            });
        });

        it('saves what it can of a post that is cut off, and survives lies about lengths and bombs', async () => {
            await withAlarmHost(async (nodeRed, port) => {
                await isOpen(port);
                const body = push(7, Buffer.alloc(50_000, 0x5a).fill(Buffer.from([0xff, 0xd8, 0xff]), 0, 3)).subarray(
                    0,
                    20_000,
                );
                const head = (length: number, type: string) =>
                    `POST /alarm HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
                await sendRaw(
                    port,
                    Buffer.concat([Buffer.from(head(90_000, `multipart/form-data; boundary=${BOUNDARY}`)), body]),
                    true,
                );
                await sendRaw(port, head(2 ** 30, 'application/json') + accessEvent(8), true);
                const bomb = `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><EventNotificationAlert><eventType>VMD</eventType><channelName>&b;</channelName></EventNotificationAlert>`;
                assert.equal(await post(port, bomb, 'application/xml'), 200);
                assert.equal(await post(port, 'no event at all', 'text/plain'), 200);
                assert.equal(await postJson(port, accessEvent(9)), 200);
                await nodeRed.until(
                    () =>
                        [7, 9].every((serial) =>
                            alarms(nodeRed).some(({ payload }) => payload.access?.serial === serial),
                        ),
                    'the first event and the last',
                );
                const cut = alarms(nodeRed).find(({ payload }) => payload.access?.serial === 7);
                assert.equal(cut?.payload.truncated, true);
                assert.equal(cut?.pictures.length, 1, 'with as much of its picture as arrived');
                assert.ok(
                    alarms(nodeRed).some(({ payload }) => payload.access?.serial === 8),
                    'whole in spite of 1 GB declared',
                );
                assert.ok(
                    alarms(nodeRed).some(({ payload }) => payload.type === 'VMD'),
                    'the bomb is a motion event',
                );
                const codes = rejected(nodeRed).map(({ payload }) => payload.code);
                assert.ok(codes.includes('BODY_UNREADABLE'), codes.join());
            });
        });

        it('lets the flow answer, and answers itself where the flow does not care', async () => {
            const answer = [
                code(
                    'decide',
                    "msg.statusCode = 201; msg.payload = { result: msg.payload.access.serial === 1 ? 'open' : 'stay' }; return msg;",
                    'reply',
                ),
                flowNode('reply', 'http response'),
            ];
            await withAlarmHost(
                async (_nodeRed, port) => {
                    const url = `http://127.0.0.1:${port}/alarm`;
                    const asked = ['-s', '-w', ' %{http_code}', '-H', 'Content-Type: application/json'];
                    const { stdout } = await run('curl', [...asked, '-d', accessEvent(1), url]);
                    assert.equal(stdout, '{"result":"open"} 201');
                    const heartbeat = '{"eventType":"heartBeat","eventState":"active"}';
                    assert.match((await run('curl', [...asked, '-d', heartbeat, url])).stdout, / 200$/);
                },
                { answer: 'flow', wires: [['decide'], ['rejected']] },
                () => answer,
            );
        });

        it('asks for a login when told to, and refuses those who are not on the list', async () => {
            const url = (port: number) => `http://127.0.0.1:${port}/alarm`;
            const sent = [
                '-s',
                '-o',
                '/dev/null',
                '-w',
                '%{http_code}',
                '-H',
                'Content-Type: application/json',
                '-d',
                accessEvent(1),
            ];
            for (const auth of ['basic', 'digest']) {
                await withAlarmHost(
                    async (nodeRed, port) => {
                        const login = (user: string) => run('curl', [...sent, `--${auth}`, '-u', user, url(port)]);
                        assert.equal((await login('device:Canary-push')).stdout, '200');
                        assert.equal((await login('device:guess')).stdout, '401');
                        assert.equal((await run('curl', [...sent, url(port)])).stdout, '401');
                        await nodeRed.until(() => rejected(nodeRed).length >= 2, 'two refusals');
                        assert.equal(rejected(nodeRed)[0]?.payload.code, 'POST_UNAUTHENTICATED');
                        await nodeRed.until(() => alarms(nodeRed).length === 1, 'the one event');
                    },
                    { auth },
                );
            }
            await withAlarmHost(
                async (nodeRed, port) => {
                    assert.equal((await run('curl', [...sent, url(port)])).stdout, '403');
                    const told = await nodeRed.until(() => rejected(nodeRed)[0], 'the refusal');
                    assert.equal(told.payload.code, 'SOURCE_NOT_ALLOWED');
                    assert.equal(told.payload.source, '127.0.0.1');
                    const spoofed = ['-H', 'X-Forwarded-For: 192.0.2.1'];
                    assert.equal((await run('curl', [...sent, ...spoofed, url(port)])).stdout, '403');
                },
                { allow: ['192.0.2.0/24'] },
            );
            await withAlarmHost(
                async (nodeRed, port) => {
                    const forwarded = ['-H', 'X-Forwarded-For: 192.0.2.1'];
                    assert.equal((await run('curl', [...sent, ...forwarded, url(port)])).stdout, '200');
                    const seen = await nodeRed.until(() => alarms(nodeRed)[0], 'the event');
                    assert.equal(seen.payload.device.address, '192.0.2.1');
                },
                { allow: ['192.0.2.0/24'], proxies: ['127.0.0.1'] },
            );
        });

        it('shares Node-RED’s own server, and gives its path back', async () => {
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, alarmHost(0, { listen: 'nodered' }), debug('events'), debug('rejected')],
                settings: { httpNodeRoot: '/in', httpAdminRoot: '/' },
            });
            try {
                const port = Number(new URL(nodeRed.url).port);
                assert.equal(await postJson(port, accessEvent(1), '/in/alarm/gate'), 200);
                await nodeRed.until(() => alarms(nodeRed).length === 1, 'the event');
                await nodeRed.deploy([TAB]);
                assert.equal(await postJson(port, accessEvent(2), '/in/alarm/gate'), 404);
            } finally {
                await nodeRed.close();
            }
        });

        it('says which port is busy, and frees its own at every deploy', async () => {
            const busy = await freePort();
            const other = createServer().listen(busy, '127.0.0.1');
            await withAlarmHost(
                async (nodeRed, port) => {
                    await nodeRed.until(() => nodeRed.statuses.get('second')?.fill === 'red', 'the red status');
                    await logged(nodeRed, `Port ${busy} on 127.0.0.1 is in use`);
                    await nodeRed.until(() => nodeRed.statuses.get('double')?.fill === 'red', 'the red status');
                    await logged(nodeRed, 'The path /alarm is already taken');
                    for (let deploy = 1; deploy <= 5; deploy += 1) {
                        await nodeRed.deploy([TAB, alarmHost(port), debug('events'), debug('rejected')]);
                        await nodeRed.until(() => nodeRed.statuses.get('alarms')?.fill === 'green', 'listening again');
                        assert.equal(await postJson(port, accessEvent(100 + deploy)), 200);
                    }
                    await nodeRed.deploy([TAB]);
                    await assert.rejects(postJson(port, accessEvent(200)), /ECONNREFUSED/);
                },
                {},
                (port) => [
                    alarmHost(busy, { id: 'second', wires: [[], []] }),
                    alarmHost(port, { id: 'double', wires: [[], []] }),
                ],
            ).finally(() => other.close());
        });
    });
}
