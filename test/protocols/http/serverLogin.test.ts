import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parseChallenges } from '../../../protocols/http/challenge';
import { digestAuthorization, readDigestChallenge } from '../../../protocols/http/digest';
import { type DigestAlgorithm, ServerLogin, type ServerLoginOptions } from '../../../protocols/http/serverLogin';
import { curl, curlMissing } from './support/curl';

const USER = { username: 'porteiro', password: 'Olá "Vigia"\\1' };

function server(options: Partial<ServerLoginOptions> = {}): ServerLogin {
    return new ServerLogin({ ...USER, schemes: ['digest'], ...options });
}

/** Answers the first challenge of `subject` as a well-behaved client. */
function answer(
    subject: ServerLogin,
    nc = 1,
    input: Record<string, unknown> = {},
    challenge = subject.challenges()[0]!,
) {
    const readable = readDigestChallenge(parseChallenges(challenge)[0]!)!;
    return digestAuthorization(readable, { ...USER, method: 'POST', uri: '/alarm', cnonce: 'c', nc, ...input });
}

const call = (subject: ServerLogin, authorization: string | undefined, url = '/alarm') =>
    subject.check({ method: 'POST', url, authorization });

const outcome = (subject: ServerLogin, authorization: string | undefined, url = '/alarm') => {
    const verdict = call(subject, authorization, url);
    return verdict.accepted ? verdict.via : verdict.reason;
};

describe('who is let in', () => {
    test('the right digest in every algorithm', () => {
        for (const algorithm of ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess'] as DigestAlgorithm[]) {
            const subject = server({ algorithms: [algorithm] });
            assert.equal(outcome(subject, answer(subject)), 'digest', algorithm);
            assert.equal(outcome(subject, answer(subject, 1, { password: 'x' })), 'wrong', algorithm);
            assert.equal(outcome(subject, answer(subject, 1, { username: 'x' })), 'wrong', algorithm);
        }
    });

    test('Basic with any bytes in the password', () => {
        const subject = server({ schemes: ['basic'] });
        const token = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
        assert.equal(outcome(subject, token(`${USER.username}:${USER.password}`)), 'basic');
        assert.equal(outcome(subject, token(`${USER.username}:`)), 'wrong');
        assert.equal(outcome(subject, token('nothing')), 'malformed');
    });

    test('nobody without a login, with another scheme, or with rubbish', () => {
        const subject = server();
        assert.equal(outcome(subject, undefined), 'missing');
        assert.equal(outcome(subject, ''), 'missing');
        assert.equal(outcome(subject, 'Bearer abc'), 'scheme');
        assert.equal(outcome(subject, 'Basic cG9ydGVpcm86eA=='), 'scheme');
        for (const rubbish of [
            'Digest ',
            'Digest x',
            'Digest nonce="',
            'Digest username="a", nonce="b", uri="/alarm"',
        ]) {
            assert.equal(outcome(subject, rubbish), 'malformed', rubbish);
        }
    });

    test('a digest for another path, method or algorithm counts for nothing', () => {
        const subject = server({ algorithms: ['SHA-256'] });
        assert.equal(outcome(subject, answer(subject), '/alarm?x=1'), 'uri');
        assert.equal(outcome(subject, answer(subject, 1, { method: 'GET' })), 'wrong');
        const md5 = server({ algorithms: ['MD5'] });
        assert.equal(outcome(subject, answer(md5)), 'malformed');
    });

    test('an absolute uri in the digest is the same resource', () => {
        const subject = server();
        assert.equal(outcome(subject, answer(subject, 1, { uri: 'http://10.0.0.9:8080/alarm' })), 'digest');
    });

    test('opaque must come back as it went', () => {
        const subject = server({ opaque: 'o1' });
        assert.equal(outcome(subject, answer(subject)), 'digest');
        assert.equal(outcome(subject, answer(subject).replace('opaque="o1"', 'opaque="o2"')), 'malformed');
    });

    test('hashed and extended user names', () => {
        const subject = server({ username: 'Jäsøn' });
        const hashed = `${subject.challenges()[0]}, userhash=true`;
        assert.equal(outcome(subject, answer(subject, 1, { username: 'Jäsøn' }, hashed)), 'digest');
        const extended = `${subject.challenges()[0]}, charset=UTF-8`;
        assert.equal(outcome(subject, answer(subject, 1, { username: 'Jäsøn' }, extended)), 'digest');
        assert.equal(outcome(subject, answer(subject, 1, { username: 'jäsøn' }, extended)), 'wrong');
        const broken = answer(subject, 1, { username: 'Jäsøn' }, extended).replace('J%C3%A4', '%FF%ZZ%');
        assert.equal(outcome(subject, broken), 'wrong');
    });
});

describe('nonces', () => {
    test('one is good for many counts, each of them once, in almost any order', () => {
        const subject = server();
        const challenge = subject.challenges()[0]!;
        for (const nc of [1, 3, 2, 40, 39])
            assert.equal(outcome(subject, answer(subject, nc, {}, challenge)), 'digest');
        assert.equal(outcome(subject, answer(subject, 3, {}, challenge)), 'replayed');
        assert.equal(outcome(subject, answer(subject, 5_000, {}, challenge)), 'digest');
        assert.equal(
            outcome(subject, answer(subject, 41, {}, challenge)),
            'replayed',
            'too far behind to be told apart',
        );
        for (let nc = 5_001; nc < 5_600; nc += 1) {
            assert.equal(outcome(subject, answer(subject, nc, {}, challenge)), 'digest');
        }
        assert.equal(outcome(subject, answer(subject, 5_300, {}, challenge)), 'replayed');
    });

    test('an old one is stale only for somebody who knows the password', () => {
        let now = 0;
        const subject = server({
            nonceLifetime: 1_000,
            clock: { now: () => now, elapsed: () => now, after: () => () => undefined },
        });
        const right = answer(subject);
        const wrong = answer(subject, 1, { password: 'x' });
        now = 1_001;
        const verdict = call(subject, right);
        assert.equal(verdict.accepted, false);
        assert.ok(!verdict.accepted && verdict.reason === 'stale' && verdict.challenges[0]!.includes('stale=true'));
        assert.equal(outcome(subject, wrong), 'wrong');
    });

    test('one that is not ours, or was altered, is stale', () => {
        const subject = server();
        assert.equal(outcome(subject, answer(subject, 1, {}, server().challenges()[0]!)), 'stale');
        const challenge = subject.challenges()[0]!.replace(/nonce="(\w{16})\w/, 'nonce="$1f');
        assert.equal(outcome(subject, answer(subject, 1, {}, challenge)), 'stale');
        assert.equal(outcome(subject, answer(subject, 1, {}, challenge.replace(/nonce="\w+"/, 'nonce="zz"'))), 'stale');
    });

    test('a limited number of uses', () => {
        const subject = server({ nonceUses: 2 });
        const challenge = subject.challenges()[0]!;
        assert.deepEqual(
            [1, 2, 3].map((nc) => outcome(subject, answer(subject, nc, {}, challenge))),
            ['digest', 'digest', 'stale'],
        );
    });

    test('the form of RFC 2069 is good once where counts were offered, and freely where not', () => {
        const subject = server({ algorithms: ['MD5'] });
        const old = answer(subject, 1, {}, subject.challenges()[0]!.replace('qop="auth", ', ''));
        assert.deepEqual([outcome(subject, old), outcome(subject, old)], ['digest', 'stale']);
        const without = server({ algorithms: ['MD5'], qop: false });
        const same = answer(without);
        assert.deepEqual([outcome(without, same), outcome(without, same)], ['digest', 'digest']);
    });

    test('memory is bounded, and what was forgotten cannot be replayed', () => {
        const subject = server({ algorithms: ['MD5'] });
        const first = answer(subject);
        assert.equal(outcome(subject, first), 'digest');
        for (let i = 0; i < 1_100; i += 1) assert.equal(outcome(subject, answer(subject)), 'digest');
        assert.equal(outcome(subject, first), 'stale');
    });
});

describe('what is offered can look like any device', () => {
    test('algorithms, quotes, realm, opaque, no qop', () => {
        const subject = server({
            schemes: ['digest', 'basic'],
            algorithms: ['MD5', 'SHA-256'],
            quoteAlgorithm: true,
            qop: false,
            opaque: '',
            realm: 'DS-"2CD"',
        });
        const [md5, sha, basic] = subject.challenges();
        assert.match(md5!, /^Digest realm="DS-\\"2CD\\"", nonce="[0-9a-f]+", algorithm="MD5", opaque=""$/);
        assert.match(sha!, /algorithm="SHA-256"/);
        assert.match(basic!, /^Basic realm="DS-/);
    });
});

describe('curl', { skip: curlMissing }, () => {
    let subject = server();
    const listener = createServer((request, response) => {
        const { method = '', url = '', headers } = request;
        const verdict = subject.check({ method, url, authorization: headers.authorization });
        request.resume();
        if (!verdict.accepted) response.setHeader('WWW-Authenticate', verdict.challenges);
        response.writeHead(verdict.accepted ? 200 : 401).end();
    });
    let url = '';

    before(async () => {
        await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
        url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/alarm?a=1&b=c@d`;
    });
    after(() => listener.close());

    const login = ['--user', `${USER.username}:${USER.password}`];

    for (const algorithm of ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess'] as DigestAlgorithm[]) {
        test(`logs in with ${algorithm}`, async () => {
            subject = server({ algorithms: [algorithm] });
            assert.equal((await curl('--digest', ...login, '--data', 'x=1', url)).status, 200);
            assert.equal((await curl('--digest', '--user', 'porteiro:wrong', url)).status, 401);
        });
    }

    for (const algorithm of ['MD5', 'SHA-256'] as DigestAlgorithm[]) {
        test(`logs in with ${algorithm} in the form of RFC 2069, quoted and with opaque`, async () => {
            subject = server({ algorithms: [algorithm], qop: false, opaque: 'abc', quoteAlgorithm: true });
            assert.equal((await curl('--digest', ...login, url)).status, 200);
        });
    }

    test('logs in with Basic', async () => {
        subject = server({ schemes: ['basic'] });
        assert.equal((await curl('--basic', ...login, url)).status, 200);
        assert.equal((await curl('--basic', '--user', 'porteiro:wrong', url)).status, 401);
    });

    test('renews a stale nonce by itself', async () => {
        let glances = 0;
        const glance = () => (glances++ === 0 ? 0 : 10_000);
        const clock = { now: glance, elapsed: glance, after: () => () => undefined };
        subject = server({ algorithms: ['MD5'], nonceLifetime: 1_000, clock });
        const { status, trace } = await curl('--digest', ...login, url);
        assert.equal(status, 200);
        assert.match(trace, /stale=true/);
    });
});
