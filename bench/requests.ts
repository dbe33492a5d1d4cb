/**
 * Requests and snapshots a second, one after the other as a flow makes them: `isapi-request`, and Node-RED's core
 * `http request` with digest, in the same Node-RED and against the same device.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type RunningNodeRed, startNodeRed } from '../test/support/nodeRed';
import { median, printTable } from './support/measure';

const COUNT = 500;
const ROUNDS = 5;
const LOGIN = { username: 'admin', password: 'vigia123' };
const QUESTIONS = { requests: '/ISAPI/System/deviceInfo', snapshots: '/ISAPI/Streaming/channels/101/picture' } as const;
const RIVALS = ['core', 'ours'] as const;

/** Asks again until it has been done often enough, and says how many milliseconds that took. */
const AGAIN = `
const seen = (msg.seen || 0) + 1;
if (seen === 1) context.set('start', Date.now());
if (seen <= ${COUNT}) return [{ seen }, null];
return [null, { payload: Date.now() - context.get('start') }];`;

function loop(name: string, asking: object): object[] {
    const place = { z: 'flow', x: 100, y: 100 };
    return [
        { ...place, id: name, type: 'inject', props: [], wires: [[`ask-${name}`]] },
        { ...place, ...asking, id: `ask-${name}`, wires: [[`again-${name}`]] },
        {
            ...place,
            id: `again-${name}`,
            type: 'function',
            func: AGAIN,
            outputs: 2,
            wires: [[`ask-${name}`], [`took-${name}`]],
        },
        { ...place, id: `took-${name}`, type: 'debug', active: true, tosidebar: true, complete: 'payload', wires: [] },
    ];
}

function flows(port: number): object[] {
    const questions = Object.entries(QUESTIONS);
    return [
        { id: 'flow', type: 'tab', label: 'bench' },
        { id: 'device', type: 'device-config', name: 'gate', host: '127.0.0.1', port, version: 1 },
        ...questions.flatMap(([name, path]) => [
            ...loop(`ours-${name}`, { type: 'isapi-request', device: 'device', path, version: 1 }),
            ...loop(`core-${name}`, {
                type: 'http request',
                method: 'GET',
                ret: name === 'snapshots' ? 'bin' : 'txt',
                url: `http://127.0.0.1:${port}${path}`,
                authType: 'digest',
                paytoqs: 'ignore',
            }),
        ]),
    ];
}

async function run(nodeRed: RunningNodeRed, name: string): Promise<number> {
    const before = nodeRed.debugMessages(`took-${name}`).length;
    await nodeRed.adminPost(`/inject/${name}`, {});
    await nodeRed.until(() => nodeRed.debugMessages(`took-${name}`).length > before, `${COUNT} of ${name}`, 120_000);
    return COUNT / (Number(nodeRed.debugMessages(`took-${name}`).at(-1)!.value) / 1000);
}

async function benchRequests(): Promise<void> {
    const device: ChildProcess = fork(join(__dirname, 'support', 'requestDevice.js'));
    const [{ port }] = (await once(device, 'message')) as [{ port: number }];
    const core = { user: LOGIN.username, password: LOGIN.password };
    const nodeRed = await startNodeRed({
        flows: flows(port),
        credentials: { device: LOGIN, 'ask-core-requests': core, 'ask-core-snapshots': core },
    });
    try {
        const rows: (string | number)[][] = [['per second, digest', 'core http request', 'isapi-request', 'factor']];
        for (const question of Object.keys(QUESTIONS)) {
            const figures: Record<(typeof RIVALS)[number], number[]> = { core: [], ours: [] };
            for (let round = 0; round < ROUNDS; round += 1) {
                for (const rival of RIVALS) figures[rival].push(await run(nodeRed, `${rival}-${question}`));
            }
            const [theirs, ours] = [median(figures.core), median(figures.ours)];
            rows.push([question, Math.round(theirs), Math.round(ours), (ours / theirs).toFixed(2)]);
        }
        printTable(rows);
    } finally {
        await nodeRed.close();
        device.disconnect();
    }
}

void benchRequests();
