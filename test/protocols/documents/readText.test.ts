import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeText } from '../../../protocols/documents/readText';

describe('decodeText', () => {
    it('reads UTF-8 unless something else is declared', () => {
        const bytes = Buffer.from('Portão 入口');
        for (const declared of [undefined, 'utf-8', '"UTF-8"', 'utf8', '']) {
            assert.deepEqual(decodeText(bytes, declared), { text: 'Portão 入口', guessed: false });
        }
    });

    it('believes a charset that the device declares', () => {
        assert.deepEqual(decodeText(Buffer.from([0xc8, 0xeb, 0xbf, 0xda]), 'gb2312'), { text: '入口', guessed: false });
        assert.deepEqual(decodeText(Buffer.from([0x50, 0xe3, 0x6f]), 'ISO-8859-1'), { text: 'Pão', guessed: false });
    });

    it('reads UTF-8 when the declared charset does not exist', () => {
        assert.deepEqual(decodeText(Buffer.from('Pão'), 'x-no-such-set'), { text: 'Pão', guessed: false });
    });

    it('leaves the damage visible where the bytes are not UTF-8 and nobody said what they are', () => {
        assert.deepEqual(decodeText(Buffer.from([0x41, 0xa7, 0x42]), 'UTF-8'), { text: 'A\ufffdB', guessed: true });
    });

    it('reads such bytes in the set that was chosen for the device', () => {
        assert.deepEqual(decodeText(Buffer.from([0x41, 0xa7, 0x42]), 'UTF-8', 'windows-1252'), {
            text: 'A§B',
            guessed: true,
        });
        assert.equal(decodeText(Buffer.from([0xc8, 0xeb]), undefined, 'gb18030').text, '入');
    });

    it('does not take a replacement character that was really sent for damage', () => {
        assert.deepEqual(decodeText(Buffer.from('A\ufffdB'), 'utf-8', 'gb18030'), { text: 'A\ufffdB', guessed: false });
    });

    it('lets a byte order mark decide and leaves it out', () => {
        assert.equal(decodeText(Buffer.from('\ufeff<a/>', 'utf8')).text, '<a/>');
        assert.equal(decodeText(Buffer.from('\ufeff<a/>', 'utf16le')).text, '<a/>');
        assert.equal(decodeText(Buffer.from('\ufeff<a/>', 'utf16le').swap16(), 'utf-8').text, '<a/>');
    });

    it('reads nothing as nothing', () => {
        assert.deepEqual(decodeText(Buffer.alloc(0)), { text: '', guessed: false });
    });
});
