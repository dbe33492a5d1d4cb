import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Part, PartSplitter } from '../../../protocols/multipart/partSplitter';
import { faultKinds, splitEveryWay, texts } from '../../support/splitting';
import { jpeg, jsonEvent, raw, streamPart, xmlEvent } from '../../support/wireBytes';

const XML = 'application/xml; charset="UTF-8"';
const JSON_TYPE = 'application/json; charset="UTF-8"';
const motion = xmlEvent('VMD').trimEnd();
const line = xmlEvent('linedetection').trimEnd();

/** Feeds pieces one after the other and tells after each how many parts are out. */
function partsAfterEach(pieces: (string | Buffer)[], boundary?: string): number[] {
    let parts = 0;
    const splitter = new PartSplitter({ boundary, onPart: () => parts++ });
    return pieces.map((piece) => {
        splitter.feed(raw(piece));
        return parts;
    });
}

describe('the stream of a camera', () => {
    const stream = raw(
        streamPart('boundary', XML, xmlEvent('VMD')),
        streamPart('boundary', XML, xmlEvent('linedetection')),
        streamPart('boundary', XML, xmlEvent('VMD', '\n')),
    );

    it('splits at the delimiters, whose line end the length of the body already counts', () => {
        const split = splitEveryWay(stream, { boundary: 'boundary' });
        assert.deepEqual(texts(split), [motion, line, xmlEvent('VMD', '\n').trimEnd()]);
        assert.deepEqual(split.faults, []);
        const [first] = split.parts as [Part];
        assert.equal(first.kind, 'text');
        assert.equal(first.contentType, 'application/xml');
        assert.equal(first.charset, 'utf-8');
        assert.equal(first.headers['content-length'], String(xmlEvent('VMD').length));
        assert.equal(first.truncated, false);
    });

    it('hands out an event at its last byte, not when the next one comes', () => {
        const part = streamPart('boundary', XML, motion);
        assert.deepEqual(partsAfterEach([part.subarray(0, -1), part.subarray(-1)], 'boundary'), [0, 1]);
    });

    it('hands out a picture at its last byte when its length and its end agree', () => {
        const part = streamPart('boundary', 'image/jpeg', jpeg(5000));
        assert.deepEqual(partsAfterEach([part.subarray(0, -1), part.subarray(-1)], 'boundary'), [0, 1]);
    });

    it('needs no boundary in the header', () => {
        assert.deepEqual(texts(splitEveryWay(stream)), [motion, line, xmlEvent('VMD', '\n').trimEnd()]);
    });

    for (const declared of ['--boundary', '------boundary', 'somethingElse', '"'])
        it(`does not mind that the header declares ${declared}`, () => {
            const split = splitEveryWay(stream, { boundary: declared });
            assert.equal(split.parts.length, 3);
            assert.deepEqual(split.faults, []);
        });

    it('reads boundaries that begin with dashes', () => {
        const boundary = '---------------------------7e13971310878';
        const split = splitEveryWay(streamPart(boundary, XML, motion), { boundary });
        assert.deepEqual(texts(split), [motion]);
    });

    it('goes on after an end marker', () => {
        const split = splitEveryWay(
            raw(
                streamPart('boundary', XML, motion),
                '\r\n--boundary--\r\n',
                streamPart('boundary', XML, line),
                '--boundary--',
            ),
            { boundary: 'boundary' },
        );
        assert.deepEqual(texts(split), [motion, line]);
        assert.deepEqual(split.faults, []);
    });

    it('takes doubled delimiters for one', () => {
        const head = `Content-Type: ${XML}\r\n\r\n`;
        for (const double of [
            '--boundary\r\n--boundary\r\n',
            '--boundary\r\n\r\n--boundary\r\n',
            '--boundary\n--boundary--\n--boundary\n',
            '--boundary--boundary\r\n',
        ]) {
            const split = splitEveryWay(raw(double, head, motion, '\r\n', double, head, line));
            assert.deepEqual(texts(split), [motion, line], double);
            assert.deepEqual(split.faults, [], double);
        }
    });

    it('finds a delimiter that is glued to the end of the XML', () => {
        const head = `--boundary\r\nContent-Type: ${XML}\r\n\r\n`;
        const split = splitEveryWay(raw(head, motion, head, line));
        assert.deepEqual(texts(split), [motion, line]);
        assert.deepEqual(split.faults, []);
    });

    it('reads lines that end in LF or in \\n\\r', () => {
        for (const lineEnd of ['\n', '\n\r']) {
            const head = (type: string, more: string[] = []) =>
                ['--boundary', `Content-Type: ${type}`, ...more, '', ''].join(lineEnd);
            const picture = jpeg(900);
            const split = splitEveryWay(
                raw(
                    head(XML),
                    motion,
                    lineEnd,
                    head('image/jpeg', ['Content-Length: 900']),
                    picture,
                    lineEnd,
                    '--boundary',
                ),
            );
            assert.deepEqual(split.parts[0]?.body.toString(), motion);
            assert.deepEqual(split.parts[1]?.body, picture);
            assert.deepEqual(split.faults, []);
        }
    });

    it('reads a delimiter that ends in \\n\\r before headers that end in CRLF', () => {
        const split = splitEveryWay(raw(`--boundary\n\rContent-Type: ${XML}\r\n\r\n`, motion));
        assert.deepEqual(texts(split), [motion]);
        assert.equal(split.parts[0]?.contentType, 'application/xml');
    });

    it('skips the head of a glued HTTP response and learns its boundary', () => {
        const split = splitEveryWay(
            raw(
                streamPart('boundary', XML, motion.trimEnd()),
                'HTTP/1.1 200 OK\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=other\r\n\r\n',
                streamPart('other', XML, line),
                'HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 9\r\n\r\n',
                motion,
            ),
            { boundary: 'boundary' },
        );
        assert.deepEqual(texts(split), [motion, line, motion]);
        assert.deepEqual(split.faults, []);
        assert.equal(split.parts[2]?.contentType, 'application/xml');
    });
});

describe('a nested multipart', () => {
    it('is entered where the outer part has a length and no type (DS-KD8003)', () => {
        const inner = streamPart('MIME_boundary', JSON_TYPE, `${jsonEvent(1)}\r\n`);
        const stream = raw(`--MIME_boundary\r\nContent-Length: ${inner.length}\r\n\r\n`, inner);
        const split = splitEveryWay(raw(stream, stream), { boundary: 'MIME_boundary' });
        assert.deepEqual(texts(split), [jsonEvent(1), jsonEvent(1)]);
        assert.deepEqual(split.faults, []);
    });

    it('is entered where the type says so, and left at its end', () => {
        const split = splitEveryWay(
            raw(
                '--outer\r\nContent-Type: multipart/mixed; boundary="inner"\r\n\r\n',
                streamPart('inner', JSON_TYPE, `${jsonEvent(1)}\r\n`),
                streamPart('inner', 'image/jpeg', jpeg(700)),
                '\r\n--inner--\r\n',
                streamPart('outer', XML, motion),
            ),
            { boundary: 'outer' },
        );
        assert.deepEqual(
            split.parts.map((part) => part.contentType),
            ['application/json', 'image/jpeg', 'application/xml'],
        );
        assert.deepEqual(split.faults, []);
    });

    it('is entered where an unknown boundary is followed by headers', () => {
        const split = splitEveryWay(raw('--outer\r\n\r\n', streamPart('inner', XML, motion)), { boundary: 'outer' });
        assert.deepEqual(texts(split), [motion]);
    });

    it('is entered where the body itself begins with a multipart header, as passed on by ISUP', () => {
        const body = raw(
            'Content-Type: multipart/form-data; boundary=boundary\r\nContent-Length: 4000\r\n\r\n',
            streamPart('boundary', XML, motion),
        );
        assert.deepEqual(texts(splitEveryWay(body)), [motion]);
    });

    it('is given up beyond four levels, and reading goes on', () => {
        const levels = ['a', 'b', 'c', 'd', 'e', 'f'];
        const nest = levels.map((name) => `--${name}\r\nContent-Type: multipart/mixed; boundary=${name}x\r\n\r\n`);
        const split = splitEveryWay(raw(...nest, streamPart('a', XML, motion)));
        assert.deepEqual(texts(split), [motion]);
        assert.equal(faultKinds(split)[0], 'nested-too-deep');
    });
});

describe('documents', () => {
    it('come without any multipart, one after the other', () => {
        const split = splitEveryWay(raw(motion, '\r\n', jsonEvent(3), '\n', line, '\0\r\n', '[{"a":1}]'));
        assert.deepEqual(texts(split), [motion, jsonEvent(3), line, '[{"a":1}]']);
        assert.deepEqual(split.faults, []);
        assert.deepEqual(Object.keys(split.parts[0]?.headers ?? {}), []);
    });

    it('are described by the headers of the response when they have none of their own', () => {
        const split = splitEveryWay(raw(motion), { headers: { 'content-type': 'text/xml; charset=GB2312' } });
        assert.equal(split.parts[0]?.contentType, 'text/xml');
        assert.equal(split.parts[0]?.charset, 'gb2312');
    });

    it('may be several in one part', () => {
        const split = splitEveryWay(
            raw('--boundary\r\nContent-Type: application/xml\r\n\r\n', motion, '\r\n', line, line, '\r\n--boundary--'),
        );
        assert.deepEqual(texts(split), [motion, line, line]);
        assert.deepEqual(
            split.parts.map((part) => part.contentType),
            ['application/xml', 'application/xml', 'application/xml'],
        );
        assert.deepEqual(split.faults, []);
    });

    it('begin after a byte order mark and blank lines', () => {
        const split = splitEveryWay(
            raw(
                '\xef\xbb\xbf',
                motion,
                '\r\n--boundary\r\nContent-Type: application/xml\r\n\r\n\r\n\n\xef\xbb\xbf ',
                line,
            ),
        );
        assert.deepEqual(texts(split), [motion, line]);
        assert.deepEqual(split.faults, []);
    });

    it('keep bytes that are no UTF-8', () => {
        const odd = raw('<EventNotificationAlert><channelName>\xa7\xb2\xe2</channelName></EventNotificationAlert>');
        const split = splitEveryWay(streamPart('boundary', XML, odd));
        assert.deepEqual(split.parts[0]?.body, odd);
    });

    it('follow a delimiter without headers, with a blank line or without', () => {
        const split = splitEveryWay(
            raw('--boundary\r\n\r\n', motion, '\r\n--boundary\r\n', jsonEvent(1), '\r\n--boundary\n', line),
        );
        assert.deepEqual(texts(split), [motion, jsonEvent(1), line]);
        assert.deepEqual(split.faults, []);
    });

    it('follow headers whose blank line is missing', () => {
        const split = splitEveryWay(raw(`--boundary\r\nContent-Type: ${XML}\r\n`, motion));
        assert.deepEqual(texts(split), [motion]);
        assert.equal(split.parts[0]?.contentType, 'application/xml');
    });

    for (const length of [0, 1, 5, motion.length - 1, motion.length + 7, 1_000_000_000, 99999999999999999999n])
        it(`end where they end although the length says ${length}`, () => {
            const head = `--boundary\r\nContent-Type: ${XML}\r\nContent-Length: ${length}\r\n\r\n`;
            const split = splitEveryWay(raw(head, motion, '\r\n', head, line, '\r\n', head, motion));
            assert.deepEqual(texts(split), [motion, line, motion]);
            assert.deepEqual(split.faults, []);
        });

    it('in text/plain are found all the same (Intelbras, part “info”)', () => {
        const split = splitEveryWay(
            raw(
                '--myboundary\r\nContent-Disposition: form-data; name="info"\r\nContent-Type: text/plain\r\n\r\n',
                jsonEvent(9),
                '\r\n--myboundary\r\nContent-Type: text/plain\r\nContent-Length: 40\r\n\r\n',
                '[ready] {this is "no JSON} at all\r\n--myboundary--\r\n',
            ),
        );
        assert.deepEqual(texts(split), [jsonEvent(9), '[ready] {this is "no JSON} at all']);
        assert.equal(split.parts[0]?.name, 'info');
        assert.deepEqual(split.faults, []);
    });

    it('are found under a type that is none of theirs', () => {
        const split = splitEveryWay(
            raw(
                streamPart('boundary', 'image/jpeg', motion),
                streamPart('boundary', 'application/octet-stream', jsonEvent(2)),
                streamPart('boundary', XML, jpeg(600)),
            ),
        );
        assert.deepEqual(
            split.parts.map((part) => part.kind),
            ['text', 'text', 'binary'],
        );
        assert.deepEqual(split.parts[2]?.body, jpeg(600));
    });
});

describe('a file that begins as a document', () => {
    const noise = Buffer.from(Array.from({ length: 500 }, (_none, index) => (index * 151 + 7) % 256));
    const files = ['<a>', '<?', '{"', '{}', '[]', '[1]', '<a/>', '{"a":1}'].map((start) => raw(start, noise));

    it('is handed out whole, with its length or without', () => {
        for (const file of files) {
            for (const length of ['', `Content-Length: ${file.length}\r\n`]) {
                const head = `--b\r\nContent-Type: application/octet-stream\r\n${length}\r\n`;
                const split = splitEveryWay(raw(head, file, '\r\n--b--\r\n'), { boundary: 'b' });
                assert.deepEqual(
                    split.parts.map(({ kind, body }) => ({ kind, body })),
                    [{ kind: 'binary', body: file }],
                );
                assert.deepEqual(split.faults, []);
            }
        }
    });

    it('is told from a broken event although it has no type', () => {
        const file = raw('{"', noise);
        const split = splitEveryWay(raw('--b\r\nContent-ID: <x>\r\n\r\n', file, '\r\n--b--\r\n'), { boundary: 'b' });
        assert.deepEqual([split.parts[0]?.kind, split.parts[0]?.body], ['binary', file]);
        const event = raw('--b\r\nContent-ID: <x>\r\n\r\n', motion.slice(0, 300), '\r\n--b--\r\n');
        assert.deepEqual(faultKinds(splitEveryWay(event, { boundary: 'b' })), ['text-broken']);
    });

    it('is none where a name in an event is damaged', () => {
        const event = motion.replace(
            '</EventNotificationAlert>',
            '<channelName>a\x01b\x02</channelName></EventNotificationAlert>',
        );
        for (const type of ['Content-ID: <x>', 'Content-Type: application/octet-stream']) {
            const split = splitEveryWay(raw(`--b\r\n${type}\r\n\r\n`, event, '\r\n--b--\r\n'), { boundary: 'b' });
            assert.deepEqual(
                split.parts.map(({ kind, body }) => [kind, body.toString()]),
                [['text', event]],
            );
        }
    });
});

describe('a broken document', () => {
    it('is dropped, counted and reported; what follows is read', () => {
        const half = motion.slice(0, 300);
        const split = splitEveryWay(
            raw(streamPart('boundary', XML, `${half}\r\n`), streamPart('boundary', XML, line)),
            { boundary: 'boundary' },
        );
        assert.deepEqual(texts(split), [line]);
        const [fault] = split.faults;
        assert.equal(fault?.kind, 'text-broken');
        assert.equal(fault?.bytes, half.length + 2);
        assert.equal(fault?.start.toString(), half.slice(0, 256));
        assert.equal(fault?.headers['content-type'], XML);
        assert.equal(split.counters.droppedParts, 1);
        assert.equal(split.counters.droppedBytes, half.length + 2);
        assert.equal(split.counters.resyncs, 1);
    });

    it('is reported when the input ends inside it', () => {
        const split = splitEveryWay(raw(streamPart('boundary', JSON_TYPE, jsonEvent(1).slice(0, 100))));
        assert.deepEqual(split.parts, []);
        assert.deepEqual(faultKinds(split), ['text-cut']);
        assert.equal(split.faults[0]?.bytes, 100);
    });

    it('is reported when not even its first byte came', () => {
        const split = splitEveryWay(raw('--boundary\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n'));
        assert.deepEqual(faultKinds(split), ['text-cut']);
    });

    it('is reported when the input ends inside the headers of its part', () => {
        const split = splitEveryWay(raw(streamPart('boundary', XML, motion), '--boundary\r\nContent-Type: applic'));
        assert.deepEqual(texts(split), [motion]);
        assert.deepEqual(faultKinds(split), ['headers-cut']);
    });

    it('is none where the input ends after a delimiter', () => {
        for (const end of ['--boundary', '--boundary\r\n', '--boundary--', '--boundary--\r\n\r\n']) {
            const split = splitEveryWay(raw(streamPart('boundary', XML, motion), end));
            assert.deepEqual(texts(split), [motion]);
            assert.deepEqual(split.faults, [], end);
        }
    });
});

describe('a picture', () => {
    const picture = jpeg(3000);

    it('keeps every byte, whatever it holds', () => {
        const split = splitEveryWay(
            raw(streamPart('boundary', XML, xmlEvent('VMD')), streamPart('boundary', 'image/jpeg', picture)),
        );
        assert.deepEqual(split.parts[1]?.body, picture);
        assert.equal(split.parts[1]?.kind, 'binary');
        assert.equal(split.parts[1]?.truncated, false);
    });

    it('without a length runs to the next delimiter, past the thumbnail', () => {
        const head = '--boundary\r\nContent-Disposition: form-data; name="Picture"; filename="Picture.jpg"\r\n';
        const split = splitEveryWay(raw(head, 'Content-Type: image/jpeg\r\n\r\n', picture, '\r\n--boundary--\r\n'));
        assert.deepEqual(split.parts[0]?.body, picture);
        assert.equal(split.parts[0]?.name, 'Picture');
        assert.equal(split.parts[0]?.filename, 'Picture.jpg');
        assert.deepEqual(split.faults, []);
    });

    it('ends at a delimiter that is glued to it', () => {
        const head = '--boundary\r\nContent-Type: image/jpeg\r\n\r\n';
        const split = splitEveryWay(raw(head, picture, head, picture, '--boundary--'));
        assert.deepEqual(
            split.parts.map((part) => part.body),
            [picture, picture],
        );
    });

    for (const [length, truncated] of [
        [picture.length - 100, false],
        [picture.length - 1, false],
        [picture.length + 5, false],
        [picture.length + 50, false],
        [1_000_000_000, false],
    ] as const)
        it(`of ${picture.length} bytes survives a declared length of ${length}`, () => {
            const head = `--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: ${length}\r\n\r\n`;
            const split = splitEveryWay(raw(head, picture, '\r\n', streamPart('boundary', XML, motion)), {
                boundary: 'boundary',
            });
            assert.deepEqual(split.parts[0]?.body, picture);
            assert.equal(split.parts[0]?.truncated, truncated);
            assert.equal(split.parts[1]?.body.toString(), motion);
            assert.equal(split.counters.wrongLengths, 1);
        });

    it('is marked truncated when the device goes on too early', () => {
        const half = picture.subarray(0, 1200);
        const head = `--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`;
        const split = splitEveryWay(raw(head, half, '\r\n--boundary--\r\n'));
        assert.deepEqual(split.parts[0]?.body, half);
        assert.equal(split.parts[0]?.truncated, true);
        assert.equal(split.counters.truncated, 1);
    });

    it('is marked truncated when the input ends inside it, and the event before it is whole', () => {
        const push = raw(
            '--b\r\nContent-Disposition: form-data; name="AccessControllerEvent"\r\nContent-Type: application/json\r\n\r\n',
            jsonEvent(77),
            '\r\n--b\r\nContent-Disposition: form-data; name="Picture"; filename="Picture.jpg"\r\n',
            'Content-Type: image/jpeg\r\nContent-ID: <pictureImage>\r\n\r\n',
            picture.subarray(0, 1500),
        );
        const split = splitEveryWay(push, { boundary: 'b' });
        assert.equal(split.parts[0]?.body.toString(), jsonEvent(77));
        assert.equal(split.parts[0]?.truncated, false);
        assert.deepEqual(split.parts[1]?.body, picture.subarray(0, 1500));
        assert.equal(split.parts[1]?.truncated, true);
        assert.equal(split.parts[1]?.contentId, 'pictureImage');
    });

    it('is whole when only the final delimiter is missing or cut', () => {
        const head = '--boundary\r\nContent-Type: image/jpeg\r\n\r\n';
        for (const end of ['', '\r\n', '\r\n--boun', '\r\n--boundary', '\r\n--boundary-', '\r\n--boundary--']) {
            const split = splitEveryWay(raw(head, picture, end));
            assert.equal(split.parts[0]?.truncated, false, end);
            assert.deepEqual(split.parts[0]?.body.subarray(0, picture.length), picture, end);
            assert.ok((split.parts[0]?.body.length ?? 0) <= picture.length + 2, end);
        }
    });

    it('is salvaged where its headers were expected', () => {
        const split = splitEveryWay(
            raw(
                '--boundary\r\n',
                picture,
                '\r\n',
                streamPart('boundary', XML, motion),
                '\r\n',
                picture,
                '\r\n--boundary--',
            ),
        );
        assert.deepEqual(
            split.parts.map((part) => part.kind),
            ['binary', 'text', 'binary'],
        );
        assert.deepEqual(split.parts[0]?.body, picture);
        assert.deepEqual(split.parts[2]?.body, picture);
    });

    it('that was announced but never sent is handed out empty and truncated', () => {
        const split = splitEveryWay(
            raw('--b\r\nContent-Type: image/jpeg\r\nContent-Length: 2000\r\n\r\n', streamPart('b', XML, motion)),
        );
        assert.equal(split.parts[0]?.body.length, 0);
        assert.equal(split.parts[0]?.truncated, true);
        assert.equal(split.parts[1]?.body.toString(), motion);
    });

    it('of another kind, whose end does not show, waits for its delimiter', () => {
        const body = raw('RIFF', Buffer.alloc(500, 7));
        const head = `--b\r\nContent-Type: audio/wav\r\nContent-Length: ${body.length}\r\n\r\n`;
        assert.deepEqual(partsAfterEach([head, body, '\r\n--b', '\r\n'], 'b'), [0, 0, 0, 1]);
        assert.deepEqual(splitEveryWay(raw(head, body, '\r\n--b\r\n')).parts[0]?.body, body);
    });

    it('of another kind is handed out by settle when it has its declared bytes and nothing follows', () => {
        const parts: Part[] = [];
        const splitter = new PartSplitter({ boundary: 'b', onPart: (part) => parts.push(part) });
        const body = Buffer.alloc(500, 7);
        splitter.feed(raw('--b\r\nContent-Type: audio/wav\r\nContent-Length: 500\r\n\r\n', body.subarray(1)));
        assert.equal(splitter.waits, false);
        splitter.settle();
        assert.equal(parts.length, 0);
        splitter.feed(body.subarray(0, 1));
        assert.equal(splitter.waits, true);
        splitter.settle();
        assert.deepEqual(parts[0]?.body, body);
        assert.equal(parts[0]?.truncated, false);
        splitter.feed(raw('\r\n', streamPart('b', XML, motion)));
        assert.equal(parts[1]?.body.toString(), motion);
        assert.equal(splitter.counters.droppedBytes, 0);
    });

    it('without a length is handed out by settle when it shows its end', () => {
        const parts: Part[] = [];
        const splitter = new PartSplitter({ boundary: 'b', onPart: (part) => parts.push(part) });
        splitter.feed(raw('--b\r\nContent-Type: image/jpeg\r\n\r\n', picture, '\r\n'));
        splitter.settle();
        assert.deepEqual(parts[0]?.body, picture);
    });
});

describe('text without structure', () => {
    const code = 'Code=VideoMotion;action=Start;index=0';

    it('ends at its length when a blank line follows (Dahua)', () => {
        const head = `--myboundary\r\nContent-Type: text/plain\r\nContent-Length:${code.length}\r\n\r\n`;
        const split = splitEveryWay(raw(head, code, '\r\n\r\n', head, code, '\r\n\r\n'));
        assert.deepEqual(texts(split), [code, code]);
        assert.equal(split.parts[0]?.kind, 'text');
        assert.deepEqual(split.faults, []);
        assert.deepEqual(partsAfterEach([head, code, '\r\n\r', '\n'], 'myboundary'), [0, 0, 0, 1]);
    });

    it('ends at its length when a delimiter follows, glued or not', () => {
        const head = `--myboundary\r\nContent-Type: text/plain\r\nContent-Length: ${code.length}\r\n\r\n`;
        const split = splitEveryWay(
            raw(head, code, '--myboundary\r\n\r\n\r\n', head, code, '\n', head, code, '\r\n--myboundary--'),
        );
        assert.deepEqual(texts(split), [code, code, code]);
    });

    it('holds data with lines and braces', () => {
        const data =
            'Code=CrossLineDetection;action=Start;index=0;data={\n   "Class" : "Normal",\n   "Name" : "Rule1"\n}\n';
        for (const length of [data.length, data.length - 30, data.length + 30]) {
            const head = `--myboundary\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`;
            const split = splitEveryWay(raw(head, data, '\r\n', head, data, '\r\n--myboundary--\r\n'));
            assert.deepEqual(texts(split), [data, data], `declared ${length}`);
        }
    });

    it('is handed out by settle when it has its declared bytes', () => {
        const parts: Part[] = [];
        const splitter = new PartSplitter({ onPart: (part) => parts.push(part) });
        splitter.feed(raw('--myboundary\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nHeartbeat\r\n'));
        assert.equal(splitter.waits, true);
        splitter.settle();
        assert.equal(parts[0]?.body.toString(), 'Heartbeat');
    });

    it('without type is told from binary by its bytes', () => {
        const split = splitEveryWay(
            raw('--b\r\nContent-Disposition: form-data;name=a\r\n\r\nplain \xe9\r\n--b\r\n\r\n\x01\x02\x00\r\n--b--'),
        );
        assert.deepEqual(
            split.parts.map((part) => [part.kind, part.name]),
            [
                ['text', 'a'],
                ['binary', undefined],
            ],
        );
    });
});

describe('an empty body', () => {
    const head = '--b\r\nContent-Disposition: form-data; name="heartbeat"\r\nContent-Type: application/json\r\n';

    it('is a part, so that a heartbeat without content is seen', () => {
        for (const rest of ['Content-Length: 0\r\n\r\n', '\r\n', '\r\n\r\n']) {
            const split = splitEveryWay(raw(head, rest, streamPart('b', XML, motion)));
            assert.equal(split.parts[0]?.name, 'heartbeat', rest);
            assert.equal(split.parts[0]?.body.length, 0);
            assert.equal(split.parts[0]?.kind, 'text');
            assert.equal(split.parts[1]?.body.toString(), motion);
            assert.deepEqual(split.faults, []);
        }
    });

    it('is a part at the end of the input, and by settle', () => {
        const bytes = raw(head, 'Content-Length: 0\r\n\r\n');
        assert.equal(splitEveryWay(bytes).parts.length, 1);
        let parts = 0;
        const splitter = new PartSplitter({ onPart: () => parts++ });
        splitter.feed(bytes);
        splitter.settle();
        assert.equal(parts, 1);
    });
});

describe('garbage', () => {
    it('is skipped to the next delimiter and reported', () => {
        const noise = raw('\xa7\xb2\xff\xd8 no header\r\n\x00\x01 <x\n{ [');
        const split = splitEveryWay(raw('--boundary\r\n', noise, '\r\n', streamPart('boundary', XML, motion)));
        assert.deepEqual(texts(split), [motion]);
        assert.deepEqual(faultKinds(split), ['skipped']);
        assert.equal(split.faults[0]?.bytes, noise.length + 2);
        assert.equal(split.counters.droppedBytes, noise.length + 2);
        assert.equal(split.counters.resyncs, 1);
    });

    it('ends at a delimiter in the middle of a line', () => {
        const split = splitEveryWay(raw(streamPart('b', XML, motion), '\x01\x02\x03', streamPart('b', XML, line)));
        assert.deepEqual(texts(split), [motion, line]);
        assert.deepEqual(faultKinds(split), ['skipped']);
    });

    it('ends at part headers whose delimiter was damaged', () => {
        const damaged = streamPart('b', XML, line).subarray(2);
        const split = splitEveryWay(raw(streamPart('b', XML, motion), '\x07\x07\r\n', damaged));
        assert.deepEqual(texts(split), [motion, line]);
        assert.equal(split.parts[1]?.contentType, 'application/xml');
    });

    it('ends where an event begins, also without any multipart', () => {
        const split = splitEveryWay(
            raw('hello\r\n', motion, '\r\nnoise\r\n<?xml version="1.0"?>\r\n', line, 'x\n', jsonEvent(1)),
        );
        assert.deepEqual(texts(split), [motion, `<?xml version="1.0"?>\r\n${line}`, jsonEvent(1)]);
    });

    it('does not turn the rest of a broken document into documents', () => {
        const rest = motion.slice(motion.indexOf('<ipAddress>') + 3);
        const split = splitEveryWay(
            raw(streamPart('b', XML, motion), '\r\n\x00\x01', rest, '\r\n', streamPart('b', XML, line)),
        );
        assert.deepEqual(texts(split), [motion, line]);
    });

    it('is reported at the end of the input', () => {
        const split = splitEveryWay(raw('nothing to see here'));
        assert.deepEqual(split.parts, []);
        assert.deepEqual(faultKinds(split), ['skipped']);
        assert.equal(split.faults[0]?.start.toString(), 'nothing to see here');
    });
});

describe('part headers', () => {
    it('are read whatever their case, quotes and blanks', () => {
        const head = [
            '--b',
            'content-disposition:form-data;name=anpr.xml;filename="a;b \\"c\\".xml"',
            'CONTENT-TYPE : Application/XML ; charset=GBK',
            'Content-ID: <pId-1>',
            'X-Folded: one',
            '\ttwo',
            'no header at all',
            '',
            '',
        ].join('\r\n');
        const [part] = splitEveryWay(raw(head, motion)).parts as [Part];
        assert.equal(part.name, 'anpr.xml');
        assert.equal(part.filename, 'a;b "c".xml');
        assert.equal(part.contentType, 'application/xml');
        assert.equal(part.charset, 'gbk');
        assert.equal(part.contentId, 'pId-1');
        assert.equal(part.headers['x-folded'], 'one two');
        assert.equal(Object.getPrototypeOf(part.headers), null);
    });

    it('may be named like members of an object', () => {
        const [part] = splitEveryWay(raw('--b\r\n__proto__: x\r\nconstructor: y\r\n\r\n', motion)).parts as [Part];
        assert.deepEqual(Object.entries(part.headers), [
            ['__proto__', 'x'],
            ['constructor', 'y'],
        ]);
    });
});
