import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decrypt, encrypt, sign, verify } from '../../../protocols/isup/keys';
import {
    LBS,
    lbsFrame,
    readAnswer,
    readAuthI,
    readAuthII,
    readAuthIV,
    readRefreshI,
    writeAnswer,
    writeAuthI,
    writeAuthIII,
    writeRefreshI,
    writeSealed,
} from '../../../protocols/isup/lbsFrames';
import { LbsLogin, type LoginDirectory, type LoginStep } from '../../../protocols/isup/lbsLogin';
import { bodyOf, identity, recorded, vectors, wire } from './vectors';

const { deviceId, key, sessionKey, masterKey: master } = identity;
const share = vectors.share_key!.text!;

interface Options {
    keys?: Record<string, string>;
    known?: boolean;
    master?: string;
    nonces?: number[];
    newSessionKey?: string;
}

/** A login that remembers what it told the listener. */
function login(options: Options = {}) {
    const told: string[] = [];
    const granted: { masterKey: string; sessionKey: string; refreshed: boolean }[] = [];
    const keys = new Map(Object.entries(options.keys ?? { [deviceId]: key }));
    const directory: LoginDirectory = {
        keyOf: (id) => {
            const found = keys.get(id);
            if (found !== undefined) return { key: found };
            return { refusal: options.known ? 'unknown-device' : 'no-key' };
        },
        masterOf: () => options.master,
        random: recorded(options.nonces ?? [0x22, 0x22], options.newSessionKey ?? sessionKey),
        das: () => ({ address: '192.0.2.10', port: 7660 }),
        onRegistering: (registrant) => told.push(`registering ${registrant.deviceId}`),
        onAuthenticated: (success) => {
            told.push('authenticated');
            granted.push(success);
        },
        onRefused: (refusal) => told.push(`refused ${refusal}`),
    };
    const server = new LbsLogin(directory);
    const feed = (bytes: Buffer): LoginStep => {
        let offset = 1;
        while (bytes[offset]! >= 0x80) offset++;
        return server.frame(bytes[0]!, bytes.subarray(offset + 1));
    };
    return { feed, told, granted, server };
}

describe('the frames of a login', () => {
    it('tell who registers without any key', () => {
        const auth = readAuthI(bodyOf('auth_i'))!;
        assert.equal(auth.shortSerial, identity.shortSerial);
        assert.equal(auth.model, identity.model);
        assert.equal(auth.deviceType, identity.deviceType);
        assert.equal(auth.deviceId, deviceId);
        assert.equal(auth.n1, 0x11);
        assert.equal(auth.signature.toString('hex'), vectors.auth_i!.fields!.signature);
        assert.equal(auth.fullSerial, identity.fullSerial);
        assert.deepEqual(writeAuthI(auth), wire('auth_i'));
    });

    it('may end before the full serial', () => {
        const auth = readAuthI(bodyOf('auth_i_no_full_serial'))!;
        assert.equal(auth.fullSerial, undefined);
        assert.equal(verify(auth.signature, share, deviceId, auth.n1), true);
        assert.deepEqual(writeAuthI(auth), wire('auth_i_no_full_serial'));
    });

    it('are written by the device as they are read by the listener', () => {
        assert.deepEqual(
            writeAuthIII({ n3: 0x33, deviceId, signature: sign(share, deviceId, 0x22, 0x33) }),
            wire('auth_iii'),
        );
        assert.deepEqual(writeSealed(LBS.REQUEST, encrypt(sessionKey, vectors.das_req!.plain!)), wire('das_req'));
        const refresh = readRefreshI(bodyOf('refresh_i'))!;
        assert.deepEqual(writeRefreshI(refresh), wire('refresh_i'));
        assert.deepEqual(writeSealed(LBS.REFRESH_III, encrypt(master, Buffer.from([0x22]))), wire('refresh_iii'));
        const padded = readRefreshI(bodyOf('refresh_i_padded'))!;
        assert.deepEqual({ ...padded, sealed: '' }, { ...refresh, sealed: '' });
        assert.deepEqual(decrypt(master, padded.sealed), Buffer.from([0x11]));
    });

    it('let the device verify the listener', () => {
        const second = readAuthII(readAnswer(bodyOf('auth_ii'))!.body)!;
        assert.equal(second.n2, 0x22);
        assert.equal(verify(second.signature, share, deviceId, 0x11, second.n2), true);
        for (const [name, n4, masterName] of [
            ['auth_iv', 0x22, 'master_key'],
            ['auth_iv_distinct', 0x44, 'master_key_distinct'],
        ] as const) {
            const fourth = readAuthIV(readAnswer(bodyOf(name))!.body)!;
            assert.equal(fourth.n4, n4);
            assert.equal(verify(fourth.signature, share, deviceId, 0x33, n4), true);
            assert.equal(decrypt(vectors[masterName]!.text!, fourth.sealed)?.toString(), sessionKey);
        }
        const das = readAnswer(bodyOf('das_rsp'))!;
        assert.equal(decrypt(sessionKey, das.body)?.toString(), vectors.das_rsp!.plain);
        const refreshed = readAnswer(bodyOf('refresh_ii'))!;
        assert.equal(decrypt(master, refreshed.body)?.toString('hex'), vectors.refresh_ii!.plain);
    });

    it('carry a status where the login fails', () => {
        for (const [name, command, status] of [
            ['auth_ii_bad_key', LBS.AUTH_II, 1],
            ['auth_ii_denied', LBS.AUTH_II, 5],
            ['order_error', LBS.AUTH_CREATE, 2],
            ['refresh_ii_malformed', LBS.REFRESH_II, 3],
            ['refresh_ii_unknown', LBS.REFRESH_II, 10],
        ] as const) {
            assert.deepEqual(writeAnswer(command, status), wire(name));
            assert.equal(readAnswer(bodyOf(name))?.status, status);
        }
    });
});

describe('the first login', () => {
    it('comes out byte for byte with the recorded nonces', () => {
        const { feed, told, granted, server } = login();
        assert.deepEqual(feed(wire('auth_i')).reply, wire('auth_ii'));
        assert.deepEqual(feed(wire('auth_iii')).reply, wire('auth_iv'));
        assert.deepEqual(granted, [{ ...granted[0]!, masterKey: master, sessionKey, refreshed: false }]);
        assert.equal(server.finished, false);
        assert.deepEqual(feed(wire('das_req')).reply, wire('das_rsp'));
        assert.equal(server.finished, true);
        assert.deepEqual(told, [`registering ${deviceId}`, 'authenticated']);
    });

    it('does not take N4 for N2', () => {
        const { feed, granted } = login({ nonces: [0x22, 0x44] });
        feed(wire('auth_i'));
        assert.deepEqual(feed(wire('auth_iii')).reply, wire('auth_iv_distinct'));
        assert.equal(granted[0]!.masterKey, vectors.master_key_distinct!.text);
    });

    it('names the device even where its key is wrong, and says so', () => {
        const { feed, told } = login();
        const step = feed(wire('auth_i_wrong_key'));
        assert.deepEqual(step, { reply: wire('auth_ii_bad_key'), close: 'soon' });
        assert.deepEqual(told, [`registering ${deviceId}`, 'refused bad-key']);
    });

    it('is denied to a device without a key, and to one that is not listed', () => {
        for (const known of [false, true]) {
            const { feed, told } = login({ keys: {}, known });
            assert.deepEqual(feed(wire('auth_i')), { reply: wire('auth_ii_denied'), close: 'soon' });
            assert.equal(told[1], known ? 'refused unknown-device' : 'refused no-key');
        }
    });

    it('is over with the first command out of order', () => {
        const create = lbsFrame(LBS.AUTH_CREATE, Buffer.from('010100', 'hex'));
        assert.deepEqual(login().feed(create), { reply: wire('order_error'), close: 'soon' });
        for (const name of ['auth_iii', 'refresh_iii', 'das_req']) {
            const { feed, granted } = login();
            const step = feed(wire(name));
            assert.equal(readAnswer(step.reply!.subarray(2))?.status, 2, name);
            assert.equal(step.close, 'soon');
            assert.equal(granted.length, 0);
        }
        const { feed } = login({ keys: { [deviceId]: key, OTHER: key } });
        feed(wire('auth_i'));
        const other = readAuthI(bodyOf('auth_i'))!;
        assert.equal(feed(writeAuthI({ ...other, deviceId: 'OTHER' })).close, 'soon');
    });

    it('says nothing to a frame of the newer variant', () => {
        const bytes = Buffer.from(wire('auth_i'));
        bytes[0] = 0x1a;
        assert.deepEqual(login().feed(bytes), { close: 'mute' });
    });

    it('succeeds for no altered byte of what is signed', () => {
        for (const name of ['auth_i', 'auth_iii']) {
            const original = wire(name);
            for (let at = 2; at < original.length; at++) {
                const { feed, granted } = login();
                const bytes = Buffer.from(original);
                bytes[at] = bytes[at]! ^ 0x01;
                feed(name === 'auth_i' ? bytes : wire('auth_i'));
                if (name === 'auth_iii') feed(bytes);
                const version = at < 5;
                assert.ok(version || granted.length === 0, `${name} byte ${at}`);
            }
        }
    });
});

describe('the refresh', () => {
    const options = { master, nonces: [0x22], newSessionKey: vectors.refresh_ii!.newSessionKey! };

    for (const first of ['refresh_i', 'refresh_i_padded']) {
        it(`comes out byte for byte after ${first}, and its third step is not answered`, () => {
            const { feed, granted } = login(options);
            assert.deepEqual(feed(wire(first)), { reply: wire('refresh_ii') });
            assert.equal(granted.length, 0, 'a replayed first step proves nothing');
            assert.deepEqual(feed(wire('refresh_iii')), {});
            assert.equal(granted[0]!.sessionKey, vectors.refresh_ii!.newSessionKey);
            assert.equal(granted[0]!.refreshed, true);
            const step = feed(wire('das_req_refreshed'));
            assert.equal(
                decrypt(options.newSessionKey, readAnswer(step.reply!.subarray(3))!.body)?.toString(),
                vectors.das_rsp!.plain,
            );
        });
    }

    it('is also proven by a request under the new key', () => {
        const { feed, granted } = login(options);
        feed(wire('refresh_i'));
        assert.ok(feed(wire('das_req_refreshed')).reply!.length > 100);
        assert.equal(granted.length, 1);
    });

    it('refuses a request under the old key', () => {
        const { feed, granted } = login(options);
        feed(wire('refresh_i'));
        const step = feed(wire('das_req'));
        assert.equal(step.close, 'soon');
        assert.equal(granted.length, 0);
    });

    it('sends a device back to the first login where its master key is unknown', () => {
        const { feed, told } = login();
        assert.deepEqual(feed(wire('refresh_i')), { reply: wire('refresh_ii_unknown'), close: 'soon' });
        assert.deepEqual(told, ['refused refresh-unknown']);
    });

    it('is malformed where its block was altered', () => {
        const bytes = Buffer.from(wire('refresh_i'));
        bytes.fill(0x5a, bytes.length - 16);
        assert.deepEqual(login(options).feed(bytes), { reply: wire('refresh_ii_malformed'), close: 'soon' });
    });

    it('is not proven by a third step that was altered', () => {
        const { feed, granted } = login(options);
        feed(wire('refresh_i'));
        const bytes = Buffer.from(wire('refresh_iii'));
        bytes[10] = bytes[10]! ^ 0xff;
        assert.equal(feed(bytes).close, 'soon');
        assert.equal(granted.length, 0);
    });
});
