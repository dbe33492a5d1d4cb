/** What nodes share by way of a `device-config`. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { alertStream, device, flowNode, LOGIN, TAB } from '../flows/flow';
import { GlueStage } from '../support/glueStage';
import { soon } from '../support/soon';

describe('device-config', () => {
    let camera: Camera;
    let stage: GlueStage;

    const second = alertStream({ id: 'second', wires: [['more'], []] });
    const sinks = ['events', 'changes', 'more', 'answers'].map((id) => flowNode(id, 'sink'));
    const deploy = (...flows: object[]) => stage.deploy([TAB, ...flows, ...sinks], 'nodes', { device: LOGIN });

    beforeEach(async () => {
        camera = await new Camera({ login: { ...LOGIN } }).listen();
    });
    afterEach(async () => {
        await stage.close();
        await camera.close();
    });

    it('of a flow written by hand, without version and with little else, works with the defaults', async () => {
        const byHand = { id: 'device', type: 'device-config', host: `http://127.0.0.1/`, port: String(camera.port) };
        const ask = flowNode('ask', 'isapi-request', {
            device: 'device',
            path: '/ISAPI/System/deviceInfo',
            wires: [['answers']],
        });
        stage = await GlueStage.start([TAB, byHand, ask, ...sinks], { device: LOGIN });
        stage.tell('ask', {});
        const { payload } = await stage.message('answers');
        assert.equal((payload as { DeviceInfo: { deviceName: string } }).DeviceInfo.deviceName, 'Portaria');
        assert.deepEqual(stage.errors('device'), []);
    });

    it('has one stream for two nodes, which is open as long as one of them is', async () => {
        stage = await GlueStage.start([TAB, device(camera.port), alertStream(), second, ...sinks], { device: LOGIN });
        await soon(() => camera.streams.size === 1, 'the stream');
        camera.emit({ type: 'linedetection', target: 'human' });
        const [one, other] = [await stage.message('events'), await stage.message('more')];
        assert.equal((one.payload as { id: string }).id, (other.payload as { id: string }).id);
        assert.equal(camera.streams.opened, 1);

        await deploy(device(camera.port), second);
        camera.emit({ type: 'fielddetection', target: 'human' });
        await stage.message('more', 1);
        assert.deepEqual([camera.streams.opened, stage.received('events').length], [1, 1], 'the same stream goes on');

        await deploy(device(camera.port));
        await soon(() => camera.streams.size === 0 && camera.openConnections === 0, 'the stream to end');
    });

    it('changed takes its nodes along to what it says now', async () => {
        stage = await GlueStage.start([TAB, device(camera.port), alertStream(), ...sinks], { device: LOGIN });
        await soon(() => camera.streams.size === 1, 'the stream');
        await deploy(device(camera.port, { name: 'door' }), alertStream());
        await soon(() => camera.streams.opened === 2 && camera.streams.size === 1, 'the new stream');
        camera.emit({ type: 'linedetection', target: 'human' });
        assert.equal((await stage.message('events')).topic, 'door/1/line-crossing');
    });

    it('taken away leaves its nodes with a word about it and the device without a connection', async () => {
        stage = await GlueStage.start([TAB, device(camera.port), alertStream(), ...sinks], { device: LOGIN });
        await soon(() => camera.streams.size === 1, 'the stream');
        await deploy(alertStream());
        await soon(() => camera.openConnections === 0, 'the camera to be left alone');
        assert.match(String(stage.errors('stream').at(-1)), /^No device is chosen/);
        assert.equal(stage.statuses('stream').at(-1)?.fill, 'red');
    });
});
