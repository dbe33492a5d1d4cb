import { type Clock, systemClock } from './clock';

/**
 * Spreads what many want to do at the same moment: some at once, the others one after the other at even intervals.
 */
export class Pace {
    readonly #interval: number;
    readonly #lead: number;
    readonly #clock: Clock;
    /** When the next one would be due if all kept to the interval. */
    #due = Number.NEGATIVE_INFINITY;

    /** @param count how many may do it within `ms` */
    constructor(count: number, ms: number, clock: Clock = systemClock) {
        this.#interval = ms / count;
        this.#lead = ms - this.#interval;
        this.#clock = clock;
    }

    /** Takes the next turn; it comes in so many milliseconds. */
    next(): number {
        const now = this.#clock.elapsed();
        const due = Math.max(this.#due, now);
        this.#due = due + this.#interval;
        return Math.max(0, due - this.#lead - now);
    }
}
