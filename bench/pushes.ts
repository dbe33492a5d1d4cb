/**
 * Posts with a 200 KB picture: `alarm-http-in` in a real Node-RED, Node-RED's core `http in` with upload ticked, and a
 * bare `node:http` server that receives them and answers, in the same run; then 200 posts of 8 MB at the same time.
 *
 * Goals: 2.5 times core, 80 % of bare, 99 of 100 answers within twice the time of bare, and memory that is bounded.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../test/support/freePort';
import { type RunningNodeRed, startNodeRed } from '../test/support/nodeRed';
import { countingNodes } from './support/countingNodes';
import { ask, forkReady, median, type ProcessFigures, printTable } from './support/measure';
import type { Counted } from './support/nodes/bench-count';
import type { PushFigures, PushOrder } from './support/pushClient';

const PICTURE = 200 * 1024;
const COUNT = 1_000;
const WARM_UP = 1_000;
const TOGETHER = 8;
const ROUNDS = 5;
const LARGE = { count: 200, pictureBytes: 8 * 1024 * 1024 };
/** More than `maxBody`, which is 32 MiB unless set otherwise. */
const TOO_LARGE = 40 * 1024 * 1024;
const MIB = 1024 * 1024;

/** A server under load, and what it says of itself. */
interface Rival {
    name: string;
    port: number;
    figures(): Promise<ProcessFigures>;
    stop(): Promise<void>;
}

const flowTab = { id: 'flow', type: 'tab', label: 'bench' };

async function bareServer(): Promise<Rival> {
    const child = await forkReady('pushServer.js');
    const { port } = await ask<{ port: number }>(child, {});
    return {
        name: 'bare node:http',
        port,
        figures: () => ask<ProcessFigures>(child, {}),
        stop: async () => child.disconnect(),
    };
}

async function nodeRedWith(flows: object[]): Promise<{ nodeRed: RunningNodeRed; stop(): Promise<void> }> {
    const nodes = countingNodes();
    const placed = flows.map((node) => ({ z: 'flow', x: 100, y: 100, ...node }));
    const nodeRed = await startNodeRed({
        flows: [flowTab, ...placed],
        settings: { nodesDir: [nodes.folder], apiMaxLength: '32mb' },
    });
    return { nodeRed, stop: () => nodeRed.close().then(nodes.remove) };
}

const figuresOf = (nodeRed: RunningNodeRed, query = '') =>
    nodeRed.adminGet(`/bench/figures${query}`) as Promise<ProcessFigures>;

async function coreHttpIn(): Promise<Rival> {
    const { nodeRed, stop } = await nodeRedWith([
        { id: 'in', type: 'http in', url: '/alarm', method: 'post', upload: true, wires: [['out']] },
        { id: 'out', type: 'http response', statusCode: '200', wires: [] },
        { id: 'count', type: 'bench-count', expected: 0, wires: [] },
    ]);
    const port = Number(new URL(nodeRed.url).port);
    return { name: 'core http in', port, figures: () => figuresOf(nodeRed), stop };
}

async function alarmHttpIn(): Promise<Rival & { nodeRed: RunningNodeRed }> {
    const port = await freePort();
    const { nodeRed, stop } = await nodeRedWith([
        {
            id: 'in',
            type: 'alarm-http-in',
            bind: '127.0.0.1',
            port,
            path: '/alarm',
            version: 1,
            wires: [['count'], []],
        },
        { id: 'count', type: 'bench-count', expected: 0, wires: [] },
    ]);
    await nodeRed.until(() => nodeRed.statuses.get('in')?.fill === 'green', 'the alarm host');
    return { name: 'alarm-http-in', port, nodeRed, figures: () => figuresOf(nodeRed), stop };
}

interface Load {
    perSecond: number;
    /** Milliseconds. */
    p99: number;
    /** Microseconds of the server's CPU for each post. */
    cost: number;
}

let sent = 0;

/** Lets a process of its own post; every event is another one. */
async function push(port: number, keepAlive: boolean, order: Partial<PushOrder> = {}): Promise<PushFigures> {
    const wanted = { port, path: '/alarm', count: COUNT, together: TOGETHER, pictureBytes: PICTURE, ...order };
    const client = fork(join(__dirname, 'support', 'pushClient.js'));
    await once(client, 'message');
    const figures = await ask<PushFigures>(client, { ...wanted, keepAlive, first: sent });
    client.disconnect();
    sent += wanted.count;
    return figures;
}

async function load(rival: Rival, keepAlive: boolean): Promise<Load> {
    const before = await rival.figures();
    const { wall, p99, statuses } = await push(rival.port, keepAlive);
    const after = await rival.figures();
    if (statuses['200'] !== COUNT) throw new Error(`${rival.name} answered ${JSON.stringify(statuses)}`);
    return { perSecond: COUNT / wall, p99, cost: ((after.cpu - before.cpu) / COUNT) * 1e6 };
}

function summary(loads: Load[]): Load {
    const of = (key: keyof Load) => median(loads.map((one) => one[key]));
    return { perSecond: of('perSecond'), p99: of('p99'), cost: of('cost') };
}

async function compare(): Promise<void> {
    const rivals = [await bareServer(), await coreHttpIn(), await alarmHttpIn()];
    const modes = [false, true];
    for (const { port } of rivals) for (const keepAlive of modes) await push(port, keepAlive, { count: WARM_UP });
    const results = new Map<Rival, Load[][]>(rivals.map((rival) => [rival, modes.map(() => [])]));
    for (let round = 0; round < ROUNDS; round += 1) {
        for (const rival of rivals) {
            for (const [index, keepAlive] of modes.entries()) {
                results.get(rival)![index]!.push(await load(rival, keepAlive));
            }
        }
    }
    for (const rival of rivals) await rival.stop();
    for (const [index, title] of ['a connection each', 'keep-alive'].entries()) {
        const [bare, core] = rivals.map((rival) => summary(results.get(rival)![index]!)) as [Load, Load];
        const rows: (string | number)[][] = [[title, 'posts/s', 'of bare', '× core', 'p99 ms', 'CPU µs/post']];
        for (const rival of rivals) {
            const { perSecond, p99, cost } = summary(results.get(rival)![index]!);
            const ofBare = `${Math.round((100 * perSecond) / bare.perSecond)} %`;
            const ofCore = (perSecond / core.perSecond).toFixed(1);
            rows.push([rival.name, Math.round(perSecond), ofBare, ofCore, p99.toFixed(1), Math.round(cost)]);
        }
        printTable(rows);
    }
}

/** How far memory goes when everybody posts at the same time, and what becomes of what is too large. */
async function flood(): Promise<void> {
    const rival = await alarmHttpIn();
    await push(rival.port, false, { count: WARM_UP });
    const before = await figuresOf(rival.nodeRed, '?collected');
    const { wall, statuses } = await push(rival.port, false, { ...LARGE, together: LARGE.count });
    const { peak } = await rival.figures();
    const { messages, pictureBytes } = (await rival.nodeRed.adminGet('/bench/count')) as Counted;
    const bytes = pictureBytes - WARM_UP * PICTURE;
    console.log(
        `${LARGE.count} posts of 8 MiB at a time: answers ${JSON.stringify(statuses)} in ${wall.toFixed(1)} s, ` +
            `${messages - WARM_UP} events with ${Math.round(bytes / MIB)} MiB of pictures, ` +
            `${Math.round((peak - before.rss) / MIB)} MiB of memory at most above ${Math.round(before.rss / MIB)} MiB`,
    );
    const tooLarge = await push(rival.port, false, { count: 1, pictureBytes: TOO_LARGE });
    const status = rival.nodeRed.statuses.get('in');
    console.log(`a post of 40 MiB: answer ${JSON.stringify(tooLarge.statuses)}, status of the node “${status?.text}”`);
    await rival.stop();
}

async function benchPushes(): Promise<void> {
    await compare();
    await flood();
}

void benchPushes();
