import { randomBytes } from 'node:crypto';
import type { NodeAPI, NodeMessage } from 'node-red';
import type { Device } from '../devices/device';
import type { DeviceEvent, DeviceIdentity, Occurrence } from '../events/deviceEvent';
import { hexOf } from '../events/hex';
import { topicOf } from '../events/topic';
import { Fault } from '../protocols/errors';
import type { Post, Rejection } from '../protocols/isapi/alarmHost';
import type { ConnectionChange } from '../protocols/isapi/alertStream';
import type { Part } from '../protocols/multipart/partSplitter';
import { sentence } from './faultText';

/** The message of an event: the same whatever the way in. */
export function eventMessage({ event, pictures, raw }: Occurrence): NodeMessage {
    return { _msgid: messageId(), topic: topicOf(event), payload: event, pictures, raw } as NodeMessage;
}

/** Of how many ids the first half is the same. */
const IDS_PER_DRAW = 2 ** 32;
let drawn = 0;
let counted = IDS_PER_DRAW;

/**
 * An id as Node-RED makes them, of 64 bits: half drawn by lot, half counted. Its own way, a random number for each byte,
 * takes a microsecond for every event.
 */
function messageId(): string {
    if (counted === IDS_PER_DRAW) {
        drawn = randomBytes(4).readUInt32BE();
        counted = 0;
    }
    counted += 1;
    return hexOf(drawn, counted - 1);
}

/** One message per picture, ready for the core file, e-mail and Telegram nodes. */
export function pictureMessages({ event, pictures }: Occurrence): NodeMessage[] {
    const topic = topicOf(event);
    return pictures.map(({ data, filename, contentType, role }) => {
        return { topic, payload: data, filename, contentType, role, event } as NodeMessage;
    });
}

/** A change of the connection to a device, for the second output of a stream. */
export function connectionMessage(RED: NodeAPI, change: ConnectionChange, device: DeviceIdentity): NodeMessage {
    const payload: Record<string, unknown> = { state: change.state };
    if (change.fault !== undefined) {
        payload.reason = sentence(RED, change.fault);
        payload.code = change.fault.code;
    }
    if (change.fault?.triesLeft !== undefined) payload.triesLeft = change.fault.triesLeft;
    if (change.retryAt !== undefined) payload.retryAt = isoTime(change.retryAt);
    if (change.unlockAt !== undefined) payload.unlockAt = isoTime(change.unlockAt);
    payload.device = { ...device };
    return {
        topic: `${topicOf({ device, channel: null, kind: 'connection' } as DeviceEvent)}`,
        payload,
    } as NodeMessage;
}

/** What is known of missed events, on the output that tells of the connection: `lost` counts those that are gone. */
export function gapMessage(RED: NodeAPI, fault: Fault, device: Device): NodeMessage {
    const state = device.connection?.state ?? 'offline';
    const message = connectionMessage(RED, { state, fault }, device.identity);
    const { count } = fault.details;
    if (count !== undefined) (message.payload as Record<string, unknown>).lost = count;
    return message;
}

/** A post that was refused, or that brought nothing readable: nothing vanishes without a word. */
export function rejectionMessage(RED: NodeAPI, rejection: Rejection): NodeMessage {
    const { fault, method, path, source, at, raw } = rejection;
    const payload = { reason: sentence(RED, fault), code: fault.code, source, method, path, time: isoTime(at) };
    const message = { topic: 'alarm-http-in/rejected', payload } as NodeMessage & { raw?: unknown };
    if (raw !== undefined) message.raw = { format: 'binary', data: raw };
    return message;
}

/** A part of a post that could be read but is no event. */
export function unreadableMessage(RED: NodeAPI, part: Part, reason: string, post: Post): NodeMessage {
    const { source, method, path, receivedAt: at } = post;
    const fault = new Fault('BODY_UNREADABLE', { details: { address: source, reason } });
    return rejectionMessage(RED, { fault, source, method, path, at, raw: part.body });
}

function isoTime(epoch: number): string {
    return new Date(epoch).toISOString();
}
