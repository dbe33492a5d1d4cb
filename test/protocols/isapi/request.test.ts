import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../../protocols/errors';
import type { HttpRequest, HttpResponse } from '../../../protocols/http/client';
import { readAnswer } from '../../../protocols/isapi/answer';
import { answerFault, meansUnsupported } from '../../../protocols/isapi/answerFault';
import { ask, httpRequest, type IsapiLink, isPhysical } from '../../../protocols/isapi/request';
import { responseStatus } from '../../../simulator/outcomes';
import { hastyClock } from '../../support/requests';

const answer = (body: string | Buffer, contentType = 'application/xml', statusCode = 200): HttpResponse => ({
    statusCode,
    headers: { 'content-type': contentType },
    body: Buffer.from(body),
});

/** A link that answers with one answer after the other and remembers what it was asked. */
function linkWith(...answers: (HttpResponse | Fault)[]): IsapiLink & { asked: HttpRequest[] } {
    const asked: HttpRequest[] = [];
    return {
        asked,
        async request(request) {
            asked.push(request);
            const next = answers[Math.min(asked.length, answers.length) - 1]!;
            if (next instanceof Fault) throw next;
            return next;
        },
        open: () => Promise.reject(new Fault('UNEXPECTED')),
    };
}

describe('a request', () => {
    it('is built as the endpoint wants it', () => {
        const json = httpRequest({ path: '/ISAPI/X?format=json', body: { A: { b: 1 } } });
        assert.deepEqual({ method: json.method, body: json.body }, { method: 'PUT', body: '{"A":{"b":1}}' });
        assert.match(json.headers!['Content-Type']!, /json/);
        const xml = httpRequest({ path: '/ISAPI/X', body: { A: { b: 1 } }, method: 'post' });
        assert.match(String(xml.body), /^<\?xml.*<A version="2\.0" xmlns="[^"]+"><b>1<\/b><\/A>$/s);
        const picture = httpRequest({ path: '/ISAPI/X', body: Buffer.from([1]) });
        assert.equal(picture.headers!['Content-Type'], 'application/octet-stream');
        assert.match(httpRequest({ path: '/X', body: '<A/>' }).headers!['Content-Type']!, /xml/);
    });

    it('without a body has none, and the time stamp of an inject node is none', () => {
        for (const body of [undefined, null, '', 1_700_000_000_000, true]) {
            const request = httpRequest({ path: '/ISAPI/System/reboot', method: 'PUT', body });
            assert.equal(request.body, undefined);
            assert.equal(request.headers!['Content-Type'], undefined);
        }
        assert.equal(httpRequest({ path: '/X', method: 'GET', body: '<A/>' }).body, undefined);
    });

    it('keeps a path as it is, and its query grows', () => {
        assert.equal(httpRequest({ path: '/a/b.jpeg@WEB1?x=1&y=2' }).path, '/a/b.jpeg@WEB1?x=1&y=2');
        assert.equal(
            httpRequest({ path: 'ISAPI/X?format=json', query: { name: 'São & Cia', list: [1, 2], none: undefined } })
                .path,
            '/ISAPI/X?format=json&name=S%C3%A3o%20%26%20Cia&list=1&list=2',
        );
        assert.equal(httpRequest({ path: '/a b/{channel}' }).path, '/a%20b/%7Bchannel%7D');
    });

    it('is refused before it is sent when it could go elsewhere or break the line', () => {
        for (const path of ['', 'http://192.0.2.1/x', '//192.0.2.1/x', '/x\r\nHost: y', '/x\ny']) {
            assert.throws(() => httpRequest({ path }), { code: 'PATH_INVALID' }, JSON.stringify(path));
        }
        assert.throws(() => httpRequest({ path: '/x', headers: { a: 'b\r\nc: d' } }), { code: 'REQUEST_INVALID' });
        assert.throws(() => httpRequest({ path: '/x', method: 'GET /y' }), { code: 'REQUEST_INVALID' });
        assert.equal(
            httpRequest({ path: '/x', headers: { Authorization: 'Basic x', Host: 'y' } }).headers!.Host,
            undefined,
        );
    });

    it('is repeated while the device is busy, after 2, 4 and 8 seconds', async () => {
        const busy = answer(responseStatus('deviceBusy', '/x', 'xml'), 'application/xml', 503);
        const clock = hastyClock();
        const link = linkWith(busy, busy, busy, answer('<A/>'));
        assert.equal((await ask(link, { path: '/x', method: 'PUT', body: '<A/>' }, clock)).statusCode, 200);
        assert.deepEqual(clock.waits, [2000, 4000, 8000]);
        await assert.rejects(ask(linkWith(busy), { path: '/x' }, hastyClock()), { code: 'DEVICE_BUSY' });
    });

    it('is repeated after a device error only where it reads', async () => {
        const failed = answer(responseStatus('deviceError', '/x', 'xml'));
        assert.equal(
            (await ask(linkWith(failed, failed, answer('<A/>')), { path: '/x' }, hastyClock())).statusCode,
            200,
        );
        const link = linkWith(failed);
        await assert.rejects(ask(link, { path: '/x', method: 'PUT', body: '<A/>' }, hastyClock()), {
            code: 'DEVICE_ERROR',
        });
        assert.equal(link.asked.length, 1);
    });

    it('is not repeated after a wrong password, a timeout or a refusal', async () => {
        for (const fault of [
            new Fault('AUTH_REJECTED'),
            new Fault('RESPONSE_TIMEOUT'),
            new Fault('CONNECTION_LOST'),
            answer(responseStatus('notSupport', '/x', 'json'), 'application/json', 403),
        ]) {
            const link = linkWith(fault);
            await assert.rejects(ask(link, { path: '/x' }, hastyClock()));
            assert.equal(link.asked.length, 1);
        }
    });

    it('that moves something is known by its path, also where the flow writes it itself', () => {
        for (const path of [
            '/ISAPI/AccessControl/RemoteControl/door/1',
            '/isapi/accesscontrol/remotecontrol/door/65535',
            '/ISAPI/System/IO/outputs/1/trigger',
            '/ISAPI/SecurityCP/control/disarm/1?format=json',
            '/ISAPI/VideoIntercom/callSignal?format=json',
        ]) {
            assert.equal(isPhysical({ method: 'PUT', path }), true, path);
            assert.equal(isPhysical({ method: 'GET', path }), false, path);
        }
        assert.equal(isPhysical({ path: '/cgi-bin/accessControl.cgi?action=openDoor&channel=1' }), true);
        assert.equal(isPhysical({ method: 'PUT', path: '/ISAPI/System/time' }), false);
    });

    it('ends its waiting when the node is closed', async () => {
        const busy = answer(responseStatus('deviceBusy', '/x', 'xml'));
        const ending = new AbortController();
        const asking = ask(linkWith(busy), { path: '/x', signal: ending.signal });
        setImmediate(() => ending.abort());
        await assert.rejects(asking, { code: 'CLOSED' });
    });
});

describe('an answer', () => {
    it('that is a refusal is one with HTTP 200, too, and says why in words', () => {
        const cases = [
            ['notSupport', 'NOT_SUPPORTED', /does not have the function/],
            ['lowPrivilege', 'FORBIDDEN', /permission/],
            ['deployExceedMax', 'NO_SLOT', /./],
            ['notActivated', 'NOT_ACTIVATED', /./],
            ['badContent', 'REQUEST_INVALID', /missing or out of range/],
        ] as const;
        for (const [outcome, code, words] of cases) {
            for (const form of ['xml', 'json'] as const) {
                const fault = answerFault(
                    answer(responseStatus(outcome, '/x', form), `application/${form}`),
                    '/x?p=secret',
                );
                assert.equal(fault?.code, code, `${outcome} ${form}`);
                assert.match(fault!.message, words);
                assert.ok(fault!.isapi?.subStatusCode);
                assert.doesNotMatch(fault!.message, /secret/);
            }
        }
    });

    it('that wants a restart is a success', () => {
        assert.equal(answerFault(answer(responseStatus('rebootRequired', '/x', 'xml')), '/x'), undefined);
        assert.equal(answerFault(answer(responseStatus('ok', '/x', 'json'), 'application/json'), '/x'), undefined);
    });

    it('without a document is judged by its HTTP status', () => {
        const codes = [403, 404, 405, 500, 501, 503].map(
            (status) => answerFault(answer('', 'text/html', status), '/x')?.code,
        );
        assert.deepEqual(codes, [
            'FORBIDDEN',
            'NOT_FOUND',
            'NOT_SUPPORTED',
            'HTTP_STATUS',
            'NOT_SUPPORTED',
            'DEVICE_BUSY',
        ]);
        const moved = { ...answer('', 'text/html', 302), headers: { location: 'https://192.0.2.1/?token=secret' } };
        assert.match(answerFault(moved, '/x')!.message, /https:\/\/192\.0\.2\.1\/\.$/);
    });

    it('of Dahua’s CGI says Error in words', () => {
        const refused = answer('Error\r\nBad Request!\r\n', 'text/plain', 400);
        assert.match(answerFault(refused, '/cgi-bin/x.cgi?y')!.message, /Bad Request!/);
        assert.equal(answerFault(answer('OK\r\n', 'text/plain'), '/cgi-bin/x.cgi'), undefined);
    });

    it('tells what a model cannot do from what a user may not', () => {
        const notSupport = answerFault(
            answer(responseStatus('notSupport', '/x', 'xml'), 'application/xml', 403),
            '/x',
        )!;
        const privilege = answerFault(
            answer(responseStatus('lowPrivilege', '/x', 'xml'), 'application/xml', 403),
            '/x',
        )!;
        const bare = answerFault(answer('', 'text/html', 403), '/x')!;
        assert.deepEqual([notSupport, privilege, bare].map(meansUnsupported), [true, false, true]);
    });

    it('is read by what it is and not by what it says to be', () => {
        assert.deepEqual(
            JSON.parse(
                JSON.stringify(readAnswer(answer('\ufeff <a:A xmlns:a="u"><b>007</b></a:A>', 'text/html'), 'auto')),
            ),
            {
                A: { b: '007' },
            },
        );
        assert.deepEqual(JSON.parse(JSON.stringify(readAnswer(answer('{"a":1}', 'text/plain'), 'auto'))), { a: 1 });
        const jpeg = Buffer.from([0xff, 0xd8, 0, 1]);
        for (const type of ['image/jpeg', 'application/octet-stream', 'text/html']) {
            assert.deepEqual(readAnswer(answer(jpeg, type), 'auto'), jpeg);
        }
        assert.equal(readAnswer(answer('CST-3:00:00', 'text/plain'), 'auto'), 'CST-3:00:00');
        assert.equal(
            readAnswer(answer('<html><body>x</body></html>', 'text/html'), 'auto'),
            '<html><body>x</body></html>',
        );
        assert.ok(Buffer.isBuffer(readAnswer(answer('<A/>'), 'buffer')));
        assert.equal(readAnswer(answer('<A/>'), 'text'), '<A/>');
        assert.throws(() => readAnswer(answer('hello', 'text/plain'), 'object'), { code: 'ANSWER_UNREADABLE' });
    });

    it('gives one entry as a list where the schema says list', () => {
        const text = '<L><xList size="7"><x><id>1</id></x></xList><yList/><a><b>1</b></a></L>';
        assert.deepEqual(JSON.parse(JSON.stringify(readAnswer(answer(text), 'auto'))), {
            L: { xList: { '@size': '7', x: [{ id: '1' }] }, yList: '', a: { b: '1' } },
        });
    });

    it('of key=value lines becomes an object, without a way to the prototype', () => {
        const text = 'table.A[0].B=1\r\ntable.A[1].B=x=y\r\nversion=2\r\n';
        assert.deepEqual(JSON.parse(JSON.stringify(readAnswer(answer(text, 'text/plain'), 'auto'))), {
            A: [{ B: '1' }, { B: 'x=y' }],
            version: '2',
        });
        assert.equal(readAnswer(answer('__proto__.x=1', 'text/plain'), 'auto'), '__proto__.x=1');
        assert.equal(readAnswer(answer('a[99999999].b=1', 'text/plain'), 'auto'), 'a[99999999].b=1');
    });
});
