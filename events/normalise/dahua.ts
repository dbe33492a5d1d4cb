import { countOf, type Fields, fieldsOf, listOf, numberOf, textOf } from '../../protocols/documents/values';
import type { Access, DeviceEvent, DeviceIdentity, Person, Plate, Rect } from '../deviceEvent';
import { readMac } from '../identity';
import { readTarget } from '../target';
import { type EventTime, isoAt, isoUtc, readTime } from '../time';
import { lookUp } from '../vocabulary';
import type { Draft, Filler, Origin } from './draft';
import { readSimilarity } from './person';

/** Rectangles and polygons lie on a grid of 8192 by 8192 (Dahua HTTP API guide). */
const GRID = 8191;
const MAX_POINTS = 64;

/** How a door was opened (NetSDK, `NET_ACCESS_DOOROPEN_METHOD`, one less in CGI). */
const METHODS = ['password', 'card', 'card and password', 'password and card', 'remote', 'button', 'fingerprint'];
const FACE = 15;

/** A body of the vendor: `{Code, Action, Index, Data}`. */
export function isDahua(body: Fields): boolean {
    return typeof body.Code === 'string' && body.eventType === undefined;
}

/** Seconds between 2000 and 2100; anything else is a clock that was never set. */
function secondsOf(value: unknown): number | undefined {
    const seconds = numberOf(value);
    return seconds !== undefined && seconds > 946_684_800 && seconds < 4_102_444_800 ? seconds : undefined;
}

/**
 * `RealUTC` is what it says. `UTC` counts the seconds of the device's wall clock on many firmwares, so that its own text
 * is preferred where it stands beside it.
 */
function readDahuaTime(data: Fields, origin: Origin): EventTime {
    const real = secondsOf(data.RealUTC);
    const text = textOf(data.LocaleTime) ?? textOf(data.StartTime);
    const seconds = real ?? (text === undefined ? (secondsOf(data.UTC) ?? secondsOf(data.CreateTime)) : undefined);
    if (seconds === undefined) return readTime(text, origin.receivedAt, origin.assumedOffset);
    const epoch = Math.round(seconds * 1000);
    return { time: isoAt(epoch, 0), epoch, quality: real === undefined ? 'assumed' : 'offset', offset: 0 };
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
    const { time, epoch, quality, deviceTime, offset } = readDahuaTime(data, origin);
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
        receivedAt: isoUtc(origin.receivedAt),
        replay: false,
    };
    if (deviceTime !== undefined) event.deviceTime = deviceTime;
    const name = ruleOf(data);
    if (name !== undefined) event.description = name;
    const object = fieldsOf(data.Object)?.ObjectID;
    const marks = [name, data.EventID, data.RecNo, data.UserID, object, data.Status, data.State, data.Device];
    const detail = marks.map(textOf).join(';');
    return { event, detail, epoch, offset };
}

function ruleOf(data: Fields): string | undefined {
    return textOf(data.Name) ?? textOf(data.RuleName);
}

function share(value: unknown): number {
    const number = numberOf(value);
    return number === undefined ? Number.NaN : Math.min(1, Math.max(0, Math.round((number / GRID) * 1e6) / 1e6));
}

/** `[left, top, right, bottom]` */
function readBox(value: unknown): Rect | undefined {
    if (!Array.isArray(value) || value.length !== 4) return undefined;
    const [left, top, right, bottom] = value.map(share) as [number, number, number, number];
    const span = (from: number, to: number) => Math.round((to - from) * 1e6) / 1e6;
    const rect = { x: left, y: top, width: span(left, right), height: span(top, bottom) };
    return rect.width >= 0 && rect.height >= 0 ? rect : undefined;
}

function readPolygon(value: unknown): [number, number][] {
    if (!Array.isArray(value)) return [];
    return value
        .slice(0, MAX_POINTS)
        .filter((point) => Array.isArray(point) && point.length === 2)
        .map(([x, y]): [number, number] => [share(x), share(y)])
        .filter(([x, y]) => !Number.isNaN(x) && !Number.isNaN(y));
}

function fillPlace({ event }: Draft, data: Fields): void {
    const object = fieldsOf(data.Object) ?? listOf(data.Objects)[0];
    const word = textOf(object?.ObjectType ?? data.ObjectType) ?? /^SmartMotion(\w+)$/i.exec(event.type)?.[1];
    const target = readTarget(word);
    if (target !== undefined) event.target = target;
    const rect = readBox(object?.BoundingBox);
    if (rect !== undefined) event.targetRect = rect;
    const points = readPolygon(data.DetectRegion ?? data.DetectLine);
    const rule = ruleOf(data);
    if (points.length > 0) event.regions = [rule === undefined ? { points } : { id: rule, points }];
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
    const id = textOf(data.UserID) ?? textOf(data.CardID) ?? textOf(candidate?.ID) ?? textOf(candidate?.UID);
    if (id !== undefined) person.id = id;
    const name = textOf(data.CardName) ?? textOf(data.UserName) ?? textOf(candidate?.Name);
    if (name !== undefined) person.name = name;
    const similarity = readSimilarity(data.Similarity ?? listOf(data.Candidates)[0]?.Similarity);
    if (similarity !== undefined && similarity > 0) person.similarity = similarity;
    if (Object.keys(person).length > 0) event.person = person;
}

function fillPlate(draft: Draft, data: Fields): void {
    const car = fieldsOf(data.TrafficCar) ?? {};
    if (draft.event.kind !== 'plate') return;
    const object = fieldsOf(data.Object);
    const plate: Plate = { number: textOf(car.PlateNumber) ?? textOf(object?.Text) ?? null };
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
    const rect = readBox(object?.BoundingBox);
    if (rect !== undefined) plate.rect = rect;
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
    fillPlace(draft, data);
    fillAccess(draft, data);
    fillPerson(draft, data);
    fillPlate(draft, data);
    fillInput(draft);
};
