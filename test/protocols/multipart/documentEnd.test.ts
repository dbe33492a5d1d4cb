import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DocumentScanner, scannerFor, startsDocument } from '../../../protocols/multipart/documentEnd';
import { raw } from '../../support/wireBytes';

/** Scans text in chunks of one size; tells how it ended and what it took for the document. */
function scan(text: string, size: number): [DocumentScanner['state'], string] {
    const bytes = raw(text);
    const scanner = scannerFor(bytes[0] as number);
    let at = 0;
    while (at < bytes.length && scanner.state === 'open')
        at = scanner.scan(bytes, at, Math.min(bytes.length, at + size));
    return [scanner.state, text.slice(0, at)];
}

function ends(document: string, rest = ' tail'): void {
    for (const size of [1, 2, 3, 5, 1000]) assert.deepEqual(scan(document + rest, size), ['closed', document]);
}

function staysOpen(text: string): void {
    for (const size of [1, 4, 1000]) assert.equal(scan(text, size)[0], 'open', text);
}

describe('an XML document ends', () => {
    it('with the tag that closes its root', () => {
        ends('<a>text</a>');
        ends('<a b="c">text</a>', '</a>');
        ends('<ns:a xmlns:ns="urn:x"><a></a></ns:a>');
        ends('<EventNotificationAlert >\r\n</EventNotificationAlert\r\n>');
        ends('<EventNotificationAlert\r\n version="2.0"\r\n xmlns="urn:x">\r\n</EventNotificationAlert>');
    });

    it('with its root when that closes itself', () => {
        ends('<a/>');
        ends('<a />', '</a>');
        ends('<a b="/" c=\'>\'/>');
    });

    it('after elements with the name of the root', () => {
        ends('<a><a></a><b><a x="1"/></b><a>1</a></a>', '</a>');
        staysOpen('<a><a></a>');
    });

    it('after names that only begin like the root’s', () => {
        ends('<Event><EventList></EventList><Eve></Eve></Event>');
        ends('<Event></EventList></Even></Event>');
    });

    it('not within a comment, a CDATA section, an instruction or a quoted attribute', () => {
        ends('<a><!-- </a> -- > ]]> --></a>');
        ends('<a><!----></a>');
        ends('<a><![CDATA[</a>]] >]]]></a>');
        ends('<a><?x </a> > ?></a>');
        ends('<a><b c="</a>" d = \'"</a>\'/></a>');
    });

    it('after whatever precedes the root', () => {
        ends('<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- <a/> --><a></a>');
        ends('<!DOCTYPE a SYSTEM "x>y"><a></a>');
        ends('<!DOCTYPE a [ <!ENTITY b "]>"> <!ELEMENT a (#PCDATA)> ]>\n<a>&b;</a>');
        ends('<!-- a --><a/>');
    });

    it('although inner tags are not closed or text holds stray signs', () => {
        ends('<a><b><c></a>');
        ends('<a><name>Tom & "Jerry" < 3 <\'x <</name></a>');
        ends('<a><name>1 <b and "c</name><d e=f></d></a>');
    });

    it('never, where nothing closes it', () => {
        staysOpen('<a><b></b>');
        staysOpen('<a b="></a>');
        staysOpen('<?xml version="1.0"?>');
        staysOpen('<a><!-- </a>');
        staysOpen('<a><![CDATA[ </a>');
    });

    it('at once, where it is none', () => {
        for (const text of ['< a>', '<3>', '<>', '<<a>', '</a>']) assert.equal(scan(text, 1)[0], 'alien', text);
        assert.equal(scan(`<${'n'.repeat(300)}>`, 7)[0], 'alien');
    });
});

describe('a JSON document ends', () => {
    it('with the bracket that balances its first', () => {
        ends('{}', '}');
        ends('{"a":{"b":[1,{"c":2}]}}', '}');
        ends('[]');
        ends('[ {"a":1}, [2] ]');
        ends('{\n\t"a":\t1\n}');
    });

    it('not within a string', () => {
        ends('{"a":"}","b":"\\"}","c":"\\\\"}');
        ends('{"a":"{[","b":"\\u007d"}');
    });

    it('never, where nothing balances it', () => {
        staysOpen('{"a":{"b":1}');
        staysOpen('{"a":"}}}');
        staysOpen('[[]');
    });

    it('at once, where it is none', () => {
        for (const text of ['{a:1}', '{ 1', '[INFO] ready', '{]', '[}']) assert.equal(scan(text, 1)[0], 'alien', text);
    });
});

describe('other bytes', () => {
    it('begin no document', () => {
        for (const text of ['C', '-', '"', '\xff', '\0']) assert.equal(startsDocument(raw(text)[0]), false);
        assert.equal(startsDocument(undefined), false);
    });
});
