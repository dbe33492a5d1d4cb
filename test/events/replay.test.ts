import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isoAt } from '../../events/time';
import { alert, bench, body, NOON, textPart } from './support';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A stream opened now in UTC, and the time that a device in some zone writes for an event of some age. */
function stream(options: { assumedOffset?: number } = { assumedOffset: 0 }) {
    const { reader, events, clock } = bench({ connectedAt: NOON, ...options });
    return {
        reader,
        clock,
        /** Whether an event of that age is taken for old. */
        old: (age: number, offset = 60, more: Record<string, unknown> = {}) => {
            reader.part(textPart(alert({ eventType: 'VMD', dateTime: isoAt(clock.now() - age, offset), ...more })));
            return events.at(-1)!.replay;
        },
        heartbeat: (age: number, offset = 60) => {
            const dateTime = isoAt(clock.now() - age, offset);
            reader.part(textPart(alert({ eventType: 'videoloss', eventState: 'inactive', dateTime })));
        },
    };
}

describe('an event that is sent again', () => {
    it('is told by the terminal', () => {
        const { reader, events } = bench();
        const text = body('access.json').replace('"picturesNumber":\t1,', '');
        reader.part(textPart(text));
        reader.part(
            textPart(
                text
                    .replace('"currentEvent":\ttrue', '"currentEvent":\tfalse')
                    .replace('"serialNo":\t18', '"serialNo":\t19'),
            ),
        );
        assert.deepEqual(
            events.map(({ replay }) => replay),
            [false, true],
        );
    });

    it('is told by cameras and recorders', () => {
        const { old } = stream();
        assert.equal(old(0, 60, { isDataRetransmission: 'true' }), true);
        assert.equal(old(0, 60, { isDataRetransmission: 'false', channelID: 2 }), false);
    });

    it('is older than the connection by more than two minutes', () => {
        const { old } = stream();
        assert.equal(old(MINUTE), false);
        assert.equal(old(3 * MINUTE), true);
        assert.equal(old(5 * HOUR), true);
        assert.equal(old(26 * HOUR), true);
        assert.equal(old(-3 * MINUTE), false);
    });

    it('is live, however old, where the terminal says so', () => {
        const { reader, events } = bench({ connectedAt: NOON });
        const text = body('access.json').replace('2026-11-20T14:32:07-03:00', '2026-11-19T14:32:07-03:00');
        reader.part(textPart(text));
        reader.flush();
        assert.equal(events[0]?.replay, false);
    });

    it('is not told by a clock that is years away', () => {
        const { old } = stream();
        assert.equal(old(14 * 365 * 24 * HOUR), false);
    });

    it('is not told by a clock that is right on the wall and wrong in its zone', () => {
        // The factory's +08:00 at a camera that shows the time of Lisbon.
        const { old } = stream({ assumedOffset: 0 });
        assert.equal(old(8 * HOUR, 480), false);
        assert.equal(stream({ assumedOffset: -180 }).old(11 * HOUR, 480), false);
    });

    it('is measured by the clock of the device, once a heartbeat has shown it', () => {
        const late = stream();
        late.heartbeat(HOUR + 7 * MINUTE);
        assert.equal(late.old(HOUR + 7 * MINUTE), false);
        assert.equal(late.old(HOUR + 20 * MINUTE), true);
        const right = stream({ assumedOffset: 0 });
        right.heartbeat(0, 480);
        assert.equal(right.old(8 * HOUR, 480), true);
    });

    it('is measured from the last time the stream was opened', () => {
        const { reader, clock, old } = stream();
        clock.advance(HOUR);
        assert.equal(old(30 * MINUTE), false);
        reader.opened(clock.now(), 'subscribe');
        assert.equal(old(31 * MINUTE), true);
    });

    it('cannot be told by its age in a push, which has no beginning', () => {
        const { reader, events } = bench({ via: 'alarm-http' });
        reader.body({ parts: [textPart(alert({ eventType: 'VMD', dateTime: isoAt(NOON - HOUR, 60) }))] });
        assert.equal(events[0]?.replay, false);
    });

    it('cannot be told where it has no time', () => {
        const { old } = stream();
        assert.equal(old(HOUR, 60, { dateTime: undefined }), false);
    });
});
