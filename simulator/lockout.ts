import { type Clock, systemClock } from '../protocols/clock';

export interface LockoutOptions {
    /** Wrong logins that are admitted (5 on most families, 3 on an AX Pro); 0 never locks. */
    lockAfter?: number;
    /** Seconds of the lock, and of the window in which failures are counted (1800; AX Pro 90). */
    lockSeconds?: number;
    /** An attempt during the lock starts it anew. */
    relock?: boolean;
    clock?: Clock;
}

/**
 * The "illegal login lock" of a device: it locks the address of the client, not the user
 * (vendor support articles; lock body seen on a DS-K1T342MWX).
 */
export class Lockout {
    readonly #failures = new Map<string, { count: number; since: number; lockedUntil: number }>();
    readonly #limit: number;
    readonly #duration: number;
    readonly #relock: boolean;
    readonly #clock: Clock;

    constructor(options: LockoutOptions = {}) {
        this.#limit = options.lockAfter ?? 5;
        this.#duration = (options.lockSeconds ?? 1800) * 1000;
        this.#relock = options.relock ?? true;
        this.#clock = options.clock ?? systemClock;
    }

    /** A wrong login, or any login during the lock. */
    failed(source: string): void {
        if (this.#limit === 0) return;
        const now = this.#clock.now();
        if (this.locked(source)) {
            if (this.#relock) this.#failures.get(source)!.lockedUntil = now + this.#duration;
            return;
        }
        const record = this.#current(source) ?? { count: 0, since: now, lockedUntil: 0 };
        record.count += 1;
        if (record.count >= this.#limit) record.lockedUntil = now + this.#duration;
        this.#failures.set(source, record);
    }

    succeeded(source: string): void {
        this.#failures.delete(source);
    }

    locked(source: string): boolean {
        return (this.#failures.get(source)?.lockedUntil ?? 0) > this.#clock.now();
    }

    triesLeft(source: string): number {
        return Math.max(0, this.#limit - (this.#current(source)?.count ?? 0));
    }

    /** Whole seconds until the lock ends; the length of a lock while there is none, as devices report it. */
    unlockSeconds(source: string): number {
        if (!this.locked(source)) return this.#duration / 1000;
        return Math.ceil((this.#failures.get(source)!.lockedUntil - this.#clock.now()) / 1000);
    }

    clear(): void {
        this.#failures.clear();
    }

    /** The failures that still count: those of a lock that has ended, or of an old window, do not. */
    #current(source: string) {
        const record = this.#failures.get(source);
        if (record === undefined) return undefined;
        const now = this.#clock.now();
        const over = record.lockedUntil > 0 ? record.lockedUntil <= now : now - record.since > this.#duration;
        return over ? undefined : record;
    }
}
