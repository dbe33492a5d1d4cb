import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { ISAPI_REQUEST_DEFAULTS } from '../../runtime/settings/isapiRequest';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';

const device = { id: 'device', type: 'device-config', name: 'gate', host: '127.0.0.1', port: '9', version: 1 };
const request = (id: string, more: object) => ({
    ...ISAPI_REQUEST_DEFAULTS,
    id,
    type: 'isapi-request',
    z: 'tab',
    x: 200,
    y: 100,
    device: 'device',
    wires: [[]],
    ...more,
});
const door = request('door', {
    operation: 'doorCommand',
    params: { command: { type: 'str', value: 'alwaysOpen' }, door: { type: 'msg', value: 'door' } },
    timeout: '4000',
});
const custom = request('custom', {
    operation: 'custom',
    method: 'PUT',
    path: 'where',
    pathType: 'msg',
    body: '{"a":1}',
    bodyType: 'json',
});
const flows = [{ id: 'tab', type: 'tab', label: 'Test' }, device, door, custom, request('fresh', {})];

for (const runtime of RUNTIMES) {
    describe(`the dialog of isapi-request in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;

        before(async () => {
            nodeRed = await startNodeRed({ ...runtime.options, flows, settings: { httpAdminRoot: '/admin' } });
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed, { width: 1400, height: 1000 });
        });
        after(async () => {
            await browser?.close();
            await nodeRed?.close();
        });

        const list = () => editor.page.locator('#vigia-operation');
        const isOpen = async (id: string) => {
            await editor.openNode(id);
            await editor.page.waitForFunction(`$('#vigia-operation optgroup').length > 10`);
        };

        it('starts a new node with the defaults of the runtime', async () => {
            const defaults = (await editor.run(`RED.nodes.getType('isapi-request').defaults`)) as Record<
                string,
                { value: unknown }
            >;
            const values = Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]));
            assert.deepEqual(values, ISAPI_REQUEST_DEFAULTS);
        });

        it('changes nothing when nothing was changed', async () => {
            for (const node of [door, custom]) {
                await isOpen(node.id);
                await editor.done();
                assert.equal(await editor.property(node.id, 'changed'), false, node.id);
                for (const name of Object.keys(ISAPI_REQUEST_DEFAULTS)) {
                    const expected = (node as Record<string, unknown>)[name];
                    assert.deepEqual(await editor.property(node.id, name), expected, `${node.id}.${name}`);
                }
            }
        });

        it('shows the parameters of an operation, and the path only where it is wanted', async () => {
            await isOpen('door');
            assert.equal(await list().inputValue(), 'doorCommand');
            assert.equal(await editor.page.locator('#vigia-params .vigia-param').count(), 4);
            assert.match(await editor.text('#vigia-operation-help'), /never sent twice/);
            assert.equal(await editor.page.locator('#vigia-custom').isVisible(), false);
            assert.equal(await editor.page.locator('#vigia-paging').isVisible(), false);
            await list().selectOption('accessHistory');
            assert.equal(await editor.page.locator('#vigia-paging').isVisible(), true);
            await list().selectOption('custom');
            assert.equal(await editor.page.locator('#vigia-custom').isVisible(), true);
            assert.equal(await editor.page.locator('#vigia-params .vigia-param').count(), 0);
            await editor.cancel();
        });

        it('finds operations by any word, and fills in what is typed', async () => {
            await isOpen('fresh');
            await editor.page.locator('#vigia-operation-search').fill('preset go');
            await editor.page.locator('#vigia-operation-search').press('Enter');
            assert.equal(await list().inputValue(), 'ptzGotoPreset');
            await editor.page.locator('#vigia-params .red-ui-typedInput-container input:visible').nth(1).fill('7');
            await editor.done();
            assert.equal(await editor.property('fresh', 'operation'), 'ptzGotoPreset');
            assert.deepEqual(await editor.property('fresh', 'params'), { preset: { type: 'num', value: '7' } });
        });

        it('asks for passwords of doors from the environment or a message only', async () => {
            await isOpen('door');
            const types = await editor.run(
                `$('#vigia-param-password').typedInput('instance').typeList.map((type) => type.value)`,
            );
            assert.deepEqual(types, ['env', 'msg', 'flow', 'global']);
            await editor.cancel();
        });

        it('calls kinds of values and settings in the language of the editor', async () => {
            const translated = await openEditor(browser, nodeRed, { language: 'pt-BR' });
            await translated.openNode('door');
            await translated.page.waitForFunction(`$('#vigia-operation optgroup').length > 10`);
            const firstType = (name: string) =>
                translated.run(`$('#vigia-param-${name}').typedInput('instance').typeList[0].label`);
            await translated.page.locator('#vigia-operation').selectOption('ptzGotoPreset');
            assert.equal(await firstType('preset'), 'número');
            await translated.page.locator('#vigia-operation').selectOption('accessHistory');
            assert.equal(await firstType('withPictures'), 'booliano');
            const fault = { code: 'CONFIG_INVALID', details: { field: 'advertise' }, reason: { key: 'empty' } };
            const told = await translated.run(`vigiaDevice.explain(${JSON.stringify(fault)})`);
            assert.match(String(told), /“Endereço a chamar”/);
            assert.deepEqual(translated.problems, []);
            await translated.close();
        });

        it('raises no error in the page', () => assert.deepEqual(editor.problems, []));
    });
}
