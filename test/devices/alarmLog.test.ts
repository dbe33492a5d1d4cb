import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { DeviceEvent } from '../../events/deviceEvent';
import type { Clock } from '../../protocols/clock';
import { Camera, type CameraOptions } from '../../simulator/camera';
import type { EventLogOptions } from '../../simulator/eventLog';
import { Nvr, type NvrOptions } from '../../simulator/nvr';
import { Terminal } from '../../simulator/terminal';
import { Listener, MemoryStore } from '../support/catchUp';
import { hastyClock, LOGIN } from '../support/requests';

type Video = Camera | Nvr;

/** What an event is in one word: `3 motion active`. */
const wordOf = ({ channel, io, kind, state }: DeviceEvent) => `${channel ?? io?.input ?? '-'} ${kind} ${state}`;
const MINUTE = 60_000;

describe('what a camera or recorder logged while nobody listened', () => {
    const toClose: { close(): Promise<void> }[] = [];
    afterEach(async () => {
        for (const one of toClose.splice(0).reverse()) await one.close();
    });
    async function nvr(options: NvrOptions = {}): Promise<Nvr> {
        const device = await new Nvr({ login: LOGIN, heartbeatSeconds: 0, ...options }).listen();
        toClose.push(device);
        return device;
    }
    async function camera(options: CameraOptions = {}): Promise<Camera> {
        const device = await new Camera({ login: LOGIN, heartbeatSeconds: 0, ...options }).listen();
        toClose.push(device);
        return device;
    }
    function listen(device: Video | Terminal, store = new MemoryStore(), catchUpLog = true, clock?: Clock): Listener {
        const listener = new Listener(device, store, { catchUpLog, ...(clock && { clock }) });
        toClose.push(listener);
        return listener;
    }
    async function leave(listener: Listener): Promise<void> {
        toClose.splice(toClose.indexOf(listener), 1);
        await listener.close();
    }
    const heard = (listener: Listener) => listener.occurrences.map(({ event }) => wordOf(event));
    const fromLog = (listener: Listener) =>
        listener.occurrences.filter(({ event }) => event.via === 'history').map(({ event }) => wordOf(event));
    const until = async (check: () => boolean) => {
        while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    /** A listener that has heard the device once. */
    async function settled(device: Video, store = new MemoryStore(), clock?: Clock): Promise<Listener> {
        const listener = listen(device, store, true, clock);
        await device.streams.whenOpen();
        device.emit({ type: 'diskfull', channel: 1 });
        await listener.until(() => listener.occurrences.length === 1, 'the first event');
        return listener;
    }
    /** Cuts the stream; what happens meanwhile nobody hears. Resolves when the log was asked for. */
    async function cut(device: Video, meanwhile: () => void): Promise<void> {
        const { opened } = device.streams;
        const asked = device.log.asked.length;
        device.dropStreams();
        meanwhile();
        await until(() => device.streams.opened > opened && device.log.asked.length > asked);
    }
    /** Waits until the log was read to the end of what is missing. */
    async function read(device: Video): Promise<void> {
        for (let before = -1; before !== device.log.asked.length; ) {
            before = device.log.asked.length;
            await new Promise((resolve) => setTimeout(resolve, 60));
        }
    }
    const happen = (device: Video) => {
        const at = device.clock.now();
        device.emit({ type: 'VMD', channel: 1, at });
        device.emit({ type: 'linedetection', channel: 1, at: at + 1000 });
        device.emit({ type: 'linedetection', channel: 1, state: 'inactive', at: at + 2000 });
        device.emit({ type: 'VMD', channel: 1, state: 'inactive', at: at + 3000 });
    };
    const HAPPENED = ['1 motion active', '1 line-crossing active', '1 line-crossing inactive', '1 motion inactive'];

    it('comes out in order after the connection was cut, as what it is', async () => {
        const device = await camera();
        const listener = await settled(device);
        await cut(device, () => happen(device));
        await listener.until(() => listener.occurrences.length === 5, 'all of them');
        assert.deepEqual(fromLog(listener), HAPPENED);
        const { event, raw } = listener.occurrences[1]!;
        assert.deepEqual(
            [event.via, event.replay, event.type, event.warnings, event.timeQuality],
            ['history', true, 'VMD', ['from-log'], 'assumed'],
        );
        assert.match(JSON.stringify(raw.object), /log\.hikvision\.com\/Alarm\/motionStart\/1/);
        assert.deepEqual(listener.codes, []);
    });

    it('comes out of all kinds that the log names, and what it names without our knowing it, too', async () => {
        const device = await nvr();
        const listener = await settled(device);
        const at = device.clock.now();
        await cut(device, () => {
            const rows = [
                ['Alarm', 'fieldDetectionStart', 3],
                ['Alarm', 'hideStart', 2],
                ['Exception', 'videoLost', 4],
                ['Alarm', 'alarmIn', 1],
                ['Alarm', 'vcaStart', 5],
                ['Alarm', 'somethingNew', undefined],
                ['Exception', 'ipcDisconnect', 6],
                ['Operation', 'remoteLogin', undefined],
                ['Information', 'hddInfo', undefined],
            ] as const;
            for (const [index, [category, word, number]] of rows.entries())
                device.log.add({ category, word, at: at + index * 1000, ...(number && { number }) });
        });
        await listener.until(() => fromLog(listener).length === 6, 'all of them');
        await read(device);
        assert.deepEqual(fromLog(listener), [
            '3 intrusion active',
            '2 tamper active',
            '4 video-loss active',
            '1 alarm-input active',
            '5 vca active',
            '- somethingnew pulse',
        ]);
        const unknown = listener.occurrences.find(({ event }) => event.kind === 'somethingnew')!.event;
        assert.deepEqual([unknown.family, unknown.type], ['unknown', 'somethingNew']);
    });

    it('comes out after a restart, with nothing but the saved mark', async () => {
        const device = await nvr();
        const store = new MemoryStore();
        await leave(await settled(device, store));
        happen(device);
        const after = listen(device, store);
        await after.until(() => after.occurrences.length === 4, 'what was missed');
        assert.deepEqual(fromLog(after), HAPPENED);
        await read(device);
        await leave(after);
        const again = listen(device, store);
        await device.streams.whenOpen();
        await read(device);
        assert.deepEqual(heard(again), []);
    });

    it('is not what the stream has brought, nor what was before', async () => {
        const device = await nvr();
        const listener = await settled(device);
        device.log.add({ category: 'Alarm', word: 'motionStart', number: 7, at: device.clock.now() - 5 * MINUTE });
        device.emit({ type: 'fielddetection', channel: 2, at: device.clock.now() + 1500 });
        device.log.rows.at(-1)!.at -= 3000;
        await listener.until(() => listener.occurrences.length === 2, 'a live one');
        await cut(device, () => device.emit({ type: 'VMD', channel: 3 }));
        await listener.until(() => listener.occurrences.length === 3, 'the missed one');
        await read(device);
        assert.deepEqual(heard(listener), ['1 disk-full active', '2 intrusion active', '3 motion active']);
    });

    it('comes out once, though two interruptions lie close together', async () => {
        const device = await nvr();
        const listener = await settled(device);
        await cut(device, () => device.emit({ type: 'VMD', channel: 1 }));
        await listener.until(() => listener.occurrences.length === 2, 'the first');
        await cut(device, () => device.emit({ type: 'VMD', channel: 2 }));
        await listener.until(() => listener.occurrences.length === 3, 'the second');
        await cut(device, () => undefined);
        await read(device);
        assert.deepEqual(fromLog(listener), ['1 motion active', '2 motion active']);
    });

    it('does not come out again when the device sends it once more by itself', async () => {
        const device = await camera();
        const listener = await settled(device);
        const at = device.clock.now();
        await cut(device, () => device.emit({ type: 'VMD', at }));
        await listener.until(() => listener.occurrences.length === 2, 'the missed one');
        device.emit({ type: 'VMD', at, retransmission: true });
        device.emit({ type: 'linedetection' });
        await listener.until(() => listener.occurrences.length === 3, 'a live one');
        assert.deepEqual(heard(listener), ['1 disk-full active', '1 motion active', '1 line-crossing active']);
    });

    it('does not come out when a post of the device has brought it', async () => {
        const device = await camera();
        const store = new MemoryStore();
        const listener = await settled(device, store);
        const posted = listener.occurrences[0]!;
        listener.shares = true;
        let delivered = 0;
        await cut(device, () => {
            const at = device.clock.now();
            device.log.note('VMD', 'active', 1, at);
            const event: DeviceEvent = {
                ...posted.event,
                kind: 'motion',
                state: 'active',
                via: 'alarm-http',
                time: new Date(at).toISOString(),
            };
            listener.device.push(
                { ...posted, event },
                () => {
                    delivered += 1;
                },
                () => assert.fail('it is new'),
            );
            device.log.note('linedetection', 'active', 1, at);
        });
        await listener.until(() => fromLog(listener).length === 1, 'the other one');
        await read(device);
        assert.equal(delivered, 1);
        assert.deepEqual(fromLog(listener), ['1 line-crossing active']);
    });

    for (const offset of [-180, 480, 0]) {
        for (const log of [
            { asks: 'local', answers: 'no-offset' },
            { asks: 'local', answers: 'zulu' },
            { asks: 'utc', answers: 'zulu' },
            { asks: 'utc', answers: 'no-offset' },
            { asks: 'utc', answers: 'offset' },
            { asks: 'local', answers: 'offset', number: 'localId', endsByBegin: false },
        ] as Partial<EventLogOptions>[]) {
            it(`is found whatever its times mean (${offset} min, ${log.asks}, ${log.answers})`, async () => {
                const device = await nvr({ offset, log });
                // A recorder logs something every hour: who logs in, if nothing else.
                for (let hour = 1; hour < 30; hour += 1)
                    device.log.add({
                        category: 'Alarm',
                        word: 'motionStart',
                        number: 8,
                        at: device.clock.now() - hour * 60 * MINUTE,
                    });
                const listener = await settled(device);
                const at = Math.floor(device.clock.now() / 1000) * 1000;
                await cut(device, () => device.emit({ type: 'VMD', channel: 2, at }));
                await listener.until(() => listener.occurrences.length === 2, 'the missed one');
                await read(device);
                assert.deepEqual(fromLog(listener), ['2 motion active']);
                const { event } = listener.occurrences[1]!;
                assert.equal(Date.parse(event.time), at);
                assert.equal(event.timeQuality, log.answers === 'offset' && offset !== 0 ? 'offset' : 'assumed');
            });
        }
    }

    for (const minutes of [-7, 90]) {
        it(`is found by the clock of the device, which is off by ${minutes} minutes`, async () => {
            const wrong: Clock = { ...hastyClock(), now: () => Date.now() + minutes * MINUTE };
            const device = await camera({
                clock: {
                    ...wrong,
                    after: (ms, fire) => {
                        const timer = setTimeout(fire, ms);
                        return () => clearTimeout(timer);
                    },
                },
            });
            const listener = await settled(device);
            await cut(device, () => happen(device));
            await listener.until(() => listener.occurrences.length === 5, 'all of them');
            assert.deepEqual(fromLog(listener), HAPPENED);
        });
    }

    it('is found where the device does not tell its time', async () => {
        const device = await camera();
        device.route('GET', '/ISAPI/System/time', (exchange) => exchange.outcome('notSupport'));
        const listener = await settled(device);
        await cut(device, () => happen(device));
        await listener.until(() => listener.occurrences.length === 5, 'all of them');
        assert.deepEqual(fromLog(listener), HAPPENED);
    });

    it('has the ends of what began before the interruption', async () => {
        const device = await nvr();
        const listener = await settled(device);
        const at = device.clock.now();
        device.emit({ type: 'VMD', channel: 3, at: at - 10 * MINUTE });
        await listener.until(() => listener.occurrences.length === 2, 'the begin');
        await cut(device, () => device.emit({ type: 'VMD', channel: 3, state: 'inactive' }));
        await listener.until(() => listener.occurrences.length === 3, 'the end');
        assert.deepEqual(fromLog(listener), ['3 motion inactive']);
    });

    it('comes out over pages, and when the log could not be read at first', async () => {
        const device = await nvr();
        const listener = await settled(device);
        device.misbehave('POST', '/ISAPI/ContentMgmt/logSearch', (exchange) => exchange.outcome('deviceError'), 2);
        const at = device.clock.now();
        await cut(device, () => {
            for (let n = 0; n < 300; n += 1)
                device.log.add({ category: 'Alarm', word: 'motionStart', number: n + 1, at: at + n });
        });
        await listener.until(() => listener.occurrences.length === 301, 'all of them');
        assert.deepEqual(
            fromLog(listener),
            Array.from({ length: 300 }, (_none, n) => `${n + 1} motion active`),
        );
        assert.ok(listener.progress.some(({ total }) => total >= 300));
        assert.deepEqual(listener.codes, []);
    });

    it('does not hold up what happens now', async () => {
        const device = await nvr();
        const listener = await settled(device);
        device.route('POST', '/ISAPI/ContentMgmt/logSearch', () => undefined);
        const { opened } = device.streams;
        device.dropStreams();
        device.emit({ type: 'VMD', channel: 1 });
        await until(() => device.streams.opened > opened);
        device.emit({ type: 'VMD', channel: 2 });
        await listener.until(() => listener.occurrences.length === 2, 'the live one');
        assert.deepEqual(heard(listener), ['1 disk-full active', '2 motion active']);
    });

    it('is said to be incomplete where the log never ends', async () => {
        const device = await nvr({ log: { pages: 'endless' } });
        const listener = await settled(device);
        await cut(device, () => happen(device));
        await listener.until(() => listener.codes.length > 0, 'the word');
        assert.deepEqual(listener.codes, ['LOG_INCOMPLETE']);
        assert.deepEqual(fromLog(listener), HAPPENED);
    });

    it('is tried again later where the log answers nonsense, which is said', async () => {
        const device = await nvr();
        const listener = await settled(device);
        const restore = device.route('POST', '/ISAPI/ContentMgmt/logSearch', (exchange) =>
            exchange.send(200, 'application/xml', '<CMSearchResult><matchList><searchMatchItem>'),
        );
        device.dropStreams();
        device.emit({ type: 'VMD', channel: 1 });
        await listener.until(() => listener.codes.includes('CATCH_UP_FAILED'), 'the failure');
        restore();
        device.dropStreams();
        await listener.until(() => fromLog(listener).length === 1, 'the missed one');
        assert.deepEqual(fromLog(listener), ['1 motion active']);
    });

    for (const outcome of [
        'notSupport',
        'unknownPath',
        'methodNotAllowed',
        'invalidOperation',
        'badContent',
    ] as const) {
        it(`cannot be had where the device answers ${outcome}, which is said once with its family`, async () => {
            const device = await nvr();
            device.route('POST', '/ISAPI/ContentMgmt/logSearch', (exchange) => exchange.outcome(outcome));
            const listener = await settled(device);
            for (let n = 0; n < 2; n += 1) {
                const { opened } = device.streams;
                device.dropStreams();
                await until(() => device.streams.opened > opened);
                await listener.until(() => listener.codes.length > 0, 'the word');
            }
            assert.deepEqual(listener.codes, ['CATCH_UP_UNSUPPORTED']);
            assert.equal(listener.warnings[0]!.details.family, 'recorder');
            assert.ok(String(listener.warnings[0]!.details.reason).length > 10);
        });
    }

    it('is not asked for without the option: all is as it was', async () => {
        const device = await camera();
        const store = new MemoryStore();
        const listener = listen(device, store, false);
        await device.streams.whenOpen();
        await listener.until(() => listener.codes.length > 0, 'the word');
        const { opened } = device.streams;
        device.dropStreams();
        happen(device);
        await until(() => device.streams.opened > opened);
        device.emit({ type: 'VMD' });
        await listener.until(() => listener.occurrences.length === 1, 'a live one');
        await leave(listener);
        assert.deepEqual(listener.codes, ['CATCH_UP_UNSUPPORTED']);
        assert.deepEqual(device.log.asked, []);
        assert.equal(JSON.parse(store.text ?? '{}').log, undefined);
    });

    it('comes out for those who want it only', async () => {
        const device = await camera();
        const listener = await settled(device);
        const others: string[] = [];
        const warnings: string[] = [];
        const stop = listener.device.subscribe(
            { mode: 'auto', watchdog: 60 },
            {
                occurrence: ({ event }) => others.push(wordOf(event)),
                connection: () => undefined,
                heartbeat: () => undefined,
                unreadable: () => undefined,
                lost: () => undefined,
                warning: ({ code }) => warnings.push(code),
            },
            new MemoryStore(),
        );
        await cut(device, () => device.emit({ type: 'VMD' }));
        await listener.until(() => fromLog(listener).length === 1, 'the missed one');
        await stop();
        assert.deepEqual(others, []);
        assert.deepEqual(listener.codes, []);
    });

    it('waits where those who want it are away while others listen', async () => {
        const device = await nvr();
        const listener = await settled(device);
        const quiet = {
            connection: () => undefined,
            heartbeat: () => undefined,
            unreadable: () => undefined,
            lost: () => undefined,
            warning: () => undefined,
        };
        const events: DeviceEvent[] = [];
        const subscribe = (catchUpLog: boolean) => {
            const occurrence = ({ event }: { event: DeviceEvent }) => void (catchUpLog && events.push(event));
            return listener.device.subscribe(
                { mode: 'auto', watchdog: 60, catchUpLog },
                { ...quiet, occurrence },
                new MemoryStore(),
            );
        };
        const leaveOther = subscribe(false);
        await listener.leave();
        const { opened } = device.streams;
        device.dropStreams();
        happen(device);
        await until(() => device.streams.opened > opened);
        await read(device);
        const leaveLater = subscribe(true);
        await until(() => events.length === 4);
        assert.deepEqual(events.map(wordOf), HAPPENED);
        await Promise.all([leaveLater(), leaveOther()]);
    });

    it('is left alone at a terminal, which has a history of its own', async () => {
        const device = await new Terminal({ login: LOGIN, logsClients: false }).listen();
        toClose.push(device);
        const store = new MemoryStore();
        const listener = listen(device, store);
        await device.streams.whenOpen();
        device.emit({ major: 5, minor: 75, employee: '1' });
        await listener.until(() => listener.serials.length === 1, 'a live one');
        device.dropStreams();
        device.emit({ major: 5, minor: 75, employee: '2' });
        await listener.until(() => listener.serials.length === 2, 'the missed one');
        assert.ok(device.requests.every(({ url }) => !url.includes('logSearch')));
        assert.deepEqual(listener.codes, []);
    });

    it('of another device at the same address is no matter', async () => {
        const device = await camera();
        const store = new MemoryStore();
        await leave(await settled(device, store));
        const saved = JSON.parse(store.text!);
        saved.log.device = 'another';
        store.text = JSON.stringify(saved);
        happen(device);
        const after = listen(device, store);
        await device.streams.whenOpen();
        await until(() => device.requests.some(({ url }) => url.includes('deviceInfo')));
        await read(device);
        assert.deepEqual(heard(after), []);
    });
});
