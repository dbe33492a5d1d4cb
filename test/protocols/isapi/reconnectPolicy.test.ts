import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault, type FaultCode } from '../../../protocols/errors';
import { type ConnectionEnd, ReconnectPolicy } from '../../../protocols/isapi/reconnectPolicy';

const NOW = Date.parse('2026-11-20T12:00:00Z');

function ended(facts: Partial<ConnectionEnd> & { code?: FaultCode; unlockAt?: number } = {}): ConnectionEnd {
    const { code = 'STREAM_ENDED', unlockAt, ...rest } = facts;
    const fault = new Fault(code, { unlockAt });
    return { fault, opened: true, byDevice: true, bare: false, parts: 3, lived: 30_000, ...rest };
}

const refused = (code: FaultCode, unlockAt?: number) => ended({ code, unlockAt, opened: false, parts: 0, lived: 0 });

describe('the policy of reconnecting', () => {
    it('spreads every wait by a fifth to both sides', () => {
        assert.deepEqual(new ReconnectPolicy(() => 0, 0).after(refused('CONNECT_REFUSED'), NOW).delay, 800);
        assert.deepEqual(new ReconnectPolicy(() => 0.999, 0).after(refused('CONNECT_REFUSED'), NOW).delay, 1200);
    });

    it('never asks for a login before the device admits one', () => {
        const policy = new ReconnectPolicy(() => 0, 0);
        for (const code of ['AUTH_REJECTED', 'AUTH_LOCKED', 'AUTH_BLOCKED'] as const) {
            assert.ok(policy.after(refused(code, NOW + 1_800_000), NOW).delay > 1_800_000);
            assert.ok(policy.after(refused(code), NOW).delay > 5 * 60_000, 'also where nobody says until when');
            assert.ok(policy.after(refused(code, NOW - 5000), NOW).delay >= 1000);
        }
    });

    it('is silent about a device that regularly closes, from the second time on', () => {
        const policy = new ReconnectPolicy(() => 0.5, 0);
        assert.deepEqual(policy.after(ended(), NOW), { delay: 1000, silent: false });
        assert.deepEqual(policy.after(ended(), NOW), { delay: 0, silent: true });
        assert.deepEqual(policy.after(ended({ lived: 500 }), NOW), { delay: 1500, silent: true });
        assert.deepEqual(policy.after(ended(), NOW), { delay: 0, silent: true });
    });

    it('is not silent when we ended it, when it brought nothing, or when it had lived long', () => {
        for (const other of [{ byDevice: false }, { parts: 0 }, { lived: 3_600_000 }]) {
            const policy = new ReconnectPolicy(() => 0.5, 0);
            policy.after(ended(), NOW);
            assert.equal(policy.after(ended(other), NOW).silent, false, JSON.stringify(other));
            assert.equal(policy.after(ended(), NOW).silent, false, 'and the count begins anew');
        }
    });

    it('waits 10 s or more after a single document, and bears refusals for as long as its patience', () => {
        const policy = new ReconnectPolicy(() => 0, 60_000);
        const oneShot = ended({ bare: true, parts: 1, lived: 10 });
        assert.deepEqual(policy.after(oneShot, NOW), { delay: 10_000, silent: true });
        assert.deepEqual(policy.after(refused('NO_SLOT'), NOW + 10_000), { delay: 10_000, silent: true });
        assert.deepEqual(policy.after(refused('FORBIDDEN'), NOW + 60_000), { delay: 10_000, silent: true });
        assert.equal(policy.after(refused('FORBIDDEN'), NOW + 60_001).silent, false);
        assert.equal(policy.after(refused('CONNECT_REFUSED'), NOW + 10_000).silent, false);
    });

    it('tries again within a minute, however long the outage was', () => {
        const policy = new ReconnectPolicy(() => 0.999, 0);
        const delays = Array.from({ length: 50 }, () => policy.after(refused('CONNECT_TIMEOUT'), NOW).delay);
        assert.ok(Math.max(...delays) <= 60_000, String(delays));
    });

    it('begins anew after a reset', () => {
        const policy = new ReconnectPolicy(() => 0.5, 0);
        for (let failure = 0; failure < 4; failure += 1) policy.after(refused('CONNECT_TIMEOUT'), NOW);
        policy.reset();
        assert.equal(policy.after(refused('CONNECT_TIMEOUT'), NOW).delay, 1000);
    });
});
