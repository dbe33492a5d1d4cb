/** Minutes that are remembered. */
export const MINUTES = 60;

const MINUTE_MS = 60_000;

/** How many events came in each of the last 60 minutes: a number is added per event, nothing else happens. */
export class EventRate {
    readonly #counts = new Uint32Array(MINUTES);
    /** The latest minute that was counted in, in minutes since 1970. */
    #minute = 0;

    /** @param now epoch milliseconds */
    count(now: number): void {
        const minute = Math.floor(now / MINUTE_MS);
        if (minute !== this.#minute) this.#roll(minute);
        this.#counts[minute % MINUTES]! += 1;
    }

    /** The counts of the last minutes, the oldest first, the current one last. */
    last(minutes: number, now: number): number[] {
        const current = Math.floor(now / MINUTE_MS);
        return Array.from({ length: minutes }, (_, index) => this.#at(current - minutes + 1 + index));
    }

    /** Whether nothing came in the last hour. */
    isQuiet(now: number): boolean {
        return Math.floor(now / MINUTE_MS) - this.#minute >= MINUTES;
    }

    #at(minute: number): number {
        const age = this.#minute - minute;
        return age < 0 || age >= MINUTES ? 0 : this.#counts[minute % MINUTES]!;
    }

    /** What is older than an hour makes room; so does everything where the clock was set back. */
    #roll(minute: number): void {
        const passed = minute - this.#minute;
        if (passed < 0 || passed >= MINUTES) this.#counts.fill(0);
        else for (let next = this.#minute + 1; next <= minute; next += 1) this.#counts[next % MINUTES] = 0;
        this.#minute = minute;
    }
}
