import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
    bindFrame,
    bindPort,
    controlFrame,
    dataFrame,
    FRAME,
    FrameReader,
    statusFrame,
} from '../../../protocols/p2p/frames';
import { seededRandom } from '../../../simulator/random';

function readAll(segments: Buffer[]) {
    const seen: string[] = [];
    let data = Buffer.alloc(0);
    const reader = new FrameReader({
        onData: (realm, bytes) => {
            data = Buffer.concat([data, bytes]);
            if (seen.at(-1) !== `data ${realm}`) seen.push(`data ${realm}`);
        },
        onFrame: (type, realm, tail) => seen.push(`${type.toString(16)} ${realm} ${tail.toString('hex')}`),
        onBroken: (reason) => seen.push(`broken: ${reason}`),
    });
    for (const segment of segments) reader.feed(segment);
    return { seen, data };
}

describe('the frames in a PTCP stream', () => {
    it('look as in the published capture', () => {
        assert.equal(bindFrame(0xfb1e1b58, 554).toString('hex'), '11000000fb1e1b58000000000000022a7f000001');
        assert.equal(statusFrame(0xfb1e1b58, 'CONN').toString('hex'), '12000000fb1e1b5800000000434f4e4e');
        assert.equal(controlFrame(FRAME.heartbeat).toString('hex'), '130000000000000000000000');
        assert.equal(
            dataFrame(0xfb1e1b58, Buffer.alloc(112)).subarray(0, 12).toString('hex'),
            '10000070fb1e1b5800000000',
        );
        assert.equal(bindPort(bindFrame(1, 37777).subarray(12)), 37777);
    });

    const payload = Buffer.from(Array.from({ length: 1280 }, (_, at) => at & 0xff));
    const stream = Buffer.concat([
        controlFrame(FRAME.heartbeat),
        statusFrame(7, 'CONN'),
        dataFrame(7, payload),
        controlFrame(FRAME.sign, Buffer.from('dc739b7f', 'hex')),
        dataFrame(8, payload),
        statusFrame(7, 'DISC'),
    ]);
    const expected = ['13 0 ', '12 7 434f4e4e', 'data 7', '18 0 dc739b7f', 'data 8', '12 7 44495343'];

    it('are found again when segments merge them', () => {
        const { seen, data } = readAll([stream]);
        assert.deepEqual(seen, expected);
        assert.ok(data.equals(Buffer.concat([payload, payload])));
    });

    it('are found again however segments cut them', () => {
        const random = seededRandom(5);
        for (let round = 0; round < 200; round += 1) {
            const segments: Buffer[] = [];
            for (let at = 0; at < stream.length; ) {
                const size = 1 + Math.floor(random() ** 3 * 600);
                segments.push(stream.subarray(at, at + size));
                at += size;
            }
            const { seen, data } = readAll(segments);
            assert.deepEqual(seen, expected, `round ${round}`);
            assert.equal(data.length, 2560);
        }
    });

    it('of an unknown kind cost their own segment and no more', () => {
        const { seen } = readAll([Buffer.from('0a0102030405', 'hex'), statusFrame(7, 'CONN')]);
        assert.deepEqual(seen, ['12 7 434f4e4e']);
    });

    it('break the session where an unknown kind stands amid a segment', () => {
        const { seen } = readAll([
            Buffer.concat([statusFrame(7, 'CONN'), Buffer.from('0a00', 'hex')]),
            statusFrame(7, 'DISC'),
        ]);
        assert.deepEqual(seen, ['12 7 434f4e4e', 'broken: frame type 0xa amid a segment']);
    });
});
