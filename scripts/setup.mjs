// What every command needs before it can run: a Node.js that is new enough, the packages, a fresh build.
// Only Node's own modules here, because nothing is installed yet on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Ends the process with a sentence that says what is wrong and what to do. */
export function giveUp(message) {
    console.error(`\n  ${message}\n`);
    process.exit(1);
}

function requireNode() {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const wanted = Number(/\d+/.exec(engines.node)[0]);
    const have = Number(process.versions.node.split('.')[0]);
    if (have < wanted) {
        giveUp(`This needs Node.js ${wanted} or newer; this is ${process.version}. Get it from https://nodejs.org.`);
    }
}

function run(command, args) {
    const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
    return result.status ?? 1;
}

function newest(path) {
    if (!existsSync(path)) return 0;
    const stat = statSync(path);
    if (!stat.isDirectory()) return stat.mtimeMs;
    return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

function install() {
    const installed = join(root, 'node_modules', '.package-lock.json');
    if (newest(installed) >= newest(join(root, 'package-lock.json'))) return;
    console.log('Installing packages (once; about half a minute) …');
    if (run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']) !== 0) {
        giveUp('npm could not install the packages: see its message above, check the network, and try again.');
    }
}

const SOURCES = [
    'tsconfig.json',
    'package.json',
    'nodes',
    'runtime',
    'protocols',
    'events',
    'devices',
    'simulator',
    'test',
    'bench',
    'icons',
    'locales',
    'plugins',
    'resources',
    'scripts/build.mjs',
];

function build() {
    const built = newest(join(root, 'dist', '.built'));
    if (built > 0 && SOURCES.every((source) => newest(join(root, source)) <= built)) return;
    console.log('Building …');
    if (run(process.execPath, [join(root, 'scripts', 'build.mjs')]) !== 0) {
        giveUp('The build failed: the compiler says above in which file and line.');
    }
}

export function prepare() {
    requireNode();
    install();
    build();
}
