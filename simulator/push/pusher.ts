import type http from 'node:http';
import { type Clock, systemClock } from '../../protocols/clock';
import { pause } from '../../protocols/pause';
import type { Emission } from '../emission';
import { mayCall, type PushTarget } from './hostSlot';
import { agentFor, attemptPush, type PushAnswer } from './pushAttempt';
import { type PushBody, type PushStyle, pushBody } from './pushBody';

/**
 * What a device does about an event that was not answered 200. `loop`: a camera repeats it about once a second for ever,
 * but forgets what it could not connect for unless the slot has `httpBroken` (vendor's alarm-listening article).
 * `queue`: a terminal keeps everything, in order, and sends it when the host is back (a DS-K1T344 in production).
 */
export type RetryHabit = 'loop' | 'queue';

export interface PusherOptions {
    target: PushTarget;
    style: PushStyle;
    retry: RetryHabit;
    /** Milliseconds between two attempts; 1000. */
    interval?: number;
    /** Other machines than this one that may be called. */
    pushHosts: readonly string[];
    /** Own address. */
    from?: string;
    clock?: Clock;
}

export interface PushResult {
    /** Whether the host answered 200. */
    delivered: boolean;
    attempts: number;
    /** Of the last attempt. */
    status?: number;
    answer?: Buffer;
    /** Why there was no answer. */
    error?: string;
}

interface Item {
    pack(): PushBody;
    attempts: number;
    resolve(result: PushResult): void;
}

const CLOSED = 'the device was closed';

/** What cameras and terminals can keep. */
const CAPACITY: Record<RetryHabit, number> = { loop: 16, queue: 10_000 };

/** Sends the events of a device to one listening host, one after the other. */
export class Pusher {
    readonly target: PushTarget;
    readonly #options: PusherOptions;
    readonly #clock: Clock;
    readonly #agent: http.Agent;
    readonly #queue: Item[] = [];
    readonly #ended = new AbortController();
    #running: Promise<void> | undefined;

    constructor(options: PusherOptions) {
        this.target = options.target;
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#agent = agentFor(options.target, options.style, options.from);
    }

    /** Events that wait for a 200. */
    get pending(): number {
        return this.#queue.length;
    }

    /** Resolves when the event was delivered, was given up, or the device was closed; never rejects. */
    push(emission: Emission): Promise<PushResult> {
        return this.#enqueue(() => pushBody(emission, this.#options.style, this.target.format));
    }

    /** The same for a body that is ready, e.g. a captured one. */
    send(body: PushBody): Promise<PushResult> {
        return this.#enqueue(() => body);
    }

    #enqueue(pack: () => PushBody): Promise<PushResult> {
        return new Promise((resolve) => {
            if (!mayCall(this.target.host, this.#options.pushHosts)) {
                resolve({ delivered: false, attempts: 0, error: `${this.target.host} is not this machine` });
                return;
            }
            this.#queue.push({ pack, attempts: 0, resolve });
            if (this.#queue.length > CAPACITY[this.#options.retry])
                this.#finish({ delivered: false, error: 'no room left' });
            this.#running ??= this.#run().finally(() => {
                this.#running = undefined;
            });
        });
    }

    /** Gives up what waits and frees the connection. */
    async close(): Promise<void> {
        this.#ended.abort();
        this.#agent.destroy();
        await this.#running;
        while (this.#queue.length > 0) this.#finish({ delivered: false, error: CLOSED });
    }

    async #run(): Promise<void> {
        const { signal } = this.#ended;
        while (this.#queue.length > 0 && !signal.aborted) {
            const item = this.#queue[0]!;
            const settled = await this.#attempt(item);
            if (this.#queue[0] !== item) continue;
            if (settled) this.#finish(settled);
            else await pause(this.#clock, this.#options.interval ?? 1000, signal);
        }
    }

    /** The result, or undefined when the event is to be sent again. */
    async #attempt(item: Item): Promise<Omit<PushResult, 'attempts'> | undefined> {
        const { style, retry } = this.#options;
        const { target } = this;
        item.attempts += 1;
        const packed = item.pack();
        try {
            const options = { target, style, agent: this.#agent, clock: this.#clock, signal: this.#ended.signal };
            const answer = await attemptPush(packed, options);
            return this.#judge(answer, packed.cutAt !== undefined);
        } catch (error) {
            if (this.#ended.signal.aborted) return { delivered: false, error: CLOSED };
            if (retry === 'queue' || target.resend) return undefined;
            return { delivered: false, error: error instanceof Error ? error.message : String(error) };
        }
    }

    #judge({ status, body }: PushAnswer, cut: boolean): Omit<PushResult, 'attempts'> | undefined {
        if (status === 200) return { delivered: true, status, answer: body };
        // After a cut the firmware that does it goes on with the next event: what arrived is all there will be.
        if (cut) return { delivered: false, ...(status !== undefined && { status }), error: 'cut on purpose' };
        return undefined;
    }

    #finish(result: Omit<PushResult, 'attempts'>): void {
        const item = this.#queue.shift();
        item?.resolve({ ...result, attempts: item.attempts });
    }
}
