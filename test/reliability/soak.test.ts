import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Demo, startDemo } from '../../simulator/demo';
import { type IsupDemo, startIsupDemo } from '../../simulator/isupDemo';
import { type P2pDemo, startP2pDemo } from '../../simulator/p2pDemo';
import { flowNode } from '../flows/flow';
import { freePort } from '../support/freePort';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { EMPTY, exampleOnThisMachine, type FlowNode, settled } from './exampleFlows';
import { amount } from './extent';

const SECONDS = amount(6, 240);
const LOOK_EVERY = amount(1, 10);
/** Bytes by which the heap may be larger at the end than after the first third. */
const PLATEAU = 24 * 1024 * 1024;

describe(`${SECONDS} seconds of streams, posts, requests, ISUP and a tunnel at once`, () => {
    let demo: Demo;
    let far: P2pDemo;
    let isup: IsupDemo;
    let nodeRed: RunningNodeRed;
    let flow: object[];
    let tunnel: FlowNode;
    let tunnelPort: number;

    before(async () => {
        const ports = { alarm: await freePort(), isup: await freePort(), broker: await freePort() };
        tunnelPort = await freePort();
        demo = await startDemo({
            ports: { camera: 0, nvr: 0, terminal: 0 },
            alarmUrl: `http://127.0.0.1:${ports.alarm}/alarm`,
            eventsPerMinute: 600,
        });
        far = await startP2pDemo({ cloudPort: 0 });
        const devices = [demo.camera.port, demo.nvr.port, demo.terminal.port];
        const nodes = exampleOnThisMachine('Demo with simulated devices', devices, { ...ports, cloud: far.cloud.port });
        tunnel = nodes.find(({ type }) => type === 'intelbras-p2p-tunnel')!;
        tunnel.ports = [{ service: 'http', remote: 80, local: tunnelPort }];
        const z = nodes.find(({ type }) => type === 'tab')!.id;
        const device = nodes.find(({ type, link }) => type === 'device-config' && link === 'direct')!.id;
        flow = [
            ...nodes,
            flowNode('tick', 'inject', { z, repeat: '0.2', once: true, props: [{ p: 'payload' }], wires: [['ask']] }),
            flowNode('ask', 'isapi-request', {
                ...{ z, device, operation: 'custom', method: 'GET', path: '/ISAPI/System/deviceInfo', pathType: 'str' },
                ...{ output: 'auto', version: 1, wires: [['count']] },
            }),
            flowNode('count', 'function', {
                ...{ z, outputs: 1, func: 'const n = (flow.get("n") || 0) + 1; flow.set("n", n); return null;' },
                wires: [[]],
            }),
        ];
        isup = startIsupDemo(ports.isup);
        nodeRed = await startNodeRed({ flows: EMPTY, probe: true });
    });
    after(async () => {
        await nodeRed?.close();
        await isup?.close();
        await far?.close();
        await demo?.close();
    });

    /** One request through the tunnel; whether there was an answer. */
    function throughTunnel(): Promise<boolean> {
        return new Promise((resolve) => {
            get({ host: '127.0.0.1', port: tunnelPort, path: '/', agent: false }, (response) => {
                response.resume().on('end', () => resolve(true));
            }).on('error', () => resolve(false));
        });
    }

    it('keep to a plateau of memory, and leave nothing open afterwards', async (test) => {
        await nodeRed.deploy(flow);
        await nodeRed.until(() => nodeRed.statuses.get(tunnel.id)?.fill === 'green', 'the tunnel');
        const before = await settled(nodeRed);
        await nodeRed.deploy(flow);
        await nodeRed.until(() => nodeRed.statuses.get(tunnel.id)?.fill === 'green', 'the tunnel again');
        const heaps: number[] = [];
        const open: number[] = [];
        let answers = 0;
        const end = Date.now() + SECONDS * 1000;
        for (let look = Date.now(); Date.now() < end; ) {
            if (await throughTunnel()) answers += 1;
            await setTimeout(50);
            if (Date.now() < look) continue;
            look = Date.now() + LOOK_EVERY * 1000;
            const { heap, counts } = await nodeRed.resources();
            heaps.push(heap);
            open.push(Object.values(counts).reduce((sum, count) => sum + count, 0));
        }
        const third = heaps[Math.floor(heaps.length / 3)]!;
        const growth = heaps.at(-1)! - third;
        const megabytes = heaps.map((heap) => (heap / 1024 / 1024).toFixed(0)).join(' ');
        test.diagnostic(
            `heap in MiB: ${megabytes}; open resources: ${open.join(' ')}; ${answers} answers through the tunnel`,
        );
        assert.ok(answers > 0, 'nothing came through the tunnel');
        assert.ok(growth < PLATEAU, `the heap goes on growing: ${megabytes} MiB`);
        assert.ok(open.at(-1)! < 2 * open[Math.floor(open.length / 3)]!, `more and more is open: ${open.join(' ')}`);
        const now = await settled(nodeRed, before);
        assert.deepEqual(
            now.warnings.filter((warning) => /listener/i.test(warning)),
            [],
        );
        test.diagnostic(`open before ${JSON.stringify(before.counts)}, afterwards ${JSON.stringify(now.counts)}`);
    });
});
