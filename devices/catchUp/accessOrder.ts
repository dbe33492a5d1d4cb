import type { DeviceEvent, DeviceIdentity, Occurrence } from '../../events/deviceEvent';
import type { Clock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import { isoWithOffset } from '../../protocols/operations/times';
import type { DeviceProfile } from '../abilities';
import { AccessHistory, type AccessHistoryOptions } from './accessHistory';
import { AccessMark } from './accessMark';
import { askClock } from './askClock';
import type { Audience } from './audience';
import { type Held, HeldEvents } from './heldEvents';
import { LogReader } from './logReader';
import { Readings } from './readings';
import type { Range } from './serialRanges';

export interface AccessOrderOptions {
    audience: Audience;
    identity: DeviceIdentity;
    ask: AccessHistoryOptions['ask'];
    abilities: AccessHistoryOptions['abilities'] & { profile(): Promise<DeviceProfile> };
    clock: Clock;
    signal: AbortSignal;
    /** The mark has changed. */
    changed(): void;
    /** The device keeps no history of access events. */
    unsupported(fault: Fault): Promise<void>;
}

/** A log that was looked at so lately was not reset. */
const CHECKED_MS = 60_000;

/**
 * The access events of a device in the order of its own serial numbers, each once: those that come, and between them
 * those that its history has and nobody heard.
 */
export class AccessOrder {
    readonly #options: AccessOrderOptions;
    readonly #held = new HeldEvents();
    readonly #reader: LogReader;
    readonly #readings: Readings;
    #mark = new AccessMark();
    #isLoading = true;
    /** Events wait, because the mark is being loaded or the log being read. */
    #isWaiting = true;
    #hasHistory: boolean | undefined;
    #checkedAt = Number.NEGATIVE_INFINITY;
    #largestReplayed = 0;
    /** Whether the device was asked for its time since the log is being read. */
    #hasAskedClock = false;

    constructor(options: AccessOrderOptions) {
        this.#options = options;
        const { ask, abilities, identity, audience, clock, signal, changed } = options;
        this.#reader = new LogReader({
            history: new AccessHistory({ ask, abilities, clock, signal, told: () => this.#told() }),
            identity,
            profile: () => abilities.profile(),
            clock,
            signal,
            held: this.#held,
            mark: () => this.#mark,
            deliver: (held) => this.#deliver(held),
            spread: (occurrence) => audience.spread(occurrence),
            lost: (range) => this.#lose(range),
            reset: (after) => this.#reset(after),
            progress: (progress) => audience.each((subscriber) => subscriber.progress?.(progress)),
            settled: () => audience.settled(),
        });
        this.#readings = new Readings({
            clock,
            signal,
            read: async () => {
                this.#hasAskedClock = false;
                await this.#reader.read();
                this.#checkedAt = clock.elapsed();
            },
            begins: (isPatient) => {
                this.#isWaiting = isPatient;
            },
            succeeded: () => {
                this.#hasHistory = true;
                this.#mark.hasLog = true;
                audience.forget('CATCH_UP_FAILED');
            },
            unsupported: (fault) => {
                this.#hasHistory = false;
                this.#mark.hasLog = false;
                return options.unsupported(fault);
            },
            hopeless: ({ message }) =>
                audience.warnOnce(new Fault('CATCH_UP_FAILED', { details: { reason: message } })),
            ended: () => {
                changed();
                if (this.#readings.isOver) this.#release();
            },
        });
    }

    /** Whether the device has such a history; undefined before it was asked. */
    get hasHistory(): boolean | undefined {
        return this.#hasHistory;
    }

    get mark(): AccessMark {
        return this.#mark;
    }

    /** What is known from before the last restart is here: what waited for it goes on. */
    async loaded(saved: unknown): Promise<void> {
        const mark = new AccessMark(saved);
        mark.learnFrom(this.#mark);
        this.#mark = mark;
        this.#isLoading = false;
        if (this.#readings.start()) await this.#readings.done;
        else this.#release();
    }

    /** A connection has opened. */
    opened(): void {
        this.#readings.forgive();
        if (this.#mark.isNew && this.#largestReplayed > 0) this.#mark.begin(this.#largestReplayed);
        this.want();
    }

    /** The history may have something new. */
    want(): void {
        this.#readings.want();
    }

    take(held: Held): void {
        this.#mark.learnOffset(held.occurrence.event);
        if (this.#isClosed) held.drop?.();
        else if (this.#isWaiting) this.#hold(held);
        else this.#place(held);
    }

    /** After the signal. What waits is left to the next start, where the log has it. */
    async close(): Promise<void> {
        this.#readings.cancel();
        for (const held of this.#held.takeAll()) {
            // Without a mark, or with a log to read it from, it comes after the next start.
            if (this.#isLoading || this.#mark.hasLog || this.#mark.has(held.serial)) held.drop?.();
            else this.#deliver(held);
        }
        await this.#readings.done;
    }

    get #isClosed(): boolean {
        return this.#options.signal.aborted;
    }

    /** A time with the offset of the device: its live events tell, and where none did its clock does. */
    async #told(): Promise<string | undefined> {
        if (!this.#mark.hasTold && !this.#hasAskedClock) {
            this.#hasAskedClock = true;
            this.#mark.shown = await this.#askClock();
        }
        return this.#mark.told;
    }

    async #askClock(): Promise<string | undefined> {
        const { ask, signal } = this.#options;
        try {
            const shown = await askClock(ask, signal);
            return shown && isoWithOffset(shown.at, shown.offset);
        } catch (thrown) {
            // It is of use, but the log can be read without it.
            const fault = Fault.from(thrown);
            if (fault.code.startsWith('AUTH_') || fault.code === 'CLOSED') throw fault;
            return undefined;
        }
    }

    #hold(held: Held): void {
        const isCopy = held.occurrence.event.replay && this.#mark.has(held.serial);
        if (isCopy) held.drop?.();
        // One that has to leave is read from the log.
        else if (this.#held.add(held, this.#mark.hasLog)) this.#readings.wantLater();
    }

    #place(held: Held): void {
        const { serial, occurrence } = held;
        const { event } = occurrence;
        if (this.#mark.isNew && !this.#begin(held)) return;
        const place = this.#mark.place(serial, event.access?.previousSerial);
        if (place === 'known') this.#known(held);
        else if (place === 'gap' && this.#canRead) {
            this.#hold(held);
            this.want();
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
            this.want();
        } else held.drop?.();
    }

    /** Something old that the device sends as if it were new, when its log has just been found in order. */
    #isOldNews(event: DeviceEvent): boolean {
        return this.#mark.isOlder(event) && this.#options.clock.elapsed() - this.#checkedAt < CHECKED_MS;
    }

    get #canRead(): boolean {
        return this.#hasHistory !== false && !this.#readings.isFailing;
    }

    /** Nothing waits any more. */
    #release(): void {
        this.#isWaiting = false;
        for (const held of this.#held.takeAll()) this.take(held);
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
        this.#options.changed();
    }

    #lose([first, last]: Range): void {
        this.#mark.giveUp([first, last]);
        this.#options.audience.warn(new Fault('EVENTS_LOST', { details: { count: last - first + 1, first, last } }));
    }

    #reset(after: number): void {
        this.#options.audience.warn(new Fault('SERIALS_RESET', { details: { before: this.#mark.top, after } }));
        this.#mark.begin(0);
    }
}

/** The device's own number of an access event. */
export function serialOf({ event: { vendor, access } }: Occurrence): number | undefined {
    const serial = vendor === 'hikvision' ? access?.serial : undefined;
    return serial === 0 ? undefined : serial;
}
