import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DEMO_LOGIN, type Demo, startDemo } from '../../simulator/demo';
import { freePort } from '../support/freePort';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

type FlowNode = { id: string; type: string; name?: string; host?: string; port?: number };

/** An example, with what its comment asks the user to fill in. */
function example(name: string, fillIn: { device?: number; alarm?: number }): FlowNode[] {
    const nodes = JSON.parse(readFileSync(join(packageRoot, 'examples', `${name}.json`), 'utf8')) as FlowNode[];
    return nodes.map((node) => {
        if (node.type === 'device-config') return { ...node, host: '127.0.0.1', port: fillIn.device };
        if (node.type === 'alarm-http-in') return { ...node, port: fillIn.alarm };
        return node;
    });
}

const idOf = (nodes: FlowNode[], type: string, name?: string) =>
    nodes.find((node) => node.type === type && (name === undefined || node.name === name))!.id;

describe('the example flows, imported and filled in', () => {
    let demo: Demo;
    let nodeRed: RunningNodeRed;
    let camera: FlowNode[];
    let terminal: FlowNode[];
    let alarm: FlowNode[];

    before(async () => {
        const alarmPort = await freePort();
        demo = await startDemo({
            ports: { camera: 0, nvr: 0, terminal: 0 },
            alarmUrl: { camera: `http://127.0.0.1:${alarmPort}/alarm` },
            eventsPerMinute: 60,
        });
        camera = example('Camera events to debug', { device: demo.camera.port });
        terminal = example('Terminal access log', { device: demo.terminal.port });
        alarm = example('Alarm host with pictures to files', { alarm: alarmPort });
        nodeRed = await startNodeRed({
            flows: [...camera, ...terminal, ...alarm],
            credentials: {
                [idOf(camera, 'device-config')]: DEMO_LOGIN,
                [idOf(terminal, 'device-config')]: DEMO_LOGIN,
            },
        });
    });

    after(async () => {
        await nodeRed?.close();
        await demo?.close();
    });

    it('are offered in the import dialog, and can be fetched from there', async () => {
        const library = '/library/examples/flows/@vigia/node-red-cctv';
        const offered = (await nodeRed.adminGet(library)) as { fn: string }[];
        const files = readdirSync(join(packageRoot, 'examples')).map((file) => file.replace(/\.json$/, ''));
        assert.deepEqual(offered.map(({ fn }) => fn).sort(), files.sort());
        for (const name of files) {
            const flow = await nodeRed.adminGet(`${library}/${encodeURIComponent(name)}`);
            assert.ok(Array.isArray(typeof flow === 'string' ? JSON.parse(flow) : flow), name);
        }
    });

    it('show the events of a camera, and its connection', async () => {
        const event = idOf(camera, 'debug', 'event');
        await nodeRed.until(() => nodeRed.debugMessages(event).length > 0, 'an event of the camera');
        const connection = nodeRed.debugMessages(idOf(camera, 'debug', 'connection')).at(-1);
        assert.equal((connection?.value as { state?: string } | undefined)?.state, 'online');
        assert.equal(nodeRed.statuses.get(idOf(camera, 'isapi-alertstream'))?.fill, 'green');
    });

    it('write the pictures of pushed alarms to files', async () => {
        const folder = join(nodeRed.userDir, 'vigia-pictures');
        const files = () => (existsSync(folder) ? readdirSync(folder) : []);
        const isPicture = (file: string) => readFileSync(join(folder, file)).subarray(0, 2).toString('hex') === 'ffd8';
        const written = await nodeRed.until(() => files().find(isPicture), 'a picture to be written');
        assert.match(written, /^[^/\\:*?"<>|]+\.jpe?g$/);
        assert.deepEqual(nodeRed.debugMessages(idOf(alarm, 'debug', 'rejected')), []);
    });

    it('write who passed to a CSV file', async () => {
        const file = join(nodeRed.userDir, 'access-log.csv');
        const rows = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
        const refused = idOf(terminal, 'debug', 'refused');
        await nodeRed.until(() => nodeRed.debugMessages(refused).length > 0, 'somebody to be refused');
        await nodeRed.until(() => rows().length > 2, 'two passes in the file');
        assert.equal(rows()[0], 'time,device,door,result,id,name,card,text');
        assert.match(rows()[1]!, /^\d{4}-\d\d-\d\dT[\d:.+Z-]+,terminal,/);
    });

    it('do all this without an error', () => {
        for (const nodes of [camera, terminal, alarm]) {
            assert.deepEqual(nodeRed.debugMessages(idOf(nodes, 'debug', 'errors')), []);
        }
    });
});
