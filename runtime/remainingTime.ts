import { type Clock, systemClock } from '../protocols/clock';

/** The first answers hold the login, and the first bytes the wait for the disk: no pace can be read from less. */
const SHORTEST_SAMPLE_MS = 2000;

/** How long something still takes, judged by its own pace since it was begun. */
export class RemainingTime {
    readonly #clock: Clock;
    readonly #begun: number;

    constructor(clock: Clock = systemClock) {
        this.#clock = clock;
        this.#begun = clock.elapsed();
    }

    /** Milliseconds; `undefined` while there is too little to judge by, or where nobody knows how much there is. */
    after(done: number, total: number | undefined): number | undefined {
        const elapsed = this.#clock.elapsed() - this.#begun;
        if (total === undefined || !(done > 0) || done > total || elapsed < SHORTEST_SAMPLE_MS) return undefined;
        return Math.round((elapsed / done) * (total - done));
    }
}
