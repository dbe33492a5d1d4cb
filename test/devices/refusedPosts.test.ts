import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AlarmReceiver } from '../../devices/alarmReceiver';
import type { Occurrence } from '../../events/deviceEvent';
import type { Post } from '../../protocols/isapi/alarmHost';
import type { PostAnswerContent } from '../../protocols/isapi/postAnswer';
import { alert, NOON, textPart } from '../events/support';
import { ManualClock } from '../support/manualClock';

const FILTER = {
    kinds: [],
    channels: [],
    repeat: 'edges' as const,
    hold: 5000,
    replay: 'live' as const,
    heartbeats: false,
};

/** A receiver whose flow says to every event what `answers` holds next. */
function stage(answers: (number | undefined)[]) {
    const clock = new ManualClock(NOON);
    const events: Occurrence[] = [];
    const given: (PostAnswerContent | undefined)[] = [];
    const receiver = new AlarmReceiver({
        filter: FILTER,
        pictures: 'with',
        clock,
        onOccurrence: (occurrence, post) => {
            events.push(occurrence);
            const statusCode = answers.shift();
            post?.respond(statusCode === undefined ? {} : { statusCode });
            // As a flow does that answers by whichever branch comes first.
            post?.respond({ statusCode: 503 });
        },
        onUnreadable: () => assert.fail('every post can be read'),
    });
    const post = (...bodies: string[]) =>
        receiver.receive({
            receivedAt: clock.now(),
            method: 'POST',
            path: '/alarm',
            source: '192.0.2.9',
            headers: {},
            parts: bodies.map((body) => textPart(body)),
            bytes: 1,
            truncated: false,
            respond: (content) => given.push(content) > 0,
        } satisfies Post);
    return { clock, events, given, post, receiver };
}

const access = (serialNo: number) =>
    JSON.stringify({
        macAddress: '00:00:5e:00:53:30',
        dateTime: '2026-11-20T12:00:00+00:00',
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: { majorEventType: 5, subEventType: 75, serialNo },
    });

describe('a post that the flow refuses', () => {
    it('brings its event anew when the device sends it again, until it is taken', () => {
        const { clock, events, given, post, receiver } = stage([503, 500, 200]);
        for (let attempt = 0; attempt < 4; attempt += 1) {
            post(access(7));
            clock.advance(30_000);
        }
        assert.deepEqual(
            events.map(({ event }) => event.access?.serial),
            [7, 7, 7],
            'the fourth is a copy of one that was taken',
        );
        const first = given.filter((_content, index) => index % 2 === 0);
        assert.deepEqual(first, [{ statusCode: 503 }, { statusCode: 500 }, { statusCode: 200 }, undefined]);
        receiver.close();
    });

    it('brings the begin of a condition anew, though that goes on already and minutes have passed', () => {
        const { clock, events, post, receiver } = stage([503]);
        const begin = alert({ eventType: 'VMD' });
        post(begin);
        clock.advance(240_000);
        post(begin);
        const active = events.filter(({ event }) => event.state === 'active');
        assert.equal(active.length, 2);
        assert.equal(active[0]?.event.id, active[1]?.event.id);
        receiver.close();
    });

    it('brings all of its events anew', () => {
        const { events, post, receiver } = stage([503, 200]);
        post(access(1), access(2));
        post(access(1), access(2));
        post(access(1), access(2));
        assert.deepEqual(
            events.map(({ event }) => event.access?.serial),
            [1, 2, 1, 2],
        );
        receiver.close();
    });
});
