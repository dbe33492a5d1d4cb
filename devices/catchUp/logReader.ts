import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DeviceIdentity, Occurrence } from '../../events/deviceEvent';
import { EventReader } from '../../events/eventReader';
import { readMac } from '../../events/identity';
import type { Clock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import { pause } from '../../protocols/pause';
import type { DeviceProfile } from '../abilities';
import type { AccessHistory, LoggedRow } from './accessHistory';
import type { AccessMark } from './accessMark';
import type { Held, HeldEvents } from './heldEvents';
import { doubtOf, isSameMoment, offsetLike } from './moment';
import type { Range } from './serialRanges';

/** How far the reading of a log has come. */
export interface Progress {
    done: number;
    /** As far as the device says. */
    total: number;
}

export interface LogReaderOptions {
    history: AccessHistory;
    identity: DeviceIdentity;
    profile(): Promise<DeviceProfile>;
    clock: Clock;
    signal: AbortSignal;
    held: HeldEvents;
    mark(): AccessMark;
    /** An event that waited comes out. */
    deliver(held: Held): void;
    /** An event of the log goes to all. */
    spread(occurrence: Occurrence): void;
    /** The device has these numbers no more. */
    lost(range: Range): void;
    /** The device counts anew. */
    reset(after: number): void;
    progress(progress: Progress | undefined): void;
    /** Resolves when those who listen can take more. */
    settled(): Promise<void>;
}

/** A row may be written a moment after its event was sent: what is missing is looked for again after these waits. */
const LOOK_AGAIN_MS = [0, 500, 1500];
/** Rows between two looks at what else there is to do. */
const SLICE = 16;

/** `cleared`: rows are missing at its beginning. */
type LogState = 'intact' | 'cleared';

/** Reads what is missing from the log of a terminal, and lets out in their order what waited meanwhile. */
export class LogReader {
    readonly #options: LogReaderOptions;
    #suspectsReset = false;

    constructor(options: LogReaderOptions) {
        this.#options = options;
    }

    /** A live event had a number that was known: the next reading finds out why. */
    suspectReset(): void {
        this.#suspectsReset = true;
    }

    /**
     * Reads until nothing is missing, as far as the device has it.
     *
     * @throws Fault NOT_SUPPORTED where there is no log, or why it could not be read
     */
    async read(): Promise<void> {
        const { held, clock, signal, progress } = this.#options;
        try {
            await this.#identify();
            const state = await this.#look();
            for (const [round, wait] of LOOK_AGAIN_MS.entries()) {
                if (wait > 0) await pause(clock, wait, signal);
                if (signal.aborted) return;
                const isLast = round === LOOK_AGAIN_MS.length - 1;
                await this.#fetch(state, isLast);
                this.#letOut(isLast, state);
                if (held.isEmpty) return;
            }
        } finally {
            progress(undefined);
        }
    }

    /** Asks whose log it is; without an answer the ids of its events are made of what else is known of it. */
    async #identify(): Promise<void> {
        try {
            const { serial, mac } = await this.#options.profile();
            if (serial !== undefined) this.#mark.belongsTo(serial);
            this.#mark.mac ??= readMac(mac);
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (fault.code.startsWith('AUTH_') || fault.code === 'CLOSED') throw fault;
        }
    }

    get #mark(): AccessMark {
        return this.#options.mark();
    }

    /** Compares the log with what came out last, before anything is taken from it. */
    async #look(): Promise<LogState> {
        const { history, reset } = this.#options;
        const suspects = this.#suspectsReset;
        this.#suspectsReset = false;
        if (this.#mark.isNew) {
            await this.#begin();
            return 'intact';
        }
        const { newest } = this.#mark;
        if (newest === undefined) return 'intact';
        const row = await history.row(newest.serial, newest.moment);
        if (row !== undefined && isSameMoment(row.moment, newest.moment)) return 'intact';
        const last = await history.newest();
        if (row === undefined && !this.#isBehind(last, suspects)) {
            return last === undefined || last.serial >= newest.serial ? 'cleared' : 'intact';
        }
        reset(last?.serial ?? 0);
        return 'intact';
    }

    /** Whether a log without the last event that came out begins with smaller numbers than that. */
    #isBehind(last: LoggedRow | undefined, suspects: boolean): boolean {
        const { newest } = this.#mark;
        if (newest === undefined || (last !== undefined && last.serial >= newest.serial)) return false;
        if (suspects) return true;
        if (last?.moment === undefined || newest.moment === undefined) return false;
        const younger = Date.parse(last.moment.time) - Date.parse(newest.moment.time);
        return younger > doubtOf(last.moment) + doubtOf(newest.moment);
    }

    /** The first time, what is in the log is the past. What happened since we listen is not. */
    async #begin(): Promise<void> {
        const last = await this.#options.history.newest();
        const live = this.#options.held.firstLive;
        if (live !== undefined && live.serial <= (last?.serial ?? live.serial)) {
            this.#mark.begin(live.serial - 1);
            // Nothing of before is wanted: a log of years need not be read for it.
            this.#mark.since = this.#mark.momentOf(live.occurrence.event);
        } else if (last !== undefined) this.#mark.begin(last.serial, last.moment);
    }

    /** @param isLast at last the whole log is read where it is read by time: the clock of the device may have been set */
    async #fetch(state: LogState, isLast: boolean): Promise<void> {
        const { history, progress } = this.#options;
        const mark = this.#mark;
        if (mark.isNew) return;
        let reader: RowReader | undefined;
        let beginning = state;
        let done = 0;
        let last = 0;
        const batches = history.after(mark.contiguous, isLast ? undefined : mark.since);
        for await (const { rows, isOrdered, total } of batches) {
            // With the first rows it is known where the device stands.
            reader ??= this.#eventReader();
            for (let at = 0; at < rows.length; at += SLICE) {
                const slice = rows.slice(at, at + SLICE);
                for (const row of slice) {
                    if (isOrdered || beginning === 'cleared') {
                        this.#passOver([mark.contiguous + 1, row.serial - 1], beginning);
                    }
                    beginning = 'intact';
                    this.#bring(row, reader, isLast);
                }
                done += slice.length;
                progress({ done, total: Math.max(total, done) });
                await this.#options.settled();
                await nextTurn();
                if (this.#options.signal.aborted) throw new Fault('CLOSED');
            }
            last = Math.max(last, rows.at(-1)?.serial ?? 0);
        }
        for (const gap of mark.gaps) {
            if (gap[1] < last && (isLast || !this.#options.held.names(gap))) this.#passOver(gap, 'intact');
        }
    }

    /** Numbers that the log leaves out: never given, unless its beginning is gone or an event names one of them. */
    #passOver(gap: Range, state: LogState): void {
        const [first, last] = gap;
        if (last < first) return;
        if (state === 'cleared' || this.#options.held.names(gap)) this.#options.lost(gap);
        else this.#mark.explain(gap);
    }

    #bring(row: LoggedRow, reader: RowReader, isLast: boolean): void {
        const { held, deliver, spread } = this.#options;
        const mark = this.#mark;
        const { serial } = row;
        if (mark.has(serial)) return;
        // What is known to have happened before it comes by another window of time.
        const waits = !isLast && held.names([mark.top + 1, serial - 1]);
        const live = held.takeLive(serial);
        const found =
            live === undefined ? reader(row).map((occurrence) => ({ serial, occurrence, deliver: spread })) : [live];
        for (const one of found) {
            if (waits) held.add(one, true);
            else deliver(one);
        }
    }

    /** What waited, in order, as far as nothing is missing before it. @param isLast nothing more can be found */
    #letOut(isLast: boolean, state: LogState): void {
        const { held, deliver, lost } = this.#options;
        const mark = this.#mark;
        const waiting = held.takeAll();
        if (mark.isNew && waiting[0] !== undefined) mark.begin(waiting[0].serial - 1);
        let isStuck = false;
        for (const one of waiting) {
            const previous = one.occurrence.event.access?.previousSerial;
            const place = mark.place(one.serial, previous);
            isStuck ||= place === 'gap' && !isLast;
            if (place === 'known') one.drop?.();
            else if (isStuck) held.add(one, true);
            else {
                const missing: Range = [mark.top + 1, one.serial - 1];
                if (place === 'gap') {
                    // Numbers that the log passes over may never have been given; one that an event names was.
                    if (state === 'cleared' || (previous ?? 0) > mark.top) lost(missing);
                    else mark.explain(missing);
                }
                deliver(one);
            }
        }
    }

    /** Makes of rows what the stream would have brought, with the same ids. */
    #eventReader(): RowReader {
        const { identity, clock } = this.#options;
        const mark = this.#mark;
        const offset = offsetLike(mark.told);
        let read: Occurrence[] = [];
        const reader = new EventReader({
            via: 'history',
            device: { ...(mark.mac !== undefined && { mac: mark.mac }), ...identity },
            clock,
            ...(offset !== undefined && { assumedOffset: offset }),
            onOccurrence: (occurrence) => read.push(occurrence),
        });
        return ({ fields }) => {
            read = [];
            reader.history([fields]);
            return read;
        };
    }
}

type RowReader = (row: LoggedRow) => Occurrence[];
