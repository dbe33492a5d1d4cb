import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LossReport } from '../../devices/lossReport';
import type { SplitterFault } from '../../protocols/multipart/partSplitter';

describe('what a user hears of bytes that could not be read', () => {
    it('is the first loss at once, and the rest once a minute in one sentence', () => {
        let fire: (() => void) | undefined;
        const clock = {
            now: () => 0,
            elapsed: () => 0,
            after: (_ms: number, then: () => void) => {
                fire = then;
                return () => {
                    fire = undefined;
                };
            },
        };
        const heard: string[] = [];
        const report = new LossReport((fault) => heard.push(fault.message), clock);
        const lost = (kind: SplitterFault['kind'], bytes: number) =>
            report.add({ kind, bytes, start: Buffer.alloc(0), headers: {} });
        lost('text-broken', 10);
        assert.match(heard[0]!, /^1 parts .*10 bytes.*text-broken/);
        lost('text-broken', 5);
        lost('skipped', 7);
        assert.equal(heard.length, 1);
        fire?.();
        assert.match(heard[1]!, /^2 parts .*12 bytes.*text-broken, skipped/);
        fire?.();
        assert.equal(heard.length, 2, 'nothing new, nothing said');
        lost('skipped', 1);
        assert.equal(heard.length, 3);
        report.close();
        assert.equal(fire, undefined, 'no timer stays');
    });
});
