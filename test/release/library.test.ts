/** The packed package as a library: its types, and the programs of docs/library. */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Camera } from '../../simulator/camera';
import { DEMO_LOGIN } from '../../simulator/demo';
import { packageRoot } from '../support/packageRoot';
import { installedProject, NAME } from './packed';

const run = promisify(execFile);

describe('the library', () => {
    const { folder: project } = installedProject();

    for (const module of ['node16', 'commonjs']) {
        it(`is typed for a TypeScript program with modules of ${module}`, async () => {
            const program = join(project, `${module}.ts`);
            writeFileSync(
                program,
                `import { EventReader } from '${NAME}/events/eventReader';
                 import { HttpClient } from '${NAME}/protocols/http/client';
                 const client = new HttpClient({ protocol: 'http', host: '127.0.0.1', auth: 'none' });
                 const onOccurrence: ConstructorParameters<typeof EventReader>[0]['onOccurrence'] = ({ event }) =>
                     console.log(event.kind satisfies string);
                 new EventReader({ via: 'alertstream', device: {}, onOccurrence });
                 client.close();`,
            );
            const tsc = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');
            const types = ['--types', 'node', '--typeRoots', join(packageRoot, 'node_modules', '@types')];
            const resolution = module === 'node16' ? 'node16' : 'bundler';
            const how = ['--strict', '--noEmit', '--module', module, '--moduleResolution', resolution];
            await run(process.execPath, [tsc, ...how, '--target', 'es2022', ...types, program], { cwd: project }).catch(
                ({ stdout }) => assert.fail(stdout),
            );
        });
    }

    it('prints the events of a device', async () => {
        const camera = await new Camera().listen();
        const program = start('printEvents.mjs', {
            DEVICE_HOST: '127.0.0.1',
            DEVICE_PORT: String(camera.port),
            DEVICE_USER: DEMO_LOGIN.username,
            DEVICE_PASSWORD: DEMO_LOGIN.password,
        });
        try {
            await camera.streams.whenOpen();
            camera.emit({ type: 'linedetection', pictures: true });
            const event = JSON.parse(await program.line('stdout'));
            assert.equal(event.kind, 'line-crossing');
            assert.equal(event.device.address, '127.0.0.1');
            assert.equal(event.pictures.length, 1);
        } finally {
            await program.end();
            await camera.close();
        }
    });

    it('receives the posts of a device, with their pictures', async () => {
        const program = start('receiveAlarms.mjs', { PORT: '0', BIND: '127.0.0.1' });
        const camera = new Camera();
        try {
            const [, port] = /port (\d+)/.exec(await program.line('stderr'))!;
            camera.pushTo(`http://127.0.0.1:${port}/alarm`);
            await camera.listen();
            const { pushed } = camera.emit({ type: 'linedetection', pictures: true });
            await pushed;
            const event = JSON.parse(await program.line('stdout'));
            assert.equal(event.kind, 'line-crossing');
            const [picture] = event.pictures;
            assert.deepEqual([...readFileSync(join(project, 'pictures', picture)).subarray(0, 2)], [0xff, 0xd8]);
        } finally {
            await program.end();
            await camera.close();
        }
    });

    /** A program of docs/library, run where the package is installed. */
    function start(name: string, env: Record<string, string>) {
        copyFileSync(join(packageRoot, 'docs', 'library', name), join(project, name));
        const child = spawn(process.execPath, [name], { cwd: project, env: { ...process.env, ...env } });
        return {
            line: (stream: 'stdout' | 'stderr') => firstLine(child, stream),
            end: async () => {
                const ended = once(child, 'close');
                child.kill('SIGINT');
                assert.deepEqual(await ended, [0, null]);
            },
        };
    }
});

async function firstLine(child: ChildProcessWithoutNullStreams, stream: 'stdout' | 'stderr'): Promise<string> {
    let text = '';
    for await (const [chunk] of on(child[stream], 'data')) {
        text += chunk;
        if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
    }
    throw new Error('the program ended');
}
