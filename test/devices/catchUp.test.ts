import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { SavedMark } from '../../devices/catchUp/accessMark';
import type { Moment } from '../../devices/catchUp/moment';
import { IsupLink, type IsupSessions } from '../../devices/isupLink';
import { HttpClient } from '../../protocols/http/client';
import { isoWithOffset } from '../../protocols/operations/times';
import { Camera } from '../../simulator/camera';
import { Terminal, type TerminalOptions } from '../../simulator/terminal';
import { responseStatus } from '../protocols/isapi/support/scriptedDevice';
import { Listener, MemoryStore, settingsOf } from '../support/catchUp';
import { LOGIN } from '../support/requests';

describe('access events without gaps', () => {
    const toClose: { close(): Promise<void> }[] = [];
    afterEach(async () => {
        for (const one of toClose.splice(0).reverse()) await one.close();
    });
    async function terminal(options: TerminalOptions = {}): Promise<Terminal> {
        const device = await new Terminal({ login: LOGIN, logsClients: false, ...options }).listen();
        toClose.push(device);
        return device;
    }
    function listen(device: Terminal | Camera, store = new MemoryStore()): Listener {
        const listener = new Listener(device, store);
        toClose.push(listener);
        return listener;
    }
    async function leave(listener: Listener): Promise<void> {
        toClose.splice(toClose.indexOf(listener), 1);
        await listener.close();
    }
    /** A listener that has seen the first of its events. */
    async function settled(device: Terminal, store = new MemoryStore()): Promise<Listener> {
        const listener = listen(device, store);
        await device.streams.whenOpen();
        const { serial } = device.emit({ major: 5, minor: 21, door: 1 }).row;
        await listener.until(() => listener.serials.includes(serial), 'the first event');
        return listener;
    }
    const until = async (check: () => boolean) => {
        while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    /** Cuts the stream; what happens meanwhile nobody hears. Resolves when there is a stream again. */
    const cut = async (device: Terminal, meanwhile: () => void) => {
        const { opened } = device.streams;
        device.dropStreams();
        meanwhile();
        await until(() => device.streams.opened > opened);
    };
    const happen = (device: Terminal, count: number) =>
        Array.from({ length: count }, () => device.emit({ major: 5, minor: 75, employee: '1766' }).row.serial);
    const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_none, at) => first + at);

    it('begin with now: the log of the first day does not come out', async () => {
        const device = await terminal({ logSize: 40 });
        const listener = await settled(device);
        assert.deepEqual(listener.serials, [41]);
        assert.deepEqual(listener.codes, []);
    });

    for (const serials of ['filter', 'ignored'] as const) {
        it(`begin with now where the log is longer than it can be handed out (numbers: ${serials})`, async () => {
            const device = await terminal({ logSize: 150_100, replays: false, history: { serials } });
            const listener = await settled(device);
            await cut(device, () => happen(device, 3));
            await listener.until(() => listener.serials.includes(150_104), 'what was missed');
            assert.deepEqual(listener.serials, from(150_101, 150_104));
            assert.deepEqual(listener.codes, []);
        });
    }

    it('that were missed while the connection was cut come out in order, marked, and before the next', async () => {
        const device = await terminal({ logSize: 40 });
        const listener = await settled(device);
        await device.close();
        happen(device, 70);
        await device.listen();
        await device.streams.whenOpen();
        happen(device, 3);
        await listener.until(() => listener.serials.length === 74, 'all of them');
        assert.deepEqual(listener.serials, from(41, 114));
        const [, missed] = listener.occurrences;
        assert.equal(missed?.event.via, 'history');
        assert.equal(missed?.event.replay, true);
        assert.ok(listener.progress.length > 0, 'tells how far it is');
        assert.deepEqual(listener.codes, []);
    });

    it('that were missed while Node-RED was down come out after its start', async () => {
        const device = await terminal();
        const store = new MemoryStore();
        const before = await settled(device, store);
        await leave(before);
        happen(device, 5);
        const after = listen(device, store);
        await after.until(() => after.serials.length === 5, 'what was missed');
        assert.deepEqual(after.serials, from(42, 46));
    });

    it('have the ids that the stream would have given them', async () => {
        const device = await terminal({ streamSlots: 3 });
        const store = new MemoryStore();
        await leave(await settled(device, store));
        happen(device, 1);
        const mac = new MemoryStore();
        mac.text = JSON.stringify({ ...JSON.parse(store.text!), mac: undefined });
        const [missed, without] = [listen(device, store), listen(device, mac)];
        for (const one of [missed, without]) await one.until(() => one.serials.length === 1, 'what was missed');
        const heard = listen(device);
        await until(() => device.streams.size === 3);
        happen(device, 1);
        await heard.until(() => heard.serials.length === 1, 'a live one');
        const id = heard.occurrences[0]!.event.id.replace('-43-', '-42-');
        assert.equal(missed.occurrences[0]?.event.id, id);
        assert.equal(without.occurrences[0]?.event.id, id);
    });

    it('are known by the number that an event names before its own', async () => {
        const device = await terminal();
        const listener = await settled(device);
        device.log.add({ major: 5, minor: 75, at: device.clock.now() });
        happen(device, 1);
        await listener.until(() => listener.serials.length === 3, 'both');
        assert.deepEqual(listener.serials, [41, 42, 43]);
        assert.equal(listener.occurrences[1]?.event.via, 'history');
        assert.equal(listener.occurrences[2]?.event.via, 'alertstream');
    });

    it('may skip numbers that nothing ever had', async () => {
        const device = await terminal();
        const store = new MemoryStore();
        const listener = await settled(device, store);
        device.log.skip(7);
        happen(device, 1);
        device.dropStreams();
        device.log.skip(5000);
        happen(device, 2);
        await listener.until(() => listener.serials.length === 4, 'all of them');
        assert.deepEqual(listener.serials, [41, 49, 5050, 5051]);
        assert.deepEqual(listener.codes, []);
    });

    for (const history of [{ serials: 'ignored' }, { serials: 'ignored', timeForm: 'no-offset' }] as const) {
        it(`are found by their time where numbers cannot be searched for (${JSON.stringify(history)})`, async () => {
            const device = await terminal({ history });
            const listener = await settled(device);
            device.dropStreams();
            happen(device, 100);
            await listener.until(() => listener.serials.length === 101, 'all of them');
            assert.deepEqual(listener.serials, from(41, 141));
            assert.deepEqual(listener.codes, []);
        });
    }

    it('come out although the clock of the device was set back meanwhile', async () => {
        const device = await terminal({ history: { serials: 'ignored' } });
        const listener = await settled(device);
        const at = device.clock.now() - 40 * 24 * 3_600_000;
        await cut(device, () => {
            for (let n = 0; n < 3; n += 1) device.emit({ major: 5, minor: 75, at: at + n });
        });
        happen(device, 1);
        await listener.until(() => listener.serials.length === 5, 'all of them');
        assert.deepEqual(listener.serials, from(41, 45));
    });

    it('that are lost with a log that was cleared are counted', async () => {
        const device = await terminal();
        const listener = await settled(device);
        device.dropStreams();
        happen(device, 6);
        device.log.clear();
        happen(device, 2);
        await listener.until(() => listener.serials.length === 3, 'what is left');
        assert.deepEqual(listener.serials, [41, 48, 49]);
        assert.deepEqual(listener.codes, ['EVENTS_LOST']);
        assert.deepEqual(listener.warnings[0]?.details, { count: 6, first: 42, last: 47 });
    });

    it('count anew after a factory reset, which is said once', async () => {
        const device = await terminal();
        const listener = await settled(device);
        device.dropStreams();
        device.log.reset();
        const later = device.clock.now() + 90_000;
        for (let n = 0; n < 3; n += 1) device.emit({ major: 5, minor: 75, at: later });
        await listener.until(() => listener.serials.length === 4, 'the new ones');
        happen(device, 2);
        await listener.until(() => listener.serials.length === 6, 'the next ones');
        assert.deepEqual(listener.serials, [41, 1, 2, 3, 4, 5]);
        assert.deepEqual(listener.codes, ['SERIALS_RESET']);
    });

    it('of a terminal that was reset and has counted beyond its old number are told from the old ones', async () => {
        const device = await terminal({ logSize: 2 });
        const store = new MemoryStore();
        await leave(await settled(device, store));
        device.log.reset();
        const start = device.clock.now() + 60_007;
        for (let n = 0; n < 5; n += 1) device.emit({ major: 5, minor: 75, at: start + n * 61_000 });
        const after = listen(device, store);
        await after.until(() => after.serials.length === 5, 'all of them');
        assert.deepEqual(after.serials, [1, 2, 3, 4, 5]);
        assert.deepEqual(after.codes, ['SERIALS_RESET']);
    });

    it('come out when the log could not be read at first', async () => {
        const device = await terminal();
        const listener = await settled(device);
        device.misbehave('POST', '/ISAPI/AccessControl/AcsEvent', (exchange) => exchange.outcome('deviceError'), 2);
        device.dropStreams();
        happen(device, 4);
        await listener.until(() => listener.serials.length === 5, 'all of them');
        assert.deepEqual(listener.serials, from(41, 45));
        assert.deepEqual(listener.codes, []);
    });

    it('do not wait for a log that fails for long; the missed ones come later', async () => {
        const device = await terminal();
        const listener = await settled(device);
        const failing = 4;
        device.misbehave(
            'POST',
            '/ISAPI/AccessControl/AcsEvent',
            (exchange) => exchange.outcome('deviceError'),
            failing,
        );
        device.dropStreams();
        happen(device, 2);
        await listener.until(() => listener.codes.includes('CATCH_UP_FAILED'), 'the failure to be told');
        await until(() => device.streams.size === 1);
        happen(device, 1);
        await listener.until(() => listener.serials.includes(44), 'a live one');
        device.dropStreams();
        await listener.until(() => listener.serials.length === 4, 'the missed ones');
        assert.deepEqual(
            [...listener.serials].sort((one, other) => one - other),
            from(41, 44),
        );
        assert.deepEqual(listener.codes, ['CATCH_UP_FAILED']);
    });

    it('come from what the terminal sends again where it has no history', async () => {
        const device = await terminal({ history: { supported: false } });
        const listener = await settled(device);
        await listener.until(() => listener.codes.length === 1, 'the warning');
        assert.deepEqual(listener.codes, ['CATCH_UP_UNSUPPORTED']);
        assert.equal(listener.warnings[0]?.details.family, 'access-terminal');
        device.dropStreams();
        happen(device, 5);
        await listener.until(() => listener.serials.includes(46), 'what it sends again');
        assert.deepEqual(listener.serials.slice(listener.serials.indexOf(41)), from(41, 46));
        assert.ok(listener.occurrences.at(-1)?.recovered);
        assert.deepEqual(listener.codes, ['CATCH_UP_UNSUPPORTED'], 'once');
    });

    it('that nothing sends again are counted as lost', async () => {
        const device = await terminal({ history: { supported: false }, replays: false });
        const listener = await settled(device);
        await listener.until(() => listener.codes.length === 1, 'the warning');
        await cut(device, () => happen(device, 5));
        happen(device, 1);
        await listener.until(() => listener.serials.includes(47), 'the next one');
        assert.deepEqual(listener.serials, [41, 47]);
        assert.deepEqual(listener.codes, ['CATCH_UP_UNSUPPORTED', 'EVENTS_LOST']);
        assert.equal(listener.warnings[1]?.details.count, 5);
    });

    it('cannot be had of a camera, which is said with its family', async () => {
        const camera = await new Camera({ login: LOGIN }).listen();
        toClose.push(camera);
        const listener = listen(camera);
        await listener.until(() => listener.codes.length === 1, 'the warning');
        assert.equal(listener.warnings[0]?.details.family, 'camera');
        camera.emit({ type: 'VMD' });
        await listener.until(() => listener.occurrences.length === 1, 'its live events');
    });

    describe('of a device elsewhere whose log leaves out the offset and cannot be searched by number', () => {
        const history = { serials: 'ignored', timeForm: 'no-offset' } as const;
        const elsewhere = async (offset: number): Promise<Terminal> => {
            const device = await terminal({ offset, history, logSize: 10, replays: false });
            // Its live events are enough; where there are none, its clock is asked.
            device.misbehave('GET', '/ISAPI/System/time', (exchange) => exchange.outcome('notSupport'), 1000);
            return device;
        };
        const areRight = (device: Terminal, listener: Listener) => {
            for (const { event } of listener.occurrences) {
                const { at } = device.log.bySerial(event.access!.serial!)!;
                assert.equal(Date.parse(event.time), Math.floor(at / 1000) * 1000, event.time);
            }
        };

        for (const offset of [480, -180, 840, -720]) {
            it(`come out after each interruption, at their time (${offset} minutes east)`, async () => {
                const device = await elsewhere(offset);
                const listener = await settled(device);
                await cut(device, () => happen(device, 3));
                await listener.until(() => listener.serials.length === 4, 'the first');
                await cut(device, () => happen(device, 4));
                await listener.until(() => listener.serials.length === 8, 'the second');
                assert.deepEqual(listener.serials, from(11, 18));
                assert.deepEqual(listener.codes, []);
                areRight(device, listener);
            });

            it(`are not taken for lost where the device skips numbers (${offset} minutes east)`, async () => {
                const device = await elsewhere(offset);
                const listener = await settled(device);
                for (const count of [3, 4]) {
                    const seen = listener.serials.length;
                    await cut(device, () => {
                        device.log.skip(7);
                        happen(device, count);
                    });
                    await listener.until(() => listener.serials.length === seen + count, 'what was missed');
                }
                assert.deepEqual(listener.codes, []);
            });

            it(`come out after a restart, also by a mark that does not know the offset (${offset})`, async () => {
                const device = await elsewhere(offset);
                const store = new MemoryStore();
                const before = await settled(device, store);
                await cut(device, () => happen(device, 1));
                await before.until(() => before.serials.length === 2, 'the second');
                await leave(before);
                const old = new MemoryStore();
                old.text = asBefore(store.text!);
                happen(device, 3);
                for (const mark of [store, old]) {
                    const after = listen(device, mark);
                    await after.until(() => after.serials.length === 3, 'what was missed');
                    assert.deepEqual(after.serials, from(13, 15));
                    assert.deepEqual(after.codes, []);
                    if (mark === store) areRight(device, after);
                    await leave(after);
                }
            });
        }

        for (const [was, is] of [
            [60, 120],
            [120, 60],
            [0, 480],
            [480, -180],
        ] as const) {
            for (const keeps of ['time', 'wall'] as const) {
                it(`come out when its zone changes from ${was} to ${is} and its log keeps the ${keeps}`, async () => {
                    const device = await elsewhere(was);
                    const listener = await settled(device);
                    await cut(device, () => {
                        device.offset = is;
                        if (keeps === 'wall') for (const row of device.log.rows) row.at -= (is - was) * 60_000;
                        happen(device, 3);
                    });
                    await listener.until(() => listener.serials.length === 4, 'the first');
                    await cut(device, () => {
                        device.log.skip(7);
                        happen(device, 2);
                    });
                    await listener.until(() => listener.serials.length === 6, 'the second');
                    happen(device, 1);
                    await listener.until(() => listener.serials.length === 7, 'a live one');
                    assert.deepEqual(listener.serials, [...from(11, 14), ...from(22, 24)]);
                    assert.deepEqual(listener.codes, []);
                });
            }
        }

        for (const clock of ['answers', 'is not told'] as const) {
            for (const offset of [480, -180]) {
                it(`come out where nothing is live and its clock ${clock} (${offset} minutes east)`, async () => {
                    const device = await terminal({ offset, history, logSize: 10, replays: false });
                    if (clock !== 'answers') {
                        device.misbehave('GET', '/ISAPI/System/time', (exchange) => exchange.outcome('notSupport'), 99);
                    }
                    const store = new MemoryStore();
                    const listener = withoutStream(device, store);
                    await until(() => store.text !== undefined);
                    for (const last of [13, 16]) {
                        await new Promise((resolve) => setTimeout(resolve, 200));
                        happen(device, 3);
                        listener.device.resetLogin();
                        await listener.until(() => listener.serials.includes(last), 'what happened since');
                    }
                    assert.deepEqual(listener.serials, from(11, 16));
                    assert.deepEqual(listener.codes, []);
                    if (clock === 'answers') areRight(device, listener);
                });
            }
        }
    });

    /** A listener to a device behind a link that has no stream, as a session of ISUP has none. */
    function withoutStream(device: Terminal, store = new MemoryStore(), paths: string[] = []): Listener {
        const direct = new HttpClient({ ...settingsOf(device), timeout: 10_000 });
        // What a device says to a path that is not ISAPI is its own affair.
        const sessions: IsupSessions = {
            request: async (_id, { method, path, body }) => {
                paths.push(path);
                if (!path.startsWith('/ISAPI/'))
                    return Buffer.from(responseStatus(4, 'Invalid Operation', 'invalidOperation'));
                return (await direct.request({ method, path, body })).body;
            },
        };
        const listener = new Listener(device, store, { isup: new IsupLink(() => sessions, 'T1', 10_000) });
        toClose.push(listener, { close: async () => direct.close() });
        return listener;
    }

    it('come from the log of a device that has no stream, as one behind ISUP has none', async () => {
        const device = await terminal();
        const paths: string[] = [];
        const listener = withoutStream(device, new MemoryStore(), paths);
        await until(() => device.requests.some(({ url }) => url.includes('AcsEvent?')));
        await new Promise((resolve) => setTimeout(resolve, 200));
        happen(device, 3);
        listener.device.resetLogin();
        await listener.until(() => listener.serials.length === 3, 'what happened since');
        assert.deepEqual(listener.serials, from(41, 43));
        assert.ok(
            paths.every((path) => path.startsWith('/ISAPI/')),
            paths.join(' '),
        );
    });

    it('survive a store that fails, which is said once', async () => {
        const device = await terminal();
        const store = new MemoryStore();
        store.load = () => Promise.reject(new Error('no room on the disk'));
        store.save = () => Promise.reject(new Error('no room on the disk'));
        const listener = await settled(device, store);
        await leave(listener);
        assert.deepEqual(listener.codes, ['MARK_UNSAVED']);
    });
});

/** A mark as it was kept before the offset of the device was: its moments are those of this machine's zone. */
function asBefore(text: string): string {
    const { told: _told, ...mark } = JSON.parse(text) as SavedMark;
    const moment = ({ wall }: Moment) => ({ time: isoWithOffset(new Date(wall).getTime()), wall });
    if (mark.newest?.moment !== undefined) mark.newest.moment = moment(mark.newest.moment);
    if (mark.since !== undefined) mark.since = moment(mark.since);
    return JSON.stringify(mark);
}
