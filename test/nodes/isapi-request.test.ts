/** What an `isapi-request` owes a flow: one message for one message, one `done` for each, and errors to branch on. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { RequestError } from '../../runtime/requestFault';
import { Camera } from '../../simulator/camera';
import type { Exchange } from '../../simulator/exchange';
import { device, flowNode, LOGIN, TAB } from '../flows/flow';
import { GlueStage, type Seen } from '../support/glueStage';
import { soon } from '../support/soon';

interface Caught extends Seen {
    error: { message: string; code: string; cause: { status?: number; isapi?: object }; source: { id: string } };
}

describe('isapi-request', () => {
    const camera = new Camera({ login: { ...LOGIN } });
    /** Requests to `/ISAPI/Slow/…` that wait for their answer, by the last segment. */
    const waiting = new Map<string, Exchange>();
    let stage: GlueStage;

    /** A request between a Catch, a Complete and two sinks: `answers` and, for both of the others, `caught` and `done`. */
    async function start(node: object = {}, more: object = {}): Promise<void> {
        stage = await GlueStage.start(
            [
                TAB,
                device(camera.port, more),
                flowNode('ask', 'isapi-request', { device: 'device', version: 1, wires: [['answers']], ...node }),
                flowNode('catch', 'catch', { scope: ['ask'], wires: [['caught']] }),
                flowNode('complete', 'complete', { scope: ['ask'], wires: [['done']] }),
                ...['answers', 'caught', 'done'].map((id) => flowNode(id, 'sink')),
            ],
            { device: LOGIN },
        );
    }

    before(async () => {
        await camera.listen();
        camera.route('GET', '/ISAPI/Slow/{name}', (exchange) => {
            waiting.set(exchange.params.name!, exchange);
        });
        camera.route('PUT', '/ISAPI/Refused', (exchange) => exchange.outcome('badParameters'));
    });
    afterEach(async () => {
        waiting.clear();
        await stage.close();
    });
    after(() => camera.close());

    it('sends on the very message that came, with what else it carried, and is done once', async () => {
        await start();
        const parts = { id: 'p', index: 0, count: 1 };
        const callback = () => undefined;
        const told = stage.tell('ask', { path: '/ISAPI/System/time', topic: 'kept', parts, req: { callback } });
        const answer = await stage.message('answers');
        assert.equal(answer, told, 'no copy: what cannot be copied, such as a request to answer, stays what it is');
        assert.equal(answer.topic, 'kept');
        assert.equal(answer.parts, parts);
        assert.equal((answer.req as { callback: unknown }).callback, callback);
        assert.equal(answer.statusCode, 200);
        await stage.message('done');
        assert.deepEqual([stage.received('done').length, stage.received('caught').length], [1, 0]);
    });

    it('hands a refusal to done with code, status and the device’s words, and sends nothing', async () => {
        await start();
        const told = stage.tell('ask', { method: 'PUT', path: '/ISAPI/Refused', payload: '<A/>', topic: 'kept' });
        const caught = (await stage.message('caught')) as Caught;
        const [error] = stage.errors('ask') as RequestError[];
        assert.ok(error instanceof Error);
        assert.equal(error.status, 400);
        assert.equal(error.isapi?.statusCode, 6);
        assert.equal(error.isapi?.subStatusCode, 'badParameters');
        assert.match(error.code, /^[A-Z_]+$/);
        assert.deepEqual(caught.error.cause, { code: error.code, status: 400, isapi: error.isapi });
        assert.equal(caught.error.code, error.code);
        assert.equal(caught.error.message, `Error: ${error.message}`);
        assert.equal(caught.error.source.id, 'ask');
        assert.deepEqual([caught.topic, caught.payload], [told.topic, '<A/>']);
        assert.equal(stage.statuses('ask').at(-1)?.fill, 'red');
        await turn();
        assert.deepEqual([stage.received('answers').length, stage.received('done').length], [0, 0]);
    });

    it('shows a failure only until the next request goes through', async () => {
        await start();
        stage.tell('ask', { method: 'PUT', path: '/ISAPI/Refused', payload: '<A/>' });
        await stage.message('caught');
        stage.tell('ask', { path: '/ISAPI/System/time' });
        await stage.message('done');
        assert.deepEqual(
            stage.statuses('ask').map(({ fill }) => fill),
            ['red', undefined],
        );
    });

    it('keeps two messages apart that are under way at the same time', async () => {
        await start({}, { maxSockets: 2 });
        // Nobody is let in at the side of a login that is still under way.
        stage.tell('ask', { path: '/ISAPI/System/time' });
        await stage.message('done');
        const told = ['first', 'second'].map((name) => stage.tell('ask', { path: `/ISAPI/Slow/${name}`, name }));
        await soon(() => waiting.size === 2, 'both requests at the camera');
        // The second is answered first: neither may get the other's answer, nor wait for it.
        waiting.get('second')!.sendXml('<Answer>second</Answer>');
        assert.equal(await stage.message('answers', 1), told[1]);
        waiting.get('first')!.sendXml('<Answer>first</Answer>');
        assert.equal(await stage.message('answers', 2), told[0]);
        assert.deepEqual(
            stage
                .received('answers')
                .slice(1)
                .map(({ name, payload }) => [name, (payload as { Answer: string }).Answer]),
            [
                ['second', 'second'],
                ['first', 'first'],
            ],
        );
        await stage.message('done', 2);
        assert.deepEqual(stage.errors('ask'), []);
    });

    it('goes by its own properties, whatever the message says, and else by the message', async () => {
        await start({ path: '/ISAPI/System/time', method: 'GET' });
        const wishes = { path: '/ISAPI/System/reboot', method: 'PUT', operation: 'reboot', query: { a: '1' } };
        stage.tell('ask', { ...wishes, payload: '<Reboot/>' });
        const { path } = await stage.message('answers');
        assert.equal(path, '/ISAPI/System/time');
        assert.equal(camera.requests.at(-1)?.url, '/ISAPI/System/time?a=1', 'the query was left to the message');
        assert.ok(camera.requests.every(({ url }) => !url.includes('reboot')));
    });

    it('without a device hands every message to done, and neither throws nor swallows one', async () => {
        await start({ device: '' });
        stage.tell('ask', { path: '/ISAPI/System/time', topic: 1 });
        stage.tell('ask', { path: '/ISAPI/System/time', topic: 2 });
        const caught = [await stage.message('caught', 0), await stage.message('caught', 1)] as Caught[];
        assert.deepEqual(
            caught.map(({ error, topic }) => [error.code, topic]),
            [
                ['DEVICE_MISSING', 1],
                ['DEVICE_MISSING', 2],
            ],
        );
    });

    it('closed in the middle of a request is done without a word, and gives its connection back', async () => {
        await start({ timeout: '30000' });
        stage.tell('ask', { path: '/ISAPI/Slow/forever' });
        await soon(() => waiting.has('forever'), 'the request at the camera');
        await stage.close();
        assert.deepEqual(stage.errors('ask'), []);
        assert.deepEqual([stage.received('answers').length, stage.received('caught').length], [0, 0]);
        assert.deepEqual(stage.statuses('ask').at(-1), {});
        await soon(() => camera.openConnections === 0, 'the camera to be left alone');
    });
});
