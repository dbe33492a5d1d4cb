/**
 * What it costs to have the package installed: the time that a Node-RED without any of its nodes takes longer to start,
 * the bytes on disk, and the packages that come with it.
 *
 * Goals: at most 60 ms, 6 MB without koffi, six dependencies.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ask, forkReady, median, printTable } from './support/measure';
import type { ModuleLoad } from './support/moduleLoad';

const ROUNDS = 11;
const root = join(__dirname, '..', '..');

async function loads(): Promise<ModuleLoad[]> {
    const all: ModuleLoad[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
        const child = await forkReady('moduleLoad.js');
        all.push(await ask<ModuleLoad>(child, {}));
        child.disconnect();
    }
    return all;
}

/** Folders of the packages that are installed with the one in `folder`, its optional ones apart. */
function dependenciesOf(folder: string, known = new Set<string>()): Set<string> {
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
        const found = folderOf(name, folder);
        if (known.has(found)) continue;
        known.add(found);
        dependenciesOf(found, known);
    }
    return known;
}

/** Where a package finds another: in its own `node_modules` or in one further up. */
function folderOf(name: string, from: string): string {
    const folder = join(from, 'node_modules', name);
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return folder;
    if (from === dirname(from)) throw new Error(`${name} is not installed`);
    return folderOf(name, dirname(from));
}

function sizeOf(folder: string): number {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function packedSize(): { size: number; unpackedSize: number } {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const shell = process.platform === 'win32';
    return JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', shell, stdio: 'pipe' }))[0];
}

async function benchInstall(): Promise<void> {
    const all = await loads();
    const of = (key: keyof ModuleLoad) => median(all.map((load) => load[key])).toFixed(0);
    const best = Math.min(...all.map(({ wall }) => wall)).toFixed(0);
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const { size, unpackedSize } = packedSize();
    const others = dependenciesOf(root);
    const installed = [...others].reduce((sum, folder) => sum + sizeOf(folder), unpackedSize);
    printTable([
        ['cost of being installed', ''],
        ['module load, median', `${of('wall')} ms`],
        ['module load, best', `${best} ms`],
        ['module load, CPU', `${of('cpu')} ms`],
        ['modules loaded', of('modules')],
        ['tarball', `${(size / 1e6).toFixed(1)} MB`],
        ['installed without koffi', `${(installed / 1e6).toFixed(1)} MB`],
        ['dependencies', Object.keys(dependencies).length],
        ['packages that come with them', others.size],
    ]);
}

void benchInstall();
