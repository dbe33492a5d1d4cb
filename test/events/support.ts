import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { DeviceEvent, Occurrence } from '../../events/deviceEvent';
import { EventReader, type EventReaderOptions } from '../../events/eventReader';
import { topicOf } from '../../events/topic';
import type { Part } from '../../protocols/multipart/partSplitter';
import { ManualClock } from '../support/manualClock';
import { fixture } from '../support/packageRoot';

/** A moment that all tests share: 20 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12);

export function body(name: string): string {
    return readFileSync(fixture('events', name), 'utf8');
}

export function textPart(content: string | Buffer, more: Partial<Part> = {}): Part {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return { headers: {}, kind: 'text', body: bytes, truncated: false, ...more };
}

/** The smallest thing that is taken for a picture: the start of a JPEG with its size, and its end. */
export function jpeg(width = 640, height = 360, filling = 0): Buffer {
    const frame = [0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0];
    const head = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0];
    return Buffer.concat([Buffer.from([...head, ...frame]), Buffer.alloc(filling), Buffer.from([0xff, 0xd9])]);
}

export function picturePart(more: Partial<Part> = {}): Part {
    return { headers: {}, kind: 'binary', body: jpeg(), truncated: false, contentType: 'image/jpeg', ...more };
}

/** An `EventNotificationAlert` with the given elements; a nested object is nested elements. */
export function alert(fields: Record<string, unknown>): string {
    const known = { ipAddress: '192.0.2.9', macAddress: '00:00:5e:00:53:09', channelID: 1 };
    const time = '2026-11-20T13:00:00+01:00';
    const all = { ...known, dateTime: time, activePostCount: 1, eventState: 'active', ...fields };
    return `<EventNotificationAlert version="2.0">${elements(all)}</EventNotificationAlert>`;
}

function elements(fields: Record<string, unknown>): string {
    return Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(
            ([name, value]) =>
                `<${name}>${value !== null && typeof value === 'object' ? elements(value as never) : value}</${name}>`,
        )
        .join('');
}

export interface Bench {
    reader: EventReader;
    clock: ManualClock;
    occurrences: Occurrence[];
    heartbeats: number[];
    unreadable: string[];
    /** The same without their pictures. */
    events: DeviceEvent[];
}

/** A reader of one stream (or of pushes) that writes down what it says. */
export function bench(options: Partial<EventReaderOptions> = {}): Bench {
    const clock = new ManualClock(NOON);
    const occurrences: Occurrence[] = [];
    const events: DeviceEvent[] = [];
    const heartbeats: number[] = [];
    const unreadable: string[] = [];
    const reader = new EventReader({
        via: 'alertstream',
        device: {},
        clock,
        onOccurrence: (occurrence) => {
            occurrences.push(occurrence);
            events.push(occurrence.event);
        },
        onHeartbeat: (at) => heartbeats.push(at),
        onUnreadable: (_part, reason) => unreadable.push(reason),
        ...options,
    });
    return { reader, clock, occurrences, events, heartbeats, unreadable };
}

/** All events of one body, as a push would bring them. */
export function read(content: string | Buffer, options: Partial<EventReaderOptions> = {}): DeviceEvent[] {
    const { reader, events } = bench({ via: 'alarm-http', ...options });
    reader.body({ parts: [textPart(content)] });
    reader.close();
    return events;
}

/** The one event of a body. */
export function readOne(content: string | Buffer, options: Partial<EventReaderOptions> = {}): DeviceEvent {
    const events = read(content, options);
    if (events.length !== 1) throw new Error(`${events.length} events instead of one`);
    return events[0]!;
}

/** What every message must be, whatever was sent. */
export function check({ event, pictures }: Occurrence): void {
    assert.ok(event.id.length > 0 && event.id.length < 200);
    assert.match(event.receivedAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.ok(!Number.isNaN(Date.parse(event.time)), event.time);
    assert.ok(event.channel === null || (Number.isSafeInteger(event.channel) && event.channel > 0));
    assert.ok(['active', 'inactive', 'pulse'].includes(event.state));
    assert.equal(typeof event.kind, 'string');
    assert.equal(topicOf(event).split('/').length, 3);
    for (const rect of [event.targetRect, event.plate?.rect, event.person?.rect]) {
        for (const value of Object.values(rect ?? {})) assert.ok(value >= 0 && value <= 1);
    }
    for (const { points } of event.regions ?? [])
        for (const value of points.flat()) assert.ok(value >= 0 && value <= 1);
    for (const { filename } of pictures) assert.match(filename, /^[\w.-]+$/);
    JSON.stringify(event);
}
