import { copyOccurrence } from '../../events/copy';
import type { DeviceEvent, DeviceIdentity, Occurrence } from '../../events/deviceEvent';
import { type Clock, systemClock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import type { ConnectionChange } from '../../protocols/isapi/alertStream';
import type { DeviceProfile } from '../abilities';
import type { EventStream, EventSubscriber, StreamOptions } from '../eventStream';
import { AccessHistory, type AccessHistoryOptions } from './accessHistory';
import { AccessMark } from './accessMark';
import { type Held, HeldEvents } from './heldEvents';
import { LogReader } from './logReader';
import { MarkKeeper, type MarkStore } from './markStore';
import type { Range } from './serialRanges';

export interface CatchUpOptions {
    stream: Pick<EventStream, 'subscribe'>;
    identity: DeviceIdentity;
    ask: AccessHistoryOptions['ask'];
    abilities: AccessHistoryOptions['abilities'] & { profile(): Promise<DeviceProfile> };
    store: MarkStore;
    clock?: Clock;
}

/** Waits before a failed search is tried again, while events wait for it. */
const PATIENCE_MS = [1000, 5000];
/** A device that is away altogether is waited for so long; what it posts meanwhile would be out of order. */
const AWAY_MS = 2 * 60_000;
/** After that nothing waits any more, and it is tried now and then. */
const LATER_MS = 5 * 60_000;
/** A log that was looked at so lately was not reset. */
const CHECKED_MS = 60_000;

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
    readonly #clock: Clock;
    readonly #subscribers = new Set<EventSubscriber>();
    readonly #held = new HeldEvents();
    readonly #ended = new AbortController();
    readonly #keeper: MarkKeeper;
    readonly #reader: LogReader;
    #mark = new AccessMark();
    #leave: (() => Promise<void>) | undefined;
    #lastChange: ConnectionChange | undefined;
    #running: Promise<void>;
    #isLoading = true;
    #isReading = false;
    /** Events wait, because the mark is being loaded or the log being read. */
    #isWaiting = true;
    #wanted = false;
    #failures = 0;
    #failingSince: number | undefined;
    #hasHistory: boolean | undefined;
    #checkedAt = Number.NEGATIVE_INFINITY;
    #largestReplayed = 0;
    readonly #reported = new Set<string>();
    #cancelRetry: () => void = () => undefined;

    constructor(options: CatchUpOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#keeper = new MarkKeeper(options.store, (fault) => this.#warn(fault), this.#clock);
        const { ask, abilities, identity } = options;
        this.#reader = new LogReader({
            history: new AccessHistory({ ask, abilities, clock: this.#clock, signal: this.#ended.signal }),
            identity,
            profile: () => abilities.profile(),
            clock: this.#clock,
            signal: this.#ended.signal,
            held: this.#held,
            mark: () => this.#mark,
            deliver: (held) => this.#deliver(held),
            spread: (occurrence) => this.#spread(occurrence),
            lost: (range) => this.#lose(range),
            reset: (after) => this.#reset(after),
            progress: (progress) => this.#each((subscriber) => subscriber.progress?.(progress)),
            settled: async () => {
                await Promise.all([...this.#subscribers].map((subscriber) => subscriber.settled?.()));
            },
        });
        this.#running = this.#load();
    }

    /** As {@link EventStream.subscribe}; the way to stop resolves when, after the last one, the mark is kept. */
    subscribe(options: StreamOptions, subscriber: EventSubscriber): () => Promise<void> {
        this.#subscribers.add(subscriber);
        // Access events cannot be filtered at the device, and several nodes may listen here.
        const wide = { ...options, kinds: [] };
        if (this.#leave === undefined) this.#leave = this.#options.stream.subscribe(wide, this.#listener());
        else if (this.#lastChange !== undefined) subscriber.connection(this.#lastChange);
        return async () => {
            if (!this.#subscribers.has(subscriber)) return;
            const left = this.#subscribers.size === 1 ? this.close() : undefined;
            this.#subscribers.delete(subscriber);
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
        const serial = serialOf(occurrence.event);
        const isShared = [...this.#subscribers].some((subscriber) => subscriber.shares?.(occurrence.event));
        if (serial === undefined || !isShared || this.isClosed) deliver(occurrence);
        else this.#take({ serial, occurrence, deliver, drop });
    }

    /** Ends the reading of the log; what waits is left to the next start, where the log has it. */
    async close(): Promise<void> {
        const left = this.#leave?.();
        this.#ended.abort();
        this.#cancelRetry();
        for (const held of this.#held.takeAll()) {
            // Without a mark, or with a log to read it from, it comes after the next start.
            if (this.#isLoading || this.#mark.hasLog || this.#mark.has(held.serial)) held.drop?.();
            else this.#deliver(held);
        }
        await this.#running;
        await Promise.all([left, this.#keeper.close(this.#mark.saved)]);
    }

    async #load(): Promise<void> {
        const saved = await this.#keeper.load();
        if (this.isClosed) return;
        this.#mark = new AccessMark(saved);
        this.#isLoading = false;
        if (this.#wanted) await this.#read();
        else this.#release();
    }

    #listener(): EventSubscriber {
        return {
            occurrence: (occurrence) => {
                const serial = serialOf(occurrence.event);
                if (serial === undefined) this.#spread(occurrence);
                else this.#take({ serial, occurrence, deliver: (one) => this.#spread(one) });
            },
            opened: () => this.#opened(),
            connection: (change) => {
                this.#lastChange = change;
                this.#each((subscriber) => subscriber.connection(change));
                // A device without a stream (ISUP) has its log all the same: it is read whenever the stream is tried.
                if (change.fault?.code === 'NOT_SUPPORTED') this.#want();
            },
            heartbeat: (at, heartbeat) => this.#each((subscriber) => subscriber.heartbeat(at, heartbeat)),
            unreadable: (part, reason) => this.#each((subscriber) => subscriber.unreadable(part, reason)),
            lost: (lost) => this.#each((subscriber) => subscriber.lost(lost)),
            warning: (warning) => this.#each((subscriber) => subscriber.warning(warning)),
        };
    }

    #opened(): void {
        this.#failures = 0;
        if (this.#mark.isNew && this.#largestReplayed > 0) this.#mark.begin(this.#largestReplayed);
        this.#want();
    }

    #take(held: Held): void {
        if (this.isClosed) held.drop?.();
        else if (this.#isWaiting) this.#hold(held);
        else this.#place(held);
    }

    #hold(held: Held): void {
        const isCopy = held.occurrence.event.replay && this.#mark.has(held.serial);
        if (isCopy) held.drop?.();
        // One that has to leave is read from the log.
        else if (this.#held.add(held, this.#mark.hasLog)) this.#wanted = true;
    }

    #place(held: Held): void {
        const { serial, occurrence } = held;
        const { event } = occurrence;
        if (this.#mark.isNew && !this.#begin(held)) return;
        const place = this.#mark.place(serial, event.access?.previousSerial);
        if (place === 'known') this.#known(held);
        else if (place === 'gap' && this.#canRead) {
            this.#hold(held);
            this.#want();
        } else {
            const top = this.#mark.top;
            this.#deliver(held);
            if (place === 'gap' && this.#hasHistory === false) this.#lose([top + 1, serial - 1]);
        }
    }

    /** Before anything is known of a device without a log: what it replays is old, what is live is the beginning. */
    #begin(held: Held): boolean {
        const { serial, occurrence } = held;
        if (!occurrence.event.replay) {
            this.#mark.begin(serial - 1);
            return true;
        }
        this.#largestReplayed = Math.max(this.#largestReplayed, serial);
        held.deliver(occurrence);
        return false;
    }

    #known(held: Held): void {
        const { serial, occurrence } = held;
        const { event } = occurrence;
        if (event.warnings?.includes('late-pictures')) held.deliver(occurrence);
        else if (event.replay || !this.#mark.contradicts(serial, event)) held.drop?.();
        else if (this.#hasHistory === false && this.#mark.isYoungest(event)) {
            this.#reset(serial);
            this.#mark.begin(serial - 1);
            this.#deliver(held);
        } else if (this.#canRead && !this.#isOldNews(event)) {
            this.#reader.suspectReset();
            this.#hold(held);
            this.#want();
        } else held.drop?.();
    }

    /** Something old that the device sends as if it were new, when its log has just been found in order. */
    #isOldNews(event: DeviceEvent): boolean {
        return this.#mark.isOlder(event) && this.#clock.elapsed() - this.#checkedAt < CHECKED_MS;
    }

    get #canRead(): boolean {
        return this.#hasHistory !== false && this.#failures === 0;
    }

    #want(): void {
        this.#wanted = true;
        if (this.#isReading || this.#isLoading || this.isClosed) return;
        this.#running = this.#read();
    }

    async #read(): Promise<void> {
        this.#cancelRetry();
        this.#isReading = true;
        // Where the log could not be read for long, nothing waits for it.
        this.#isWaiting = this.#failures <= PATIENCE_MS.length;
        try {
            while (this.#wanted && !this.isClosed) {
                this.#wanted = false;
                await this.#reader.read();
                this.#checkedAt = this.#clock.elapsed();
            }
            this.#failures = 0;
            this.#failingSince = undefined;
            this.#hasHistory = true;
            this.#mark.hasLog = true;
            this.#reported.delete('CATCH_UP_FAILED');
        } catch (thrown) {
            await this.#failed(Fault.from(thrown));
        }
        this.#isReading = false;
        this.#keeper.keep(() => this.#mark.saved);
        if (this.#failures === 0 || this.#failures > PATIENCE_MS.length) this.#release();
    }

    async #failed(fault: Fault): Promise<void> {
        if (this.isClosed) return;
        if (fault.code === 'NOT_SUPPORTED') {
            this.#hasHistory = false;
            this.#mark.hasLog = false;
            this.#failures = 0;
            const family = (await this.#familyOf()) ?? 'unknown';
            const reason = String(fault.details.reason);
            this.#warnOnce(new Fault('CATCH_UP_UNSUPPORTED', { details: { family, reason } }));
            return;
        }
        // A refused login is not tried again before the stream was let in.
        const isRefused = fault.code.startsWith('AUTH_');
        this.#failingSince ??= this.#clock.elapsed();
        const isAway = isUnanswered(fault) && this.#clock.elapsed() - this.#failingSince < AWAY_MS;
        if (isRefused) this.#failures = PATIENCE_MS.length + 1;
        else this.#failures = isAway ? PATIENCE_MS.length : this.#failures + 1;
        const wait = PATIENCE_MS[this.#failures - 1];
        this.#wanted = true;
        if (wait === undefined) this.#warnOnce(new Fault('CATCH_UP_FAILED', { details: { reason: fault.message } }));
        if (isRefused) return;
        this.#cancelRetry = this.#clock.after(wait ?? LATER_MS, () => {
            this.#running = this.#read();
        });
    }

    async #familyOf(): Promise<string | undefined> {
        try {
            return (await this.#options.abilities.profile()).family;
        } catch {
            // It is only one word of a warning.
            return undefined;
        }
    }

    /** Nothing waits any more. */
    #release(): void {
        this.#isWaiting = false;
        for (const held of this.#held.takeAll()) this.#take(held);
    }

    #deliver(held: Held): void {
        const { serial, occurrence } = held;
        const { event } = occurrence;
        if (event.replay) occurrence.recovered = true;
        this.#hear(serial, event);
        held.deliver(occurrence);
    }

    #hear(serial: number, event: DeviceEvent): void {
        this.#mark.hear(serial, event);
        if (event.via !== 'history' && event.device.mac !== undefined) this.#mark.mac = event.device.mac;
        const gone = this.#mark.makeRoom();
        if (gone !== undefined) this.#lose(gone);
        this.#keeper.keep(() => this.#mark.saved);
    }

    #lose([first, last]: Range): void {
        this.#mark.giveUp([first, last]);
        this.#warn(new Fault('EVENTS_LOST', { details: { count: last - first + 1, first, last } }));
    }

    #reset(after: number): void {
        this.#warn(new Fault('SERIALS_RESET', { details: { before: this.#mark.top, after } }));
        this.#mark.begin(0);
    }

    #spread(occurrence: Occurrence): void {
        let left = this.#subscribers.size;
        this.#each((subscriber) => {
            left -= 1;
            subscriber.occurrence(left === 0 ? occurrence : copyOccurrence(occurrence));
        });
    }

    #warn(fault: Fault): void {
        this.#each((subscriber) => subscriber.warning(fault));
    }

    #warnOnce(fault: Fault): void {
        if (this.#reported.has(fault.code)) return;
        this.#reported.add(fault.code);
        this.#warn(fault);
    }

    #each(tell: (subscriber: EventSubscriber) => void): void {
        for (const subscriber of [...this.#subscribers]) tell(subscriber);
    }
}

/** Whether the device gave no answer at all, as one that restarts or whose cable is out. */
function isUnanswered({ code, status }: Fault): boolean {
    return status === undefined && code !== 'HISTORY_INCOMPLETE' && !code.startsWith('ANSWER_');
}

/** The device's own number of an access event. */
function serialOf({ vendor, access }: DeviceEvent): number | undefined {
    const serial = vendor === 'hikvision' ? access?.serial : undefined;
    return serial === 0 ? undefined : serial;
}
