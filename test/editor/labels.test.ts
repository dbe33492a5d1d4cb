import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../support/packageRoot';

/** Where a language keeps its pages. */
const PAGES = {
    'en-US': { readme: 'README.md', docs: 'docs' },
    'pt-BR': { readme: 'README.pt-BR.md', docs: 'docs/pt-BR' },
    'zh-CN': { readme: 'README.zh-CN.md', docs: 'docs/zh-CN' },
};
const LANGUAGES = Object.keys(PAGES) as (keyof typeof PAGES)[];

/** What stands in the web page of a device: no catalogue of ours can know it. */
const OF_DEVICES = new Set([
    'Notify Surveillance Center',
    'Notificar Central de Vigilância',
    'Resend after network failure',
    'Remote: Notify Surveillance Center / Trigger Alarm Output',
    'Remoto: Notificar Central de Vigilância / Acionar saída de alarme',
    '远程：上传中心 / 触发报警输出',
]);
const NODE_RED = 'node_modules/@node-red';
/** A path through menus, those of a device for the most part. */
const MENU_PATH = /→/;

const read = (...path: string[]) => readFileSync(join(packageRoot, ...path), 'utf8');
const filesIn = (folder: string, extension: string) =>
    readdirSync(join(packageRoot, folder)).filter((file) => file.endsWith(extension));

/** Every text of a catalogue. */
function textsOf(tree: unknown): string[] {
    if (typeof tree === 'string') return [tree];
    return typeof tree === 'object' && tree !== null ? Object.values(tree).flatMap(textsOf) : [];
}

/** A text as documents quote it: the unit behind a label, “Timeout (ms)”, may be left out, and so may what changes. */
const plain = (text: string) =>
    text
        .replace(/\s*[(（][^()（）]*[)）]$/, '')
        .replace(/__\w+?__(\/__\w+?__)?/g, '…')
        .toLowerCase();

/** What a user can find on the screen in a language: our texts, those of the editor, and what our pages need of core nodes. */
function onScreen(language: string): Set<string> {
    const catalogues = ['locales', 'plugins/locales', `${NODE_RED}/editor-client/locales`]
        .map((folder) => `${folder}/${language}`)
        .flatMap((folder) => filesIn(folder, '.json').map((file) => `${folder}/${file}`))
        .flatMap((file) => textsOf(JSON.parse(read(file))));
    const { common, debug } = JSON.parse(read(NODE_RED, 'nodes', 'locales', language, 'messages.json'));
    const names = filesIn('examples', '.json').map((file) => basename(file, '.json'));
    // Names of products need no translation.
    const options = filesIn('nodes', '.html')
        .flatMap((file) => [...read('nodes', file).matchAll(/<option[^>]*>([^<]+)</g)])
        .map(([, text]) => text!);
    return new Set([...catalogues, ...textsOf({ common, debug }), ...names, ...options, 'debug'].map(plain));
}

/** What a page sets in italics: the words of the screen, and nothing else. */
function quotedIn(page: string): string[] {
    const prose = page.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '`');
    const italics = prose.matchAll(/(?<![\w*/])_([^_\n`]+(?:\n[^_\n`]+)?)_(?!\w)/g);
    return [...italics].map(([, text]) => text!.replace(/\s+/g, ' '));
}

describe('the labels that the documents quote', () => {
    for (const language of LANGUAGES) {
        it(`can be found on the screen in ${language}`, () => {
            const { readme, docs } = PAGES[language];
            const known = onScreen(language);
            const isKnown = (text: string) => {
                if (MENU_PATH.test(text) || OF_DEVICES.has(text)) return true;
                return known.has(plain(text)) || known.has(plain(text).replace(/\d+|\bn\/m\b/g, '…'));
            };
            const pages = [readme, ...filesIn(docs, '.md').map((file) => `${docs}/${file}`)];
            let checked = 0;
            for (const path of pages) {
                const quoted = quotedIn(read(path));
                checked += quoted.length;
                assert.deepEqual(
                    quoted.filter((text) => !isKnown(text)),
                    [],
                    path,
                );
            }
            assert.ok(checked > 20, `only ${checked} labels`);
        });
    }
});
