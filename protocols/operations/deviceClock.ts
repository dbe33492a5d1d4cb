import { textAt } from '../documents/fields';
import { offsetOfPosixZone, offsetOfText } from './times';

/** What a device shows and where it thinks it stands. */
export interface DeviceClock {
    /** Epoch milliseconds. */
    at: number;
    /** Minutes east of UTC. */
    offset: number;
}

/** Reads `/ISAPI/System/time`; nothing where its offset is not certain. */
export function readDeviceClock(document: unknown): DeviceClock | undefined {
    const local = textAt(document, 'Time/localTime') ?? '';
    const zone = textAt(document, 'Time/timeZone') ?? '';
    const written = /(?:z|[+-]\d\d:?\d\d)$/i.exec(local)?.[0];
    // A rule for summer time leaves open which of two offsets holds now.
    const ruled = /DST/i.test(zone) ? undefined : offsetOfPosixZone(zone);
    const offset = written === undefined ? ruled : offsetOfText(written);
    const wall = Date.parse(`${written === undefined ? local : local.slice(0, -written.length)}Z`);
    return offset === undefined || !Number.isFinite(wall) ? undefined : { at: wall - offset * 60_000, offset };
}
