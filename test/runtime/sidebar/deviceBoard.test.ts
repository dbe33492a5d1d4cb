import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceEvent, DeviceIdentity, Picture } from '../../../events/deviceEvent';
import { Fault } from '../../../protocols/errors';
import { type BoardSection, type BoardUpdate, DeviceBoard } from '../../../runtime/sidebar/deviceBoard';
import { PictureShelf } from '../../../runtime/sidebar/pictureShelf';
import { ManualClock } from '../../support/manualClock';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 15, 12);

function event(more: Partial<DeviceEvent> = {}): DeviceEvent {
    return { kind: 'motion', channel: 1, replay: false, device: {}, ...more } as DeviceEvent;
}

function picture(bytes: number, contentType = 'image/jpeg'): Picture {
    return { role: 'background', contentType, filename: 'a.jpg', data: Buffer.alloc(bytes, 1) };
}

function setUp(shelf?: PictureShelf) {
    const clock = new ManualClock(NOON);
    const board = new DeviceBoard(clock, shelf);
    const device = (id: string, identity: DeviceIdentity = {}) =>
        board.section(id).add('', { way: 'direct', identity: { name: id, ...identity }, names: [`node/${id}`] });
    const updates: BoardUpdate[] = [];
    const look = () => board.watch((update) => updates.push(update));
    const card = (id: string) => updates.flatMap(({ cards }) => cards).findLast((one) => one.id === id);
    return { clock, board, device, updates, look, card };
}

describe('the board of devices', () => {
    it('only counts while nobody looks: no timer, nothing told', () => {
        const { clock, device, updates, look, card } = setUp();
        const gate = device('gate');
        for (let count = 0; count < 5; count += 1) gate.event(event(), []);
        gate.connection({ state: 'online' });
        assert.equal(clock.pending, 0);
        assert.equal(updates.length, 0);

        const stop = look();
        assert.equal(updates.length, 1);
        assert.equal(updates[0]?.all, true);
        assert.deepEqual(card('gate')?.last, { kind: 'motion', channel: 1, at: NOON });
        stop();
        gate.event(event(), []);
        assert.equal(clock.pending, 0);
        assert.equal(updates.length, 1);
    });

    it('tells changes of a second at once, and only the cards that changed', () => {
        const { clock, device, updates, look } = setUp();
        const gate = device('gate');
        device('yard');
        const stop = look();
        for (let count = 0; count < 1000; count += 1) gate.event(event(), []);
        assert.equal(updates.length, 1);
        clock.advance(1000);
        assert.equal(updates.length, 2);
        assert.deepEqual(
            updates[1]?.cards.map(({ id, counts }) => ({ id, counts })),
            [{ id: 'gate', counts: [0, 1000] }],
        );
        clock.advance(10_000);
        assert.equal(updates.length, 2);
        stop();
    });

    it('says since when a state lasts, and forgets the fault with it', () => {
        const { clock, device, look, card } = setUp();
        const gate = device('gate');
        const stop = look();
        gate.connection({ state: 'connecting' });
        clock.advance(MINUTE);
        const fault = new Fault('CONNECT_REFUSED', { details: { host: '192.0.2.7', port: 80 } });
        gate.connection({ state: 'offline', fault, retryAt: NOON + 90_000 });
        clock.advance(1000);
        assert.equal(card('gate')?.since, NOON + MINUTE);
        assert.equal(card('gate')?.fault?.code, 'CONNECT_REFUSED');
        assert.equal(card('gate')?.until, NOON + 90_000);

        // Another attempt that fails in the same way is no news of the state.
        gate.connection({ state: 'connecting' });
        gate.connection({ state: 'offline', fault });
        clock.advance(1000);
        assert.equal(card('gate')?.since, NOON + MINUTE);

        gate.connection({ state: 'online' });
        clock.advance(1000);
        assert.deepEqual([card('gate')?.state, card('gate')?.fault], ['online', undefined]);
        assert.equal(card('gate')?.since, NOON + MINUTE + 2000);
        stop();
    });

    it('takes what requests show where no stream says more', () => {
        const { clock, device, look, card } = setUp();
        const gate = device('gate');
        const stop = look();
        const stateAfter = (act: () => void) => {
            act();
            clock.advance(1000);
            return card('gate')?.state;
        };
        assert.equal(card('gate')?.state, 'idle');
        assert.equal(
            stateAfter(() => gate.answered()),
            'online',
        );
        const unlockAt = NOON + 30 * MINUTE;
        assert.equal(
            stateAfter(() => gate.failed(new Fault('AUTH_LOCKED', { unlockAt }))),
            'locked',
        );
        assert.equal(card('gate')?.until, unlockAt);
        assert.equal(
            stateAfter(() => gate.failed(new Fault('CONNECT_TIMEOUT'))),
            'offline',
        );
        // A refusal by the device, a node that was closed: neither says that it is away.
        gate.answered();
        gate.failed(new Fault('RESPONSE_TOO_LARGE'));
        assert.equal(
            stateAfter(() => gate.failed(new Fault('CLOSED'))),
            'online',
        );
        assert.equal(
            stateAfter(() => gate.connection({ state: 'forbidden', fault: new Fault('NO_SLOT') })),
            'forbidden',
        );
        assert.equal(
            stateAfter(() => gate.answered()),
            'forbidden',
        );
        assert.equal(
            stateAfter(() => gate.connection(undefined)),
            'idle',
        );
        stop();
    });

    it('counts events by the minute for an hour, without those that a device re-sends', () => {
        const { clock, device, look, card } = setUp();
        const gate = device('gate');
        gate.event(event(), []);
        clock.advance(MINUTE);
        for (let count = 0; count < 3; count += 1) gate.event(event(), []);
        gate.event(event({ replay: true }), []);
        clock.advance(2 * MINUTE);
        look()();
        assert.deepEqual(card('gate')?.counts?.slice(-5), [0, 1, 3, 0, 0]);
        assert.equal(card('gate')?.counts?.length, 60);

        clock.advance(57 * MINUTE);
        look()();
        assert.deepEqual(card('gate')?.counts?.slice(0, 2), [3, 0]);
        clock.advance(MINUTE);
        look()();
        assert.equal(card('gate')?.counts, undefined);
    });

    it('lets a device go with its node, and its picture too', () => {
        const { clock, board, updates, look } = setUp();
        board.shelf.open();
        const section = board.section('gate');
        const gate = section.add('', { way: 'direct', identity: {}, names: [] });
        const stop = look();
        gate.event(event(), [picture(1000)]);
        clock.advance(1000);
        assert.equal(board.picture('gate')?.data.length, 1000);

        section.close();
        gate.event(event(), [picture(1000)]);
        clock.advance(1000);
        assert.deepEqual(updates.at(-1)?.cards, []);
        assert.equal(board.picture('gate'), undefined);
        assert.equal(board.shelf.bytes, 0);
        stop();
    });

    it('begins anew with a node that is deployed anew, whichever comes first', () => {
        const { board, updates, look } = setUp();
        const origin = { way: 'direct', identity: {}, names: [] } as const;
        const before = board.section('gate');
        before.add('', origin).event(event(), []);
        board.section('gate').add('', origin);
        before.close();
        look()();
        assert.deepEqual(
            updates[0]?.cards.map(({ id, last }) => ({ id, last })),
            [{ id: 'gate', last: undefined }],
        );
    });

    it('does not show more than a thousand devices, and says how many it leaves out', () => {
        const { board, updates, look } = setUp();
        const section = board.section('isup');
        for (let count = 0; count < 2500; count += 1) {
            section.add(`D${count}`, { way: 'isup', identity: { id: `D${count}` }, names: [] });
        }
        look()();
        assert.equal(updates[0]?.cards.length, 1000);
        // Of the devices of one node, 2000 are remembered.
        assert.equal(updates[0]?.left, 1000);
        assert.equal(updates[0]?.cards[0]?.name, 'D500');
    });
});

describe('the pictures on the board', () => {
    it('are the largest of the last event that fits, in kinds that a browser draws', () => {
        const shelf = new PictureShelf({ each: 500, total: 5000 });
        const { board, device, look } = setUp(shelf);
        const gate = device('gate');
        gate.event(event(), [picture(100)]);
        assert.equal(shelf.bytes, 0, 'nothing is kept before it is switched on');
        shelf.open();
        gate.event(event(), [picture(100), picture(400), picture(501), picture(450, 'image/svg+xml')]);
        const stop = look();
        assert.equal(board.picture('gate')?.data.length, 400);
        gate.event(event(), []);
        assert.equal(board.picture('gate')?.data.length, 400, 'an event without pictures leaves the last one');
        gate.event(event(), [picture(501)]);
        assert.equal(board.picture('gate'), undefined, 'one that is too large is not replaced by an older one');
        stop();
    });

    it('stay within their bytes: the oldest goes first', () => {
        const shelf = new PictureShelf({ each: 500, total: 1000 });
        shelf.open();
        const { board, device, look } = setUp(shelf);
        const [one, two, three] = ['one', 'two', 'three'].map((id) => device(id)) as [
            ReturnType<typeof device>,
            ReturnType<typeof device>,
            ReturnType<typeof device>,
        ];
        one.event(event(), [picture(400)]);
        two.event(event(), [picture(400)]);
        one.event(event(), [picture(300)]);
        three.event(event(), [picture(400)]);
        look();
        assert.deepEqual(
            ['one', 'two', 'three'].map((id) => board.picture(id)?.data.length),
            [300, undefined, 400],
        );
        assert.equal(shelf.bytes, 700);
        board.close();
        assert.equal(shelf.bytes, 0);
    });

    it('do not keep the large body that they were cut out of', () => {
        const shelf = new PictureShelf({ each: 500, total: 1000 });
        shelf.open();
        const { board, device, look } = setUp(shelf);
        const body = Buffer.alloc(100_000, 7);
        device('gate').event(event(), [{ ...picture(0), data: body.subarray(0, 400) }]);
        look();
        const kept = board.picture('gate')?.data;
        assert.equal(kept?.length, 400);
        assert.notEqual(kept?.buffer, body.buffer);
    });

    it('are found again by how they begin, while an editor is open', () => {
        const { board, device } = setUp();
        const gate = device('gate');
        const data = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
        const sent = { ...picture(0), data };
        gate.event(event(), [sent]);
        const head = data.subarray(0, 1000);
        assert.equal(board.recent.find(5000, head), undefined);

        const leave = board.recent.enter();
        gate.event(event(), [sent]);
        assert.equal(board.recent.find(5000, head), sent);
        assert.equal(board.recent.find(4999, head), undefined);
        assert.equal(board.recent.find(5000, Buffer.alloc(1000)), undefined);
        for (let count = 0; count < 60; count += 1) gate.event(event(), [picture(100)]);
        assert.equal(board.recent.find(5000, head), undefined, 'the last 48 are kept');
        leave();
        assert.equal(board.recent.find(100, Buffer.alloc(10, 1)), undefined);
    });
});

describe('what several nodes know of one device', () => {
    const sections = new WeakMap<DeviceBoard, BoardSection>();

    const posted = (board: DeviceBoard, key: string, identity: DeviceIdentity) => {
        const section = sections.get(board) ?? board.section('alarms');
        sections.set(board, section);
        return section.add(key, { way: 'posts', identity, names: [] });
    };

    /** A configured device, as far as the board asks it. */
    function configured(board: DeviceBoard, id: string, identity: DeviceIdentity, names: string[] = []) {
        const sighting = board.section(id).add('', { way: 'direct', identity, names: [`node/${id}`, ...names] });
        sighting.origin.device = { requests: { abilities: { known: {} } } } as never;
        return sighting;
    }

    const ids = (updates: BoardUpdate[]) => updates.at(-1)?.cards.map(({ id }) => id);

    it('is one card where names, hardware address or a single address say so', () => {
        const { clock, board, updates, look, card } = setUp();
        const gate = configured(board, 'gate', { name: 'Gate', address: '192.0.2.7' });
        gate.event(event(), []);
        const seen = posted(board, 'mac', { address: '192.0.2.7', mac: '00:00:5e:00:53:01' });
        clock.advance(1000);
        seen.event(event({ kind: 'intrusion' }), []);
        const stop = look();
        assert.deepEqual(ids(updates), ['gate']);
        assert.deepEqual(card('gate')?.ways, ['direct', 'posts']);
        assert.equal(card('gate')?.name, 'Gate');
        assert.equal(card('gate')?.last?.kind, 'intrusion');
        assert.deepEqual(card('gate')?.counts?.at(-1), 2);
        stop();
    });

    it('are two cards where hardware addresses differ, though they share an address behind NAT', () => {
        const { clock, board, updates, look } = setUp();
        const gate = configured(board, 'gate', { address: '192.0.2.7' });
        gate.event(event({ device: { mac: '00:00:5e:00:53:01' } }), []);
        posted(board, 'other', { address: '192.0.2.7', mac: '00:00:5e:00:53:02' });
        const stop = look();
        assert.deepEqual(ids(updates), ['gate', 'alarms/other']);

        // What an event tells of the device later joins it, while somebody looks.
        gate.event(event({ device: { mac: '00:00:5e:00:53:02' } }), []);
        clock.advance(1000);
        assert.deepEqual(ids(updates), ['gate']);
        assert.equal(updates.at(-1)?.all, true);
        stop();
    });

    it('are not joined by an address that two configured devices have', () => {
        const { board, updates, look } = setUp();
        configured(board, 'one', { address: '192.0.2.7' });
        configured(board, 'two', { address: '192.0.2.7' });
        posted(board, 'third', { address: '192.0.2.7' });
        look()();
        assert.deepEqual(ids(updates), ['one', 'two', 'alarms/third']);
    });

    it('are not joined by the address of a router behind which several devices post', () => {
        const { board, updates, look } = setUp();
        configured(board, 'gate', { address: '192.0.2.7' });
        posted(board, 'one', { address: '192.0.2.7', mac: '00:00:5e:00:53:01' });
        posted(board, 'two', { address: '192.0.2.7', mac: '00:00:5e:00:53:02' });
        look()();
        assert.deepEqual(ids(updates), ['gate', 'alarms/one', 'alarms/two']);
    });

    it('is one card where a device posts to two listeners, and where some of its posts are refused', () => {
        const { board, updates, look } = setUp();
        const mac = '00:00:5e:00:53:01';
        posted(board, 'one', { address: '192.0.2.7', mac });
        board.section('other').add('one', { way: 'posts', identity: { address: '192.0.2.8', mac }, names: [] });
        posted(board, 'refused', { address: '192.0.2.7' });
        look()();
        assert.deepEqual(ids(updates), ['alarms/one']);
    });

    it('shows the session of a device that is reached through it', () => {
        const { board, look, card } = setUp();
        configured(board, 'gate', { name: 'Gate', id: 'GATE-4G' }, ['isup/listener/GATE-4G']);
        const session = board
            .section('listener')
            .add('GATE-4G', { way: 'isup', identity: { id: 'GATE-4G' }, names: ['isup/listener/GATE-4G'] });
        session.enter('online', undefined, undefined, NOON - MINUTE);
        look()();
        assert.deepEqual([card('gate')?.state, card('gate')?.since], ['online', NOON - MINUTE]);
    });
});
