import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { IsupDevice } from '../../simulator/isupDevice';
import { Nvr } from '../../simulator/nvr';
import { browserMissing, startBrowser } from '../support/browser';
import { Example, type ExampleNode } from '../support/example';
import { freePort } from '../support/freePort';
import { dashboard, RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { takePicture } from '../support/screenshots';

const LOGIN = { username: 'admin', password: 'vigia123' };
const KEY = 'Canary-7f3a';
const PATIENCE = 60_000;

/** What the editor pastes where a user copies the recorder of the wall, filled in as its comment asks. */
function copyRecorder(wall: Example, port: number): ExampleNode[] {
    const group = wall.find('group');
    const device = wall.find('device-config');
    const copied = wall.nodes.filter(({ id, g }) => g === group.id || id === group.id || id === device.id);
    const ids = new Map(copied.map(({ id }) => [id, id.replace(/^./, 'x')]));
    const values: Record<string, string> = { RECORDER: 'warehouse', CHANNELS: '1,2' };
    return copied.map((node) => ({
        ...node,
        id: ids.get(node.id)!,
        ...(node === device && { port }),
        ...(node === group && {
            nodes: (group.nodes as string[]).map((id) => ids.get(id)!),
            env: (group.env as { name: string }[]).map((one) => ({ ...one, value: values[one.name] })),
        }),
        ...(node.g === group.id && {
            g: ids.get(group.id),
            device: ids.get(String(node.device)),
            wires: (node.wires as string[][]).map((wires) => wires.map((id) => ids.get(id) ?? id)),
        }),
    }));
}

for (const runtime of RUNTIMES) {
    const skip = runtime.skip || dashboard.skip || browserMissing;
    describe(`the examples for Dashboard 2 in ${runtime.name}`, { skip }, () => {
        const recorder = new Nvr({ login: LOGIN, channelNames: ['Portão', 'Garagem', 'Jardim', 'Rua'] });
        const second = new Nvr({ login: LOGIN, channelNames: ['Doca', 'Pátio'] });
        const devices: IsupDevice[] = [];
        let wall: Example;
        let presence: Example;
        let isupPort: number;
        let nodeRed: RunningNodeRed;
        let browser: Browser;

        /** A page of the dashboard; what goes wrong in it fails the test. */
        async function open(path: string): Promise<{ page: Page; problems: string[] }> {
            const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
            page.setDefaultTimeout(PATIENCE);
            const problems: string[] = [];
            page.on('pageerror', ({ message }) => problems.push(message));
            await page.goto(`${nodeRed.url}/dashboard/${path}`);
            return { page, problems };
        }

        before(async () => {
            await recorder.listen();
            await second.listen();
            isupPort = await freePort();
            const at = { host: '127.0.0.1', port: recorder.port };
            wall = new Example('Dashboard 2 camera wall', { 'device-config': at, inject: { onceDelay: 0.2 } });
            wall.nodes.push(...copyRecorder(wall, second.port));
            presence = new Example('Dashboard 2 presence table', {
                'device-config': at,
                'isup-in': { bind: '127.0.0.1', port: isupPort, alarmPort: await freePort() },
            });
            const shared = new Set(wall.nodes.map(({ id }) => id));
            nodeRed = await startNodeRed({
                ...runtime.options,
                packages: dashboard.packages,
                flows: [...wall.nodes, ...presence.nodes.filter(({ id }) => !shared.has(id))],
                credentials: {
                    ...wall.credentials(LOGIN),
                    ...presence.credentials(LOGIN),
                    ...presence.credentials({ key: KEY }, 'isup-in'),
                },
            });
            browser = await startBrowser();
        });

        after(async () => {
            await browser?.close();
            for (const device of devices) device.destroy();
            await nodeRed?.close();
            await recorder.close();
            await second.close();
        });

        it('show the last picture of every channel of two recorders, and what happened there', async () => {
            const { page, problems } = await open('cameras');
            const tiles = page.locator('.wall figure');
            await page.waitForFunction("document.querySelectorAll('.wall img').length === 6");
            assert.equal(await tiles.filter({ hasText: 'recorder, channel' }).count(), 4);
            assert.equal(await tiles.filter({ hasText: 'warehouse, channel' }).count(), 2);
            recorder.emit({ type: 'VMD', channel: 3 });
            await tiles.filter({ hasText: 'motion' }).waitFor();
            assert.equal(await tiles.filter({ hasText: 'motion' }).count(), 1);
            const loaded = "[...document.querySelectorAll('.wall img')].every((one) => one.naturalWidth > 0)";
            await page.waitForFunction(loaded);
            await takePicture(page, 'dashboard-wall');
            await page.reload();
            await page.waitForFunction("document.querySelectorAll('.wall img').length === 6");
            assert.deepEqual(problems, []);
            await page.close();
        });

        it('list who is online, however it is reached, those that need help first', async () => {
            const { page, problems } = await open('presence');
            const rows = page.locator('tbody tr');
            await rows.filter({ hasText: 'camera' }).filter({ hasText: 'online' }).waitFor();
            const gate = new IsupDevice({ host: '127.0.0.1', port: isupPort, deviceId: 'GATE1', key: KEY });
            devices.push(gate);
            assert.equal(await gate.start(), 'online');
            await rows.filter({ hasText: 'GATE1' }).filter({ hasText: 'online' }).waitFor();
            const impostor = { host: '127.0.0.1', port: isupPort, deviceId: 'GATE1', key: 'Another-key' };
            assert.equal(await new IsupDevice(impostor).start(), 'refused');
            const barn = new IsupDevice({ host: '127.0.0.1', port: isupPort, deviceId: 'BARN1', key: KEY });
            devices.push(barn);
            assert.equal(await barn.start(), 'online');
            await rows.filter({ hasText: 'BARN1' }).filter({ hasText: 'online' }).waitFor();
            assert.equal(await rows.filter({ hasText: 'GATE1' }).filter({ hasText: 'online' }).count(), 1);
            gate.stop();
            await rows.first().filter({ hasText: 'GATE1' }).filter({ hasText: 'offline' }).waitFor();
            await takePicture(page, 'dashboard-presence');
            assert.deepEqual(problems, []);
            await page.close();
        });

        it('do all this without an error', () => {
            for (const example of [wall, presence]) {
                assert.deepEqual(nodeRed.debugMessages(example.idOf('debug', 'errors')), [], example.name);
            }
        });
    });
}
