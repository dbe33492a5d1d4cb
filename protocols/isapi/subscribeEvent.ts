import { buildXml } from '../documents/buildXml';
import { readJson } from '../documents/readJson';
import { decodeText } from '../documents/readText';
import { readXml } from '../documents/readXml';
import type { HttpRequest } from '../http/client';
import type { Part } from '../multipart/partSplitter';

/** Seconds between heartbeats at most; the value of the ISAPI guide's own example, and the largest that devices admit. */
const LONGEST_HEARTBEAT = 30;

const SUBSCRIBE_PATH = '/ISAPI/Event/notification/subscribeEvent';

/**
 * The request that arms the device with a filter (ISAPI guide, `SubscribeEvent`). Its answer is a stream.
 *
 * @param events types as the device names them; all events where there are none
 * @param watchdog seconds of silence after which we give the stream up: there are two heartbeats within them
 */
export function subscribeRequest(events: readonly string[] = [], watchdog = 2 * LONGEST_HEARTBEAT): HttpRequest {
    const heartbeat = Math.min(LONGEST_HEARTBEAT, Math.max(1, Math.floor(watchdog / 2)));
    const filter =
        events.length === 0
            ? { eventMode: 'all' }
            : { eventMode: 'list', EventList: { Event: events.map((type) => ({ type })) } };
    return {
        method: 'POST',
        path: SUBSCRIBE_PATH,
        headers: { 'content-type': 'application/xml; charset="UTF-8"' },
        body: buildXml({ SubscribeEvent: { heartbeat, ...filter } }),
    };
}

/** What the device says to a subscription, before its first event. */
export interface SubscribeReply {
    /** Names the subscription in `…/subscribeEvent/{id}`. */
    id?: string;
    /** Types of the request that the device will not report. */
    failed: string[];
}

/** The first part of a subscription, or `undefined` where the part is something else, which then is an event. */
export function readSubscribeReply(part: Part): SubscribeReply | undefined {
    if (part.kind !== 'text' || !part.body.includes('SubscribeEventResponse')) return undefined;
    const { text } = decodeText(part.body, part.charset);
    const document: unknown = text.trimStart().startsWith('<') ? readXml(text) : readJson(text);
    const reply = memberOf(document, 'SubscribeEventResponse');
    if (reply === undefined) return undefined;
    const id = memberOf(reply, 'id');
    const failed = failedTypes(memberOf(reply, 'FailedEventList'));
    return typeof id === 'string' || typeof id === 'number' ? { id: String(id), failed } : { failed };
}

function memberOf(value: unknown, name: string): unknown {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Record<string, unknown>)[name];
}

/** How an entry of the list looks is not published; each has a type, or is one. */
function failedTypes(list: unknown): string[] {
    if (typeof list === 'string') return list.trim() === '' ? [] : [list.trim()];
    if (Array.isArray(list)) return list.flatMap(failedTypes);
    const named = memberOf(list, 'type') ?? memberOf(list, 'eventType');
    if (named !== undefined) return failedTypes(named);
    if (typeof list !== 'object' || list === null) return [];
    return Object.entries(list).flatMap(([name, value]) => (name.startsWith('@') ? [] : failedTypes(value)));
}
