import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { DEMO_LOGIN, type Demo, startDemo } from '../../simulator/demo';
import { DEMO_ISUP_KEY, type IsupDemo, startIsupDemo } from '../../simulator/isupDemo';
import { type P2pDemo, startP2pDemo } from '../../simulator/p2pDemo';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { freePort } from '../support/freePort';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

type FlowNode = Record<string, unknown> & { id: string; type: string };

const SOURCES = ['camera-events', 'nvr-events', 'terminal-events', 'alarm', 'isup', 'tunnel'].map(
    (name) => `vigia-demo-${name}`,
);

/** The demo flow, with its devices and its servers on ports that are free here. */
function demoFlow(changes: Record<string, object>): FlowNode[] {
    const flow = readFileSync(join(packageRoot, 'examples', 'Demo with simulated devices.json'), 'utf8');
    return (JSON.parse(flow) as FlowNode[]).map((node) => ({ ...node, ...changes[node.id] }));
}

/** The picture of the README: the pack's own nodes in the palette, and an event unfolded. */
async function takeScreenshot({ page }: EditorPage): Promise<void> {
    const folder = join(packageRoot, 'docs', 'images');
    mkdirSync(folder, { recursive: true });
    await page.locator('#red-ui-palette-CCTV .red-ui-palette-node').last().scrollIntoViewIfNeeded();
    const plate = page.locator('.red-ui-debug-msg', { hasText: '/plate' }).first();
    await plate.locator('.red-ui-debug-msg-object-handle').first().click();
    await plate.locator('.red-ui-debug-msg-object-key', { hasText: /^plate$/ }).click();
    await plate.evaluate((message) => message.scrollIntoView({ block: 'start' }));
    await page.mouse.move(640, 700);
    await page.screenshot({ path: join(folder, 'editor-demo.png') });
}

describe('the demo flow', { skip: browserMissing }, () => {
    let demo: Demo;
    let far: P2pDemo;
    let isupDemo: IsupDemo;
    let tunnelPort: number;
    let nodeRed: RunningNodeRed;
    let browser: Browser;
    let editor: EditorPage;

    before(async () => {
        const alarmPort = await freePort();
        demo = await startDemo({
            ports: { camera: 0, nvr: 0, terminal: 0 },
            alarmUrl: { camera: `http://127.0.0.1:${alarmPort}/alarm` },
            eventsPerMinute: 60,
        });
        const isupPort = await freePort();
        isupDemo = startIsupDemo(isupPort);
        far = await startP2pDemo({ cloudPort: 0 });
        tunnelPort = await freePort();
        const flows = demoFlow({
            'vigia-demo-camera': { port: demo.camera.port },
            'vigia-demo-nvr': { port: demo.nvr.port },
            'vigia-demo-terminal': { port: demo.terminal.port },
            'vigia-demo-alarm': { port: alarmPort },
            'vigia-demo-isup': { port: isupPort },
            'vigia-demo-recorder': { cloudServer: `127.0.0.1:${far.cloud.port}` },
            'vigia-demo-tunnel': { ports: [{ service: 'http', remote: 80, local: tunnelPort }] },
        });
        const devices = flows.filter(({ type }) => type === 'device-config');
        const logins = Object.fromEntries(devices.map(({ id }) => [id, DEMO_LOGIN]));
        const credentials = { ...logins, 'vigia-demo-isup': { key: DEMO_ISUP_KEY } };
        nodeRed = await startNodeRed({ flows, credentials });
        browser = await startBrowser();
        editor = await openEditor(browser, nodeRed);
    });

    after(async () => {
        await browser?.close();
        await nodeRed?.close();
        await demo?.close();
        await far?.close();
        await isupDemo?.close();
    });

    it('turns every status green', async () => {
        const green = () => SOURCES.every((id) => nodeRed.statuses.get(id)?.fill === 'green');
        await nodeRed.until(green, 'green statuses');
        for (const id of SOURCES) {
            await editor.page.locator(`#${id} .red-ui-flow-node-status-dot-green`).waitFor({ state: 'attached' });
        }
    });

    it('brings events of all three devices, and posts, to the debug sidebar', async () => {
        const seen = (part: string) =>
            nodeRed.debugMessages('vigia-demo-event').some(({ value }) => JSON.stringify(value).includes(part));
        for (const device of ['camera', 'recorder', 'terminal']) {
            await nodeRed.until(() => seen(`"name":"${device}"`), `an event of the ${device}`);
        }
        await nodeRed.until(() => seen('"via":"alarm-http"'), 'a posted event');
        await editor.run(`RED.sidebar.show('debug')`);
        await editor.page.locator('.red-ui-debug-msg').first().waitFor();
        assert.deepEqual(nodeRed.debugMessages('vigia-demo-rejected'), []);
        assert.deepEqual(nodeRed.debugMessages('vigia-demo-errors'), []);
        if (process.env.UPDATE_SCREENSHOTS) await takeScreenshot(editor);
    });

    it('says which of the devices that report in by themselves are online', async () => {
        const online = () =>
            nodeRed
                .debugMessages('vigia-demo-presence')
                .map(({ value }) => value as { deviceId: string; state: string })
                .filter(({ state }) => state === 'online')
                .map(({ deviceId }) => deviceId)
                .sort();
        await nodeRed.until(() => online().length === 3, 'three devices');
        assert.deepEqual(online(), ['FARM-4G', 'GATE-4G', 'OLD-DVR']);
    });

    it('shows the last picture to a browser', async () => {
        const url = new URL('/vigia/last.jpg', nodeRed.url);
        const isPicture = (body: Buffer) => body.subarray(0, 2).toString('hex') === 'ffd8';
        const deadline = Date.now() + 60_000;
        let body = Buffer.alloc(0);
        while (!isPicture(body) && Date.now() < deadline) {
            body = Buffer.from(await (await fetch(url)).arrayBuffer());
            await setTimeout(200);
        }
        assert.ok(isPicture(body), 'a JPEG came');
    });

    it('reaches the recorder behind the simulated cloud through a local port', async () => {
        const { status, headers } = await fetch(`http://127.0.0.1:${tunnelPort}/`);
        assert.equal(status, 401, 'it asks for its own login');
        assert.match(headers.get('www-authenticate') ?? '', /Digest/);
    });
});
