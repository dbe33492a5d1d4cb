import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';

const PLACE = { z: 'tab', d: true, wires: [] };

/** A flow that somebody wrote by hand, before there was a `version`: only what matters is in it. */
const flows = [
    { id: 'tab', type: 'tab', label: 'Test' },
    { id: 'gate', type: 'device-config', host: '192.0.2.64' },
    { ...PLACE, id: 'stream', type: 'isapi-alertstream', x: 100, y: 40, device: 'gate', hold: '2000' },
    { ...PLACE, id: 'alarm', type: 'alarm-http-in', x: 100, y: 80, path: '/gate' },
    { ...PLACE, id: 'request', type: 'isapi-request', x: 100, y: 120, device: 'gate', operation: 'snapshot' },
    { ...PLACE, id: 'isup', type: 'isup-in', x: 100, y: 160, accept: 'known' },
    { ...PLACE, id: 'tunnel', type: 'intelbras-p2p-tunnel', x: 100, y: 200, device: 'gate' },
    // And one in which nothing is as it should be.
    { ...PLACE, id: 'wrong', type: 'alarm-http-in', x: 100, y: 240, port: 'http', repeat: 'sometimes', allow: 'gate' },
];

/** What the dialogs show of them, by id of the field. */
const SHOWN: Record<string, Record<string, string>> = {
    stream: { hold: '2000', repeat: 'edges', replay: 'live', pictures: 'with', mode: 'auto', watchdog: '60' },
    alarm: { path: '/gate', port: '8080', listen: 'own', auth: 'none', answer: 'at-once', maxBody: '32' },
    request: { method: '', output: 'auto', paging: 'none', pathType: 'str', bodyType: 'msg' },
    isup: { accept: 'known', port: '7660', alarmPort: '7662', keepAlive: '15', misses: '6', alarms: 'off' },
    tunnel: { open: 'deploy', idle: '0', bind: '127.0.0.1', route: 'auto', backend: 'auto' },
};

for (const runtime of RUNTIMES) {
    describe(`a flow of before versions in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;

        before(async () => {
            nodeRed = await startNodeRed({ ...runtime.options, flows });
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed);
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
        });

        it('shows nodes with names that say something, and nothing to deploy', async () => {
            const label = (id: string) => editor.run(`RED.utils.getNodeLabel(RED.nodes.node('${id}'))`);
            assert.equal(await label('alarm'), ':8080/gate');
            assert.equal(await label('isup'), 'ISUP :7660');
            assert.equal(await label('gate'), '192.0.2.64');
            for (const id of Object.keys(SHOWN)) {
                assert.deepEqual(await editor.faults(id), [], id);
                assert.ok(!(await editor.property(id, 'changed')), id);
            }
        });

        it('fills the dialogs with the values that the nodes work by', async () => {
            for (const [id, fields] of Object.entries(SHOWN)) {
                await editor.openNode(id);
                for (const [name, value] of Object.entries(fields)) {
                    assert.equal(await editor.run(`$('#node-input-${name}').val()`), value, `${id}.${name}`);
                }
                await editor.done();
                // Node-RED itself takes a node with credentials for changed once its dialog was open.
                if (await editor.run(`RED.nodes.node('${id}').credentials`)) continue;
                assert.ok(!(await editor.property(id, 'changed')), `${id} was only looked at`);
            }
            await editor.openConfig('device-config', 'gate');
            for (const [name, value] of Object.entries({ link: 'direct', protocol: 'http', timeout: '10000' })) {
                assert.equal(await editor.run(`$('#node-config-input-${name}').val()`), value, name);
            }
            await editor.cancel();
        });

        it('says what cannot be meant, and the dialog offers what can', async () => {
            assert.deepEqual((await editor.faults('wrong')).sort(), [
                'Allowed addresses: “gate” is not an IP address or range',
                'Output: “sometimes” is none of edges, all',
                'Port: a number from 1 to 65535 is needed',
            ]);
            await editor.openNode('wrong');
            assert.equal(await editor.page.locator('#node-input-repeat').inputValue(), 'edges');
            await editor.page.locator('#node-input-port').fill('8088');
            await editor.page.locator('#vigia-allow input').fill('192.0.2.0/24');
            await editor.done();
            assert.deepEqual(await editor.faults('wrong'), []);
            assert.deepEqual(await editor.property('wrong', 'allow'), ['192.0.2.0/24']);
        });

        it('is saved with its version at the next deploy', async () => {
            await editor.page.locator('#red-ui-header-button-deploy').click();
            await editor.page.waitForFunction(`!RED.nodes.dirty()`);
            const saved = (await nodeRed.adminGet('/flows')) as { id: string; version?: number; port?: string }[];
            assert.equal(saved.find(({ id }) => id === 'wrong')?.port, '8088');
            for (const id of [...Object.keys(SHOWN), 'gate', 'wrong']) {
                assert.equal(saved.find((node) => node.id === id)?.version, 1, id);
            }
        });
    });
}
