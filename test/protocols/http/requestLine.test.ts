import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostHeader, readHost, requestHeaders, requestMethod, requestPath } from '../../../protocols/http/requestLine';

const CONFIG = { code: 'CONFIG_INVALID' };

test('what devices mean stays as it is', () => {
    for (const path of [
        '/ISAPI/Streaming/channels/101/picture?videoResolutionWidth=1920&x=1',
        '/LOCALS/pic/acsLinkCap/202307_00/20_155313_30075_0.jpeg@WEB000000000011',
        '/cgi-bin/configManager.cgi?action=setConfig&VideoInOptions[0].Mirror=true',
        "/a%20b%zz/+;,~!$()*'{}|^`<>",
    ]) {
        assert.equal(requestPath(path), path);
    }
});

test('spaces, quotes, backslashes, # and everything beyond ASCII are escaped as UTF-8', () => {
    assert.equal(requestPath('/a b?n="x"#1\\'), '/a%20b?n=%22x%22%231%5C');
    assert.equal(requestPath('/São/人'), '/S%C3%A3o/%E4%BA%BA');
});

test('line breaks and other control characters never reach the wire', () => {
    for (const path of ['/a\r\nX: 1', '/a\nb', '/\0', '/a\tb', '/\x7f']) assert.throws(() => requestPath(path), CONFIG);
    for (const path of ['', 'ISAPI', 'http://other/', '*']) assert.throws(() => requestPath(path), CONFIG);
});

test('methods are words', () => {
    assert.equal(requestMethod(), 'GET');
    assert.equal(requestMethod(' put '), 'PUT');
    for (const method of ['', 'GET /', 'G\r\nX: 1', 'CONNECT']) assert.throws(() => requestMethod(method), CONFIG);
});

test('headers keep their values in UTF-8 and lose what the client writes itself', () => {
    const headers = requestHeaders({
        'X-Nome': 'João',
        Host: 'evil',
        Authorization: 'Basic x',
        expect: '100-continue',
    });
    assert.deepEqual(headers, { 'X-Nome': Buffer.from('João').toString('latin1') });
});

test('headers are spelled as other clients do, for firmware that looks at the letters; the last of two counts', () => {
    const headers = requestHeaders({ 'content-type': 'a', SOAPAction: 'x', 'Content-Type': 'b' });
    assert.deepEqual(headers, { 'Content-Type': 'b', SOAPAction: 'x' });
});

test('a header with a line break is refused, and its value is not repeated', () => {
    const check = (error: Error) => {
        assert.match(error.message, /headers/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
    };
    assert.throws(() => requestHeaders({ 'X-A': 'secret\r\nX-B: 1' }), check);
    assert.throws(() => requestHeaders({ 'X-A: secret\r\nX': '1' }), check);
    assert.throws(() => requestHeaders({ '': '1' }), CONFIG);
});

test('hosts: names and addresses, nothing else', () => {
    assert.equal(readHost(' camera.lan '), 'camera.lan');
    assert.equal(readHost('[::1]'), '::1');
    assert.equal(readHost('câmera.lan'), 'xn--cmera-3qa.lan');
    assert.equal(readHost('my_camera'), 'my_camera');
    assert.equal(readHost('fe80::1%eth0'), 'fe80::1%eth0');
    assert.throws(() => readHost(''), { code: 'HOST_MISSING' });
    assert.throws(() => readHost(undefined), { code: 'HOST_MISSING' });
    for (const host of ['http://x', 'x/y', 'a b', 'x:80', 'user@x', 'a\r\nb'])
        assert.throws(() => readHost(host), CONFIG, host);
});

test('the Host header names the port when it is not the usual one, and brackets IPv6', () => {
    assert.equal(hostHeader('camera', 80, false), 'camera');
    assert.equal(hostHeader('camera', 80, true), 'camera:80');
    assert.equal(hostHeader('::1', 8443, true), '[::1]:8443');
    assert.equal(hostHeader('fe80::1%eth0', 443, true), '[fe80::1]');
});
