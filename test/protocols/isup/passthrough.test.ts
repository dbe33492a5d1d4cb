import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../../protocols/clock';
import { Fault } from '../../../protocols/errors';
import { readAlarmBody } from '../../../protocols/isup/alarmBody';
import { seal } from '../../../protocols/isup/envelope';
import { writePublish } from '../../../protocols/isup/mqtt';
import { Passthrough } from '../../../protocols/isup/passthrough';
import { ManualClock } from '../../support/manualClock';
import { identity, vectors, wire } from './vectors';

function passthrough(clock: Clock = new ManualClock(), seq = 0) {
    const sent: { seq: number; body: string }[] = [];
    const through = new Passthrough((number, body) => sent.push({ seq: number, body: body.toString() }), clock, seq);
    return { through, sent };
}

const get = (path: string, timeout = 5000) => ({ method: 'GET', path, timeout });

describe('ISAPI through the session', () => {
    it('goes out as one line and comes back by its sequence number', async () => {
        const { through, sent } = passthrough();
        const answer = through.request(get('/ISAPI/System/deviceInfo'));
        assert.deepEqual(sent, [{ seq: 1, body: vectors.isapi_get_request!.body }]);
        const sealed = seal(identity.sessionKey, 1, sent[0]!.body);
        assert.deepEqual(writePublish('/Q00000001/5000/19713', sealed), wire('isapi_get_request'));
        assert.equal(through.answer(99, Buffer.from('foreign')), false);
        assert.equal(through.answer(1, Buffer.from(vectors.isapi_get_response!.body!)), true);
        assert.equal((await answer).toString(), vectors.isapi_get_response!.body);
        assert.equal(through.answer(1, Buffer.from('again')), false);
    });

    it('carries a body behind the line', () => {
        const { through, sent } = passthrough(undefined, 1);
        const [line, body] = vectors.isapi_put_request!.body!.split('\r\n') as [string, string];
        const [method, path] = line.split(' ') as [string, string];
        void through.request({ method, path, body: Buffer.from(body), timeout: 5000 });
        assert.deepEqual(sent, [{ seq: 2, body: vectors.isapi_put_request!.body }]);
        const sealed = seal(identity.sessionKey, 2, sent[0]!.body);
        assert.deepEqual(writePublish('/Q00000001/5000/19713', sealed), wire('isapi_put_request'));
    });

    it('asks one thing at a time, in order', async () => {
        const { through, sent } = passthrough();
        const first = through.request(get('/1'));
        const second = through.request(get('/2'));
        assert.equal(sent.length, 1);
        assert.equal(through.answer(2, Buffer.from('early')), false);
        through.answer(1, Buffer.from('one'));
        assert.equal(sent.length, 2);
        through.answer(2, Buffer.from('two'));
        assert.equal((await first).toString(), 'one');
        assert.equal((await second).toString(), 'two');
    });

    it('gives up after its timeout, goes on with the next, and lets a late answer pass', async () => {
        const clock = new ManualClock();
        const { through, sent } = passthrough(clock);
        const late = through.request(get('/late', 5000));
        const next = through.request(get('/next', 5000));
        const failed = assert.rejects(late, { code: 'RESPONSE_TIMEOUT' });
        clock.advance(5000);
        await failed;
        assert.equal(sent.length, 2);
        assert.equal(through.answer(1, Buffer.from('late')), false);
        through.answer(2, Buffer.from('next'));
        assert.equal((await next).toString(), 'next');
        assert.equal(clock.pending, 0);
    });

    it('numbers on after 2^32 − 1 with 1', () => {
        const { through, sent } = passthrough(undefined, 0xffff_fffe);
        void through.request(get('/a'));
        through.answer(0xffff_ffff, Buffer.alloc(0));
        void through.request(get('/b'));
        assert.deepEqual(
            sent.map((one) => one.seq),
            [0xffff_ffff, 1],
        );
    });

    it('fails whatever waits when the session ends, and what is asked afterwards', async () => {
        const clock = new ManualClock();
        const { through } = passthrough(clock);
        const all = [through.request(get('/1')), through.request(get('/2'))];
        const failed = Promise.all(all.map((one) => assert.rejects(one, { code: 'CONNECTION_LOST' })));
        through.close(new Fault('CONNECTION_LOST'));
        await failed;
        await assert.rejects(through.request(get('/3')), { code: 'CONNECTION_LOST' });
        assert.equal(clock.pending, 0);
    });

    it('can be aborted, waiting or under way, and then leaves nothing behind', async () => {
        const clock = new ManualClock();
        const { through, sent } = passthrough(clock);
        const abort = new AbortController();
        const all = [1, 2].map((n) => through.request({ ...get(`/${n}`), signal: abort.signal }));
        const failed = Promise.all(all.map((one) => assert.rejects(one, { code: 'CLOSED' })));
        abort.abort();
        await failed;
        assert.equal(sent.length <= 2, true);
        assert.equal(clock.pending, 0);
        await assert.rejects(through.request({ ...get('/3'), signal: abort.signal }), { code: 'CLOSED' });
    });

    it('refuses a path that would be two lines, and a queue without end', async () => {
        const { through } = passthrough();
        await assert.rejects(through.request(get('/a\r\nPUT /b')), { code: 'CONFIG_INVALID' });
        const waiting = Array.from({ length: 65 }, (_, n) => through.request(get(`/${n}`)).catch(() => undefined));
        await assert.rejects(through.request(get('/more')), { code: 'DEVICE_BUSY' });
        assert.equal(waiting.length, 65);
    });
});

describe('the body of an alarm', () => {
    it('is bare XML, bare JSON, or either behind an HTTP head', () => {
        const xml = readAlarmBody(Buffer.from(vectors.alarm_xml!.body!));
        assert.equal(xml.format, 'xml');
        assert.equal(xml.contentType, 'application/xml');
        assert.equal(readAlarmBody(Buffer.from(vectors.alarm_json!.body!)).format, 'json');
        const framed = readAlarmBody(Buffer.from(vectors.alarm_http_framed!.body!));
        assert.equal(framed.format, 'xml');
        assert.equal(framed.url, '/alarm');
        assert.equal(framed.content.toString(), vectors.alarm_xml!.body);
    });

    it('that is multi-part or nothing known is handed on as it came', () => {
        const parts = Buffer.from('--MIME_boundary\r\nContent-Type: image/jpeg\r\n\r\nxx\r\n--MIME_boundary--\r\n');
        assert.deepEqual(readAlarmBody(parts), { format: 'multipart', content: parts });
        const framed = Buffer.concat([
            Buffer.from('POST / HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\n\r\n'),
            Buffer.from('--b--'),
        ]);
        assert.equal(readAlarmBody(framed).contentType, 'multipart/form-data; boundary=b');
        for (const bytes of ['', 'POST without a head', 'POST / FTP\r\n\r\n', '\u0001\u0002']) {
            assert.equal(readAlarmBody(Buffer.from(bytes)).format, 'binary', bytes);
        }
    });
});
