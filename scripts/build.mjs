// One compile, then what Node-RED looks for beside each node's and plugin's .js: its .html, the icons and the catalogues.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// Node-RED's server knows languages by two letters only, and falls back from `pt-BR` to `pt`, never the other way.
const SHORT_NAMES = { 'pt-BR': 'pt', 'zh-CN': 'zh' };

rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '--project', root], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const list = (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []);

/** Puts into `dist/<folder>` what stands beside its code: html files and catalogues. */
function copyBeside(folder, locales) {
    const copy = (from, to) => cpSync(join(root, from), join(root, 'dist', folder, to), { recursive: true });
    mkdirSync(join(root, 'dist', folder), { recursive: true });
    for (const name of list(folder).filter((file) => file.endsWith('.html'))) copy(`${folder}/${name}`, name);
    for (const language of list(locales)) {
        copy(`${locales}/${language}`, `locales/${language}`);
        if (SHORT_NAMES[language]) copy(`${locales}/${language}`, `locales/${SHORT_NAMES[language]}`);
    }
}

copyBeside('nodes', 'locales');
copyBeside('plugins', 'plugins/locales');
for (const name of list('icons')) cpSync(join(root, 'icons', name), join(root, 'dist', 'nodes', 'icons', name));
writeFileSync(join(root, 'resources', 'vocabulary.js'), `window.vigiaVocabulary = ${JSON.stringify(vocabulary())};\n`);
writeFileSync(join(root, 'dist', '.built'), '');

/** The kinds that the dialogs offer, by family. Heartbeats have a checkbox of their own; `other` is its whole family. */
function vocabulary() {
    const { VOCABULARY } = createRequire(import.meta.url)(join(root, 'dist', 'events', 'vocabulary.js'));
    const families = new Map();
    for (const [kind, family] of Object.values(VOCABULARY).flat()) {
        const offered = kind !== 'heartbeat' && kind !== 'other';
        if (offered) families.set(family, (families.get(family) ?? new Set()).add(kind));
    }
    return [...families].map(([family, kinds]) => ({ family, kinds: [...kinds] }));
}
