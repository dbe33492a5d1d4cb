import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEhomeAlarm, readEhomePosition } from '../../events/ehomeAlarm';
import { topicOf } from '../../events/topic';
import type { EhomeAlarm } from '../../protocols/isup/ehome';

const at = Date.parse('2026-01-01T10:00:01Z');
const device = { id: 'CAM1', address: '192.0.2.20' };

function read(alarm: Partial<EhomeAlarm>) {
    const whole = { time: '2026-01-01 10:00:00', type: '8', retransmitted: false, ...alarm };
    return readEhomeAlarm(whole, { at, device, text: '<PPVSPMessage/>', assumedOffset: -180 });
}

describe('an EHome alarm', () => {
    it('of motion is the event that every other way in brings', () => {
        const { event, raw } = read({ action: 0, videoChannel: 1, alarmIn: 0, disk: 0 });
        assert.equal(event.kind, 'motion');
        assert.equal(event.family, 'motion');
        assert.equal(event.type, '8');
        assert.equal(event.state, 'active');
        assert.equal(event.channel, 1);
        assert.equal(event.via, 'isup');
        assert.equal(event.time, '2026-01-01T10:00:00-03:00');
        assert.equal(event.timeQuality, 'assumed');
        assert.equal(event.deviceTime, '2026-01-01 10:00:00');
        assert.equal(event.replay, false);
        assert.equal(topicOf(event), 'CAM1/1/motion');
        assert.deepEqual(raw, { format: 'xml', text: '<PPVSPMessage/>' });
        assert.equal(read({ action: 1, videoChannel: 1 }).event.state, 'inactive');
    });

    it('keeps its id when it is sent again, and says that it was', () => {
        const first = read({ action: 0, videoChannel: 1 }).event;
        const again = read({ action: 0, videoChannel: 1, retransmitted: true }).event;
        assert.equal(again.id, first.id);
        assert.equal(again.replay, true);
        assert.notEqual(read({ action: 0, videoChannel: 2 }).event.id, first.id);
    });

    it('has words for what the vendor has numbers for', () => {
        const kinds: [type: string, kind: string, family: string][] = [
            ['0', 'disk-full', 'health'],
            ['1', 'disk-error', 'health'],
            ['5', 'video-loss', 'health'],
            ['6', 'alarm-input', 'io'],
            ['101', 'line-crossing', 'perimeter'],
            ['102', 'region-entrance', 'perimeter'],
            ['103', 'region-exit', 'perimeter'],
            ['104', 'intrusion', 'perimeter'],
            ['105', 'loitering', 'perimeter'],
            ['112', 'unattended-baggage', 'perimeter'],
            ['4711', '4711', 'unknown'],
            ['constructor', 'constructor', 'unknown'],
        ];
        for (const [type, kind, family] of kinds) {
            const { event } = read({ type });
            assert.equal(event.kind, kind, type);
            assert.equal(event.family, family, type);
        }
    });

    it('knows every number of the vendor', () => {
        const single = [0, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 80, 90, 91, 97, 98, 99, 256, 257];
        const runs = [...Array(16).keys()].map((n) => 100 + n).concat([...Array(7).keys()].map((n) => 700 + n));
        for (const type of [...single, ...runs, 8800, 8801, 8802, 40961, 40962]) {
            const { event } = read({ type: String(type) });
            assert.notEqual(event.family, 'unknown', `${type} is ${event.kind}`);
        }
    });

    it('names the input that rang, not a channel', () => {
        const { event } = read({ type: '6', videoChannel: 1, alarmIn: 3 });
        assert.deepEqual(event.io, { input: 3 });
        assert.equal(event.channel, null);
    });

    it('counts people from the fields that carry them', () => {
        const { event } = read({ type: '110', videoChannel: 2, alarmIn: 5, disk: 4 });
        assert.deepEqual(event.counting, { enter: 5, exit: 4 });
        assert.equal(event.channel, 2);
    });

    it('without a time of its own has that of its arrival', () => {
        const { event } = read({ time: '' });
        assert.equal(event.timeQuality, 'received');
        assert.equal(event.time, '2026-01-01T10:00:01.000Z');
    });
});

describe('an EHome position', () => {
    it('passes through with its fields', () => {
        const params = { DeviceID: 'CAM1', SampleTime: '2026-01-01 10:00:00', Longitude: '1', Latitude: '2' };
        const { event, raw } = readEhomePosition(params, { at, device, text: '<x/>' });
        assert.equal(event.kind, 'gps');
        assert.equal(event.state, 'pulse');
        assert.deepEqual(raw.object, params);
    });
});
