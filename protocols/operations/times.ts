const twoDigits = (value: number) => String(Math.floor(value)).padStart(2, '0');

/**
 * Seconds with offset, as ISAPI wants times: `2026-11-20T08:00:00-03:00`.
 *
 * @param epoch milliseconds
 * @param offset minutes east of UTC; that of this machine by default
 */
export function isoWithOffset(epoch: number, offset: number = -new Date(epoch).getTimezoneOffset()): string {
    const wall = new Date(epoch + offset * 60_000).toISOString().slice(0, 19);
    return `${wall}${offsetText(offset)}`;
}

function offsetText(offset: number): string {
    const minutes = Math.abs(offset);
    return `${offset < 0 ? '-' : '+'}${twoDigits(minutes / 60)}:${twoDigits(minutes % 60)}`;
}

/** `2026-11-20T11:00:00Z`, as the search for recordings wants times. A text without offset is taken as it stands. */
export function isoUtc(time: string): string {
    if (!/(?:z|[+-]\d\d:?\d\d)$/i.test(time)) return `${time}Z`;
    return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/**
 * Minutes east of UTC in a POSIX time zone. Its sign is inverted: `CST-3:00:00` lies three hours east (a public
 * document on the DS-K1A8503MF; koush/scrypted). Rules for summer time are not looked at.
 */
export function offsetOfPosixZone(zone: string): number | undefined {
    const match = /^\s*(?:<[^>]{1,16}>|[A-Za-z]{3,10})([+-]?)(\d{1,2})(?::(\d{2}))?/.exec(zone);
    if (match === null) return undefined;
    const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
    return match[1] === '-' ? minutes : -minutes;
}

/** `CST-3:00:00` of 180. */
export function posixZoneOfOffset(offset: number): string {
    const minutes = Math.abs(offset);
    return `CST${offset > 0 ? '-' : '+'}${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:00`;
}

/** Minutes east of UTC of `+03:00`, `-3`, `Z`; `undefined` for anything else. */
export function offsetOfText(text: string): number | undefined {
    if (/^\s*z\s*$/i.test(text)) return 0;
    const match = /^\s*([+-])(\d{1,2})(?::?(\d{2}))?\s*$/.exec(text);
    if (match === null) return undefined;
    const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
    if (minutes > 14 * 60) return undefined;
    return match[1] === '-' ? -minutes : minutes;
}
