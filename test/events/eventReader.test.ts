import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Occurrence } from '../../events/deviceEvent';
import { EventReader } from '../../events/eventReader';
import type { Part } from '../../protocols/multipart/partSplitter';
import { alert, bench, body, picturePart, textPart } from './support';

describe('a reader', () => {
    it('says why a part is no event', () => {
        const { reader, unreadable, occurrences } = bench();
        const parts: [string, string][] = [
            ['OK', 'neither XML nor JSON'],
            ['<ResponseStatus><statusCode>4</statusCode></ResponseStatus>', 'ResponseStatus is no event'],
            ['<html><body>Login</body></html>', 'html is no event'],
            ['{"AcsEvent":{"totalMatches":0}}', 'AcsEvent is no event'],
            ['{"eventType":"VMD","chan', 'neither XML nor JSON'],
            ['[]', 'no event in it'],
            ['<EventNotificationAlert', 'neither XML nor JSON'],
            ['[1,2]', 'no event in it'],
        ];
        for (const [text, reason] of parts) {
            reader.part(textPart(text));
            assert.equal(unreadable.at(-1), reason, text);
        }
        assert.equal(reader.counters.unreadable, parts.length);
        assert.deepEqual(occurrences, []);
    });

    it('takes the answer to a subscription for what it is', () => {
        const { reader, unreadable } = bench({ via: 'subscribe' });
        reader.part(textPart('<SubscribeEventResponse><id>1</id></SubscribeEventResponse>'));
        assert.deepEqual(unreadable, []);
        const refused = '<FailedEventList><FailedEvent><event>ANPR</event></FailedEvent></FailedEventList>';
        reader.part(textPart(`<SubscribeEventResponse><id>1</id>${refused}</SubscribeEventResponse>`));
        assert.deepEqual(unreadable, ['SubscribeEventResponse is no event']);
    });

    it('delivers an event that breaks off, and says so', () => {
        const { reader, events } = bench();
        reader.part(textPart(alert({ eventType: 'VMD', channelName: 'Front' }).slice(0, -40)));
        assert.equal(events[0]?.kind, 'motion');
        assert.equal(events[0]?.truncated, true);
        assert.equal(events[0]?.warnings?.length, 1);
        assert.equal('channelName' in events[0]!, false);
    });

    it('repairs what a name breaks, without a word', () => {
        const { reader, events } = bench();
        reader.part(textPart(alert({ eventType: 'VMD', channelName: 'Lobby & Bar' })));
        assert.equal(events[0]?.channelName, 'Lobby & Bar');
        assert.equal('warnings' in events[0]!, false);
    });

    it('ignores empty fields wherever they stand', () => {
        const { reader, events } = bench();
        reader.part(
            textPart(
                alert({
                    eventType: 'VMD',
                    activePostCount: '',
                    channelID: '',
                    dateTime: '',
                    macAddress: '',
                    ipAddress: '',
                }),
            ),
        );
        assert.deepEqual(events[0]?.device, {});
        assert.equal(events[0]?.channel, null);
        assert.equal(events[0]?.timeQuality, 'received');
    });

    it('gives a push the address it came from', () => {
        const { reader, events } = bench({ via: 'alarm-http' });
        reader.body({
            parts: [textPart(alert({ eventType: 'VMD' }))],
            receivedFrom: '198.51.100.9',
            receivedAt: 1_800_000_000_000,
        });
        assert.equal(events[0]?.device.address, '198.51.100.9');
        assert.equal(events[0]?.receivedAt, '2027-01-15T08:00:00.000Z');
    });

    it('knows the devices of a push apart when they lose their video', () => {
        const { reader, events, heartbeats } = bench({ via: 'alarm-http' });
        const loss = (mac: number, eventState: string) =>
            textPart(alert({ eventType: 'videoloss', macAddress: `00:00:5e:00:53:0${mac}`, eventState }));
        reader.body({ parts: [loss(1, 'active')] });
        reader.body({ parts: [loss(2, 'inactive')] });
        reader.body({ parts: [loss(1, 'inactive')] });
        assert.deepEqual(
            events.map(({ state }) => state),
            ['active', 'inactive'],
        );
        assert.equal(heartbeats.length, 1);
    });

    it('leaves out rows of the history that came by the stream', () => {
        const { reader, events, clock } = bench();
        reader.part(textPart(body('access.json')));
        clock.advance(2000);
        const row = { major: 5, minor: 75, time: '2026-11-20T14:32:07-03:00', serialNo: 18 };
        reader.history([row, { ...row, serialNo: 19, pictureURL: 'http://192.0.2.1/a.jpg@WEB1' }]);
        assert.deepEqual(
            events.map(({ access, via }) => [access?.serial, via]),
            [
                [18, 'alertstream'],
                [19, 'history'],
            ],
        );
    });

    it('sends what waits when it is closed, and nothing after', () => {
        const { reader, events, clock } = bench();
        reader.part(textPart(body('intrusionHuman.xml')));
        reader.close();
        assert.equal(events.length, 1);
        reader.part(textPart(alert({ eventType: 'VMD' })));
        reader.body({ parts: [textPart(alert({ eventType: 'VMD' }))] });
        reader.part(picturePart());
        reader.history([{ major: 5, minor: 1, serialNo: 1 }]);
        reader.close();
        assert.equal(events.length, 1);
        assert.equal(clock.pending, 0);
    });

    it('sends what waits when its stream is opened again', () => {
        const { reader, events, clock } = bench();
        reader.part(textPart(body('intrusionHuman.xml')));
        reader.opened(clock.now(), 'subscribe');
        reader.part(textPart(alert({ eventType: 'VMD' })));
        assert.deepEqual(
            events.map(({ via }) => via),
            ['alertstream', 'subscribe'],
        );
    });
});

describe('a post that was cut off and is sent again', () => {
    it('comes out once more, whole, under the same id; a third copy does not', () => {
        const seen: Occurrence[] = [];
        const reader = new EventReader({ via: 'alarm-http', device: {}, onOccurrence: (one) => seen.push(one) });
        const access = { majorEventType: 5, subEventType: 75, serialNo: 9, picturesNumber: 1, currentEvent: true };
        const event = {
            eventType: 'AccessControllerEvent',
            dateTime: '2026-11-21T10:00:00+00:00',
            macAddress: '00:00:5e:00:53:01',
            AccessControllerEvent: access,
        };
        const text: Part = { headers: {}, kind: 'text', body: Buffer.from(JSON.stringify(event)), truncated: false };
        const picture = (bytes: number, truncated: boolean): Part => {
            const body = Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(bytes)]);
            return { headers: {}, kind: 'binary', body, truncated, name: 'Picture' };
        };
        reader.body({ parts: [text, picture(500, true)], truncated: true });
        reader.body({ parts: [text, picture(400, true)], truncated: true });
        reader.body({ parts: [text, picture(5000, false)] });
        reader.body({ parts: [text, picture(5000, false)] });
        assert.deepEqual(
            seen.map(({ pictures }) => pictures[0]?.data.length),
            [502, 5002],
        );
        assert.equal(seen[0]!.event.id, seen[1]!.event.id);
        assert.equal(seen[0]!.event.truncated, true);
        assert.equal(seen[1]!.event.truncated, undefined);
        assert.deepEqual(seen[1]!.event.warnings, ['late-pictures']);
    });
});
