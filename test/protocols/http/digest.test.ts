import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parseChallenges } from '../../../protocols/http/challenge';
import { type DigestInput, digestAuthorization, readDigestChallenge } from '../../../protocols/http/digest';

function answer(challenge: string, input: Partial<DigestInput> = {}): string {
    return digestAuthorization(readDigestChallenge(parseChallenges(challenge)[0]!)!, {
        username: 'admin',
        password: 'Vigia-1234',
        method: 'GET',
        uri: '/ISAPI/System/deviceInfo',
        nc: 1,
        cnonce: '0a4f113b',
        ...input,
    });
}

const field = (authorization: string, name: string) =>
    new RegExp(`(?:^|[ ,])${name}="?([^",]*)`).exec(authorization)?.[1];

const RFC7616 =
    'Digest realm="http-auth@example.org", qop="auth, auth-int", ' +
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const MUFASA = { username: 'Mufasa', password: 'Circle of Life', uri: '/dir/index.html' };
const RFC7616_CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

test('RFC 7616 §3.9.1 with MD5', () => {
    const authorization = answer(`${RFC7616}, algorithm=MD5`, { ...MUFASA, cnonce: RFC7616_CNONCE });
    assert.equal(field(authorization, 'response'), '8ca523f5e9506fed4657c9700eebdbec');
    assert.equal(field(authorization, 'opaque'), 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS');
    assert.match(authorization, /^Digest username="Mufasa", .*algorithm=MD5.*qop=auth, nc=00000001, cnonce="/);
});

test('RFC 7616 §3.9.1 with SHA-256', () => {
    const authorization = answer(`${RFC7616}, algorithm=SHA-256`, { ...MUFASA, cnonce: RFC7616_CNONCE });
    assert.equal(field(authorization, 'response'), '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
});

test('RFC 2617 §3.5', () => {
    const challenge =
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const authorization = answer(challenge, { ...MUFASA, password: 'Circle Of Life' });
    assert.equal(field(authorization, 'response'), '6629fae49393a05397450978507c4ef1');
    assert.equal(field(authorization, 'algorithm'), undefined, 'the algorithm is echoed only when it was sent');
});

test('RFC 2069 §2.4 (response as corrected by erratum 749): no qop, no nc, no cnonce', () => {
    const challenge =
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const authorization = answer(challenge, { ...MUFASA, password: 'CircleOfLife' });
    assert.equal(field(authorization, 'response'), '1949323746fe6a43ef61f9606e7febea');
    assert.doesNotMatch(authorization, /qop=|nc=|cnonce=/);
});

test('-sess mixes both nonces into the key', () => {
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const key = md5(`${md5('admin:r:Vigia-1234')}:n:0a4f113b`);
    const request = md5('GET:/ISAPI/System/deviceInfo');
    const withQop = answer('Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess');
    assert.equal(field(withQop, 'response'), md5(`${key}:n:00000001:0a4f113b:auth:${request}`));
    const without = answer('Digest realm="r", nonce="n", algorithm=MD5-sess');
    assert.equal(field(without, 'response'), md5(`${key}:n:${request}`));
    assert.equal(field(without, 'cnonce'), '0a4f113b', 'the server cannot check it without the cnonce');
});

test('opaque is echoed when it was sent, also when it was empty', () => {
    assert.match(answer('Digest realm="r", nonce="n", opaque=""'), /opaque=""/);
    assert.doesNotMatch(answer('Digest realm="r", nonce="n"'), /opaque/);
});

test('the algorithm keeps its spelling and has no quotes; nor have qop and nc', () => {
    const authorization = answer('Digest realm="r", nonce="n", qop="auth", algorithm="md5"', { nc: 26 });
    assert.match(authorization, /algorithm=md5[,]/);
    assert.match(authorization, /qop=auth, nc=0000001a/);
});

test('quotes and backslashes in names and realms are escaped in the header and plain in the hash', () => {
    const authorization = answer('Digest realm="a\\"b", nonce="n"', { username: 'o"ne\\two' });
    assert.match(authorization, /username="o\\"ne\\\\two", realm="a\\"b"/);
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    assert.equal(
        field(authorization.replace(/\\["\\]/g, ''), 'response'),
        md5(`${md5('o"ne\\two:a"b:Vigia-1234')}:n:${md5('GET:/ISAPI/System/deviceInfo')}`),
    );
});

test('names beyond ASCII travel as UTF-8, or as username* when the server names the charset', () => {
    const plain = answer('Digest realm="r", nonce="n"', { username: 'João', password: 'ção' });
    assert.match(Buffer.from(plain, 'latin1').toString('utf8'), /username="João"/);
    const named = answer('Digest realm="r", nonce="n", charset=UTF-8', { username: "Jäsøn D'oe" });
    assert.match(named, /username\*=UTF-8''J%C3%A4s%C3%B8n%20D%27oe,/);
});

test('a realm with bytes beyond ASCII is hashed as the bytes that came', () => {
    const wire = Buffer.from('Câmera', 'utf8').toString('latin1');
    const authorization = answer(`Digest realm="${wire}", nonce="n"`);
    const md5 = (text: string) => createHash('md5').update(text, 'utf8').digest('hex');
    assert.equal(
        field(authorization, 'response'),
        md5(`${md5('admin:Câmera:Vigia-1234')}:n:${md5('GET:/ISAPI/System/deviceInfo')}`),
    );
});

test('userhash only when it is asked for', () => {
    const authorization = answer('Digest realm="r", nonce="n", algorithm=SHA-256, userhash=true');
    const expected = createHash('sha256').update('admin:r').digest('hex');
    assert.match(authorization, new RegExp(`username="${expected}", userhash=true`));
    assert.doesNotMatch(answer('Digest realm="r", nonce="n", userhash=false'), /userhash/);
});

test('the query belongs to the uri', () => {
    const authorization = answer('Digest realm="r", nonce="n"', { uri: '/ISAPI/Event/x?format=json&a=1@2' });
    assert.equal(field(authorization, 'uri'), '/ISAPI/Event/x?format=json&a=1@2');
});
