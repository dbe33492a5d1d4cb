import type { TimeQuality } from './deviceEvent';

export interface EventTime {
    /** ISO 8601 with offset. */
    time: string;
    /** The same in epoch milliseconds. */
    epoch: number;
    quality: TimeQuality;
    /** The device's own text, where it is not `time`. */
    deviceTime?: string;
    /** Minutes east of UTC that `time` carries. */
    offset: number;
}

/** Date, time, and whatever the device takes for an offset. */
const FORM = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(\S{0,12})\s*$/i;
const SIGNED = /^([+-])(\d{1,2})(?::?([0-5]\d))?$/;
/** `T11:47:3100:00`: the sign was lost between seconds and offset (Supergiovane/node-red-contrib-hikvision-ultimate#59). */
const UNSIGNED = /^(\d{1,2}):([0-5]\d)$/;

/** No form of a time is longer; what goes on for pages is none. */
const LONGEST_TIME = 64;

/** Years in which no device of ours existed: a clock that was never set, not a time. */
const FIRST_YEAR = 2000;
/** The widest offset there is, in minutes. */
const WIDEST = 14 * 60;
/** Every month has so many days. */
const SURE_DAYS = 28;
const ZERO = 0x30;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads the time of an event, in every form devices use: `+08:00`, `Z`, `-6:00`, a lost sign, fractions of a second,
 * minutes only, a blank for the `T`, or no offset at all. A time that cannot be is replaced by the time of arrival.
 *
 * @param receivedAt epoch milliseconds
 * @param assumedOffset minutes east of UTC for times without offset; by default those of this machine
 */
export function readTime(text: string | undefined, receivedAt: number, assumedOffset?: number): EventTime {
    const usual = text === undefined ? undefined : readUsual(text);
    if (usual !== undefined) return usual;
    const match = text === undefined || text.length > LONGEST_TIME ? null : FORM.exec(text);
    if (match === null) return arrival(text, receivedAt);
    const [, year, month, day, hour, minute, second = '00', fraction, zone] = match as unknown as string[];
    const y = Number(year);
    const m = Number(month);
    const d = Number(day);
    const h = Number(hour);
    const min = Number(minute);
    const s = Number(second);
    if (y < FIRST_YEAR || m < 1 || m > 12 || d < 1 || d > DAYS[m - 1]! || h > 23 || min > 59 || s > 59) {
        return arrival(text, receivedAt);
    }
    const wall = Date.UTC(y, m - 1, d, h, min, s, fraction === undefined ? 0 : Number(`${fraction}00`.slice(0, 3)));
    // 30 February gives a day in March.
    if (new Date(wall).getUTCDate() !== d) return arrival(text, receivedAt);
    const sent = readOffset(zone!, assumedOffset);
    const offset = sent?.minutes ?? assumedOffset ?? -new Date(y, m - 1, d, h, min, s).getTimezoneOffset();
    const seconds = fraction === undefined ? second : `${second}.${fraction}`;
    const time = `${year}-${pad(month!)}-${pad(day!)}T${pad(hour!)}:${minute}:${seconds}${sent?.text ?? offsetText(offset)}`;
    const result: EventTime = {
        time,
        epoch: wall - offset * 60_000,
        quality: sent?.sure ? 'offset' : 'assumed',
        offset,
    };
    if (text !== time) result.deviceTime = text;
    return result;
}

/** `2026-11-20T14:32:07+08:00`, as nearly every device writes it; `undefined` for anything else, and anything odd. */
function readUsual(text: string): EventTime | undefined {
    if (text.length !== 25 || text[10] !== 'T' || text[4] !== '-' || text[7] !== '-') return undefined;
    if (text[13] !== ':' || text[16] !== ':' || text[22] !== ':') return undefined;
    const sign = text[19] === '+' ? 1 : text[19] === '-' ? -1 : Number.NaN;
    const y = twoDigits(text, 0) * 100 + twoDigits(text, 2);
    const m = twoDigits(text, 5);
    const d = twoDigits(text, 8);
    const h = twoDigits(text, 11);
    const min = twoDigits(text, 14);
    const s = twoDigits(text, 17);
    const offsetMinutes = twoDigits(text, 23);
    const size = twoDigits(text, 20) * 60 + offsetMinutes;
    const isSure = y >= FIRST_YEAR && m >= 1 && m <= 12 && d >= 1 && d <= SURE_DAYS && h <= 23 && min <= 59 && s <= 59;
    if (!isSure || !(offsetMinutes <= 59 && sign * size <= WIDEST && sign * size >= -WIDEST)) return undefined;
    const offset = sign < 0 ? -size : size;
    return { time: text, epoch: Date.UTC(y, m - 1, d, h, min, s) - offset * 60_000, quality: 'offset', offset };
}

function twoDigits(text: string, at: number): number {
    const tens = text.charCodeAt(at) - ZERO;
    const ones = text.charCodeAt(at + 1) - ZERO;
    return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function readOffset(zone: string, assumed?: number): { minutes: number; text: string; sure: boolean } | undefined {
    if (zone === 'Z' || zone === 'z') return { minutes: 0, text: 'Z', sure: true };
    const signed = SIGNED.exec(zone);
    if (signed !== null) {
        const size = Number(signed[2]) * 60 + Number(signed[3] ?? 0);
        if (size > WIDEST) return undefined;
        const minutes = signed[1] === '-' ? -size : size;
        return { minutes, text: zone.length === 6 ? zone : offsetText(minutes), sure: true };
    }
    const unsigned = UNSIGNED.exec(zone);
    if (unsigned === null) return undefined;
    const size = Number(unsigned[1]) * 60 + Number(unsigned[2]);
    if (size > WIDEST) return undefined;
    const minutes = assumed === -size && size > 0 ? -size : size;
    return { minutes, text: offsetText(minutes), sure: size === 0 };
}

function arrival(text: string | undefined, receivedAt: number): EventTime {
    const time = isoUtc(receivedAt);
    const result: EventTime = { time, epoch: receivedAt, quality: 'received', offset: 0 };
    if (text !== undefined && text.trim() !== '') result.deviceTime = text;
    return result;
}

function pad(digits: string): string {
    return digits.length < 2 ? `0${digits}` : digits;
}

function offsetText(minutes: number): string {
    const size = Math.abs(minutes);
    return `${minutes < 0 ? '-' : '+'}${pad(String(Math.floor(size / 60)))}:${pad(String(size % 60))}`;
}

let latestEpoch = Number.NaN;
let latestText = '';

/** An instant as ISO 8601 in UTC. Many events arrive in one millisecond, and the text costs more than reading most of them. */
export function isoUtc(epoch: number): string {
    if (epoch !== latestEpoch) {
        latestText = new Date(epoch).toISOString();
        latestEpoch = epoch;
    }
    return latestText;
}

/** An instant as ISO 8601 with the given offset (minutes east of UTC), to the millisecond. */
export function isoAt(epoch: number, offset: number): string {
    const wall = new Date(epoch + offset * 60_000).toISOString();
    return offset === 0 ? wall : wall.slice(0, -1) + offsetText(offset);
}

/** Minutes east of UTC that an ISO 8601 text ends with. */
export function offsetOf(time: string): number {
    const zone = /([+-])(\d\d):(\d\d)$/.exec(time);
    return zone === null ? 0 : Number(`${zone[1]}1`) * (Number(zone[2]) * 60 + Number(zone[3]));
}
