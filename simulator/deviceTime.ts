/** How a device writes its local time; every form has been seen (mezz64/pyHik#14, ultimate#59 and #83). */
export type TimeForm = 'offset' | 'no-offset' | 'utc';

const twoDigits = (value: number) => String(value).padStart(2, '0');

/** The offset of this machine in minutes east of UTC, which is what a device beside it would be set to. */
export function localOffset(at: number): number {
    return -new Date(at).getTimezoneOffset();
}

/**
 * The device's clock as it writes it in events and documents.
 *
 * @param at epoch milliseconds
 * @param offset minutes east of UTC
 */
export function deviceTime(at: number, offset: number, form: TimeForm = 'offset'): string {
    if (form === 'utc') return `${new Date(at).toISOString().slice(0, 19)}Z`;
    const wall = new Date(at + offset * 60_000).toISOString().slice(0, 19);
    if (form === 'no-offset') return wall;
    const minutes = Math.abs(offset);
    return `${wall}${offset < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

/** HH:MM:SS of the device's clock, as burnt into its pictures. */
export function wallClock(at: number, offset: number): string {
    return new Date(at + offset * 60_000).toISOString().slice(11, 19);
}

/** The POSIX form of `/System/time`, whose sign is inverted: UTC-3 is `CST+3:00:00` (koush/scrypted, ISAPI guide). */
export function posixZone(offset: number): string {
    const minutes = Math.abs(offset);
    return `CST${offset > 0 ? '-' : '+'}${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:00`;
}
