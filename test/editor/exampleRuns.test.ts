import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DEMO_LOGIN, type Demo, startDemo } from '../../simulator/demo';
import { Example } from '../support/example';
import { freePort } from '../support/freePort';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

describe('the example flows, imported and filled in', () => {
    let demo: Demo;
    let nodeRed: RunningNodeRed;
    let camera: Example;
    let terminal: Example;
    let alarm: Example;

    before(async () => {
        const alarmPort = await freePort();
        demo = await startDemo({
            ports: { camera: 0, nvr: 0, terminal: 0 },
            alarmUrl: { camera: `http://127.0.0.1:${alarmPort}/alarm` },
            eventsPerMinute: 60,
        });
        const at = (port: number) => ({ 'device-config': { host: '127.0.0.1', port } });
        camera = new Example('Camera events to debug', at(demo.camera.port));
        terminal = new Example('Terminal access log', at(demo.terminal.port));
        alarm = new Example('Alarm host with pictures to files', { 'alarm-http-in': { port: alarmPort } });
        nodeRed = await startNodeRed({
            flows: [camera, terminal, alarm].flatMap(({ nodes }) => nodes),
            credentials: { ...camera.credentials(DEMO_LOGIN), ...terminal.credentials(DEMO_LOGIN) },
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
        const event = camera.idOf('debug', 'event');
        await nodeRed.until(() => nodeRed.debugMessages(event).length > 0, 'an event of the camera');
        const connection = nodeRed.debugMessages(camera.idOf('debug', 'connection')).at(-1);
        assert.equal((connection?.value as { state?: string } | undefined)?.state, 'online');
        assert.equal(nodeRed.statuses.get(camera.idOf('isapi-alertstream'))?.fill, 'green');
    });

    it('write the pictures of pushed alarms to files', async () => {
        const folder = join(nodeRed.userDir, 'vigia-pictures');
        const files = () => (existsSync(folder) ? readdirSync(folder) : []);
        const isPicture = (file: string) => readFileSync(join(folder, file)).subarray(0, 2).toString('hex') === 'ffd8';
        const written = await nodeRed.until(() => files().find(isPicture), 'a picture to be written');
        assert.match(written, /^[^/\\:*?"<>|]+_\d_[A-Za-z0-9]{8}\.jpe?g$/);
        assert.deepEqual(nodeRed.debugMessages(alarm.idOf('debug', 'rejected')), []);
    });

    it('write who passed to a CSV file', async () => {
        const file = join(nodeRed.userDir, 'access-log.csv');
        const rows = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
        const refused = terminal.idOf('debug', 'refused');
        await nodeRed.until(() => nodeRed.debugMessages(refused).length > 0, 'somebody to be refused');
        await nodeRed.until(() => rows().length > 2, 'two passes in the file');
        assert.equal(rows()[0], 'time,device,door,result,id,name,card,text');
        assert.match(rows()[1]!, /^\d{4}-\d\d-\d\dT[\d:.+Z-]+,terminal,/);
    });

    it('do all this without an error', () => {
        for (const example of [camera, terminal, alarm]) {
            assert.deepEqual(nodeRed.debugMessages(example.idOf('debug', 'errors')), []);
        }
    });
});
