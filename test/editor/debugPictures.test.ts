/** Pictures of a message as thumbnails in the debug sidebar. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { Camera } from '../../simulator/camera';
import { alertStream, debug, device, flowNode, LOGIN, TAB } from '../flows/flow';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';

/** The smallest GIF there is, and as many bytes of something else. */
const TINY = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'.padEnd(120, 'A'), 'base64');

function flows(port: number): object[] {
    const inject = (id: string, base64: string, to: string) =>
        flowNode(id, 'function', {
            func: `return { payload: { contentType: 'image/gif', data: Buffer.from('${base64}', 'base64') } };`,
            wires: [[to]],
        });
    return [
        TAB,
        device(port, { name: 'Portaria' }),
        alertStream({ wires: [['whole', 'single'], []], pictures: 'separate' }),
        debug('whole'),
        { ...debug('single'), complete: 'payload', targetType: 'msg' },
        { ...debug('other'), active: true },
        flowNode('start', 'inject', { props: [{ p: 'payload' }], wires: [['small', 'broken']] }),
        inject('small', TINY.toString('base64'), 'other'),
        inject('broken', Buffer.alloc(200, 0xff).toString('base64'), 'other'),
    ];
}

const message = (node: string) => `.red-ui-debug-msg-node-${node}`;

/** The picture of a message, once somebody scrolled to it. */
async function shown(editor: EditorPage, node: string): Promise<Locator> {
    const image = editor.page.locator(`${message(node)} .vigia-debug-picture`).first();
    await image.scrollIntoViewIfNeeded();
    await editor.page
        .locator(`${message(node)} .vigia-debug-picture[src^="data:image/jpeg"]`)
        .first()
        .waitFor();
    return image;
}

for (const runtime of RUNTIMES) {
    describe(`pictures in the debug sidebar of ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let camera: Camera;
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;
        const asked: string[] = [];

        before(async () => {
            camera = await new Camera({ login: LOGIN }).listen();
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: flows(camera.port),
                credentials: { device: LOGIN },
                // As it is where nobody set it: far less than a picture.
                settings: { httpAdminRoot: '/admin', debugMaxLength: 1000 },
            });
            await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'the stream');
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed);
            editor.page.on('request', (request) => {
                if (request.url().includes('/vigia/')) asked.push(request.url());
            });
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
            await camera?.close();
        });

        it('show those of a whole message, and a Buffer that is one', async () => {
            await editor.run(`RED.sidebar.show('debug')`);
            camera.emit({ type: 'linedetection', pictures: true });
            for (const node of ['whole', 'single']) {
                const image = await shown(editor, node);
                assert.match((await image.getAttribute('alt'))!, /^Picture, \d+ bytes$/);
                assert.ok(
                    await image.evaluate(
                        (element) => (element as unknown as { naturalWidth: number }).naturalWidth > 100,
                    ),
                );
            }
        });

        it('show what came whole without asking, and nothing for what is no picture', async () => {
            asked.length = 0;
            await nodeRed.adminPost('/inject/start', {});
            await shown(editor, 'other');
            await nodeRed.until(() => nodeRed.debugMessages('other').length === 2, 'both messages');
            assert.equal(await editor.page.locator(`${message('other')} .vigia-debug-picture`).count(), 1);
            assert.deepEqual(asked, []);
        });

        it('show nothing of what the runtime has forgotten, and fetch nothing that nobody sees', async () => {
            await editor.run(`RED.sidebar.show('info')`);
            asked.length = 0;
            for (let count = 0; count < 3; count += 1) camera.emit({ type: 'fielddetection', pictures: true });
            await nodeRed.until(() => nodeRed.debugMessages('single').length >= 4, 'the events');
            await editor.page.waitForTimeout(1000);
            assert.deepEqual(asked, []);
            const answer = await fetch(`${nodeRed.url}/vigia/picture`, {
                method: 'POST',
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify({ length: 5000, head: 'ffd8ff' }),
            });
            assert.equal(answer.status, 404);
        });

        it('are at most sixty', async () => {
            await editor.run(`RED.sidebar.show('debug')`);
            const data = { type: 'Buffer', data: [...TINY], length: TINY.length, __enc__: true };
            const sent = JSON.stringify(JSON.stringify({ pictures: Array.from({ length: 8 }, () => ({ data })) }));
            await editor.run(`Array.from({ length: 20 }, (_, index) => RED.hooks.trigger('debugPostProcessMessage', {
                message: { format: 'Object' }, element: $('.red-ui-debug-msg').first(), payload: JSON.parse(${sent}),
            }))`);
            await editor.page.waitForFunction(`$('.vigia-debug-picture').length === 60`);
            assert.deepEqual(editor.problems, []);
        });
    });
}

describe('the debug sidebar without pictures', { skip: browserMissing }, () => {
    it('shows none where settings.js says so', async () => {
        const camera = await new Camera({ login: LOGIN }).listen();
        const settings = { vigia: { debugPictures: false } };
        const credentials = { device: LOGIN };
        const nodeRed = await startNodeRed({ flows: flows(camera.port), credentials, settings });
        const browser = await startBrowser();
        try {
            await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'the stream');
            const editor = await openEditor(browser, nodeRed);
            await editor.run(`RED.sidebar.show('debug')`);
            camera.emit({ type: 'linedetection', pictures: true });
            await editor.page.locator(message('single')).first().waitFor();
            assert.equal(await editor.page.locator('.vigia-debug-pictures').count(), 0);
        } finally {
            await browser.close();
            await nodeRed.close();
            await camera.close();
        }
    });
});
