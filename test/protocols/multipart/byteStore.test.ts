import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteStore } from '../../../protocols/multipart/byteStore';
import { Random } from '../../support/random';

describe('the byte store', () => {
    it('gives back what was appended, in slices of any size', () => {
        const random = new Random(11);
        for (let run = 0; run < 50; run += 1) {
            const all = random.bytes(random.integer(1, 30_000));
            // What a part claims to have may be more or less than what comes.
            const store = new ByteStore(random.pick([0, all.length, all.length - 3, all.length + 900, 2000]));
            for (let at = 0; at < all.length; ) {
                const to = Math.min(all.length, at + random.pick([1, 3, 700, 1024, 5000]));
                store.append(all, at, to);
                at = to;
            }
            assert.equal(store.length, all.length);
            const count = random.integer(0, 3000);
            assert.deepEqual(store.head(count), all.subarray(0, count));
            assert.deepEqual(store.tail(count), all.subarray(Math.max(0, all.length - count)));
            assert.deepEqual(store.take(), all);
            assert.equal(store.length, 0);
            assert.equal(store.take().length, 0);
        }
    });

    it('keeps small slices although their source is overwritten', () => {
        const source = Buffer.from('abc');
        const store = new ByteStore();
        store.append(source, 0, 3);
        source.fill('x');
        assert.equal(store.take().toString(), 'abc');
    });

    it('copies a body of known length once, to where it stays', () => {
        const source = Buffer.alloc(5000, 'a');
        const store = new ByteStore(10_000);
        store.append(source, 0, 5000);
        source.fill('b');
        store.append(source, 0, 5000);
        const taken = store.take();
        assert.equal(taken.toString(), 'a'.repeat(5000) + 'b'.repeat(5000));
        assert.ok(taken.buffer.byteLength < 10_100, 'nothing but the body is kept in memory');
    });

    it('sets no memory aside for a length that nobody can believe', () => {
        const store = new ByteStore(1_000_000_000);
        store.append(Buffer.from('abc'), 0, 3);
        assert.ok(store.take().buffer.byteLength < 100_000);
    });

    it('keeps no memory for bytes that were promised and never came', () => {
        const store = new ByteStore(900_000);
        store.append(Buffer.alloc(3000), 0, 3000);
        assert.ok(store.take().buffer.byteLength < 100_000);
    });

    it('gives bytes that are its own', () => {
        const source = Buffer.alloc(5000, 'a');
        const store = new ByteStore();
        store.append(source, 0, 5000);
        const taken = store.take();
        source.fill('x');
        assert.equal(taken.toString(), 'a'.repeat(5000));
    });
});
