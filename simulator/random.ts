/** Numbers in 0..1, as `Math.random`, but the same ones for the same seed: a scenario can be told again. */
export type Random = () => number;

/** mulberry32, a small public-domain generator; good enough for weather and people, not for secrets. */
export function seededRandom(seed: number): Random {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
    };
}

/** A whole number in `from`..`to`, both included. */
export function between(random: Random, from: number, to: number): number {
    return from + Math.floor(random() * (to - from + 1));
}

export function pick<T>(random: Random, values: readonly T[]): T {
    return values[Math.floor(random() * values.length)]!;
}
