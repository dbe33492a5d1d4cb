import type { Clock } from '../../protocols/clock';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
    /** By which the wall clock was set. */
    #set = 0;
    #elapsed: number;
    #timers: { at: number; fire: () => void }[] = [];

    constructor(start = Date.UTC(2026, 0, 15, 12)) {
        this.#elapsed = start;
    }

    now(): number {
        return this.#elapsed + this.#set;
    }

    elapsed(): number {
        return this.#elapsed;
    }

    /** Sets the wall clock forward, or back; no time passes. */
    set(ms: number): void {
        this.#set += ms;
    }

    after(ms: number, fire: () => void): () => void {
        const timer = { at: this.#elapsed + ms, fire };
        this.#timers.push(timer);
        return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
        };
    }

    /** Timers that still wait. */
    get pending(): number {
        return this.#timers.length;
    }

    /** Lets time pass and fires what falls due, in order, each at its own time. */
    advance(ms: number): void {
        const end = this.#elapsed + ms;
        for (;;) {
            const [due] = this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
            if (due === undefined) break;
            this.#timers = this.#timers.filter((timer) => timer !== due);
            this.#elapsed = Math.max(this.#elapsed, due.at);
            due.fire();
        }
        this.#elapsed = end;
    }
}
