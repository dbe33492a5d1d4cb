import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import busboy from 'busboy';
import { boundaryOf } from '../../../protocols/multipart/boundary';
import { Random, seedOfRun } from '../../support/random';
import { splitEveryWay } from '../../support/splitting';
import { jpeg, jsonEvent, raw, xmlEvent } from '../../support/wireBytes';

const BEGINNINGS = ['<', '<a', '<a>', '<?', '<!--', '{', '{"', '{"a":', '[', '[1', '[{"', '["', '{}', '[]', '<a/>'];

interface Field {
    name: string;
    filename: string | undefined;
    body: Buffer;
}

/** What busboy makes of a form. */
async function readWithBusboy(contentType: string, body: Buffer): Promise<Field[]> {
    const fields: Field[] = [];
    const reader = busboy({
        headers: { 'content-type': contentType },
        defCharset: 'latin1',
        defParamCharset: 'utf8',
        preservePath: true,
    });
    reader.on('field', (name, value) => fields.push({ name, filename: undefined, body: raw(value) }));
    reader.on('file', (name, file, { filename }) => {
        const field: Field = { name, filename, body: Buffer.alloc(0) };
        fields.push(field);
        const chunks: Buffer[] = [];
        file.on('data', (chunk: Buffer) => chunks.push(chunk));
        file.on('end', () => {
            field.body = Buffer.concat(chunks);
        });
    });
    const closed = once(reader, 'close');
    reader.end(body);
    await closed;
    return fields;
}

function readWithSplitter(contentType: string, body: Buffer): Field[] {
    const split = splitEveryWay(body, { boundary: boundaryOf(contentType) });
    assert.deepEqual(split.faults, []);
    return split.parts.map((part) => ({ name: part.name ?? '', filename: part.filename, body: part.body }));
}

/** One POST of curl, as it arrives. */
async function captureCurl(form: string[]): Promise<{ contentType: string; body: Buffer }> {
    const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
            server.emit('captured', { contentType: request.headers['content-type'], body: Buffer.concat(chunks) });
            response.end();
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const captured = once(server, 'captured');
    await promisify(execFile)('curl', ['-sS', ...form.flatMap((part) => ['-F', part]), url]);
    const [capture] = await captured;
    server.close();
    return capture;
}

function isInstalled(command: string): boolean {
    try {
        execFileSync(command, ['--version'], { stdio: 'ignore' });
        return true;
    } catch {
        return false;
    }
}

describe('well-formed forms', () => {
    it('of curl are read as busboy reads them', {
        skip: isInstalled('curl') ? false : 'curl is not installed',
    }, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'vigia-form-'));
        try {
            writeFileSync(join(folder, 'event.xml'), xmlEvent('VMD').trimEnd());
            writeFileSync(join(folder, 'picture.jpg'), jpeg(40_000));
            writeFileSync(join(folder, 'noise.bin'), new Random(3).bytes(70_000));
            writeFileSync(join(folder, 'empty.bin'), '');
            const { contentType, body } = await captureCurl([
                `VMD=@${folder}/event.xml;type=application/xml`,
                `AccessControllerEvent=${jsonEvent(5).replaceAll(/\s/g, '')};type=application/json`,
                'plate=007 "ABC"',
                'blanks=  --x  ',
                'nothing=',
                `detectionPicture=@${folder}/picture.jpg;filename="a b.jpg"`,
                `noise=@${folder}/noise.bin`,
                `empty=@${folder}/empty.bin`,
            ]);
            const fields = readWithSplitter(contentType, body);
            assert.equal(fields.length, 8);
            assert.deepEqual(fields, await readWithBusboy(contentType, body));
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    const seed = seedOfRun();
    it(`of any content are read as busboy reads them (VIGIA_SEED=${seed})`, async () => {
        const random = new Random(seed);
        for (let run = 0; run < 60; run += 1) {
            const boundary = `${'-'.repeat(random.integer(0, 28))}${random.integer(1, 1e9)}`;
            const parts = Array.from({ length: random.integer(1, 6) }, (_, index) => {
                const [type, body] = random.pick([
                    ['application/xml', raw(xmlEvent('VMD').trimEnd())],
                    ['application/json', raw(jsonEvent(index))],
                    ['image/jpeg', jpeg(random.integer(100, 9000), seed + run)],
                    ['application/octet-stream', random.bytes(random.integer(0, 5000))],
                    // What begins as a document is one only where it can be read as one.
                    ['application/octet-stream', raw(random.pick(BEGINNINGS), random.bytes(random.integer(40, 5000)))],
                ] as [string, Buffer][]);
                const name = `form-data; name="part ${index}"; filename="${random.pick(['a.jpg', 'b;c.xml', 'Portão.jpg'])}"`;
                const head = `--${boundary}\r\nContent-Disposition: ${Buffer.from(name).toString('latin1')}\r\n`;
                return raw(head, `Content-Type: ${type}\r\n\r\n`, body, '\r\n');
            });
            const bytes = raw(...parts, `--${boundary}--\r\n`);
            const contentType = `multipart/form-data; boundary=${boundary}`;
            assert.deepEqual(
                readWithSplitter(contentType, bytes),
                await readWithBusboy(contentType, bytes),
                `run ${run}`,
            );
        }
    });
});

describe('busboy, and why it does not do', () => {
    it('refuses multipart/mixed, the type of every event stream', () => {
        assert.throws(() => busboy({ headers: { 'content-type': 'multipart/mixed; boundary=boundary' } }));
    });

    it('drops a part without Content-Disposition, which is every part of an event stream', async () => {
        const body = raw(`--b\r\nContent-Type: application/xml\r\n\r\n${xmlEvent('VMD')}\r\n--b--\r\n`);
        assert.deepEqual(await readWithBusboy('multipart/form-data; boundary=b', body), []);
        assert.equal(readWithSplitter('multipart/form-data; boundary=b', body).length, 1);
    });
});
