/**
 * Posts with a 200 KB picture: `alarm-http-in` in a real Node-RED, Node-RED's core `http in` with upload ticked, and a
 * bare `node:http` server, with short connections and with keep-alive, in the same run.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { type RunningNodeRed, startNodeRed } from '../test/support/nodeRed';
import { countingNodes } from './support/countingNodes';
import { median, printTable } from './support/measure';

const COUNT = 1_000;
const AT_A_TIME = 8;
const ROUNDS = 3;
const BOUNDARY = 'MIME_boundary';

function body(index: number): Buffer {
    const event = {
        ipAddress: '192.0.2.11',
        macAddress: '00:00:5e:00:53:02',
        channelID: 1,
        dateTime: `${new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString().slice(0, 19)}+00:00`,
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: {
            majorEventType: 5,
            subEventType: 75,
            serialNo: index,
            currentEvent: true,
            picturesNumber: 1,
        },
    };
    const head = (name: string, type: string, more = '') =>
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\nContent-Type: ${type}\r\n\r\n`;
    const picture = Buffer.alloc(200 * 1024, 0x5a);
    picture.writeUInt32BE(0xffd8ffe0, 0);
    picture.writeUInt16BE(0xffd9, picture.length - 2);
    return Buffer.concat([
        Buffer.from(`${head('AccessControllerEvent', 'application/json')}${JSON.stringify(event)}\r\n`),
        Buffer.from(head('Picture', 'image/jpeg', '; filename="Picture.jpg"')),
        picture,
        Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
    ]);
}

function post(port: number, path: string, agent: Agent, bytes: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
        const startedAt = process.hrtime.bigint();
        const headers = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`, 'Content-Length': bytes.length };
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (response) => {
            response.resume().on('end', () => {
                if (response.statusCode === 200) resolve(Number(process.hrtime.bigint() - startedAt) / 1e6);
                else reject(new Error(`answered ${response.statusCode}`));
            });
        });
        sent.on('error', reject);
        sent.end(bytes);
    });
}

interface Load {
    perSecond: number;
    /** Milliseconds within which 99 of 100 posts were answered. */
    p99: number;
}

async function load(bodies: Buffer[], port: number, path: string, keepAlive: boolean): Promise<Load> {
    const agent = new Agent({ keepAlive, maxSockets: AT_A_TIME });
    const times: number[] = [];
    let next = 0;
    const startedAt = process.hrtime.bigint();
    const worker = async () => {
        while (next < COUNT) {
            const index = next;
            next += 1;
            times.push(await post(port, path, agent, bodies[index]!));
        }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
    agent.destroy();
    times.sort((a, b) => a - b);
    return { perSecond: COUNT / seconds, p99: times[Math.floor(times.length * 0.99)]! };
}

interface Rival {
    name: string;
    start(): Promise<{ port: number; path: string; stop(): Promise<void> }>;
}

const flowTab = { id: 'flow', type: 'tab', label: 'bench' };

async function nodeRedWith(
    flows: object[],
    listening: (nodeRed: RunningNodeRed) => number,
    path: string,
    ready: (nodeRed: RunningNodeRed) => Promise<unknown> = async () => undefined,
) {
    const nodes = countingNodes();
    const placed = flows.map((node) => ({ z: 'flow', x: 100, y: 100, ...node }));
    const nodeRed = await startNodeRed({
        flows: [flowTab, ...placed],
        settings: { nodesDir: [nodes.folder], apiMaxLength: '32mb' },
    });
    await ready(nodeRed);
    return { port: listening(nodeRed), path, stop: () => nodeRed.close().then(nodes.remove) };
}

const ALARM_PORT = 18_999;

const RIVALS: Rival[] = [
    {
        name: 'bare node:http',
        async start() {
            const child: ChildProcess = fork(join(__dirname, 'support', 'pushServer.js'));
            const [{ port }] = (await once(child, 'message')) as [{ port: number }];
            return { port, path: '/alarm', stop: async () => child.disconnect() };
        },
    },
    {
        name: 'core http in',
        start: () =>
            nodeRedWith(
                [
                    {
                        id: 'in',
                        type: 'http in',
                        url: '/alarm',
                        method: 'post',
                        upload: true,
                        wires: [['out']],
                    },
                    { id: 'out', type: 'http response', statusCode: '200', wires: [] },
                ],
                (nodeRed) => Number(new URL(nodeRed.url).port),
                '/alarm',
            ),
    },
    {
        name: 'alarm-http-in',
        start: () =>
            nodeRedWith(
                [
                    {
                        id: 'in',
                        type: 'alarm-http-in',
                        bind: '127.0.0.1',
                        port: ALARM_PORT,
                        path: '/alarm',
                        version: 1,
                        wires: [['count'], []],
                    },
                    { id: 'count', type: 'bench-count', expected: COUNT, wires: [] },
                ],
                () => ALARM_PORT,
                '/alarm',
                (nodeRed) => nodeRed.until(() => nodeRed.statuses.get('in')?.fill === 'green', 'the alarm host'),
            ),
    },
];

async function benchPushes(): Promise<void> {
    const rows: (string | number)[][] = [['posts of 200 KB', 'short/s', 'p99 ms', 'keep-alive/s', 'p99 ms']];
    const bodies = Array.from({ length: COUNT }, (_none, index) => body(index));
    const results = new Map<string, { short: Load[]; kept: Load[] }>();
    for (let round = 0; round < ROUNDS; round += 1) {
        for (const rival of RIVALS) {
            const running = await rival.start();
            const result = results.get(rival.name) ?? { short: [], kept: [] };
            result.short.push(await load(bodies, running.port, running.path, false));
            result.kept.push(await load(bodies, running.port, running.path, true));
            results.set(rival.name, result);
            await running.stop();
        }
    }
    for (const [name, { short, kept }] of results) {
        const of = (loads: Load[], key: keyof Load) => Math.round(median(loads.map((one) => one[key])));
        rows.push([name, of(short, 'perSecond'), of(short, 'p99'), of(kept, 'perSecond'), of(kept, 'p99')]);
    }
    printTable(rows);
}

void benchPushes();
