import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PlainXmlReader } from '../../../protocols/documents/plainXml';
import { parseXmlDocument, readXmlDocument } from '../../../protocols/documents/readXml';
import { packageRoot } from '../../support/packageRoot';
import { Random, seedOfRun } from '../../support/random';

const LIMITS = { elements: 1000, depth: 64 };

/** What the rest of the tests read, and captured documents where they were given to us. */
function documents(): string[] {
    const folders = [
        join(packageRoot, 'test', 'fixtures', 'events'),
        process.env.VIGIA_SAMPLES ?? join(packageRoot, '..', 'shared', 'samples'),
    ];
    return folders.filter(existsSync).flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' })
            .filter((name) => name.endsWith('.xml'))
            .map((name) => readFileSync(join(folder, name), 'utf8'))
            // Larger ones take the parser anyway, and all the time of this test.
            .filter((text) => text.length < 10_000),
    );
}

const WRITTEN = [
    '<a/>',
    '<a b="c"/>',
    '<a><b> 007 </b><c></c><c/><c x="1"/><d y="2">3</d><e> </e></a>',
    '<n:a xmlns:n="urn:x" n:v="1"><n:b>Tor &amp; Hof</n:b><n:b>&lt;&gt;&quot;&apos;</n:b></n:a>',
    '<?xml version="1.0" encoding="UTF-8" ?>\r\n<List size="2">\r\n\t<E><id>1</id></E>\r\n\t<E><id>2</id></E>\r\n</List>\r\n',
    '<A><channelName>Portão da garagem 正门</channelName><x>\n  y\n</x></A>',
];

/** What a mutation puts into a document. */
const SHARDS = [
    ...[
        '<',
        '>',
        '/',
        '</',
        '/>',
        '<a>',
        '</a>',
        '<a/>',
        '<b x="1">',
        '</b>',
        '<__proto__>x</__proto__>',
        '<constructor/>',
    ],
    ...[
        '&',
        '&amp;',
        '&lt;',
        '&nbsp;',
        '&#65;',
        '&#x41;',
        '&amp',
        ';',
        ']]>',
        '<![CDATA[x<y]]>',
        '<!-- x -->',
        '<!DOCTYPE a>',
    ],
    ...[
        '<?xml version="1.0"?>',
        '<?xml version="1.1"?>',
        '<?pi x?>',
        ' x="1"',
        " x='1'",
        ' x="1" x="2"',
        ' n:x="1"',
        ' xmlns="u"',
    ],
    ...[
        ' x=1',
        ' x',
        '="',
        '"',
        "'",
        '=',
        ' ',
        '\t',
        '\n',
        '\r\n',
        '\r',
        '  ',
        'text',
        '0',
        '-',
        '.',
        ':',
        '_',
        '#',
        '[',
        '{',
    ],
    ...[
        '\0',
        '\x01',
        '\x7f',
        '\x85',
        '\xa0',
        'é',
        '正',
        '\u2028',
        '\ufeff',
        '\ufffd',
        '\uffff',
        '\ud83d',
        '\ude00',
        '😀',
        '\ue000',
    ],
];

function mutated(random: Random, text: string): string {
    let result = text;
    for (let times = random.integer(1, 3); times > 0; times -= 1) {
        const at = random.integer(0, result.length);
        const to = Math.min(result.length, at + random.pick([0, 0, 0, 1, 1, 2, 10]));
        const other = random.integer(0, result.length);
        const put = random.pick([random.pick(SHARDS), random.pick(SHARDS), '', result.slice(other, other + 20)]);
        result = result.slice(0, at) + put + result.slice(to);
    }
    return result;
}

/** Both ways of reading give the same, in the same order. */
function assertSame(text: string, limits = LIMITS): void {
    const read = readXmlDocument(text, limits);
    const parsed = parseXmlDocument(text, limits);
    assert.deepEqual(read, parsed, text);
    assert.equal(JSON.stringify(read), JSON.stringify(parsed), text);
}

describe('the fast way through XML', () => {
    it('is taken by the events of the fixtures', () => {
        const reader = new PlainXmlReader();
        const texts = [...documents(), ...WRITTEN.slice(0, 5)].filter((text) => text.startsWith('<'));
        const plain = texts.filter((text) => reader.read(text, LIMITS) !== undefined);
        assert.ok(plain.length > 10);
        assert.ok(plain.length > texts.length * 0.9, `${plain.length} of ${texts.length}`);
    });

    it('reads what the parser reads', () => {
        for (const text of [...documents(), ...WRITTEN]) assertSame(text);
    });

    const seed = seedOfRun();
    it(`reads mutations as the parser does (VIGIA_SEED=${seed})`, () => {
        const random = new Random(seed);
        const originals = [...WRITTEN, ...WRITTEN, ...documents()];
        for (let run = 0; run < 8000; run += 1) assertSame(mutated(random, random.pick(originals)));
    });

    it(`reads shards in any order as the parser does (VIGIA_SEED=${seed})`, () => {
        const random = new Random(seed);
        for (let run = 0; run < 10_000; run += 1) {
            const shards = Array.from({ length: random.integer(0, 12) }, () => random.pick(SHARDS));
            assertSame(`<a>${shards.join('')}</a>`);
        }
    });

    it('keeps the limits', () => {
        const text = '<a><b><c>1</c></b><d/></a>';
        for (let elements = 0; elements < 6; elements += 1) assertSame(text, { elements, depth: 64 });
        for (let depth = 0; depth < 5; depth += 1) assertSame(text, { elements: 10, depth });
    });

    it('leaves no element that could change a prototype', () => {
        for (const name of ['__proto__', 'constructor', 'prototype', 'n:__proto__']) {
            assertSame(`<a><${name}><polluted>1</polluted></${name}><b>2</b></a>`);
            assertSame(`<${name}>1</${name}>`);
            assertSame(`<a ${name}="1"/>`);
        }
    });

    it('takes no name that is all prefix', () => {
        for (const text of ['<a:/>', '<a:>1</a:>', '<b><a:/></b>', '<b a:="1"/>']) assertSame(text);
    });

    it('is left in the middle of any document, and the next one is none the worse for it', () => {
        const [text] = documents();
        for (let length = 0; length < text!.length; length += 7) {
            assertSame(text!.slice(0, length));
            assertSame(text!);
        }
    });

    it('leaves a text that is longer than any event to the parser', () => {
        const long = `<a>${'y'.repeat(40_000)}</a>`;
        assert.equal(new PlainXmlReader().read(long, LIMITS), undefined);
        assertSame(long);
    });
});
