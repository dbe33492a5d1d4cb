import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DeviceEvent, DeviceIdentity, Occurrence } from '../../events/deviceEvent';
import { EventReader } from '../../events/eventReader';
import { readMac } from '../../events/identity';
import { LOG_CATEGORIES, loggedBody } from '../../events/logWords';
import type { Clock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import { meansUnsupported } from '../../protocols/isapi/answerFault';
import type { LogRow } from '../../protocols/isapi/logRow';
import { LogSearch, type LogSearchOptions, type WallSpan } from '../../protocols/isapi/logSearch';
import type { DeviceClock } from '../../protocols/operations/deviceClock';
import { isoWithOffset } from '../../protocols/operations/times';
import { pause } from '../../protocols/pause';
import type { DeviceProfile } from '../abilities';
import { askClock } from './askClock';
import type { Audience } from './audience';
import { type Gap, LogMark, type SavedLogMark, type WallFrame } from './logMark';
import { Readings } from './readings';

export interface AlarmLogOptions {
    audience: Audience;
    identity: DeviceIdentity;
    ask: LogSearchOptions['ask'];
    profile(): Promise<DeviceProfile>;
    clock: Clock;
    signal: AbortSignal;
    /** What was saved of it, and nothing at the first time. */
    saved: unknown;
    /** The mark has changed. */
    changed(): void;
    /** The device does not let its log be read. */
    unsupported(fault: Fault): Promise<void>;
}

/** Rows are written a moment after their event, and what is live by then is heard before it is compared. */
const SETTLE_MS = 2000;
/** How much is read beyond a gap on either side: what the clock of the device may be off by, where it was asked … */
const SLACK_MS = 10_000;
/** … and where it does not say. */
const UNSURE_SLACK_MS = 60_000;
/** The end of something is found by when it began (alkait/HikViewer): so long may it have lasted. */
const LONGEST_MS = 30 * 60_000;
/** No row is younger than now, but for a clock that runs ahead. */
const AHEAD_MS = 2 * 60_000;
/** Rows of one gap; a recorder with many cameras writes some ten thousand a day. */
const MOST_ROWS = 20_000;
/** Rows between two looks at what else there is to do. */
const SLICE = 16;
/** A sign of life is kept this often. */
const KEEP_MS = 10_000;

/**
 * What a camera or recorder wrote into its log while nobody heard it: after each interruption the rows of exactly that
 * time come out as events, in order, without those that were heard.
 *
 * Nothing in the log leads back to an event of the stream, so they are compared by what, where and when.
 */
export class AlarmLog {
    readonly #options: AlarmLogOptions;
    readonly #mark: LogMark;
    readonly #search: LogSearch;
    readonly #readings: Readings;
    #keptAt = Number.NEGATIVE_INFINITY;
    #offset: number | undefined;
    #isOnlyLog = false;
    #mac: string | undefined;

    constructor(options: AlarmLogOptions) {
        this.#options = options;
        this.#mark = new LogMark(options.saved);
        const { ask, clock, signal, audience, changed, unsupported } = options;
        this.#search = new LogSearch({ ask: (request) => ask({ ...request, signal }), mostRows: MOST_ROWS });
        this.#readings = new Readings({
            clock,
            signal,
            read: () => this.#read(),
            begins: () => undefined,
            succeeded: () => audience.forget('CATCH_UP_FAILED'),
            unsupported,
            hopeless: ({ message }) =>
                audience.warnOnce(new Fault('CATCH_UP_FAILED', { details: { reason: message } })),
            ended: changed,
        });
        this.#readings.start();
    }

    get saved(): SavedLogMark {
        return this.#mark.saved;
    }

    /** The device gave a sign of life. @param now epoch milliseconds */
    hearLife(now: number): void {
        this.#mark.hearLife(now);
        const elapsed = this.#options.clock.elapsed();
        if (elapsed - this.#keptAt < KEEP_MS) return;
        this.#keptAt = elapsed;
        this.#options.changed();
    }

    /** An event came out by the stream or a post. */
    hear(event: DeviceEvent): void {
        this.#mark.hear(event);
        if (event.device.mac !== undefined) this.#mac = event.device.mac;
    }

    /** Whether the device sends again what came out of its log. */
    wasTold(event: DeviceEvent): boolean {
        return event.replay && this.#mark.wasTold(event);
    }

    /** A connection has opened. @param now epoch milliseconds */
    opened(now: number): void {
        this.#readings.forgive();
        this.#mark.opened(now);
    }

    /** The log is to be read, for the device has nothing better. */
    want(): void {
        this.#isOnlyLog = true;
        this.#readings.want();
    }

    /** Somebody listens, perhaps after a time when nobody did: what was left for them is read now. */
    joined(): void {
        if (this.#isOnlyLog && this.#mark.gaps.length > 0) this.#readings.want();
    }

    /** After the signal. */
    close(): Promise<void> {
        this.#readings.cancel();
        return this.#readings.done;
    }

    async #read(): Promise<void> {
        const { clock, signal, audience } = this.#options;
        if (this.#mark.gaps.length === 0 || audience.size === 0) return;
        await pause(clock, SETTLE_MS, signal);
        if (signal.aborted) return;
        try {
            await this.#identify();
            const shown = await this.#askClock();
            const frame = await this.#frameOf(shown);
            for (const gap of [...this.#mark.gaps]) {
                if (audience.size > 0) await this.#readGap(gap, shown, frame);
            }
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (!signal.aborted) throw fault;
        } finally {
            audience.each((subscriber) => subscriber.progress?.(undefined));
        }
    }

    async #identify(): Promise<void> {
        const { serial, mac } = await this.#options.profile();
        if (serial !== undefined) this.#mark.belongsTo(serial);
        this.#mac ??= readMac(mac);
    }

    /** What the device takes for now; where it does not say, its clock is taken to be right. */
    async #askClock(): Promise<DeviceClock & { isSure: boolean }> {
        const { ask, clock, signal } = this.#options;
        try {
            const shown = await askClock(ask, signal);
            if (shown !== undefined) {
                this.#offset = shown.offset;
                return { ...shown, isSure: true };
            }
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (!meansUnsupported(fault) && fault.code !== 'ANSWER_UNREADABLE' && fault.code !== 'FORBIDDEN')
                throw fault;
        }
        const at = clock.now();
        return { at, offset: this.#offset ?? -new Date(at).getTimezoneOffset(), isSure: false };
    }

    /**
     * Whether the device takes the times of a question for its local time or for UTC. No row is younger than now: one
     * whose wall is later than now in one of the two can only be meant in the other.
     */
    async #frameOf({ at, offset }: DeviceClock): Promise<WallFrame> {
        if (offset === 0) return 'local';
        if (this.#mark.frame !== undefined) return this.#mark.frame;
        const [earlier, later]: WallFrame[] = offset > 0 ? ['utc', 'local'] : ['local', 'utc'];
        const walls = [at, at + offset * 60_000].sort((one, other) => one - other) as [number, number];
        const isLater = await this.#search.hasAny({ from: walls[0] + AHEAD_MS, to: walls[1] + AHEAD_MS });
        // Nothing at all for hours proves nothing: it is asked again next time.
        if (isLater) this.#mark.frame = later;
        return isLater ? later! : earlier!;
    }

    async #readGap(gap: Gap, shown: DeviceClock & { isSure: boolean }, frame: WallFrame): Promise<void> {
        const { clock, signal, audience, changed } = this.#options;
        const error = shown.isSure ? shown.at - clock.now() : 0;
        const slack = shown.isSure ? SLACK_MS : UNSURE_SLACK_MS;
        const [from, until] = [gap[0] + error - slack, gap[1] + error + slack];
        const shift = shiftOf(frame, shown.offset);
        const span = { from: from - LONGEST_MS + shift, to: until + shift };
        const { rows, incomplete } = await this.#search.rows(LOG_CATEGORIES, span);
        const timed = rows.map((row) => ({ row, at: epochOf(row, span, frame, shown.offset) }));
        const within = timed.filter(({ at }) => at >= from && at <= until).sort((one, other) => one.at - other.at);
        const read = this.#reader();
        for (const [index, { row, at }] of within.entries()) {
            // What nobody hears has not come out.
            if (audience.size === 0) return;
            for (const occurrence of read(row, at, row.offset ?? shown.offset)) this.#deliver(occurrence);
            if (index % SLICE !== SLICE - 1) continue;
            this.#mark.read(gap, Math.min(at - error, gap[1] - 1));
            audience.each((subscriber) => subscriber.progress?.({ done: index + 1, total: within.length }));
            await audience.settled();
            await nextTurn();
            if (signal.aborted) throw new Fault('CLOSED');
        }
        this.#mark.read(gap, gap[1]);
        changed();
        if (incomplete !== undefined) audience.warn(incompleteLog(gap, incomplete));
    }

    #deliver(occurrence: Occurrence): void {
        const { event } = occurrence;
        if (this.#mark.knows(event)) return;
        this.#mark.tell(event);
        this.#options.audience.spread(occurrence);
    }

    /** Makes of rows what the stream would have brought. */
    #reader(): (row: LogRow, at: number, offset: number) => Occurrence[] {
        const { identity, clock } = this.#options;
        let read: Occurrence[] = [];
        const reader = new EventReader({
            via: 'history',
            device: { ...(this.#mac !== undefined && { mac: this.#mac }), ...identity },
            clock,
            onOccurrence: (occurrence) => read.push(occurrence),
        });
        return (row, at, offset) => {
            read = [];
            const body = loggedBody(row, isoWithOffset(at, offset));
            if (body !== undefined) reader.past(body, row.fields);
            for (const { event } of read) {
                event.warnings = [...(event.warnings ?? []), 'from-log'];
                if (row.offset === undefined) event.timeQuality = 'assumed';
                if (row.timeText !== event.time) event.deviceTime = row.timeText;
            }
            return read;
        };
    }
}

function shiftOf(frame: WallFrame, offset: number): number {
    return frame === 'local' ? offset * 60_000 : 0;
}

/** When a row was. Without an offset its wall is that of the question, or the other one where it lies outside of that. */
function epochOf({ wall, offset: own }: LogRow, { from, to }: WallSpan, frame: WallFrame, offset: number): number {
    if (own !== undefined) return wall - own * 60_000;
    const isAsAsked = wall >= from - AHEAD_MS && wall <= to + AHEAD_MS;
    const other = frame === 'local' ? 'utc' : 'local';
    return wall - shiftOf(isAsAsked ? frame : other, offset);
}

function incompleteLog([from, until]: Gap, reason: string): Fault {
    const details = { from: new Date(from).toISOString(), until: new Date(until).toISOString(), reason };
    return new Fault('LOG_INCOMPLETE', { details });
}
