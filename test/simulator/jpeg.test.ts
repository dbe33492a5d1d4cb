import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeJpeg } from '../../simulator/picture/jpeg';
import { drawScene, largePicture } from '../../simulator/picture/scene';

/** Marker and content of each segment up to the picture data. */
function segmentsOf(jpeg: Buffer): Map<number, Buffer> {
    const found = new Map<number, Buffer>();
    let at = 2;
    while (jpeg[at + 1] !== 0xda) {
        assert.equal(jpeg[at], 0xff, `no marker at ${at}`);
        const length = jpeg.readUInt16BE(at + 2);
        found.set(jpeg[at + 1]!, jpeg.subarray(at + 4, at + 2 + length));
        at += 2 + length;
    }
    found.set(0xda, jpeg.subarray(at));
    return found;
}

describe('the pictures of a simulated device', () => {
    const scene = {
        title: 'Portão & Garagem 1',
        clock: '12:34:56',
        background: [60, 110, 160] as [number, number, number],
    };

    it('are baseline JPEGs of the size that was asked for', () => {
        const jpeg = drawScene({ ...scene, width: 333, height: 201 });
        assert.equal(jpeg.subarray(0, 2).toString('hex'), 'ffd8');
        assert.equal(jpeg.subarray(-2).toString('hex'), 'ffd9');
        const frame = segmentsOf(jpeg).get(0xc0)!;
        assert.equal(frame.readUInt16BE(1), 201);
        assert.equal(frame.readUInt16BE(3), 333);
        assert.equal(frame[5], 3, 'three components');
    });

    it('escape every ff in the picture data, so that a reader finds the end', () => {
        const data = segmentsOf(drawScene({ ...scene, noise: 60 })).get(0xda)!;
        const body = data.subarray(2 + data.readUInt16BE(2), -2);
        for (let at = body.indexOf(0xff); at >= 0; at = body.indexOf(0xff, at + 1)) assert.equal(body[at + 1], 0);
    });

    it('differ from second to second', () => {
        assert.notDeepEqual(drawScene(scene), drawScene({ ...scene, clock: '12:34:57' }));
        assert.deepEqual(drawScene(scene), drawScene(scene));
    });

    it('shrink with the quality', () => {
        const pixels = {
            width: 64,
            height: 64,
            data: Uint8Array.from({ length: 64 * 64 * 3 }, (_v, i) => (i * 7919) % 256),
        };
        assert.ok(encodeJpeg(pixels, 20).length < encodeJpeg(pixels, 80).length);
    });

    it('can weigh about 200 kB for a bench', () => {
        const size = largePicture().length;
        assert.ok(size > 170_000 && size < 240_000, `${size} bytes`);
    });
});
