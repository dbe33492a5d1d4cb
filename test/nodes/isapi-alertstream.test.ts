/** What an `isapi-alertstream` puts on which output, and that a closed one is closed. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Camera } from '../../simulator/camera';
import { alertStream, device, flowNode, LOGIN, TAB } from '../flows/flow';
import { GlueStage, type Seen } from '../support/glueStage';
import { soon } from '../support/soon';

interface Change extends Seen {
    payload: { state: string; reason?: string; code?: string; retryAt?: string; device: { name: string } };
}

const SINKS = [flowNode('events', 'sink'), flowNode('changes', 'sink')];

describe('isapi-alertstream', () => {
    let camera: Camera;
    let stage: GlueStage;

    const start = async (node: object = {}, login: object = LOGIN) => {
        stage = await GlueStage.start([TAB, device(camera.port), alertStream(node), ...SINKS], { device: login });
    };
    const online = () => soon(() => camera.streams.size > 0 && stage.received('changes').length >= 2, 'a stream');
    const states = () => (stage.received('changes') as Change[]).map(({ payload }) => payload.state);

    beforeEach(async () => {
        camera = await new Camera({ login: { ...LOGIN } }).listen();
    });
    afterEach(async () => {
        await stage.close();
        await camera.close();
    });

    it('puts events on output 1 and the connection on output 2, each with its topic', async () => {
        await start();
        await online();
        camera.emit({ type: 'linedetection', target: 'human', pictures: true });
        const event = await stage.message('events');
        assert.equal(event.topic, 'gate/1/line-crossing');
        assert.equal((event.payload as { kind: string }).kind, 'line-crossing');
        const [picture] = event.pictures as { data: Buffer; filename: string; contentType: string }[];
        assert.equal(picture?.contentType, 'image/jpeg');
        assert.deepEqual([...picture.data.subarray(0, 2)], [0xff, 0xd8], 'a Buffer with the JPEG');
        assert.match((event.raw as { text: string }).text, /<eventType>linedetection/);
        assert.deepEqual(states(), ['connecting', 'online']);
        const [change] = stage.received('changes') as Change[];
        assert.equal(change?.topic, 'gate/0/connection');
        assert.equal(change?.payload.device.name, 'gate');
        assert.equal(stage.received('events').length, 1);
    });

    it('sends each picture after its event as a message of its own', async () => {
        await start({ pictures: 'separate' });
        await online();
        camera.emit({ type: 'linedetection', target: 'human', pictures: true });
        const [event, picture] = [await stage.message('events', 0), await stage.message('events', 1)];
        assert.ok(Buffer.isBuffer(picture.payload));
        assert.equal(picture.contentType, 'image/jpeg');
        assert.match(String(picture.filename), /\.jpg$/);
        assert.equal(picture.topic, event.topic);
        assert.equal((picture.event as { id: string }).id, (event.payload as { id: string }).id);
    });

    it('says that the device is gone on output 2, in its status and as a warning, not as an error', async () => {
        await start();
        await online();
        camera.dropConnections();
        const change = (await stage.message('changes', 2)) as Change;
        assert.equal(change.payload.state, 'offline');
        assert.match(change.payload.reason!, /\.$/);
        assert.ok(Date.parse(change.payload.retryAt!) > Date.now() - 1000);
        assert.deepEqual(
            [stage.statuses('stream').at(-1)?.fill, stage.statuses('stream').at(-1)?.shape],
            ['red', 'ring'],
        );
        assert.equal(stage.warnings('stream').length, 1);
        assert.deepEqual(stage.errors('stream'), []);
    });

    it('reports a wrong password once, as an error that says what to do, and tries no further', async () => {
        await start({}, { ...LOGIN, password: 'wrong' });
        const change = (await stage.message('changes', 1)) as Change;
        assert.equal(change.payload.code, 'AUTH_REJECTED');
        assert.match(String(stage.errors('stream')[0]), /^User name or password is wrong\./);
        assert.ok(!JSON.stringify(stage.received('changes')).includes('wrong"'), 'without the password');
        const tries = camera.requests.length;
        await pause(100);
        assert.equal(camera.requests.length, tries);
        assert.equal(stage.errors('stream').length, 1);
    });

    it('closed in the middle of an event says nothing more, and leaves neither socket nor timer', async () => {
        // The event goes on, so its hold timer runs; and the status waits to show it.
        await start({ hold: 30_000 });
        await online();
        camera.emit({ type: 'VMD' });
        await stage.message('events');
        await stage.close();
        await soon(() => camera.openConnections === 0, 'the camera to be left alone');
        assert.equal(stage.received('events').length, 1, 'no end was made up');
        assert.deepEqual(states(), ['connecting', 'online']);
        assert.deepEqual(stage.statuses('stream').at(-1), {});
        assert.deepEqual([...stage.errors('stream'), ...stage.warnings('stream')], []);
    });

    it('closed while the device has not answered yet does not wait for it', async () => {
        camera.route('GET', '/ISAPI/Event/notification/alertStream', () => undefined);
        await start({ mode: 'alertStream' });
        await soon(
            () => camera.requests.some(({ url, withLogin }) => withLogin && url.includes('alertStream')),
            'a try',
        );
        const begun = Date.now();
        await stage.close();
        assert.ok(Date.now() - begun < 1000, 'closed at once');
        assert.deepEqual([...stage.errors('stream'), ...stage.warnings('stream')], []);
    });

    it('deployed anew opens a new stream in place of the old one, and no event comes twice', async () => {
        await start();
        await online();
        await stage.deploy([TAB, device(camera.port), alertStream({ hold: 1000 }), ...SINKS], 'nodes', {
            device: LOGIN,
        });
        await soon(() => camera.streams.opened === 2 && camera.streams.size === 1, 'only the new stream');
        camera.emit({ type: 'linedetection', target: 'human' });
        await stage.message('events');
        await pause(50);
        assert.equal(stage.received('events').length, 1);
        assert.deepEqual(stage.errors('stream'), []);
    });
});
