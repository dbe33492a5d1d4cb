import { countOf, type Fields, fieldsOf, listOf, numberOf, textOf } from '../../protocols/isapi/values';
import type { Access, DeviceEvent, DeviceIdentity, Person, Plate, Rect } from '../deviceEvent';
import { readMac } from '../identity';
import { readTarget } from '../target';
import { isoAt, readTime } from '../time';
import { lookUp } from '../vocabulary';
import type { Draft, Filler, Origin } from './draft';
import { readSimilarity } from './person';

/** The grid of Dahua's rectangles and points (Dahua HTTP API guide). */
const GRID = 8192;

/** How a door was opened (NetSDK, `NET_ACCESS_DOOROPEN_METHOD`, one less in CGI). */
const METHODS = ['password', 'card', 'card and password', 'password and card', 'remote', 'button', 'fingerprint'];
const FACE = 15;

/** A body of the vendor: `{Code, Action, Index, Data}`. */
export function isDahua(body: Fields): boolean {
    return typeof body.Code === 'string' && body.eventType === undefined;
}

/** Seconds since 1970. `RealUTC` is what it says; `UTC` carries the wall clock of the device on some firmware. */
function readEpoch(data: Fields, origin: Origin): { time: string; epoch: number; quality: DeviceEvent['timeQuality'] } {
    const real = numberOf(data.RealUTC);
    const seconds = real ?? numberOf(data.UTC) ?? numberOf(data.CreateTime);
    if (seconds === undefined || seconds < 946_684_800 || seconds > 4_102_444_800) {
        const { time, epoch, quality } = readTime(textOf(data.LocaleTime), origin.receivedAt, origin.assumedOffset);
        return { time, epoch, quality };
    }
    const epoch = Math.round(seconds * 1000);
    return { time: isoAt(epoch, 0), epoch, quality: real === undefined ? 'assumed' : 'offset' };
}

function deviceOf(body: Fields, data: Fields, origin: Origin): DeviceIdentity {
    const device: DeviceIdentity = { ...origin.device };
    const mac = readMac(textOf(body.PhysicalAddress));
    if (mac !== undefined) device.mac = mac;
    const serial = textOf(data.SN);
    if (serial !== undefined) device.serial ??= serial;
    if (origin.receivedFrom !== undefined) device.address ??= origin.receivedFrom;
    return device;
}

function stateOf(action: string | undefined, instant: boolean): DeviceEvent['state'] {
    const word = action?.toLowerCase();
    if (word === 'stop') return 'inactive';
    return word === 'start' && !instant ? 'active' : 'pulse';
}

/** What all events of the vendor share. Channels count from 0 on the wire. */
export function readDahuaEnvelope(body: Fields, origin: Origin): Draft {
    const data = fieldsOf(body.Data) ?? {};
    const type = textOf(body.Code) ?? '';
    const { kind, family, instant } = lookUp(type, 'dahua');
    const { time, epoch, quality } = readEpoch(data, origin);
    const index = countOf(body.Index);
    const event: DeviceEvent = {
        id: '',
        vendor: 'dahua',
        via: origin.via,
        device: deviceOf(body, data, origin),
        channel: index === undefined ? null : index + 1,
        kind,
        type,
        family,
        state: stateOf(textOf(body.Action), instant),
        time,
        timeQuality: quality,
        receivedAt: new Date(origin.receivedAt).toISOString(),
        replay: false,
    };
    const name = textOf(data.Name);
    if (name !== undefined) event.description = name;
    const detail = [data.EventID, data.RecNo, data.UserID, fieldsOf(data.Object)?.ObjectID].map(textOf).join(';');
    return { event, detail, epoch, offset: 0 };
}

/** `[left, top, right, bottom]` */
function readBox(value: unknown): Rect | undefined {
    if (!Array.isArray(value) || value.length !== 4) return undefined;
    const [left, top, right, bottom] = value.map((edge) => Math.min(1, Math.max(0, (numberOf(edge) ?? -1) / GRID)));
    const rect = { x: left!, y: top!, width: right! - left!, height: bottom! - top! };
    return rect.width > 0 && rect.height > 0 ? rect : undefined;
}

function fillTarget({ event }: Draft, data: Fields): void {
    const object = fieldsOf(data.Object) ?? listOf(data.Objects)[0];
    const target = readTarget(object?.ObjectType ?? data.ObjectType);
    if (target !== undefined) event.target = target;
    const rect = readBox(object?.BoundingBox);
    if (rect !== undefined) event.targetRect = rect;
}

/** Status 1 let somebody in; anything else did not, for the reason in ErrorCode. The numbers are not those of Hikvision. */
function fillAccess({ event }: Draft, data: Fields): void {
    if (event.kind !== 'access') return;
    const status = countOf(data.Status);
    const error = countOf(data.ErrorCode) ?? 0;
    const result = status === undefined ? 'system' : status === 1 ? 'granted' : 'denied';
    const text = { granted: 'Access granted', denied: 'Access denied', system: 'Access' }[result];
    const access: Access = { major: 0, minor: error, code: `AccessControl/${error}`, text, result };
    const door = countOf(data.Door);
    if (door !== undefined) access.door = door + 1;
    const reader = countOf(data.ReaderID ?? data.ReadID);
    if (reader !== undefined) access.reader = reader;
    const method = countOf(data.Method);
    if (method !== undefined) access.method = method === FACE ? 'face' : (METHODS[method] ?? String(method));
    const card = textOf(data.CardNo);
    if (card !== undefined) access.card = card;
    const serial = countOf(data.RecNo);
    if (serial !== undefined) access.serial = serial;
    event.access = access;
}

function fillPerson({ event }: Draft, data: Fields): void {
    const candidate = fieldsOf(listOf(data.Candidates)[0]?.Person);
    const person: Person = {};
    const id = textOf(data.UserID) ?? textOf(candidate?.ID) ?? textOf(candidate?.UID);
    if (id !== undefined) person.id = id;
    const name = textOf(data.CardName) ?? textOf(candidate?.Name);
    if (name !== undefined) person.name = name;
    const similarity = readSimilarity(data.Similarity ?? listOf(data.Candidates)[0]?.Similarity);
    if (similarity !== undefined && similarity > 0) person.similarity = similarity;
    if (Object.keys(person).length > 0) event.person = person;
}

function fillPlate(draft: Draft, data: Fields): void {
    const car = fieldsOf(data.TrafficCar);
    if (car === undefined) return;
    const plate: Plate = { number: textOf(car.PlateNumber) ?? null };
    const color = textOf(car.PlateColor);
    if (color !== undefined) plate.color = color;
    const lane = countOf(car.Lane ?? data.Lane);
    if (lane !== undefined) plate.lane = lane;
    const vehicle: Record<string, string> = {};
    for (const name of ['VehicleColor', 'VehicleType', 'VehicleSign', 'Speed']) {
        const text = textOf(car[name]);
        if (text !== undefined) vehicle[name] = text;
    }
    if (Object.keys(vehicle).length > 0) plate.vehicle = vehicle;
    draft.event.plate = plate;
    draft.event.target = 'vehicle';
    draft.detail += `;${plate.number ?? ''}`;
}

/** An alarm input has a number of its own, not that of a camera. */
function fillInput({ event }: Draft): void {
    if (event.kind !== 'alarm-input' || event.channel === null) return;
    event.io = { input: event.channel };
    event.channel = null;
}

export const fillDahua: Filler = (draft, body) => {
    const data = fieldsOf(body.Data) ?? {};
    fillTarget(draft, data);
    fillAccess(draft, data);
    fillPerson(draft, data);
    fillPlate(draft, data);
    fillInput(draft);
};
