import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readJson } from '../../../protocols/documents/readJson';

describe('readJson', () => {
    it('reads the tab-indented text of a terminal', () => {
        assert.deepEqual(
            readJson('{\n\t"ipAddress":\t"192.0.2.10",\n\t"portNo":\t443,\n\t"currentEvent":\tfalse\n}\n'),
            {
                ipAddress: '192.0.2.10',
                portNo: 443,
                currentEvent: false,
            },
        );
    });

    it('keeps strings of digits as they are', () => {
        assert.deepEqual(readJson('{"employeeNoString":"0001764","cardNo":"00000000000000000042"}'), {
            employeeNoString: '0001764',
            cardNo: '00000000000000000042',
        });
    });

    it('turns an integer that a double would round into text', () => {
        assert.deepEqual(
            readJson('{"cardNo": 12345678901234567890,"n":[-9007199254740993 ,9007199254740991],"f":0.25}'),
            { cardNo: '12345678901234567890', n: ['-9007199254740993', 9007199254740991], f: 0.25 },
        );
    });

    it('leaves digits within a string alone, even behind an escaped quote', () => {
        assert.deepEqual(readJson('{"pId":"2024091512531021900dR2","name":"\\"9007199254740993"}'), {
            pId: '2024091512531021900dR2',
            name: '"9007199254740993',
        });
    });

    it('ignores what stands before and behind the value', () => {
        for (const text of [
            '\ufeff{"a":1}',
            '\r\n\r\n{"a":1}\u0000\u0000',
            '{"a":1}\r\n--MIME_boundary',
            'junk {"a":1} }',
        ]) {
            assert.deepEqual(readJson(text), { a: 1 }, JSON.stringify(text));
        }
    });

    it('repairs line breaks, control characters and lone backslashes in a string', () => {
        assert.deepEqual(readJson('{"name":"two\nlines\u0001","path":"C:\\dir","u":"\\u00zz","ok":"\\n\\u0041\\\\"}'), {
            name: 'two\nlines\u0001',
            path: 'C:\\dir',
            u: '\\u00zz',
            ok: '\nA\\',
        });
    });

    it('gives nothing for what never ends, or is no object', () => {
        for (const text of ['', '{"a":1', '[1,2', '"text"', '42', 'null', 'true', '<a/>', '{a:1}', '{"a":"}']) {
            assert.equal(readJson(text), undefined, text);
        }
    });

    it('leaves out the keys that could reach a prototype, escaped or not', () => {
        const texts = [
            '{"__proto__":{"polluted":1},"b":[{"constructor":{"prototype":{"polluted":1}}}],"a":1}',
            '{"\\u005f_proto__":{"polluted":1},"b":[{"const\\u0072uctor":1}],"a":1}',
        ];
        for (const text of texts) {
            const value = readJson(text) as Record<string, unknown>;
            assert.equal(JSON.stringify(value), '{"b":[{}],"a":1}');
            assert.equal(Object.assign({}, value).polluted, undefined);
        }
    });

    it('refuses what is nested deeper than any device nests, and what is too long', () => {
        assert.equal(readJson(`${'['.repeat(500_000)}${']'.repeat(500_000)}`), undefined);
        assert.equal(readJson('{"a":1}', 3), undefined);
    });
});
