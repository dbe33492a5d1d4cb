import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The nodes of the benches: type, inputs, outputs. */
const TYPES: [type: string, inputs: number, outputs: number][] = [
    ['bench-count', 1, 0],
    ['bench-source', 0, 2],
];

/** A folder of nodes for Node-RED's `nodesDir`; Node-RED wants an editor half beside each. */
export function countingNodes(): { folder: string; remove(): void } {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-bench-'));
    for (const [type, inputs, outputs] of TYPES) {
        const program = join(__dirname, 'nodes', `${type}.js`);
        writeFileSync(join(folder, `${type}.js`), `module.exports = require(${JSON.stringify(program)});\n`);
        const editorHalf = `RED.nodes.registerType('${type}', { category: 'bench', defaults: {}, inputs: ${inputs}, outputs: ${outputs} });`;
        writeFileSync(join(folder, `${type}.html`), `<script type="text/javascript">${editorHalf}</script>\n`);
    }
    return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
