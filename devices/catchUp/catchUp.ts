import type { DeviceIdentity, Occurrence } from '../../events/deviceEvent';
import { type Clock, systemClock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import type { ConnectionChange } from '../../protocols/isapi/alertStream';
import type { EventStream, EventSubscriber, StreamOptions } from '../eventStream';
import { AccessOrder, type AccessOrderOptions, serialOf } from './accessOrder';
import { Audience } from './audience';
import { MarkKeeper, type MarkStore } from './markStore';

export interface CatchUpOptions {
    stream: Pick<EventStream, 'subscribe'>;
    identity: DeviceIdentity;
    ask: AccessOrderOptions['ask'];
    abilities: AccessOrderOptions['abilities'];
    store: MarkStore;
    clock?: Clock;
}

/**
 * Access events without gaps: between the stream of a device and those who listen to it.
 *
 * It knows by the device's own serial numbers what has come out, this time and before the last restart. Whenever a
 * connection opens, and whenever a number is missing (`frontSerialNo`, a jump), it reads what is missing from the log of
 * the device and sends it out in order, before the events that happen meanwhile. What came out once does not come again,
 * whichever way it arrives: with the log that terminals replay, by a post, or after an outage.
 */
export class CatchUp {
    readonly #options: CatchUpOptions;
    readonly #audience = new Audience();
    readonly #ended = new AbortController();
    readonly #keeper: MarkKeeper;
    readonly #access: AccessOrder;
    readonly #loaded: Promise<void>;
    #leave: (() => Promise<void>) | undefined;
    #lastChange: ConnectionChange | undefined;

    constructor(options: CatchUpOptions) {
        this.#options = options;
        const { identity, ask, abilities, store, clock = systemClock } = options;
        this.#keeper = new MarkKeeper(store, (fault) => this.#audience.warn(fault), clock);
        this.#access = new AccessOrder({
            audience: this.#audience,
            identity,
            ask,
            abilities,
            clock,
            signal: this.#ended.signal,
            changed: () => this.#keeper.keep(() => this.#access.mark.saved),
            unsupported: (fault) => this.#unsupported(fault),
        });
        this.#loaded = this.#load();
    }

    /** As {@link EventStream.subscribe}; the way to stop resolves when, after the last one, the mark is kept. */
    subscribe(options: StreamOptions, subscriber: EventSubscriber): () => Promise<void> {
        this.#audience.add(subscriber);
        // Access events cannot be filtered at the device, and several nodes may listen here.
        const wide = { ...options, kinds: [] };
        if (this.#leave === undefined) this.#leave = this.#options.stream.subscribe(wide, this.#listener());
        else if (this.#lastChange !== undefined) subscriber.connection(this.#lastChange);
        return async () => {
            if (!this.#audience.has(subscriber)) return;
            const left = this.#audience.size === 1 ? this.close() : undefined;
            this.#audience.delete(subscriber);
            await left;
        };
    }

    get isClosed(): boolean {
        return this.#ended.signal.aborted;
    }

    /**
     * Takes an event that came by another way: it comes out in its turn, unless it did already.
     *
     * @param deliver sends it out where it came in
     * @param drop hears that it came out by another way
     */
    push(occurrence: Occurrence, deliver: (occurrence: Occurrence) => void, drop: () => void): void {
        const serial = serialOf(occurrence);
        if (serial === undefined || !this.#audience.shares(occurrence) || this.isClosed) deliver(occurrence);
        else this.#access.take({ serial, occurrence, deliver, drop });
    }

    /** Ends the reading of the log; what waits is left to the next start, where the log has it. */
    async close(): Promise<void> {
        const left = this.#leave?.();
        this.#ended.abort();
        await this.#access.close();
        await this.#loaded;
        await Promise.all([left, this.#keeper.close(this.#access.mark.saved)]);
    }

    async #load(): Promise<void> {
        const saved = await this.#keeper.load();
        if (!this.isClosed) await this.#access.loaded(saved);
    }

    #listener(): EventSubscriber {
        const audience = this.#audience;
        return {
            occurrence: (occurrence) => {
                const serial = serialOf(occurrence);
                if (serial === undefined) audience.spread(occurrence);
                else this.#access.take({ serial, occurrence, deliver: (one) => audience.spread(one) });
            },
            opened: () => this.#access.opened(),
            connection: (change) => {
                this.#lastChange = change;
                audience.each((subscriber) => subscriber.connection(change));
                // A device without a stream (ISUP) has its log all the same: it is read whenever the stream is tried.
                if (change.fault?.code === 'NOT_SUPPORTED') this.#access.want();
            },
            heartbeat: (at, heartbeat) => audience.each((subscriber) => subscriber.heartbeat(at, heartbeat)),
            unreadable: (part, reason) => audience.each((subscriber) => subscriber.unreadable(part, reason)),
            lost: (lost) => audience.each((subscriber) => subscriber.lost(lost)),
            warning: (warning) => audience.warn(warning),
        };
    }

    async #unsupported({ details }: Fault): Promise<void> {
        const family = (await this.#familyOf()) ?? 'unknown';
        const reason = String(details.reason);
        this.#audience.warnOnce(new Fault('CATCH_UP_UNSUPPORTED', { details: { family, reason } }));
    }

    async #familyOf(): Promise<string | undefined> {
        try {
            return (await this.#options.abilities.profile()).family;
        } catch {
            // It is only one word of a warning.
            return undefined;
        }
    }
}
