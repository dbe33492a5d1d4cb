import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { browserMissing, openEditor, startBrowser } from '../support/browser';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

/** Pictures of the dialogs, for whoever wants to see them; never compared. */
const PICTURES = join(packageRoot, '.cache', 'screenshots');

const PLACE = { z: 'tab', x: 200, y: 100, d: true, version: 1 };
const TYPES = ['isapi-request', 'isapi-alertstream', 'alarm-http-in', 'isup-in', 'intelbras-p2p-tunnel'];
const flows = [
    { id: 'tab', type: 'tab', label: 'Test' },
    { id: 'gate', type: 'device-config', name: 'gate', host: '127.0.0.1', port: 9, version: 1 },
    ...TYPES.map((type) => ({
        ...PLACE,
        id: type,
        type,
        device: type === 'isup-in' ? undefined : 'gate',
        kinds: ['perimeter', 'line-crossing', 'region-entrance', 'vehicle', 'traffic-statistics', 'face-comparison'],
        wires: [],
    })),
];

/** What a dark theme of Node-RED 4.1 sets: the variables that the editor and our dialogs read. */
const DARK = `:root {
    --red-ui-primary-text-color: #f0f0f0; --red-ui-secondary-text-color: #aaaaaa;
    --red-ui-primary-background: #15151a; --red-ui-secondary-background: #1b1b23;
    --red-ui-tertiary-background: #17171d; --red-ui-form-background: #1b1b23;
    --red-ui-form-text-color: #f0f0f0; --red-ui-form-placeholder-color: #8a8a8a;
    --red-ui-form-input-background: #0e0e12; --red-ui-form-input-background-disabled: #15151a; --red-ui-form-input-border-color: #2a2a2c;
    --red-ui-form-button-background: #22222c; --red-ui-secondary-border-color: #252527;
    --red-ui-workspace-button-background: #15151a; --red-ui-workspace-button-color: #aaaaaa;
    --red-ui-text-color-error: #ff6369; --red-ui-text-color-warning: #f1a10d; --red-ui-text-color-success: #4cc38a;
}`;

/** Fields and buttons that a screen reader would announce without a name. */
const UNNAMED = `$('.vigia-form').last().find('input, select, textarea, button, [role=button]').filter(':visible')
    .toArray().filter((one) => {
        const own = one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.getAttribute('title');
        const label = $(one).closest('label').text() || $('label').filter((_, item) => item.htmlFor === one.id && one.id).text();
        const shown = /^(BUTTON|A)$/.test(one.tagName) ? one.textContent.trim() : '';
        return !(own || label.trim() || shown);
    }).map((one) => one.outerHTML.slice(0, 160))`;

/** Fields that stick out of their dialog to the right. */
const STICKING_OUT = `(() => {
    const form = $('.vigia-form').last();
    const edge = form[0].getBoundingClientRect().right + 2;
    return form.find('input, select, button, table, .vigia-hint, .red-ui-typedInput-container').filter(':visible')
        .toArray().filter((one) => one.getBoundingClientRect().right > edge && !$(one).closest('.vigia-table').length)
        .map((one) => one.outerHTML.slice(0, 160));
})()`;

/** How far the menus of chosen events are pushed out of their field: they must stay in reach however much is chosen. */
const CARETS_OUT = `$('.vigia-form').last().find('.red-ui-typedInput-option-caret').filter(':visible').toArray()
    .filter((one) => one.getBoundingClientRect().right > $(one).closest('.red-ui-typedInput-container')[0].getBoundingClientRect().right + 1)
    .map((one) => one.outerHTML)`;

/** A dialog that hides the whole flow, because one of its texts is long. */
const WIDEST = 720;
const TOO_WIDE = `[$('.red-ui-tray').last().width()].filter((width) => width > ${WIDEST})`;

/** Texts that can hardly be told from what lies behind them: contrast below 3 to 1. */
const FAINT = `(() => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b]
        .map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4))
        .reduce((sum, n, i) => sum + n * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (one) => {
        for (let at = one; at; at = at.parentElement) {
            const colour = parts(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] > 0.5) return luminance(colour);
        }
        return 1;
    };
    return $('.vigia-form').last().find('label, summary, .vigia-hint, input:not([type=checkbox]), select, button, td, th').filter(':visible')
        .toArray().filter((one) => {
            const [low, high] = [luminance(parts(getComputedStyle(one).color)), behind(one)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05) < 3;
        }).map((one) => one.outerHTML.slice(0, 160));
})()`;

interface Faults {
    unnamed: string[];
    stickingOut: string[];
    caretsOut: string[];
    tooWide: number[];
    faint: string[];
}

for (const runtime of RUNTIMES) {
    describe(`every dialog in ${runtime.name}`, { skip: browserMissing || runtime.skip }, () => {
        let nodeRed: RunningNodeRed;
        let browser: Browser;

        before(async () => {
            mkdirSync(PICTURES, { recursive: true });
            nodeRed = await startNodeRed({ ...runtime.options, flows, settings: { httpAdminRoot: '/admin' } });
            browser = await startBrowser();
        });

        after(async () => {
            await browser?.close();
            await nodeRed?.close();
        });

        for (const theme of ['light', 'dark'] as const) {
            for (const language of ['en-US', 'pt-BR', 'zh-CN']) {
                it(`names each field, fits and can be read: ${theme} theme, ${language}`, async () => {
                    const editor = await openEditor(browser, nodeRed, { theme, language });
                    const isOld = !(await editor.run(`$('html').hasClass('nr-theme-dark')`));
                    if (theme === 'dark' && isOld) await editor.page.addStyleTag({ content: DARK });
                    const found: (Faults & { name: string })[] = [];
                    const look = async (name: string) => {
                        await editor.page.locator('.vigia-form').last().waitFor();
                        await editor.run(`$('.vigia-form details').prop('open', true).length`);
                        const faults = `({ unnamed: ${UNNAMED}, stickingOut: ${STICKING_OUT}, caretsOut: ${CARETS_OUT}, tooWide: ${TOO_WIDE}, faint: ${FAINT} })`;
                        found.push({ name, ...((await editor.run(faults)) as Faults) });
                        const picture = `${runtime.name} ${theme} ${language} ${name}.png`;
                        await editor.page.screenshot({ path: join(PICTURES, picture) });
                    };
                    await editor.openConfig('device-config', 'gate');
                    for (const link of ['p2p', 'isup', 'direct']) {
                        await editor.page.locator('#node-config-input-link').selectOption(link);
                        await look(`device-config ${link}`);
                    }
                    await editor.page.locator('#node-config-input-protocol').selectOption('https');
                    await editor.page.locator('#node-config-input-verify').selectOption('pin');
                    await look('device-config https');
                    await editor.cancel();
                    for (const type of TYPES) {
                        await editor.openNode(type);
                        await editor.run(`$('.vigia-form .red-ui-editableList-addButton').trigger('click').length`);
                        await look(type);
                        await editor.cancel();
                    }
                    await editor.close();
                    const bad = found.filter(({ name: _, ...faults }) => Object.values(faults).flat().length > 0);
                    assert.deepEqual(bad, []);
                });
            }
        }
    });
}
