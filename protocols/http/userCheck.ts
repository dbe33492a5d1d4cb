/** What a device says in the body of a 401; whatever it left out is absent. */
export interface UserCheck {
    /** This address is locked out. */
    locked: boolean;
    /** Seconds until the lock opens. */
    unlockTime?: number;
    /** Logins left before the device locks. */
    triesLeft?: number;
}

/** More than any device writes there; the rest of a longer body is not looked at. */
export const USER_CHECK_BYTES = 8 * 1024;

/** The text of the first element or JSON member of that name, whatever its namespace prefix and case. */
function find(text: string, name: string): string | undefined {
    const element = new RegExp(`<(?:[\\w.-]{1,32}:)?${name}(?:\\s[^<>]{0,200})?>([^<]{0,64})<`, 'i').exec(text);
    const member = element ?? new RegExp(`"${name}"\\s{0,8}:\\s{0,8}"?([^",}\\]]{0,64})`, 'i').exec(text);
    return member?.[1]?.trim();
}

function count(value: string | undefined): number | undefined {
    return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}

/**
 * Reads `<userCheck>` (or its JSON form) out of the body of a 401: `lockStatus`, `unlockTime` in seconds,
 * `retryLoginTime` (ISAPI guide; seen on a DS-K1T342MWX, santanapedro/ha-hikvision-access). Old recorders write only
 * `statusValue` and `statusString` (maciej-or/hikvision_next#50), and many devices a page for people: then there is
 * nothing to learn. It looks for the elements wherever they stand, because panels wrap them differently.
 */
export function readUserCheck(body: Buffer): UserCheck | undefined {
    const text = body.toString('latin1', 0, USER_CHECK_BYTES);
    const lockStatus = find(text, 'lockStatus')?.toLowerCase();
    const unlockTime = count(find(text, 'unlockTime'));
    const triesLeft = count(find(text, 'retryLoginTime'));
    if (lockStatus === undefined && unlockTime === undefined && triesLeft === undefined) return undefined;
    // A time to wait without a word about the lock is only given by a device that is locked.
    const locked = lockStatus === undefined ? (unlockTime ?? 0) > 0 : /^lock(ed)?$/.test(lockStatus);
    return { locked, ...(unlockTime !== undefined && { unlockTime }), ...(triesLeft !== undefined && { triesLeft }) };
}
