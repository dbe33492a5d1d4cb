import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace } from '../../protocols/pace';
import { ManualClock } from '../support/manualClock';

const taken = (pace: Pace, count: number) => Array.from({ length: count }, () => pace.next());

describe('a pace of four within 100 ms', () => {
    it('lets four go at once and the others one every 25 ms', () => {
        const pace = new Pace(4, 100, new ManualClock());
        assert.deepEqual(taken(pace, 8), [0, 0, 0, 0, 25, 50, 75, 100]);
    });

    it('lets whoever comes alone go at once, again and again', () => {
        const clock = new ManualClock();
        const pace = new Pace(4, 100, clock);
        for (let time = 0; time < 10; time += 1) {
            assert.equal(pace.next(), 0);
            clock.advance(25);
        }
    });

    it('saves nothing up in a long quiet time', () => {
        const clock = new ManualClock();
        const pace = new Pace(4, 100, clock);
        taken(pace, 2);
        clock.advance(3_600_000);
        assert.deepEqual(taken(pace, 6), [0, 0, 0, 0, 25, 50]);
    });
});
