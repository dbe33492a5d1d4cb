// One compile, then what Node-RED looks for beside each node's .js: its .html, the icons and the catalogues.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const beside = join(root, 'dist', 'nodes');

// Node-RED's server knows languages by two letters only, and falls back from `pt-BR` to `pt`, never the other way.
const SHORT_NAMES = { 'pt-BR': 'pt', 'zh-CN': 'zh' };

rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '--project', root], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

mkdirSync(beside, { recursive: true });
for (const name of readdirSync(join(root, 'nodes')).filter((file) => file.endsWith('.html'))) {
    cpSync(join(root, 'nodes', name), join(beside, name));
}
if (existsSync(join(root, 'icons'))) cpSync(join(root, 'icons'), join(beside, 'icons'), { recursive: true });
if (existsSync(join(root, 'locales'))) {
    for (const language of readdirSync(join(root, 'locales'))) {
        const from = join(root, 'locales', language);
        cpSync(from, join(beside, 'locales', language), { recursive: true });
        const short = SHORT_NAMES[language];
        if (short) cpSync(from, join(beside, 'locales', short), { recursive: true });
    }
}
writeFileSync(join(root, 'dist', '.built'), '');
