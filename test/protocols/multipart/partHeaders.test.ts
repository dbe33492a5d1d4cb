import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundaryOf } from '../../../protocols/multipart/boundary';
import { readHeaderValue } from '../../../protocols/multipart/parameters';
import {
    decodeHeaderLine,
    describeHeaders,
    HeaderLines,
    readHeaderLine,
} from '../../../protocols/multipart/partHeaders';
import { raw } from '../../support/wireBytes';

describe('the boundary of a Content-Type', () => {
    it('is found however it is written', () => {
        assert.equal(boundaryOf('multipart/mixed; boundary=boundary'), 'boundary');
        assert.equal(boundaryOf('multipart/mixed;boundary=MIME_boundary'), 'MIME_boundary');
        assert.equal(boundaryOf('multipart/mixed; Boundary = "a b;c"; x=y'), 'a b;c');
        assert.equal(boundaryOf('multipart/mixed; charset=utf-8; boundary="open'), 'open');
        assert.equal(
            boundaryOf('multipart/form-data; boundary=---------------------------7e13971310878'),
            '---------------------------7e13971310878',
        );
    });

    it('may be missing', () => {
        for (const type of [
            undefined,
            '',
            'multipart/mixed',
            'multipart/mixed; boundary=',
            'multipart/mixed; boundary=""',
        ])
            assert.equal(boundaryOf(type), undefined);
    });
});

describe('a header with parameters', () => {
    it('is read with blanks or without, quoted or not', () => {
        const { value, parameters } = readHeaderValue('Form-Data;name=a ; filename = "b \\"c\\" \\\\d.jpg";flag;x="1');
        assert.equal(value, 'form-data');
        assert.deepEqual({ ...parameters }, { name: 'a', filename: 'b "c" \\d.jpg', x: '1' });
    });

    it('keeps the separators of a Windows path', () => {
        assert.equal(readHeaderValue('x; filename="C:\\pics\\new.jpg"').parameters.filename, 'C:\\pics\\new.jpg');
    });

    it('decodes the extended form of RFC 2231, whatever its order', () => {
        const extended = "filename*=UTF-8''Port%C3%A3o%20%231.jpg";
        assert.equal(readHeaderValue(`x; filename="Portao.jpg"; ${extended}`).parameters.filename, 'Portão #1.jpg');
        assert.equal(readHeaderValue(`x; ${extended}; filename="Portao.jpg"`).parameters.filename, 'Portão #1.jpg');
        assert.equal(readHeaderValue("x; filename*=iso-8859-1'pt'Port%E3o.jpg").parameters.filename, 'Portão.jpg');
        assert.equal(readHeaderValue("x; filename*=klingon''a%20b").parameters.filename, 'a%20b');
        assert.equal(readHeaderValue('x; filename*=100%.jpg').parameters.filename, '100%.jpg');
    });

    it('may name parameters like members of an object', () => {
        const { parameters } = readHeaderValue('x; __proto__=1; constructor=2');
        assert.deepEqual(Object.entries(parameters), [
            ['__proto__', '1'],
            ['constructor', '2'],
        ]);
    });
});

describe('a header line', () => {
    it('is a name, a colon and a value', () => {
        assert.deepEqual(readHeaderLine('Content-Length:39 '), ['content-length', '39']);
        assert.deepEqual(readHeaderLine('Content-Type : a: b'), ['content-type', 'a: b']);
        for (const line of ['no colon', ': no name', '<a b="c:d">', 'two words: x', '{"a": 1}'])
            assert.equal(readHeaderLine(line), undefined, line);
    });

    it('is UTF-8 where it can be, else taken byte by byte', () => {
        assert.equal(decodeHeaderLine(Buffer.from('name: Portão')), 'name: Portão');
        assert.equal(decodeHeaderLine(raw('name: Port\xe3o')), 'name: Portão');
    });

    it('counts once: of two with one name the first', () => {
        const lines = new HeaderLines();
        lines.add(raw('Content-Type: image/jpeg'));
        lines.add(raw('content-type: text/plain'));
        assert.equal(lines.describe().contentType, 'image/jpeg');
        assert.equal(lines.count, 2);
    });
});

describe('the description of a part', () => {
    const describeOne = (name: string, value: string) => describeHeaders({ [name]: value });

    it('tells lengths from nonsense', () => {
        assert.equal(describeOne('content-length', '516').contentLength, 516);
        assert.equal(describeOne('content-length', '39;x').contentLength, 39);
        for (const nonsense of ['-1', 'x', '', '99999999999999999999'])
            assert.equal(describeOne('content-length', nonsense).contentLength, undefined, nonsense);
    });

    it('tells what a type promises', () => {
        const promises = {
            'application/xml': 'document',
            'text/xml; charset=utf-8': 'document',
            'application/JSON': 'document',
            'application/problem+json': 'document',
            'text/plain': 'text',
            'text/html': 'text',
            'image/pjpeg': 'binary',
            'application/octet-stream': 'binary',
            '': 'unknown',
        };
        for (const [type, promised] of Object.entries(promises))
            assert.equal(describeOne('content-type', type).typeClass, promised, type);
    });

    it('takes a Content-ID with angle brackets or without', () => {
        assert.equal(describeOne('content-id', '<pId>').contentId, 'pId');
        assert.equal(describeOne('content-id', 'pictureImage').contentId, 'pictureImage');
    });
});
