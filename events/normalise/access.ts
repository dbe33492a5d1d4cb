import { countOf, type Fields, fieldsOf, flagOf, numberOf, textOf } from '../../protocols/documents/values';
import codes from '../acsEventCodes.json';
import type { Access, Person } from '../deviceEvent';
import { readRect } from '../geometry';
import type { Draft } from './draft';
import { addTraits } from './person';

type Result = Access['result'];

const MAJORS: Record<number, string> = { 1: 'alarm', 2: 'exception', 3: 'operation', 5: 'event' };

/** The numbers a device may use for events of its own (SDK header, `MINOR_…_CUSTOM1` to `64`). */
const CUSTOM: Record<number, { first: number; name: string }> = {
    1: { first: 0x900, name: 'ALARM' },
    2: { first: 0x900, name: 'EXCEPTION' },
    3: { first: 0x900, name: 'OPERATION' },
    5: { first: 0x500, name: 'EVENT' },
};

function range(text: string): Set<number> {
    const numbers = new Set<number>();
    for (const part of text.split(' ')) {
        const [first, last = first] = part.split('-').map(Number);
        for (let number = first!; number <= last!; number += 1) numbers.add(number);
    }
    return numbers;
}

/** What the minors of major 5 mean for the door. Those that stand nowhere are `system`. */
const EVENT_RESULTS: [Result, Set<number>][] = [
    ['granted', range('1-2 16 34 38 40 43 46 69 72 75 77 101 153 179 181')],
    // 15 is a failure by its name; the text that the vendor gives it says otherwise.
    [
        'denied',
        range(
            '3-15 35-36 39 41-42 44-45 47-49 70-71 73-74 76 78-80 94 102-103 113 115 117-120 130 132 139 151-152 154-155 162-164 168-171 180',
        ),
    ],
    ['door', range('17-26 31-32 37 51-53 81-82')],
    ['alarm', range('27-28 83-93 133-138 140')],
];

/** Operations that move a door: opened, closed, kept open or closed from afar or with a keyfob. */
const DOOR_OPERATIONS = range('1024-1027 1052-1054');

function resultOf(major: number, minor: number): Result {
    if (major === 1) return 'alarm';
    if (major === 3) return DOOR_OPERATIONS.has(minor) ? 'door' : 'system';
    if (major !== 5) return 'system';
    for (const [result, minors] of EVENT_RESULTS) if (minors.has(minor)) return result;
    return 'system';
}

/**
 * The SDK's name of an access code and its text. Terminals use numbers that the table lacks (3/240, 5/193, …): those
 * stay numbers.
 */
export function accessCode(major: number, minor: number): { code: string; text: string; result: Result } {
    const result = resultOf(major, minor);
    const table = (codes as unknown as Record<string, Record<string, [string, string]>>)[String(major)];
    const known = table === undefined || !Object.hasOwn(table, String(minor)) ? undefined : table[String(minor)];
    if (known !== undefined) return { code: known[0], text: known[1], result };
    const custom = CUSTOM[major];
    const number = custom === undefined ? 0 : minor - custom.first + 1;
    if (custom !== undefined && number >= 1 && number <= 64) {
        return { code: `MINOR_${custom.name}_CUSTOM${number}`, text: `Custom ${MAJORS[major]} ${number}`, result };
    }
    return { code: `${major}/${minor}`, text: `Access ${MAJORS[major] ?? 'code'} ${major}/${minor}`, result };
}

/** Words that terminals send where there is nothing to say. */
function said(value: unknown): string | undefined {
    const text = textOf(value);
    return text === 'invalid' || text === 'undefined' || text === 'unknown' ? undefined : text;
}

function personOf(inner: Fields): Person | undefined {
    const person: Person = {};
    const id = textOf(inner.employeeNoString) ?? textOf(inner.employeeNo);
    if (id !== undefined) person.id = id;
    const name = textOf(inner.name);
    if (name !== undefined) person.name = name;
    if (id === undefined && name === undefined && inner.FaceRect === undefined) return undefined;
    const type = said(inner.userType);
    if (type !== undefined) person.type = type;
    addTraits(person, inner);
    const rect = readRect(inner.FaceRect);
    if (rect !== undefined) person.rect = rect;
    return person;
}

/** A doorbell that rings and a call are what a flow waits for by name. */
const KINDS: Record<string, string> = { '5/37': 'doorbell', '5/51': 'call' };

/** Doors, cards, faces at a terminal: `AccessControllerEvent`, from a stream, a push, or a row of the history. */
export function fillAccess(draft: Draft, body: Fields): void {
    const inner = fieldsOf(body.AccessControllerEvent);
    if (inner === undefined) {
        fillCredential(draft, body);
        return;
    }
    const { event } = draft;
    const major = countOf(inner.majorEventType);
    const minor = countOf(inner.subEventType);
    if (major === undefined || minor === undefined) {
        fillPerson(draft, inner);
        return;
    }
    const access: Access = { major, minor, ...accessCode(major, minor) };
    const door = countOf(inner.doorNo);
    if (door !== undefined) access.door = door;
    const reader = countOf(inner.cardReaderNo);
    if (reader !== undefined) access.reader = reader;
    const method = said(inner.currentVerifyMode);
    if (method !== undefined) access.method = method;
    const card = textOf(inner.cardNo);
    if (card !== undefined) access.card = card;
    const attendance = said(inner.attendanceStatus);
    if (attendance !== undefined) access.attendance = attendance;
    const serial = countOf(inner.serialNo);
    if (serial !== undefined) access.serial = serial;
    const previous = countOf(inner.frontSerialNo);
    if (previous !== undefined) access.previousSerial = previous;
    const remoteCheck = flagOf(inner.remoteCheck);
    if (remoteCheck !== undefined) access.remoteCheck = remoteCheck;
    const remoteAddress = textOf(inner.remoteHostAddr);
    if (remoteAddress !== undefined) access.remoteAddress = remoteAddress;
    const pictureUrl = textOf(inner.pictureURL);
    if (pictureUrl !== undefined) access.pictureUrl = pictureUrl;
    event.access = access;
    event.kind = KINDS[`${major}/${minor}`] ?? event.kind;
    fillPerson(draft, inner);
    const temperature = numberOf(inner.currTemperature);
    if (temperature !== undefined) {
        event.thermal = { value: temperature };
        const unit = textOf(inner.thermometryUnit);
        if (unit !== undefined) event.thermal.unit = unit;
    }
    draft.detail += `;${major}/${minor};${door ?? ''};${card ?? event.person?.id ?? ''}`;
}

function fillPerson(draft: Draft, inner: Fields): void {
    const person = personOf(inner);
    if (person === undefined) return;
    draft.event.person = person;
    draft.detail += `;${person.id ?? person.name ?? ''}`;
}

/** Cards, codes and identity documents that come as events of their own, and changes of the people a terminal knows. */
function fillCredential(draft: Draft, body: Fields): void {
    const { event } = draft;
    if (event.family !== 'access') return;
    const inner = fieldsOf(body[event.type]);
    if (inner === undefined) return;
    fillPerson(draft, inner);
    draft.detail += `;${textOf(inner.serialNo) ?? ''}`;
    const change = textOf(inner.localUserChangeType);
    if (change !== undefined) event.description ??= change;
}
