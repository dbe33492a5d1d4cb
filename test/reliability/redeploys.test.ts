import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Demo, startDemo } from '../../simulator/demo';
import { type P2pDemo, startP2pDemo } from '../../simulator/p2pDemo';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { MqttBroker } from '../support/mqttBroker';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { Random } from '../support/random';
import { EMPTY, exampleNames, exampleOnThisMachine, settled } from './exampleFlows';
import { amount, SEED } from './extent';

const ROUNDS = amount(2, 200);
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
            const ports = {
                alarm: await freePort(),
                isup: await freePort(),
                broker: broker.port,
                cloud: far.cloud.port,
            };
            const devices = [demo.camera.port, demo.nvr.port, demo.terminal.port];
            examples = exampleNames().map((name) => ({ name, nodes: exampleOnThisMachine(name, devices, ports) }));
            nodeRed = await startNodeRed({ ...runtime.options, flows: EMPTY, probe: true });
        });
        after(async () => {
            await nodeRed?.close();
            await far?.close();
            await broker?.close();
            await demo?.close();
        });

        it('leave no socket, timer or listener behind', async (test) => {
            for (const { nodes } of examples) await nodeRed.deploy(nodes);
            const before = await settled(nodeRed);
            const started = Date.now();
            for (const { nodes } of examples) {
                for (let round = 0; round < ROUNDS; round += 1) {
                    await nodeRed.deploy(nodes);
                    // Some are stopped while they connect, some while they run.
                    await setTimeout(round % 20 === 0 ? 400 : random.integer(0, 20));
                }
            }
            const seconds = Math.round((Date.now() - started) / 1000);
            const now = await settled(nodeRed, before);
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
