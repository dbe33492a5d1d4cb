import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random, seedOfRun } from '../../support/random';
import { splitEveryWay } from '../../support/splitting';
import { jpeg, jsonEvent, raw, xmlEvent } from '../../support/wireBytes';

/** Pieces of framing and of bodies, which put together at random make every wrong turn that the splitter can take. */
const SHARDS = [
    ...[
        '--b',
        '--b--',
        '--b\r\n',
        '--b--\r\n',
        '----b\r\n',
        '--b--b\r\n',
        '--in\r\n',
        '--in--\r\n',
        '--other\r\n',
        '--b \t\r\n',
    ],
    ...['\r\n', '\n', '\n\r', '\r\n\r\n', ' ', '\t', '\0', '-', '--', '='],
    ...['Content-Type: application/xml\r\n', 'Content-Type: application/json\n', 'Content-Type: text/plain\r\n'],
    ...['Content-Type: image/jpeg\r\n', 'Content-Type: multipart/mixed; boundary=in\r\n', 'content-id: <x>\r\n'],
    ...[0, 5, 30, 1_000_000_000].map((length) => `Content-Length: ${length}\r\n`),
    ...['HTTP/1.1 200 OK\r\n', 'MIME-Version: 1.0\r\n', 'content-disposition: form-data; name="x"\r\n'],
    ...[
        '<?xml version="1.0"?>',
        '<E a="x>y">',
        '</E>',
        '<E/>',
        "<E b='\"'>",
        '<EventNotificationAlert>',
        '</EventNotificationAlert>',
    ],
    ...['<!-- > -->', '<![CDATA[</E>]]>', '<!DOCTYPE E [<!ENTITY a ">">]>', '<', '>', '</', '<!'],
    ...['{', '}', '[', ']', '"', '\\', '{"a":1}', '{"a":"}\\""}', '[1,2]', '"k":'],
    ...['\xff\xd8\xff\xe0', '\xff\xd9', '\x89PNG', 'IEND\xaeB\x60\x82', '\xef\xbb\xbf', '\x80\xfe', '\xff'],
    ...['abc', 'hello world', 'Code=VideoMotion;action=Start;index=0', 'x'.repeat(40)],
];

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

    it(`for random bytes (VIGIA_SEED=${seed})`, () => {
        const random = new Random(seed);
        for (let run = 0; run < 200; run += 1) {
            const split = splitEveryWay(random.bytes(random.integer(0, 2000)), { limits: SMALL_LIMITS }, seed + run);
            assert.ok(split.counters.droppedBytes <= split.counters.bytes);
        }
    });
});

interface Written {
    bytes: Buffer;
    expected: Buffer[];
}

/** One part in a framing that has been seen somewhere, with what a reader must make of it. */
function writePart(random: Random, boundary: string, depth = 0): Written {
    const lineEnd = random.pick(['\r\n', '\n']);
    const kind = random.pick(['xml', 'json', 'picture', 'text', 'empty', depth < 3 ? 'nested' : 'xml'] as const);
    const delimiter = `--${boundary}${random.pick(['', '', ' '])}${lineEnd}`;
    const doubled = random.pick(['', '', delimiter]);
    if (kind === 'nested') {
        const inner = writePart(random, `${boundary}in`, depth + 1);
        const head = `Content-Type: multipart/mixed; boundary=${boundary}in${lineEnd}${lineEnd}`;
        return { bytes: raw(delimiter, head, inner.bytes), expected: inner.expected };
    }
    const noise = new Random(random.integer(1, 1e9));
    const bodies = {
        xml: [
            'application/xml; charset="UTF-8"',
            raw(xmlEvent(random.pick(['VMD', 'linedetection']), lineEnd).trimEnd()),
        ],
        json: ['application/json', raw(jsonEvent(random.integer(1, 1e6)))],
        picture: ['image/jpeg', jpeg(random.integer(100, 5000), noise.integer(1, 1e6))],
        text: ['text/plain', raw(`Code=VideoMotion;action=Start;index=${random.integer(0, 99)}`)],
        empty: ['application/json', Buffer.alloc(0)],
    } as const;
    const [type, body] = bodies[kind];
    const wrong = kind === 'xml' || kind === 'json' ? random.pick([0, 0, -5, 3, 1e9]) : random.pick([0, 0, 0, 5]);
    const length =
        random.pick([true, false]) || kind === 'empty'
            ? [`Content-Length: ${body.length + (body.length && wrong)}`]
            : [];
    const headers = [`Content-Disposition: form-data; name="${kind}"`, `Content-Type: ${type}`, ...length];
    const head = [...headers, '', ''].join(lineEnd);
    return {
        bytes: raw(doubled, delimiter, head, body, random.pick([lineEnd, lineEnd, lineEnd.repeat(2)])),
        expected: [body],
    };
}

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
