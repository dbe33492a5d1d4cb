import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceEvent, Occurrence } from '../../events/deviceEvent';
import { EventGate, type EventGateOptions } from '../../events/eventGate';
import { EventReader } from '../../events/eventReader';
import { ManualClock } from '../support/manualClock';
import { alert, body, NOON, picturePart, textPart } from './support';

/** A reader and a gate behind it, as a node has them. */
function node(options: Partial<EventGateOptions> = {}) {
    const clock = new ManualClock(NOON);
    const out: Occurrence[] = [];
    const gate = new EventGate({
        kinds: [],
        channels: [],
        repeat: 'edges',
        hold: 5000,
        replay: 'live',
        heartbeats: false,
        clock,
        onOccurrence: (occurrence) => out.push(occurrence),
        ...options,
    });
    const reader = new EventReader({
        via: 'alertstream',
        device: { name: 'yard' },
        clock,
        onOccurrence: (occurrence) => gate.push(occurrence),
        onHeartbeat: (at, heartbeat) => gate.heartbeat(at, heartbeat),
    });
    let count = 0;
    return {
        gate,
        clock,
        out,
        reader,
        send: (fields: Record<string, unknown>) => {
            count += 1;
            reader.part(textPart(alert({ activePostCount: count, ...fields })));
        },
        /** What came out since the last time, as `kind state`. */
        said: () =>
            out.splice(0).map(({ event }) => `${event.kind} ${event.state}${event.synthetic ? ' synthetic' : ''}`),
    };
}

const region = (...ids: number[]) => ({
    DetectionRegionList: ids.map((regionID) => ({ DetectionRegionEntry: { regionID } }))[0],
});

describe('a condition that lasts', () => {
    it('comes out when it begins and when it ends, not when it is repeated', () => {
        const { send, said, gate } = node();
        for (const eventState of ['active', 'active', 'active', 'inactive', 'inactive', 'active'])
            send({ eventType: 'VMD', eventState });
        assert.deepEqual(said(), ['motion active', 'motion inactive', 'motion active']);
        assert.equal(gate.withheld.repeat, 3);
    });

    it('comes out once although a recorder with a dead camera tells of it three thousand times', () => {
        const { send, said, gate, clock } = node();
        for (let count = 0; count < 3062; count += 1) {
            send({ eventType: 'videoloss', dynChannelID: 16 });
            clock.advance(430);
        }
        assert.deepEqual(said(), ['video-loss active']);
        assert.equal(gate.withheld.repeat, 3061);
    });

    it('ends by itself where the device falls silent', () => {
        const { send, said, clock, out } = node();
        send({ eventType: 'VMD', dateTime: '2026-11-20T09:00:00-03:00' });
        clock.advance(4000);
        send({ eventType: 'VMD', dateTime: '2026-11-20T09:00:04-03:00' });
        clock.advance(4999);
        assert.deepEqual(said(), ['motion active']);
        clock.advance(1);
        const { event, pictures } = out[0]!;
        assert.deepEqual(said(), ['motion inactive synthetic']);
        assert.equal(event.time, '2026-11-20T09:00:09.000-03:00');
        assert.equal(event.timeQuality, 'received');
        assert.match(event.id, /-end$/);
        assert.deepEqual(pictures, []);
        assert.equal(clock.pending, 0);
        send({ eventType: 'VMD', eventState: 'inactive' });
        assert.deepEqual(said(), []);
    });

    it('never ends by itself where nobody wants that', () => {
        const { send, said, clock } = node({ hold: 0 });
        send({ eventType: 'VMD' });
        clock.advance(1_000_000);
        assert.deepEqual(said(), ['motion active']);
        assert.equal(clock.pending, 0);
    });

    it('is its own on every device, channel, type, input and region', () => {
        const { send, said } = node();
        send({ eventType: 'VMD', channelID: 1 });
        send({ eventType: 'VMD', channelID: 2 });
        send({ eventType: 'linedetection', ...region(1) });
        send({ eventType: 'linedetection', ...region(2) });
        send({ eventType: 'VMD', channelID: 1, macAddress: '00:00:5e:00:53:aa' });
        send({ eventType: 'IO', inputIOPortID: 1 });
        send({ eventType: 'IO', inputIOPortID: 2 });
        assert.equal(said().length, 7);
        send({ eventType: 'linedetection', eventState: 'inactive', ...region(2) });
        send({ eventType: 'linedetection', ...region(1) });
        assert.deepEqual(said(), ['line-crossing inactive']);
    });

    it('ends in all its regions where the end names none', () => {
        const { send, said, clock } = node();
        send({ eventType: 'linedetection', ...region(1) });
        send({ eventType: 'linedetection', ...region(2) });
        send({ eventType: 'linedetection', eventState: 'inactive' });
        assert.deepEqual(said(), ['line-crossing active', 'line-crossing active', 'line-crossing inactive']);
        clock.advance(60_000);
        assert.deepEqual(said(), []);
        assert.equal(clock.pending, 0);
    });

    it('ends also where it began before we listened', () => {
        const { send, said } = node();
        send({ eventType: 'VMD', eventState: 'inactive' });
        send({ eventType: 'VMD', eventState: 'inactive' });
        assert.deepEqual(said(), ['motion inactive']);
    });

    it('is kept up by the event that says it goes on', () => {
        const { send, said, clock } = node();
        const goesOn = { eventType: 'duration', DurationList: { Duration: { relationEvent: 'fielddetection' } } };
        send({ eventType: 'fielddetection', ...region(1) });
        for (let second = 1; second < 9; second += 1) {
            clock.advance(2000);
            send({ ...goesOn, dateTime: `2026-11-20T13:00:${10 + 2 * second}+01:00` });
        }
        assert.deepEqual(said(), ['intrusion active']);
        clock.advance(5000);
        assert.deepEqual(said(), ['intrusion inactive synthetic']);
    });

    it('comes out every time where all repeats are wanted', () => {
        const { send, said, clock } = node({ repeat: 'all' });
        for (const eventState of ['active', 'active', 'inactive', 'inactive']) send({ eventType: 'VMD', eventState });
        assert.equal(said().length, 4);
        send({ eventType: 'VMD' });
        clock.advance(5000);
        assert.deepEqual(said(), ['motion active', 'motion inactive synthetic']);
    });

    it('does not keep the pictures of its last message', () => {
        const { reader, clock, out } = node();
        reader.part(textPart(body('intrusionHuman.xml')));
        reader.part(picturePart());
        clock.advance(5000);
        assert.deepEqual(
            out.map(({ pictures }) => pictures.length),
            [1, 0],
        );
    });

    it('does not let its late pictures be taken for a repeat', () => {
        const { reader, send, said, clock } = node();
        send({ eventType: 'VMD' });
        reader.part(picturePart());
        clock.advance(2000);
        assert.deepEqual(said(), ['motion active', 'motion active']);
        send({ eventType: 'VMD', dateTime: '2026-11-20T13:00:02+01:00' });
        reader.part(picturePart());
        clock.advance(2000);
        assert.deepEqual(said(), []);
    });

    it('costs no more for a flood of places than for some', () => {
        const { send, clock } = node({ hold: 0 });
        for (let channelID = 1; channelID < 12_000; channelID += 1) send({ eventType: 'VMD', channelID });
        assert.equal(clock.pending, 0);
    });
});

describe('what happens at an instant', () => {
    it('always comes out', () => {
        const { send, said } = node();
        for (const licensePlate of ['A', 'A', 'B']) send({ eventType: 'ANPR', ANPR: { licensePlate } });
        assert.deepEqual(said(), ['plate pulse', 'plate pulse', 'plate pulse']);
    });
});

describe('a node that wants only some events', () => {
    it('names kinds, types or families, in any case', () => {
        for (const kinds of [['Motion'], ['vmd'], ['MOTION', ' plate '], ['motion', 'x']]) {
            const { send, said, gate } = node({ kinds });
            send({ eventType: 'VMD' });
            send({ eventType: 'linedetection', detectionPicturesNumber: 0 });
            assert.deepEqual(said(), ['motion active'], kinds.join());
            assert.equal(gate.withheld.kind, 1);
        }
        const perimeter = node({ kinds: ['perimeter'] });
        perimeter.send({ eventType: 'VMD' });
        perimeter.send({ eventType: 'linedetection', detectionPicturesNumber: 0 });
        assert.deepEqual(perimeter.said(), ['line-crossing active']);
    });

    it('calls other what has no name here', () => {
        const { send, said } = node({ kinds: ['other'] });
        send({ eventType: 'brandNew' });
        send({ eventType: 'VMD' });
        assert.deepEqual(said(), ['brandnew active']);
    });

    it('names channels, 0 being the device itself', () => {
        const { send, said, gate } = node({ channels: [0, 2] });
        for (const channelID of [0, 1, 2]) send({ eventType: 'VMD', channelID });
        send({ eventType: 'diskfull', channelID: '' });
        assert.deepEqual(said(), ['motion active', 'motion active', 'disk-full active']);
        assert.equal(gate.withheld.channel, 1);
    });

    it('says what to do with what is sent again', () => {
        const expected = { live: ['live'], all: ['live', 'old'], only: ['old'] };
        for (const [replay, channels] of Object.entries(expected)) {
            const { send, out, gate } = node({ replay: replay as 'live' });
            send({ eventType: 'VMD', channelName: 'live' });
            send({ eventType: 'VMD', channelName: 'old', isDataRetransmission: true });
            assert.deepEqual(
                out.map(({ event }) => event.channelName),
                channels,
            );
            assert.equal(gate.withheld.replay, 2 - channels.length);
        }
    });

    it('does not let what is sent again begin or end a condition', () => {
        const { send, said, clock } = node({ replay: 'all' });
        send({ eventType: 'VMD' });
        send({ eventType: 'VMD', eventState: 'inactive', isDataRetransmission: true });
        assert.deepEqual(said(), ['motion active', 'motion inactive']);
        clock.advance(5000);
        assert.deepEqual(said(), ['motion inactive synthetic']);
    });

    it('always gets the history it asked for', () => {
        const { reader, said } = node();
        reader.history([{ major: 5, minor: 1, time: '2026-11-20T09:00:00-03:00', serialNo: 7 }]);
        assert.deepEqual(said(), ['access pulse']);
    });

    it('may leave out the operations at a terminal, its own logins among them', () => {
        const login = { major: 3, minor: 112, time: '2026-11-20T09:00:00-03:00', serialNo: 7 };
        const all = node();
        all.reader.history([login]);
        assert.deepEqual(all.said(), ['access pulse']);
        const none = node({ operations: false });
        none.reader.history([login, { ...login, major: 5, minor: 1, serialNo: 8 }]);
        assert.deepEqual(none.said(), ['access pulse']);
        assert.equal(none.gate.withheld.operation, 1);
    });

    it('sees heartbeats only where it asks for them', () => {
        const quiet = node();
        quiet.send({ eventType: 'heartBeat' });
        assert.deepEqual(quiet.said(), []);
        const curious = node({ heartbeats: true });
        curious.send({ eventType: 'heartBeat' });
        curious.send({ eventType: 'videoloss', eventState: 'inactive' });
        assert.deepEqual(curious.said(), ['heartbeat pulse', 'heartbeat pulse']);
        curious.gate.heartbeat(0);
        assert.deepEqual(curious.said(), []);
    });
});

describe('a gate that is closed', () => {
    it('says nothing more and leaves no timer', () => {
        const { gate, send, said, clock } = node({ heartbeats: true });
        send({ eventType: 'VMD' });
        assert.equal(clock.pending, 1);
        gate.close();
        assert.equal(clock.pending, 0);
        send({ eventType: 'linedetection' });
        send({ eventType: 'heartBeat' });
        assert.deepEqual(said(), ['motion active']);
    });

    it('has never changed an event', () => {
        const { out, send, clock } = node();
        send({ eventType: 'VMD' });
        const before: DeviceEvent = structuredClone(out[0]!.event);
        clock.advance(5000);
        assert.deepEqual(out[0]!.event, before);
    });
});
