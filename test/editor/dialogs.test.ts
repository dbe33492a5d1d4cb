import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    'node-red': { nodes: Record<string, string> };
};
const FLOW_NODES = Object.keys(manifest['node-red'].nodes)
    .filter((type) => type !== 'device-config')
    .sort();

const device = {
    id: 'device',
    type: 'device-config',
    name: 'portaria',
    vendor: 'auto',
    link: 'direct',
    host: '127.0.0.1',
    port: '9',
    protocol: 'http',
    tls: '',
    verify: 'verify',
    fingerprint: '',
    auth: 'auto',
    timeout: '10000',
    maxSockets: 1,
    serial: 'ABC123',
    cloud: 'easy4ip',
    cloudServer: '',
    isupId: '',
    listener: '',
    version: 1,
};
const filter = {
    repeat: 'edges',
    hold: 5000,
    replay: 'live',
    pictures: 'with',
    heartbeats: false,
    once: false,
    version: 1,
};
const stream = {
    id: 'stream',
    type: 'isapi-alertstream',
    z: 'tab',
    x: 200,
    y: 100,
    name: '',
    device: 'device',
    mode: 'auto',
    kinds: ['line-crossing', 'perimeter'],
    channels: [1, 3],
    catchUp: true,
    watchdog: 60,
    wires: [[], []],
    ...filter,
};
const alarm = {
    id: 'alarm',
    type: 'alarm-http-in',
    z: 'tab',
    x: 200,
    y: 200,
    name: '',
    listen: 'own',
    bind: '127.0.0.1',
    port: 48080,
    path: '/alarm',
    tls: '',
    auth: 'none',
    allow: ['10.0.0.0/8'],
    proxies: [],
    maxBody: 32,
    answer: 'at-once',
    kinds: ['softio'],
    channels: [],
    device: '',
    slot: '2',
    advertise: '',
    wires: [[], []],
    ...filter,
};
const login = { username: 'admin', password: 'a-password' };
const flows = [{ id: 'tab', type: 'tab', label: 'Test' }, device, stream, alarm];

for (const runtime of RUNTIMES) {
    describe(`the editor of ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;

        before(async () => {
            const settings = { httpAdminRoot: '/admin', httpNodeRoot: '/flows' };
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows,
                settings,
                credentials: { device: login, alarm: login },
            });
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed);
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
        });

        it('shows every node in the palette, under a category of their own, each with its icon and its help', async () => {
            const palette = editor.page.locator('#red-ui-palette-CCTV .red-ui-palette-node');
            const shown = await palette.evaluateAll((nodes) =>
                nodes.map((node) => node.getAttribute('data-palette-type')),
            );
            assert.deepEqual(shown.sort(), FLOW_NODES);
            for (const type of FLOW_NODES) {
                const icon = await editor.run(`RED.utils.getNodeIcon(RED.nodes.getType('${type}'))`);
                assert.match(String(icon), /^icons\/@vigia\/node-red-cctv\/vigia-\w+\.svg$/);
                const served = await editor.page.request.get(`${nodeRed.url}/${icon}`);
                assert.equal(served.status(), 200);
                assert.match(String(await editor.run(`RED.nodes.getNodeHelp('${type}')`)), /<h3>Outputs?<\/h3>/);
            }
        });

        it('keeps what the dialogs do not show, and changes nothing when nothing was changed', async () => {
            for (const node of [stream, alarm]) {
                await editor.openNode(node.id);
                await editor.done();
                assert.equal(await editor.property(node.id, 'changed'), false, `${node.id} was not changed`);
                for (const [name, value] of Object.entries(node)) {
                    if (['id', 'type', 'z', 'x', 'y', 'wires'].includes(name)) continue;
                    assert.deepEqual(await editor.property(node.id, name), value, `${node.id}.${name}`);
                }
            }
        });

        it('takes events from the list, or as free text for words that the list lacks', async () => {
            await editor.openNode('stream');
            const field = editor.page.locator('#vigia-kinds + .red-ui-typedInput-container');
            assert.match(
                await editor.text('#vigia-kinds + .red-ui-typedInput-container'),
                /Line crossing, Perimeter: all/,
            );
            await field.locator('.red-ui-typedInput-option-trigger').click();
            await editor.page
                .locator('.red-ui-typedInput-options:visible a', { hasText: 'Vehicles: Licence plate' })
                .click();
            await editor.page.keyboard.press('Escape');
            await editor.page.locator('#vigia-channels').fill('2; 33');
            await editor.done();
            assert.deepEqual(await editor.property('stream', 'kinds'), ['perimeter', 'line-crossing', 'plate']);
            assert.deepEqual(await editor.property('stream', 'channels'), [2, 33]);

            await editor.openNode('alarm');
            const free = editor.page.locator('#vigia-kinds + .red-ui-typedInput-container input:visible');
            assert.equal(await free.inputValue(), 'softio');
            await free.fill('softio, motion');
            await editor.done();
            assert.deepEqual(await editor.property('alarm', 'kinds'), ['softio', 'motion']);
        });

        it('says why a value cannot be used', async () => {
            await editor.openNode('alarm');
            await editor.page.locator('#node-input-port').fill('99999');
            await editor.page.locator('#node-input-path').fill('/my alarm');
            await editor.page.locator('#vigia-advanced .red-ui-editableList-addButton').first().click();
            await editor.page.locator('#vigia-allow input').last().fill('10.0.0.300');
            await editor.done();
            assert.deepEqual(await editor.faults('alarm'), [
                'Port: a number from 1 to 65535 is needed',
                'Path: only letters, digits and - . _ ~ / % are possible',
                'Allowed addresses: “10.0.0.300” is not an IP address or range',
            ]);

            await editor.openNode('alarm');
            // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED fills it in, not JavaScript
            await editor.page.locator('#node-input-port').fill('${ALARM_PORT}');
            await editor.page.locator('#node-input-path').fill('/alarm');
            await editor.page.locator('#vigia-allow input').last().fill('fd00::/8');
            await editor.done();
            assert.deepEqual(await editor.faults('alarm'), []);
            assert.deepEqual(await editor.property('alarm', 'allow'), ['10.0.0.0/8', 'fd00::/8']);
        });

        it('asks for the name and the password of a login that it shall check', async () => {
            const { page } = editor;
            const needed = ['Authentication: a user name and a password are needed for it'];
            await editor.openNode('alarm');
            await page.locator('#node-input-auth').selectOption('digest');
            await page.locator('#node-input-password').fill('');
            await page.locator('#node-input-password').blur();
            await page.locator('#node-input-auth.input-error').waitFor();
            await editor.done();
            assert.deepEqual(await editor.faults('alarm'), needed);

            await editor.openNode('alarm');
            await page.locator('#node-input-password').fill('another-password');
            await editor.done();
            assert.deepEqual(await editor.faults('alarm'), []);

            await editor.openNode('alarm');
            await page.locator('#node-input-auth').selectOption('none');
            await editor.done();
            assert.deepEqual(await editor.faults('alarm'), []);
        });

        it('shows the address that the device must call', async () => {
            await editor.openNode('alarm');
            const { page } = editor;
            const url = page.locator('#vigia-url');
            await page.locator('#node-input-port').fill('8080');
            assert.equal(await url.inputValue(), 'http://127.0.0.1:8080/alarm');
            assert.ok(
                await page.locator('#vigia-url-local').isVisible(),
                'nobody else knows this machine as 127.0.0.1',
            );

            await page.locator('#node-input-listen').selectOption('nodered');
            assert.equal(await url.inputValue(), `${new URL(nodeRed.url).origin}/flows/alarm`);
            assert.match(await editor.text('#vigia-url-root'), /\/flows/);
            assert.equal(await page.locator('#node-input-port').isVisible(), false);
            assert.equal(await page.locator('#node-input-username').isVisible(), false);
            await page.locator('#node-input-auth').selectOption('digest');
            assert.ok(await page.locator('#node-input-username').isVisible());
            await editor.cancel();
        });

        it('asks of a new device no more than its address and its password', async () => {
            await editor.openConfig('device-config');
            const { page } = editor;
            await page.locator('#node-config-input-password').waitFor();
            const shown = page.locator('.vigia-form :is(input, select):visible');
            const ids = await shown.evaluateAll((fields) => fields.map((field) => (field as { id: string }).id));
            assert.deepEqual(
                ids.map((id) => id.replace('node-config-input-', '')),
                ['name', 'link', 'protocol', 'host', 'port', 'username', 'password'],
            );
            assert.equal(await page.locator('#node-config-input-username').inputValue(), 'admin');

            await page.locator('#node-config-input-host').fill('https://192.168.1.64:8443/doc/index.html');
            await page.locator('#node-config-input-password').fill('secret');
            assert.equal(await page.locator('#node-config-input-host').inputValue(), '192.168.1.64');
            assert.equal(await page.locator('#node-config-input-port').inputValue(), '8443');
            assert.equal(await page.locator('#node-config-input-protocol').inputValue(), 'https');
            assert.ok(await page.locator('#node-config-input-verify').isVisible(), 'https asks about the certificate');
            assert.equal(await page.locator('#node-config-input-fingerprint').isVisible(), false);
            await page.locator('#node-config-input-verify').selectOption('pin');
            assert.ok(await page.locator('#node-config-input-fingerprint').isVisible());
            await editor.cancel();
        });

        it('keeps the settings of links that it does not show', async () => {
            await editor.openConfig('device-config', 'device');
            await editor.page.locator('#node-config-input-host').fill('127.0.0.2');
            await editor.done();
            for (const [name, value] of Object.entries({ ...device, host: '127.0.0.2' })) {
                if (!['id', 'type'].includes(name))
                    assert.deepEqual(await editor.property('device', name), value, name);
            }
        });

        it('folds rare settings away, opens them with the keyboard, and by itself where one was changed', async () => {
            await editor.openNode('stream');
            const { page } = editor;
            assert.equal(await page.locator('#node-input-watchdog').isVisible(), false);
            await page.locator('#vigia-advanced summary').focus();
            await page.keyboard.press('Enter');
            await page.locator('#node-input-watchdog').fill('90');
            await editor.done();
            await editor.openNode('stream');
            assert.ok(await page.locator('#node-input-watchdog').isVisible());
            await editor.cancel();
        });

        for (const [language, palette, label, tooltip] of [
            ['en-US', 'event stream', 'Channels', 'The live events of a device'],
            ['pt-BR', 'fluxo de eventos', 'Canais', 'Os eventos ao vivo de um dispositivo'],
            ['zh-CN', '事件流', '通道', '持续接收设备的实时事件'],
        ] as const) {
            it(`speaks ${language} in the palette, the dialogs and the help`, async () => {
                const translated = await openEditor(browser, nodeRed, { language });
                assert.ok((await translated.text('#red-ui-palette-CCTV')).includes(palette));
                for (const id of ['stream', 'alarm']) {
                    await translated.openNode(id);
                    const dialog = await translated.text('.vigia-form');
                    assert.ok(dialog.includes(label), `${language}: ${dialog}`);
                    assert.doesNotMatch(
                        dialog,
                        /[\w-]+\.(label|hint|option|pictures)\.|__\w+__/,
                        'no key and no placeholder is left',
                    );
                    await translated.cancel();
                }
                const help = String(await translated.run(`RED.nodes.getNodeHelp('isapi-alertstream')`));
                assert.ok(help.includes(tooltip));
                assert.deepEqual(translated.problems, []);
                await translated.close();
            });
        }

        it('loads and works without a single error in the page', () => {
            assert.deepEqual(editor.problems, []);
        });
    });
}
