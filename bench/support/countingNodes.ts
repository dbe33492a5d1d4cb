import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of nodes for Node-RED's `nodesDir` with `bench-count` in it; Node-RED wants an editor half beside it. */
export function countingNodes(): { folder: string; remove(): void } {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-bench-'));
    const program = join(__dirname, 'nodes', 'bench-count.js');
    writeFileSync(join(folder, 'bench-count.js'), `module.exports = require(${JSON.stringify(program)});\n`);
    const editorHalf =
        "RED.nodes.registerType('bench-count', { category: 'bench', defaults: {}, inputs: 1, outputs: 0 });";
    writeFileSync(join(folder, 'bench-count.html'), `<script type="text/javascript">${editorHalf}</script>\n`);
    return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
