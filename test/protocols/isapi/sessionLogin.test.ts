import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { type Clock, systemClock } from '../../../protocols/clock';
import type { HttpRequest, HttpResponse } from '../../../protocols/http/client';
import { SessionLogin, sessionPassword } from '../../../protocols/isapi/sessionLogin';
import { AxPro, type AxProOptions } from '../../../simulator/axPro';

/** Salts, challenges and results are the known answers in the tests of petrleocompel/hikaxpro (2026). */
describe('the password of an AX Pro session', () => {
    const base = {
        sessionId: '',
        iterations: 100,
        challenge: '82360cd6ffd7beda4398cf67bfbd1ea9',
        salt: '22CF57B6ADE75214A4C87042B3272630C55EF5D782AB3BE4C9EC4DA1CD95AF3B',
        salt2: '7BEB8CA39D05B89CABC4003FDCBA5AE73556CB8008BCEE3CBCA48CABC3AC201B',
    };

    it('with two salts', () => {
        assert.equal(
            sessionPassword('blabla@blabla.com', 'blablabla', { ...base, version: '2.1', irreversible: true }),
            '777b95a40f8b5b9ca25101d3c73168adb340f2001b611a74104c34352962d647',
        );
    });

    it('without salt, where the password is kept reversibly', () => {
        assert.equal(
            sessionPassword('blabla@blabla.com', 'blablabla', { ...base, version: '2', irreversible: false }),
            '2b31a14ba59914a8e5e5510063e5d500ef322e76bc6c160df6a86b35c1e89ddd',
        );
    });

    it('with one salt, on older firmware and in sessions of version 2', () => {
        const older = {
            ...base,
            challenge: '9524eedd2912a46ef2c0fcfa27e412c1',
            salt: 'bef6d541c1ac37f74d90b9d3dc642ab6ea54b17d653b10f24464867b6dbeacb5',
            irreversible: true,
        };
        const known = '86c59b2a28aafd52fccbd0a46f06200e50467cec0758eb32a8c5d5cce5b55abc';
        const { salt2: _none, ...oneSalt } = older;
        assert.equal(sessionPassword('dalferin', 'test123456', { ...oneSalt, version: '2.1' }), known);
        assert.equal(sessionPassword('dalferin', 'test123456', { ...older, version: '2' }), known);
    });
});

describe('a session at an alarm panel', () => {
    /** Sends as it is, without any login. */
    const sendTo =
        (panel: AxPro) =>
        (wanted: HttpRequest): Promise<HttpResponse> =>
            new Promise((resolve, reject) => {
                const { host, port } = panel;
                const outgoing = request({ host, port, agent: false, ...wanted }, (answer) => {
                    const chunks: Buffer[] = [];
                    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
                    answer.on('end', () => {
                        const { statusCode = 0, headers } = answer;
                        resolve({ statusCode, headers, body: Buffer.concat(chunks) });
                    });
                });
                outgoing.on('error', reject);
                outgoing.end(wanted.body);
            });

    async function withPanel(
        options: AxProOptions & { typed?: string; clock?: Clock },
        use: (session: SessionLogin, panel: AxPro) => Promise<void>,
    ): Promise<void> {
        const panel = await new AxPro(options).listen();
        const { typed = 'Vigia2026', clock = systemClock } = options;
        const session = new SessionLogin({ username: 'admin', password: typed, send: sendTo(panel), clock });
        try {
            await use(session, panel);
        } finally {
            session.close();
            await panel.close();
        }
    }
    const zones = { path: '/ISAPI/SecurityCP/status/zones?format=json' };

    it('is opened once for all requests, also for those that come at the same time', async () => {
        await withPanel({}, async (session, panel) => {
            const answers = await Promise.all([1, 2, 3, 4].map(() => session.request(zones)));
            for (const answer of answers) assert.equal(answer.statusCode, 200);
            await session.request({ method: 'PUT', path: '/ISAPI/SecurityCP/control/arm/1?ways=stay&format=json' });
            assert.equal(panel.armed.get(1), 'stay');
            assert.equal(panel.attempts, 1);
        });
    });

    it('works with one salt, and with a cookie that comes in the body', async () => {
        await withPanel({ secondSalt: false, cookieInBody: true }, async (session) => {
            assert.equal((await session.request(zones)).statusCode, 200);
        });
    });

    it('is renewed once when the panel has forgotten it', async () => {
        await withPanel({}, async (session, panel) => {
            await session.request(zones);
            panel.forgetSessions();
            assert.equal((await session.request(zones)).statusCode, 200);
            assert.equal(panel.attempts, 2);
        });
    });

    it('with a wrong password is tried once and not again by itself', async () => {
        await withPanel({ typed: 'wrong' }, async (session, panel) => {
            const outcomes = await Promise.allSettled([1, 2, 3].map(() => session.request(zones)));
            for (const outcome of outcomes) {
                assert.match(
                    outcome.status === 'rejected' ? outcome.reason.code : 'none',
                    /^AUTH_(?:REJECTED|BLOCKED)$/,
                );
            }
            assert.equal(panel.attempts, 1);
            await assert.rejects(session.request(zones), { code: 'AUTH_BLOCKED', triesLeft: 2 });
            assert.equal(panel.attempts, 1);
        });
    });

    it('is not asked for without a password', async () => {
        await withPanel({ typed: '' }, async (session, panel) => {
            await assert.rejects(session.request(zones), { code: 'AUTH_MISSING' });
            assert.equal(panel.requests.length, 0);
        });
    });

    it('is kept alive while it is used, and given up when it is not', async () => {
        let now = 0;
        let timers: { at: number; fire: () => void }[] = [];
        const clock: Clock = {
            now: () => now,
            elapsed: () => now,
            after(ms, fire) {
                const timer = { at: now + ms, fire };
                timers.push(timer);
                return () => {
                    timers = timers.filter((one) => one !== timer);
                };
            },
        };
        const advance = async (ms: number) => {
            now += ms;
            const due = timers.filter((timer) => timer.at <= now);
            timers = timers.filter((timer) => timer.at > now);
            for (const timer of due) timer.fire();
            await new Promise((resolve) => setTimeout(resolve, 30));
        };
        await withPanel({ clock }, async (session, panel) => {
            await session.request(zones);
            await advance(30_000);
            const beats = () => panel.requests.filter((seen) => seen.url.includes('sessionHeartbeat')).length;
            assert.equal(beats(), 1);
            for (let step = 0; step < 12; step += 1) await advance(30_000);
            assert.ok(beats() <= 10);
            assert.equal(timers.length, 0);
            await session.request(zones);
            assert.equal(panel.attempts, 2);
        });
    });
});
