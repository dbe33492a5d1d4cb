import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AlarmReceiver } from '../../devices/alarmReceiver';
import { EventStream } from '../../devices/eventStream';
import type { DeviceLink } from '../../devices/link';
import { RecorderChannels } from '../../devices/recorderChannels';
import type { Occurrence } from '../../events/deviceEvent';
import type { Post } from '../../protocols/isapi/alarmHost';
import type { Part } from '../../protocols/multipart/partSplitter';
import type { Channel } from '../../protocols/operations/channels';

function xml(channel: number, type = 'VMD', more = ''): string {
    const time = new Date().toISOString();
    return (
        `<EventNotificationAlert><channelID>${channel}</channelID><dateTime>${time}</dateTime>` +
        `<eventType>${type}</eventType><eventState>active</eventState>${more}</EventNotificationAlert>`
    );
}

function textPart(channel: number): Part {
    return { headers: {}, kind: 'text', body: Buffer.from(xml(channel)), truncated: false };
}

const proxies = (...ids: number[]): Channel[] => ids.map((id) => ({ id, source: 'proxy' }));

function postOf(channel: number): Post {
    const post = { parts: [textPart(channel)], source: '192.0.2.1', receivedAt: Date.now(), respond: () => true };
    return post as unknown as Post;
}

/** What takes posts, and the channels of the events that came out. */
function receiving(channels: RecorderChannels) {
    const numbers: (number | null)[] = [];
    const receiver = new AlarmReceiver({
        filter: { kinds: [], channels: [], repeat: 'all', hold: 0, replay: 'all', heartbeats: false },
        pictures: 'with',
        channels,
        onOccurrence: ({ event }) => numbers.push(event.channel),
        onUnreadable: (_part, reason) => assert.fail(reason),
    });
    return { receiver, numbers };
}

async function until(happened: () => boolean): Promise<void> {
    while (!happened()) await turn();
}

/** A stream that a test writes. */
function scripted() {
    const body = new PassThrough();
    const headers = { 'content-type': 'multipart/mixed; boundary=boundary' };
    const link = {
        open: async () => ({ statusCode: 200, headers, body, close: () => body.destroy() }),
    } as unknown as DeviceLink;
    return {
        link,
        send: (text: string) => body.write(`--boundary\r\nContent-Type: application/xml\r\n\r\n${text}\r\n`),
    };
}

function listen(stream: EventStream, occurrences: Occurrence[]) {
    return stream.subscribe(
        { mode: 'alertStream', watchdog: 60 },
        {
            occurrence: (occurrence) => occurrences.push(occurrence),
            connection: () => undefined,
            heartbeat: () => undefined,
            unreadable: (_part, reason) => assert.fail(reason),
            lost: () => undefined,
            warning: (warning) => assert.fail(warning),
        },
    );
}

describe('channels beyond 32', () => {
    it('are the cameras of a recorder that counts them from 33, from the first event on and in order', async () => {
        let questions = 0;
        const channels = new RecorderChannels(async () => {
            questions += 1;
            await turn();
            return proxies(1, 2, 3);
        });
        const { link, send } = scripted();
        const occurrences: Occurrence[] = [];
        const stop = listen(new EventStream(link, {}, undefined, 'hikvision', channels), occurrences);
        for (const channel of [34, 1, 35]) send(xml(channel));
        await until(() => occurrences.length === 3);
        assert.deepEqual(
            occurrences.map(({ event }) => event.channel),
            [2, 1, 3],
        );
        assert.equal(questions, 1);
        await stop();
    });

    it('are themselves on a recorder that has so many, and on a device that cannot be asked', async () => {
        const lists = [async () => proxies(2, 34), async () => Promise.reject(new Error('offline'))];
        for (const list of lists) {
            const channels = new RecorderChannels(list);
            const { receiver, numbers } = receiving(channels);
            receiver.receive(postOf(34));
            await until(() => numbers.length === 1);
            assert.deepEqual(numbers, [34]);
            receiver.close();
        }
    });

    it('are seen however their number is written', async () => {
        for (const text of [
            '<channelID>34</channelID>',
            '<dynChannelID >34</dynChannelID>',
            '<channelID>\n  34\n</channelID>',
            '<channelID opt="1,64">34</channelID>',
            '<channelID opt="1">1</channelID><dynChannelID opt="2">34</dynChannelID>',
            '{"channelID": 34}',
            '{"channelID" : "34"}',
        ]) {
            let questions = 0;
            const channels = new RecorderChannels(async () => {
                questions += 1;
                return proxies(1, 2);
            });
            const part: Part = { headers: {}, kind: 'text', body: Buffer.from(text), truncated: false };
            await new Promise<void>((resolve, reject) => channels.read([part], resolve, reject));
            assert.equal(questions, 1, text);
        }
    });

    it('of posted events are understood as well, and a post that waits is not lost when the node closes', async () => {
        const channels = new RecorderChannels(() => new Promise(() => undefined));
        const { receiver, numbers } = receiving(channels);
        receiver.receive(postOf(33));
        assert.deepEqual(numbers, []);
        receiver.close();
        assert.deepEqual(numbers, [33]);
    });
});

describe('a redeploy', () => {
    it('does not lose the event that waits for its pictures', async () => {
        const { link, send } = scripted();
        const occurrences: Occurrence[] = [];
        const stream = new EventStream(link, {});
        const stop = listen(stream, occurrences);
        await until(() => stream.connection?.state === 'online');
        send(xml(1, 'fielddetection', '<detectionPicturesNumber>1</detectionPicturesNumber>'));
        for (let turns = 0; turns < 20; turns += 1) await turn();
        assert.equal(occurrences.length, 0, 'its picture may still come');
        await stop();
        assert.deepEqual(
            occurrences.map(({ event }) => event.kind),
            ['intrusion'],
        );
    });
});
