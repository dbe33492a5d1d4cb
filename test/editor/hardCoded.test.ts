import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../support/packageRoot';

const files = (folder: string, ending: RegExp): string[] => {
    if (!existsSync(join(packageRoot, folder))) return [];
    return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => ending.test(name))
        .map((name) => join(folder, name));
};
const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');

const EDITOR = [...files('resources', /\.js$/), ...files('nodes', /\.html$/), ...files('plugins', /\.html$/)].filter(
    (path) => !path.endsWith('vocabulary.js'),
);
const SERVER = [...files('nodes', /\.ts$/), ...files('runtime', /\.ts$/), ...files('plugins', /\.ts$/)];

/** Calls and attributes that put a text before the eyes of a user. */
const SHOWN_IN_EDITOR = [
    /\.text\(\s*(['"`])((?:(?!\1).)*)\1/g,
    /RED\.notify\(\s*(['"`])((?:(?!\1).)*)\1/g,
    /\b(?:placeholder|title|'aria-label'|addButton)\s*:\s*(['"`])((?:(?!\1).)*)\1/g,
    /\.attr\(\s*'(?:placeholder|title|aria-label)',\s*(['"`])((?:(?!\1).)*)\1/g,
];
const SHOWN_BY_SERVER = [
    /\b(?:node|this)\.(?:warn|error|log)\(\s*(['"`])((?:(?!\1).)*)\1/g,
    /\btext:\s*(['"`])((?:(?!\1).)*)\1/g,
];

/** Words, not names, numbers, keys or placeholders that are filled from a catalogue. */
function isText(value: string): boolean {
    const words = value.replace(/\$\{[^}]*\}/g, ' ').trim();
    return /[A-Za-z]{2,} [A-Za-z]{2,}/.test(words) || /^[A-Z][a-z]{2,}[.…!?]?$/.test(words);
}

function shown(paths: string[], patterns: RegExp[]): string[] {
    return paths.flatMap((path) =>
        patterns.flatMap((pattern) =>
            [...read(path).matchAll(pattern)]
                .map(([, , value]) => value!)
                .filter(isText)
                .map((value) => `${path}: ${value}`),
        ),
    );
}

describe('no text stands outside the catalogues', () => {
    it('in what the editor loads', () => assert.deepEqual(shown(EDITOR, SHOWN_IN_EDITOR), []));

    it('in what a typed input offers', () => {
        const labels = EDITOR.flatMap((path) =>
            [...read(path).matchAll(/\blabel\s*:\s*(['"`])((?:(?!\1).)*)\1/g)].map(
                ([, , label]) => `${path}: ${label}`,
            ),
        );
        assert.ok(labels.length > 0, 'there are some to look at');
        const isWord = (label: string) => /[a-z]/i.test(label.replace(/^\S+: /, '').replace(/\$\{[^}]*\}/g, ''));
        assert.deepEqual(labels.filter(isWord), []);
    });

    it('in what the nodes say and show', () => assert.deepEqual(shown(SERVER, SHOWN_BY_SERVER), []));

    it('and the keys that the runtime uses are all there', () => {
        const catalogue = JSON.parse(read('locales/en-US/device-config.json'))['device-config'];
        const missing: string[] = [];
        for (const path of SERVER) {
            for (const [, key] of read(path).matchAll(/\bsharedText\([\w#.]+, '([\w.-]+)'/g)) {
                const found = key!.split('.').reduce((tree, name) => tree?.[name], catalogue);
                if (typeof found !== 'string') missing.push(`${path}: ${key}`);
            }
        }
        assert.deepEqual(missing, []);
    });
});

describe('no colour stands outside the theme', () => {
    const styled = [
        ...files('resources', /\.(css|js)$/),
        ...files('nodes', /\.html$/),
        ...files('plugins', /\.(html|css)$/),
    ];

    for (const path of styled) {
        it(`in ${path}`, () => {
            // The colour of a node in the palette and the workspace is the same in every theme.
            const text = read(path).replace(/^ *color: '#[0-9A-F]{6}',$/gm, '');
            const colours = [
                ...text.matchAll(/#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b(?![-\w(])|\b(?:rgb|hsl)a?\(/gi),
            ];
            const named = [
                ...text.matchAll(
                    /\b(?:color|background|border|fill|stroke)[\w-]*:\s*(?:[^;'"]*\s)?(white|black|red|green|blue|gr[ae]y|yellow|orange)\b/g,
                ),
            ];
            assert.deepEqual(
                [...colours, ...named].map(([found]) => found),
                [],
            );
        });
    }
});
