import type { DeviceEvent } from '../../events/deviceEvent';
import type { SavedLogMark } from './logMark';
import { isSameMoment, type Moment, momentOf } from './moment';
import { type Range, SerialRanges } from './serialRanges';

/** What is kept of a device from one start to the next: plain JSON, so that any context store can hold it. */
export interface SavedMark {
    version: 1;
    /** What came out, or is known to be nothing. */
    covered: Range[];
    /** What the device could not give any more. */
    lost: Range[];
    /** The newest event that came out. */
    newest?: { serial: number; moment?: Moment };
    /** When the last event before the first gap was logged. */
    since?: Moment;
    /** The time of the latest live event that named its offset: rows of the log may leave it out. */
    told?: string;
    /** The hardware address in the device's own bodies, on which the ids of its events rest. */
    mac?: string;
    /** The serial number of the device: another one at the same place has another log. */
    device?: string;
    /** Its log was read. */
    hasLog?: true;
    /** Of a camera or recorder, whose log is read. */
    log?: SavedLogMark;
}

/**
 * `known`: it came out already. `next`: nothing is missing before it. `gap`: something is. `late`: it fills a gap that
 * had been left behind.
 */
export type Place = 'known' | 'next' | 'gap' | 'late';

/** What stays apart; beyond it the oldest gap is given up. */
const MOST_RANGES = 2000;
/** Latest events whose time is remembered, to tell a copy from the first numbers of a terminal that was reset. */
const MOST_RECENT = 256;

/** Which access events of one device have come out, by the device's own serial numbers. */
export class AccessMark {
    #covered: SerialRanges;
    #lost: SerialRanges;
    #newest: SavedMark['newest'];
    #since: Moment | undefined;
    #told: string | undefined;
    /** What the device showed for its time when it was asked; for as long as no event tells. */
    shown: string | undefined;
    mac: string | undefined;
    #device: string | undefined;
    /** Its log was read once: what waits when everything ends is left to that. */
    hasLog: boolean;
    readonly #recent = new Map<number, Moment | undefined>();

    /** @param saved what {@link AccessMark.saved} gave once, or anything else, which is as good as nothing */
    constructor(saved?: unknown) {
        const mark = readMark(saved);
        this.#covered = new SerialRanges(mark?.covered);
        this.#lost = new SerialRanges(mark?.lost);
        this.#newest = mark?.newest;
        this.#since = mark?.since;
        this.#told = isTime(mark?.told) ? mark.told : undefined;
        this.mac = mark?.mac;
        this.#device = mark?.device;
        this.hasLog = mark?.hasLog === true;
    }

    get saved(): SavedMark {
        const saved: SavedMark = { version: 1, covered: this.#covered.list, lost: this.#lost.list };
        if (this.#newest !== undefined) saved.newest = this.#newest;
        if (this.since !== undefined) saved.since = this.since;
        if (this.#told !== undefined) saved.told = this.#told;
        if (this.mac !== undefined) saved.mac = this.mac;
        if (this.#device !== undefined) saved.device = this.#device;
        if (this.hasLog) saved.hasLog = true;
        return saved;
    }

    /** Nothing is known yet of what came before. */
    get isNew(): boolean {
        return this.#covered.isEmpty;
    }

    get newest(): SavedMark['newest'] {
        return this.#newest;
    }

    /** The largest number that came out. */
    get top(): number {
        return this.#covered.top;
    }

    /** What is missing begins behind this number … */
    get contiguous(): number {
        return this.#covered.contiguous;
    }

    /** … and not before this moment, where it is known. */
    get since(): Moment | undefined {
        return (this.#covered.gaps.length === 0 ? this.#newest?.moment : undefined) ?? this.#since;
    }

    set since(moment: Moment | undefined) {
        this.#since = moment;
    }

    /** Whether a live event has named the offset of the device. */
    get hasTold(): boolean {
        return this.#told !== undefined;
    }

    /** A time with the offset of the device, as far as it is known. */
    get told(): string | undefined {
        return this.#told ?? this.shown;
    }

    get gaps(): Range[] {
        return this.#covered.gaps;
    }

    /** Says which device it is; nothing is known of another one than before. */
    belongsTo(device: string): void {
        if (this.#device !== undefined && this.#device !== device) {
            this.begin(0);
            this.#covered = new SerialRanges();
            this.#told = undefined;
            this.shown = undefined;
            this.mac = undefined;
            this.hasLog = false;
        }
        this.#device = device;
    }

    /** Takes everything up to a number as known: there is no past before the first start. */
    begin(serial: number, moment?: Moment): void {
        this.#covered = new SerialRanges([[0, serial]]);
        this.#lost = new SerialRanges();
        this.#recent.clear();
        this.#newest = serial > 0 ? { serial, ...(moment && { moment }) } : undefined;
        this.#since = moment;
    }

    /** Whether it came out. */
    has(serial: number): boolean {
        return this.#covered.has(serial) && !this.#lost.has(serial);
    }

    /** @param previous the number that the device gave the event before it (`frontSerialNo`), where it says */
    place(serial: number, previous: number | undefined): Place {
        if (this.has(serial)) return 'known';
        const top = this.#covered.top;
        if (serial < top) return 'late';
        if (serial === top + 1) return 'next';
        return isBefore(previous, serial) && previous <= top ? 'next' : 'gap';
    }

    /** Whether a live event with a known number is no copy: a terminal that was reset counts from 1 again. */
    contradicts(serial: number, event: DeviceEvent): boolean {
        return !this.#recent.has(serial) || !isSameMoment(this.#recent.get(serial), this.momentOf(event));
    }

    /** When an event was logged, as far as it says. */
    momentOf(event: DeviceEvent): Moment | undefined {
        return momentOf(event, this.told);
    }

    /** Learns from a live event where the device stands. A `Z` says nothing of that. */
    learnOffset({ time, timeQuality, replay, via }: DeviceEvent): void {
        if (timeQuality === 'offset' && !replay && via !== 'history' && isTime(time)) this.#told = time;
    }

    /** What another mark has learned while this one was loaded counts more. */
    learnFrom({ told }: AccessMark): void {
        this.#told = told ?? this.#told;
    }

    /** Whether an event is younger than all that came out. */
    isYoungest(event: DeviceEvent): boolean {
        return this.#age(event) < 0;
    }

    /** Whether an event is older than the newest that came out. */
    isOlder(event: DeviceEvent): boolean {
        return this.#age(event) > 0;
    }

    /** Milliseconds from an event to the newest that came out; not a number where one has no time. */
    #age(event: DeviceEvent): number {
        return Date.parse(this.#newest?.moment?.time ?? '') - Date.parse(this.momentOf(event)?.time ?? '');
    }

    /** An event came out. With `next`, the numbers before it that nothing had are explained. */
    hear(serial: number, event: DeviceEvent): void {
        const { top } = this.#covered;
        this.#since = this.since;
        const isNext = this.place(serial, event.access?.previousSerial) === 'next';
        this.#lost.remove(serial);
        this.#covered.add(isNext ? top + 1 : serial, serial);
        const moment = this.momentOf(event);
        if (serial > top) this.#newest = { serial, ...(moment && { moment }) };
        this.#recent.delete(serial);
        this.#recent.set(serial, moment);
        if (this.#recent.size > MOST_RECENT) this.#recent.delete(this.#recent.keys().next().value!);
    }

    /** The device never had these numbers. */
    explain([first, last]: Range): void {
        this.#covered.add(first, last);
    }

    /** The device has these numbers no more. */
    giveUp([first, last]: Range): void {
        this.#covered.add(first, last);
        this.#lost.add(first, last);
    }

    /** Gives up the oldest gap where there are too many; which it was, for a report. */
    makeRoom(): Range | undefined {
        const [oldest, ...others] = this.#covered.gaps;
        if (oldest === undefined || others.length + 2 <= MOST_RANGES) return undefined;
        this.giveUp(oldest);
        return oldest;
    }
}

function isBefore(previous: number | undefined, serial: number): previous is number {
    return previous !== undefined && previous > 0 && previous < serial;
}

function isTime(text: unknown): text is string {
    return typeof text === 'string' && /[+-]\d\d:\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

function readMark(saved: unknown): SavedMark | undefined {
    const mark = saved as Partial<SavedMark> | null | undefined;
    if (typeof mark !== 'object' || mark === null || mark.version !== 1) return undefined;
    if (!isRanges(mark.covered) || !isRanges(mark.lost)) return undefined;
    return mark as SavedMark;
}

function isRanges(value: unknown): value is Range[] {
    const isRange = (entry: unknown) => Array.isArray(entry) && entry.length === 2 && entry.every(Number.isSafeInteger);
    return Array.isArray(value) && value.every(isRange);
}
