import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyOccurrence } from '../../events/copy';
import type { Occurrence } from '../../events/deviceEvent';

describe('a copy of an occurrence', () => {
    it('shares nothing with the first', () => {
        const object = Object.assign(Object.create(null), { list: [{ a: 1 }] });
        const first = {
            event: { id: '1', device: { name: 'gate' } },
            pictures: [{ role: 'scene', contentType: 'image/jpeg', filename: 'a.jpg', data: Buffer.from('abc') }],
            raw: { format: 'json', object },
        } as unknown as Occurrence;
        const second = copyOccurrence(first);
        assert.deepEqual(second, first);
        second.pictures[0]!.data[0] = 0;
        (second.raw.object as { list: { a: number }[] }).list[0]!.a = 2;
        assert.equal(first.pictures[0]!.data.toString(), 'abc');
        assert.equal(object.list[0].a, 1);
        assert.ok(Buffer.isBuffer(second.pictures[0]!.data));
    });
});
