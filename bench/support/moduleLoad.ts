/** A process that has loaded Node-RED, and then loads this package as Node-RED does when it starts without any of its nodes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ModuleLoad {
    /** Milliseconds. */
    wall: number;
    /** Milliseconds of CPU, user and system. */
    cpu: number;
    modules: number;
}

const root = join(__dirname, '..', '..', '..');

/** Takes every call that a module makes of `RED` while it registers its node. */
const red: object = new Proxy(() => undefined, { get: () => red, apply: () => red });

function load(): ModuleLoad {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const files = Object.values<string>(manifest['node-red'].nodes);
    require('node-red');
    const modulesBefore = Object.keys(require.cache).length;
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    for (const file of files) require(join(root, file))(red);
    const wall = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { wall, cpu: (user + system) / 1000, modules: Object.keys(require.cache).length - modulesBefore };
}

process.on('message', () => process.send?.(load()));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
