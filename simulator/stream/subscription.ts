import type { XmlObject } from '../../protocols/documents/readXml';
import { NAMESPACES, readXmlBody, xmlDocument } from '../bodies';
import type { Exchange } from '../exchange';
import type { EventStreams } from './eventStreams';
import type { StreamPart } from './framing';

/**
 * Arms a client with a filter: `POST subscribeEvent` answers with a stream whose first part is a SubscribeEventResponse
 * (ISAPI guide). No capture of real hardware is public, so this is the documented form.
 */
export function armSubscription(exchange: Exchange, streams: EventStreams): void {
    const request = readXmlBody(exchange.body);
    const wanted = request && wantedTypes(request.content);
    if (request === undefined) exchange.outcome('badFormat');
    else if (request.root !== 'SubscribeEvent') exchange.outcome('badContent');
    else if (wanted?.has('')) exchange.outcome('eventNotSupport');
    else streams.open(exchange, [confirmation(streams.opened + 1)], (type) => wanted === undefined || wanted.has(type));
}

function confirmation(id: number): StreamPart {
    const content = { id, FailedEventList: '' };
    const text = xmlDocument('SubscribeEventResponse', content, { namespace: NAMESPACES.isapi, lineEnd: '\r\n' });
    return { contentType: 'application/xml; charset="UTF-8"', body: Buffer.from(text) };
}

/** The event types of a list; undefined when everything is wanted. */
function wantedTypes(content: XmlObject): Set<string> | undefined {
    if (content.eventMode !== 'list') return undefined;
    const list = content.EventList as { Event?: unknown } | undefined;
    const events = Array.isArray(list?.Event) ? list.Event : [list?.Event];
    return new Set(events.map((event: { type?: unknown } | undefined) => String(event?.type ?? '')));
}
