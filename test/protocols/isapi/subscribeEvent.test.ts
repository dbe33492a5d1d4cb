import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSubscribeReply, subscribeRequest } from '../../../protocols/isapi/subscribeEvent';
import type { Part } from '../../../protocols/multipart/partSplitter';

function part(text: string, kind: Part['kind'] = 'text'): Part {
    return { headers: {}, kind, body: Buffer.from(text), truncated: false };
}

describe('the request of a subscription', () => {
    it('asks for everything and a heartbeat every 30 s', () => {
        const { method, path, headers, body } = subscribeRequest();
        assert.equal(method, 'POST');
        assert.equal(path, '/ISAPI/Event/notification/subscribeEvent');
        assert.match(headers?.['content-type'] ?? '', /^application\/xml/);
        assert.equal(
            body,
            '<?xml version="1.0" encoding="UTF-8"?>\n' +
                '<SubscribeEvent version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">' +
                '<heartbeat>30</heartbeat><eventMode>all</eventMode></SubscribeEvent>',
        );
    });

    it('asks for two heartbeats within the silence after which the stream is given up', () => {
        assert.match(String(subscribeRequest([], 20).body), /<heartbeat>10<\/heartbeat>/);
        assert.match(String(subscribeRequest([], 300).body), /<heartbeat>30<\/heartbeat>/);
    });

    it('escapes the types of a list', () => {
        const { body } = subscribeRequest(['VMD', 'a<b&c']);
        assert.match(
            String(body),
            /<eventMode>list<\/eventMode><EventList><Event><type>VMD<\/type><\/Event><Event><type>a&lt;b&amp;c<\/type><\/Event><\/EventList>/,
        );
    });
});

describe('the reply to a subscription', () => {
    it('has an id, and a list of what the device does not report', () => {
        for (const [text, reply] of [
            [
                '<SubscribeEventResponse xmlns="x"><id>3</id><FailedEventList/></SubscribeEventResponse>',
                { id: '3', failed: [] },
            ],
            ['<SubscribeEventResponse><id>3</id></SubscribeEventResponse>', { id: '3', failed: [] }],
            [
                '<SubscribeEventResponse><FailedEventList size="1"><FailedEvent><type>ANPR</type><errorCode>1</errorCode></FailedEvent></FailedEventList></SubscribeEventResponse>',
                { failed: ['ANPR'] },
            ],
            [
                '{"SubscribeEventResponse":{"id":4,"FailedEventList":[{"type":"ANPR"},{"eventType":"VMD"},"TMPA"]}}',
                { id: '4', failed: ['ANPR', 'VMD', 'TMPA'] },
            ],
        ] as const) {
            assert.deepEqual(readSubscribeReply(part(text)), reply, text);
        }
    });

    it('is no other document', () => {
        for (const text of [
            '<EventNotificationAlert><eventType>VMD</eventType></EventNotificationAlert>',
            '<EventNotificationAlert><eventDescription>SubscribeEventResponse</eventDescription></EventNotificationAlert>',
            '{"eventType":"SubscribeEventResponse"}',
            '{broken SubscribeEventResponse',
            '',
        ])
            assert.equal(readSubscribeReply(part(text)), undefined, text);
        assert.equal(readSubscribeReply(part('<SubscribeEventResponse/>', 'binary')), undefined);
    });
});
