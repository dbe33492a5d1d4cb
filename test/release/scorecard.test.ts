/** The rules by which the Flow Library scores a pack (node-red-dev: P01 to P07, N02, D01 to D03), without its network. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../support/packageRoot';

interface Manifest {
    name: string;
    license?: string;
    repository?: { url: string };
    bugs?: { url: string };
    keywords: string[];
    engines: { node: string };
    dependencies: Record<string, string>;
    'node-red': { version: string; nodes: Record<string, string>; plugins: Record<string, string> };
}

type Version = [number, number, number];

const read = (...path: string[]) => readFileSync(join(packageRoot, ...path), 'utf8');
const json = (...path: string[]) => JSON.parse(read(...path));

const manifest = json('package.json') as Manifest;

function versionOf(text: string): Version {
    const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
    return [major, minor, patch];
}

/** Whether an open range, `>=` and a version, admits the other version. */
function admits(range: string, version: Version): boolean {
    const floor = /^>=(\d+(?:\.\d+){0,2})$/.exec(range)?.[1];
    assert.ok(floor, `${range} is not an open range`);
    const difference = versionOf(floor)
        .map((part, index) => version[index]! - part)
        .find((part) => part !== 0);
    return (difference ?? 0) >= 0;
}

/** What the scorecard finds in the file beside a node: a definition that stands there in full, with its category. */
function definition(file: string): { type: string; category: string } {
    const html = read(file.replace(/\.js$/, '.html'));
    const scripts = [...html.matchAll(/<script type="text\/javascript">([\s\S]*?)<\/script>/g)].map(
        (match) => match[1]!,
    );
    const found = /RED\.nodes\.registerType\('([^']+)',\s*\{\s*category:\s*'([^']+)'/.exec(scripts.join('\n'));
    assert.ok(found, `${file} has no definition that can be read`);
    return { type: found[1]!, category: found[2]! };
}

describe('the scorecard of the Flow Library', () => {
    it('P01 P03: there are a licence, a repository and a place for bugs', () => {
        assert.equal(manifest.license, 'MIT');
        assert.match(read('LICENSE'), /^MIT License/);
        assert.match(manifest.repository?.url ?? '', /^git\+https:\/\//);
        assert.match(manifest.bugs?.url ?? '', /^https:\/\//);
    });

    it('P04 P05: the name is scoped and the keyword is there', () => {
        assert.match(manifest.name, /^@[a-z0-9-]+\/[a-z0-9-]+$/);
        assert.ok(manifest.keywords.includes('node-red'));
    });

    it('P06: the Node-REDs of today are admitted, and none that the tests do not run', () => {
        const range = manifest['node-red'].version;
        const tested = json('node_modules', 'node-red', 'package.json').version as string;
        assert.ok(admits(range, versionOf(tested)), tested);
        assert.ok(admits(range, [5, 0, 0]));
        assert.ok(!admits(range, [4, 0, 9]));
    });

    it('P07: the oldest Node.js of the latest Node-RED is admitted', () => {
        assert.ok(admits(manifest.engines.node, [22, 9, 0]));
        assert.ok(admits(manifest.engines.node, [20, 0, 0]));
        assert.ok(!admits(manifest.engines.node, [18, 20, 0]));
    });

    it('N02: every node can be read, is listed under its own name and has an example', () => {
        const examples = readdirSync(join(packageRoot, 'examples')).flatMap((file) => json('examples', file));
        const used = new Set(examples.map(({ type }: { type: string }) => type));
        for (const [name, file] of Object.entries(manifest['node-red'].nodes)) {
            const { type, category } = definition(file);
            assert.equal(type, name);
            if (category !== 'config') assert.ok(used.has(type), `${type} is in no example`);
        }
    });

    it('every plugin has its two halves, and its catalogue beside them', () => {
        for (const [name, file] of Object.entries(manifest['node-red'].plugins)) {
            assert.match(read(file), /registerPlugin/);
            assert.match(read(file.replace(/\.js$/, '.html')), /RED\.plugins\.registerPlugin\('/);
            for (const language of ['en-US', 'pt', 'pt-BR', 'zh', 'zh-CN']) {
                assert.ok(json(dirname(file), 'locales', language, `${name}.json`), language);
            }
        }
    });

    it('D01 D02: there are at most six dependencies, none of them Node-RED or a bad one', () => {
        const names = Object.keys(manifest.dependencies);
        assert.ok(names.length <= 6, names.join(', '));
        for (const name of ['node-red', '@node-red/util', 'agent-base']) assert.ok(!names.includes(name), name);
    });

    it('D03: the range of each admits every later version of the major that is tested', () => {
        for (const [name, range] of Object.entries(manifest.dependencies)) {
            const tested = json('node_modules', name, 'package.json').version as string;
            assert.equal(range.replace(/\..*/, ''), `^${versionOf(tested)[0]}`, name);
        }
    });
});
