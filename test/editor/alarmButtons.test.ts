import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { Camera } from '../../simulator/camera';
import { browserMissing, type EditorPage, openEditor, startBrowser } from '../support/browser';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };
const TAB = { id: 'tab', type: 'tab', label: 'Test' };

/** Pictures of the dialogs, for whoever wants to see them; never compared. */
const PICTURES = join(packageRoot, '.cache', 'screenshots');

for (const runtime of RUNTIMES) {
    describe(`the buttons of the alarm server in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;
        let editor: EditorPage;
        /** What the routes of the buttons were asked by address, and what they answered. */
        const answers: string[] = [];
        let camera: Camera;
        let port: number;

        before(async () => {
            mkdirSync(PICTURES, { recursive: true });
            camera = await new Camera({ login: LOGIN }).listen();
            camera.pushTo('http://127.0.0.9:81/others');
            port = await freePort();
            const device = { id: 'camera', type: 'device-config', host: '127.0.0.1', port: camera.port, version: 1 };
            const alarm = {
                id: 'alarm',
                type: 'alarm-http-in',
                z: 'tab',
                x: 200,
                y: 100,
                listen: 'own',
                bind: '127.0.0.1',
                port,
                path: '/alarm',
                auth: 'digest',
                allow: [],
                proxies: [],
                device: 'camera',
                slot: '',
                advertise: '',
                version: 1,
                wires: [[], []],
            };
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, { ...device, name: 'Gate' }, alarm],
                credentials: { camera: LOGIN, alarm: { username: 'poster', password: 'Canary-8e4b' } },
                settings: { httpAdminRoot: '/admin' },
            });
            browser = await startBrowser();
            editor = await openEditor(browser, nodeRed, { height: 1100 });
            editor.page.on('response', async (response) => {
                if (/\/alarm-http-in\/\w+$/.test(response.url())) answers.push(response.url(), await response.text());
            });
            await editor.openNode('alarm');
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
            await camera?.close();
        });

        const picture = (name: string) =>
            editor.page
                .locator('.red-ui-tray')
                .last()
                .screenshot({ path: join(PICTURES, `${name}.png`) });
        const setUp = '#vigia-configure-result';
        const why = '#vigia-why-result';

        /** Clicks a button of the panel and waits for what it shows. */
        async function press(name: string | RegExp): Promise<string> {
            await editor.page.locator(`${setUp} button`, { hasText: name }).click();
            await editor.page.locator('#vigia-configure:not([disabled])').waitFor();
            return editor.text(setUp);
        }

        it('tells why nothing arrives: the device was never told to call', async () => {
            await editor.page.locator('#vigia-why').click();
            await editor.page.locator('#vigia-why:not([disabled])').waitFor();
            await editor.page.locator(`${why} .vigia-seen p`).first().waitFor();
            const told = await editor.text(why);
            assert.match(told, /The node listens on port \d+\./);
            assert.match(told, /Nothing at all has arrived/);
            assert.match(told, new RegExp(`http://127\\.0\\.0\\.1:${port}/alarm accepts connections`));
            assert.match(told, /No slot of the device calls/);
            assert.match(told, /“Notify Surveillance Center” is/);
            await picture('why-nothing');
        });

        it('shows what it would write, and where, before it writes anything', async () => {
            await editor.page.locator('#vigia-configure').click();
            await editor.page.locator(`${setUp} .vigia-slots`).waitFor();
            const told = await editor.text(setUp);
            assert.match(told, new RegExp(`http://127\\.0\\.0\\.1:${port}/alarm`));
            assert.match(told, /this address is the device itself/);
            assert.match(told, /Slot 1: 127\.0\.0\.9:81\/….*Slot 2: free → will be written/);
            assert.equal(camera.requests.filter(({ method }) => method === 'PUT').length, 0);
            await picture('configure-plan');
        });

        it('writes the free slot with the login of the node, lets the device try it, and keeps the slot', async () => {
            const told = await press('Write slot 2');
            assert.match(told, /Slot 2 of the device now calls/);
            assert.match(told, /tried it and reached it/);
            await picture('configure-written');
            assert.equal(await editor.page.locator('#node-input-slot').inputValue(), '2');
            const [others, ours] = camera.hosts.slots;
            assert.equal(others?.ipAddress, '127.0.0.9');
            assert.equal(ours?.portNo, String(port));
            assert.equal(ours?.userName, 'poster');
            assert.equal(ours?.password, 'Canary-8e4b');
        });

        it('sees posts come in while the list is open', async () => {
            await editor.page.locator('#vigia-why').click();
            await editor.page.locator('#vigia-why:not([disabled])').waitFor();
            const [delivered] = await camera
                .emit({ type: 'linedetection' })
                .pushed.then((results) => results.filter((result) => result.delivered));
            assert.ok(delivered);
            await fetch(`http://127.0.0.1:${port}/alarm`, { method: 'POST', body: '<x/>' });
            await editor.page.locator(`${why} p`, { hasText: 'Last event: Line crossing' }).waitFor();
            const told = await editor.text(why);
            assert.match(told, /Posts from 127\.0\.0\.1: 1, the last one/);
            assert.match(told, /Refused or unreadable posts from 127\.0\.0\.1: 1\. .*brought no login/);
            assert.match(told, /Slot 2 of the device calls this node/);
            await picture('why');
        });

        it('takes the slot out of the device again', async () => {
            await editor.page.locator('#vigia-configure').click();
            await editor.page.locator(`${setUp} .vigia-slots`).waitFor();
            assert.match(await press('Take it out'), /Slot 2 of the device is free again/);
            assert.equal(camera.hosts.slots[1]?.ipAddress, '0.0.0.0');
            assert.equal(camera.hosts.slots[0]?.ipAddress, '127.0.0.9');
            await editor.cancel();
        });

        for (const [language, button, sentence] of [
            ['pt-BR', 'Por que nada chega?', /O nó escuta/],
            ['zh-CN', '为什么收不到？', /节点正在监听/],
        ] as const) {
            it(`speaks ${language}`, async () => {
                const translated = await openEditor(browser, nodeRed, { language, height: 1100 });
                await translated.openNode('alarm');
                await translated.page.locator('#vigia-why', { hasText: button }).click();
                await translated.page.locator('#vigia-why:not([disabled])').waitFor();
                await translated.page.locator(`${why} .vigia-seen p`).first().waitFor();
                await translated.page.locator('#vigia-configure').click();
                await translated.page.locator(`${setUp} .vigia-slots`).waitFor();
                await translated.page.locator('.red-ui-tray').screenshot({ path: join(PICTURES, `${language}.png`) });
                const told = `${await translated.text(why)} ${await translated.text(setUp)}`;
                assert.match(told, sentence);
                assert.doesNotMatch(told, /__\w+__|(?:why|configure|button)\.\w/);
                assert.deepEqual(translated.problems, []);
                await translated.close();
            });
        }

        it('repeats no password in an answer, and puts none into an address', () => {
            assert.ok(answers.length > 4);
            for (const secret of [LOGIN.password, 'Canary-8e4b']) assert.ok(!answers.join().includes(secret));
        });

        it('works without a single error in the page', () => {
            assert.deepEqual(editor.problems, []);
        });
    });
}
