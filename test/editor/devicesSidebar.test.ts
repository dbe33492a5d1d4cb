/** The Devices sidebar, in a real browser on both Node-REDs, with simulated devices. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { Camera } from '../../simulator/camera';
import { IsupDevice } from '../../simulator/isupDevice';
import { Nvr } from '../../simulator/nvr';
import { alarmHost, alertStream, device, flowNode, LOGIN, TAB } from '../flows/flow';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { takePicture } from '../support/screenshots';

const ISUP_KEY = 'Canary-7f3a';
/** bcrypt of “reader”; made once, as it takes its time. */
const HASH = '$2b$04$JwKOnvIzMUxOVPnPl7K.s.r5ZEIzdCx1dxy40zDBpoLJBrH4./OwC';
const READER = { username: 'reader', password: 'reader' };

const SHOW = `RED.sidebar.show('vigia-devices')`;

/** What the editor asks of the sidebar's routes. */
function listen(editor: EditorPage): string[] {
    const asked: string[] = [];
    editor.page.on('request', (request) => {
        const { pathname, search } = new URL(request.url());
        if (pathname.includes('/vigia/')) asked.push(pathname + search);
    });
    return asked;
}

const cardOf = (editor: EditorPage, name: string): Locator =>
    editor.page.locator('.vigia-card').filter({ has: editor.page.getByRole('button', { name, exact: true }) });

/** The card once it holds this text. */
const cardWith = (editor: EditorPage, name: string, hasText: string | RegExp) =>
    cardOf(editor, name).filter({ hasText }).waitFor();

/** Pictures are fetched for cards in sight only. */
async function hasPicture(editor: EditorPage, name: string) {
    await cardOf(editor, name).scrollIntoViewIfNeeded();
    await cardOf(editor, name).locator('img[src^="data:image/"]').waitFor();
}

const names = (editor: EditorPage) => editor.page.locator('.vigia-card:visible .vigia-card-name').allTextContents();

for (const runtime of RUNTIMES) {
    const skip = browserMissing || runtime.skip;

    describe(`the Devices sidebar in ${runtime.name}`, { skip }, () => {
        let camera: Camera;
        let nvr: Nvr;
        let pushing: Camera;
        let session: IsupDevice;
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;
        let asked: string[];
        let flows: { id: string }[];

        before(async () => {
            camera = await new Camera({ login: LOGIN }).listen();
            nvr = await new Nvr({ login: LOGIN }).listen();
            const other = { name: 'Garagem', mac: '00:00:5e:00:53:99', serial: 'DS-2CD2185FWD-I20240101AAWR100000099' };
            pushing = await new Camera({ login: LOGIN, profile: other }).listen();
            const [alarmPort, isupPort, isupAlarms] = [await freePort(), await freePort(), await freePort()];
            flows = [
                TAB,
                { id: 'second', type: 'tab', label: 'Second' },
                device(camera.port, { id: 'd-gate', name: 'Portaria' }),
                device(nvr.port, { id: 'd-recorder', name: 'Gravador' }),
                device(camera.port, { id: 'd-wrong', name: 'Doca' }),
                device(1, { id: 'd-away', name: 'Galpão' }),
                device(80, { id: 'd-unfinished', name: 'Nova', host: '' }),
                alertStream({ id: 's-gate', device: 'd-gate' }),
                alertStream({ id: 's-recorder', device: 'd-recorder', y: 180 }),
                alertStream({ id: 's-wrong', device: 'd-wrong', y: 260 }),
                alertStream({ id: 's-away', device: 'd-away', y: 340 }),
                alarmHost(alarmPort, { z: 'second' }),
                flowNode('isup', 'isup-in', {
                    z: 'second',
                    y: 300,
                    bind: '127.0.0.1',
                    port: isupPort,
                    alarmPort: isupAlarms,
                    version: 1,
                    wires: [[], []],
                }),
            ] as { id: string }[];
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows,
                credentials: {
                    'd-gate': LOGIN,
                    'd-recorder': LOGIN,
                    'd-wrong': { username: 'admin', password: 'wrong' },
                    'd-away': LOGIN,
                    isup: { key: ISUP_KEY },
                },
                settings: { httpAdminRoot: '/admin' },
            });
            pushing.pushTo(`http://127.0.0.1:${alarmPort}/alarm`);
            session = new IsupDevice({ host: '127.0.0.1', port: isupPort, deviceId: 'GATE-4G', key: ISUP_KEY });
            await nodeRed.until(() => nodeRed.statuses.get('isup')?.text, 'the listener');
            await session.start();
            await nodeRed.until(() => nodeRed.statuses.get('s-gate')?.fill === 'green', 'the stream');
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed);
            asked = listen(editor);
        });

        after(async () => {
            session?.destroy();
            await browser?.close();
            await nodeRed?.close();
            await Promise.all([camera?.close(), nvr?.close(), pushing?.close()]);
        });

        it('asks for nothing while it is closed', async () => {
            camera.emit({ type: 'linedetection', pictures: true });
            await nodeRed.until(() => nodeRed.statuses.get('s-gate')?.text?.includes('Line crossing'), 'the event');
            assert.deepEqual(asked, []);
        });

        it('shows each configured device: its state, how it is reached, its model and its last event', async () => {
            await editor.run(SHOW);
            await cardWith(editor, 'Portaria', /Online since/);
            await cardWith(editor, 'Portaria', 'direct · 127.0.0.1');
            // It is asked for its model once somebody looks.
            await cardWith(editor, 'Portaria', 'DS-2CD2185FWD-I');
            await cardWith(editor, 'Portaria', 'Line crossing · channel 1');
            await cardWith(editor, 'Gravador', 'DS-7616NI-K2');
            await cardWith(editor, 'Gravador', 'No event yet');
            assert.equal(camera.requests.filter(({ url }) => url.includes('deviceInfo')).length, 1);
        });

        it('shows the last picture, small, whether it came before or while somebody looks', async () => {
            await hasPicture(editor, 'Portaria');
            const image = cardOf(editor, 'Portaria').getByRole('img', { name: 'Last picture of Portaria' });
            const before = await image.getAttribute('src');
            assert.ok(before!.length < 40_000, `${before!.length} characters`);
            camera.emit({ type: 'fielddetection', pictures: true });
            await cardWith(editor, 'Portaria', 'Intrusion · channel 1');
            await editor.page.waitForFunction(
                `$('.vigia-card img[src]').toArray().some(({ src }) => src.startsWith('data:') && src !== '${before}')`,
            );
        });

        it('counts the events of the last hour', async () => {
            const rate = cardOf(editor, 'Portaria').getByRole('img', { name: /Events in the last 60 minutes/ });
            assert.match((await rate.getAttribute('aria-label'))!, /: [2-9]/);
            assert.match((await rate.locator('path').getAttribute('d'))!, /^M5\d/);
        });

        it('says what is wrong and what to do about it', async () => {
            await cardWith(editor, 'Doca', /Locked until/);
            await cardWith(editor, 'Doca', /User name or password is wrong\. Correct them in device-config and deploy/);
            await cardWith(editor, 'Galpão', /Offline since/);
            await cardWith(editor, 'Galpão', /127\.0\.0\.1:1 refuses the connection\. Check the port/);
            await cardWith(editor, 'Nova', /Cannot work as configured/);
            await cardWith(editor, 'Nova', /The device has no host\. Open device-config/);
        });

        it('shows devices that nobody configured: those that post, and those that register by ISUP', async () => {
            pushing.emit({ type: 'VMD', pictures: true });
            await cardWith(editor, '127.0.0.1', /Last post at/);
            await cardWith(editor, '127.0.0.1', 'posts · 127.0.0.1');
            await cardWith(editor, '127.0.0.1', 'AAWR100000099');
            await hasPicture(editor, '127.0.0.1');
            await cardWith(editor, 'GATE-4G', /Online since/);
            await cardWith(editor, 'GATE-4G', 'ISUP · 127.0.0.1');
        });

        it('takes its colours from the theme', async () => {
            const theme = {
                '--red-ui-secondary-background': 'rgb(1, 2, 3)',
                '--red-ui-primary-text-color': 'rgb(4, 5, 6)',
            };
            if (runtime.options.nodeRed === undefined) await takePicture(editor.page, 'devices-sidebar');
            const style = 'document.documentElement.style';
            const css = Object.entries(theme).map((pair) => pair.join(':'));
            await editor.run(`${style}.cssText = '${css.join(';')}'`);
            const colours = await editor.run(`[
                getComputedStyle($('.vigia-card')[0]).backgroundColor,
                getComputedStyle($('.vigia-card-name')[0]).color,
            ]`);
            await editor.run(`${style}.cssText = ''`);
            assert.deepEqual(colours, Object.values(theme));
        });

        it('finds a device by a word, and shows only those that are online, away or in trouble', async () => {
            const sorted = ['127.0.0.1', 'Doca', 'Galpão', 'GATE-4G', 'Gravador', 'Nova', 'Portaria'];
            assert.deepEqual(await names(editor), sorted);
            const search = editor.page.getByRole('textbox', { name: 'Search devices' });
            const shows = async (expected: string[]) => {
                const wanted = JSON.stringify(expected);
                await editor.page.waitForFunction(
                    `JSON.stringify($('.vigia-card:visible .vigia-card-name').toArray().map((e) => e.textContent)) === '${wanted}'`,
                );
            };
            await search.fill('ds-7616');
            await shows(['Gravador']);
            await search.fill('nobody');
            await shows([]);
            await editor.page.getByText('No device matches.').waitFor();
            await search.fill('');
            await shows(sorted);
            const filter = (label: string) => editor.page.getByRole('button', { name: label, exact: true });
            await filter('problems').click();
            await shows(['Doca', 'Galpão', 'Nova']);
            await filter('offline').click();
            await shows(['Doca', 'Galpão', 'Nova']);
            await filter('online').click();
            await shows(['127.0.0.1', 'GATE-4G', 'Gravador', 'Portaria']);
            assert.equal(await filter('online').getAttribute('aria-pressed'), 'true');
            await filter('all').click();
            await editor.page.getByText('Devices: 7 · online: 4 · with problems: 3').waitFor();
        });

        it('leads to the node: the dialog of a device, or the listener on its flow', async () => {
            await cardOf(editor, 'GATE-4G').click();
            await editor.page.waitForFunction(`RED.workspaces.active() === 'second'`);
            // With the keyboard, too.
            await editor.page.getByRole('button', { name: 'Portaria', exact: true }).press('Enter');
            await editor.page.locator('#node-config-input-host').waitFor();
            assert.equal(await editor.page.locator('#node-config-input-name').inputValue(), 'Portaria');
            await editor.cancel();
        });

        it('lets a device go that is deployed no more, and notices one that changed', async () => {
            const rename = (node: { id: string }) => (node.id === 'd-gate' ? { ...node, name: 'Entrada' } : node);
            const kept = flows.filter(({ id }) => !id.endsWith('-away')).map(rename);
            await nodeRed.deploy(kept);
            await cardWith(editor, 'Entrada', /Online since/);
            assert.equal(await cardOf(editor, 'Portaria').count(), 0);
            assert.equal(await cardOf(editor, 'Galpão').count(), 0);
        });

        it('asks for nothing once it is closed again', async () => {
            const ended = editor.page.waitForEvent('requestfailed', {
                predicate: (request) => request.url().endsWith('/vigia/devices'),
            });
            await editor.run(`RED.sidebar.show('info')`);
            await ended;
            asked.length = 0;
            camera.emit({ type: 'linedetection', pictures: true });
            await nodeRed.until(() => nodeRed.statuses.get('s-gate')?.text?.includes('Line crossing'), 'the event');
            await editor.page.waitForTimeout(1500);
            assert.deepEqual(asked, []);
            assert.deepEqual(editor.problems, []);
        });
    });

    describe(`the Devices sidebar behind a login in ${runtime.name}`, { skip }, () => {
        let camera: Camera;
        let nodeRed: RunningNodeRed;
        let browser: Browser;

        before(async () => {
            camera = await new Camera({ login: LOGIN }).listen();
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, device(camera.port, { name: 'Portaria' }), alertStream()],
                credentials: { device: LOGIN },
                settings: {
                    httpAdminRoot: '/admin',
                    adminAuth: {
                        type: 'credentials',
                        users: [{ username: READER.username, password: HASH, permissions: 'read' }],
                    },
                },
            });
            await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'the stream');
            browser = await startBrowser();
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
            await camera?.close();
        });

        it('shows devices and pictures to a user who may only read, in the dark theme and in Portuguese', async () => {
            const editor = await openEditor(browser, nodeRed, { login: READER, theme: 'dark', language: 'pt-BR' });
            camera.emit({ type: 'linedetection', pictures: true });
            await editor.run(SHOW);
            await cardWith(editor, 'Portaria', /Online desde/);
            await cardWith(editor, 'Portaria', 'Cruzamento de linha · canal 1');
            await hasPicture(editor, 'Portaria');
            if (runtime.options.nodeRed !== undefined) await takePicture(editor.page, 'devices-sidebar-dark');
            await editor.close();
        });

        it('answers nobody else', async () => {
            for (const path of ['devices', 'picture?device=device']) {
                assert.equal((await fetch(`${nodeRed.url}/vigia/${path}`)).status, 401, path);
            }
            assert.equal((await fetch(`${nodeRed.url}/vigia/picture`, { method: 'POST' })).status, 401);
        });
    });
}

describe('the Devices sidebar without pictures', { skip: browserMissing }, () => {
    it('keeps and shows none where settings.js says so', async () => {
        const camera = await new Camera({ login: LOGIN }).listen();
        const nodeRed = await startNodeRed({
            flows: [TAB, device(camera.port, { name: 'Portaria' }), alertStream()],
            credentials: { device: LOGIN },
            settings: { vigia: { sidebarPictures: false } },
        });
        const browser = await startBrowser();
        try {
            await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'the stream');
            camera.emit({ type: 'linedetection', pictures: true });
            const editor = await openEditor(browser, nodeRed);
            const asked = listen(editor);
            await editor.run(SHOW);
            await cardWith(editor, 'Portaria', 'Line crossing · channel 1');
            await editor.page.waitForTimeout(500);
            assert.deepEqual(asked, ['/vigia/devices']);
            assert.equal(await cardOf(editor, 'Portaria').locator('img:visible').count(), 0);
            assert.equal((await fetch(`${nodeRed.url}/vigia/picture?device=device`)).status, 404);
        } finally {
            await browser.close();
            await nodeRed.close();
            await camera.close();
        }
    });
});
