import type { NodeMessage } from 'node-red';
import { topicLevel } from '../../events/topic';
import type { IsupAlarm, UnknownFrame } from '../../protocols/isup/data';
import type { Presence } from '../../protocols/isup/presence';

const HEAD = 64;

/** `<device>/presence`, MQTT-safe. */
export function presenceMessage(presence: Presence): NodeMessage {
    const device = topicLevel(presence.name ?? '') || topicLevel(presence.deviceId) || 'device';
    return { topic: `${device}/presence`, payload: presence } as NodeMessage;
}

/** Every device that the listener met, in one message. */
export function presenceListMessage(rows: Presence[]): NodeMessage {
    return { topic: 'isup-in/presence', payload: rows } as NodeMessage;
}

/** Bytes that nobody could read: their head in hexadecimal, all of the sample as a Buffer. */
export function unknownFrameMessage(frame: UnknownFrame): NodeMessage {
    const { transport, framing, address, port, at, data, candidates, deviceId } = frame;
    const payload = {
        type: 'unknown-frame',
        confidence: 'seen',
        transport,
        framing,
        address,
        port,
        receivedAt: new Date(at).toISOString(),
        hex: data.subarray(0, HEAD).toString('hex'),
        candidates,
        ...(deviceId !== undefined && { deviceId }),
    };
    return { topic: 'isup-in/unknown-frame', payload, raw: { format: 'binary', data } } as NodeMessage;
}

/** An alarm in which no event could be read: nothing that a device sends vanishes. */
export function unreadableAlarmMessage(alarm: IsupAlarm, reason: string): NodeMessage {
    const { sender, at, topic, body } = alarm;
    const payload = {
        type: 'unreadable-alarm',
        ...sender,
        receivedAt: new Date(at).toISOString(),
        mqttTopic: topic,
        reason,
    };
    const device = topicLevel(sender.name ?? '') || topicLevel(sender.deviceId) || 'device';
    return {
        topic: `${device}/unreadable-alarm`,
        payload,
        raw: {
            format: 'binary',
            data: body.content,
            ...(body.contentType && { headers: { 'content-type': body.contentType } }),
        },
    } as NodeMessage;
}
