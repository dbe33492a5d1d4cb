import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import type { Node } from 'node-red';
import type { DeviceEvent, Occurrence } from '../../../events/deviceEvent';
import { Fault } from '../../../protocols/errors';
import type { Presence } from '../../../protocols/isup/presence';
import { type BoardUpdate, DeviceBoard } from '../../../runtime/sidebar/deviceBoard';
import { IsupDevices } from '../../../runtime/sidebar/isupDevices';
import { PostedDevices } from '../../../runtime/sidebar/postedDevices';
import { tunnelDevices } from '../../../runtime/sidebar/tunnelDevices';
import { ManualClock } from '../../support/manualClock';

const NOON = Date.UTC(2026, 0, 15, 12);

function setUp() {
    const board = new DeviceBoard(new ManualClock(NOON));
    const node = Object.assign(new EventEmitter(), { id: 'node' });
    const cards = () => {
        const updates: BoardUpdate[] = [];
        board.watch((update) => updates.push(update))();
        return updates[0]!.cards;
    };
    return { board, node: node as unknown as Node, cards, close: () => node.emit('close') };
}

const refusal = (source: string) => ({
    source,
    fault: new Fault('POST_UNAUTHENTICATED', { details: { address: source, reason: 'no login' } }),
});

function event(device: DeviceEvent['device']): DeviceEvent {
    return { kind: 'motion', channel: 1, replay: false, device } as DeviceEvent;
}

describe('what an alarm-http-in reports of devices', () => {
    it('is each device that posts, by its hardware address', () => {
        const { board, node, cards, close } = setUp();
        const devices = new PostedDevices(node, '', board);
        for (const mac of ['00:00:5e:00:53:01', '00:00:5e:00:53:02', '00:00:5e:00:53:01']) {
            devices.event(event({ mac, address: '192.0.2.7' }), []);
        }
        assert.deepEqual(
            cards().map(({ id, state, address, counts }) => ({ id, state, address, count: counts?.at(-1) })),
            [
                { id: 'node/00:00:5e:00:53:01', state: 'heard', address: '192.0.2.7', count: 2 },
                { id: 'node/00:00:5e:00:53:02', state: 'heard', address: '192.0.2.7', count: 1 },
            ],
        );
        close();
        assert.deepEqual(cards(), []);
    });

    it('is the chosen device, whatever its posts say of it', () => {
        const { board, node, cards } = setUp();
        const devices = new PostedDevices(node, 'gate', board);
        devices.event(event({ mac: '00:00:5e:00:53:01' }), []);
        devices.event(event({ address: '192.0.2.7' }), []);
        assert.equal(cards().length, 1);
    });

    it('is also each that has nothing to report but that it is there', () => {
        const { board, node, cards } = setUp();
        const devices = new PostedDevices(node, '', board);
        let read = 0;
        const heartbeat = () => {
            read += 1;
            return { event: event({ mac: '00:00:5e:00:53:01' }), pictures: [], raw: { format: 'xml' } } as Occurrence;
        };
        devices.rejected(refusal('192.0.2.7'));
        devices.heartbeat('192.0.2.7', heartbeat);
        devices.heartbeat('192.0.2.7', heartbeat);
        assert.deepEqual(
            cards().map(({ state, address, seen, last }) => ({ state, address, seen, last })),
            [{ state: 'heard', address: '192.0.2.7', seen: NOON, last: undefined }],
        );
        assert.equal(read, 1, 'only the first is read');
    });

    it('says whose posts were refused and why, until one is taken', () => {
        const { board, node, cards } = setUp();
        const devices = new PostedDevices(node, '', board);
        devices.rejected(refusal('192.0.2.7'));
        const [card] = cards();
        assert.deepEqual(
            [card?.state, card?.fault?.code, card?.name],
            ['rejected', 'POST_UNAUTHENTICATED', '192.0.2.7'],
        );
        devices.event(event({ mac: '00:00:5e:00:53:01', address: '192.0.2.7' }), []);
        assert.deepEqual(
            cards().map(({ state, fault }) => ({ state, fault })),
            [{ state: 'heard', fault: undefined }],
        );
    });

    it('holds no more than twenty refused addresses: whoever scans the port fills nothing', () => {
        const { board, node, cards } = setUp();
        const devices = new PostedDevices(node, '', board);
        for (let host = 1; host <= 100; host += 1) devices.rejected(refusal(`192.0.2.${host}`));
        devices.rejected(refusal('192.0.2.90'));
        const addresses = cards().map(({ address }) => address);
        assert.equal(addresses.length, 20);
        assert.ok(addresses.includes('192.0.2.90') && !addresses.includes('192.0.2.80'));
    });
});

describe('what an isup-in reports of devices', () => {
    const presence = (more: Partial<Presence>): Presence => ({
        deviceId: 'GATE-4G',
        state: 'online',
        confidence: 'authenticated',
        address: '192.0.2.7',
        port: 5000,
        protocol: '5.0',
        since: new Date(NOON - 60_000).toISOString(),
        lastSeen: new Date(NOON).toISOString(),
        ...more,
    });

    it('is their presence: since when, why not, and what they say of themselves', () => {
        const { board, node, cards, close } = setUp();
        const devices = new IsupDevices(node, board);
        devices.presence(presence({ model: 'DS-TEST-CAM', name: 'gate' }));
        const [online] = cards();
        assert.deepEqual(
            [online?.name, online?.state, online?.since, online?.model, online?.ways],
            ['gate', 'online', NOON - 60_000, 'DS-TEST-CAM', ['isup']],
        );
        devices.presence(presence({ state: 'offline', reason: 'silence', since: new Date(NOON).toISOString() }));
        const [away] = cards();
        assert.deepEqual([away?.state, away?.reason, away?.since], ['offline', 'silence', NOON]);
        devices.presence(presence({ state: 'rejected', reason: 'bad-key' }));
        assert.deepEqual([cards()[0]?.state, cards()[0]?.reason], ['rejected', 'bad-key']);
        devices.presence(presence({ state: 'address-changed', address: '192.0.2.8' }));
        assert.deepEqual([cards()[0]?.state, cards()[0]?.address], ['online', '192.0.2.8']);
        close();
        assert.deepEqual(cards(), []);
    });

    it('is not what somebody claims who was refused, while the device is online', () => {
        const { board, node, cards } = setUp();
        const devices = new IsupDevices(node, board);
        devices.presence(presence({}));
        const [before] = cards();
        devices.presence(presence({ state: 'rejected', reason: 'bad-key', address: '198.51.100.66' }));
        assert.deepEqual(cards(), [before]);
        devices.presence(presence({ state: 'offline', reason: 'silence' }));
        devices.presence(presence({ state: 'rejected', reason: 'bad-key', address: '198.51.100.66' }));
        assert.deepEqual([cards()[0]?.state, cards()[0]?.address], ['rejected', '198.51.100.66']);
    });

    it('is what does not work at a device that is online all the same', () => {
        const { board, node, cards } = setUp();
        const devices = new IsupDevices(node, board);
        devices.presence(presence({}));
        devices.failed(new Fault('ISUP_NO_ALARM_SLOT'), 'GATE-4G');
        assert.deepEqual([cards()[0]?.state, cards()[0]?.fault?.code], ['online', 'ISUP_NO_ALARM_SLOT']);
    });
});

describe('what an intelbras-p2p-tunnel reports of recorders', () => {
    it('is the state and the route of each, its own and those that messages name', () => {
        const { board, node, cards, close } = setUp();
        const report = tunnelDevices(node, { device: 'recorder', serial: 'OWN0001' }, board);
        report({ serial: 'OWN0001', state: 'open', route: 'relay', ports: [] });
        const fault = new Fault('P2P_DEVICE_OFFLINE', { details: { serial: 'OTHER01', cloud: 'easy4ip' } });
        report({ serial: 'OTHER01', state: 'offline', ports: [], fault, retryAt: NOON + 60_000 });
        assert.deepEqual(
            cards().map(({ name, state, route, until, fault: shown }) => [name, state, route, until, shown?.code]),
            [
                ['OWN0001', 'online', 'relay', undefined, undefined],
                ['OTHER01', 'offline', undefined, NOON + 60_000, 'P2P_DEVICE_OFFLINE'],
            ],
        );
        close();
        assert.deepEqual(cards(), []);
    });
});
