import type { Clock } from '../../protocols/clock';

/** Real time, only faster: minutes of watchdogs and pauses pass in seconds, with real sockets. */
export class FastClock implements Clock {
    readonly #start = performance.now();
    readonly #epoch = Date.now();
    /** Timers that still wait. */
    pending = 0;

    constructor(readonly speed: number) {}

    now(): number {
        return Math.floor(this.#epoch + this.elapsed());
    }

    elapsed(): number {
        return (performance.now() - this.#start) * this.speed;
    }

    after(ms: number, fire: () => void): () => void {
        let waits = true;
        this.pending += 1;
        const end = () => {
            if (waits) this.pending -= 1;
            waits = false;
        };
        const timer = setTimeout(() => {
            end();
            fire();
        }, ms / this.speed);
        return () => {
            clearTimeout(timer);
            end();
        };
    }
}
