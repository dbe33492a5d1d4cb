import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { IsupDevice } from '../../simulator/isupDevice';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { takePicture } from '../support/screenshots';

const KEY = 'Canary-7f3a';
const NEW_KEY = 'Other-key-42';

for (const runtime of RUNTIMES) {
    describe(`the dialog of isup-in in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;
        let port: number;
        const devices: IsupDevice[] = [];
        const device = (key: string, shortSerial: string) => {
            const one = new IsupDevice({ host: '127.0.0.1', port, deviceId: 'GATE1', key, shortSerial });
            devices.push(one);
            return one;
        };

        before(async () => {
            port = await freePort();
            const listener = {
                id: 'isup',
                type: 'isup-in',
                z: 'tab',
                x: 200,
                y: 100,
                name: '',
                bind: '127.0.0.1',
                port,
                alarmPort: await freePort(),
                advertise: '',
                proxyProtocol: 'off',
                accept: 'any',
                devices: [{ id: 'GATE1', name: 'portaria' }, { id: 'FARM1' }],
                keepAlive: 15,
                misses: 6,
                alarms: 'off',
                raw: false,
                version: 1,
                wires: [[], []],
            };
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [{ id: 'tab', type: 'tab', label: 'Test' }, listener],
                credentials: { isup: { key: KEY, keys: JSON.stringify({ FARM1: 'Farm-key-1' }) } },
            });
            await nodeRed.until(() => nodeRed.statuses.get('isup')?.text, 'the listener');
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed);
        });
        after(async () => {
            for (const one of devices) one.destroy();
            await browser?.close();
            await nodeRed?.close();
        });

        const table = () => editor.text('#vigia-isup-presence');
        const tableSays = (words: string) =>
            editor.page.waitForFunction(`$('#vigia-isup-presence').text().includes('${words}')`);

        async function deploy() {
            const before = nodeRed.logs.length;
            await editor.page.locator('#red-ui-header-button-deploy').click();
            await nodeRed.until(
                () => nodeRed.logs.slice(before).some((line) => /Started modified nodes|Started flows/i.test(line)),
                'the deploy',
            );
            await nodeRed.until(() => nodeRed.statuses.get('isup')?.text, 'the listener');
        }

        it('shows who is there, and again when asked', async () => {
            await editor.openNode('isup');
            await tableSays('No device has registered yet');
            assert.equal(await device(KEY, 'Q00000001').start(), 'online');
            await editor.page.locator('#vigia-isup-refresh').click();
            await tableSays('GATE1');
            const shown = await table();
            for (const words of ['online', 'GATE1', 'portaria', '127.0.0.1', '5.0', 'DS-TEST-CAM']) {
                assert.ok(shown.includes(words), `${words}: ${shown}`);
            }
            await takePicture(editor.page, 'isup-in');
            await editor.cancel();
        });

        it('takes a new key for one device, shows none, and leaves the others as they are', async () => {
            await editor.openNode('isup');
            const keys = editor.page.locator('.vigia-isup-key');
            for (const [at, placeholder] of ['Key', 'key unchanged'].entries()) {
                assert.equal(await keys.nth(at).inputValue(), '');
                assert.equal(await keys.nth(at).getAttribute('placeholder'), placeholder);
            }
            await keys.first().fill('short');
            assert.match((await keys.first().getAttribute('class')) ?? '', /input-error/);
            await keys.first().fill(NEW_KEY);
            assert.doesNotMatch((await keys.first().getAttribute('class')) ?? '', /input-error/);
            const saved = editor.page.waitForResponse((response) => response.url().endsWith('/isup-in/isup/keys'));
            await editor.done();
            assert.equal((await saved).status(), 204);
            assert.equal(await editor.property('isup', 'changed'), true, 'there is something to deploy');
            assert.deepEqual(await editor.property('isup', 'devices'), [
                { id: 'GATE1', name: 'portaria' },
                { id: 'FARM1' },
            ]);
            await deploy();
            assert.equal(await device(KEY, 'Q00000001').start(), 'refused', 'the key of before');
            assert.equal(await device(NEW_KEY, 'Q00000001').start(), 'online');
            const farm = { host: '127.0.0.1', port, deviceId: 'FARM1', key: 'Farm-key-1', shortSerial: 'Q00000002' };
            const other = new IsupDevice(farm);
            devices.push(other);
            assert.equal(await other.start(), 'online');
            assert.equal(
                JSON.stringify(await editor.run('RED.nodes.createCompleteNodeSet()')).includes(NEW_KEY),
                false,
            );
        });

        it('takes the key of a device along when its Device ID is corrected', async () => {
            await editor.openNode('isup');
            await editor.page.locator('.vigia-isup-id').nth(1).fill('FARM01');
            const saved = editor.page.waitForResponse((response) => response.url().endsWith('/isup-in/isup/keys'));
            await editor.done();
            assert.equal((await saved).status(), 204);
            await deploy();
            const farm = { host: '127.0.0.1', port, deviceId: 'FARM01', key: 'Farm-key-1', shortSerial: 'Q00000003' };
            const corrected = new IsupDevice(farm);
            devices.push(corrected);
            assert.equal(await corrected.start(), 'online');
            await editor.openNode('isup');
            const placeholder = editor.page.locator('.vigia-isup-key').nth(1);
            assert.equal(await placeholder.getAttribute('placeholder'), 'key unchanged');
            await editor.cancel();
        });

        it('lets the keyboard remove a device from the list', async () => {
            await editor.openNode('isup');
            const ids = editor.page.locator('.vigia-isup-id');
            assert.equal(await ids.count(), 2);
            await editor.page.locator('.red-ui-editableList-item-remove').first().press('Enter');
            await editor.page.waitForFunction(`$('.vigia-isup-id').length === 1`);
            assert.equal(await ids.first().inputValue(), 'FARM01');
            await editor.cancel();
        });

        it('works without a single error in the page', () => {
            assert.deepEqual(editor.problems, []);
        });
    });
}
