import { Random } from './random';
import { jpeg, jsonEvent, raw, xmlEvent } from './wireBytes';

/** Pieces of framing and of bodies, which put together at random make every wrong turn that the splitter can take. */
export const SHARDS: readonly string[] = [
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

/** Bytes of a stream, and the bodies that a reader must make of them. */
export interface Written {
    bytes: Buffer;
    expected: Buffer[];
}

/** One part in a framing that has been seen somewhere, with what a reader must make of it. */
export function writePart(random: Random, boundary: string, depth = 0): Written {
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
