/** What a hand does in the editor: drag, wire, double click, type, press. */
import type { Locator } from 'playwright-core';
import type { EditorPage } from './browser';

export class EditorHand {
    constructor(private readonly editor: EditorPage) {}

    /** Drags a node from the palette to a place of the workspace; resolves with its id. */
    async drop(type: string, x: number, y: number): Promise<string> {
        const { page } = this.editor;
        const source = page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
        const before = await this.#ids();
        await source.scrollIntoViewIfNeeded();
        await this.#drag(source, page.locator('#red-ui-workspace-chart'), { x, y });
        await page.waitForFunction(`RED.nodes.filterNodes({}).length > ${before.length}`);
        const id = (await this.#ids()).find((one) => !before.includes(one));
        if (id === undefined) throw new Error(`no ${type} came into the workspace`);
        return id;
    }

    /** Draws a wire from an output of one node to the input of another. */
    async wire(from: string, output: number, to: string): Promise<void> {
        const { page } = this.editor;
        const port = page.locator(`[id="${from}"] .red-ui-flow-port-output .red-ui-flow-port`).nth(output);
        await this.#drag(port, page.locator(`[id="${to}"] .red-ui-flow-port-input .red-ui-flow-port`));
        await page.waitForFunction(
            `RED.nodes.filterLinks({ source: { id: '${from}' }, target: { id: '${to}' } }).length > 0`,
        );
    }

    /** Opens the dialog of a node. */
    async open(id: string): Promise<void> {
        await this.editor.page.locator(`[id="${id}"] .red-ui-flow-node`).dblclick();
        await this.editor.dialogIsOpen();
    }

    /** Opens the dialog of a new config node, by the button beside its field. */
    async add(field: string): Promise<void> {
        await this.editor.page.locator(`#node-input-btn-${field}-add`).click();
        await this.editor.dialogIsOpen();
    }

    /** Saves a config node that lies over the dialog of another node. */
    async addDone(): Promise<void> {
        const done = this.editor.page.locator('#node-config-dialog-ok');
        await done.click();
        await done.waitFor({ state: 'detached' });
        await this.editor.dialogIsOpen();
    }

    async deploy(): Promise<void> {
        await this.editor.page.locator('#red-ui-header-button-deploy').click();
        await this.editor.page.waitForFunction('!RED.nodes.dirty()');
    }

    async #drag(from: Locator, to: Locator, place?: { x: number; y: number }): Promise<void> {
        const { mouse } = this.editor.page;
        const start = await centre(from);
        const box = await to.boundingBox();
        if (box === null) throw new Error('there is no place to drag to');
        const end = place ? { x: box.x + place.x, y: box.y + place.y } : await centre(to);
        await mouse.move(start.x, start.y);
        await mouse.down();
        await mouse.move((start.x + end.x) / 2, (start.y + end.y) / 2, { steps: 8 });
        await mouse.move(end.x, end.y, { steps: 8 });
        await mouse.up();
    }

    async #ids(): Promise<string[]> {
        return (await this.editor.run('RED.nodes.filterNodes({}).map(({ id }) => id)')) as string[];
    }
}

async function centre(of: Locator): Promise<{ x: number; y: number }> {
    await of.waitFor();
    const box = await of.boundingBox();
    if (box === null) throw new Error('nothing is there to be dragged');
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
