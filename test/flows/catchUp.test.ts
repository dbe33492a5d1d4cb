import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { Terminal } from '../../simulator/terminal';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';
import { alarmHost, alertStream, debug, device, LOGIN, TAB } from './flow';

interface AccessMessage {
    payload: { via: string; replay: boolean; access: { major: number; serial: number } };
}

/** A user folder that outlives its Node-RED. */
function userFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-restart-'));
    const link = join(folder, 'node_modules', '@vigia', 'node-red-cctv');
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(packageRoot, link, 'junction');
    return folder;
}

function eventsOf(nodeRed: RunningNodeRed): AccessMessage['payload'][] {
    const payloads = nodeRed.debugMessages('events').map(({ value }) => (value as AccessMessage).payload);
    return payloads.filter(({ access }) => access.major === 5);
}

/** Stores as they stand in the settings of Node-RED. */
const ON_DISK = { disk: { module: 'localfilesystem' } };
const STORES: { name: string; contextStorage?: object; keeps: boolean }[] = [
    { name: 'on disk', contextStorage: { default: 'disk', ...ON_DISK }, keeps: true },
    {
        name: 'in memory with another on disk',
        contextStorage: { default: { module: 'memory' }, ...ON_DISK },
        keeps: true,
    },
    { name: 'in memory', keeps: false },
];

for (const runtime of RUNTIMES) {
    describe(`isapi-alertstream with catchUp in ${runtime.name}`, { skip: runtime.skip }, () => {
        const toClose: { close(): Promise<void> }[] = [];
        afterEach(async () => {
            for (const one of toClose.splice(0).reverse()) await one.close();
        });

        /** A Node-RED that shows the events of a terminal, and fetches what it missed. */
        const start = (
            terminal: Terminal,
            more: { userDir?: string; settings?: object; stream?: object; nodes?: object[] },
        ) =>
            startNodeRed({
                ...runtime.options,
                ...(more.userDir !== undefined && { userDir: more.userDir }),
                flows: [
                    TAB,
                    device(terminal.port),
                    alertStream({ catchUp: true, ...more.stream }),
                    debug('events'),
                    debug('changes'),
                    ...(more.nodes ?? []),
                ],
                credentials: { device: LOGIN },
                settings: { ...more.settings },
            });

        for (const { name, contextStorage, keeps } of STORES) {
            const does = keeps ? 'fetches what it missed during a restart' : 'begins with now after a restart';
            it(`${does}, with a context store ${name}`, async () => {
                const terminal = await new Terminal({ login: { ...LOGIN } }).listen();
                toClose.push(terminal);
                const userDir = userFolder();
                const how = { userDir, settings: { contextStorage } };
                try {
                    const before = await start(terminal, how);
                    await before.until(() => before.statuses.get('stream')?.fill === 'green', 'a green status');
                    const { row } = terminal.emit({ major: 5, minor: 21, door: 1 });
                    await before.until(() => eventsOf(before)[0]?.access.serial === row.serial, 'a live event');
                    await before.close();
                    const missed = Array.from(
                        { length: 40 },
                        () => terminal.emit({ major: 5, minor: 22, door: 1 }).row.serial,
                    );
                    const after = await start(terminal, how);
                    toClose.push(after);
                    await after.until(() => after.statuses.get('stream')?.fill === 'green', 'a green status');
                    const { row: next } = terminal.emit({ major: 5, minor: 21, door: 1 });
                    await after.until(
                        () => eventsOf(after).at(-1)?.access.serial === next.serial,
                        'the next live event',
                    );
                    const out = eventsOf(after);
                    const expected = keeps ? [...missed, next.serial] : [next.serial];
                    assert.deepEqual(
                        out.map(({ access }) => access.serial),
                        expected,
                    );
                    for (const { via, replay } of out.slice(0, -1))
                        assert.deepEqual({ via, replay }, { via: 'history', replay: true });
                } finally {
                    rmSync(userDir, { recursive: true, force: true });
                }
            });
        }

        it('shares the events of a device with an alarm-http-in, each once, over a restart', async () => {
            const terminal = await new Terminal({ login: { ...LOGIN }, retryInterval: 100 }).listen();
            toClose.push(terminal);
            const port = await freePort();
            const userDir = userFolder();
            const how = {
                userDir,
                settings: { contextStorage: ON_DISK },
                stream: { once: true },
                nodes: [alarmHost(port, { device: 'device', once: true }), debug('rejected')],
            };
            const happen = () =>
                Array.from({ length: 20 }, () => terminal.emit({ major: 5, minor: 22, door: 1 }).row.serial);
            const serials = (nodeRed: RunningNodeRed) => eventsOf(nodeRed).map(({ access }) => access.serial);
            const idle = () => terminal.pushes.pending === 0;
            try {
                const before = await start(terminal, how);
                await before.until(() => before.statuses.get('stream')?.fill === 'green', 'a green status');
                terminal.pushTo(`http://127.0.0.1:${port}/alarm`);
                const first = happen();
                await before.until(() => serials(before).length >= first.length, 'what happened');
                while (!idle()) await new Promise((resolve) => setTimeout(resolve, 20));
                assert.deepEqual(serials(before), first);
                await before.close();
                const missed = happen();
                const after = await start(terminal, how);
                toClose.push(after);
                await after.until(() => serials(after).length >= missed.length, 'what was missed');
                while (!idle()) await new Promise((resolve) => setTimeout(resolve, 20));
                const next = happen();
                await after.until(() => serials(after).length >= missed.length + next.length, 'what happens next');
                while (!idle()) await new Promise((resolve) => setTimeout(resolve, 20));
                assert.deepEqual(serials(after), [...missed, ...next]);
            } finally {
                rmSync(userDir, { recursive: true, force: true });
            }
        });

        it('says on its second output that a device has no such log, and for which family', async () => {
            const terminal = await new Terminal({ login: { ...LOGIN }, history: { supported: false } }).listen();
            toClose.push(terminal);
            const nodeRed = await start(terminal, {});
            toClose.push(nodeRed);
            const told = await nodeRed.until(
                () =>
                    nodeRed
                        .debugMessages('changes')
                        .map(({ value }) => (value as { payload: { code?: string; reason?: string } }).payload)
                        .find(({ code }) => code === 'CATCH_UP_UNSUPPORTED'),
                'the word',
            );
            assert.match(told.reason!, /access-terminal/);
        });
    });
}
