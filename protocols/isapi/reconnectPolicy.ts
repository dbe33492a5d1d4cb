import type { Fault } from '../errors';

/** How one connection to the event stream ended. */
export interface ConnectionEnd {
    fault: Fault;
    /** Whether it was an event stream at all, however short. */
    opened: boolean;
    /** Whether the device ended it, and not we for its silence or its framing. */
    byDevice: boolean;
    /** It was a single document without any multipart around it. */
    bare: boolean;
    /** Parts that it brought. */
    parts: number;
    /** Milliseconds from its opening to its end. */
    lived: number;
}

export interface Reconnection {
    /** Milliseconds to wait. */
    delay: number;
    /** The device does this regularly and is back in a moment: nothing to tell anybody. */
    silent: boolean;
}

const BACKOFF_SECONDS = [1, 2, 5, 10, 20, 30];
/** However long an outage was, all streams are back within a minute after it. */
const LONGEST_MS = 60_000;
const JITTER = 0.2;

/** A connection that lived so long has shown that the device is well. */
const HEALTHY_MS = 60_000;
/** Devices that answer one document (DS-KB6003, mezz64/pyHik#16) are asked again after 10 s at the earliest. */
const ONE_SHOT_MS = 10_000;
/** Those that regularly close are called again at once, but not more often than this. */
const SHORTEST_ROUND_MS = 2000;
/** After a 403: another client may have let go of its slot by then (Supergiovane/node-red-contrib-hikvision-ultimate#74). */
const FORBIDDEN_MS = 60_000;
/** Where the device refuses the login and does not say for how long. */
const LOCKED_MS = 5 * 60_000;
/** Beyond the end of a lock, for the clocks of both sides. */
const UNLOCK_MARGIN_MS = 1000;

const LOGIN_REFUSED = new Set(['AUTH_REJECTED', 'AUTH_LOCKED', 'AUTH_BLOCKED']);
const LOGIN_IMPOSSIBLE = new Set(['AUTH_MISSING', 'AUTH_UNSUPPORTED']);
const NOT_ADMITTED = new Set(['FORBIDDEN', 'NO_SLOT']);

/** Whether the device refuses the password, so that trying again would only lock it further. */
export function isLoginRefused(fault: Fault): boolean {
    return LOGIN_REFUSED.has(fault.code);
}

/** Whether the device lets us in, but not to its events. */
export function isForbidden(fault: Fault): boolean {
    return NOT_ADMITTED.has(fault.code) || LOGIN_IMPOSSIBLE.has(fault.code);
}

/** Decides when to open the event stream again. */
export class ReconnectPolicy {
    readonly #random: () => number;
    readonly #patience: number;
    #failures = 0;
    /** Connections in a row that the device ended before long. */
    #shortLives = 0;
    #lastOneShotAt = Number.NEGATIVE_INFINITY;

    /**
     * @param random 0 ≤ x < 1
     * @param patience milliseconds for which a device that answers single documents may refuse in between
     */
    constructor(random: () => number, patience: number) {
        this.#random = random;
        this.#patience = patience;
    }

    /** @param now epoch milliseconds */
    after(end: ConnectionEnd, now: number): Reconnection {
        return end.opened ? this.#afterStream(end, now) : this.#afterRefusal(end.fault, now);
    }

    /** Forgets failures, because somebody has mended something. */
    reset(): void {
        this.#failures = 0;
        this.#shortLives = 0;
    }

    #afterStream({ byDevice, bare, parts, lived }: ConnectionEnd, now: number): Reconnection {
        if (lived >= HEALTHY_MS) this.#failures = 0;
        if (bare && byDevice && parts > 0) {
            this.#failures = 0;
            this.#lastOneShotAt = now;
            return { delay: this.#later(ONE_SHOT_MS), silent: true };
        }
        const isShort = byDevice && parts > 0 && lived < HEALTHY_MS;
        this.#shortLives = isShort ? this.#shortLives + 1 : 0;
        if (this.#shortLives < 2) return this.#backOff();
        this.#failures = 0;
        return { delay: Math.max(0, SHORTEST_ROUND_MS - lived), silent: true };
    }

    #afterRefusal(fault: Fault, now: number): Reconnection {
        this.#shortLives = 0;
        if (isLoginRefused(fault)) {
            const until = fault.unlockAt ?? now + LOCKED_MS;
            return { delay: Math.max(0, until - now) + UNLOCK_MARGIN_MS, silent: false };
        }
        if (LOGIN_IMPOSSIBLE.has(fault.code)) return { delay: LOCKED_MS, silent: false };
        if (!NOT_ADMITTED.has(fault.code)) return this.#backOff();
        if (now - this.#lastOneShotAt <= this.#patience) return { delay: this.#later(ONE_SHOT_MS), silent: true };
        return { delay: this.#around(FORBIDDEN_MS), silent: false };
    }

    #backOff(): Reconnection {
        const seconds = BACKOFF_SECONDS[this.#failures];
        this.#failures += 1;
        const delay = seconds === undefined ? this.#atMost(LONGEST_MS) : this.#around(seconds * 1000);
        return { delay, silent: false };
    }

    /** Spread, so that many streams that broke together do not come back together. */
    #around(ms: number): number {
        return Math.round(ms * (1 - JITTER + 2 * JITTER * this.#random()));
    }

    #atMost(ms: number): number {
        return Math.round(ms * (1 - JITTER + JITTER * this.#random()));
    }

    #later(ms: number): number {
        return Math.round(ms * (1 + JITTER * this.#random()));
    }
}
