import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { DEMO_LOGIN } from '../../simulator/demo';
import { type P2pDemo, startP2pDemo } from '../../simulator/p2pDemo';
import { SimulatedRecorder } from '../../simulator/p2pRecorder';
import { Example, type FillIn } from '../support/example';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { soon } from '../support/soon';

interface TunnelPayload {
    serial: string;
    state: string;
    ports: { service: string; remote: number; host: string; local: number }[];
}

/** Whether somebody listens there. */
function isOpen(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port });
        socket.on('connect', () => {
            socket.destroy();
            resolve(true);
        });
        socket.on('error', () => resolve(false));
    });
}

for (const runtime of RUNTIMES) {
    describe(`the examples with P2P, imported and filled in, in ${runtime.name}`, { skip: runtime.skip }, () => {
        let far: P2pDemo;
        let more: SimulatedRecorder[];
        let nodeRed: RunningNodeRed;
        let snapshotPort: number;
        const flows = {} as Record<'one' | 'several' | 'demand' | 'snapshot' | 'gatehouse', Example>;

        /** An example with the cloud of this machine. */
        const example = (name: string, fillIn: FillIn = {}) =>
            new Example(name, { 'device-config': { cloudServer: `127.0.0.1:${far.cloud.port}` }, ...fillIn });

        before(async () => {
            far = await startP2pDemo({ cloudPort: 0 });
            const services = { 80: far.web.port, 37777: far.web.port };
            more = await Promise.all(
                ['TESTSN0000002', 'TESTSN0000003'].map((serial) => SimulatedRecorder.open({ serial, services })),
            );
            for (const recorder of more) far.cloud.register(recorder);
            snapshotPort = await freePort();
            flows.one = example('Recorder through P2P');
            flows.several = example("Several customers' recorders");
            flows.demand = example('Open on demand, close when idle', { 'intelbras-p2p-tunnel': { idle: 2 } });
            flows.snapshot = example('Snapshot through P2P to a dashboard', {
                'intelbras-p2p-tunnel': { ports: [{ service: 'http', remote: 80, local: snapshotPort }] },
                'http request': { url: `http://127.0.0.1:${snapshotPort}/cgi-bin/snapshot.cgi?channel=1` },
            });
            flows.gatehouse = example('Remote gatehouse through P2P');
            const examples = Object.values(flows);
            const { username: user, password } = DEMO_LOGIN;
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: examples.flatMap(({ nodes }) => nodes),
                credentials: {
                    ...Object.assign({}, ...examples.map((one) => one.credentials(DEMO_LOGIN))),
                    [flows.snapshot.idOf('http request')]: { user, password },
                },
            });
        });

        after(async () => {
            await nodeRed?.close();
            for (const recorder of more ?? []) recorder.close();
            await far?.close();
        });

        const told = (one: Example, name: string) =>
            nodeRed.debugMessages(one.idOf('debug', name)).map(({ value }) => value as TunnelPayload);
        const press = (one: Example, name: string) => nodeRed.adminPost(`/inject/${one.idOf('inject', name)}`, {});

        it('open the ports of a recorder, and answer what is asked of them', async () => {
            const open = await nodeRed.until(
                () => told(flows.one, 'tunnel').find(({ state }) => state === 'open'),
                'an open tunnel',
            );
            assert.deepEqual(
                open.ports.map(({ service, remote }) => [service, remote]),
                [
                    ['sdk', 37777],
                    ['rtsp', 554],
                    ['http', 80],
                ],
            );
            const web = open.ports.find(({ service }) => service === 'http')!;
            assert.equal((await fetch(`http://127.0.0.1:${web.local}/`)).status, 401);
            const before = told(flows.one, 'tunnel').length;
            await press(flows.one, 'is it online?');
            await press(flows.one, 'status');
            await nodeRed.until(() => told(flows.one, 'tunnel').length === before + 2, 'two answers');
        });

        it('reach each customer by a port of its own', async () => {
            const open = () => told(flows.several, 'tunnels').filter(({ state }) => state === 'open');
            await nodeRed.until(() => open().length === 3, 'three open tunnels');
            assert.deepEqual(
                open()
                    .map(({ serial }) => serial)
                    .sort(),
                ['TESTSN0000001', 'TESTSN0000002', 'TESTSN0000003'],
            );
            const ports = open().map((tunnel) => tunnel.ports[0]!.local);
            assert.equal(new Set(ports).size, 3);
            for (const port of ports) assert.ok(await isOpen(port));
        });

        it('open on demand, another recorder too, and close when nobody uses them', async () => {
            const last = (serial: string) =>
                told(flows.demand, 'tunnel').findLast((tunnel) => tunnel.serial === serial);
            assert.deepEqual(told(flows.demand, 'tunnel'), []);
            await press(flows.demand, 'open');
            await press(flows.demand, 'open another');
            for (const serial of ['TESTSN0000001', 'TESTSN0000002']) {
                const open = await nodeRed.until(() => {
                    const all = told(flows.demand, 'tunnel');
                    return all.find((tunnel) => tunnel.serial === serial && tunnel.state === 'open');
                }, `${serial} to open`);
                await nodeRed.until(() => last(serial)?.state === 'closed', `${serial} to close by itself`);
                assert.equal(await isOpen(open.ports[0]!.local), false);
            }
        });

        it('show a picture of now to a browser', async () => {
            await nodeRed.until(
                () => told(flows.snapshot, 'tunnel').find(({ state }) => state === 'open'),
                'an open tunnel',
            );
            const deadline = Date.now() + 30_000;
            let body = Buffer.alloc(0);
            while (body[0] !== 0xff && Date.now() < deadline) {
                const answer = await fetch(new URL('/p2p-snapshot', nodeRed.url));
                body = Buffer.from(await answer.arrayBuffer());
                if (body[0] === 0xff) assert.equal(answer.headers.get('content-type'), 'image/jpeg');
                else await setTimeout(200);
            }
            assert.equal(body.subarray(0, 2).toString('hex'), 'ffd8', 'a JPEG came');
        });

        it('look into a gatehouse behind NAT and open its door, once', async () => {
            const stream = flows.gatehouse.idOf('isapi-alertstream');
            await nodeRed.until(() => nodeRed.statuses.get(stream)?.fill === 'green', 'the events of the gatehouse');
            far.web.emitEvent('VideoMotion', 'Start', 0);
            far.web.emitEvent('VideoMotion', 'Stop', 0);
            far.web.emitEvent('VideoBlind', 'Start', 0);
            far.web.emitEvent('VideoMotion', 'Start', 3);
            await nodeRed.until(() => told(flows.gatehouse, 'picture').length === 2, 'the pictures of the events');
            await press(flows.gatehouse, 'look now');
            await nodeRed.until(() => told(flows.gatehouse, 'picture').length === 3, 'the picture of now');
            const channels = far.web.requests
                .filter(({ url, status }) => /snapshot\.cgi/.test(url) && status === 200)
                .map(({ url }) => Number(/channel=(\d+)/.exec(url)?.[1]));
            assert.deepEqual(channels.slice(-3), [1, 4, 1]);
            const file = join(nodeRed.userDir, 'gatehouse.jpg');
            await soon(
                () => existsSync(file) && readFileSync(file).subarray(0, 2).toString('hex') === 'ffd8',
                'a JPEG',
            );
            await press(flows.gatehouse, 'open the door');
            await nodeRed.until(() => told(flows.gatehouse, 'opened')[0], 'the door');
            const opened = far.web.requests.filter(({ url, status }) => /action=openDoor/.test(url) && status === 200);
            assert.equal(opened.length, 1);
        });

        it('do all this without an error', () => {
            for (const one of Object.values(flows)) {
                assert.deepEqual(nodeRed.debugMessages(one.idOf('debug', 'errors')), []);
            }
        });
    });
}
