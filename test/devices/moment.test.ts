import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { momentOf, momentOfRow } from '../../devices/catchUp/moment';
import type { DeviceEvent } from '../../events/deviceEvent';

// This file has a process of its own; other places have no summer time, or another one.
process.env.TZ = 'Europe/Berlin';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 60 * 60_000;

describe('when a row of the log was written', () => {
    it('is what it says, where it says its offset', () => {
        const moment = momentOfRow('2026-11-20T10:00:00-03:00', NOW, '2026-11-20T20:00:00+08:00');
        assert.deepEqual(moment, { time: '2026-11-20T10:00:00-03:00', wall: '2026-11-20T10:00:00', doubt: 0 });
    });

    it('is told by the offset of the device otherwise, and is unsure by summer time', () => {
        const { time, doubt } = momentOfRow('2026-11-20T10:00:00', NOW, '2026-11-20T20:00:00+08:00')!;
        assert.equal(time, '2026-11-20T10:00:00+08:00');
        assert.equal(doubt, HOUR);
    });

    it('follows the summer time of this machine, where the device stands beside it', () => {
        for (const told of ['2026-11-20T12:00:00+01:00', '2026-07-01T12:00:00+02:00']) {
            assert.equal(momentOfRow('2026-10-25T01:59:00', NOW, told)?.time, '2026-10-25T01:59:00+02:00');
            assert.equal(momentOfRow('2026-10-25T03:01:00', NOW, told)?.time, '2026-10-25T03:01:00+01:00');
        }
    });

    it('may be anything around it, where nobody knows the offset or the device was set to another since', () => {
        const unknown = momentOfRow('2026-11-20T10:00:00', NOW, undefined)!;
        const ahead = momentOfRow('2026-11-20T20:00:00', NOW, '2026-11-20T12:00:00+00:00')!;
        assert.equal(unknown.time, '2026-11-20T10:00:00+01:00');
        for (const { doubt } of [unknown, ahead]) assert.equal(doubt, 26 * HOUR);
    });

    it('is not known where the text is no time', () => {
        assert.equal(momentOfRow('soon', NOW, undefined), undefined);
    });

    it('is read of a live event without offset as of a row', () => {
        const event: Partial<DeviceEvent> = {
            time: '2026-11-20T10:00:00+01:00',
            deviceTime: '2026-11-20T10:00:00',
            timeQuality: 'assumed',
            receivedAt: new Date(NOW).toISOString(),
        };
        const moment = momentOf(event as DeviceEvent, '2026-11-20T20:00:00+08:00');
        assert.equal(moment?.time, '2026-11-20T10:00:00+08:00');
    });
});
