import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { Camera } from '../../simulator/camera';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { EditorHand } from '../support/editorHand';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { takePicture } from '../support/screenshots';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };
const EDITOR_LOGIN = { username: 'builder', password: 'builder' };
/** bcrypt of “builder”; made once, as it takes its time. */
const HASH = '$2b$04$2gnvlFR1nymRc7PzznH2jOZtHNZXAiY99SzIItPYr.zVK.xm/E7y6';

for (const runtime of RUNTIMES) {
    const isLast = runtime === RUNTIMES.at(-1);

    describe(`a flow built by hand in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;
        let hand: EditorHand;
        let camera: Camera;
        let debug: string;
        let stream: string;

        before(async () => {
            camera = await new Camera({ login: LOGIN }).listen();
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [{ id: 'tab', type: 'tab', label: 'My cameras' }],
                // As in the Home Assistant add-on or behind a proxy, and with users: every button must find its way.
                settings: {
                    httpAdminRoot: '/admin',
                    adminAuth: {
                        type: 'credentials',
                        users: [{ username: EDITOR_LOGIN.username, password: HASH, permissions: '*' }],
                    },
                },
            });
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed, { login: EDITOR_LOGIN });
            hand = new EditorHand(editor);
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
            await camera?.close();
        });

        const field = (name: string) => editor.page.locator(`#node-input-${name}`);
        const deviceField = (name: string) => editor.page.locator(`#node-config-input-${name}`);
        /** Documents show the newest Node-RED. */
        const picture = async (name: string) => {
            if (isLast) await takePicture(editor.page, name);
        };

        /** The first message of the debug sidebar that holds the words, unfolded. */
        async function shown(words: RegExp): Promise<string> {
            await editor.run(`RED.sidebar.show('debug')`);
            const message = editor.page.locator('.red-ui-debug-msg', { hasText: words }).first();
            await message.waitFor();
            await message.locator('.red-ui-debug-msg-object-handle').first().click();
            await message
                .locator('.red-ui-debug-msg-object-key:visible', { hasText: /^pictures$/ })
                .first()
                .waitFor();
            await message.scrollIntoViewIfNeeded();
            return (await message.textContent()) ?? '';
        }

        it('begins with a debug node that shows whole messages', async () => {
            debug = await hand.drop('debug', 380, 100);
            await hand.open(debug);
            await editor.page.locator('.red-ui-tray .red-ui-typedInput-type-select').first().click();
            await editor.page
                .locator('.red-ui-typedInput-options:visible a', { hasText: 'complete msg object' })
                .click();
            await editor.done();
            assert.equal(await editor.property(debug, 'complete'), 'true');
        });

        it('gets the events of a camera: address and password, Test, Done, Deploy', async () => {
            stream = await hand.drop('isapi-alertstream', 150, 100);
            await hand.wire(stream, 0, debug);
            await hand.open(stream);
            await hand.add('device');
            await deviceField('name').fill('gate');
            await deviceField('host').fill(`http://127.0.0.1:${camera.port}/doc/page/login.asp`);
            await deviceField('password').fill(LOGIN.password);
            await editor.page.locator('#vigia-test').click();
            await editor.page.locator('#vigia-test-result .vigia-good').waitFor();
            assert.match(await editor.text('#vigia-test-result'), /admits the login.*DS-2CD2185FWD-I/);
            await picture('device-test');
            await hand.addDone();
            await editor.page.locator('#vigia-pick').click();
            await editor.page.locator('#vigia-pick-result label', { hasText: 'Line crossing' }).waitFor();
            await picture('alertstream');
            await editor.done();
            assert.deepEqual(await editor.faults(stream), []);
            await hand.deploy();
            await nodeRed.until(() => nodeRed.statuses.get(stream)?.fill === 'green', 'the stream');
            camera.emit({ type: 'linedetection', pictures: true });
            assert.match(await shown(/gate\/1\/line-crossing/), /pictures: array\[1\]/);
            await picture('alertstream-event');
        });

        it('gets what the camera posts: the node tells the camera where to', async () => {
            const port = await freePort();
            const alarm = await hand.drop('alarm-http-in', 150, 200);
            await hand.wire(alarm, 0, debug);
            await hand.open(alarm);
            await field('port').fill(String(port));
            await field('path').fill('/alarm/gate');
            await editor.page.locator('#vigia-set-up summary').click();
            await field('device').selectOption({ label: 'gate' });
            await editor.page.locator('#vigia-configure').scrollIntoViewIfNeeded();
            await picture('alarm-http-in');
            await editor.page.locator('#vigia-configure').click();
            const write = editor.page.locator('#vigia-configure-result button', { hasText: /^Write slot/ });
            await write.click();
            await editor.page.locator('#vigia-configure-result .vigia-good').waitFor();
            await editor.done();
            assert.deepEqual(await editor.faults(alarm), []);
            await hand.deploy();
            await nodeRed.until(() => nodeRed.statuses.get(alarm)?.fill === 'green', 'the listening host');
            camera.emit({ type: 'fielddetection', pictures: true });
            const posted = () =>
                nodeRed.debugMessages(debug).find(({ value }) => JSON.stringify(value).includes('"via":"alarm-http"'));
            await nodeRed.until(posted, 'the post');
            assert.match(await shown(/gate\/1\/intrusion/), /pictures: array\[1\]/);
            await picture('alarm-http-in-event');
        });

        it('searches the network for devices behind a login, too', async () => {
            await editor.openConfig('device-config');
            await editor.page.locator('#vigia-discover').click();
            await editor.page.locator('#vigia-discover:not([disabled])').waitFor();
            await editor.page.locator('#vigia-discover-result .vigia-note').first().waitFor();
            assert.doesNotMatch(await editor.text('#vigia-discover-result'), /permission|restarted/);
            await editor.cancel();
        });

        it('shows no password anywhere in the saved flow, and no error in the page', async () => {
            const flow = JSON.stringify(await editor.run('RED.nodes.createCompleteNodeSet({ credentials: false })'));
            assert.ok(!flow.includes(LOGIN.password));
            assert.deepEqual(editor.problems, []);
        });
    });
}
