/** Repeatable randomness: the same seed gives the same numbers (mulberry32). */
export class Random {
    #state: number;

    constructor(readonly seed: number) {
        this.#state = seed | 0;
    }

    /** 0 ≤ x < 1 */
    next(): number {
        this.#state = (this.#state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    }

    /** low ≤ n ≤ high */
    integer(low: number, high: number): number {
        return low + Math.floor(this.next() * (high - low + 1));
    }

    pick<T>(choices: readonly T[]): T {
        return choices[this.integer(0, choices.length - 1)] as T;
    }

    bytes(length: number): Buffer {
        return Buffer.from(Uint8Array.from({ length }, () => this.integer(0, 255)));
    }
}

/** A seed of the run, or the one given in `VIGIA_SEED` to repeat a failure. Tests print it. */
export function seedOfRun(): number {
    return Number(process.env.VIGIA_SEED ?? Math.floor(Math.random() * 0x7fffffff));
}
