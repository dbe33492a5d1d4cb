import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LoginOptions } from '../../simulator/deviceLogin';
import { HttpDevice, type HttpDeviceOptions } from '../../simulator/httpDevice';
import { ManualClock } from '../support/manualClock';
import { curl, NonceHolder } from './support';

const USER_CHECK = '/ISAPI/Security/userCheck';
const RIGHT = 'admin:vigia123';

async function withDevice(options: HttpDeviceOptions, use: (device: HttpDevice) => Promise<void>): Promise<void> {
    const device = await new HttpDevice(options).listen();
    try {
        await use(device);
    } finally {
        await device.close();
    }
}

describe('the login of a simulated device', () => {
    const manners: Record<string, Partial<LoginOptions>> = {
        'digest MD5': {},
        'digest SHA-256': { algorithms: ['SHA-256'] },
        'digest MD5-sess': { algorithms: ['MD5-sess'] },
        'a quoted algorithm': { algorithmForm: 'quoted' },
        'no algorithm': { algorithmForm: 'absent' },
        'no qop (RFC 2069)': { qop: false },
        'an empty opaque': { opaque: '' },
        'an opaque and a domain': { opaque: 'a1b2', domain: '::' },
        'two challenges in two headers': { algorithms: ['SHA-256', 'MD5'] },
        'digest and Basic merged into one line': { methods: ['digest', 'basic'], layout: 'merged' },
        'Basic only': { methods: ['basic'] },
        'a count that must grow': { enforceCount: true },
    };
    for (const [manner, login] of Object.entries(manners)) {
        it(`admits curl with ${manner}`, async () => {
            await withDevice({ login }, async (device) => {
                const answer = await curl(`${device.origin}${USER_CHECK}`, RIGHT);
                assert.equal(answer.status, 200);
                assert.match(answer.body.toString(), /<statusValue>200</);
                assert.equal(device.logins.accepted, 1);
                assert.equal(device.logins.rejected, 0);
            });
        });
    }

    it('asks for nothing where it is switched off', async () => {
        await withDevice({ login: { methods: 'none' } }, async (device) => {
            assert.equal((await curl(`${device.origin}${USER_CHECK}`, undefined)).status, 200);
        });
    });

    it('puts the challenges in headers of their own, or in one line', async () => {
        const algorithms: LoginOptions['algorithms'] = ['SHA-256', 'MD5'];
        for (const [layout, lines] of [
            ['headers', 2],
            ['merged', 1],
        ] as const) {
            await withDevice({ login: { algorithms, layout } }, async (device) => {
                const head = (await curl(`${device.origin}${USER_CHECK}`, undefined, '--include')).body.toString();
                assert.equal(head.match(/^WWW-Authenticate: Digest/gim)?.length, lines);
                assert.equal(head.match(/nonce="/g)?.length, 2);
            });
        }
    });

    it('counts requests without credentials, right and wrong ones', async () => {
        await withDevice({}, async (device) => {
            await curl(`${device.origin}${USER_CHECK}`, RIGHT);
            await curl(`${device.origin}${USER_CHECK}`, 'admin:wrong');
            const { anonymous, attempts, accepted, rejected } = device.logins;
            assert.deepEqual(
                { anonymous, attempts, accepted, rejected },
                { anonymous: 2, attempts: 2, accepted: 1, rejected: 1 },
            );
        });
    });

    it('says how many tries are left, and locks the address after five', async () => {
        const clock = new ManualClock();
        await withDevice({ clock }, async (device) => {
            const url = `${device.origin}${USER_CHECK}`;
            for (const left of [4, 3, 2, 1]) {
                const { status, body } = await curl(url, 'admin:wrong');
                assert.equal(status, 401);
                assert.match(body.toString(), new RegExp(`<lockStatus>unlock<.*<retryLoginTime>${left}<`, 's'));
            }
            await curl(url, 'admin:wrong');
            clock.advance(60_000);
            const locked = await curl(url, undefined);
            assert.equal(locked.status, 401);
            assert.match(locked.body.toString(), /<lockStatus>lock<.*<unlockTime>1740</s);
        });
    });

    it('refuses even the right password during the lock, and starts the lock anew', async () => {
        const clock = new ManualClock();
        await withDevice({ clock, login: { lockAfter: 1, lockSeconds: 600 } }, async (device) => {
            const url = `${device.origin}${USER_CHECK}`;
            await curl(url, 'admin:wrong');
            clock.advance(500_000);
            assert.equal((await curl(url, RIGHT)).status, 401);
            assert.equal(device.logins.whileLocked, 1);
            clock.advance(500_000);
            assert.match((await curl(url, undefined)).body.toString(), /<unlockTime>100</);
            clock.advance(100_001);
            assert.equal((await curl(url, RIGHT)).status, 200);
        });
    });

    it('forgets failures after a success, and follows a new password', async () => {
        await withDevice({}, async (device) => {
            const url = `${device.origin}${USER_CHECK}`;
            await curl(url, 'admin:wrong');
            await curl(url, RIGHT);
            assert.equal(device.login.lockout.triesLeft('127.0.0.1'), 5);
            device.setPassword('another1');
            assert.equal((await curl(url, RIGHT)).status, 401);
            assert.equal((await curl(url, 'admin:another1')).status, 200);
        });
    });

    it('binds a nonce to its path where the firmware does, without counting it as a wrong password', async () => {
        await withDevice({ login: { nonceScope: 'url' } }, async (device) => {
            const holder = await NonceHolder.from(new URL(USER_CHECK, device.origin));
            assert.equal((await holder.get(USER_CHECK)).status, 200);
            const elsewhere = await holder.get('/ISAPI/System/time');
            assert.equal(elsewhere.status, 401);
            assert.match(elsewhere.headers.get('www-authenticate') ?? '', /stale="FALSE"/);
            assert.equal(device.logins.rejected, 0);
        });
    });

    it('answers a spent nonce with a 401 that holds no challenge', async () => {
        await withDevice({ login: { nonceUses: 2 } }, async (device) => {
            const holder = await NonceHolder.from(new URL(USER_CHECK, device.origin));
            assert.equal((await holder.get(USER_CHECK)).status, 200);
            assert.equal((await holder.get(USER_CHECK)).status, 200);
            const spent = await holder.get(USER_CHECK);
            assert.equal(spent.status, 401);
            assert.equal(spent.headers.get('www-authenticate'), null);
            assert.equal(device.logins.bare, 1);
        });
    });

    it('says stale=TRUE when a nonce is too old, and does not count that as a wrong password', async () => {
        const clock = new ManualClock();
        await withDevice({ clock, login: { nonceLifetime: 30_000 } }, async (device) => {
            const holder = await NonceHolder.from(new URL(USER_CHECK, device.origin));
            assert.equal((await holder.get(USER_CHECK)).status, 200);
            clock.advance(31_000);
            const late = await holder.get(USER_CHECK);
            assert.match(late.headers.get('www-authenticate') ?? '', /stale="TRUE"/);
            assert.equal(device.logins.rejected, 0);
        });
    });

    for (const [refusal, expected] of [
        ['short', /<statusString>Unauthorized<\/statusString>\r\n<\/userCheck>/],
        ['html', /<html>/],
        ['none', /^$/],
    ] as const) {
        it(`can refuse with a body of the kind “${refusal}”`, async () => {
            await withDevice({ refusal }, async (device) => {
                const { status, body } = await curl(`${device.origin}${USER_CHECK}`, undefined);
                assert.equal(status, 401);
                assert.match(body.toString(), expected);
            });
        });
    }
});
