/** Time as the protocols see it, so that a test can own it. */
export interface Clock {
    /** Epoch milliseconds. */
    now(): number;
    /** Calls `fire` once after `ms`; the returned function cancels it. */
    after(ms: number, fire: () => void): () => void;
}

/** The machine's clock. Timers do not keep the process alive by themselves: sockets and listeners do. */
export const systemClock: Clock = {
    now: () => Date.now(),
    after(ms, fire) {
        const timer = setTimeout(fire, ms);
        timer.unref();
        return () => clearTimeout(timer);
    },
};
