import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { PortPlan } from '../../../protocols/p2p/portPlan';
import { chooseNode } from '../../../protocols/p2p/sdk/helperProcess';
import { findLibrary, readArchitecture } from '../../../protocols/p2p/sdk/libraryFile';
import { LineReader } from '../../../protocols/p2p/sdk/lines';
import { SdkHost, type SdkHostOptions, SdkSession } from '../../../protocols/p2p/sdk/sdkSession';
import { SharedSources } from '../../../protocols/p2p/sharedSources';
import { TunnelGroup, type TunnelReport } from '../../../protocols/p2p/tunnelGroup';
import type { SourceState } from '../../../protocols/p2p/tunnelSource';
import { fixture } from '../../support/packageRoot';
import { EchoService } from './support/echo';
import { echoThrough, faultOf, until } from './support/waiting';

function peHead(machine: number): Buffer {
    const head = Buffer.alloc(512);
    head.write('MZ', 0, 'latin1');
    head.writeUInt32LE(0x80, 0x3c);
    head.write('PE\0\0', 0x80, 'latin1');
    head.writeUInt16LE(machine, 0x84);
    return head;
}

function elfHead(machine: number): Buffer {
    const head = Buffer.alloc(64);
    head.writeUInt32BE(0x7f454c46, 0);
    head[4] = 2;
    head[5] = 1;
    head.writeUInt16LE(machine, 18);
    return head;
}

describe('the vendor’s library on disk', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sdk-files-'));
    after(() => rmSync(folder, { recursive: true }));

    it('tells the machine it is made for', () => {
        assert.deepEqual(readArchitecture(peHead(0x014c)), { format: 'pe', architecture: 'ia32' });
        assert.deepEqual(readArchitecture(peHead(0x8664)), { format: 'pe', architecture: 'x64' });
        assert.deepEqual(readArchitecture(peHead(0xaa64)), { format: 'pe', architecture: 'arm64' });
        assert.deepEqual(readArchitecture(elfHead(62)), { format: 'elf', architecture: 'x64' });
        assert.deepEqual(readArchitecture(elfHead(183)), { format: 'elf', architecture: 'arm64' });
        for (const bad of [Buffer.alloc(0), Buffer.from('MZ'), peHead(0x1234), Buffer.alloc(4096, 0xff)]) {
            assert.equal(readArchitecture(bad), undefined);
        }
        const beyond = peHead(0x014c);
        beyond.writeUInt32LE(0xffffff, 0x3c);
        assert.equal(readArchitecture(beyond), undefined);
    });

    it('is looked for in the folder, and its absence is said plainly', () => {
        for (const path of ['', join(folder, 'nowhere'), folder]) {
            assert.throws(() => findLibrary(path), { code: 'SDK_FOLDER_MISSING' });
        }
        writeFileSync(join(folder, 'IBCloudSDK.dll'), peHead(0x014c));
        const found = findLibrary(folder, 'win32');
        assert.deepEqual([found.flavour, found.architecture], ['ibcloud', 'ia32']);
        assert.throws(() => findLibrary(folder, 'linux'), { code: 'SDK_LIBRARY_UNREADABLE' });
        writeFileSync(join(folder, 'libt2u.so'), 'not a library');
        assert.equal(findLibrary(folder, 'win32').flavour, 'ibcloud');
        assert.throws(() => findLibrary(join(folder, 'libt2u.so'), 'linux'), /damaged/);
    });

    it('is loaded by a Node of its own kind, which the user names', async () => {
        const library = findLibrary(folder, 'win32');
        assert.equal((await faultOf(chooseNode(library, ''))).code, 'SDK_WRONG_ARCHITECTURE');
        assert.match((await faultOf(chooseNode(library, process.execPath))).message, /is ia32/);
        assert.match((await faultOf(chooseNode(library, join(folder, 'no-node')))).message, /not usable/);
        const script = join(folder, 'node32');
        writeFileSync(script, '#!/bin/sh\necho ia32\n');
        chmodSync(script, 0o755);
        if (process.platform !== 'win32') assert.equal(await chooseNode(library, script), script);
        assert.equal(await chooseNode({ ...library, architecture: process.arch as 'x64' }, ''), process.execPath);
    });

    it('may write to the helper’s output without confusing anybody', () => {
        const seen: unknown[] = [];
        const reader = new LineReader((object) => seen.push(object));
        reader.feed('T2U connected\n{broken\n{"id":1,"res');
        reader.feed('ult":2}\nnoise');
        reader.feed('x'.repeat(100_000));
        reader.feed('\n{"id":2}\n');
        assert.deepEqual(seen, [{ id: 1, result: 2 }, { id: 2 }]);
    });
});

function missing(): string | false {
    if (spawnSync('gcc', ['--version']).status !== 0) return 'gcc is not installed';
    try {
        createRequire(__filename)('koffi');
        return false;
    } catch {
        return 'koffi is not installed';
    }
}

describe('tunnels by the vendor’s library', { skip: missing() }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'sdk-stand-in-'));
    const cleanups: (() => unknown)[] = [];
    let echo: EchoService;

    function compile(name: string, file: string, ...flags: string[]): string {
        mkdirSync(join(folder, name));
        const source = fixture('p2p', 'standInSdk.c');
        execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-pthread', ...flags, '-o', join(folder, name, file), source]);
        return join(folder, name);
    }

    let ibcloud: string;
    let t2u: string;
    before(async () => {
        ibcloud = compile('ibcloud', 'libIBCloudSDK.so', '-DIBCLOUD');
        t2u = compile('t2u', 'libt2u.so', '-DT2U');
        echo = await EchoService.open();
    });
    after(() => {
        echo.close();
        rmSync(folder, { recursive: true });
    });
    afterEach(async () => {
        for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    function session(serial: string, options: SdkHostOptions) {
        const states: SourceState[] = [];
        const made = new SdkSession(serial, new SdkHost({ settle: 50, ...options }));
        made.watch((state) => states.push(state));
        cleanups.push(() => made.close());
        return { made, states };
    }

    const online = () => `TESTPORT${echo.port}`;

    it('start the library in its mandatory order and carry bytes both ways', async () => {
        for (const sdkPath of [ibcloud, t2u]) {
            const { made, states } = session(online(), { sdkPath });
            const reports: TunnelReport[] = [];
            const group = new TunnelGroup({
                serial: online(),
                plan: new PortPlan(),
                ports: [{ service: 'sdk', remote: 37777, local: 0 }],
                acquire: () => new SharedSources().acquire('one', () => made),
                onChange: (report) => reports.push(report),
            });
            await group.open();
            await echoThrough((group.report.ports[0] ?? { local: 0 }).local, 500_000);
            assert.equal(reports.at(-1)?.route, 'sdk');
            assert.deepEqual(
                states.map(({ state }) => state),
                ['opening', 'open'],
            );
            await group.close();
            assert.equal(made.state.state, 'closed');
        }
    });

    it('are not built to a recorder that is offline', async () => {
        const { made, states } = session('TESTSN0000009', { sdkPath: ibcloud });
        assert.equal((await faultOf(made.connect(37777))).code, 'P2P_DEVICE_OFFLINE');
        assert.equal(states.at(-1)?.state, 'offline');
        assert.ok(states.at(-1)?.retryAt);
    });

    it('come back after the library crashed', async () => {
        const host = new SdkHost({ sdkPath: ibcloud, settle: 50 });
        const healthy = new SdkSession(online(), host);
        const states: SourceState[] = [];
        healthy.watch((state) => states.push(state));
        cleanups.push(() => healthy.close());
        (await healthy.connect(37777)).destroy();
        const killer = new SdkSession('TESTCRASH', host);
        cleanups.push(() => killer.close());
        assert.equal((await faultOf(killer.connect(37777))).code, 'SDK_HELPER_LOST');
        await killer.close();
        await until('the healthy one noticed', () => states.some((state) => state.fault?.code === 'SDK_HELPER_LOST'));
        await until('it is open again', () => healthy.state.state === 'open');
        const socket = await healthy.connect(37777);
        const answer = new Promise((heard) => socket.once('data', heard));
        socket.write('again');
        assert.equal(String(await answer), 'again');
        socket.destroy();
    });

    it('do not wait for ever for a call that hangs', async () => {
        const { made } = session('TESTHANG', { sdkPath: ibcloud, callTimeout: 1000 });
        assert.equal((await faultOf(made.connect(37777))).code, 'SDK_HELPER_LOST');
    });

    it('say what is wrong with a library', async () => {
        const broken = compile('broken', 'libIBCloudSDK.so', '-DIBCLOUD', '-DWITHOUT_ADD_PORT');
        const missing = await faultOf(session(online(), { sdkPath: broken }).made.connect(1));
        assert.equal(missing.code, 'SDK_SYMBOL_MISSING');
        assert.match(missing.message, /IBCloud_add_port/);

        mkdirSync(join(folder, 'damaged'));
        writeFileSync(join(folder, 'damaged', 'libIBCloudSDK.so'), elfHead(process.arch === 'arm64' ? 183 : 62));
        const damaged = session(online(), { sdkPath: join(folder, 'damaged') });
        assert.equal((await faultOf(damaged.made.connect(1))).code, 'SDK_LOAD_FAILED');
        assert.equal(damaged.states.at(-1)?.retryAt, undefined, 'nothing is tried again');

        const refused = await faultOf(session(online(), { sdkPath: t2u, key: 'wrong' }).made.connect(1));
        assert.match(refused.message, /refuses the key/);
    });

    it('share one helper between recorders, each with its own ports', async () => {
        const second = await EchoService.open();
        cleanups.push(() => second.close());
        const host = new SdkHost({ sdkPath: ibcloud, settle: 50 });
        const sessions = [online(), `TESTPORT${second.port}`].map((serial) => new SdkSession(serial, host));
        const ports = await Promise.all(
            sessions.map(async (made) => {
                const socket = await made.connect(37777);
                const remote = (socket as unknown as { remotePort: number }).remotePort;
                socket.destroy();
                return remote;
            }),
        );
        assert.notEqual(ports[0], ports[1]);
        await Promise.all(ports.map((port) => echoThrough(port, 100_000)));
        for (const made of sessions) await made.close();
        const gone = await faultOf(echoThrough(ports[0]!, 10) as Promise<unknown>);
        assert.match(gone.message, /ECONNREFUSED|closed after/);
    });
});
