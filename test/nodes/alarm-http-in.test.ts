/** What an `alarm-http-in` does with its port, and what comes out where. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { alarmHost, flowNode, TAB } from '../flows/flow';
import { freePort } from '../support/freePort';
import { GlueStage, type Seen } from '../support/glueStage';
import { soon } from '../support/soon';

interface Rejected extends Seen {
    payload: { code: string; reason: string; source: string; path: string; time: string };
}

const MOTION =
    '<EventNotificationAlert><channelID>2</channelID><eventType>VMD</eventType><eventState>active</eventState></EventNotificationAlert>';

/** Posts as a device does; resolves with the status, or with the code of the error that ended the connection. */
function post(port: number, body: string, path = '/alarm', agent: Agent | false = false): Promise<number | string> {
    return new Promise((resolve) => {
        const headers = { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) };
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent }, (response) => {
            response.resume().on('end', () => resolve(response.statusCode ?? 0));
        });
        sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        sent.end(body);
    });
}

/** Takes the port, as another program would. @returns frees it again */
async function occupy(port: number): Promise<() => Promise<unknown>> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return () => once(server.close(), 'close');
}

describe('alarm-http-in', () => {
    const sinks = [flowNode('events', 'sink'), flowNode('rejected', 'sink')];
    let port: number;
    let stage: GlueStage;

    const start = async (node: object = {}, credentials: object = {}, more: object[] = []) => {
        stage = await GlueStage.start([TAB, alarmHost(port, node), ...more, ...sinks], { alarms: credentials });
    };
    const listening = (id = 'alarms') => soon(() => stage.statuses(id).some(({ fill }) => fill === 'green'), 'green');

    beforeEach(async () => {
        port = await freePort();
    });
    afterEach(() => stage.close());

    it('listens on a port of its own and puts what is posted there on output 1', async () => {
        await start();
        await listening();
        assert.equal(await post(port, MOTION), 200);
        const event = await stage.message('events');
        assert.equal(event.topic, '127.0.0.1/2/motion');
        const { kind, via } = event.payload as { kind: string; via: string };
        assert.deepEqual([kind, via], ['motion', 'alarm-http']);
        assert.deepEqual(event.pictures, []);
        assert.equal((event.raw as { text: string }).text, MOTION);
        assert.deepEqual(stage.received('rejected'), []);
    });

    it('puts a post without the login on output 2 and on no other, and shows it', async () => {
        await start({ auth: 'basic' }, { username: 'gate', password: 'Canary-push' });
        await listening();
        assert.equal(await post(port, MOTION), 401);
        const { topic, payload } = (await stage.message('rejected')) as Rejected;
        assert.equal(topic, 'alarm-http-in/rejected');
        assert.deepEqual([payload.code, payload.source, payload.path], ['POST_UNAUTHENTICATED', '127.0.0.1', '/alarm']);
        assert.match(payload.reason, /\.$/);
        assert.equal(new Date(payload.time).toISOString(), payload.time);
        assert.equal(stage.statuses('alarms').at(-1)?.fill, 'yellow');
        assert.deepEqual(stage.received('events'), []);
        assert.deepEqual(stage.errors('alarms'), [], 'somebody else’s mistake is no error of the flow');
    });

    it('puts a post in which nothing can be read on output 2, with its bytes', async () => {
        await start();
        await listening();
        assert.equal(await post(port, 'no event at all'), 200);
        const message = (await stage.message('rejected')) as Rejected;
        assert.equal(message.payload.code, 'BODY_UNREADABLE');
        assert.equal(String((message.raw as { data: Buffer }).data), 'no event at all');
        assert.deepEqual(stage.received('events'), []);
    });

    it('has freed its port when it is closed, though a device keeps its connection', async () => {
        await start();
        await listening();
        const agent = new Agent({ keepAlive: true });
        assert.equal(await post(port, MOTION, '/alarm', agent), 200);
        await stage.close();
        const free = await occupy(port);
        await free();
        agent.destroy();
        assert.deepEqual(stage.statuses('alarms').at(-1), {});
    });

    it('answers a post that waits for the flow when it is closed', async () => {
        await start({ answer: 'flow' });
        await listening();
        const answer = post(port, MOTION);
        assert.ok(((await stage.message('events')).res as { _res: object })._res, 'for an http response node');
        await stage.close();
        assert.equal(await answer, 200);
    });

    it('says that its port is taken, in red, and closes all the same', async () => {
        const free = await occupy(port);
        try {
            await start();
            await soon(() => stage.errors('alarms').length, 'an error');
            assert.match(String(stage.errors('alarms')[0]), new RegExp(`^Port ${port} on 127.0.0.1 is in use`));
            assert.equal(stage.statuses('alarms').at(-1)?.fill, 'red');
            await stage.close();
        } finally {
            await free();
        }
        assert.equal(stage.errors('alarms').length, 1);
    });

    it('shares a port by the path, refuses a path that is taken, and leaves the other when one is closed', async () => {
        const second = (path: string) => alarmHost(port, { id: 'second', path, wires: [['more'], []] });
        const more = flowNode('more', 'sink');
        await start({}, {}, [second('/alarm'), more]);
        await soon(() => stage.errors('second').length, 'an error');
        assert.match(String(stage.errors('second')[0]), /^The path \/alarm is already taken/);

        await stage.deploy([TAB, alarmHost(port), second('/gate'), more, ...sinks], 'nodes');
        await soon(async () => (await post(port, MOTION, '/gate')) === 200, 'the second to listen');
        assert.equal((await stage.message('more')).topic, '127.0.0.1/2/motion');
        assert.deepEqual(stage.received('events'), []);

        await stage.deploy([TAB, alarmHost(port), more, ...sinks], 'nodes');
        assert.equal(await post(port, MOTION, '/gate'), 404);
        assert.equal(await post(port, MOTION), 200);
        await stage.message('events');
    });

    it('deployed anew on the same port has it at once', async () => {
        await start();
        await listening();
        await stage.deploy([TAB, alarmHost(port, { path: '/other' }), ...sinks], 'full');
        await soon(async () => (await post(port, MOTION, '/other')) === 200, 'the new node to listen');
        await stage.message('events');
        await pause(20);
        assert.equal(stage.received('events').length, 1);
        assert.deepEqual(stage.errors('alarms'), []);
    });
});
