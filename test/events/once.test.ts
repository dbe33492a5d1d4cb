import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Occurrence } from '../../events/deviceEvent';
import { EventGate } from '../../events/eventGate';
import { OnceWindow } from '../../events/onceWindow';
import { ManualClock } from '../support/manualClock';
import { alert, bench, body, picturePart, textPart } from './support';

/** A device that is heard by its stream and by its posts, and the nodes of both. */
function bothWays() {
    const once = new OnceWindow();
    const clock = new ManualClock();
    const node = (name: string, hold = 0) => {
        const out: string[] = [];
        const gate = new EventGate({
            kinds: [],
            channels: [],
            repeat: 'edges',
            hold,
            replay: 'live',
            heartbeats: false,
            clock,
            claim: once.claimant(),
            onOccurrence: ({ event, pictures }) => {
                const marks = [...(event.warnings ?? []), ...(event.synthetic ? ['synthetic'] : [])];
                out.push([name, event.state, pictures.length, ...marks].join(' '));
            },
        });
        return { gate, out };
    };
    return { clock, node };
}

function streamed(text: string): Occurrence {
    const { reader, occurrences } = bench();
    reader.part(textPart(text));
    reader.flush();
    return occurrences[0]!;
}

function posted(text: string, pictures = 0): Occurrence {
    const { reader, occurrences } = bench({ via: 'alarm-http' });
    reader.body({ parts: [textPart(text), ...Array.from({ length: pictures }, () => picturePart())] });
    return occurrences[0]!;
}

describe('an event that comes by stream and by post', () => {
    it('has the same id as XML and as JSON', () => {
        const fields = { ipAddress: '192.0.2.9', macAddress: '00:00:5e:00:53:09', channelID: 1, eventState: 'active' };
        const time = { dateTime: '2026-11-20T13:00:00+01:00', activePostCount: 1 };
        const bodies: Record<string, unknown>[] = [
            { eventType: 'linedetection', DetectionRegionList: { DetectionRegionEntry: { regionID: 2 } } },
            { eventType: 'ANPR', UUID: 'a1', ANPR: { licensePlate: 'ABC1D23', confidenceLevel: 98 } },
            {
                eventType: 'AccessControllerEvent',
                AccessControllerEvent: {
                    majorEventType: 5,
                    subEventType: 75,
                    serialNo: 18,
                    employeeNoString: '0001764',
                },
            },
            {
                eventType: 'AccessControllerEvent',
                AccessControllerEvent: { majorEventType: 5, subEventType: 75, employeeNoString: '0001764', doorNo: 1 },
            },
            { eventType: 'IO', inputIOPortID: 3 },
        ];
        for (const one of bodies) {
            const xml = streamed(alert(one));
            const json = posted(JSON.stringify({ ...fields, ...time, ...one }));
            assert.equal(xml.event.id, json.event.id, String(one.eventType));
            assert.equal(xml.raw.format, 'xml');
            assert.equal(json.raw.format, 'json');
        }
    });

    it('comes out of the node that hears of it first', () => {
        const { node } = bothWays();
        const [stream, host] = [node('stream'), node('host')];
        stream.gate.push(streamed(body('access.json')));
        host.gate.push(posted(body('access.json')));
        assert.deepEqual([stream.out.length, host.out.length], [1, 0]);
        assert.equal(host.gate.withheld.elsewhere, 1);
    });

    it('comes out of both where they do not say otherwise', () => {
        const out: Occurrence[] = [];
        const filter = {
            kinds: [],
            channels: [],
            repeat: 'edges',
            hold: 0,
            replay: 'live',
            heartbeats: false,
        } as const;
        const gate = new EventGate({ ...filter, kinds: [], channels: [], onOccurrence: (one) => out.push(one) });
        gate.push(streamed(body('access.json')));
        gate.push(posted(body('access.json')));
        assert.equal(out.length, 2);
    });

    it('is not taken away by a node that leaves it out', () => {
        const { node } = bothWays();
        const [stream, host] = [node('stream'), node('host')];
        const old = streamed(body('access.json').replace('"currentEvent":\ttrue', '"currentEvent":\tfalse'));
        stream.gate.push(old);
        host.gate.push(posted(body('access.json')));
        assert.deepEqual([stream.out.length, host.out.length], [0, 1]);
    });

    it('loses no picture that only the later way brings', () => {
        const { node } = bothWays();
        const [stream, host] = [node('stream'), node('host')];
        const text = body('access.json');
        stream.gate.push(streamed(text));
        host.gate.push(posted(text, 1));
        assert.equal(stream.out.length, 1);
        assert.deepEqual(host.out, ['host pulse 1 late-pictures']);
    });

    it('begins and ends in one node, also where the end is ours', () => {
        const { node, clock } = bothWays();
        const [stream, host] = [node('stream', 5000), node('host', 5000)];
        const motion = (second: number) => alert({ eventType: 'VMD', dateTime: `2026-11-20T13:00:0${second}+01:00` });
        host.gate.push(posted(motion(0)));
        stream.gate.push(streamed(motion(0)));
        clock.advance(1000);
        stream.gate.push(streamed(motion(1)));
        clock.advance(60_000);
        assert.deepEqual(host.out, ['host active 0', 'host inactive 0 synthetic']);
        assert.deepEqual(stream.out, []);
    });

    it('is another one where a terminal that was reset gives the number again', () => {
        const { node } = bothWays();
        const [stream, host] = [node('stream'), node('host')];
        const text = body('access.json');
        stream.gate.push(streamed(text));
        host.gate.push(posted(text.replace('14:32:07', '16:32:07')));
        assert.equal(host.out.length, 1);
    });
});
