/** What an `intelbras-p2p-tunnel` answers to messages, and that a closed one leaves no port. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DahuaRecorder } from '../../simulator/dahuaRecorder';
import { P2pCloud } from '../../simulator/p2pCloud';
import { SimulatedRecorder } from '../../simulator/p2pRecorder';
import { flowNode, LOGIN, TAB } from '../flows/flow';
import { GlueStage, type Seen } from '../support/glueStage';
import { soon } from '../support/soon';

const SERIAL = 'TESTSN0000001';

interface Tunnel extends Seen {
    payload: {
        serial: string;
        state: string;
        route?: string;
        ports: { service: string; remote: number; local: number }[];
    };
}

/** Whether somebody listens. */
function isOpen(port: number): Promise<boolean> {
    const socket = connect(port, '127.0.0.1');
    return once(socket, 'connect').then(
        () => {
            socket.destroy();
            return true;
        },
        () => false,
    );
}

describe('intelbras-p2p-tunnel', () => {
    let web: DahuaRecorder;
    let cloud: P2pCloud;
    let recorder: SimulatedRecorder;
    let stage: GlueStage;

    const start = async (node: object = {}) => {
        const ports = [{ service: 'http', remote: 80, local: 0 }];
        const wires = [['states']];
        const tunnel = { device: 'device', ports, open: 'message', version: 1, wires, ...node };
        stage = await GlueStage.start(
            [
                TAB,
                {
                    id: 'device',
                    type: 'device-config',
                    link: 'p2p',
                    serial: SERIAL,
                    cloudServer: `127.0.0.1:${cloud.port}`,
                    version: 1,
                },
                flowNode('tunnel', 'intelbras-p2p-tunnel', tunnel),
                flowNode('catch', 'catch', { scope: ['tunnel'], wires: [['caught']] }),
                flowNode('complete', 'complete', { scope: ['tunnel'], wires: [['done']] }),
                ...['states', 'caught', 'done'].map((id) => flowNode(id, 'sink')),
            ],
            { device: LOGIN },
        );
    };
    const seen = () => stage.received('states') as Tunnel[];
    const states = () => seen().map(({ payload }) => payload.state);

    before(async () => {
        web = await new DahuaRecorder({ login: { ...LOGIN } }).listen();
        cloud = await P2pCloud.open();
        recorder = await SimulatedRecorder.open({ serial: SERIAL, services: { 80: web.port } });
        cloud.register(recorder);
    });
    afterEach(() => stage.close());
    after(async () => {
        recorder.close();
        cloud.close();
        await web.close();
    });

    it('answers status and close with the message that asked, also where nothing is open', async () => {
        await start();
        for (const [index, command] of ['status', 'close'].entries()) {
            const told = stage.tell('tunnel', { payload: command, topic: 'replaced', command });
            const answer = await stage.message('states', index);
            assert.equal(answer, told);
            assert.equal(answer.topic, SERIAL);
            assert.equal(answer.command, command);
            assert.deepEqual(answer.payload, { serial: SERIAL, state: 'closed', ports: [] });
        }
        await stage.message('done', 1);
        assert.deepEqual(stage.errors('tunnel'), []);
    });

    it('opens its port when told, says on which, and closes it when told', async () => {
        await start();
        stage.tell('tunnel', { payload: 'open' });
        await soon(() => states().includes('open'), 'an open tunnel');
        assert.deepEqual(states(), ['opening', 'open']);
        assert.equal(stage.statuses('tunnel').at(-1)?.fill, 'green');
        stage.tell('tunnel', { payload: 'status' });
        await stage.message('states', 2);
        const { state, ports } = seen()[2]!.payload;
        const { service, remote, local } = ports[0]!;
        assert.deepEqual([state, service, remote], ['open', 'http', 80]);
        assert.equal(await isOpen(local), true);
        stage.tell('tunnel', { payload: { command: 'close' } });
        await soon(() => states().at(-1) === 'closed', 'a closed tunnel');
        assert.equal(await isOpen(local), false);
        await stage.message('done', 2);
        assert.equal(stage.statuses('tunnel').at(-1)?.fill, 'grey');
    });

    it('hands a command there is not to done, with a code, and the message to Catch as it came', async () => {
        await start();
        stage.tell('tunnel', { payload: 'explode', topic: 'kept' });
        const caught = await stage.message('caught');
        const [error] = stage.errors('tunnel') as (Error & { code: string })[];
        assert.equal(error?.code, 'CONFIG_INVALID');
        assert.match(error.message, /open, close, status or query/);
        assert.equal((caught.error as { code: string }).code, 'CONFIG_INVALID');
        assert.deepEqual([caught.payload, caught.topic], ['explode', 'kept']);
        assert.deepEqual([stage.received('states').length, stage.received('done').length], [0, 0]);
    });

    it('closed with its port open and a client on it leaves neither', async () => {
        await start({ open: 'deploy' });
        await soon(() => states().includes('open'), 'an open tunnel');
        const { local } = seen().at(-1)!.payload.ports[0]!;
        const client = connect(local, '127.0.0.1');
        await once(client, 'connect');
        client.on('error', () => client.destroy());
        const ended = once(client, 'close');
        client.resume();
        await stage.close();
        await ended;
        assert.equal(await isOpen(local), false);
        assert.deepEqual(states(), ['opening', 'open'], 'a closed node sends nothing');
        assert.deepEqual(stage.statuses('tunnel').at(-1), {});
        await soon(() => recorder.sessionCount === 0, 'the recorder to be left alone');
    });

    it('closed while a message opens it, or the deploy does, has nothing to report', async () => {
        await start({ open: 'deploy' });
        await stage.close();
        assert.deepEqual(stage.errors('tunnel'), []);
        await start();
        stage.tell('tunnel', { payload: 'open' });
        await stage.close();
        await pause(20);
        assert.deepEqual(stage.errors('tunnel'), []);
        assert.deepEqual(stage.received('caught'), []);
        await soon(() => recorder.sessionCount === 0, 'the recorder to be left alone');
    });
});
