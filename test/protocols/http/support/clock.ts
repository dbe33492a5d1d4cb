import type { Clock } from '../../../../protocols/clock';

/** A clock that a test moves by hand; what became due fires inside {@link advance}. */
export class HandClock implements Clock {
    #now = Date.UTC(2026, 0, 1);
    #timers: { at: number; fire: () => void }[] = [];

    now(): number {
        return this.#now;
    }

    after(ms: number, fire: () => void): () => void {
        const timer = { at: this.#now + ms, fire };
        this.#timers.push(timer);
        return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
        };
    }

    get waiting(): number {
        return this.#timers.length;
    }

    advance(ms: number): void {
        const end = this.#now + ms;
        for (;;) {
            const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
            if (!due) break;
            this.#timers = this.#timers.filter((other) => other !== due);
            this.#now = Math.max(this.#now, due.at);
            due.fire();
        }
        this.#now = end;
    }
}
