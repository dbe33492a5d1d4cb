import { type Fields, fieldsOf, textOf } from '../../protocols/documents/values';
import { readChannel } from '../channel';
import type { DeviceEvent, DeviceIdentity, EventState } from '../deviceEvent';
import { readMac } from '../identity';
import { isoUtc, readTime } from '../time';
import { lookUp } from '../vocabulary';
import type { Draft, Origin } from './draft';

/** Payload objects that name their event where the envelope is missing, as AX Pro panels and terminals send them. */
const PAYLOADS: Record<string, string> = {
    AccessControllerEvent: 'AccessControllerEvent',
    ANPR: 'ANPR',
    alarmResult: 'alarmResult',
    faceCapture: 'faceCapture',
    CaptureResult: 'mixedTargetDetection',
    peopleCounting: 'PeopleCounting',
    CIDEvent: 'CIDEvent',
    CIDAlarm: 'CIDAlarm',
    VideoReview: 'VideoReview',
    zoneUpdate: 'zoneUpdate',
    LocalUserChange: 'LocalUserChange',
    MultiRadarTargetEventList: 'MultiRadarTargetEvent',
    TMPA: 'TMPA',
    TMA: 'TMA',
    licensePlate: 'ANPR',
};

/** A zone of `/ISAPI/SecurityCP/status/zones` alone, which some panels send as it is. */
function isZoneStatus(body: Fields): boolean {
    return 'zoneType' in body && 'detectorType' in body && 'status' in body;
}

/**
 * The vendor's word for what a body tells, or `undefined` where it is no event: an answer to a request, a list of zones,
 * somebody else's JSON.
 */
export function typeOf(body: Fields): string | undefined {
    const type = textOf(body.eventType);
    if (type !== undefined) return type;
    for (const key in PAYLOADS) if (body[key] !== undefined) return PAYLOADS[key];
    if (isZoneStatus(body)) return 'zoneUpdate';
    return textOf(body.eventState) === undefined ? undefined : '';
}

function timeText(body: Fields): string | undefined {
    const text = textOf(body.dateTime);
    if (text !== undefined) return text;
    const inner =
        fieldsOf(body.AccessControllerEvent)?.time ??
        fieldsOf(body.CIDEvent)?.trigger ??
        fieldsOf(body.CIDAlarm)?.triggerTime ??
        fieldsOf(fieldsOf(body.VideoReview)?.HikCIDParams)?.triggerTime ??
        fieldsOf(fieldsOf(body.faceCapture ?? body.alarmResult)?.targetAttrs)?.faceTime ??
        fieldsOf(fieldsOf(body.peopleCounting)?.RealTime)?.time;
    return textOf(inner);
}

function stateOf(word: string | undefined): EventState {
    switch (word) {
        case 'active':
        case 'start':
        case 'true':
            return 'active';
        case 'inactive':
        case 'stop':
        case 'end':
        case 'false':
            return 'inactive';
        default:
            return 'pulse';
    }
}

/** Serial numbers that the device, or whoever published its output, has masked are none. */
function serialOf(body: Fields): string | undefined {
    const serial =
        textOf(fieldsOf(body.Extensions)?.serialNumber) ??
        // Model, blank, the rest of the serial number.
        textOf(body.deviceUUID)?.replace(/\s+/g, '') ??
        textOf(body.shortSerialNumber);
    return serial?.includes('*') ? undefined : serial;
}

/** Field by field: V8 takes ten times as long to add a field to what a spread has made. */
function copyOf({ name, id, serial, model, mac, address }: DeviceIdentity): DeviceIdentity {
    const copy: DeviceIdentity = {};
    if (name !== undefined) copy.name = name;
    if (id !== undefined) copy.id = id;
    if (serial !== undefined) copy.serial = serial;
    if (model !== undefined) copy.model = model;
    if (mac !== undefined) copy.mac = mac;
    if (address !== undefined) copy.address = address;
    return copy;
}

function deviceOf(body: Fields, origin: Origin): DeviceIdentity {
    const device = copyOf(origin.device);
    const mac = readMac(textOf(body.macAddress));
    if (mac !== undefined) device.mac = mac;
    if (device.name === undefined) {
        const inner = fieldsOf(body.AccessControllerEvent) ?? fieldsOf(fieldsOf(body.faceCapture)?.targetAttrs);
        const name = textOf(inner?.deviceName ?? body.deviceName);
        if (name !== undefined) device.name = name;
    }
    if (device.serial === undefined) {
        const serial = serialOf(body);
        if (serial !== undefined) device.serial = serial;
    }
    if (device.id === undefined) {
        const id = textOf(body.deviceID);
        if (id !== undefined) device.id = id;
    }
    if (device.address === undefined) {
        const address = origin.receivedFrom ?? textOf(body.ipAddress);
        if (address !== undefined) device.address = address;
    }
    return device;
}

/** What all events share, whatever their family. */
export function readEnvelope(body: Fields, type: string, origin: Origin): Draft {
    // A continued event says which; what it continues is what it is.
    const relation = textOf(fieldsOf(fieldsOf(body.DurationList)?.Duration)?.relationEvent);
    const word = relation !== undefined && type.toLowerCase() === 'duration' ? relation : type;
    const { kind, family, instant } = lookUp(word, origin.vendor);
    const clock = readTime(timeText(body), origin.receivedAt, origin.assumedOffset);
    const event: DeviceEvent = {
        id: '',
        vendor: origin.vendor,
        via: origin.via,
        device: deviceOf(body, origin),
        channel: readChannel(body, origin.recorder),
        kind,
        type,
        family,
        state: instant
            ? 'pulse'
            : stateOf(
                  textOf(body.eventState ?? body.activeState)
                      ?.trim()
                      .toLowerCase(),
              ),
        time: clock.time,
        timeQuality: clock.quality,
        receivedAt: isoUtc(origin.receivedAt),
        replay: false,
    };
    if (clock.deviceTime !== undefined) event.deviceTime = clock.deviceTime;
    const channelName = textOf(body.channelName);
    if (channelName !== undefined) event.channelName = channelName;
    const description = textOf(body.eventDescription);
    if (description !== undefined) event.description = description;
    return { event, detail: relation?.toLowerCase() ?? '', epoch: clock.epoch, offset: clock.offset };
}
