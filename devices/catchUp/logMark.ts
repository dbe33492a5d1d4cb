import type { DeviceEvent } from '../../events/deviceEvent';
import { type SavedSpan, Spans } from './spans';

/** When nobody heard a device, by our clock, in epoch milliseconds. */
export type Gap = [from: number, until: number];

/** What the times in a question for the log mean. */
export type WallFrame = 'local' | 'utc';

/** What is kept of a camera or recorder from one start to the next: plain JSON. */
export interface SavedLogMark {
    /** When it was heard last. */
    alive?: number;
    /** What has not been read yet. */
    gaps: Gap[];
    heard: SavedSpan[];
    told: SavedSpan[];
    frame?: WallFrame;
    /** The serial number of the device: another one at the same place has another log. */
    device?: string;
}

/** Recorders repeat a condition about once a second while it lasts. */
const REPEATED_MS = 3000;
/** The log and the stream show the same event some seconds apart. */
const SAME_MS = 3000;
/** Longer ago than this before the first gap, nothing is compared with the log. */
const REMEMBERED_MS = 10 * 60_000;
/** More than that are joined with what lies between them. */
const MOST_GAPS = 20;

/** When a camera or recorder was heard, what it said, and what of its log came out. */
export class LogMark {
    #alive: number | undefined;
    #gaps: Gap[];
    #heard: Spans;
    #told: Spans;
    #device: string | undefined;
    /** What was found out of it for certain. */
    frame: WallFrame | undefined;

    /** @param saved what {@link LogMark.saved} gave once, or anything else, which is as good as nothing */
    constructor(saved?: unknown) {
        const mark: Partial<SavedLogMark> = typeof saved === 'object' && saved !== null ? saved : {};
        this.#alive = Number.isFinite(mark.alive) ? mark.alive : undefined;
        this.#gaps = Array.isArray(mark.gaps) ? mark.gaps.filter(isGap).map(([from, until]): Gap => [from, until]) : [];
        this.#heard = new Spans(REPEATED_MS, mark.heard);
        this.#told = new Spans(0, mark.told);
        this.#device = typeof mark.device === 'string' ? mark.device : undefined;
        this.frame = mark.frame === 'local' || mark.frame === 'utc' ? mark.frame : undefined;
    }

    get saved(): SavedLogMark {
        const gaps = this.#gaps.map(([from, until]): Gap => [from, until]);
        const saved: SavedLogMark = { gaps, heard: this.#heard.list, told: this.#told.list };
        if (this.#alive !== undefined) saved.alive = this.#alive;
        if (this.frame !== undefined) saved.frame = this.frame;
        if (this.#device !== undefined) saved.device = this.#device;
        return saved;
    }

    /** What has not been read, oldest first. */
    get gaps(): readonly Gap[] {
        return this.#gaps;
    }

    /** Says which device it is; what was missed of another one than before is no matter. */
    belongsTo(device: string): void {
        if (this.#device !== undefined && this.#device !== device) {
            this.#gaps = [];
            this.#heard = new Spans(REPEATED_MS);
            this.#told = new Spans(0);
            this.frame = undefined;
        }
        this.#device = device;
    }

    /** The device gave a sign of life. */
    hearLife(now: number): void {
        this.#alive = now;
    }

    /** A connection has opened: what was between the last sign of life and now was not heard. */
    opened(now: number): void {
        if (this.#alive !== undefined && now > this.#alive) this.#gaps.push([this.#alive, now]);
        this.#alive = now;
        while (this.#gaps.length > MOST_GAPS) {
            const [[from], [, until]] = this.#gaps.splice(0, 2) as [Gap, Gap];
            this.#gaps.unshift([from, until]);
        }
        const before = (this.#gaps[0]?.[0] ?? now) - REMEMBERED_MS;
        this.#heard.forget(before);
        this.#told.forget(before);
    }

    /** An event came out by another way than the log. */
    hear(event: DeviceEvent): void {
        this.#heard.add(keyOf(event), momentOf(event));
    }

    /** Whether a row of the log is something that was heard, or came out of the log before. */
    knows(event: DeviceEvent): boolean {
        const [key, at] = [keyOf(event), momentOf(event)];
        return this.#told.has(key, at, 0) || this.#heard.has(key, at, SAME_MS);
    }

    /** Whether what the device sends again came out of its log before. */
    wasTold(event: DeviceEvent): boolean {
        return this.#told.has(keyOf(event), momentOf(event), SAME_MS);
    }

    /** A row came out. */
    tell(event: DeviceEvent): void {
        this.#told.add(keyOf(event), momentOf(event));
    }

    /** The log was read up to here; to its end with `until`. */
    read(gap: Gap, until: number): void {
        if (until >= gap[1]) this.#gaps = this.#gaps.filter((other) => other !== gap);
        else gap[0] = Math.max(gap[0], until);
    }
}

/** What a row and an event of the stream share. */
function keyOf({ channel, kind, state, io }: DeviceEvent): string {
    return `${channel ?? ''}|${kind}|${state}|${io?.input ?? ''}`;
}

function momentOf({ time }: DeviceEvent): number {
    return Date.parse(time);
}

function isGap(value: unknown): value is Gap {
    return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1];
}
