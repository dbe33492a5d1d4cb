import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isoAt, readTime } from '../../events/time';
import { NOON } from './support';

describe('the time of an event', () => {
    const cases: [what: string, sent: string, time: string, quality: string, epoch: string][] = [
        ['with an offset', '2026-07-02T14:27:59+08:00', '2026-07-02T14:27:59+08:00', 'offset', '2026-07-02T06:27:59Z'],
        ['in UTC', '2026-07-02T14:27:59Z', '2026-07-02T14:27:59Z', 'offset', '2026-07-02T14:27:59Z'],
        [
            'with one digit of hours',
            '2026-07-02T14:27:59-6:00',
            '2026-07-02T14:27:59-06:00',
            'offset',
            '2026-07-02T20:27:59Z',
        ],
        [
            'with an offset without colon',
            '2026-07-02T14:27:59+0530',
            '2026-07-02T14:27:59+05:30',
            'offset',
            '2026-07-02T08:57:59Z',
        ],
        [
            'that lost the sign of no offset',
            '2026-01-22T11:47:0500:00',
            '2026-01-22T11:47:05+00:00',
            'offset',
            '2026-01-22T11:47:05Z',
        ],
        [
            'that lost the sign of an offset',
            '2026-01-22T11:47:3108:00',
            '2026-01-22T11:47:31+08:00',
            'assumed',
            '2026-01-22T03:47:31Z',
        ],
        [
            'with a fraction',
            '2026-03-21T13:14:30.417+01:00',
            '2026-03-21T13:14:30.417+01:00',
            'offset',
            '2026-03-21T12:14:30.417Z',
        ],
        ['to the minute', '2026-11-14T15:27+08:00', '2026-11-14T15:27:00+08:00', 'offset', '2026-11-14T07:27:00Z'],
        [
            'with a blank for the T',
            '2026-01-01 10:00:00+01:00',
            '2026-01-01T10:00:00+01:00',
            'offset',
            '2026-01-01T09:00:00Z',
        ],
        ['without leading zeros', '2026-1-2T3:04:05Z', '2026-01-02T03:04:05Z', 'offset', '2026-01-02T03:04:05Z'],
        [
            'of a clock that was never set right',
            '2012-01-13T04:32:47+01:00',
            '2012-01-13T04:32:47+01:00',
            'offset',
            '2012-01-13T03:32:47Z',
        ],
        ['on 29 February', '2028-02-29T00:00:00Z', '2028-02-29T00:00:00Z', 'offset', '2028-02-29T00:00:00Z'],
    ];
    for (const [what, sent, time, quality, epoch] of cases) {
        it(`is read ${what}`, () => {
            const read = readTime(sent, NOON);
            assert.equal(read.time, time);
            assert.equal(read.quality, quality);
            assert.equal(read.epoch, Date.parse(epoch));
            assert.equal(read.deviceTime, sent === time ? undefined : sent);
            assert.equal(Date.parse(read.time), read.epoch);
        });
    }

    it('without an offset is read as that of the device, else of this machine', () => {
        const read = readTime('2026-07-02T14:27:59', NOON, -180);
        assert.equal(read.time, '2026-07-02T14:27:59-03:00');
        assert.equal(read.quality, 'assumed');
        assert.equal(read.deviceTime, '2026-07-02T14:27:59');
        assert.equal(readTime('2026-07-02T14:27:59', NOON).epoch, new Date(2026, 6, 2, 14, 27, 59).getTime());
        assert.equal(readTime('2026-01-22T11:47:3103:00', NOON, -180).time, '2026-01-22T11:47:31-03:00');
        assert.equal(readTime('2026-07-02T14:27:59 GMT', NOON, 60).time, '2026-07-02T14:27:59+01:00');
        assert.equal(readTime('2026-07-02T14:27:59+19:00', NOON, 60).quality, 'assumed');
        // No hour has eighty minutes, and no reader of ISO 8601 takes it for one.
        for (const offset of ['+02:80', '-2:60', '0280', '02:80']) {
            assert.equal(readTime(`2026-07-02T14:27:59${offset}`, NOON, 60).time, '2026-07-02T14:27:59+01:00', offset);
        }
    });

    it('is that of arrival where there is none or it cannot be', () => {
        const impossible = [
            '2026-13-01T00:00:00Z',
            '2026-02-30T00:00:00Z',
            '2027-02-29T00:00:00Z',
            '2026-01-01T24:00:00Z',
            '2026-01-01T00:60:00Z',
            '1970-01-01T00:00:00Z',
            '0000-00-00T00:00:00+00:00',
            'yesterday',
            '',
            '2026-01-01',
            `2026-01-01T00:00:00${'0'.repeat(1000)}`,
        ];
        for (const sent of impossible) {
            const read = readTime(sent, NOON);
            assert.equal(read.time, '2026-11-20T12:00:00.000Z', sent);
            assert.equal(read.quality, 'received');
            assert.equal(read.deviceTime, sent === '' ? undefined : sent);
        }
        assert.equal(readTime(undefined, NOON).deviceTime, undefined);
    });

    it('is written with the offset that is asked for', () => {
        assert.equal(isoAt(NOON, -180), '2026-11-20T09:00:00.000-03:00');
        assert.equal(isoAt(NOON, 330), '2026-11-20T17:30:00.000+05:30');
        assert.equal(isoAt(NOON, 0), '2026-11-20T12:00:00.000Z');
    });
});
