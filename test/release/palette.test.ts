/** The package installed, run and removed by the Palette Manager of empty Node-REDs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DEMO_LOGIN, type Demo, startDemo } from '../../simulator/demo';
import { INSTALL_RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';
import { emptyUserDir, NAME, type Packed, pack } from './packed';

const TYPES = [
    'alarm-http-in',
    'device-config',
    'intelbras-p2p-tunnel',
    'isapi-alertstream',
    'isapi-request',
    'isup-in',
];
const LANGUAGES = ['en-US', 'pt-BR', 'zh-CN'];
const EXAMPLE = 'Camera events to debug';

type FlowNode = { id: string; type: string; name?: string };

describe('the Palette Manager', () => {
    let packed: Packed;

    before(async () => {
        packed = await pack();
    });

    after(() => packed?.remove());

    for (const runtime of INSTALL_RUNTIMES) {
        describe(`in ${runtime.name}`, { skip: runtime.skip }, () => {
            const userDir = emptyUserDir();
            let demo: Demo;
            let nodeRed: RunningNodeRed;

            before(async () => {
                demo = await startDemo({ ports: { camera: 0, nvr: 0, terminal: 0 }, eventsPerMinute: 60 });
                nodeRed = await startNodeRed({
                    ...runtime.options,
                    userDir,
                    flows: [],
                    settings: { externalModules: { palette: { allowInstall: true, allowUpload: true } } },
                    // What needs a script to be installed must fail here.
                    env: { npm_config_ignore_scripts: 'true', npm_config_prefer_offline: 'true' },
                });
            });

            after(async () => {
                await nodeRed?.close();
                await demo?.close();
                rmSync(userDir, { recursive: true, force: true });
            });

            it('is installed by the Palette Manager', async () => {
                const form = new FormData();
                form.append('tarball', new Blob([readFileSync(packed.tarball)]), packed.filename);
                const response = await fetch(`${nodeRed.url}/nodes`, { method: 'POST', body: form });
                assert.equal(response.status, 200, `${await response.text()}\n${nodeRed.logs.join('\n')}`);
            });

            it('loads all its nodes', async () => {
                const sets = (await nodeRed.adminGet('/nodes')) as Record<string, unknown>[];
                const ours = sets.filter(({ module }) => module === NAME);
                assert.deepEqual(ours.flatMap(({ types }) => types).sort(), TYPES);
                for (const set of ours) {
                    assert.equal(set.enabled, true, `${set.name}`);
                    assert.equal(set.err, undefined, `${set.name}`);
                }
            });

            it('loads its plugin, with its catalogue in each language', async () => {
                const sets = (await nodeRed.adminGet('/plugins')) as Record<string, unknown>[];
                const ours = sets.filter(({ module }) => module === NAME);
                assert.deepEqual(
                    ours.map(({ id, enabled, err }) => ({ id, enabled, err })),
                    [{ id: `${NAME}/vigia`, enabled: true, err: undefined }],
                );
                const page = (await nodeRed.adminGet('/plugins', { accept: 'text/html' })) as string;
                assert.ok(page.includes(readFileSync(join(packageRoot, 'plugins', 'vigia.html'), 'utf8').trim()));
                for (const language of LANGUAGES) {
                    const path = `/plugins/messages?lng=${language}`;
                    const catalogues = (await nodeRed.adminGet(path)) as Record<string, unknown>;
                    const source = readFileSync(
                        join(packageRoot, 'plugins', 'locales', language, 'vigia.json'),
                        'utf8',
                    );
                    assert.deepEqual(catalogues[`${NAME}/vigia`], JSON.parse(source), language);
                }
            });

            it('gives each node its icon', async () => {
                const page = (await nodeRed.adminGet('/nodes', { accept: 'text/html' })) as string;
                for (const type of TYPES) {
                    const definition = page.slice(page.indexOf(`RED.nodes.registerType('${type}'`));
                    const icon = /\n {12}icon: '([\w-]+\.svg)'/.exec(definition)?.[1];
                    assert.ok(icon, type);
                    // Where an icon is missing Node-RED sends another, with 200.
                    const response = await fetch(`${nodeRed.url}/icons/${NAME}/${icon}`);
                    assert.equal(await response.text(), readFileSync(join(packageRoot, 'icons', icon), 'utf8'));
                }
            });

            for (const language of LANGUAGES) {
                it(`has catalogue and help of each node in ${language}`, async () => {
                    const catalogues = (await nodeRed.adminGet(`/nodes/messages?lng=${language}`)) as Record<
                        string,
                        unknown
                    >;
                    const asked = { accept: 'text/html', 'accept-language': language };
                    const page = (await nodeRed.adminGet('/nodes', asked)) as string;
                    for (const type of TYPES) {
                        const source = (ending: string) =>
                            readFileSync(join(packageRoot, 'locales', language, `${type}.${ending}`), 'utf8');
                        assert.deepEqual(catalogues[`${NAME}/${type}`], JSON.parse(source('json')), type);
                        assert.ok(page.includes(source('html').trim()), `help of ${type}`);
                    }
                });
            }

            it('serves what its dialogs load', async () => {
                const names = readdirSync(join(packageRoot, 'resources'));
                assert.ok(names.includes('vocabulary.js'));
                for (const name of names) {
                    const response = await fetch(`${nodeRed.url}/resources/${NAME}/${name}`);
                    assert.equal(response.status, 200, name);
                    assert.equal(await response.text(), readFileSync(join(packageRoot, 'resources', name), 'utf8'));
                }
            });

            it('offers its examples, one of which runs once it is filled in', async () => {
                const library = `/library/examples/flows/${NAME}`;
                const offered = (await nodeRed.adminGet(library)) as { fn: string }[];
                const files = readdirSync(join(packageRoot, 'examples')).map((file) => file.replace(/\.json$/, ''));
                assert.deepEqual(offered.map(({ fn }) => fn).sort(), files.sort());

                const answer = await nodeRed.adminGet(`${library}/${encodeURIComponent(EXAMPLE)}`);
                const nodes = (typeof answer === 'string' ? JSON.parse(answer) : answer) as FlowNode[];
                const filledIn = { host: '127.0.0.1', port: demo.camera.port, credentials: DEMO_LOGIN };
                await nodeRed.deploy(
                    nodes.map((node) => (node.type === 'device-config' ? { ...node, ...filledIn } : node)),
                );
                const { id } = nodes.find(({ type, name }) => type === 'debug' && name === 'event')!;
                await nodeRed.until(() => nodeRed.debugMessages(id)[0], 'an event of the camera');
                const stream = nodes.find(({ type }) => type === 'isapi-alertstream')!;
                assert.equal(nodeRed.statuses.get(stream.id)?.fill, 'green');
            });

            it('leaves nothing behind when the Palette Manager removes it', async () => {
                await nodeRed.deploy([]);
                const response = await fetch(`${nodeRed.url}/nodes/${NAME}`, { method: 'DELETE' });
                assert.equal(response.status, 204, await response.text());
                const sets = (await nodeRed.adminGet('/nodes')) as { module: string }[];
                assert.deepEqual(
                    sets.filter(({ module }) => module === NAME),
                    [],
                );
                assert.deepEqual(filesOfPackages(userDir), []);
                const { dependencies } = JSON.parse(readFileSync(join(userDir, 'package.json'), 'utf8'));
                assert.equal(dependencies?.[NAME], undefined);
            });
        });
    }
});

/** What npm left of the packages, besides empty folders and its list of what is installed. */
function filesOfPackages(userDir: string): string[] {
    return readdirSync(userDir, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && entry.parentPath.includes('node_modules'))
        .map(({ name }) => name)
        .filter((name) => name !== '.package-lock.json');
}
