import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault } from '../../../protocols/errors';
import { type BreakerState, LoginBreaker } from '../../../protocols/http/breaker';
import { ManualClock } from '../../support/manualClock';

const MINUTE = 60_000;
const never = new AbortController().signal;

function bench() {
    const clock = new ManualClock();
    const breaker = new LoginBreaker({ clock });
    const changes: BreakerState['name'][] = [];
    breaker.onChange(({ name }) => changes.push(name));
    return { clock, breaker, changes };
}

const codeOf = (promise: Promise<unknown>) =>
    promise.then(
        () => 'admitted',
        (fault: Fault) => fault.code,
    );

describe('after a refused password', () => {
    test('nothing leaves for five minutes, then one attempt, then nothing for thirty', async () => {
        const { clock, breaker, changes } = bench();
        const first = await breaker.attempt(never);
        const fault = breaker.refused({ locked: false, triesLeft: 4 });
        first.release();
        assert.equal(fault.code, 'AUTH_REJECTED');
        assert.equal(fault.triesLeft, 4);
        assert.equal(fault.unlockAt, clock.now() + 5 * MINUTE);

        clock.advance(5 * MINUTE - 1);
        assert.equal(await codeOf(breaker.attempt(never)), 'AUTH_BLOCKED');
        assert.equal(await codeOf(breaker.ready(never)), 'AUTH_BLOCKED');
        clock.advance(1);
        assert.equal(breaker.state.name, 'suspect');
        const second = await breaker.attempt(never);
        assert.equal(breaker.refused().unlockAt, clock.now() + 30 * MINUTE);
        second.release();
        clock.advance(30 * MINUTE);
        await breaker.attempt(never);
        assert.equal(breaker.refused().unlockAt, clock.now() + 30 * MINUTE);
        assert.deepEqual(changes, ['blocked', 'suspect', 'blocked', 'suspect', 'blocked']);
    });

    test('the time the device names counts when it is longer', async () => {
        const { clock, breaker } = bench();
        const fault = breaker.refused({ locked: true, unlockTime: 1800, triesLeft: 0 });
        assert.equal(fault.code, 'AUTH_LOCKED');
        assert.equal(fault.unlockAt, clock.now() + 30 * MINUTE);
        assert.match(fault.message, /2026-01-15T12:30:00/);
        assert.equal(await codeOf(breaker.attempt(never)), 'AUTH_LOCKED');
        assert.equal(breaker.refused({ locked: true, unlockTime: 90 }).unlockAt, clock.now() + 30 * MINUTE);
    });

    test('an absurd time is not believed', () => {
        const { clock, breaker } = bench();
        assert.equal(
            breaker.refused({ locked: true, unlockTime: 4_294_967_295 }).unlockAt,
            clock.now() + 24 * 60 * MINUTE,
        );
    });

    test('success makes the next refusal a first one again, but not at once', () => {
        const { clock, breaker } = bench();
        breaker.refused();
        clock.advance(5 * MINUTE);
        breaker.accepted();
        assert.equal(breaker.refused().unlockAt, clock.now() + 30 * MINUTE);
        clock.advance(61 * MINUTE);
        breaker.accepted();
        assert.equal(breaker.refused().unlockAt, clock.now() + 5 * MINUTE);
    });

    test('a request that was under way and succeeds does not end the block', () => {
        const { breaker } = bench();
        breaker.refused();
        breaker.accepted();
        assert.equal(breaker.state.name, 'blocked');
    });
});

describe('a lock found without an attempt of ours', () => {
    test('lasts as long as the device says, or half an hour when it does not', async () => {
        const { clock, breaker } = bench();
        assert.equal(breaker.locked({ locked: true, unlockTime: 90 }).unlockAt, clock.now() + 90_000);
        clock.advance(90_000);
        (await breaker.attempt(never)).release();
        assert.equal(breaker.locked({ locked: true }).unlockAt, clock.now() + 30 * MINUTE);
    });
});

describe('reset', () => {
    test('admits one attempt at once', async () => {
        const { breaker } = bench();
        breaker.refused();
        breaker.reset();
        assert.equal(breaker.state.name, 'suspect');
        const attempt = await breaker.attempt(never);
        const second = codeOf(breaker.attempt(never));
        breaker.refused();
        attempt.release();
        assert.equal(await second, 'AUTH_BLOCKED');
    });

    test('changes nothing while all is well', () => {
        const { breaker, changes } = bench();
        breaker.accepted();
        breaker.reset();
        assert.equal(breaker.proven, true);
        assert.deepEqual(changes, []);
    });
});

describe('many requests at once', () => {
    test('one attempt; when it is refused, the others hear so without having tried', async () => {
        const { breaker } = bench();
        const first = await breaker.attempt(never);
        const others = [breaker.attempt(never), breaker.ready(never), breaker.attempt(never)].map(codeOf);
        breaker.refused();
        first.release();
        assert.deepEqual(await Promise.all(others), ['AUTH_BLOCKED', 'AUTH_BLOCKED', 'AUTH_BLOCKED']);
    });

    test('when it is accepted, the others go on and know that they have waited', async () => {
        const { breaker } = bench();
        const first = await breaker.attempt(never);
        assert.equal(first.waited, false);
        const second = breaker.attempt(never);
        breaker.accepted();
        first.release();
        assert.equal((await second).waited, true);
        assert.equal(breaker.proven, true);
    });

    test('when it ends without a verdict, the next one tries', async () => {
        const { breaker } = bench();
        const first = await breaker.attempt(never);
        const second = breaker.attempt(never);
        const third = codeOf(breaker.attempt(never));
        first.release();
        first.release();
        (await second).release();
        assert.equal(await third, 'admitted');
    });

    test('one that gives up leaves the queue', async () => {
        const { breaker } = bench();
        const first = await breaker.attempt(never);
        const leaving = new AbortController();
        const second = breaker.attempt(leaving.signal).catch((reason) => reason);
        const third = breaker.attempt(never);
        leaving.abort('gone');
        assert.equal(await second, 'gone');
        first.release();
        assert.equal((await third).waited, true);
        const late = breaker.attempt(leaving.signal).catch((reason) => reason);
        assert.equal(await late, 'gone', 'one that was given up before never enters it');
    });

    test('doubt about proven credentials makes one request find out', async () => {
        const { breaker, changes } = bench();
        breaker.accepted();
        await breaker.ready(never);
        breaker.doubt();
        assert.equal(breaker.proven, false);
        const attempt = await breaker.attempt(never);
        const ready = breaker.ready(never);
        breaker.accepted();
        attempt.release();
        await ready;
        assert.deepEqual(changes, ['suspect', 'ok']);
    });
});

test('a listener can stop listening', () => {
    const { breaker } = bench();
    const heard: string[] = [];
    const stop = breaker.onChange(({ name }) => heard.push(name));
    breaker.refused();
    stop();
    breaker.reset();
    assert.deepEqual(heard, ['blocked']);
});
