import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../support/packageRoot';

/** Each document in its three languages, English first. */
const DOCUMENTS = [
    ['README.md', 'README.pt-BR.md', 'README.zh-CN.md'],
    ...['device-setup.md', 'troubleshooting.md'].map((name) => [
        `docs/${name}`,
        `docs/pt-BR/${name}`,
        `docs/zh-CN/${name}`,
    ]),
] as [string, string, string][];

const read = (path: string) => readFileSync(join(packageRoot, path), 'utf8');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((found) => found[1]!);

/** What has to agree: the outline, what is typed, what is shown; the words around it are the translator's. */
function skeleton(path: string) {
    const text = read(path);
    const prose = text.replace(/```[\s\S]*?```/g, '');
    return {
        headings: all(prose, /^(#+) /gm),
        commands: all(text, /```\n([\s\S]*?)\n *```/g).map((command) => command.replace(/^ +/gm, '')),
        lists: all(prose, /^ *(-|\d+\.) /gm),
        rows: all(prose, /^(\|)/gm).length,
        code: [...new Set(all(prose, /`([^`\n]+)`/g))].filter((code) => !code.includes(' ')).sort(),
        links: all(prose, /\]\(([^)]+)\)/g)
            .map((link) => (link.startsWith('http') ? link : document(path, link)))
            .sort(),
    };
}

/** The file that a link leads to, whatever the language of the page that it stands on. */
function document(from: string, link: string): string {
    const [path, anchor] = link.split('#');
    const target = join(dirname(from), path!);
    assert.ok(existsSync(join(packageRoot, target)), `${from} links to ${target}`);
    const shared = target.replace(/^docs\/(?:pt-BR|zh-CN)\//, 'docs/').replace(/^README\.\S+\.md$/, 'README.md');
    return anchor ? `${shared}#${anchor}` : shared;
}

for (const [english, ...translations] of DOCUMENTS) {
    describe(english, () => {
        it('leads to its translations at the top, and they lead to each other', () => {
            const paths = [english, ...translations];
            for (const path of paths) {
                const top = read(path).split('\n').slice(0, 4).join('\n');
                for (const language of ['English', 'Português', '中文']) assert.ok(top.includes(language), path);
                assert.equal(all(top, /\]\(([^)]+)\)/g).length, 2, path);
            }
        });

        for (const path of translations) {
            it(`says the same as ${path}: headings, commands, lists, tables, code and links`, () => {
                const [own, other] = [skeleton(english), skeleton(path)];
                for (const part of Object.keys(own) as (keyof typeof own)[]) {
                    assert.deepEqual(other[part], own[part], part);
                }
            });
        }
    });
}
