import { readJson } from '../documents/readJson';

/** One line of the event manager's stream (Dahua HTTP API, "Subscribe to event messages"). */
export interface DahuaEvent {
    /** The vendor's word: `VideoMotion`, `CrossLineDetection`, … */
    code: string;
    /** `Start`, `Stop`, `Pulse` for an instant, `State` for a value that is reported. */
    action: string;
    /** Counted from 0; absent where the line has none. */
    index?: number;
    /** The object behind `data=`; absent where there is none or it cannot be read. */
    data?: Record<string, unknown>;
    /** The line as sent, with its data. */
    text: string;
}

const LONGEST_DATA = 512 * 1024;

/** The request that opens the stream: every code, and a heartbeat each so many seconds. */
export function eventManagerPath(heartbeat: number, codes: readonly string[] = ['All']): string {
    return `/cgi-bin/eventManager.cgi?action=attach&codes=[${codes.join(',')}]&heartbeat=${Math.max(1, Math.round(heartbeat))}`;
}

/**
 * Reads the events in one part: `Code=…;action=…;index=…;data={…}`. Devices put several into one part now and then, and
 * older ones leave the data out. What is no event is passed over.
 *
 * @param most how many are read
 */
export function readDahuaEvents(text: string, most = Number.POSITIVE_INFINITY): DahuaEvent[] {
    const events: DahuaEvent[] = [];
    let at = nextEvent(text, 0);
    while (at !== -1 && events.length < most) {
        const next = nextEvent(text, at + 5);
        const event = readEvent(text.slice(at, next === -1 ? undefined : next).trim());
        if (event) events.push(event);
        at = next;
    }
    return events;
}

/** `Code=` at the beginning of a line; inside data it stands behind blanks or quotes. */
function nextEvent(text: string, from: number): number {
    for (let at = text.indexOf('Code=', from); at !== -1; at = text.indexOf('Code=', at + 5)) {
        if (at === 0 || text[at - 1] === '\n') return at;
    }
    return -1;
}

function readEvent(text: string): DahuaEvent | undefined {
    const dataAt = text.indexOf(';data=');
    const head = dataAt === -1 ? text : text.slice(0, dataAt);
    const fields = new Map<string, string>();
    for (const field of head.split(';', 16)) {
        const equals = field.indexOf('=');
        if (equals > 0) fields.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim());
    }
    const code = fields.get('code') ?? '';
    if (!/^[\w.:-]{1,64}$/.test(code)) return undefined;
    const event: DahuaEvent = { code, action: fields.get('action') ?? 'Pulse', text };
    const index = Number(fields.get('index') ?? Number.NaN);
    if (Number.isInteger(index) && index >= 0) event.index = index;
    if (dataAt !== -1) {
        const data = readData(text.slice(dataAt + 6));
        if (data) event.data = data;
    }
    return event;
}

function readData(text: string): Record<string, unknown> | undefined {
    if (text.length > LONGEST_DATA) return undefined;
    try {
        const data = readJson(text);
        return typeof data === 'object' && data !== null && !Array.isArray(data)
            ? (data as Record<string, unknown>)
            : undefined;
    } catch {
        // The event itself is sound; its data is still in the text.
        return undefined;
    }
}
