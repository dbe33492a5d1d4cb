/** Time as the protocols see it, so that a test can own it. */
export interface Clock {
    /** Epoch milliseconds. */
    now(): number;
    /**
     * Milliseconds that no setting of the wall clock changes: for how long something took, or may take. A small machine
     * without a battery starts years behind, and NTP sets it minutes later.
     */
    elapsed(): number;
    /** Calls `fire` once after `ms`; the returned function cancels it. */
    after(ms: number, fire: () => void): () => void;
}

const STARTED_AT = performance.timeOrigin;

/** The machine's clock. Timers do not keep the process alive by themselves: sockets and listeners do. */
export const systemClock: Clock = {
    now: () => Date.now(),
    elapsed: () => Math.floor(STARTED_AT + performance.now()),
    after(ms, fire) {
        const timer = setTimeout(fire, ms);
        timer.unref();
        return () => clearTimeout(timer);
    },
};
