import type { Clock } from '../../../protocols/clock';

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
    private time: number;
    private readonly timers = new Set<{ at: number; fire: () => void }>();

    constructor(start = Date.parse('2026-01-01T10:00:00Z')) {
        this.time = start;
    }

    now(): number {
        return this.time;
    }

    after(ms: number, fire: () => void): () => void {
        const timer = { at: this.time + ms, fire };
        this.timers.add(timer);
        return () => this.timers.delete(timer);
    }

    /** Timers that still wait. */
    get pending(): number {
        return this.timers.size;
    }

    /** Moves on, firing what falls due, in its order. */
    advance(ms: number): void {
        const end = this.time + ms;
        for (;;) {
            const due = [...this.timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
            if (due === undefined) break;
            this.timers.delete(due);
            this.time = Math.max(this.time, due.at);
            due.fire();
        }
        this.time = end;
    }
}
