import type { DeviceEvent } from '../../events/deviceEvent';
import { offsetOf, readTime } from '../../events/time';

/** When a row was logged. */
export interface Moment {
    /** ISO 8601 with offset. */
    time: string;
    /** The clock on the wall of the device, to the second. */
    wall: string;
    /** Milliseconds by which `time` may be off, for want of an offset; absent in old marks, which do not say. */
    doubt?: number;
}

/** No two places on earth are further apart. */
export const WIDEST_DOUBT_MS = 26 * 60 * 60_000;
/** It is known where a device stands, but not whether it was summer there when it wrote a row. */
const SUMMER_DOUBT_MS = 60 * 60_000;
/** No row is younger than now: one that seems to be so was written somewhere else, or its clock runs ahead. */
const AHEAD_MS = 10 * 60_000;
/** Clocks are set by seconds while events are written. */
const SLACK_MS = 2000;
const QUARTER_MS = 15 * 60_000;

/**
 * When an event was logged, or `undefined` where the device gave no time that can be.
 *
 * @param told a time with the offset of the device, as far as known
 */
export function momentOf(event: DeviceEvent, told: string | undefined): Moment | undefined {
    const { time, deviceTime, timeQuality, receivedAt } = event;
    if (timeQuality === 'received') return undefined;
    if (timeQuality === 'assumed') return momentOfRow(deviceTime ?? time, Date.parse(receivedAt), told);
    return { time, wall: (deviceTime ?? time).slice(0, 19), doubt: 0 };
}

/** When a row of the history was logged. @param told as of {@link momentOf} */
export function momentOfRow(text: string | undefined, now: number, told: string | undefined): Moment | undefined {
    const { time, epoch, quality, deviceTime } = readTime(text, now, offsetLike(told));
    if (quality === 'received') return undefined;
    const isGuess = told === undefined || epoch > now + AHEAD_MS;
    const doubt = quality === 'offset' ? 0 : isGuess ? WIDEST_DOUBT_MS : SUMMER_DOUBT_MS;
    return { time, wall: (deviceTime ?? time).slice(0, 19), doubt };
}

/** Whether a row leaves out its offset. */
export function lacksOffset(text: string | undefined, now: number): boolean {
    return readTime(text, now).quality === 'assumed';
}

export function doubtOf({ doubt }: Moment): number {
    return doubt ?? WIDEST_DOUBT_MS;
}

/**
 * Minutes east of UTC for times without offset, from a time that the device told with one. Nothing where the device
 * stands beside this machine, as far as that shows: then the rules of this machine say when it is summer.
 */
export function offsetLike(told: string | undefined): number | undefined {
    if (told === undefined) return undefined;
    const offset = offsetOf(told);
    return offset === -new Date(told).getTimezoneOffset() ? undefined : offset;
}

/**
 * Whether two ways of telling may mean the same moment. The history of a device may leave out the offset or use another
 * one than its stream, so a difference that a time zone explains is none. Where one is unknown they may be the same.
 */
export function isSameMoment(one: Moment | undefined, other: Moment | undefined): boolean {
    if (one === undefined || other === undefined || one.wall === other.wall) return true;
    const apart = Math.abs(Date.parse(one.time) - Date.parse(other.time));
    return apart <= SLACK_MS || (apart <= WIDEST_DOUBT_MS && apart % QUARTER_MS === 0);
}
