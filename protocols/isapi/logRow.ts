import { type Fields, fieldsOf, textOf } from '../documents/values';

/** One row of the log of a device, as far as public answers agree. */
export interface LogRow {
    /** `log.hikvision.com/Alarm/motionStart/15`, as sent; empty where the row names its parts one by one. */
    metaId: string;
    /** `alarm`, `exception`, `operation`, `information`, in lower case. */
    category: string;
    /** What happened, in the device's own spelling: `motionStart`. */
    word: string;
    /** The camera or the input; absent where the row is the device's own. */
    number?: number;
    /** As sent. */
    timeText: string;
    /** What the clock on the wall showed, read as if it were UTC, in epoch milliseconds. */
    wall: number;
    /** Minutes east of UTC where the row says so. `Z` and `+00:00` say nothing: recorders write them behind local time. */
    offset?: number;
    fields: Fields;
}

const TIME_NAMES = ['startdatetime', 'starttime', 'datetime', 'logtime', 'time'];
const NUMBER_NAMES = ['localid', 'channelid', 'dynchannelid', 'channelnumber', 'channelno', 'channel'];

/**
 * Reads a `searchMatchItem`. Seen in public clients: `logDescriptor` with `metaId` and `StartDateTime`; the number of the
 * camera as the last part of `metaId` (alkait/HikViewer) or in `localId` as `D41` beside it; names in other cases.
 *
 * @returns `undefined` where the row has no time or does not say what happened
 */
export function readLogRow(item: Fields): LogRow | undefined {
    const fields = fieldsOf(item.logDescriptor) ?? item;
    const named = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
    const text = (name: string) => textOf(named.get(name))?.trim();
    const first = (names: readonly string[]) => names.map(text).find((found) => found !== undefined);
    const metaId = text('metaid') ?? '';
    const { category, word, number } = readMetaId(metaId);
    const happened = word ?? text('minortype') ?? text('subtype');
    const timeText = first(TIME_NAMES) ?? textOf(fieldsOf(item.timeSpan)?.startTime)?.trim();
    const time = timeText === undefined ? undefined : readLogTime(timeText);
    if (happened === undefined || timeText === undefined || time === undefined) return undefined;
    const row: LogRow = {
        metaId,
        category: (category ?? text('majortype') ?? '').toLowerCase(),
        word: happened,
        timeText,
        ...time,
        fields,
    };
    const place = number ?? numberIn(first(NUMBER_NAMES));
    if (place !== undefined) row.number = place;
    return row;
}

/** `<domain>/<category>/<word>`, with the number of the camera or input behind it on recorders. */
function readMetaId(metaId: string): { category?: string; word?: string; number?: number } {
    const parts = metaId.split('/').filter((part) => part !== '');
    // The domain differs in asking and answering, and may be left out.
    const [category, word, ...rest] = parts[0]?.includes('.') ? parts.slice(1) : parts;
    const number = numberIn(rest.at(-1));
    return { ...(category && { category }), ...(word && { word }), ...(number !== undefined && { number }) };
}

/** 41 of `41`, `D41` (an IP camera) or `A2`; 0 is no camera. */
function numberIn(text: string | undefined): number | undefined {
    const digits = /^[a-z]{0,2}(\d{1,6})$/i.exec(text ?? '')?.[1];
    return digits === undefined || Number(digits) === 0 ? undefined : Number(digits);
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?\s*(?:(Z)|([+-])(\d\d):?(\d\d))?$/i;

function readLogTime(text: string): { wall: number; offset?: number } | undefined {
    const match = TIME.exec(text);
    if (match === null) return undefined;
    const [, year, month, day, hour, minute, second, , sign, hours, minutes] = match;
    const wall = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (Number.isNaN(wall)) return undefined;
    const size = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
    if (size === 0 || size > 14 * 60) return { wall };
    return { wall, offset: sign === '-' ? -size : size };
}
