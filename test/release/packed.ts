/** The package as users get it: packed once for the tests of a file, installed into empty folders. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { packageRoot } from '../support/packageRoot';

export const NAME = '@vigia/node-red-cctv';

export interface Packed {
    /** Where the tarball is. */
    tarball: string;
    filename: string;
    /** Bytes. */
    size: number;
    unpackedSize: number;
    files: { path: string }[];
    remove(): void;
}

const run = promisify(execFile);
const shell = process.platform === 'win32';
const QUIET = ['--no-fund', '--no-audit', '--no-update-notifier'];

async function npm(cwd: string, ...args: string[]): Promise<string> {
    return (await run('npm', args, { cwd, shell, timeout: 240_000 })).stdout;
}

/** Packs what is built. Without scripts: the build is the one that runs the test, and building again would pull it away. */
export async function pack(): Promise<Packed> {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-tarball-'));
    const answer = await npm(packageRoot, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
    const [packed] = JSON.parse(answer) as [Omit<Packed, 'tarball' | 'remove'>];
    return {
        ...packed,
        tarball: join(folder, packed.filename),
        remove: () => rmSync(folder, { recursive: true, force: true }),
    };
}

/** An empty folder as Node-RED makes one for a new user. */
export function emptyUserDir(): string {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-user-'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'node-red-project', private: true }));
    return folder;
}

/** Installs the tarball with the flags of the Palette Manager, and without any script. */
async function install(folder: string, { tarball }: Packed): Promise<void> {
    const flags = ['--engine-strict', '--omit=dev', '--ignore-scripts', '--prefer-offline'];
    await npm(folder, 'install', ...flags, ...QUIET, '--save', '--save-prefix=~', '--', tarball);
}

/** An empty project in which the packed package is installed, for as long as the suite that calls this runs. */
export function installedProject(): { folder: string; packed(): Packed } {
    const folder = emptyUserDir();
    let packed: Packed | undefined;
    before(async () => {
        packed = await pack();
        await install(folder, packed);
    });
    after(() => {
        packed?.remove();
        rmSync(folder, { recursive: true, force: true });
    });
    return { folder, packed: () => packed! };
}
