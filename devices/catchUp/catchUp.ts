import type { DeviceIdentity, Occurrence } from '../../events/deviceEvent';
import { type Clock, systemClock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import type { ConnectionChange } from '../../protocols/isapi/alertStream';
import type { EventStream, EventSubscriber, StreamOptions } from '../eventStream';
import type { SavedMark } from './accessMark';
import { AccessOrder, type AccessOrderOptions, serialOf } from './accessOrder';
import type { AlarmLog } from './alarmLog';
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

/** Devices that write what happens before their lenses into a log (`ContentMgmt/logSearch`). */
const WITH_ALARM_LOG = new Set<string | undefined>(['camera', 'recorder']);

/**
 * Access events without gaps: between the stream of a device and those who listen to it.
 *
 * It knows by the device's own serial numbers what has come out, this time and before the last restart. Whenever a
 * connection opens, and whenever a number is missing (`frontSerialNo`, a jump), it reads what is missing from the log of
 * the device and sends it out in order, before the events that happen meanwhile. What came out once does not come again,
 * whichever way it arrives: with the log that terminals replay, by a post, or after an outage.
 *
 * Cameras and recorders have no such numbers. For those who want it, their alarm log is read instead; see
 * {@link AlarmLog}.
 */
export class CatchUp {
    readonly #options: CatchUpOptions;
    readonly #clock: Clock;
    readonly #audience = new Audience();
    /** Those of them who want the alarm log of a camera or recorder. */
    readonly #logAudience = new Audience();
    readonly #ended = new AbortController();
    readonly #keeper: MarkKeeper;
    readonly #access: AccessOrder;
    readonly #loaded: Promise<void>;
    #leave: (() => Promise<void>) | undefined;
    #lastChange: ConnectionChange | undefined;
    #saved: Partial<SavedMark> | undefined;
    #log: AlarmLog | undefined;
    /** What happened before it was known what was saved. */
    #beforeLog: ((log: AlarmLog) => void)[] = [];

    constructor(options: CatchUpOptions) {
        this.#options = options;
        const { identity, ask, abilities, store, clock = systemClock } = options;
        this.#clock = clock;
        this.#keeper = new MarkKeeper(store, (fault) => this.#audience.warn(fault), clock);
        this.#access = new AccessOrder({
            audience: this.#audience,
            identity,
            ask,
            abilities,
            clock,
            signal: this.#ended.signal,
            changed: () => this.#keep(),
            unsupported: (fault) => this.#withoutHistory(fault),
        });
        this.#loaded = this.#load();
    }

    /** As {@link EventStream.subscribe}; the way to stop resolves when, after the last one, the mark is kept. */
    subscribe(options: StreamOptions, subscriber: EventSubscriber): () => Promise<void> {
        this.#audience.add(subscriber);
        if (options.catchUpLog) {
            this.#logAudience.add(subscriber);
            if (this.#log === undefined) this.#openLog();
            else this.#log.joined();
        }
        // Access events cannot be filtered at the device, and several nodes may listen here.
        const wide = { ...options, kinds: [] };
        if (this.#leave === undefined) this.#leave = this.#options.stream.subscribe(wide, this.#listener());
        else if (this.#lastChange !== undefined) subscriber.connection(this.#lastChange);
        return async () => {
            if (!this.#audience.has(subscriber)) return;
            const left = this.#audience.size === 1 ? this.close() : undefined;
            this.#audience.delete(subscriber);
            this.#logAudience.delete(subscriber);
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
        if (!this.#audience.shares(occurrence) || this.isClosed) deliver(occurrence);
        else if (serial !== undefined) this.#access.take({ serial, occurrence, deliver, drop });
        else if (this.#log?.wasTold(occurrence.event)) drop();
        else {
            this.#toLog((log) => log.hear(occurrence.event));
            deliver(occurrence);
        }
    }

    /** Ends the reading of the log; what waits is left to the next start, where the log has it. */
    async close(): Promise<void> {
        const left = this.#leave?.();
        this.#ended.abort();
        if (this.#log !== undefined) this.#keep();
        await Promise.all([this.#access.close(), this.#log?.close()]);
        await this.#loaded;
        await Promise.all([left, this.#keeper.close(this.#mark)]);
    }

    get #mark(): SavedMark {
        return { ...this.#access.mark.saved, ...(this.#log && { log: this.#log.saved }) };
    }

    #keep(): void {
        this.#keeper.keep(() => this.#mark);
    }

    async #load(): Promise<void> {
        const saved = await this.#keeper.load();
        if (this.isClosed) return;
        this.#saved = typeof saved === 'object' && saved !== null ? saved : {};
        if (this.#logAudience.size > 0) this.#openLog();
        await this.#access.loaded(saved);
    }

    #listener(): EventSubscriber {
        const audience = this.#audience;
        return {
            occurrence: (occurrence) => this.#take(occurrence),
            opened: () => {
                const now = this.#clock.now();
                this.#toLog((log) => log.opened(now));
                this.#access.opened();
            },
            connection: (change) => {
                this.#lastChange = change;
                audience.each((subscriber) => subscriber.connection(change));
                // A device without a stream (ISUP) has its log all the same: it is read whenever the stream is tried.
                if (change.fault?.code === 'NOT_SUPPORTED') this.#access.want();
            },
            heartbeat: (at, heartbeat) => {
                this.#toLog((log) => log.hearLife(at));
                audience.each((subscriber) => subscriber.heartbeat(at, heartbeat));
            },
            unreadable: (part, reason) => audience.each((subscriber) => subscriber.unreadable(part, reason)),
            lost: (lost) => audience.each((subscriber) => subscriber.lost(lost)),
            warning: (warning) => audience.warn(warning),
        };
    }

    #take(occurrence: Occurrence): void {
        const serial = serialOf(occurrence);
        const now = this.#clock.now();
        this.#toLog((log) => log.hearLife(now));
        if (serial !== undefined) {
            this.#access.take({ serial, occurrence, deliver: (one) => this.#audience.spread(one) });
            return;
        }
        if (this.#log?.wasTold(occurrence.event)) return;
        this.#toLog((log) => log.hear(occurrence.event));
        this.#audience.spread(occurrence);
    }

    #toLog(step: (log: AlarmLog) => void): void {
        if (this.#access.hasHistory) return;
        if (this.#log !== undefined) step(this.#log);
        else if (this.#logAudience.size > 0) this.#beforeLog.push(step);
    }

    /** Sets up the alarm log as soon as somebody wants it and it is known what was saved of it. */
    #openLog(): void {
        if (this.#log !== undefined || this.#saved === undefined) return;
        const { identity, ask, abilities } = this.#options;
        // Loaded when first needed: most flows have no use for it.
        const module = require('./alarmLog') as typeof import('./alarmLog');
        this.#log = new module.AlarmLog({
            audience: this.#logAudience,
            identity,
            ask,
            profile: () => abilities.profile(),
            clock: this.#clock,
            signal: this.#ended.signal,
            saved: this.#saved.log,
            changed: () => this.#keep(),
            unsupported: async ({ details }) =>
                this.#logAudience.warnOnce(unsupported(await this.#familyOf(), details.reason)),
        });
        for (const step of this.#beforeLog.splice(0)) step(this.#log);
    }

    /** The device keeps no history of access events: it may have another log. */
    async #withoutHistory({ details }: Fault): Promise<void> {
        const family = await this.#familyOf();
        const log = WITH_ALARM_LOG.has(family) ? this.#log : undefined;
        this.#audience.warnOnce(unsupported(family, details.reason), log && this.#logAudience);
        log?.want();
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

function unsupported(family = 'unknown', reason: unknown): Fault {
    return new Fault('CATCH_UP_UNSUPPORTED', { details: { family, reason: String(reason) } });
}
