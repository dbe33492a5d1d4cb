import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heartbeatForm } from '../../events/heartbeat';
import { alert, bench, picturePart, textPart } from './support';

const VIDEOLOSS = alert({ eventType: 'videoloss', eventState: 'inactive', eventDescription: 'videoloss alarm' });

describe('a heartbeat', () => {
    const spellings: [string, string][] = [
        ['a video loss that is not', VIDEOLOSS],
        ['the same with blanks and other cases', VIDEOLOSS.replace('>videoloss<', '>\r\n VideoLoss \r\n<')],
        ['the same with a prefix', VIDEOLOSS.replaceAll('<event', '<ns:event').replaceAll('</event', '</ns:event')],
        [
            'a video loss of a door station',
            '{\n\t"eventType":\t"videoloss",\n\t"eventState":\t"inactive",\n\t"activePostCount":\t1\n}',
        ],
        ['heartBeat', alert({ eventType: 'heartBeat', activePostCount: 0 })],
        ['Heartbeat in JSON', '{"eventType":"HeartBeat","eventState":"active"}'],
        [
            'something other that is a heartbeat',
            alert({ eventType: 'other', eventDescription: 'Heartbeat', eventState: 'inactive' }),
        ],
        ['a key alone', '{"heartBeat":{"time":1}}'],
        ['an element alone', '<?xml version="1.0"?>\n<Heartbeat/>'],
        ['nothing', ''],
        ['a blank line', '\r\n'],
    ];
    for (const [what, text] of spellings) {
        it(`may be ${what}`, () => assert.notEqual(heartbeatForm(textPart(text)), undefined));
    }

    it('may be a part with that name', () => {
        assert.notEqual(heartbeatForm(textPart('{"deviceID":"1"}', { name: 'heartbeat' })), undefined);
        assert.equal(heartbeatForm(textPart(alert({ eventType: 'VMD' }), { name: 'heartbeat' })), undefined);
    });

    const events: [string, string][] = [
        ['a video loss', alert({ eventType: 'videoloss' })],
        ['the end of another event', alert({ eventType: 'VMD', eventState: 'inactive' })],
        [
            'an event that talks of one',
            alert({ eventType: 'VMD', eventDescription: 'heartBeat of the motor', channelName: 'Heartbeat' }),
        ],
        ['an event whose name talks of its type', alert({ channelName: '"eventType": "heartBeat"', eventType: 'VMD' })],
        ['something other', alert({ eventType: 'other', eventDescription: 'Heartbeat lost' })],
        ['a type that begins like one', alert({ eventType: 'heartBeatLost' })],
        [
            'a terminal that keeps alive with 5/9',
            '{"eventType":"AccessControllerEvent","AccessControllerEvent":{"majorEventType":5,"subEventType":9}}',
        ],
        ['a long body', alert({ eventType: 'heartBeat', filling: 'x'.repeat(5000) })],
    ];
    for (const [what, text] of events) {
        it(`is not ${what}`, () => assert.equal(heartbeatForm(textPart(text)), undefined));
    }

    it('is not a picture', () => {
        assert.equal(heartbeatForm(picturePart()), undefined);
    });
});

describe('heartbeats on a stream', () => {
    it('are signs of life, not events', () => {
        const { reader, occurrences, heartbeats, clock } = bench();
        reader.part(textPart(VIDEOLOSS));
        reader.part(textPart(alert({ eventType: 'heartBeat' })));
        assert.deepEqual(occurrences, []);
        assert.deepEqual(heartbeats, [clock.now(), clock.now()]);
        assert.equal(reader.counters.heartbeats, 2);
    });

    it('are the end of a video loss where one is open on that channel', () => {
        const { reader, events, heartbeats } = bench();
        reader.part(textPart(alert({ eventType: 'videoloss', dynChannelID: 16 })));
        reader.part(textPart(VIDEOLOSS));
        assert.equal(heartbeats.length, 1);
        reader.part(textPart(alert({ eventType: 'videoloss', dynChannelID: 16, eventState: 'inactive' })));
        assert.equal(heartbeats.length, 1);
        assert.deepEqual(
            events.map(({ channel, state }) => [channel, state]),
            [
                [16, 'active'],
                [16, 'inactive'],
            ],
        );
        reader.part(
            textPart(alert({ eventType: 'videoloss', dynChannelID: 16, eventState: 'inactive', activePostCount: 9 })),
        );
        assert.equal(heartbeats.length, 2);
    });

    it('become an event for whoever asks', () => {
        let made: unknown;
        const { reader } = bench({
            onHeartbeat: (_at, heartbeat) => {
                const { event, raw } = heartbeat();
                made = [event.kind, event.type, event.family, event.state, event.device.mac, raw.format];
            },
        });
        reader.part(textPart(VIDEOLOSS));
        assert.deepEqual(made, ['heartbeat', 'videoloss', 'health', 'pulse', '00:00:5e:00:53:09', 'xml']);
        reader.part(textPart(''));
        assert.deepEqual(made, ['heartbeat', 'heartBeat', 'health', 'pulse', undefined, 'text']);
    });
});
