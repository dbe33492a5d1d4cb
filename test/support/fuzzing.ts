import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from './random';

/** Generous, because the machine may be busy: a reader that hangs takes minutes. */
const LONGEST_MS = 2000;
/** What looks slow is taken again: what does not repeat was a pause of the machine. */
const LOOKS_SLOW_MS = 20;
const TRIES = 4;
/** Bytes that may stay behind after all inputs of a target. */
const MOST_GROWTH = 48 * 1024 * 1024;

export interface Fuzzing {
    count: number;
    seed: number;
    /** Makes one input and gives it to what is tested; returns how to do that again. Throws what it finds. */
    input(random: Random): () => void;
}

export interface Figures {
    count: number;
    seconds: number;
    /** Longest single input that was so each time, in milliseconds. */
    slowest: number;
    /** Bytes by which the heap had grown after a collection. */
    growth: number;
}

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use after a collection. */
export function heapInUse(): number {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
}

/**
 * Feeds so many inputs. Each has a random generator of its own, so that a finding says which one to make a test of:
 * `new Random(seed + number)` makes it again.
 */
export function fuzz({ count, seed, input }: Fuzzing): Figures {
    const before = heapInUse();
    const started = performance.now();
    let slowest = 0;
    for (let number = 0; number < count; number += 1) {
        try {
            slowest = Math.max(slowest, timeOf(input(new Random(seed + number))));
        } catch (thrown) {
            throw new Error(`input ${number} of seed ${seed}: ${thrown instanceof Error ? thrown.stack : thrown}`);
        }
    }
    const seconds = (performance.now() - started) / 1000;
    const growth = heapInUse() - before;
    assert.ok(slowest < LONGEST_MS, `one input took ${slowest} ms`);
    assert.ok(growth < MOST_GROWTH, `the heap has grown by ${growth} bytes`);
    assert.equal(({} as Record<string, unknown>).polluted, undefined, 'Object.prototype was reached');
    return { count, seconds, slowest, growth };
}

function timeOf(feed: () => void): number {
    let took = timed(feed);
    for (let again = 0; took > LOOKS_SLOW_MS && again < TRIES; again += 1) took = Math.min(took, timed(feed));
    return took;
}

function timed(feed: () => void): number {
    const started = performance.now();
    feed();
    return performance.now() - started;
}

/** One line for the page of figures. */
export function lineOf(name: string, seed: number, { count, seconds, slowest, growth }: Figures): string {
    const megabytes = Math.max(0, growth / 1024 / 1024).toFixed(1);
    return `${name}: ${count} inputs, seed ${seed}, ${seconds.toFixed(0)} s, slowest ${slowest.toFixed(1)} ms, heap +${megabytes} MiB`;
}
