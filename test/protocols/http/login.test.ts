import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock } from '../../../protocols/clock';
import { parseChallenges } from '../../../protocols/http/challenge';
import { type Credentials, Login, type LoginSettings, type Refusal } from '../../../protocols/http/login';
import { ServerLogin, type ServerLoginOptions } from '../../../protocols/http/serverLogin';

const USER = { username: 'admin', password: 'Vigia-1234' };
const INFO = { method: 'GET', uri: '/ISAPI/System/deviceInfo' };

const login = (settings: Partial<LoginSettings> = {}) => new Login({ auth: 'auto', ...USER, ...settings });

function answered(refusal: Refusal): Credentials {
    assert.equal(refusal.next, 'answer');
    return (refusal as { credentials: Credentials }).credentials;
}

function stopped(refusal: Refusal): string {
    assert.equal(refusal.next, 'stop');
    return (refusal as { fault: { code: string } }).fault.code;
}

const refuse = (subject: Login, header: string | string[], sent?: Credentials) =>
    subject.refused(sent, parseChallenges(header), INFO);

describe('what is chosen', () => {
    const md5 = 'Digest realm="r", nonce="m", qop="auth", algorithm=MD5';
    const sha = 'Digest realm="r", nonce="s", qop="auth", algorithm=SHA-256';
    const basic = 'Basic realm="r"';

    test('SHA-256 before MD5 before Basic, in any order of the offers', () => {
        assert.equal(answered(refuse(login(), [md5, basic, sha])).kind.hash, 'SHA-256');
        assert.equal(answered(refuse(login(), `${basic}, ${md5}`)).kind.hash, 'MD5');
        assert.equal(answered(refuse(login(), basic)).kind.kind, 'basic');
    });

    test('the plain form before -sess', () => {
        const offers = ['Digest realm="r", nonce="x", algorithm=SHA-256-sess', sha];
        assert.match(answered(refuse(login(), offers)).authorization, /algorithm=SHA-256,/);
    });

    test('Basic over plain HTTP only when nothing else is offered, and it says that it is readable', () => {
        const weak = 'Digest realm="r", nonce="n", algorithm=SHA-512-256';
        assert.equal(stopped(refuse(login(), [weak, basic])), 'AUTH_UNSUPPORTED');
        assert.equal(answered(refuse(login({ secure: true }), [weak, basic])).kind.cleartext, false);
        assert.equal(answered(refuse(login(), basic)).kind.cleartext, true);
    });

    test('the setting “digest” never sends the password readably, nor does “basic” answer a digest', () => {
        assert.equal(stopped(refuse(login({ auth: 'digest', secure: true }), basic)), 'AUTH_UNSUPPORTED');
        assert.equal(stopped(refuse(login({ auth: 'basic' }), md5)), 'AUTH_UNSUPPORTED');
        assert.equal(answered(refuse(login({ auth: 'basic' }), [md5, basic])).kind.kind, 'basic');
    });

    test('“basic” by name goes to an old device that offers nothing', () => {
        assert.equal(answered(login({ auth: 'basic' }).refused(undefined, [], INFO)).kind.kind, 'basic');
        assert.equal(stopped(login().refused(undefined, [], INFO)), 'AUTH_UNSUPPORTED');
    });

    test('“none” answers nothing and says what was offered', () => {
        const refusal = refuse(login({ auth: 'none' }), [md5, basic]);
        assert.equal(stopped(refusal), 'AUTH_UNSUPPORTED');
        assert.match((refusal as { fault: Error }).fault.message, /digest MD5 auth; basic/);
    });

    test('without user name or password nothing is sent', () => {
        assert.equal(stopped(refuse(login({ password: '' }), md5)), 'AUTH_MISSING');
        assert.equal(stopped(refuse(login({ username: undefined }), basic)), 'AUTH_MISSING');
        assert.equal(login({ password: undefined }).possible, false);
    });

    test('auth-int alone is named as what it is', () => {
        const refusal = refuse(login(), 'Digest realm="r", nonce="n", qop="auth-int"');
        assert.match((refusal as { fault: Error }).fault.message, /digest MD5 auth-int/);
    });

    test('Basic sends UTF-8, and no name with a colon', () => {
        const sent = answered(refuse(login({ password: 'ção' }), basic));
        assert.equal(Buffer.from(sent.authorization.slice(6), 'base64').toString('utf8'), 'admin:ção');
        assert.equal(stopped(refuse(login({ username: 'a:b' }), basic)), 'CONFIG_INVALID');
    });
});

/** A device in memory: the server side of the login plus the quirk under test; counts what reaches it. */
class Bench {
    readonly exchanges: string[] = [];
    now = 1_000_000;
    readonly clock: Clock = { now: () => this.now, elapsed: () => this.now, after: () => () => undefined };
    readonly subject: Login;
    readonly server: ServerLogin;

    constructor(
        server: Partial<ServerLoginOptions> = {},
        private readonly quirk: (authorization: string, uri: string) => 'bare' | 'anew' | undefined = () => undefined,
        settings: Partial<LoginSettings> = {},
    ) {
        this.subject = login({ clock: this.clock, ...settings });
        this.server = new ServerLogin({ ...USER, schemes: ['digest'], clock: this.clock, ...server });
    }

    /** One request as a client makes it; ends with `ok` or with what the login says. */
    request(uri = INFO.uri): string {
        const target = { method: 'GET', uri };
        let sent = this.subject.prepare(target);
        for (let round = 0; round < 6; round += 1) {
            const answer = this.#serve(sent?.authorization, uri);
            if (answer === 'ok') {
                this.subject.accepted(sent, target);
                return 'ok';
            }
            const refusal = this.subject.refused(sent, parseChallenges(answer), target);
            if (refusal.next === 'stop') return refusal.fault.code;
            if (refusal.next === 'wrong') return 'wrong';
            sent = refusal.next === 'answer' ? refusal.credentials : undefined;
        }
        return 'endless';
    }

    #serve(authorization: string | undefined, uri: string): 'ok' | string[] {
        this.exchanges.push(authorization === undefined ? 'ask' : 'login');
        const special = authorization === undefined ? undefined : this.quirk(authorization, uri);
        if (special) return special === 'bare' ? [] : this.server.challenges();
        const verdict = this.server.check({ method: 'GET', url: uri, authorization });
        return verdict.accepted ? 'ok' : verdict.challenges;
    }
}

const nonceOf = (authorization: string) => /nonce="([^"]*)"/.exec(authorization)![1]!;

describe('how often a device is asked', () => {
    test('an ordinary device: one challenge, then one exchange a request, whatever the path', () => {
        const bench = new Bench();
        for (let i = 0; i < 20; i += 1) assert.equal(bench.request(`/ISAPI/x/${i % 5}?n=${i}`), 'ok');
        assert.equal(bench.exchanges.length, 21);
        assert.deepEqual(bench.subject.last, { kind: 'digest', hash: 'SHA-256', cleartext: false });
    });

    test('nc counts up on one nonce', () => {
        const seen: string[] = [];
        const bench = new Bench({}, (authorization) => {
            seen.push(/nc=(\w+)/.exec(authorization)![1]!);
            return undefined;
        });
        for (let i = 0; i < 3; i += 1) bench.request();
        assert.deepEqual(seen, ['00000001', '00000002', '00000003']);
    });

    test('a device without qop takes the same nonce again and again', () => {
        const bench = new Bench({ qop: false, algorithms: ['MD5'] });
        for (let i = 0; i < 20; i += 1) assert.equal(bench.request(`/p/${i}`), 'ok');
        assert.equal(bench.exchanges.length, 21);
    });

    test('Basic is asked for once and then sent at once', () => {
        const bench = new Bench({ schemes: ['basic'] });
        for (let i = 0; i < 20; i += 1) assert.equal(bench.request(), 'ok');
        assert.equal(bench.exchanges.length, 21);
        assert.equal(bench.subject.last?.cleartext, true);
    });

    test('a nonce that grew old is renewed in one more exchange and is no failure', () => {
        const bench = new Bench({ nonceLifetime: 1_000 });
        bench.request();
        bench.now += 2_000;
        assert.equal(bench.request(), 'ok');
        assert.deepEqual(bench.exchanges, ['ask', 'login', 'login', 'login']);
    });

    test('an old nonce answered with a new challenge, but not called stale, is no failure and teaches nothing', () => {
        const given = new Map<string, number>();
        const bench = new Bench({}, (authorization) => {
            const nonce = nonceOf(authorization);
            if (!given.has(nonce)) given.set(nonce, bench.now);
            return bench.now - given.get(nonce)! > 300_000 ? 'anew' : undefined;
        });
        for (let pause = 0; pause < 4; pause += 1) {
            assert.equal(bench.request(`/p/${pause}`), 'ok');
            bench.now += 600_000;
        }
        bench.exchanges.length = 0;
        for (let i = 0; i < 20; i += 1) assert.equal(bench.request(`/q/${i}`), 'ok');
        assert.equal(bench.exchanges.length, 21);
    });

    test('a nonce that is good for one path only: learnt after one refusal', () => {
        const home = new Map<string, string>();
        const bench = new Bench({}, (authorization, uri) => {
            const nonce = nonceOf(authorization);
            const path = uri.split('?')[0]!;
            if (!home.has(nonce)) home.set(nonce, path);
            return home.get(nonce) === path ? undefined : 'anew';
        });
        for (let round = 0; round < 5; round += 1) {
            for (const path of ['/a', '/b', '/c', '/d']) assert.equal(bench.request(`${path}?r=${round}`), 'ok');
        }
        // 20 requests, a challenge for each of the four paths; the first stranger costs no more than that.
        assert.equal(bench.exchanges.length, 24);
    });

    test('a nonce good for three uses, then a bare 401 (DS-KV6124): always recovered, and learnt', () => {
        const uses = new Map<string, number>();
        let bare = 0;
        const bench = new Bench({}, (authorization) => {
            const nonce = nonceOf(authorization);
            uses.set(nonce, (uses.get(nonce) ?? 0) + 1);
            if (uses.get(nonce)! <= 3) return undefined;
            bare += 1;
            return 'bare';
        });
        for (let i = 0; i < 60; i += 1) assert.equal(bench.request(`/p/${i % 4}`), 'ok');
        assert.equal(bare, 2, 'after two equal refusals the nonce is given up in time');
        assert.equal(bench.exchanges.length, 60 + 20 + 2);
    });

    test('a nonce good for a single use costs two exchanges a request, not three', () => {
        const used = new Set<string>();
        const bench = new Bench({}, (authorization) => {
            const nonce = nonceOf(authorization);
            if (used.has(nonce)) return 'bare';
            used.add(nonce);
            return undefined;
        });
        for (let i = 0; i < 30; i += 1) assert.equal(bench.request(`/p/${i}`), 'ok');
        assert.ok(bench.exchanges.length <= 60 + 3, String(bench.exchanges.length));
    });

    test('a server that names the next nonce is followed', () => {
        const bench = new Bench({ algorithms: ['MD5'] });
        bench.request();
        const [next] = parseChallenges(bench.server.challenges()[0]!);
        const sent = bench.subject.prepare(INFO)!;
        bench.subject.accepted(sent, INFO, `nextnonce="${next!.parameters.nonce}"`);
        const following = bench.subject.prepare(INFO)!;
        assert.equal(nonceOf(following.authorization), next!.parameters.nonce);
        assert.match(following.authorization, /nc=00000001/);
    });
});

describe('a wrong password', () => {
    test('is sent once', () => {
        const bench = new Bench({}, undefined, { password: 'wrong' });
        assert.equal(bench.request(), 'wrong');
        assert.deepEqual(bench.exchanges, ['ask', 'login']);
    });

    test('is sent once as Basic', () => {
        const bench = new Bench({ schemes: ['basic'] }, undefined, { password: 'wrong' });
        assert.equal(bench.request(), 'wrong');
        assert.deepEqual(bench.exchanges, ['ask', 'login']);
    });

    test('changed on the device while a nonce was in use: one attempt with a new nonce, then the end', () => {
        let changed = false;
        const bench = new Bench({}, () => (changed ? 'anew' : undefined));
        bench.request();
        changed = true;
        assert.equal(bench.request(), 'wrong');
        assert.deepEqual(bench.exchanges, ['ask', 'login', 'login', 'login']);
    });

    test('a device that calls every nonce stale is believed once', () => {
        const bench = new Bench({ nonceLifetime: -1 });
        assert.equal(bench.request(), 'wrong');
        assert.deepEqual(bench.exchanges, ['ask', 'login', 'login']);
    });
});
