/** Serial numbers from the first to the last, both included. */
export type Range = [first: number, last: number];

/** A set of serial numbers, kept as ranges in ascending order that do not touch. */
export class SerialRanges {
    #ranges: Range[] = [];

    constructor(ranges: readonly Range[] = []) {
        for (const [first, last] of ranges) this.add(first, last);
    }

    add(first: number, last: number): void {
        if (last < first) return;
        const before = this.#ranges.filter(([, end]) => end < first - 1);
        const after = this.#ranges.filter(([start]) => start > last + 1);
        const joined = this.#ranges.slice(before.length, this.#ranges.length - after.length);
        const start = Math.min(first, joined[0]?.[0] ?? first);
        const end = Math.max(last, joined.at(-1)?.[1] ?? last);
        this.#ranges = [...before, [start, end], ...after];
    }

    remove(serial: number): void {
        this.#ranges = this.#ranges.flatMap(([first, last]): Range[] => {
            if (serial < first || serial > last) return [[first, last]];
            const parts: Range[] = [
                [first, serial - 1],
                [serial + 1, last],
            ];
            return parts.filter(([start, end]) => start <= end);
        });
    }

    has(serial: number): boolean {
        return this.#ranges.some(([first, last]) => serial >= first && serial <= last);
    }

    /** The largest number; 0 while there is none. */
    get top(): number {
        return this.#ranges.at(-1)?.[1] ?? 0;
    }

    /** The last number before the first that is missing. */
    get contiguous(): number {
        return this.#ranges[0]?.[1] ?? 0;
    }

    /** What is missing between the ranges. */
    get gaps(): Range[] {
        return this.#ranges.slice(1).map(([first], index): Range => [this.#ranges[index]![1] + 1, first - 1]);
    }

    /** A copy, for a store. */
    get list(): Range[] {
        return this.#ranges.map(([first, last]): Range => [first, last]);
    }

    get isEmpty(): boolean {
        return this.#ranges.length === 0;
    }
}
