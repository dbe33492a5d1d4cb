import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '../../../protocols/isup/classifier';
import { type Frame, Framer } from '../../../protocols/isup/framer';
import { readVarint, writeVarint } from '../../../protocols/isup/varint';
import { vectors, wire } from './vectors';

function frames(framer: Framer): Frame[] {
    const all: Frame[] = [];
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
        assert.ok(typeof frame === 'object', String(frame));
        all.push(frame);
    }
    return all;
}

describe('who is there, by the first bytes', () => {
    for (const { transport, hex, is } of vectors.classifier!.cases!) {
        it(`${transport} ${hex} is ${is}`, () => assert.equal(classify(transport, Buffer.from(hex, 'hex')), is));
    }

    it('is decided for every frame of the vectors, and asks for more until then, never changing its mind', () => {
        const expected: Record<string, string> = {
            auth_i: 'lbs-auth',
            auth_i_no_full_serial: 'lbs-auth',
            refresh_i: 'lbs-refresh',
            refresh_i_padded: 'lbs-refresh',
            mqtt_connect: 'mqtt-connect',
            mqtt_connect_no_will: 'mqtt-connect',
        };
        for (const [name, is] of Object.entries(expected)) {
            const bytes = wire(name);
            let decided = false;
            for (let length = 1; length <= bytes.length; length++) {
                const found = classify('tcp', bytes.subarray(0, length));
                if (found === 'need-more') assert.equal(decided, false, `${name} undecided again at ${length}`);
                else {
                    assert.equal(found, is, `${name} at ${length}`);
                    decided = true;
                }
            }
            assert.ok(decided);
        }
    });

    it('knows EHome XML on TCP behind a byte order mark and white space', () => {
        assert.equal(classify('tcp', Buffer.from('efbbbf0d0a3c505056', 'hex')), 'ehome-xml');
        assert.equal(classify('tcp', Buffer.from('efbbbf0d0a3c50', 'hex')), 'need-more');
        assert.equal(classify('tcp', Buffer.from('0d0a3c3f786d6c', 'hex')), 'ehome-xml');
    });

    it('takes ordinary words for unknown, not for a refresh', () => {
        for (const word of ['ping ping ping', 'quit quit quit', 'test test test', 'PRI * HTTP/2.0', 'SSH-2.0-x']) {
            assert.equal(classify('tcp', Buffer.from(word)), 'unknown', word);
        }
    });

    it('says something for any bytes at all, and never throws', () => {
        for (let first = 0; first < 256; first++) {
            for (let second = 0; second < 256; second++) {
                const bytes = Buffer.from([first, second, 0, 1, 2, 3, 4, 5]);
                for (let length = 0; length <= bytes.length; length++) {
                    assert.equal(typeof classify('tcp', bytes.subarray(0, length)), 'string');
                }
                assert.notEqual(classify('udp', bytes), 'need-more');
            }
        }
    });
});

describe('the length of a frame', () => {
    it('is seven bits a byte, least significant first', () => {
        assert.deepEqual(readVarint(Buffer.from('9401', 'hex'), 0), { value: 148, size: 2 });
        for (const value of [0, 127, 128, 16383, 16384, 2097151, 2097152, 268435455]) {
            const bytes = writeVarint(value);
            assert.deepEqual(readVarint(bytes, 0), { value, size: bytes.length });
        }
    });

    it('of more than four bytes is malformed, and one that is cut off needs more', () => {
        assert.equal(readVarint(Buffer.from('ffffffff01', 'hex'), 0), 'malformed');
        assert.equal(readVarint(Buffer.from('ffffff', 'hex'), 0), 'need-more');
        assert.equal(readVarint(Buffer.alloc(0), 0), 'need-more');
    });
});

describe('the framer', () => {
    const names = ['auth_i', 'das_rsp', 'mqtt_pingreq', 'mqtt_connect', 'isapi_put_request', 'mqtt_disconnect'];
    const glued = Buffer.concat(names.map(wire));

    function check(all: Frame[]): void {
        assert.equal(all.length, names.length);
        all.forEach((frame, index) => {
            const bytes = wire(names[index]!);
            assert.deepEqual(frame.bytes, bytes);
            assert.equal(frame.first, bytes[0]);
            assert.deepEqual(frame.payload, bytes.subarray(bytes.length - frame.payload.length));
        });
    }

    it('cuts glued frames apart', () => {
        const framer = new Framer(65536);
        framer.push(glued);
        check(frames(framer));
        assert.equal(framer.buffered, 0);
    });

    it('puts together what comes byte by byte', () => {
        const framer = new Framer(65536);
        const all: Frame[] = [];
        for (const byte of glued) {
            framer.push(Buffer.from([byte]));
            all.push(...frames(framer));
        }
        check(all);
    });

    it('gives the same frames wherever the bytes are cut', () => {
        for (let cut = 1; cut < glued.length; cut++) {
            const framer = new Framer(65536);
            framer.push(Buffer.from(glued.subarray(0, cut)));
            const all = frames(framer);
            framer.push(Buffer.from(glued.subarray(cut)));
            all.push(...frames(framer));
            check(all);
        }
    });

    it('does not keep the buffer that a few waiting bytes arrived in', () => {
        const framer = new Framer(65536);
        const chunk = Buffer.from(glued.subarray(0, 50));
        framer.push(chunk);
        assert.equal(framer.next(), undefined);
        chunk.fill(0);
        framer.push(Buffer.from(glued.subarray(50)));
        check(frames(framer));
    });

    it('refuses a frame beyond the limit before it arrives, and a length that is none', () => {
        const framer = new Framer(100);
        framer.push(Buffer.from('10c202', 'hex'));
        assert.equal(framer.next(), 'too-large');
        const other = new Framer(100);
        other.push(Buffer.from('10ffffffff', 'hex'));
        assert.equal(other.next(), 'malformed');
    });
});
