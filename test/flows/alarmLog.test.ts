import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import type { DeviceEvent } from '../../events/deviceEvent';
import { Nvr } from '../../simulator/nvr';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';
import { alertStream, debug, device, LOGIN, TAB } from './flow';

/** A user folder that outlives its Node-RED. */
function userFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-log-'));
    const link = join(folder, 'node_modules', '@vigia', 'node-red-cctv');
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(packageRoot, link, 'junction');
    return folder;
}

function eventsOf(nodeRed: RunningNodeRed): DeviceEvent[] {
    return nodeRed.debugMessages('events').map(({ value }) => (value as { payload: DeviceEvent }).payload);
}

for (const runtime of RUNTIMES) {
    describe(`isapi-alertstream with catchUpLog in ${runtime.name}`, { skip: runtime.skip }, () => {
        const toClose: { close(): Promise<void> }[] = [];
        afterEach(async () => {
            for (const one of toClose.splice(0).reverse()) await one.close();
        });
        const start = (nvr: Nvr, userDir: string) =>
            startNodeRed({
                ...runtime.options,
                userDir,
                flows: [
                    TAB,
                    device(nvr.port),
                    alertStream({ catchUp: true, catchUpLog: true, hold: 0 }),
                    debug('events'),
                    debug('changes'),
                ],
                credentials: { device: LOGIN },
                settings: { contextStorage: { default: { module: 'localfilesystem' } } },
            });

        it('fetches what a recorder logged during a restart, once, and lets out what happens now', async () => {
            const nvr = await new Nvr({ login: { ...LOGIN } }).listen();
            toClose.push(nvr);
            const userDir = userFolder();
            try {
                const before = await start(nvr, userDir);
                await before.until(() => before.statuses.get('stream')?.fill === 'green', 'a green status');
                nvr.emit({ type: 'fielddetection', channel: 4 });
                await before.until(() => eventsOf(before).length === 1, 'a live event');
                await before.close();
                nvr.emit({ type: 'VMD', channel: 2 });
                nvr.emit({ type: 'VMD', channel: 2, state: 'inactive', at: nvr.clock.now() + 1000 });
                const after = await start(nvr, userDir);
                toClose.push(after);
                await after.until(() => eventsOf(after).length === 2, 'what was missed');
                nvr.emit({ type: 'linedetection', channel: 3 });
                await after.until(() => eventsOf(after).length === 3, 'a live event');
                assert.deepEqual(
                    eventsOf(after).map(({ channel, kind, state, via, replay }) => [channel, kind, state, via, replay]),
                    [
                        [2, 'motion', 'active', 'history', true],
                        [2, 'motion', 'inactive', 'history', true],
                        [3, 'line-crossing', 'active', 'alertstream', false],
                    ],
                );
                assert.deepEqual(eventsOf(after)[0]?.warnings, ['from-log']);
            } finally {
                rmSync(userDir, { recursive: true, force: true });
            }
        });

        it('says on its second output that a recorder does not let its log be read', async () => {
            const nvr = await new Nvr({ login: { ...LOGIN }, log: { supported: false } }).listen();
            toClose.push(nvr);
            const userDir = userFolder();
            try {
                const nodeRed = await start(nvr, userDir);
                toClose.push(nodeRed);
                await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'a green status');
                nvr.emit({ type: 'VMD', channel: 2 });
                await nodeRed.until(() => eventsOf(nodeRed).length === 1, 'a live event');
                nvr.dropStreams();
                const told = await nodeRed.until(
                    () =>
                        nodeRed
                            .debugMessages('changes')
                            .map(({ value }) => (value as { payload: { code?: string; reason?: string } }).payload)
                            .find(({ code }) => code === 'CATCH_UP_UNSUPPORTED'),
                    'the word',
                );
                assert.match(told.reason!, /recorder/);
            } finally {
                rmSync(userDir, { recursive: true, force: true });
            }
        });
    });
}
