import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../support/packageRoot';

interface FlowNode {
    id: string;
    type: string;
    z?: string;
    x?: number;
    y?: number;
    name?: string;
    info?: string;
    device?: string;
    wires?: string[][];
    [property: string]: unknown;
}

const CORE = [
    'catch change comment complete csv debug delay file function group http-in http-response http-request inject junction link-in link-out',
    'mqtt-broker mqtt-in mqtt-out split status switch tab template',
].flatMap((types) => types.split(' '));
/** What the names of other packs stand for; a flow that uses one says so in its comment. */
const OTHERS: Record<string, string[]> = {
    '@flowfuse/node-red-dashboard': 'ui-base ui-group ui-page ui-table ui-template ui-theme global-config'.split(' '),
};
const LANGUAGES = ['## English', '## Português (Brasil)', '## 中文'];
const OURS = [
    'device-config',
    'isapi-request',
    'isapi-alertstream',
    'alarm-http-in',
    'intelbras-p2p-tunnel',
    'isup-in',
];

const folder = join(packageRoot, 'examples');
const examples = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
        name: basename(file, '.json'),
        nodes: JSON.parse(readFileSync(join(folder, file), 'utf8')) as FlowNode[],
    }));

/** The properties that the editor gives a node of ours, as its html declares them. */
function declared(type: string): string[] {
    const html = readFileSync(join(packageRoot, 'nodes', `${type}.html`), 'utf8');
    const defaults = /defaults: \{([\s\S]*?)\n {12}\},/.exec(html)![1]!;
    return [...defaults.matchAll(/^ {16}(\w+): \{/gm)].map(([, name]) => name!).sort();
}

describe('the example flows', () => {
    it('show every node of the pack', () => {
        const used = new Set(examples.flatMap(({ nodes }) => nodes.map((node) => node.type)));
        assert.deepEqual(
            OURS.filter((type) => !used.has(type)),
            [],
        );
    });

    it('have ids of their own, so that all can be imported into one Node-RED', () => {
        const shared = ['ui-base', 'ui-theme'];
        const ids = examples.flatMap(({ nodes }) =>
            nodes.filter(({ type }) => !shared.includes(type)).map(({ id }) => id),
        );
        assert.equal(new Set(ids).size, ids.length);
    });

    it('share one dashboard, as those who import two of them expect', () => {
        const bases = examples.flatMap(({ nodes }) => nodes.filter(({ type }) => type === 'ui-base'));
        assert.equal(bases.length, 2);
        assert.deepEqual(bases[0], bases[1]);
    });

    it('are all in the catalogue of the documentation, with what they need', () => {
        const catalogue = readFileSync(join(packageRoot, 'docs', 'examples.md'), 'utf8');
        const listed = [...catalogue.matchAll(/^\| \*\*(.+?)\*\*/gm)].map(([, name]) => name);
        assert.deepEqual(listed.sort(), examples.map(({ name }) => name).sort());
    });

    it('are each imported and run by a test', () => {
        const tests = readdirSync(join(packageRoot, 'test'), { recursive: true, encoding: 'utf8' })
            .filter((file) => file.endsWith('.ts') && !file.endsWith('examples.test.ts'))
            .map((file) => readFileSync(join(packageRoot, 'test', file), 'utf8'));
        for (const { name } of examples)
            assert.ok(
                tests.some((test) => test.includes(name)),
                name,
            );
    });

    for (const { name, nodes } of examples) {
        describe(name, () => {
            const byId = new Map(nodes.map((node) => [node.id, node]));
            const comment = nodes.find((node) => node.type === 'comment')?.info ?? '';

            it('needs nothing but Node-RED itself, this pack and what its comment names', () => {
                const named = Object.keys(OTHERS).filter((pack) => comment.includes(pack));
                const known = [...CORE, ...OURS, ...named.flatMap((pack) => OTHERS[pack]!)];
                for (const { type } of nodes) assert.ok(known.includes(type.replace(' ', '-')), type);
            });

            it('is wired to nodes that are there', () => {
                for (const node of nodes) {
                    for (const target of (node.wires ?? []).flat())
                        assert.ok(byId.has(target), `${node.name} → ${target}`);
                    if (node.device) assert.equal(byId.get(node.device)?.type, 'device-config');
                    if (node.z) assert.equal(byId.get(node.z)?.type, 'tab');
                }
            });

            it('holds every setting of our nodes, and no secret', () => {
                for (const node of nodes.filter(({ type }) => OURS.includes(type))) {
                    const own = Object.keys(node).filter(
                        (key) => !['id', 'type', 'z', 'g', 'x', 'y', 'wires'].includes(key),
                    );
                    assert.deepEqual(own.sort(), declared(node.type));
                    assert.equal(node.version, 1);
                }
                const environment = nodes.flatMap(
                    ({ env }) => (env ?? []) as { name: string; type: string; value: string }[],
                );
                for (const { name, type, value } of environment) {
                    if (/key|secret|token|password/i.test(name)) assert.deepEqual([type, value], ['cred', '']);
                }
            });

            it('says in three languages what to fill in', () => {
                const sections = comment.split(/^(?=## )/m);
                assert.deepEqual(
                    sections.map((section) => section.split('\n')[0]),
                    LANGUAGES,
                );
                for (const section of sections) assert.ok(section.length > 60, section);
                const steps = sections.map((section) => section.match(/^(?:\d+\.|-) /gm) ?? []);
                for (const translated of steps.slice(1)) assert.deepEqual(translated, steps[0], 'the same steps');
                // What stands in bold is the name of a node, which no language translates.
                const namesOf = (section: string) => new Set(section.match(/\*\*[^*]+\*\*/g));
                const english = namesOf(sections[0]!);
                for (const section of sections.slice(1)) {
                    for (const node of namesOf(section)) assert.ok(english.has(node), node);
                }
            });

            it('lies tidily on the grid, with room between the nodes', () => {
                const placed = nodes.filter((node) => node.x !== undefined && node.type !== 'group');
                for (const node of placed) {
                    assert.equal(node.x! % 10, 0);
                    assert.equal(node.y! % 20, 0);
                    const rows = placed.filter((other) => other !== node && Math.abs(other.x! - node.x!) < 100);
                    assert.ok(
                        rows.every((other) => Math.abs(other.y! - node.y!) >= 40),
                        `${node.name || node.type} overlaps`,
                    );
                }
            });

            it('shows errors, which would otherwise go unseen', () => {
                const caught = nodes.find((node) => node.type === 'catch');
                assert.equal(byId.get(caught?.wires?.[0]?.[0] ?? '')?.type, 'debug');
            });
        });
    }
});

describe('the demo', () => {
    it('keeps the ids by which the start script gives its devices their passwords', () => {
        const demo = examples.find(({ name }) => name === 'Demo with simulated devices');
        const ports = ['camera', 'nvr', 'terminal'].map((device) => {
            const node = demo?.nodes.find(({ id }) => id === `vigia-demo-${device}`);
            return [node?.type, node?.host, node?.port];
        });
        const devices = [18081, 18082, 18083].map((port) => ['device-config', '127.0.0.1', port]);
        assert.deepEqual(ports, devices);
    });
});
