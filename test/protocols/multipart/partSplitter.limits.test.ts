import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PartSplitter, SPLITTER_LIMITS, type SplitterFault } from '../../../protocols/multipart/partSplitter';
import { faultKinds, split, splitEveryWay, texts } from '../../support/splitting';
import { jpeg, raw, streamPart, xmlEvent } from '../../support/wireBytes';

const XML = 'application/xml; charset="UTF-8"';
const motion = xmlEvent('VMD').trimEnd();
const MIB = 1024 * 1024;

describe('the limits of the splitter', () => {
    it('are 1 MiB of text, 16 MiB of picture, 64 KiB unsynchronised, 16 KiB of headers, four levels', () => {
        assert.deepEqual(SPLITTER_LIMITS, {
            text: MIB,
            picture: 16 * MIB,
            unsynchronised: 64 * 1024,
            headers: 16 * 1024,
            nesting: 4,
        });
    });

    it('drop a document that does not end, once, and read on at the next delimiter', () => {
        const endless = `<EventNotificationAlert>${'<name>x</name>\n'.repeat(40)}`;
        const split = splitEveryWay(raw(streamPart('b', XML, endless), '\r\n', streamPart('b', XML, motion)), {
            limits: { text: 512 },
        });
        assert.deepEqual(texts(split), [motion]);
        assert.deepEqual(faultKinds(split), ['text-too-large', 'skipped']);
        assert.equal(split.faults[0]?.bytes, 512);
        assert.equal(split.counters.droppedBytes, endless.length + 2);
    });

    it('admit a document of exactly the limit', () => {
        const limits = { text: motion.length };
        assert.deepEqual(texts(splitEveryWay(streamPart('b', XML, motion), { limits })), [motion]);
        const less = splitEveryWay(streamPart('b', XML, motion), { limits: { text: motion.length - 1 } });
        assert.deepEqual(faultKinds(less), ['text-too-large', 'skipped']);
    });

    it('drop a picture that does not end', () => {
        const split = splitEveryWay(raw(streamPart('b', 'image/jpeg', jpeg(5000)), streamPart('b', XML, motion)), {
            limits: { picture: 4000 },
        });
        assert.deepEqual(texts(split), [motion]);
        assert.deepEqual(faultKinds(split), ['picture-too-large', 'skipped']);
        assert.equal(split.faults[0]?.start.length, 256);
    });

    it('drop headers that do not end', () => {
        for (const endless of ['X-Long: '.padEnd(700, 'x'), 'a: b\r\n'.repeat(120)]) {
            const split = splitEveryWay(raw('--b\r\n', endless, '\r\n', streamPart('b', XML, motion)), {
                limits: { headers: 600 },
            });
            assert.deepEqual(texts(split), [motion]);
            assert.equal(faultKinds(split)[0], 'headers-too-large');
        }
    });

    it('report each stretch in which nothing could be read', () => {
        const split = splitEveryWay(raw('!'.repeat(2500), '\r\n', streamPart('b', XML, motion)), {
            limits: { unsynchronised: 1000 },
        });
        assert.deepEqual(texts(split), [motion]);
        assert.deepEqual(
            split.faults.map((fault: SplitterFault) => [fault.kind, fault.bytes]),
            [
                ['unsynchronised', 1000],
                ['unsynchronised', 1000],
                ['skipped', 502],
            ],
        );
        assert.equal(split.counters.unsynchronised, 2);
        assert.equal(split.counters.resyncs, 1);
    });

    it('forget boundaries beyond six, but not the first', () => {
        const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
        const parts = names.map((name) => streamPart(name, XML, motion));
        const split = splitEveryWay(raw(...parts, streamPart('first', 'image/jpeg', jpeg(400)), '--first--'), {
            boundary: 'first',
        });
        assert.equal(split.parts.length, 41);
        assert.deepEqual(split.faults, []);
    });
});

/** Milliseconds of CPU, which other processes of the machine do not lengthen. */
function cpuOf(work: () => void): number {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
}

describe('hostile input', () => {
    const CHUNK = 64 * 1024;
    const hostile: [string, Buffer][] = [
        ['a document that never ends', raw('<E>', Buffer.alloc(3 * MIB, '<'))],
        ['brackets without end', Buffer.alloc(3 * MIB, '[')],
        ['a string without end', raw('{"', Buffer.alloc(3 * MIB, '\\'))],
        ['a comment without end', raw('<!--', Buffer.alloc(3 * MIB, '-'))],
        ['dashes without end', raw('--b\r\nContent-Type: image/jpeg\r\n\r\n', Buffer.alloc(3 * MIB, '-'))],
        ['line ends without end', raw('x', Buffer.alloc(3 * MIB, '\n'))],
        ['blanks without end', raw('--b\r\nContent-Type: application/xml\r\n\r\n', Buffer.alloc(3 * MIB, ' '))],
        ['delimiters without end', Buffer.alloc(3 * MIB, '--b\r\n')],
        ['headers without end', raw('--b\r\n', Buffer.alloc(3 * MIB, 'a: b\r\n'))],
        ['near delimiters', raw('--b\r\nContent-Type: image/jpeg\r\n\r\n', Buffer.alloc(3 * MIB, 'x--b'))],
        ['near delimiters on lines', raw('--b\r\nContent-Type: image/jpeg\r\n\r\n', Buffer.alloc(3 * MIB, '\n--bb'))],
        ['a new boundary on every line', raw(...Array.from({ length: 100_000 }, (_, index) => `--n${index}\r\n`))],
        ['starts of documents on every line', Buffer.alloc(3 * MIB, '{"a\nHTTP/1.1\n<?xml \n{x\n[y\n')],
        ['delimiters glued together', Buffer.alloc(3 * MIB, '--b')],
        ['delimiters glued together in garbage', raw('x', Buffer.alloc(3 * MIB, '--b'))],
        ['heads that are none', Buffer.alloc(MIB, 'content-\n')],
        ['tiny documents', Buffer.alloc(3 * MIB, '{"a":1}\n')],
        [
            'nested parts without a body',
            Buffer.alloc(3 * MIB, '--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\n'),
        ],
    ];
    for (const [name, bytes] of hostile)
        it(`costs little: ${name}`, () => {
            const splitter = new PartSplitter({ boundary: 'b', onPart: () => undefined });
            let longest = 0;
            for (let at = 0; at < bytes.length; at += CHUNK) {
                const chunk = bytes.subarray(at, at + CHUNK);
                longest = Math.max(
                    longest,
                    cpuOf(() => splitter.feed(chunk)),
                );
            }
            splitter.end();
            // One chunk takes 1 to 6 ms; a second reading of everything would take seconds.
            assert.ok(longest < 250, `one chunk took ${longest} ms of CPU`);
        });

    it('costs little when a large picture trickles in byte by byte', () => {
        const picture = jpeg(2 * MIB);
        const stream = raw('--b\r\nContent-Type: image/jpeg\r\n\r\n', picture, '\r\n--b--');
        let result: ReturnType<typeof split> | undefined;
        const spent = cpuOf(() => {
            result = split(stream, { boundary: 'b' }, () => 1);
        });
        assert.equal(result?.parts[0]?.body.equals(picture), true);
        assert.ok(spent < 20_000, `${spent} ms of CPU`);
    });
});
