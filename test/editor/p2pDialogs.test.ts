import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { DEMO_LOGIN } from '../../simulator/demo';
import { type P2pDemo, startP2pDemo } from '../../simulator/p2pDemo';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

const TAB = { id: 'tab', type: 'tab', label: 'Test' };

/** Pictures of the dialogs, for whoever wants to see them; never compared. */
const PICTURES = join(packageRoot, '.cache', 'screenshots');

for (const runtime of RUNTIMES) {
    describe(`the dialogs of P2P in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let far: P2pDemo;
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;

        before(async () => {
            mkdirSync(PICTURES, { recursive: true });
            far = await startP2pDemo({ cloudPort: 0 });
            const device = {
                id: 'device',
                type: 'device-config',
                name: 'Recorder',
                vendor: 'auto',
                link: 'p2p',
                protocol: 'http',
                verify: 'verify',
                auth: 'auto',
                timeout: 10_000,
                maxSockets: 1,
                serial: far.recorder.serial,
                cloud: 'custom',
                cloudServer: `127.0.0.1:${far.cloud.port}`,
                version: 1,
            };
            const tunnel = {
                id: 'tunnel',
                type: 'intelbras-p2p-tunnel',
                z: 'tab',
                x: 200,
                y: 100,
                // Saved, but not running: only its dialog counts here.
                d: true,
                name: '',
                device: 'device',
                backend: 'auto',
                route: 'auto',
                ports: [
                    { service: 'sdk', remote: 37777, local: 0 },
                    { service: 'http', remote: 80, local: 18080 },
                ],
                bind: '127.0.0.1',
                open: 'deploy',
                idle: 0,
                sdkPath: '',
                sdkNode: '',
                version: 1,
                wires: [[]],
            };
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, device, tunnel],
                credentials: { device: DEMO_LOGIN },
                settings: { httpAdminRoot: '/admin' },
            });
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed, { height: 1000 });
            editor.page.setDefaultTimeout(20_000);
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
            await far?.close();
        });

        const picture = (name: string) =>
            editor.page
                .locator('.red-ui-tray')
                .last()
                .screenshot({ path: join(PICTURES, `${name}.png`) });
        const field = (name: string) => editor.page.locator(`#node-config-input-${name}`);
        const own = (name: string) => editor.page.locator(`#node-input-${name}`);

        /** Presses the button of the P2P test and waits until it has told what it found. */
        async function test(expected: RegExp): Promise<string> {
            await editor.page.locator('#vigia-p2p-test').click();
            const told = editor.page.locator('#vigia-p2p-result', { hasText: expected });
            await told.waitFor();
            await editor.page.locator('#vigia-p2p-test:not([disabled])').waitFor();
            return editor.text('#vigia-p2p-result');
        }

        it('ask for a serial number where the recorder is behind the cloud, and for no address', async () => {
            await editor.openConfig('device-config');
            assert.equal(await field('serial').isVisible(), false);
            await field('link').selectOption('p2p');
            assert.equal(await field('serial').isVisible(), true);
            assert.equal(await field('host').isVisible(), false);
            assert.equal(await editor.page.locator('#vigia-discover').isVisible(), false);
            assert.equal(await field('cloudServer').isVisible(), false);
            await field('cloud').selectOption('custom');
            assert.equal(await field('cloudServer').isVisible(), true);
            assert.match((await field('serial').getAttribute('class')) ?? '', /input-error/);
            await field('serial').fill(far.recorder.serial);
            await field('serial').blur();
            await editor.page.locator('#node-config-input-serial:not(.input-error)').waitFor();
            await picture('p2p-device');
            const server = (state: string) =>
                editor.page.locator(`#node-config-input-cloudServer${state}`).waitFor({ state: 'attached' });
            await server('.input-error');
            await field('cloudKey').fill('own-key');
            await field('cloudKey').blur();
            await server(':not(.input-error)');
            await field('cloudKey').fill('');
            await field('cloudKey').blur();
            await server('.input-error');
            await field('cloud').selectOption('dmss');
            await server(':not(.input-error)');
            await editor.cancel();
        });

        it('test the cloud, the route and the login with the password that is saved', async () => {
            await editor.openConfig('device-config', 'device');
            assert.equal(await field('password').inputValue(), '__PWRD__');
            const told = await test(/password are right/);
            assert.match(told, /is online \(\d+ ms\).*Reached directly \(\d+ ms\).*User and password are right/);
            await picture('p2p-test');
            await editor.cancel();
        });

        it('tell a wrong password from a recorder that is not there, and spare it the next click', async () => {
            await editor.openConfig('device-config', 'device');
            await field('serial').fill('TESTSN0000009');
            assert.match(await test(/not online|not registered|not known/), /Intelbras Cloud/);
            await picture('p2p-test-offline');
            await field('serial').fill(far.recorder.serial);
            await field('password').fill('wrong');
            assert.match(await test(/refuses/), /is online.*refuses the P2P login/);
            await picture('p2p-test-wrong-password');
            const spared = await test(/No login is tried/);
            assert.match(spared, /^No login is tried before .*Correct it above and test again\./);
            await editor.cancel();
        });

        it('let the button rest while a test runs, and name the permission that is missing', async () => {
            let answer: (status: number) => void = () => undefined;
            const status = new Promise<number>((resolve) => {
                answer = resolve;
            });
            await editor.page.route('**/intelbras-p2p-tunnel/test', async (route) =>
                route.fulfill({ status: await status, body: 'Unauthorized' }),
            );
            await editor.openConfig('device-config', 'device');
            await editor.page.locator('#vigia-p2p-test').click();
            await editor.page.locator('#vigia-p2p-test[disabled]').waitFor();
            answer(403);
            await editor.page.locator('#vigia-p2p-test:not([disabled])').waitFor();
            assert.match(await editor.text('#vigia-p2p-result'), /intelbras-p2p-tunnel\.write/);
            // The page is told so by the test, not by Node-RED.
            editor.problems.length = 0;
            await editor.page.unroute('**/intelbras-p2p-tunnel/test');
            await editor.cancel();
        });

        it('show the ports of a tunnel, and save what is changed', async () => {
            await editor.openNode('tunnel');
            const rows = editor.page.locator('#vigia-ports .vigia-line');
            assert.equal(await rows.count(), 2);
            assert.equal(await rows.nth(0).locator('.vigia-local').inputValue(), '');
            assert.equal(await rows.nth(1).locator('.vigia-local').inputValue(), '18080');
            await editor.page.locator('.vigia-list .red-ui-editableList-addButton').click();
            await rows.nth(2).locator('select').selectOption('rtsp');
            assert.equal(await rows.nth(2).locator('.vigia-remote').inputValue(), '554');
            await own('open').selectOption('message');
            await own('idle').fill('300');
            await picture('p2p-tunnel');
            await editor.page.locator('#vigia-advanced summary').click();
            assert.equal(await own('sdkPath').isVisible(), true);
            await own('backend').selectOption('native');
            assert.equal(await own('sdkPath').isVisible(), false);
            await own('route').selectOption('relay');
            await picture('p2p-tunnel-advanced');
            await editor.done();
            assert.deepEqual(await editor.property('tunnel', 'ports'), [
                { service: 'sdk', remote: 37777, local: 0 },
                { service: 'http', remote: 80, local: 18080 },
                { service: 'rtsp', remote: 554, local: 0 },
            ]);
            for (const [name, value] of Object.entries({ open: 'message', backend: 'native', route: 'relay' })) {
                assert.equal(await editor.property('tunnel', name), value);
            }
            assert.equal(Number(await editor.property('tunnel', 'idle')), 300);
            assert.deepEqual(await editor.faults('tunnel'), []);
        });

        it('name what is wrong with a port', async () => {
            await editor.openNode('tunnel');
            await editor.page.locator('#vigia-ports .vigia-remote').first().fill('70000');
            await editor.done();
            assert.match((await editor.faults('tunnel')).join(), /ports/i);
        });

        it('work without a single error in the page', () => {
            assert.deepEqual(editor.problems, []);
        });
    });
}
