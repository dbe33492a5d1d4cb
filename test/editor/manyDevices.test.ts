/** Five hundred devices in the Devices sidebar: what is fetched, and how little is touched when one of them changes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { drawScene } from '../../simulator/picture/scene';
import { alarmHost, TAB } from '../flows/flow';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';

const DEVICES = 500;
const AT_A_TIME = 20;

/** The hardware address of a device, its number at the end. */
const macOf = (index: number) => {
    const [high, low] = [index >> 8, index & 255].map((byte) => byte.toString(16).padStart(2, '0'));
    return `00:00:5e:00:${high}:${low}`;
};

const picture = drawScene({ title: 'many', clock: '12:00:00', background: [70, 110, 150] });

function body(index: number, eventType: string): FormData {
    const xml = `<EventNotificationAlert><macAddress>${macOf(index)}</macAddress><channelID>1</channelID>
        <eventType>${eventType}</eventType><eventState>active</eventState></EventNotificationAlert>`;
    const form = new FormData();
    form.append('event.xml', new Blob([xml], { type: 'application/xml' }), 'event.xml');
    form.append('a.jpg', new Blob([new Uint8Array(picture)], { type: 'image/jpeg' }), 'a.jpg');
    return form;
}

for (const runtime of RUNTIMES) {
    describe(`${DEVICES} devices in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;
        let url: string;
        let pictures = 0;

        const post = async (index: number, eventType: string) => {
            const answer = await fetch(url, { method: 'POST', body: body(index, eventType) });
            assert.equal(answer.status, 200);
        };

        before(async () => {
            const port = await freePort();
            url = `http://127.0.0.1:${port}/alarm`;
            nodeRed = await startNodeRed({ ...runtime.options, flows: [TAB, alarmHost(port)] });
            await nodeRed.until(() => nodeRed.statuses.get('alarms')?.fill === 'green', 'the listener');
            for (let first = 0; first < DEVICES; first += AT_A_TIME) {
                await Promise.all(Array.from({ length: AT_A_TIME }, (_, index) => post(first + index, 'VMD')));
            }
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed);
            editor.page.on('request', (request) => {
                if (request.url().includes('/vigia/picture')) pictures += 1;
            });
            await editor.run(`RED.sidebar.show('vigia-devices')`);
            await editor.page.getByText(`Devices: ${DEVICES}`).waitFor();
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
        });

        it('have a card each, and those in sight their picture', async () => {
            assert.equal(await editor.page.locator('.vigia-card').count(), DEVICES);
            await editor.page.locator('.vigia-card img[src^="data:"]').first().waitFor();
            await editor.page.waitForTimeout(500);
            assert.ok(pictures > 0 && pictures < 20, `${pictures} pictures were fetched`);
        });

        it('touch nothing but the card of the device that changed', async () => {
            await editor.run(`(window.touched = [], new MutationObserver((changes) => {
                for (const { target } of changes) {
                    window.touched.push($(target).closest('.vigia-card').find('.vigia-card-model').text());
                }
            }).observe($('.vigia-devices')[0], { subtree: true, childList: true, attributes: true, characterData: true }))`);
            const index = DEVICES - 1;
            await post(index, 'linedetection');
            await editor.page.locator('.vigia-card', { hasText: 'Line crossing' }).waitFor({ state: 'attached' });
            const touched = (await editor.run('window.touched')) as string[];
            assert.deepEqual([...new Set(touched)], [macOf(index)]);
        });

        it('have their picture even where a quick hand scrolled past them', async () => {
            let go: () => void = () => undefined;
            const held = new Promise<void>((resolve) => {
                go = resolve;
            });
            await editor.page.route('**/vigia/picture?*', async (route) => {
                await held;
                await route.continue();
            });
            // A page for each frame that is drawn, to the end of the list.
            await editor.run(`(async () => {
                const list = $('.vigia-devices-list')[0];
                for (let top = 0; top < list.scrollHeight; top += list.clientHeight) {
                    list.scrollTop = top;
                    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
                }
            })()`);
            const before = pictures;
            go();
            const passed = editor.page.locator('.vigia-card').nth(100);
            await passed.scrollIntoViewIfNeeded();
            await passed.locator('img[src^="data:"]').waitFor();
            assert.ok(pictures - before < 40, `${pictures - before} pictures were fetched`);
            await editor.page.unroute('**/vigia/picture?*');
        });

        it('are found among the others', async () => {
            await editor.page.getByRole('textbox', { name: 'Search devices' }).fill(macOf(321));
            await editor.page.waitForFunction(`$('.vigia-card:visible').length === 1`);
            assert.equal(await editor.text('.vigia-card:visible .vigia-card-model'), macOf(321));
            assert.deepEqual(editor.problems, []);
        });
    });
}
