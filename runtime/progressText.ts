import type { NodeAPI } from 'node-red';
import type { Progress } from '../protocols/progress';
import { sharedText } from './faultText';

export interface ProgressReport extends Progress {
    /** Milliseconds that it still takes, once that can be told. */
    remaining?: number;
}

const MEGABYTE = 1_000_000;
/** Above it minutes are easier to read than seconds. */
const LONGEST_IN_SECONDS = 90;

/** `page 3 · 90 of 2,450 · ~40 s`, in the language of the runtime. */
export function progressText(RED: NodeAPI, { unit, done, total, page, remaining }: ProgressReport): string {
    const amount = unit === 'bytes' ? megabytes(RED, total ?? done) : plain(RED);
    const counted = unit === 'bytes' ? `${amount(total ?? done)} MB` : amount(total ?? done);
    const parts = [
        page === undefined ? '' : sharedText(RED, 'status.page', { page: plain(RED)(page) }),
        total === undefined ? counted : sharedText(RED, 'status.of', { done: amount(done), total: counted }),
        remaining === undefined ? '' : timeText(RED, remaining),
    ];
    return parts.filter((part) => part !== '').join(' · ');
}

function plain(RED: NodeAPI): (number: number) => string {
    const format = new Intl.NumberFormat(sharedText(RED, 'status.numbers'));
    return (number) => format.format(number);
}

/** Tenths only where there are few of them. */
function megabytes(RED: NodeAPI, largest: number): (bytes: number) => string {
    const digits = largest < 10 * MEGABYTE ? 1 : 0;
    const format = new Intl.NumberFormat(sharedText(RED, 'status.numbers'), {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
    });
    return (bytes) => format.format(bytes / MEGABYTE);
}

/** In steps that do not flicker. */
function timeText(RED: NodeAPI, remaining: number): string {
    const seconds = Math.ceil(remaining / 1000);
    if (seconds > LONGEST_IN_SECONDS)
        return sharedText(RED, 'status.minutes-left', { minutes: Math.ceil(seconds / 60) });
    return sharedText(RED, 'status.seconds-left', { seconds: seconds > 10 ? Math.ceil(seconds / 5) * 5 : seconds });
}
