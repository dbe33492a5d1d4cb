/** The package as users get it: packed, installed as the Palette Manager installs, run, removed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { DEMO_LOGIN, type Demo, startDemo } from '../../simulator/demo';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

const NAME = '@vigia/node-red-cctv';
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

/** All that users need; whatever else is packed is a mistake in `files`. */
const WANTED = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/third-party\.md)$/,
    /^dist\/(nodes|runtime|protocols|events|devices)\/[\w/.-]+\.js$/,
    /^dist\/(protocols|events|devices)\/[\w/.-]+\.d\.ts$/,
    /^dist\/events\/\w+\.json$/,
    /^dist\/nodes\/([\w-]+\.html|icons\/[\w-]+\.svg|locales\/[\w-]+\/[\w-]+\.(html|json))$/,
    /^examples\/[^/]+\.json$/,
    /^resources\/\w+\.(js|css)$/,
];
/** Bytes. */
const LARGEST = { packed: 700_000, unpacked: 2_700_000 };

interface Packed {
    filename: string;
    size: number;
    unpackedSize: number;
    files: { path: string }[];
}

type FlowNode = { id: string; type: string; name?: string };

const run = promisify(execFile);
const shell = process.platform === 'win32';
const npm = async (cwd: string, ...args: string[]) => (await run('npm', args, { cwd, shell, timeout: 240_000 })).stdout;

describe('the packed package', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-tarball-'));
    const userDir = join(folder, 'user');
    let packed: Packed;

    before(async () => {
        mkdirSync(userDir);
        writeFileSync(join(userDir, 'package.json'), JSON.stringify({ name: 'node-red-project', private: true }));
        // Without scripts: the build is the one that runs this test, and building again would pull it away.
        const answer = await npm(packageRoot, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
        [packed] = JSON.parse(answer) as [Packed];
        const flags = ['--engine-strict', '--omit=dev', '--ignore-scripts', '--prefer-offline'];
        const quiet = ['--no-fund', '--no-audit', '--no-update-notifier'];
        const tarball = join(folder, packed.filename);
        await npm(userDir, 'install', ...flags, ...quiet, '--save', '--save-prefix=~', '--', tarball);
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    it('holds what users need and nothing else', (test) => {
        const unwanted = packed.files.map(({ path }) => path).filter((path) => !WANTED.some((form) => form.test(path)));
        assert.deepEqual(unwanted, []);
        test.diagnostic(`${packed.files.length} files, ${packed.size} bytes, unpacked ${packed.unpackedSize}`);
        assert.ok(packed.size < LARGEST.packed, `${packed.size} bytes`);
        assert.ok(packed.unpackedSize < LARGEST.unpacked, `${packed.unpackedSize} bytes unpacked`);
    });

    it('brings no package that has to run a script to work', () => {
        const lock = JSON.parse(readFileSync(join(userDir, 'package-lock.json'), 'utf8')) as {
            packages: Record<string, { optional?: boolean; hasInstallScript?: boolean }>;
        };
        const needy = Object.entries(lock.packages).filter(([, one]) => one.hasInstallScript && !one.optional);
        assert.deepEqual(needy, []);
    });

    it('can be used from a TypeScript program without Node-RED', async () => {
        const program = join(userDir, 'program.ts');
        writeFileSync(
            program,
            `import { HttpClient } from '${NAME}/dist/protocols/http/client';
             import { EventReader } from '${NAME}/dist/events/eventReader';
             const client = new HttpClient({ protocol: 'http', host: '127.0.0.1', auth: 'none' });
             new EventReader({ via: 'alertstream', device: {}, onOccurrence: ({ event }) => console.log(event.kind satisfies string) });
             client.close();`,
        );
        const tsc = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');
        const types = ['--types', 'node', '--typeRoots', join(packageRoot, 'node_modules', '@types')];
        const how = ['--strict', '--noEmit', '--module', 'node16', '--target', 'es2022', '--skipLibCheck'];
        await run(process.execPath, [tsc, ...how, ...types, program], { cwd: userDir }).catch(({ stdout }) =>
            assert.fail(stdout),
        );
    });

    for (const runtime of RUNTIMES) {
        describe(`in ${runtime.name}`, { skip: runtime.skip }, () => {
            let demo: Demo;
            let nodeRed: RunningNodeRed;

            before(async () => {
                demo = await startDemo({ ports: { camera: 0, nvr: 0, terminal: 0 }, eventsPerMinute: 60 });
                nodeRed = await startNodeRed({ ...runtime.options, userDir, flows: [] });
            });

            after(async () => {
                await nodeRed?.close();
                await demo?.close();
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
        });
    }

    it('leaves nothing behind when it is removed', async () => {
        await npm(userDir, 'remove', '--no-audit', '--no-update-notifier', '--no-fund', '--save', '--', NAME);
        const left = readdirSync(userDir, { recursive: true, withFileTypes: true })
            // npm itself leaves empty folders, and its list of what is installed.
            .filter((entry) => !entry.isDirectory() && entry.parentPath.includes('node_modules'))
            .filter(({ name }) => name !== '.package-lock.json');
        assert.deepEqual(left, []);
        const { dependencies } = JSON.parse(readFileSync(join(userDir, 'package.json'), 'utf8'));
        assert.equal(dependencies?.[NAME], undefined);
    });
});
