import { type Clock, systemClock } from '../protocols/clock';
import { type DahuaEvent, isEventHeartbeat, readDahuaEvents } from '../protocols/dahua/eventManager';
import { decodeText } from '../protocols/isapi/readText';
import type { Part } from '../protocols/multipart/partSplitter';
import type { DeviceEvent, DeviceIdentity, EventState, Occurrence, Rect, Via } from './deviceEvent';
import { eventId, hashOf } from './identity';
import { readTarget } from './target';
import { readTime } from './time';
import { lookUp } from './vocabulary';

export interface DahuaReaderOptions {
    via: Via;
    device: DeviceIdentity;
    clock?: Clock;
    onOccurrence(occurrence: Occurrence): void;
    onHeartbeat?(at: number, heartbeat: () => Occurrence): void;
    onUnreadable?(part: Part, reason: string): void;
}

/** Rectangles and polygons lie on a grid of 8192 by 8192 (Dahua HTTP API). */
const GRID = 8191;

const STATES: Readonly<Record<string, EventState>> = {
    start: 'active',
    stop: 'inactive',
    pulse: 'pulse',
    state: 'pulse',
};

type Data = Record<string, unknown>;

const isObject = (value: unknown): value is Data =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

function textAt(data: Data, ...names: string[]): string | undefined {
    for (const name of names) {
        const value = data[name];
        if (typeof value === 'string' && value !== '') return value;
        if (typeof value === 'number') return String(value);
    }
    return undefined;
}

function share(value: number): number {
    return Math.min(1, Math.max(0, Math.round((value / GRID) * 1e6) / 1e6));
}

/** `[left, top, right, bottom]` on the grid. */
function readBox(value: unknown): Rect | undefined {
    if (!Array.isArray(value) || value.length !== 4 || !value.every((one) => Number.isFinite(Number(one))))
        return undefined;
    const [left, top, right, bottom] = value.map((one) => share(Number(one))) as [number, number, number, number];
    const span = (from: number, to: number) => Math.max(0, Math.round((to - from) * 1e6) / 1e6);
    return { x: left, y: top, width: span(left, right), height: span(top, bottom) };
}

function readPolygon(value: unknown): [number, number][] {
    if (!Array.isArray(value)) return [];
    return value
        .slice(0, 64)
        .filter((point): point is [unknown, unknown] => Array.isArray(point) && point.length === 2)
        .map(([x, y]) => [share(Number(x)), share(Number(y))] as [number, number])
        .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
}

/**
 * Turns the lines of a Dahua or Intelbras event manager into events of the common shape. What has no field there stays
 * in `raw`; nothing is dropped.
 */
export class DahuaReader {
    readonly #options: DahuaReaderOptions;
    readonly #clock: Clock;
    #closed = false;

    constructor(options: DahuaReaderOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
    }

    /** One part of the stream. Never throws: what cannot be read is reported. */
    part(part: Part): void {
        if (this.#closed) return;
        const at = this.#clock.now();
        if (part.kind === 'binary') {
            this.#options.onUnreadable?.(part, 'a picture without an event');
            return;
        }
        const { text } = decodeText(part.body, part.charset);
        if (isEventHeartbeat(text)) {
            this.#options.onHeartbeat?.(at, () => this.#heartbeat(at, text));
            return;
        }
        const events = readDahuaEvents(text);
        if (events.length === 0) this.#options.onUnreadable?.(part, 'no event in it');
        for (const event of events) this.#options.onOccurrence(this.#occurrence(event, at));
    }

    /** The stream begins anew. */
    opened(): void {
        this.#closed = false;
    }

    /** Nothing waits here; for the shape of a reader. */
    flush(): void {
        return;
    }

    close(): void {
        this.#closed = true;
    }

    #occurrence(source: DahuaEvent, receivedAt: number): Occurrence {
        const event = this.#envelope(source, receivedAt);
        if (source.data) fill(event, source.data, source.index);
        event.id = eventId(event, { detail: `${source.index ?? ''}|${detailOf(source)}` });
        return { event, pictures: [], raw: { format: 'text', text: source.text, object: source.data } };
    }

    #envelope(source: DahuaEvent, receivedAt: number): DeviceEvent {
        const { kind, family, instant } = lookUp(source.code, 'dahua');
        const state = STATES[source.action.toLowerCase()] ?? 'pulse';
        const deviceWide = family === 'health' && source.index === undefined;
        const event: DeviceEvent = {
            id: '',
            vendor: 'dahua',
            via: this.#options.via,
            device: { ...this.#options.device },
            // Lines count channels from 0, people and pictures of the recorder from 1.
            channel: source.index === undefined || deviceWide ? null : source.index + 1,
            kind,
            type: source.code,
            family,
            state: instant && state === 'active' ? 'pulse' : state,
            receivedAt: new Date(receivedAt).toISOString(),
            replay: false,
            ...timeOf(source.data, receivedAt),
        };
        return event;
    }

    #heartbeat(at: number, text: string): Occurrence {
        const time = new Date(at).toISOString();
        const event: DeviceEvent = {
            id: hashOf(`heartbeat|${at}`),
            vendor: 'dahua',
            via: this.#options.via,
            device: { ...this.#options.device },
            channel: null,
            kind: 'heartbeat',
            type: 'Heartbeat',
            family: 'health',
            state: 'pulse',
            time,
            timeQuality: 'received',
            receivedAt: time,
            replay: false,
        };
        return { event, pictures: [], raw: { format: 'text', text } };
    }
}

/** What tells two events of one second apart: the object and the rule, never the whole data with its counters. */
function detailOf({ data }: DahuaEvent): string {
    if (!data) return '';
    const object = isObject(data.Object) ? textAt(data.Object, 'ObjectID') : undefined;
    return [textAt(data, 'EventID', 'RecNo'), textAt(data, 'Name', 'RuleID'), object]
        .map((part) => part ?? '')
        .join('|');
}

/** `UTC` counts seconds of the device's wall clock on many firmwares, so the local text is preferred where it is there. */
function timeOf(data: Data | undefined, receivedAt: number): Pick<DeviceEvent, 'time' | 'timeQuality' | 'deviceTime'> {
    const text = data ? textAt(data, 'LocaleTime', 'StartTime') : undefined;
    const read = readTime(text?.replace(' ', 'T'), receivedAt);
    const time = { time: read.time, timeQuality: read.quality };
    return text === undefined ? time : { ...time, deviceTime: text };
}

function fill(event: DeviceEvent, data: Data, index: number | undefined): void {
    fillTarget(event, data);
    const name = textAt(data, 'Name', 'RuleName');
    const region = readPolygon(data.DetectRegion ?? data.DetectLine);
    if (region.length > 0) event.regions = [{ ...(name === undefined ? {} : { id: name }), points: region }];
    if (event.kind === 'alarm-input' && index !== undefined) event.io = { input: index + 1 };
    fillPlate(event, data);
    fillPerson(event, data);
}

function fillTarget(event: DeviceEvent, data: Data): void {
    const listed = Array.isArray(data.Objects) ? data.Objects.find(isObject) : undefined;
    const object = isObject(data.Object) ? data.Object : listed;
    const type = object && textAt(object, 'ObjectType');
    const word = type ?? /^SmartMotion(Human|Vehicle)$/.exec(event.type)?.[1];
    const target = readTarget(word);
    if (target) event.target = target;
    const rect = object && readBox(object.BoundingBox);
    if (rect) event.targetRect = rect;
}

function fillPlate(event: DeviceEvent, data: Data): void {
    if (event.kind !== 'plate') return;
    const car = isObject(data.TrafficCar) ? data.TrafficCar : {};
    const object = isObject(data.Object) ? data.Object : {};
    const number = textAt(car, 'PlateNumber') ?? textAt(object, 'Text') ?? null;
    event.plate = { number };
    const colour = textAt(car, 'PlateColor');
    if (colour) event.plate.color = colour;
    const lane = Number(textAt(car, 'Lane') ?? textAt(data, 'Lane') ?? Number.NaN);
    if (Number.isInteger(lane)) event.plate.lane = lane;
    const rect = readBox(object.BoundingBox);
    if (rect) event.plate.rect = rect;
}

function fillPerson(event: DeviceEvent, data: Data): void {
    if (event.family !== 'access' && event.family !== 'face') return;
    const id = textAt(data, 'UserID', 'CardID');
    const name = textAt(data, 'CardName', 'UserName');
    if (id !== undefined || name !== undefined) event.person = { ...(id ? { id } : {}), ...(name ? { name } : {}) };
}
