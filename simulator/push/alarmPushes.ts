import { type Clock, systemClock } from '../../protocols/clock';
import type { Emission } from '../emission';
import { targetOf } from './hostSlot';
import type { HttpHosts } from './httpHosts';
import type { PushBody, PushStyle } from './pushBody';
import { Pusher, type PushResult, type RetryHabit } from './pusher';

export interface AlarmPushesOptions {
    style: PushStyle;
    retry: RetryHabit;
    /** Other machines that may be called. */
    pushHosts: readonly string[];
    /** Milliseconds between attempts. */
    retryInterval?: number;
    heartbeat(): Emission;
    clock?: Clock;
}

/** One pusher for each listening host in use; it follows what clients write into `httpHosts`. */
export class AlarmPushes {
    readonly #hosts: HttpHosts;
    readonly #options: AlarmPushesOptions;
    readonly #clock: Clock;
    #pushers: { pusher: Pusher; key: string; stopHeartbeat: () => void }[] = [];
    #closing: Promise<void>[] = [];
    /** True after a reboot of firmware that waits until `httpHosts` is touched (Hikvision-Addons#177). */
    paused = false;

    constructor(hosts: HttpHosts, options: AlarmPushesOptions) {
        this.#hosts = hosts;
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        hosts.onChange = () => this.#follow();
    }

    /** Events that wait for their 200, over all hosts. */
    get pending(): number {
        return this.#pushers.reduce((sum, { pusher }) => sum + pusher.pending, 0);
    }

    /** One result for each host in use. */
    async push(emission: Emission): Promise<PushResult[]> {
        if (this.paused) return [];
        return await Promise.all(this.#pushers.map(({ pusher }) => pusher.push(emission)));
    }

    /** The same for a body that is ready, e.g. a captured one. */
    async send(body: PushBody): Promise<PushResult[]> {
        return await Promise.all(this.#pushers.map(({ pusher }) => pusher.send(body)));
    }

    async close(): Promise<void> {
        this.#hosts.onChange = () => undefined;
        for (const entry of this.#pushers.splice(0)) this.#stop(entry);
        await Promise.all(this.#closing);
    }

    #follow(): void {
        this.paused = false;
        const targets = this.#hosts.slots.map(targetOf).filter((target) => target !== undefined);
        const wanted = new Map(targets.map((target) => [JSON.stringify(target), target]));
        for (const entry of this.#pushers) if (!wanted.delete(entry.key)) this.#stop(entry);
        this.#pushers = this.#pushers.filter(({ key }) => targets.some((target) => JSON.stringify(target) === key));
        for (const [key, target] of wanted) {
            const pusher = new Pusher({
                target,
                style: this.#options.style,
                retry: this.#options.retry,
                pushHosts: this.#options.pushHosts,
                clock: this.#clock,
                ...(this.#options.retryInterval !== undefined && { interval: this.#options.retryInterval }),
            });
            this.#pushers.push({ pusher, key, stopHeartbeat: this.#beat(pusher, target.heartbeat) });
        }
    }

    /** `SubscribeEvent/heartbeat`: terminals post `heartBeat` to the host at that interval. */
    #beat(pusher: Pusher, seconds: number): () => void {
        let cancel: () => void = () => undefined;
        const schedule = () => {
            cancel = this.#clock.after(seconds * 1000, () => {
                if (!this.paused) void pusher.push(this.#options.heartbeat());
                schedule();
            });
        };
        if (seconds > 0) schedule();
        return () => cancel();
    }

    #stop({ pusher, stopHeartbeat }: { pusher: Pusher; stopHeartbeat: () => void }): void {
        stopHeartbeat();
        const closed = pusher.close().finally(() => {
            this.#closing = this.#closing.filter((other) => other !== closed);
        });
        this.#closing.push(closed);
    }
}
