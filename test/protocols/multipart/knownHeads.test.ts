import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownHeads } from '../../../protocols/multipart/knownHeads';
import { type Part, PartSplitter } from '../../../protocols/multipart/partSplitter';

/** The parts of one body, read by a splitter of its own that shares its heads with others. */
function partsOf(body: string, heads: KnownHeads): Part[] {
    const parts: Part[] = [];
    const splitter = new PartSplitter({ boundary: 'b', heads, onPart: (part) => parts.push(part) });
    splitter.feed(Buffer.from(body));
    splitter.end();
    return parts;
}

const body = (name: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n--b--\r\n`;

describe('heads that several splitters share', () => {
    it('are told apart', () => {
        const heads = new KnownHeads();
        for (const name of ['Event', 'Picture', 'Event', 'Eventually', 'Picture']) {
            assert.deepEqual(
                partsOf(body(name), heads).map((part) => part.name),
                [name],
            );
        }
    });

    it('stay what they were when a flow changes the headers of a part', () => {
        const heads = new KnownHeads();
        for (let post = 0; post < 3; post += 1) {
            const [part] = partsOf(body('Event'), heads);
            assert.equal(part?.headers['content-type'], 'application/json');
            part!.headers['content-type'] = 'changed';
        }
    });
});
