/** A headless browser on the editor of a running Node-RED. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { RunningNodeRed } from './nodeRed';

const CHROMIUM = '/usr/bin/chromium';

/** For `{ skip: … }` of tests that need a browser. */
export const browserMissing = existsSync(CHROMIUM) ? false : 'chromium is not installed';

const ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

/** A loaded machine opens an editor slowly; nothing here is a matter of speed. */
const PATIENCE = 60_000;

export function startBrowser(): Promise<Browser> {
    return chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS, timeout: PATIENCE });
}

export interface EditorOptions {
    /** As the user settings of the editor have it. */
    language?: string;
    /** As the user settings of Node-RED 5 have it; earlier editors know no dark theme of their own. */
    theme?: 'light' | 'dark';
    width?: number;
    height?: number;
    /** Where the editor asks for one. */
    login?: { username: string; password: string };
}

/** Opens the editor and waits until its flows are drawn. */
export async function openEditor(browser: Browser, nodeRed: RunningNodeRed, options: EditorOptions = {}) {
    const { language = 'en-US', theme = 'light', width = 1280, height = 800 } = options;
    const context = await browser.newContext({ viewport: { width, height }, locale: language });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(`localStorage.setItem('editor-language', '${language}')`);
    await context.addInitScript(`localStorage.setItem('view-dark-theme', '${theme}')`);
    const editor = new EditorPage(await context.newPage());
    await editor.page.goto(`${nodeRed.url}/`);
    if (options.login) await editor.logIn(options.login);
    // The palette is there before the flows are: only then a node can be opened.
    await editor.page.waitForFunction(
        `window.RED?.workspaces?.active() && !$('#red-ui-loading-progress').is(':visible')`,
    );
    return editor;
}

/** One editor in the browser. What goes wrong inside the page is kept, so that a test can fail for it. */
export class EditorPage {
    readonly problems: string[] = [];

    constructor(readonly page: Page) {
        page.on('pageerror', (error) => {
            if (!isOfNodeRed(error)) this.problems.push(error.message);
        });
        page.on('response', (response) => {
            if (response.status() >= 400) this.problems.push(`${response.status()} ${response.url()}`);
        });
    }

    /** Fills in the login form of an editor with `adminAuth`. */
    async logIn({ username, password }: { username: string; password: string }): Promise<void> {
        await this.page.locator('#node-dialog-login-username').fill(username);
        await this.page.locator('#node-dialog-login-password').fill(password);
        // Until now nobody was logged in, and the page has been told so.
        this.problems.length = 0;
        await this.page.locator('#node-dialog-login-submit').click();
    }

    /** Opens the dialog of a node of the flow, as a double click does. */
    async openNode(id: string): Promise<void> {
        await this.run(`RED.editor.edit(RED.nodes.node('${id}'))`);
        await this.dialogIsOpen();
    }

    /** Opens the dialog of a config node; without an id, that of a new one. */
    async openConfig(type: string, id = '_ADD_'): Promise<void> {
        await this.run(`RED.editor.editConfig('', '${type}', '${id}')`);
        await this.dialogIsOpen();
    }

    /** Saves the dialog; resolves when it is gone. */
    done(): Promise<void> {
        return this.#leave('.red-ui-tray-toolbar .primary');
    }

    cancel(): Promise<void> {
        return this.#leave('#node-dialog-cancel, #node-config-dialog-cancel');
    }

    /** A property of a node or config node as the editor holds it now. */
    property(id: string, name: string): Promise<unknown> {
        return this.run(`RED.nodes.node('${id}')['${name}']`);
    }

    /** What the editor finds wrong with a node, in the user's language. */
    async faults(id: string): Promise<string[]> {
        return ((await this.run(`RED.nodes.node('${id}').validationErrors`)) ?? []) as string[];
    }

    /** What a reader sees there, in one line. */
    async text(selector: string): Promise<string> {
        // biome-ignore lint/performance/useDomNodeTextContent: what is hidden or drawn on two lines is not what is read
        const text = await this.page.locator(selector).first().innerText();
        return text.replace(/\s+/g, ' ').trim();
    }

    /** Evaluates an expression in the page, where `RED` and `$` are. */
    run(expression: string): Promise<unknown> {
        return this.page.evaluate(
            `(() => { const value = ${expression}; return value === undefined ? null : value; })()`,
        );
    }

    async close(): Promise<void> {
        await this.page.context().close();
    }

    async #leave(button: string): Promise<void> {
        const tray = this.page.locator('.red-ui-tray');
        // A click while the editor is still at work is lost: it is made again until the dialog has gone.
        for (let attempt = 1; ; attempt += 1) {
            if ((await tray.count()) > 0) await this.page.locator(button).last().click();
            try {
                return await tray.waitFor({ state: 'detached', timeout: 6000 });
            } catch (thrown) {
                if (attempt === 8) throw thrown;
            }
        }
    }

    /**
     * Waits for the dialog on top. The tray slides in, and a click before it has arrived would miss; the fields of nodes
     * with credentials are filled in when these have come.
     */
    async dialogIsOpen(): Promise<void> {
        await this.page.locator('.red-ui-tray-toolbar .primary').last().waitFor();
        await this.page.waitForFunction(
            `$('.red-ui-tray').last().find('.form-row').length > 0 && $.active === 0 && !$('.red-ui-tray').is(':animated') && !$('#red-ui-editor-stack').is(':animated') &&
            document.getAnimations().every((one) => one.effect.getComputedTiming().endTime === Infinity)`,
        );
    }
}

/** Whether nothing but Node-RED's own editor took part: it stumbles where a fast hand opens one dialog after the other. */
function isOfNodeRed({ stack = '' }: Error): boolean {
    const frames = stack.split('\n').filter((line) => /:\d+:\d+\)?$/.test(line));
    return frames.length > 0 && frames.every((frame) => /\/(?:red|vendor)\/(?:red|vendor)(?:\.min)?\.js/.test(frame));
}
