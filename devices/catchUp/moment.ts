import type { DeviceEvent } from '../../events/deviceEvent';
import { readTime } from '../../events/time';

/** When a row was logged. */
export interface Moment {
    /** ISO 8601 with offset. */
    time: string;
    /** The clock on the wall of the device, to the second. */
    wall: string;
}

/** Clocks are set by seconds while events are written. */
const SLACK_MS = 2000;
const QUARTER_MS = 15 * 60_000;
const WIDEST_ZONE_MS = 14 * 60 * 60_000;

/** When an event was logged, or `undefined` where the device gave no time that can be. */
export function momentOf({ time, deviceTime, timeQuality }: DeviceEvent): Moment | undefined {
    return timeQuality === 'received' ? undefined : { time, wall: (deviceTime ?? time).slice(0, 19) };
}

/** When a row of the history was logged. */
export function momentOfRow(text: string | undefined, now: number): Moment | undefined {
    const { time, quality, deviceTime } = readTime(text, now);
    return quality === 'received' ? undefined : { time, wall: (deviceTime ?? time).slice(0, 19) };
}

/**
 * Whether two ways of telling may mean the same moment. The history of a device may leave out the offset or use another
 * one than its stream, so a difference that a time zone explains is none. Where one is unknown they may be the same.
 */
export function isSameMoment(one: Moment | undefined, other: Moment | undefined): boolean {
    if (one === undefined || other === undefined || one.wall === other.wall) return true;
    const apart = Math.abs(Date.parse(one.time) - Date.parse(other.time));
    return apart <= SLACK_MS || (apart <= WIDEST_ZONE_MS && apart % QUARTER_MS === 0);
}
