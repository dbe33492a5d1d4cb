import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Part, PartSplitter } from '../../../protocols/multipart/partSplitter';

const EVENT = '<EventNotificationAlert><eventType>VMD</eventType></EventNotificationAlert>';

function part(body: string, length = Buffer.byteLength(body)): string {
    return `--b\r\nContent-Type: application/xml\r\nContent-Length: ${length}\r\n\r\n${body}\r\n`;
}

/** Feeds chunks to a splitter whose reader reads what is one alert from beginning to end. */
function read(...chunks: string[]): { parts: Part[]; asked: string[] } {
    const parts: Part[] = [];
    const asked: string[] = [];
    const splitter = new PartSplitter({
        boundary: 'b',
        readDocument: (bytes) => {
            const text = bytes.toString();
            asked.push(text);
            return text === EVENT ? 'read' : undefined;
        },
        onPart: (each) => parts.push(each),
    });
    for (const chunk of chunks) splitter.feed(Buffer.from(chunk));
    splitter.end();
    return { parts, asked };
}

const documentsOf = (parts: Part[]) => parts.map(({ document }) => document);

describe('a document that is read on the way', () => {
    it('has the length that its part declares, blanks at its end aside', () => {
        const { parts, asked } = read(part(EVENT) + part(`${EVENT}\r\n`) + part(EVENT));
        assert.deepEqual(documentsOf(parts), ['read', 'read', 'read']);
        assert.deepEqual(asked, [EVENT, EVENT, EVENT]);
        assert.ok(parts.every(({ body }) => body.toString() === EVENT));
    });

    it('is looked for in the long way where the length is wrong (DS-K1T342), or something stands before or behind it', () => {
        const odd = [
            part(EVENT, EVENT.length + 5),
            part(EVENT, EVENT.length - 3),
            part(`\r\n${EVENT}`),
            part(EVENT + EVENT),
        ];
        for (const text of odd) {
            const { parts } = read(text + part(EVENT));
            const bodies = parts.map(({ body }) => body.toString());
            assert.ok(bodies.length >= 2 && bodies.every((body) => body === EVENT), text);
            assert.equal(documentsOf(parts).at(-1), 'read');
            assert.equal(documentsOf(parts)[0], undefined);
        }
    });

    it('has come in one piece', () => {
        const text = part(EVENT);
        const { parts, asked } = read(text.slice(0, 100), text.slice(100));
        assert.deepEqual([documentsOf(parts), asked], [[undefined], []]);
        assert.equal(parts[0]?.body.toString(), EVENT);
    });

    it('is hardly tried any more at a device whose documents are never read', () => {
        const other = '<a><b/></a>';
        const { parts, asked } = read(part(other).repeat(200));
        assert.equal(parts.length, 200);
        assert.ok(asked.length < 12, `${asked.length} in vain`);
    });
});
