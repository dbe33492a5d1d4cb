import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges, parseParameters } from '../../../protocols/http/challenge';
import { readDigestChallenge } from '../../../protocols/http/digest';

const read = (value: string | string[]): Record<string, string>[] =>
    parseChallenges(value).map(({ scheme, parameters }) => ({ scheme, ...parameters }));

test('one challenge of a camera', () => {
    assert.deepEqual(read('Digest qop="auth", realm="IP Camera(C2)", nonce="4d5", stale="FALSE"'), [
        { scheme: 'digest', qop: 'auth', realm: 'IP Camera(C2)', nonce: '4d5', stale: 'FALSE' },
    ]);
});

test('SHA-256 in a second header', () => {
    const headers = ['Digest realm="r", nonce="a", algorithm=MD5', 'Digest realm="r", nonce="b", algorithm=SHA-256'];
    assert.deepEqual(
        read(headers).map(({ nonce, algorithm }) => [nonce, algorithm]),
        [
            ['a', 'MD5'],
            ['b', 'SHA-256'],
        ],
    );
});

test('Digest, Digest and Basic merged on one line', () => {
    const line =
        'Digest realm="DS-2CD", qop="auth,auth-int", nonce="a,b", algorithm=SHA-256, ' +
        'Digest realm="DS-2CD", qop="auth", nonce="c", algorithm="MD5", Basic realm="DS-2CD"';
    assert.deepEqual(
        read(line).map(({ scheme, nonce }) => [scheme, nonce]),
        [
            ['digest', 'a,b'],
            ['digest', 'c'],
            ['basic', undefined],
        ],
    );
});

test('commas, equals signs, escapes and scheme words inside quotes are text', () => {
    assert.deepEqual(read('Digest realm="a, Basic realm=\\"x\\" \\\\", nonce="n=="'), [
        { scheme: 'digest', realm: 'a, Basic realm="x" \\', nonce: 'n==' },
    ]);
});

test('odd spacing, odd case, missing commas, empty values', () => {
    assert.deepEqual(read('  DIGEST\tRealm = "r"  NONCE= n1 ,, opaque="" ,qop=auth'), [
        { scheme: 'digest', realm: 'r', nonce: 'n1', opaque: '', qop: 'auth' },
    ]);
    assert.deepEqual(read('Digest , realm="r", nonce="n"'), [{ scheme: 'digest', realm: 'r', nonce: 'n' }]);
});

test('schemes that we do not know are named and do no harm', () => {
    const line = 'Negotiate, NTLM TlRMTVNTUAAB==, Digest realm="r", nonce="n", Bearer error="invalid_token"';
    assert.deepEqual(
        parseChallenges(line)
            .map(({ scheme }) => scheme)
            .filter((scheme) => scheme !== 'tlrmtvntuaab'),
        ['negotiate', 'ntlm', 'digest', 'bearer'],
    );
    assert.equal(parseChallenges(line).filter((challenge) => readDigestChallenge(challenge)).length, 1);
});

test('a lone word inside a challenge does not end it', () => {
    assert.deepEqual(read('Digest realm="r", rubbish, nonce="n"')[0], { scheme: 'digest', realm: 'r', nonce: 'n' });
});

test('the first of two equal parameters counts', () => {
    assert.deepEqual(read('Digest realm="r", nonce="n", nonce="m"'), [{ scheme: 'digest', realm: 'r', nonce: 'n' }]);
});

test('nonsense is skipped, never thrown, and takes no time', () => {
    for (const line of [
        '',
        ' ',
        ',,,',
        '=',
        '"',
        '"""',
        '= = =',
        'Digest',
        'Digest =',
        'Digest realm="open',
        '\\',
        'a=',
    ]) {
        const usable = parseChallenges(line).filter((challenge) => readDigestChallenge(challenge));
        assert.deepEqual(usable, [], line);
    }
    assert.deepEqual(parseChallenges(undefined), []);
    const started = performance.now();
    parseChallenges(`Digest ${'a="'.repeat(100_000)}`);
    parseChallenges('"'.repeat(100_000));
    parseChallenges(', '.repeat(100_000));
    assert.ok(performance.now() - started < 5_000);
});

test('parameter names of the prototype are only names', () => {
    const [challenge] = parseChallenges('Digest __proto__="x", constructor="y", realm="r", nonce="n"');
    assert.equal(Object.getPrototypeOf(challenge!.parameters), null);
    assert.equal(challenge!.parameters.constructor, 'y');
    assert.equal(({} as Record<string, unknown>).x, undefined);
});

test('Authentication-Info is a list of parameters without a scheme', () => {
    assert.equal(parseParameters('rspauth="ab", nextnonce="n2", qop=auth').nextnonce, 'n2');
});

test('what can be answered: MD5 and SHA-256, with or without -sess, whatever the spelling', () => {
    const hash = (algorithm: string) =>
        readDigestChallenge(parseChallenges(`Digest realm="r", nonce="n"${algorithm}`)[0]!);
    assert.deepEqual([hash('')?.hash, hash('')?.algorithm], ['MD5', undefined]);
    assert.deepEqual([hash(', algorithm=MD5')?.hash, hash(', algorithm="MD5"')?.algorithm], ['MD5', 'MD5']);
    assert.deepEqual(
        [hash(', algorithm=md5-sess')?.session, hash(', algorithm=md5-sess')?.algorithm],
        [true, 'md5-sess'],
    );
    assert.equal(hash(', algorithm=SHA-256')?.hash, 'SHA-256');
    assert.equal(hash(', algorithm=SHA-256-sess')?.session, true);
    assert.equal(hash(', algorithm=SHA-512-256'), undefined);
    assert.equal(hash(', algorithm=token'), undefined);
});

test('a challenge that could not be sent back is not answered', () => {
    assert.equal(readDigestChallenge(parseChallenges('Digest realm="a\x01", nonce="n"')[0]!), undefined);
    assert.equal(readDigestChallenge(parseChallenges('Digest realm="r", nonce="n", opaque="\x7f"')[0]!), undefined);
});

test('qop: auth, among others, absent; auth-int alone cannot be answered', () => {
    const qop = (value: string) => readDigestChallenge(parseChallenges(`Digest realm="r", nonce="n"${value}`)[0]!);
    assert.equal(qop(', qop="auth"')?.qop, 'auth');
    assert.equal(qop(', qop="auth-int, AUTH"')?.qop, 'auth');
    assert.equal(qop('')?.qop, undefined);
    assert.notEqual(qop(', qop=""'), undefined);
    assert.equal(qop(', qop="auth-int"'), undefined);
});

test('stale in every spelling', () => {
    const stale = (value: string) =>
        readDigestChallenge(parseChallenges(`Digest realm="r", nonce="n"${value}`)[0]!)?.stale;
    assert.deepEqual(
        ['', ', stale="FALSE"', ', stale=FALSE', ', stale=false', ', stale=true', ', stale="TRUE"'].map(stale),
        [false, false, false, false, true, true],
    );
});
