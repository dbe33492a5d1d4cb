import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import { Camera } from '../../simulator/camera';
import { readRecordings, recordingOf } from '../../simulator/stream/recording';
import { postsOf, Replay, splitAtDelimiters } from '../../simulator/stream/replay';
import { ManualClock } from '../support/manualClock';
import { packageRoot } from '../support/packageRoot';
import { RawClient, STREAM_REQUEST } from './support';

const part = (text: string) =>
    `--hikboundary\r\nContent-Type: application/xml\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
const DUMP = Buffer.from(`${part('<A>\xe7</A>\r\n')}${part('<B/>\r\n')}--hikboundary\r\n${part('<C/>\r\n')}`, 'latin1');

describe('a replay', () => {
    const started: { close(): unknown }[] = [];
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), 'vigia-replay-'));
    });
    afterEach(async () => {
        for (const thing of started.splice(0).reverse()) await thing.close();
        rmSync(folder, { recursive: true });
    });

    /** A file or folder played by a camera over a clock that the test moves. */
    async function play(path: string, options: { loop?: boolean } = {}) {
        const clock = new ManualClock();
        const replay = new Replay({ ...readRecordings(path), ...options, clock });
        const camera = await new Camera({ replay, clock, login: { methods: 'none' } }).listen();
        started.push(camera);
        const client = new RawClient(camera.port, STREAM_REQUEST);
        started.push(client);
        await camera.streams.whenOpen();
        return { clock, camera, client, replay };
    }

    function file(name: string, content: Buffer | string): string {
        const path = join(folder, name);
        writeFileSync(path, content);
        return path;
    }

    it('plays a dump under its own boundary, one part a second, and changes no byte', async () => {
        const { clock, client, replay } = await play(file('dump.bin', DUMP));
        assert.equal(replay.length, 3);
        await client.until(({ body }) => body.includes('</A>'));
        assert.match(client.head, /boundary=hikboundary\r\n/);
        assert.ok(!client.body.includes('<B/>'));
        clock.advance(2000);
        await client.until(({ body }) => body.length >= DUMP.length);
        assert.ok(client.body.equals(DUMP));
        clock.advance(60_000);
        assert.equal(client.body.length, DUMP.length);
    });

    it('begins anew where it loops', async () => {
        const { clock, client } = await play(file('dump.bin', DUMP), { loop: true });
        clock.advance(5000);
        await client.until(({ body }) => body.length >= 2 * DUMP.length);
        assert.ok(client.body.equals(Buffer.concat([DUMP, DUMP])));
    });

    it('answers with a captured head, verbatim', async () => {
        const head =
            'HTTP/1.1 200 OK\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=hikboundary\r\n\r\n';
        const { client } = await play(file('annke.http', Buffer.concat([Buffer.from(head), DUMP])));
        await client.until(({ body }) => body.includes('</A>'));
        assert.equal(client.head, head);
    });

    it('wraps single bodies as parts, in the order of their names, without touching them', async () => {
        const xml = Buffer.from(
            '\r\n<EventNotificationAlert><channelName>\xa7</channelName></EventNotificationAlert>\r\n',
            'latin1',
        );
        file('1.xml', xml);
        file('2.json', '{"eventType":"heartBeat"}');
        file('3.jpg', Buffer.from('ffd8ffd9', 'hex'));
        file('notes.md', 'what these are');
        assert.deepEqual(readRecordings(folder).skipped, ['notes.md']);
        const { clock, client } = await play(folder);
        clock.advance(5000);
        await client.until(({ body }) => body.includes(Buffer.from('ffd8ffd9', 'hex')));
        const text = client.body.toString('latin1');
        assert.match(
            text,
            /^--MIME_boundary\r\nContent-Type: application\/xml; charset="UTF-8"\r\nContent-Length: \d+\r\n\r\n/,
        );
        assert.ok(client.body.includes(xml));
        assert.match(
            text,
            /application\/json.*\{"eventType":"heartBeat"\}\r\n--MIME_boundary\r\nContent-Type: image\/jpeg/s,
        );
    });

    it('sends no heartbeat of its own', async () => {
        const { clock, client } = await play(file('dump.bin', DUMP));
        clock.advance(120_000);
        await client.until(({ body }) => body.length >= DUMP.length);
        assert.ok(!client.body.includes('videoloss'));
    });

    it('stops with its stream', async () => {
        const { clock, camera, client } = await play(file('dump.bin', DUMP), { loop: true });
        camera.dropStreams();
        await client.ended;
        await camera.close();
        assert.equal(clock.pending, 0);
    });

    it('says what it cannot play', () => {
        const refused = (path: string, words: RegExp) =>
            assert.throws(
                () => readRecordings(path),
                (error: unknown) => error instanceof Fault && words.test(error.message),
            );
        refused(join(folder, 'none.bin'), /there is no file or folder/);
        refused(folder, /holds nothing that can be played/);
    });

    it('looks into folders of folders', () => {
        mkdirSync(join(folder, 'a'));
        file('a/1.xml', '<A/>');
        assert.deepEqual(
            readRecordings(folder).recordings.map(({ name }) => name),
            [join('a', '1.xml')],
        );
    });

    it('knows what a captured file is by its bytes', () => {
        const kinds: [string, string][] = [
            ['--b\r\n\r\n<A/>', 'stream'],
            ['HTTP/1.1 200 OK\r\n\r\n', 'response'],
            ['POST /alarm HTTP/1.1\r\n\r\n', 'request'],
            ['\ufeff \r\n<A/>', 'body'],
            ['[1]', 'body'],
            ['Content-Length: 3\r\n\r\n--b\r\n', 'bytes'],
            ['', 'bytes'],
        ];
        for (const [text, kind] of kinds) assert.equal(recordingOf('x', Buffer.from(text)).kind, kind, text);
    });

    it('cuts before delimiters, but neither within a doubled one nor before a closing one', () => {
        const bytes = Buffer.from('--b\r\n--b\r\nA\r\n--b\r\nB --b\r\n--b--\r\n');
        assert.deepEqual(splitAtDelimiters(bytes, 'b').map(String), [
            '--b\r\n--b\r\nA\r\n',
            '--b\r\nB --b\r\n--b--\r\n',
        ]);
    });

    it('can be posted: a captured POST and a form as a whole, a stream event by event', () => {
        const bodies = (bytes: Buffer) =>
            postsOf(recordingOf('x', bytes)).map(({ contentType, body }) => [contentType, String(body)]);
        const request = Buffer.from('POST /a HTTP/1.1\r\nContent-Type: text/xml\r\n\r\n<A/>');
        assert.deepEqual(bodies(request), [['text/xml', '<A/>']]);
        const form = Buffer.from('--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n<A/>\r\n--b--\r\n');
        assert.deepEqual(bodies(form), [['multipart/form-data; boundary=b', String(form)]]);
        assert.deepEqual(
            bodies(DUMP).map(([type]) => type),
            Array(3).fill('application/xml'),
        );
        assert.equal(bodies(DUMP)[1]![1], '<B/>\r\n');
        assert.deepEqual(bodies(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), []);
    });
});

const samples = process.env.VIGIA_SAMPLES ?? join(packageRoot, '..', 'shared', 'samples');

describe('captured traffic', { skip: !existsSync(samples) && 'the samples are not here' }, () => {
    it('comes out of the simulator byte for byte', async () => {
        for (const name of [
            'hs_cam_first120.recon.bin',
            'sp_K1T342MWX_replay_first16.recon.bin',
            'pyhik62_mixed.recon.bin',
        ]) {
            const path = join(samples, 'alertstream', name);
            const replay = new Replay({ ...readRecordings(path), interval: 0 });
            const camera = await new Camera({ replay, login: { methods: 'none' } }).listen();
            const client = new RawClient(camera.port, STREAM_REQUEST);
            const expected = readFileSync(path);
            await client.until(({ body }) => body.length >= expected.length);
            assert.ok(client.body.equals(expected), name);
            client.close();
            await camera.close();
        }
    });
});
