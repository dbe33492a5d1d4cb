import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random, seedOfRun } from '../../support/random';
import { splitEveryWay } from '../../support/splitting';
import { raw } from '../../support/wireBytes';
import { SHARDS, writePart } from '../../support/writtenStreams';

const SMALL_LIMITS = { text: 120, picture: 200, unsynchronised: 64, headers: 150, nesting: 2 };

describe('whatever the bytes, the chunks do not matter', () => {
    const seed = seedOfRun();

    it(`for shards in any order (VIGIA_SEED=${seed})`, () => {
        const random = new Random(seed);
        for (let run = 0; run < 4000; run += 1) {
            const count = random.integer(1, 30);
            const bytes = raw(...Array.from({ length: count }, () => random.pick(SHARDS)));
            const boundary = random.pick([undefined, 'b', '--b']);
            const limits = random.pick([{}, SMALL_LIMITS]);
            splitEveryWay(bytes, { boundary, limits }, seed + run);
        }
    });

    it(`for heads that repeat, nearly (VIGIA_SEED=${seed})`, () => {
        const random = new Random(seed);
        const heads = [
            'Content-Type: application/xml; charset="UTF-8"\r\nContent-Length: #\r\n',
            'Content-Type: application/xml; charset="UTF-8"\r\nContent-Length: #\r\n',
            'content-length:#\r\nContent-Type: image/jpeg\r\nContent-ID: <x>\r\n',
            'Content-Length: #\r\nContent-Length: 7\r\n',
            'Content-Type: application/json\n',
            'X: Content-Length: #\r\n',
            'Content-Type: text/plain\r\n--b\r\nContent-Length: #\r\n',
            '',
        ];
        const bodies = ['<E><b>1</b></E>', '{"a":1}', '\xff\xd8\xff\xd9', '', 'text', '<E/>\r\n\r\n'];
        for (let run = 0; run < 1000; run += 1) {
            const parts = Array.from({ length: random.integer(2, 12) }, () => {
                const body = random.pick(bodies);
                const length = String(random.pick([body.length, body.length, '', '007', 5, 1e10]));
                const head = random.pick(heads).replaceAll('#', length);
                return raw(random.pick(['--b\r\n', '--b\r\n', '--b \n']), head, '\r\n', body, '\r\n');
            });
            const limits = random.pick([{}, {}, SMALL_LIMITS, { headers: 76 }]);
            splitEveryWay(raw(...parts, '--b--\r\n'), { boundary: 'b', limits }, seed + run);
        }
    });

    it(`for random bytes (VIGIA_SEED=${seed})`, () => {
        const random = new Random(seed);
        for (let run = 0; run < 200; run += 1) {
            const split = splitEveryWay(random.bytes(random.integer(0, 2000)), { limits: SMALL_LIMITS }, seed + run);
            assert.ok(split.counters.droppedBytes <= split.counters.bytes);
        }
    });
});

describe('streams in mixed framings', () => {
    const seed = seedOfRun();

    it(`give back every body (VIGIA_SEED=${seed})`, () => {
        const random = new Random(seed);
        for (let run = 0; run < 300; run += 1) {
            const written = Array.from({ length: random.integer(1, 8) }, () => writePart(random, 'boundary'));
            const end = random.pick(['--boundary--\r\n', '--boundary--', '--boundary\r\n']);
            const bytes = raw(...written.map((part) => part.bytes), end);
            const settings = { boundary: random.pick([undefined, 'boundary', '--boundary', 'wrong']) };
            const split = splitEveryWay(bytes, settings, seed + run);
            const expected = written.flatMap((part) => part.expected);
            // A text that runs to its delimiter keeps line ends of its own: only one belongs to the delimiter.
            const got = split.parts.map((part) =>
                part.contentType === 'text/plain' ? raw(part.body.toString().trimEnd()) : part.body,
            );
            const pictures = (body: Buffer) => (body[0] === 0xff ? body.subarray(0, body.lastIndexOf(0xd9) + 1) : body);
            assert.deepEqual(got.map(pictures), expected, `run ${run}`);
            assert.deepEqual(split.faults, [], `run ${run}`);
        }
    });
});
