import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { VOCABULARY } from '../../events/vocabulary';
import { FAULTS } from '../../protocols/errors';
import { REASONS } from '../../runtime/reasons';
import { packageRoot } from '../support/packageRoot';

const LANGUAGES = ['en-US', 'pt-BR', 'zh-CN'];
const TYPES = [
    'device-config',
    'isapi-request',
    'isapi-alertstream',
    'alarm-http-in',
    'isup-in',
    'intelbras-p2p-tunnel',
];
/** The catalogue that holds what all nodes share. */
const SHARED = '@vigia/node-red-cctv/device-config:device-config.';

type Tree = { [key: string]: string | Tree };

const source = (...path: string[]) => readFileSync(join(packageRoot, ...path), 'utf8');
const template = (type: string) => withRows(source('nodes', `${type}.html`));

/** The rows that the dialogs of events share, in the places that the html names. */
function withRows(html: string): string {
    const window: { vigiaEditor: { filter?: { withRows(html: string): string } } } = { vigiaEditor: {} };
    runInNewContext(source('resources', 'editorFilter.js'), { window });
    return window.vigiaEditor.filter!.withRows(html);
}

/** `a.b.c` → text, for every text of a catalogue. */
function texts(tree: Tree, prefix = ''): Map<string, string> {
    const found = new Map<string, string>();
    for (const [key, value] of Object.entries(tree)) {
        if (typeof value === 'string') found.set(prefix + key, value);
        else for (const [path, text] of texts(value, `${prefix}${key}.`)) found.set(path, text);
    }
    return found;
}

const catalogue = (language: string, type: string) =>
    texts(JSON.parse(source('locales', language, `${type}.json`)) as Tree);

/** The catalogue of the editor plugin. */
const pluginCatalogue = (language: string) =>
    texts(JSON.parse(source('plugins', 'locales', language, 'vigia.json')) as Tree);

const placeholders = (text: string) => [...text.matchAll(/__(\w+?)__|\{(\w+)\}/g)].map((m) => m[1] ?? m[2]).sort();

describe('the catalogues', () => {
    it('are the same files in each language, and nothing else', () => {
        const files = TYPES.flatMap((type) => [`${type}.html`, `${type}.json`]).sort();
        for (const language of LANGUAGES) {
            assert.deepEqual(readdirSync(join(packageRoot, 'locales', language)).sort(), files, language);
        }
    });

    for (const type of TYPES) {
        const english = catalogue('en-US', type);
        for (const language of LANGUAGES) {
            it(`${type} has every text in ${language}, with the same placeholders`, () => {
                const translated = catalogue(language, type);
                assert.deepEqual([...translated.keys()].sort(), [...english.keys()].sort());
                for (const [key, text] of translated) {
                    assert.notEqual(text.trim(), '', key);
                    assert.deepEqual(placeholders(text), placeholders(english.get(key)!), key);
                }
            });
        }
    }

    for (const language of LANGUAGES) {
        it(`of the sidebars has every text in ${language}, with the same placeholders`, () => {
            const english = pluginCatalogue('en-US');
            const translated = pluginCatalogue(language);
            assert.deepEqual([...translated.keys()], [...english.keys()]);
            for (const [key, text] of translated) {
                assert.notEqual(text.trim(), '', key);
                assert.deepEqual(placeholders(text), placeholders(english.get(key)!), key);
            }
        });
    }

    for (const language of LANGUAGES) {
        it(`explain every fault in ${language}, and what to do about it`, () => {
            const shared = catalogue(language, 'device-config');
            for (const part of ['errors', 'remedies']) {
                const codes = [...shared.keys()].filter((key) => key.startsWith(`device-config.${part}.`));
                const expected = Object.keys(FAULTS).map((code) => `device-config.${part}.${code}`);
                assert.deepEqual(codes.sort(), expected.sort());
            }
            for (const [code, { sentence }] of Object.entries(FAULTS)) {
                assert.deepEqual(
                    placeholders(shared.get(`device-config.errors.${code}`)!),
                    placeholders(sentence),
                    code,
                );
            }
        });

        it(`name every kind and family of events in ${language}`, () => {
            const shared = catalogue(language, 'device-config');
            for (const [kind, family] of Object.values(VOCABULARY).flat()) {
                assert.ok(shared.has(`device-config.families.${family}`), family);
                if (kind !== 'heartbeat') assert.ok(shared.has(`device-config.kinds.${kind}`), kind);
            }
        });
    }

    it('say the same in English as the faults themselves', () => {
        const shared = catalogue('en-US', 'device-config');
        for (const [code, { sentence, remedy }] of Object.entries(FAULTS)) {
            const text = shared.get(`device-config.errors.${code}`)!.replace(/__(\w+?)__/g, '{$1}');
            assert.equal(text, sentence);
            assert.equal(shared.get(`device-config.remedies.${code}`), remedy);
        }
        for (const [key, reason] of Object.entries(REASONS)) {
            const text = shared.get(`device-config.reasons.${key}`)!.replace(/__(\w+?)__/g, '{$1}');
            assert.equal(text, reason);
        }
    });

    it('keep statuses short enough to be read below a node', () => {
        for (const language of LANGUAGES) {
            for (const [key, text] of catalogue(language, 'device-config')) {
                if (key.startsWith('device-config.status.'))
                    assert.ok(text.length <= 28, `${language} ${key}: ${text}`);
            }
        }
    });
});

describe('the dialogs', () => {
    const own = new Map(TYPES.map((type) => [type, catalogue('en-US', type)]));

    function assertText(key: string, type: string): void {
        // Node-RED’s own words, of its nodes and of its editor.
        if (/^(?:node-red|editor):/.test(key)) return;
        const [catalogueName, path] = key.startsWith('@vigia/node-red-cctv/')
            ? (key.slice('@vigia/node-red-cctv/'.length).split(':') as [string, string])
            : [type, key];
        const keys = [...(own.get(catalogueName)?.keys() ?? [])];
        // A key that ends in a dot is completed by the code, from a list that the dialogs and the catalogue share.
        const found = path.endsWith('.') ? keys.some((known) => known.startsWith(path)) : keys.includes(path);
        assert.ok(found, `${type}.html uses ${key}, which no catalogue has`);
    }

    for (const type of TYPES) {
        it(`of ${type} use only texts that exist`, () => {
            const html = template(type);
            for (const [, attribute] of html.matchAll(/data-i18n="([^"]+)"/g)) {
                for (const key of attribute!.split(';')) assertText(key.replace(/^\[[\w-]+\]/, ''), type);
            }
            for (const [, key] of html.matchAll(/(?:RED|this)\._\('([^']+)'\)/g)) assertText(key!, type);
            for (const [, key] of html.matchAll(/\btext\('([^']+)'/g)) assertText(`${type}.${key}`, type);
            for (const [, key] of html.matchAll(/\bsharedLabel\('([^']+)'\)/g))
                assertText(`${SHARED}label.${key}`, type);
            for (const [, key] of html.matchAll(/[^.\w]label\('([^']+)'\)/g)) assertText(`${type}.label.${key}`, type);
        });

        it(`of ${type} hold no text of their own, but words of the protocol`, () => {
            const form = /data-template-name="[^"]+">([\s\S]*?)<\/script>/.exec(template(type))![1]!;
            const words = form
                .replace(/<[^>]*>/g, '\n')
                .split('\n')
                .map((word) => word.trim())
                .filter((word) => word !== '');
            const protocol = [
                'http://',
                'https://',
                'Digest',
                'Basic',
                'alertStream',
                'subscribeEvent',
                'Easy4IP',
                'DMSS',
                'Hikvision',
                'Intelbras / Dahua',
                'GET',
                'PUT',
                'POST',
                'DELETE',
                'PATCH',
                'HEAD',
                'OPTIONS',
            ];
            assert.deepEqual(
                words.filter((word) => !protocol.includes(word)),
                [],
            );
        });

        it(`of ${type} can be used with a keyboard and a screen reader`, () => {
            const html = template(type);
            for (const [button] of html.matchAll(/<button[^>]*>/g)) assert.match(button, /\[aria-label\]/, button);
            for (const [field, id] of html.matchAll(/<(?:input|select)[^>]*\sid="([^"]+)"/g)) {
                if (field.includes('type="hidden"')) continue;
                const named = html.includes(`for="${id}"`) || new RegExp(`id="${id}"[^>]*\\[aria-label\\]`).test(html);
                assert.ok(named, `${id} has a label`);
            }
        });

        it(`of ${type} take their colours from the theme and their addresses from where the editor lies`, () => {
            const html = template(type).replace(/color: '#[0-9A-F]{6}',/, '');
            assert.doesNotMatch(html, /#[0-9a-f]{3,8}\b(?![-\w])[^'"]*;|rgb\(/i);
            assert.doesNotMatch(html, /(?:src|href)="(?:\/|https?:)/);
        });
    }

    it('share code that uses only texts that exist', () => {
        for (const file of ['editor.js', 'editorDevice.js']) {
            for (const [, key] of source('resources', file).matchAll(/\btext\('([^']+)'/g)) {
                assertText(`${SHARED}${key}`, 'device-config');
            }
        }
        const alarm = source('resources', 'editorAlarm.js');
        for (const [, key] of alarm.matchAll(/\btext\('([^']+)'/g)) {
            assertText(`alarm-http-in.${key}`, 'alarm-http-in');
        }
        for (const [, key] of alarm.matchAll(/\bshared\('([^']+)'/g)) assertText(`${SHARED}${key}`, 'alarm-http-in');
    });
});

describe('the sidebars', () => {
    const files = ['pictures.js', 'deviceCard.js', 'devicesSidebar.js', 'debugPictures.js'];

    it('use only texts that exist, and all of them', () => {
        const known = pluginCatalogue('en-US');
        const used = files.flatMap((file) => {
            const prefix = file === 'debugPictures.js' ? '' : 'sidebar.';
            const calls = source('resources', file).matchAll(/\btext\((?:'([^']+)'|`([^`$]+)\$\{)/g);
            return [...calls].map(([, whole, start]) => prefix + (whole ?? start!));
        });
        // What is put together: states of a device and reasons of the protocol.
        const built = [...source('resources', 'deviceCard.js').matchAll(/`(reasons\.)\$\{/g)].map(
            ([, key]) => `sidebar.${key}`,
        );
        const all = [...used, ...built];
        for (const key of all) {
            const found =
                key.endsWith('.') || key.endsWith('-')
                    ? [...known.keys()].some((one) => one.startsWith(key))
                    : known.has(key);
            assert.ok(found, key);
        }
        for (const key of known.keys())
            assert.ok(
                all.some((one) => key === one || key.startsWith(one)),
                `${key} is used nowhere`,
            );
    });

    it('take their colours from the theme and their addresses from where the editor lies', () => {
        const css = source('resources', 'sidebar.css');
        assert.doesNotMatch(css, /#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i);
        for (const [, address] of source('plugins', 'vigia.html').matchAll(/(?:src|href)="([^"]+)"/g)) {
            assert.match(address!, /^resources\/@vigia\/node-red-cctv\//);
        }
    });
});

describe('the help', () => {
    for (const type of TYPES) {
        const outline = (language: string) => {
            const help = source('locales', language, `${type}.html`);
            assert.ok(help.startsWith(`<script type="text/html" data-help-name="${type}">`), language);
            return [...help.matchAll(/<(h3|h4|ol|ul|dl|li|dt|dd)\b/g)].map(([, tag]) => tag);
        };

        it(`of ${type} tells the same in each language`, () => {
            for (const language of LANGUAGES) assert.deepEqual(outline(language), outline('en-US'), language);
        });

        it(`of ${type} closes what it opens, and uses neither bold nor italics`, () => {
            for (const language of LANGUAGES) {
                const open: string[] = [];
                for (const [, slash, tag] of source('locales', language, `${type}.html`).matchAll(
                    /<(\/?)([a-z0-9]+)/g,
                )) {
                    if (slash === '') open.push(tag!);
                    else assert.equal(open.pop(), tag, language);
                    assert.doesNotMatch(tag!, /^(b|i|strong|em)$/);
                }
                assert.deepEqual(open, [], language);
            }
        });
    }
});
