/** A span as it is kept: what, from, to; epoch milliseconds, both ends included. */
export type SavedSpan = [key: string, first: number, last: number];

/** More than that is forgotten, the oldest first. */
const MOST_SPANS = 4000;

/** When things were, as far as they are remembered: points in time by a key, and points close to each other as one span. */
export class Spans {
    readonly #join: number;
    #spans = new Map<string, [first: number, last: number][]>();
    #size = 0;

    /** @param join milliseconds between two points that make one span; 0 keeps each for itself */
    constructor(join: number, saved: unknown = []) {
        this.#join = join;
        if (!Array.isArray(saved)) return;
        for (const [key, first, last] of saved.filter(isSpan)) this.#listOf(key).push([first, last]);
        this.#size = saved.length;
    }

    add(key: string, at: number): void {
        const list = this.#listOf(key);
        const near = list.find(([first, last]) => at >= first - this.#join && at <= last + this.#join);
        if (near === undefined) {
            list.push([at, at]);
            this.#size += 1;
            if (this.#size > MOST_SPANS) this.#makeRoom();
        } else {
            near[0] = Math.min(near[0], at);
            near[1] = Math.max(near[1], at);
        }
    }

    /** Whether there is one within so many milliseconds. */
    has(key: string, at: number, tolerance: number): boolean {
        const list = this.#spans.get(key) ?? [];
        return list.some(([first, last]) => at >= first - tolerance && at <= last + tolerance);
    }

    /** Forgets what was over before. */
    forget(before: number): void {
        const kept = this.list.filter(([, , last]) => last >= before);
        this.#spans = new Map();
        for (const [key, first, last] of kept) this.#listOf(key).push([first, last]);
        this.#size = kept.length;
    }

    /** A copy, for a store. */
    get list(): SavedSpan[] {
        return [...this.#spans].flatMap(([key, list]) => list.map(([first, last]): SavedSpan => [key, first, last]));
    }

    #listOf(key: string): [number, number][] {
        const known = this.#spans.get(key);
        if (known !== undefined) return known;
        const list: [number, number][] = [];
        this.#spans.set(key, list);
        return list;
    }

    #makeRoom(): void {
        const ends = this.list.map(([, , last]) => last).sort((one, other) => one - other);
        this.forget(ends[Math.floor(ends.length / 4)]! + 1);
    }
}

function isSpan(value: unknown): value is SavedSpan {
    return Array.isArray(value) && typeof value[0] === 'string' && value.slice(1, 3).every(Number.isFinite);
}
