import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Device } from '../../devices/device';
import type { Occurrence } from '../../events/deviceEvent';
import { EventReader } from '../../events/eventReader';
import { Fault } from '../../protocols/errors';
import type { ConnectionChange } from '../../protocols/isapi/alertStream';
import { IsupListener } from '../../protocols/isup/listener';
import type { Presence } from '../../protocols/isup/presence';
import { Camera } from '../../simulator/camera';
import { IsupDevice } from '../../simulator/isupDevice';
import { Terminal } from '../../simulator/terminal';
import { LOGIN } from '../flows/flow';
import { Host } from '../protocols/isapi/support/recordingHost';
import { until } from '../protocols/p2p/support/waiting';
import { ChaosProxy, TROUBLES, type Trouble } from '../support/chaosProxy';
import { deviceSettings } from '../support/deviceSettings';
import { FastClock } from '../support/fastClock';
import { Random } from '../support/random';
import { amount, SEED } from './extent';

/** Minutes of watchdogs and pauses in seconds. */
const SPEED = 20;
const ROUNDS = amount(1, 8);
/** After these the connection is of no use any more. */
const BREAKING: readonly Trouble[] = ['cut', 'reset', 'half-open', 'stall'];

const settingsFor = (port: number) => deviceSettings(port, { ...LOGIN, name: 'gate', timeout: 30_000 });

/** The number that a test gave an event. */
function numberOf({ raw }: Occurrence): number {
    return Number(/marker-(\d+)/.exec(raw.text ?? '')?.[1] ?? -1);
}

const troublesOf = (random: Random) =>
    Array.from({ length: ROUNDS }, () => [...TROUBLES].sort(() => random.next() - 0.5)).flat();

describe(`a network that falls apart (VIGIA_SEED=${SEED})`, () => {
    it('an event stream comes back after every trouble, loses nothing from then on, and says what happened', async (test) => {
        const clock = new FastClock(SPEED);
        const random = new Random(SEED);
        const camera = await new Camera({ login: LOGIN, clock, streamSlots: 100 }).listen();
        const proxy = await new ChaosProxy(camera.port, SEED).listen();
        const device = new Device(settingsFor(proxy.port), { clock });
        const got: number[] = [];
        const changes: ConnectionChange[] = [];
        const losses: string[] = [];
        let sent = 0;
        const emit = () => {
            sent += 1;
            camera.emit({ type: 'linedetection', description: `marker-${sent}`, pictures: sent % 3 === 0 });
            return sent;
        };
        const stop = device.subscribe(
            { mode: 'auto', watchdog: 60 },
            {
                occurrence: (occurrence) => {
                    if (!occurrence.event.warnings?.includes('late-pictures')) got.push(numberOf(occurrence));
                },
                connection: (change) => changes.push(change),
                heartbeat: () => undefined,
                unreadable: () => undefined,
                lost: ({ kind }) => losses.push(kind),
                warning: () => undefined,
            },
        );
        /** Emits until one arrives: from then on the way is whole. */
        const recovered = async (what: string) => {
            const end = Date.now() + 90_000;
            for (;;) {
                const number = emit();
                await setTimeout(250);
                if (got.includes(number)) return;
                assert.ok(Date.now() < end, `it did not come back after ${what}: ${JSON.stringify(changes.at(-1))}`);
            }
        };
        try {
            await recovered('the start');
            for (const trouble of troublesOf(random)) {
                const opened = proxy.opened;
                proxy.trouble(trouble);
                if (BREAKING.includes(trouble)) {
                    emit();
                    await until(`a new connection after ${trouble}`, () => proxy.opened > opened, 90_000);
                    await recovered(trouble);
                } else if (trouble === 'garbage') await setTimeout(100);
                const numbers = Array.from({ length: 5 }, emit);
                const what = () => `events ${numbers.join()} after ${trouble}, have ${got.slice(-8).join()}`;
                await until(what(), () => numbers.every((number) => got.includes(number)));
            }
            assert.deepEqual(
                got,
                [...new Set(got)].sort((one, other) => one - other),
                'in order, none twice',
            );
            const codes = new Set(changes.map(({ fault }) => fault?.code).filter((code) => code !== undefined));
            assert.ok(codes.has('STREAM_STALLED'), [...codes].join());
            assert.ok(
                ['STREAM_ENDED', 'CONNECTION_LOST'].some((code) => codes.has(code as never)),
                [...codes].join(),
            );
            assert.equal(changes.at(-1)?.state, 'online');
            test.diagnostic(`${sent} events, ${got.length} arrived, ${proxy.opened} connections, seed ${SEED}`);
        } finally {
            await stop();
            await device.close();
            await until('the proxy is empty', () => proxy.open === 0);
            await camera.close();
            await proxy.close();
        }
        assert.equal(clock.pending, 0, 'timers are left');
    });

    it('requests end with an answer or with a reason, and the device is asked again as if nothing had been', async () => {
        const random = new Random(SEED);
        const clock = new FastClock(SPEED);
        const camera = await new Camera({ login: LOGIN }).listen();
        const proxy = await new ChaosProxy(camera.port, SEED).listen();
        const device = new Device(settingsFor(proxy.port), { clock });
        const ask = () => device.request({ path: '/ISAPI/Streaming/channels/101/picture' });
        try {
            for (const trouble of troublesOf(random)) {
                const asked = Promise.all([ask(), ask(), ask()].map((one) => one.catch((thrown: unknown) => thrown)));
                await setTimeout(random.integer(0, 15));
                proxy.trouble(trouble);
                for (const outcome of await asked) {
                    if (outcome instanceof Fault) assert.notEqual(outcome.code, 'UNEXPECTED', trouble);
                    else assert.equal((outcome as { statusCode: number }).statusCode, 200, `${trouble}: ${outcome}`);
                }
                let status = 0;
                for (let tries = 0; status !== 200 && tries < 5; tries += 1) {
                    status = await ask().then(
                        ({ statusCode }) => statusCode,
                        () => 0,
                    );
                }
                assert.equal(status, 200, `asked again after ${trouble}`);
            }
        } finally {
            await device.close();
            await until('the proxy is empty', () => proxy.open === 0);
            await proxy.close();
            await camera.close();
        }
        assert.equal(clock.pending, 0, 'timers are left');
    });

    it('what a terminal posts arrives once each, whatever becomes of its posts and of our answers', async (test) => {
        const random = new Random(SEED);
        const clock = new FastClock(SPEED);
        const host = await new Host({ clock }).listen();
        const proxy = await new ChaosProxy(host.port, SEED).listen();
        const terminal = await new Terminal({
            login: LOGIN,
            clock,
            logSize: 0,
            pushStyle: { connection: 'keep-alive' },
        }).listen();
        const serials: number[] = [];
        const reader = new EventReader({
            via: 'alarm-http',
            device: {},
            clock,
            onOccurrence: ({ event }) => {
                if (event.access?.serial !== undefined && !event.warnings?.includes('late-pictures'))
                    serials.push(event.access.serial);
            },
        });
        terminal.pushTo(`http://127.0.0.1:${proxy.port}/alarm`);
        const pushed: Promise<unknown>[] = [];
        const expected: number[] = [];
        try {
            for (const trouble of troublesOf(random).filter((one) => one !== 'garbage')) {
                for (let count = 0; count < 4; count += 1) {
                    const { row, pushed: settled } = terminal.emit({ major: 5, minor: 75, picture: true });
                    expected.push(row.serial);
                    pushed.push(settled);
                }
                await setTimeout(random.integer(0, 20));
                proxy.trouble(trouble);
                await setTimeout(200);
                // A terminal waits for an answer as long as the connection lives: the network lets go of it in the end.
                proxy.trouble('reset');
            }
            await Promise.race([
                Promise.all(pushed),
                setTimeout(60_000).then(() => assert.fail('posts are still waiting')),
            ]);
            for (const { parts, truncated } of host.posts) reader.body({ parts, truncated });
            reader.close();
            assert.deepEqual(
                [...serials].sort((one, other) => one - other),
                expected,
            );
            const codes = host.rejections.map(({ fault }) => fault.code);
            assert.deepEqual(
                codes.filter((code) => code !== 'BODY_TRUNCATED' && code !== 'BODY_TIMEOUT'),
                [],
            );
            test.diagnostic(
                `${expected.length} events in ${host.posts.length} posts, ${codes.length} cut, seed ${SEED}`,
            );
        } finally {
            await terminal.close();
            await proxy.close();
            await host.close();
        }
        await until('no timer is left', () => clock.pending === 0);
    });

    it('an ISUP device that loses its session is told offline, and online when it is back', async () => {
        const random = new Random(SEED);
        const presence: Presence[] = [];
        const listener = new IsupListener({
            ...{ bind: '127.0.0.1', port: 0, alarmPort: 0, keepAlive: 1, misses: 2, defaultKey: 'Canary-7f3a' },
            events: { onPresence: (one) => presence.push(one) },
        });
        await listener.listen();
        const proxy = await new ChaosProxy(listener.port, SEED).listen();
        const way = { host: '127.0.0.1', port: proxy.port };
        const device = new IsupDevice({
            ...way,
            das: way,
            deviceId: 'GATE',
            key: 'Canary-7f3a',
            keepAlive: 1,
            reconnect: 100,
        });
        const isOnline = () => listener.rows()[0]?.state === 'online';
        try {
            await device.start();
            await until('online', isOnline);
            for (const trouble of troublesOf(random).filter((one) => one !== 'garbage' && one !== 'stall')) {
                const opened = proxy.opened;
                proxy.trouble(trouble);
                if (BREAKING.includes(trouble)) {
                    if (trouble === 'half-open') {
                        await until(`offline by ${trouble}`, () => !isOnline());
                        // A real device misses its PINGRESP; the simulated one waits for the end of its connection.
                        proxy.trouble('reset');
                    }
                    await until(`a new session after ${trouble}`, () => proxy.opened > opened);
                }
                await until(`online after ${trouble}`, () => isOnline() && device.state === 'online');
            }
            const told = presence.map(({ state }) => state);
            assert.ok(told.includes('offline'), told.join());
            assert.equal(listener.table.counts().online, 1);
        } finally {
            device.destroy();
            await proxy.close();
            await listener.close();
        }
        await until('no connection is left', () => listener.openConnections === 0);
    });
});
