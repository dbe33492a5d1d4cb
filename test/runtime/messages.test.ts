import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { util } from '@node-red/util';
import type { Occurrence } from '../../events/deviceEvent';
import { readXml } from '../../protocols/documents/readXml';
import { eventMessage, pictureMessages } from '../../runtime/messages';

const XML = '<EventNotificationAlert><channelID>1</channelID><__proto__><a>1</a></__proto__></EventNotificationAlert>';

function occurrence(): Occurrence {
    const event = { id: '1', device: { name: 'gate' }, channel: 1, kind: 'motion' } as Occurrence['event'];
    const data = Buffer.from([0xff, 0xd8, 0x00]);
    return {
        event,
        pictures: [{ role: 'scene', contentType: 'image/jpeg', filename: 'a.jpg', data }],
        raw: { format: 'xml', text: XML, object: readXml(XML) },
    };
}

describe('the message of an event', () => {
    it('survives the clone that Node-RED makes for each further wire', () => {
        const message = eventMessage(occurrence());
        const clone = util.cloneMessage(message) as typeof message & { pictures: { data: Buffer }[] };
        assert.equal(JSON.stringify(clone), JSON.stringify(message));
        assert.ok(Buffer.isBuffer(clone.pictures[0]!.data));
        assert.equal(({} as { a?: string }).a, undefined, 'and pollutes nothing');
    });

    it('has a topic for MQTT', () => {
        assert.equal(eventMessage(occurrence()).topic, 'gate/1/motion');
    });

    it('is followed by each picture as the file, e-mail and Telegram nodes want it', () => {
        const message = pictureMessages(occurrence())[0] as unknown as Record<string, unknown>;
        assert.ok(Buffer.isBuffer(message.payload));
        assert.equal(message.filename, 'a.jpg');
        assert.equal(message.contentType, 'image/jpeg');
        assert.equal((message.event as { id: string }).id, '1');
    });
});
