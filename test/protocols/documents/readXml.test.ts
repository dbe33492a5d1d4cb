import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readXml, readXmlDocument } from '../../../protocols/documents/readXml';

/** As plain objects, which is what deepEqual compares. */
function read(text: string): unknown {
    return JSON.parse(JSON.stringify(readXml(text)));
}

describe('readXml', () => {
    it('keys the document by its root and leaves every value text', () => {
        assert.deepEqual(read('<EventNotificationAlert><channelID>007</channelID></EventNotificationAlert>'), {
            EventNotificationAlert: { channelID: '007' },
        });
    });

    it('strips namespaces and prefixes, however many a document mixes', () => {
        const text =
            '<n:Alert version="2.0" xmlns:n="http://www.hikvision.com/ver10/XMLSchema" xmlns="urn:psialliance-org">' +
            '<Extensions xmlns="urn:selfextension:psiaext-ver10-xsd"><n:serialNumber>X1</n:serialNumber></Extensions></n:Alert>';
        assert.deepEqual(read(text), { Alert: { '@version': '2.0', Extensions: { serialNumber: 'X1' } } });
    });

    it('makes an array of repeated siblings and leaves a single one alone', () => {
        assert.deepEqual(read('<a><b>1</b><c>2</c><b>3</b><b/></a>'), { a: { b: ['1', '3', ''], c: '2' } });
    });

    it('keeps the text of an element that has attributes under #text', () => {
        assert.deepEqual(read('<cap><portNo min="1" max="65535">80</portNo></cap>'), {
            cap: { portNo: { '@min': '1', '@max': '65535', '#text': '80' } },
        });
    });

    it('takes indentation off a value, but not the blanks of a name', () => {
        assert.deepEqual(
            read('<a>\r\n  <name>vstupní dveře </name>\r\n  <type>\r\n    VMD\r\n  </type><e>  </e></a>'),
            {
                a: { name: 'vstupní dveře ', type: 'VMD', e: '' },
            },
        );
    });

    it('starts at the first tag, whatever comes before it', () => {
        for (const before of ['\ufeff', '\r\n\r\n', '\u0000\u0000', '#']) {
            assert.deepEqual(read(`${before}<?xml version="1.0" encoding="UTF-8" ?>\n<a>1</a>`), { a: '1' });
        }
    });

    it('accepts a start tag over several lines, with blanks, and a malformed declaration', () => {
        assert.deepEqual(read('<?xml version:"1.0"?><Alert \r\n version="1.0"\r\n><b >1</b ></Alert >'), {
            Alert: { '@version': '1.0', b: '1' },
        });
    });

    it('repairs a stray & and < in a name without touching the entities that are right', () => {
        const text = '<a><n>Lobby & Bar < 2 &amp; &lt; &#x41; &#66;</n><u>A&B;</u></a>';
        assert.deepEqual(read(text), { a: { n: 'Lobby & Bar < 2 & < A B', u: 'A&B;' } });
    });

    it('drops the control characters that XML forbids', () => {
        assert.deepEqual(read('<a><n>Front\u0001\u0000 door</n></a>'), { a: { n: 'Front door' } });
    });

    it('reads several documents that were glued together', () => {
        assert.deepEqual(read('<Alert><n>1</n></Alert>\n<?xml version="1.0"?>\n<Alert><n>2</n></Alert>'), {
            Alert: [{ n: '1' }, { n: '2' }],
        });
    });

    it('ignores what follows the root', () => {
        assert.deepEqual(read('<a><b>1</b></a>\r\n--boundary\r\n\u0000'), { a: { b: '1' } });
    });

    it('gives what was read of a document that breaks off, without the value it broke off in', () => {
        const document = readXmlDocument('<Alert><eventType>VMD</eventType><Region><id>2</id></Region><channelID>1');
        assert.equal(document?.complete, false);
        assert.equal(document?.root, 'Alert');
        assert.deepEqual(JSON.parse(JSON.stringify(document?.object)), {
            Alert: { eventType: 'VMD', Region: { id: '2' } },
        });
        assert.equal(document?.warnings.length, 1);
    });

    it('says what was wrong with a document it could read all the same', () => {
        const document = readXmlDocument('<a><b>1</c><d>2</d></a>');
        assert.equal(document?.warnings.length, 1);
        assert.match(document!.warnings[0]!, /not well-formed/);
    });

    it('has nothing to say about what is no XML', () => {
        for (const text of ['', 'OK', '{"a":1}', '<', '</a>', '<!-- only -->', '< >'])
            assert.equal(readXml(text), undefined);
    });

    it('never reaches Object.prototype, whatever an element is called', () => {
        const object = readXml(
            '<a><__proto__><polluted>1</polluted></__proto__><constructor>x</constructor><b>1</b></a>',
        );
        assert.deepEqual(JSON.stringify(object), '{"a":{"b":"1"}}');
        assert.equal(Object.getPrototypeOf(object?.a), null);
        assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });

    it('expands no entity of a DOCTYPE, so that a bomb stays a few bytes', () => {
        const lines = ['<!DOCTYPE a [<!ENTITY l0 "lol">'];
        for (let n = 1; n < 30; n += 1) lines.push(`<!ENTITY l${n} "&l${n - 1};&l${n - 1};&l${n - 1};">`);
        const text = `${lines.join('\n')}]><a><b>&l29;</b><f>&file;</f></a>`;
        assert.deepEqual(read(text), { a: { b: '&l29;', f: '&file;' } });
    });

    it('stops at its limits instead of holding up the process', () => {
        const started = process.cpuUsage();
        const cases = [
            `<a>${'<b/>'.repeat(200_000)}</a>`,
            '<a>'.repeat(100_000),
            `<a>${'\u0001x'.repeat(500_000)}</a>`,
            `<a>${'&'.repeat(1_000_000)}</a>`,
            `<a ${'x'.repeat(1_000_000)}></a>`,
            `<a ${Array.from({ length: 50_000 }, (_, n) => `a${n}=""`).join(' ')}></a>`,
            `<a b="${'&'.repeat(1_000_000)}`,
            `<a>${'</b>'.repeat(100_000)}`,
        ];
        for (const text of cases) {
            const document = readXmlDocument(text);
            if (document !== undefined) assert.ok(document.warnings.length > 0, text.slice(0, 20));
        }
        const spent = process.cpuUsage(started);
        assert.ok(spent.user + spent.system < 3_000_000, `took ${spent.user} µs`);
        assert.equal(readXmlDocument(`<a><b>1</b>${' '.repeat(50)}</a>`, { characters: 20 })?.complete, false);
    });

    it('reads the next document after one that it gave up', () => {
        readXml('<a>'.repeat(1000));
        readXml(`<a>${'<b x=>'.repeat(100)}`);
        assert.deepEqual(read('<a><b>1</b></a>'), { a: { b: '1' } });
    });
});
