import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { HttpClient } from '../../protocols/http/client';
import { ask } from '../../protocols/isapi/request';
import { notifyCenter } from '../../protocols/operations/detection';
import { Camera } from '../../simulator/camera';
import { Nvr } from '../../simulator/nvr';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };
const TAB = { id: 'tab', type: 'tab', label: 'Test' };

/** Pictures of the dialogs, for whoever wants to see them; never compared. */
const PICTURES = join(packageRoot, '.cache', 'screenshots');

/** As somebody does who unticks “Notify Surveillance Center” in the page of the device. */
async function keepToItself(device: Nvr, trigger: string): Promise<void> {
    const client = new HttpClient({ protocol: 'http', host: '127.0.0.1', port: device.port, auth: 'auto', ...LOGIN });
    await notifyCenter((request) => ask(client, request), trigger, false);
    client.close();
}

for (const runtime of RUNTIMES) {
    describe(`the buttons of a device in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;
        /** What the routes of the buttons were asked by address, and what they answered. */
        const answers: string[] = [];
        let camera: Camera;
        let secure: Camera;
        let nvr: Nvr;

        before(async () => {
            mkdirSync(PICTURES, { recursive: true });
            camera = await new Camera({ login: LOGIN }).listen();
            secure = await new Camera({ login: LOGIN, tls: true }).listen();
            nvr = await new Nvr({ login: LOGIN }).listen();
            await keepToItself(nvr, 'VMD-3');
            const saved = {
                id: 'saved',
                type: 'device-config',
                name: 'Recorder',
                host: '127.0.0.1',
                port: nvr.port,
                version: 1,
            };
            const stream = {
                id: 'stream',
                type: 'isapi-alertstream',
                z: 'tab',
                x: 200,
                y: 100,
                d: true,
                device: 'saved',
                kinds: [],
                channels: [],
                version: 1,
                wires: [[], []],
            };
            const request = { ...stream, id: 'request', type: 'isapi-request', y: 200, params: {}, wires: [[]] };
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [
                    TAB,
                    saved,
                    stream,
                    { ...request, operation: 'snapshot' },
                    { ...request, id: 'trigger', y: 300, operation: 'notifySurveillanceCenter' },
                ],
                credentials: { saved: LOGIN },
                settings: { httpAdminRoot: '/admin' },
            });
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed, { height: 1000 });
            editor.page.on('response', async (response) => {
                if (/\/device-config\/\w+$/.test(response.url())) answers.push(response.url(), await response.text());
            });
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
            await Promise.all([camera?.close(), secure?.close(), nvr?.close()]);
        });

        const picture = (name: string) =>
            editor.page
                .locator('.red-ui-tray')
                .last()
                .screenshot({ path: join(PICTURES, `${name}.png`) });
        const field = (name: string) => editor.page.locator(`#node-config-input-${name}`);
        const result = '#vigia-test-result';

        async function fillNew(port: number, password = LOGIN.password) {
            await editor.openConfig('device-config');
            await field('host').fill('127.0.0.1');
            await field('port').fill(String(port));
            await field('username').fill(LOGIN.username);
            await field('password').fill(password);
        }

        async function test() {
            await editor.page.locator('#vigia-test').click();
            await editor.page.locator('#vigia-test:not([disabled])').waitFor();
            return editor.text(result);
        }

        it('tests what is typed, before anything is saved', async () => {
            await fillNew(camera.port);
            const told = await test();
            for (const fact of [/admits the login/, /DS-2CD2185FWD-I \(camera\)/, /AAWR100000001/, /V5\.7\.12/]) {
                assert.match(told, fact);
            }
            assert.match(told, /1 Portaria/);
            assert.match(told, /Digest, MD5|Digest, SHA-256/);
            assert.match(told, /at least one is free/);
            assert.match(told, /Clock right/);
            assert.match(told, /not locked/);
            assert.equal(
                await editor.run('document.activeElement.id'),
                'vigia-test',
                'the keyboard goes on from there',
            );
            await picture('test');
            await editor.cancel();
        });

        it('says in the words of the dialog what is filled in wrongly', async () => {
            await fillNew(99_999);
            assert.match(
                await test(),
                /“Port” is not usable: 99999 is not between .*Correct it above and test again\./,
            );
            await field('port').fill('');
            await field('host').fill('');
            assert.match(await test(), /^The device has no host\. Correct it above and test again\.$/);
            await editor.cancel();
        });

        it('tells of a wrong password once, with the tries that are left, and spares the device the next click', async () => {
            const before = camera.logins.rejected;
            await fillNew(camera.port, 'wrong');
            assert.match(await test(), /User name or password is wrong.*tries are left/);
            await picture('wrong-password');
            assert.match(await test(), /No login is tried before \d+:\d\d [AP]M, because/);
            assert.equal(camera.logins.rejected, before + 1);
            await editor.cancel();
        });

        it('shows the fingerprint of a certificate that nobody vouches for, and pins it at a click', async () => {
            await fillNew(secure.port);
            await field('protocol').selectOption('https');
            assert.match(await test(), /not trusted.*Fingerprint: [\dA-F:]{95}/);
            await picture('fingerprint');
            await editor.page.locator(`${result} button`, { hasText: 'Pin this fingerprint' }).click();
            await editor.page.locator(`${result} dl`).waitFor();
            assert.match(await editor.text(result), /admits the login/);
            assert.equal(await field('verify').inputValue(), 'pin');
            assert.match(await field('fingerprint').inputValue(), /^[\dA-F:]{95}$/);
            await editor.cancel();
        });

        it('uses the saved password where the field only stands for it', async () => {
            await editor.openConfig('device-config', 'saved');
            assert.equal(await field('password').inputValue(), '__PWRD__');
            assert.match(await test(), /admits the login.*\(recorder\)/);
            await editor.cancel();
        });

        it('downloads a report without names, addresses and numbers', async () => {
            await fillNew(camera.port);
            const [download] = await Promise.all([
                editor.page.waitForEvent('download'),
                editor.page.locator('#vigia-diagnostics').click(),
            ]);
            assert.match(download.suggestedFilename(), /^vigia-diagnostics-camera-[\d-]+\.json$/);
            const text = readFileSync(await download.path(), 'utf8');
            assert.equal(JSON.parse(text).format, 'vigia-diagnostics');
            for (const canary of [camera.profile.serial, camera.profile.mac, 'Portaria', LOGIN.password]) {
                assert.ok(!text.includes(canary), canary);
            }
            await editor.page.locator('#vigia-diagnostics:not([disabled])').waitFor();
            assert.match(await editor.text(result), /was saved: \d+ answers/);
            await picture('diagnostics');
            await editor.cancel();
        });

        it('lists what the search found, or why it found nothing, and fills in what is chosen', async () => {
            const searches: object[] = [
                {
                    devices: [],
                    interfaces: [{ name: 'eth0', address: '172.17.0.2' }],
                    problems: [{ reason: 'container' }, { reason: 'port-busy', port: 37020 }],
                },
                {
                    devices: [
                        {
                            protocol: 'dhdiscover',
                            vendor: 'dahua',
                            address: '192.0.2.8',
                            httpPort: 8080,
                            name: 'Garagem',
                            model: 'NVD 1408',
                            serial: '6F01',
                            heardOn: 'eth0',
                        },
                        {
                            protocol: 'sadp',
                            vendor: 'hikvision',
                            address: '192.0.2.9',
                            httpPort: 80,
                            model: 'DS-2CD2185FWD-I',
                            activated: false,
                            heardOn: 'eth0',
                        },
                    ],
                    interfaces: [{ name: 'eth0', address: '192.0.2.1' }],
                    problems: [],
                },
            ];
            // What a search sends has no place in a test: only its answer is shown here.
            await editor.page.route('**/device-config/discover', (route) => route.fulfill({ json: searches.shift() }));
            await editor.openConfig('device-config');
            const found = '#vigia-discover-result';
            await editor.page.locator('#vigia-discover').click();
            await editor.page.locator('#vigia-discover:not([disabled])').waitFor();
            assert.match(await editor.text(found), /container network.*37020 is held.*eth0 \(172\.17\.0\.2\)/);
            await picture('discover-nothing');
            await editor.page.locator('#vigia-discover').click();
            await editor.page.locator(`${found} .vigia-found`).first().waitFor();
            assert.match(await editor.text(found), /2 devices found.*Garagem · NVD 1408.*no password yet/);
            await picture('discover');
            await editor.page.locator(`${found} .vigia-found`).first().click();
            assert.equal(await field('host').inputValue(), '192.0.2.8');
            assert.equal(await field('port').inputValue(), '8080');
            assert.equal(await field('vendor').inputValue(), 'dahua');
            assert.equal(await field('name').inputValue(), 'Garagem');
            assert.ok(await field('password').evaluate((input) => input === input.ownerDocument.activeElement));
            await editor.page.unroute('**/device-config/discover');
            await editor.cancel();
        });

        it('tells how far the search has come', async () => {
            let answer: (report: object) => void = () => undefined;
            const report = new Promise<object>((resolve) => {
                answer = resolve;
            });
            await editor.page.route('**/device-config/discover', async (route) =>
                route.fulfill({ json: await report }),
            );
            const listen = '(topic, tell) => { window.tell = tell; }';
            await editor.run(`(window.subscribe = RED.comms.subscribe, RED.comms.subscribe = ${listen}, true)`);
            await editor.openConfig('device-config');
            await editor.page.locator('#vigia-discover').click();
            await editor.run("window.tell('vigia/device-search', { found: 3, left: 1500 })");
            const shown = '#vigia-discover-result';
            assert.equal(await editor.text(shown), 'Searching: 3 found so far, 2 s left');
            answer({ devices: [], interfaces: [], problems: [{ reason: 'nothing-answered' }] });
            await editor.page.locator('#vigia-discover:not([disabled])').waitFor();
            await editor.run("window.tell('vigia/device-search', { found: 4, left: 500 })");
            assert.match(await editor.text(shown), /Nothing answered/);
            await editor.run('(RED.comms.subscribe = window.subscribe, true)');
            await editor.page.unroute('**/device-config/discover');
            await editor.cancel();
        });

        it('fills channels and events of a stream from its device, and marks what the device keeps to itself', async () => {
            await editor.openNode('stream');
            await editor.page.locator('#vigia-pick').click();
            const boxes = editor.page.locator('#vigia-pick-result .vigia-boxes');
            await boxes.first().waitFor();
            await picture('pick');
            const text = await editor.text('#vigia-pick-result');
            assert.match(text, /Channels of the device.*Events of the device/);
            assert.match(
                text,
                /Motion The device keeps it to itself on channel 3: “Notify Surveillance Center” is off/,
            );
            const second = boxes.first().locator('label').nth(1);
            assert.match((await second.textContent()) ?? '', /^\s*2 \S/);
            await second.click();
            await boxes.nth(1).locator('label', { hasText: 'Motion' }).first().click();
            assert.equal(await editor.page.locator('#vigia-channels').inputValue(), '2');
            await editor.done();
            assert.deepEqual(await editor.property('stream', 'channels'), [2]);
            assert.deepEqual(await editor.property('stream', 'kinds'), ['motion']);
        });

        /** Clicks the button beside a parameter of a request, and gives what the device offers. */
        async function offered(node: string, parameter: string) {
            await editor.openNode(node);
            await editor.page.locator(`#vigia-choose-${parameter}`).click();
            const lines = editor.page.locator('#vigia-params .vigia-boxes label');
            await lines.first().waitFor();
            await picture(`choose-${parameter}`);
            return lines;
        }

        it('fills the channel of a ready operation from the device', async () => {
            const channels = await offered('request', 'channel');
            assert.match((await channels.nth(1).textContent()) ?? '', /^\s*2 \S/);
            await channels.nth(0).click();
            await channels.nth(1).click();
            await editor.done();
            assert.deepEqual(await editor.property('request', 'params'), { channel: { type: 'num', value: '2' } });
        });

        it('fills the trigger of a ready operation, and marks those that are switched off', async () => {
            const triggers = await offered('trigger', 'trigger');
            const quiet = triggers.filter({ hasText: 'VMD-3' });
            assert.match((await quiet.textContent()) ?? '', /VMD-3 · Motion.*“Notify Surveillance Center” is off/);
            await quiet.click();
            await editor.done();
            assert.deepEqual(await editor.property('trigger', 'params'), { trigger: { type: 'str', value: 'VMD-3' } });
        });

        it('offers nothing beside what the device cannot list', async () => {
            await editor.openNode('request');
            await editor.page.locator('#vigia-operation').selectOption('audioPlay');
            await editor.page.locator('#vigia-param-channel').waitFor({ state: 'attached' });
            assert.equal(await editor.page.locator('#vigia-choose-channel').count(), 0);
            await editor.cancel();
        });

        it('repeats no password in an answer, and puts none into an address', () => {
            assert.ok(answers.length > 4);
            for (const secret of [LOGIN.password]) assert.ok(!answers.join().includes(secret));
        });

        it('works without a single error in the page', () => {
            assert.deepEqual(editor.problems, []);
        });
    });
}
