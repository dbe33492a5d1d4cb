import type { Clock } from '../../../../protocols/clock';

/** A clock that only moves when a test says so. */
export class ManualClock implements Clock {
    #now: number;
    #timers: { at: number; fire: () => void; order: number }[] = [];
    #order = 0;

    constructor(start = 1_000_000) {
        this.#now = start;
    }

    now(): number {
        return this.#now;
    }

    after(ms: number, fire: () => void): () => void {
        const timer = { at: this.#now + Math.max(0, ms), fire, order: this.#order++ };
        this.#timers.push(timer);
        return () => {
            const at = this.#timers.indexOf(timer);
            if (at !== -1) this.#timers.splice(at, 1);
        };
    }

    get pending(): number {
        return this.#timers.length;
    }

    /** Fires what is due within `ms`, in order, each at its own time. */
    advance(ms: number): void {
        const end = this.#now + ms;
        for (;;) {
            const next = this.#timers
                .filter((timer) => timer.at <= end)
                .sort((a, b) => a.at - b.at || a.order - b.order)[0];
            if (!next) break;
            this.#timers.splice(this.#timers.indexOf(next), 1);
            this.#now = Math.max(this.#now, next.at);
            next.fire();
        }
        this.#now = end;
    }
}
