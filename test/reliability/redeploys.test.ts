import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { DEMO_LOGIN, type Demo, startDemo } from '../../simulator/demo';
import { type P2pDemo, startP2pDemo } from '../../simulator/p2pDemo';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { MqttBroker } from '../support/mqttBroker';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';
import { Random } from '../support/random';
import type { Resources } from '../support/resourceProbe';
import { amount, SEED } from './extent';

type FlowNode = Record<string, unknown> & { id: string; type: string; link?: string; name?: string };

const FOLDER = join(packageRoot, 'examples');
const ROUNDS = amount(3, 200);
/** For connections that time out by themselves, such as those of the browser. */
const SETTLE_MS = 45_000;
const EMPTY = [{ id: 'vigia-empty', type: 'tab', label: 'nothing' }];
/** The other Node-RED is left to the other tests. */
const runtimes = RUNTIMES.slice(0, 1);

for (const runtime of runtimes) {
    describe(`${ROUNDS} redeploys of every example in ${runtime.name} (VIGIA_SEED=${SEED})`, {
        skip: runtime.skip,
    }, () => {
        const random = new Random(SEED);
        let demo: Demo;
        let far: P2pDemo;
        let broker: MqttBroker;
        let nodeRed: RunningNodeRed;
        let examples: { name: string; nodes: object[] }[];

        before(async () => {
            demo = await startDemo({ ports: { camera: 0, nvr: 0, terminal: 0 }, eventsPerMinute: 120 });
            far = await startP2pDemo({ cloudPort: 0 });
            broker = await new MqttBroker().listen();
            const ports = { alarm: await freePort(), isup: await freePort(), broker: broker.port };
            const devices = [demo.camera.port, demo.nvr.port, demo.terminal.port];
            examples = readdirSync(FOLDER)
                .filter((file) => file.endsWith('.json'))
                .map((file) => ({
                    name: file.replace(/\.json$/, ''),
                    nodes: (JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as FlowNode[]).map((node, at) => ({
                        ...node,
                        ...onThisMachine(node, devices[at % devices.length]!, far.cloud.port, ports),
                    })),
                }));
            nodeRed = await startNodeRed({ ...runtime.options, flows: EMPTY, probe: true });
        });
        after(async () => {
            await nodeRed?.close();
            await far?.close();
            await broker?.close();
            await demo?.close();
        });

        /** Waits until no more is held open than before. */
        async function settled(before?: Resources): Promise<Resources> {
            await nodeRed.deploy(EMPTY);
            const end = Date.now() + SETTLE_MS;
            for (;;) {
                const now = await nodeRed.resources();
                const excess = before === undefined ? now.ours : excessOf(now, before);
                if (excess.length === 0) return now;
                if (Date.now() > end)
                    assert.fail(`still held open:\n${[...new Set([...excess, ...now.ours])].slice(0, 20).join('\n')}`);
                await setTimeout(1000);
            }
        }

        it('leave no socket, timer or listener behind', async (test) => {
            for (const { nodes } of examples) await nodeRed.deploy(nodes);
            const before = await settled();
            const started = Date.now();
            for (const { nodes } of examples) {
                for (let round = 0; round < ROUNDS; round += 1) {
                    await nodeRed.deploy(nodes);
                    // Some are stopped while they connect, some while they run.
                    await setTimeout(round % 20 === 0 ? 400 : random.integer(0, 20));
                }
            }
            const seconds = Math.round((Date.now() - started) / 1000);
            const now = await settled(before);
            const leaks = now.warnings.filter((warning) => /listener/i.test(warning));
            assert.deepEqual(leaks, []);
            const growth = ((now.heap - before.heap) / 1024 / 1024).toFixed(1);
            test.diagnostic(`${examples.length} examples, ${ROUNDS} redeploys each in ${seconds} s, seed ${SEED}`);
            test.diagnostic(
                `before ${JSON.stringify(before.counts)}, after ${JSON.stringify(now.counts)}, heap +${growth} MiB`,
            );
            assert.ok(now.heap - before.heap < 64 * 1024 * 1024, `the heap has grown by ${growth} MiB`);
        });
    });
}

function excessOf(now: Resources, before: Resources): string[] {
    const excess = Object.entries(now.counts)
        .filter(([kind, count]) => count > (before.counts[kind] ?? 0))
        .map(([kind, count]) => `${count} ${kind} instead of ${before.counts[kind] ?? 0}`);
    if (now.listeners > before.listeners) excess.push(`${now.listeners} listeners instead of ${before.listeners}`);
    return [...excess, ...now.ours];
}

interface Ports {
    alarm: number;
    isup: number;
    broker: number;
}

/** An example as its comment tells to fill it in, with everything on this machine. */
function onThisMachine(node: FlowNode, device: number, cloud: number, ports: Ports): object {
    switch (node.type) {
        case 'device-config': {
            const credentials = { ...DEMO_LOGIN, isupKey: 'vigia1234' };
            if (node.link === 'p2p') return { cloudServer: `127.0.0.1:${cloud}`, credentials };
            return { ...(node.link === 'direct' && { host: '127.0.0.1', port: device }), credentials };
        }
        case 'alarm-http-in':
            return { bind: '127.0.0.1', port: ports.alarm };
        case 'isup-in':
            return { bind: '127.0.0.1', port: ports.isup, alarmPort: ports.isup, credentials: { key: 'vigia1234' } };
        case 'intelbras-p2p-tunnel':
            return { ports: (node.ports as object[]).map((port) => ({ ...port, local: 0 })) };
        case 'mqtt-broker':
            return { broker: '127.0.0.1', port: String(ports.broker) };
        case 'http request':
            return { url: `http://127.0.0.1:${ports.broker}/` };
        default:
            return {};
    }
}
