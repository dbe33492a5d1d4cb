import { type Clock, systemClock } from '../clock';
import { Fault } from '../errors';
import type { UserCheck } from './userCheck';

/**
 * `ok`: nothing speaks against the credentials. `suspect`: they were refused, or an old nonce was, and one attempt will
 * tell. `blocked`: no login leaves before `until` (epoch milliseconds).
 */
export type BreakerState =
    | { name: 'ok' | 'suspect' }
    | { name: 'blocked'; until: number; lockedByDevice: boolean; triesLeft?: number };

/** The right to send credentials; give it back with {@link release}, whatever came of it. */
export interface Attempt {
    /** Others had to be waited for, so that a challenge in hand may have grown old. */
    readonly waited: boolean;
    release(): void;
}

const FIRST_PAUSE_MS = 5 * 60_000;
const LATER_PAUSE_MS = 30 * 60_000;
/** A success does not wipe out a refusal that is younger: devices count failures over half an hour and more. */
const MEMORY_MS = 60 * 60_000;
/** A device that names a longer lock than a day is not believed. */
const LONGEST_LOCK_MS = 24 * 60 * 60_000;
/** A wall clock that is off by more than this was set. */
const CLOCK_SET_MS = 1000;

interface Waiting {
    proceed(attempt: Attempt): void;
    refuse(fault: Fault): void;
}

interface Holder {
    released: boolean;
}

/**
 * Keeps a device from locking us out: after one refused password no other goes out for 5 minutes, then 30, or for as
 * long as the device says. One breaker serves everything that logs in at a device, because the device counts by address:
 * typically 5 failures in 30 minutes lock it for 30, an AX Pro after 3 in a minute, and every try during the lock
 * starts it anew (Hikvision support articles; lock body seen by santanapedro/ha-hikvision-access).
 *
 * Credentials that answer a new challenge go out one at a time, so that many requests that start together with a wrong
 * password cost one attempt. It has no timers: a block ends when somebody asks after its time.
 */
export class LoginBreaker {
    readonly #clock: Clock;
    readonly #listeners = new Set<(state: BreakerState) => void>();
    readonly #waiting: Waiting[] = [];
    #holder: Holder | undefined;
    #state: BreakerState = { name: 'ok' };
    #proven = false;
    #refusals = 0;
    #refusedAt = 0;
    /** By `Clock.elapsed`, as the end of the block: a clock that is set neither ends nor lengthens one. */
    #shutUntil = 0;

    constructor({ clock = systemClock }: { clock?: Clock } = {}) {
        this.#clock = clock;
    }

    get state(): BreakerState {
        if (this.#state.name !== 'blocked') return this.#state;
        const left = this.#shutUntil - this.#clock.elapsed();
        if (left <= 0) return { name: 'suspect' };
        const until = this.#clock.now() + left;
        if (Math.abs(until - this.#state.until) > CLOCK_SET_MS) this.#state = { ...this.#state, until };
        return this.#state;
    }

    /** The device has taken these credentials, and nothing has spoken against them since. */
    get proven(): boolean {
        return this.#proven;
    }

    /** Calls back at every change; returns how to stop that. A block that has run out is not announced by itself. */
    onChange(listener: (state: BreakerState) => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    /**
     * Before anything is sent: waits while another request finds out whether the credentials are good.
     * @throws Fault AUTH_BLOCKED or AUTH_LOCKED while blocked
     */
    async ready(signal: AbortSignal): Promise<void> {
        this.#refuseWhileBlocked();
        if (this.#proven || !this.#holder) return;
        const attempt = await this.#wait(signal);
        attempt.release();
    }

    /**
     * Before credentials answer a new challenge: waits for the one attempt that may be under way.
     * @throws Fault AUTH_BLOCKED or AUTH_LOCKED while blocked, or when the attempt waited for was refused
     */
    async attempt(signal: AbortSignal): Promise<Attempt> {
        this.#refuseWhileBlocked();
        return this.#holder ? this.#wait(signal) : this.#admit(false);
    }

    /**
     * The device took the credentials. That does not end a block: a door station that refuses its events to a user with
     * 401 takes the same login elsewhere, and would be asked for the events again at once.
     */
    accepted(): void {
        if (this.state.name === 'blocked') return;
        this.#proven = true;
        if (this.#clock.elapsed() - this.#refusedAt > MEMORY_MS) this.#refusals = 0;
        this.#change({ name: 'ok' });
    }

    /** An old nonce was refused without a word about its age: its time may be over, or the password changed. */
    doubt(): void {
        if (!this.#proven) return;
        this.#proven = false;
        this.#change({ name: 'suspect' });
    }

    /** The device refused the credentials; returns what to tell the one who sent them. */
    refused(check?: UserCheck): Fault {
        this.#refusals += 1;
        this.#refusedAt = this.#clock.elapsed();
        const pause = this.#refusals === 1 ? FIRST_PAUSE_MS : LATER_PAUSE_MS;
        this.#block(Math.max(pause, lockOf(check)), check?.locked === true, check?.triesLeft);
        return this.#fault(check?.locked ? 'AUTH_LOCKED' : 'AUTH_REJECTED');
    }

    /** The device says, without having been shown credentials, that this address is locked out. */
    locked(check: UserCheck): Fault {
        this.#block(lockOf(check) || LATER_PAUSE_MS, true, check.triesLeft);
        return this.#fault('AUTH_LOCKED');
    }

    /** Admits one attempt at once, because the credentials were corrected or somebody asked for it. */
    reset(): void {
        if (this.#state.name !== 'blocked') return;
        this.#change({ name: 'suspect' });
    }

    #refuseWhileBlocked(): void {
        if (this.state.name === 'blocked') throw this.#fault();
        if (this.#state.name === 'blocked') this.#change({ name: 'suspect' });
    }

    #fault(code?: 'AUTH_REJECTED' | 'AUTH_LOCKED'): Fault {
        if (this.#state.name !== 'blocked') return new Fault('AUTH_REJECTED', { status: 401 });
        const { until, lockedByDevice, triesLeft } = this.#state;
        return new Fault(code ?? (lockedByDevice ? 'AUTH_LOCKED' : 'AUTH_BLOCKED'), {
            details: { until: new Date(until).toISOString() },
            status: 401,
            unlockAt: until,
            triesLeft,
        });
    }

    #block(ms: number, lockedByDevice: boolean, triesLeft: number | undefined): void {
        this.#proven = false;
        this.#shutUntil = this.#clock.elapsed() + ms;
        this.#change({ name: 'blocked', until: this.#clock.now() + ms, lockedByDevice, triesLeft });
        for (const waiting of this.#waiting.splice(0)) waiting.refuse(this.#fault());
    }

    #change(state: BreakerState): void {
        const same = state.name === this.#state.name && state.name !== 'blocked';
        this.#state = state;
        if (same) return;
        for (const listener of [...this.#listeners]) listener(state);
    }

    #admit(waited: boolean): Attempt {
        const holder: Holder = { released: false };
        this.#holder = holder;
        return { waited, release: () => this.#release(holder) };
    }

    #release(holder: Holder): void {
        if (holder.released) return;
        holder.released = true;
        this.#holder = undefined;
        this.#waiting.shift()?.proceed(this.#admit(true));
    }

    #wait(signal: AbortSignal): Promise<Attempt> {
        return new Promise((resolve, reject) => {
            const leave = () => {
                signal.removeEventListener('abort', abort);
                const place = this.#waiting.indexOf(waiting);
                if (place >= 0) this.#waiting.splice(place, 1);
            };
            const abort = () => {
                leave();
                reject(signal.reason);
            };
            const waiting: Waiting = {
                proceed: (attempt) => {
                    leave();
                    resolve(attempt);
                },
                refuse: (fault) => {
                    leave();
                    reject(fault);
                },
            };
            if (signal.aborted) return abort();
            signal.addEventListener('abort', abort, { once: true });
            this.#waiting.push(waiting);
        });
    }
}

function lockOf(check: UserCheck | undefined): number {
    return Math.min((check?.unlockTime ?? 0) * 1000, LONGEST_LOCK_MS);
}
