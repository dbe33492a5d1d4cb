import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readerOnTheWay } from '../../events/body';
import { HeartbeatMemory } from '../../events/heartbeatMemory';

interface Words {
    time?: string;
    count?: number;
    channel?: string;
    type?: string;
    state?: string;
}

/** As a camera sends it every few seconds (mezz64/pyHik#14). */
function alert({ time = '01', count = 0, channel = '1', type = 'videoloss', state = 'inactive' }: Words = {}): Buffer {
    return Buffer.from(
        [
            '<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">',
            '<ipAddress>192.0.2.64</ipAddress>',
            `<channelID>${channel}</channelID>`,
            `<dateTime>2026-01-01T00:00:${time}+00:00</dateTime>`,
            `<activePostCount>${count}</activePostCount>`,
            `<eventType>${type}</eventType><eventState>${state}</eventState>`,
            '<eventDescription>videoloss alarm</eventDescription>',
            '</EventNotificationAlert>',
        ].join('\n'),
    );
}

describe('the heartbeats that are known', () => {
    it('are the same but for digits of their values', () => {
        const memory = new HeartbeatMemory();
        memory.learn(alert(), 'no-video-loss');
        assert.equal(memory.recall(alert({ time: '59', count: 7, channel: '4' })), 'no-video-loss');
        const others = [
            alert({ count: 10 }),
            alert({ time: '0x' }),
            alert({ state: 'ynactive' }),
            alert({ type: 'videolosS' }),
            Buffer.from(alert().toString().replace('ver20', 'ver21')),
            Buffer.from(alert().toString().replace('2.0', '3.0')),
            alert().subarray(1),
            Buffer.concat([alert(), Buffer.from('\n')]),
            Buffer.alloc(alert().length),
        ];
        for (const other of others) assert.equal(memory.recall(other), undefined, other.toString());
    });

    it('stay as they were when their memory is used again', () => {
        const memory = new HeartbeatMemory();
        const first = alert();
        memory.learn(first, 'heartbeat');
        first.fill(0);
        assert.equal(memory.recall(alert()), 'heartbeat');
        assert.equal(memory.recall(first), undefined);
    });

    it('are a few, the latest', () => {
        const memory = new HeartbeatMemory();
        const lengths = [1, 10, 100, 1000, 10_000];
        for (const count of lengths) memory.learn(alert({ count }), 'heartbeat');
        const known = lengths.map((count) => memory.recall(alert({ count })) !== undefined);
        assert.deepEqual(known, [false, true, true, true, true]);
    });
});

describe('a document on its way', () => {
    const read = (bytes: Buffer, reader = readerOnTheWay()) => reader(bytes, undefined);

    it('is a heartbeat when it is read, and when it comes again', () => {
        const reader = readerOnTheWay();
        assert.deepEqual(read(alert(), reader), { heartbeat: 'no-video-loss' });
        assert.deepEqual(read(alert({ time: '02' }), reader), { heartbeat: 'no-video-loss' });
        assert.deepEqual(read(alert({ type: 'heartBeat' }), reader), { heartbeat: 'heartbeat' });
    });

    it('is no heartbeat because the one before it was: the end and the beginning of a loss are read', () => {
        const reader = readerOnTheWay();
        read(alert(), reader);
        const begin = read(alert({ state: 'active' }), reader);
        assert.ok(begin !== undefined && begin.heartbeat === undefined);
        assert.match(begin.text, /<eventState>active/);
        assert.deepEqual(read(alert({ time: '03' }), reader), { heartbeat: 'no-video-loss' });
    });

    it('is left to the long way where it is not well-formed, heartbeat or not', () => {
        for (const end of ['', '</EventNotificationAler', '</EventNotificationAlert><x>']) {
            const text = alert().toString().replace('</EventNotificationAlert>', end);
            assert.equal(read(Buffer.from(text)), undefined, end);
        }
    });

    it('is left to the long way at a device whose heartbeats are never alike', () => {
        const reader = readerOnTheWay();
        const letters = [...'abcdefghijklmnopqrstuvwxyz'];
        const results = letters.map((channel) => read(alert({ channel }), reader));
        assert.deepEqual(results.at(0), { heartbeat: 'no-video-loss' });
        assert.equal(results.at(-1), undefined);
    });
});
