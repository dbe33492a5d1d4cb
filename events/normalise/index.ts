import { type Fields, listOf } from '../../protocols/documents/values';
import { eventId } from '../identity';
import { fillAccess } from './access';
import { fillAudio } from './audio';
import { fillCounting } from './counting';
import { fillDahua, isDahua, readDahuaEnvelope } from './dahua';
import type { Draft, Filler, Origin } from './draft';
import { readEnvelope, typeOf } from './envelope';
import { fillFace } from './face';
import { fillIo } from './io';
import { fillMixedTarget } from './mixedTarget';
import { fillPanel } from './panel';
import { fillPlate } from './plate';
import { fillRegions } from './regions';
import { fillThermal } from './thermal';

/** Each looks for its own fields and leaves the rest alone, so that an event of an unknown type loses nothing we know. */
const FILLERS: [what: string, fill: Filler][] = [
    ['the regions', fillRegions],
    ['the plate', fillPlate],
    ['the access fields', fillAccess],
    ['the face', fillFace],
    ['the targets', fillMixedTarget],
    ['the counts', fillCounting],
    ['the temperature', fillThermal],
    ['the input', fillIo],
    ['the sound', fillAudio],
    ['the panel fields', fillPanel],
];

/** The other vendor's bodies have nothing in common with these. */
const DAHUA_FILLERS: typeof FILLERS = [['the data', fillDahua]];

/** More entries than any device sends at once are one event, with everything in `msg.raw`. */
const MAX_ENTRIES = 128;
/** Nor does any body have so many fields; each entry has a copy of them. */
const MAX_FIELDS = 512;
/** No type is longer. */
const LONGEST_TYPE = 256;

/** Lists that hold an event each, by whatever type. */
const LISTS = ['alarmResult', 'faceCapture', 'CaptureResult'];
/** The name of the list of a type: a name that is put together anew is dear to look up. */
const listNames = new Map<string, string>();
const MAX_LIST_NAMES = 1024;

function listNameOf(type: string): string {
    const known = listNames.get(type);
    if (known !== undefined) return known;
    if (listNames.size >= MAX_LIST_NAMES) listNames.clear();
    const name = `${type.slice(0, LONGEST_TYPE)}List`;
    if (type.length <= LONGEST_TYPE) listNames.set(type, name);
    return name;
}

/** The list of which a body holds more than one event may be made, by its name. */
function listIn(body: Fields, type: string): string | undefined {
    for (const name of LISTS) if (body[name] !== undefined) return name;
    const own = listNameOf(type);
    return body[own] === undefined ? undefined : own;
}

/** The body with a list cut down to one entry, for each entry of the list; a face is an entry of its own. */
function entriesOf(body: Fields, type: string): Fields[] {
    const name = listIn(body, type);
    if (name === undefined) return [body];
    const listed = listOf(body[name]);
    const count = listed.reduce((sum, { faces }) => sum + Math.max(1, listOf(faces).length), 0);
    if (count < 2 || count > MAX_ENTRIES || [body, ...listed].some(isWide)) return [body];
    const entries = listed.flatMap((entry) => {
        const faces = listOf(entry.faces);
        return faces.length < 2 ? [entry] : faces.map((face) => overlay(entry, 'faces', [face]));
    });
    return entries.map((entry) => overlay(body, name, [entry]));
}

function isWide(fields: Fields): boolean {
    return Object.keys(fields).length > MAX_FIELDS;
}

function overlay(fields: Fields, name: string, value: unknown): Fields {
    const copy: Fields = Object.assign(Object.create(null), fields);
    copy[name] = value;
    return copy;
}

/** An event, and the part of the body that it was read from. */
export interface Reading extends Draft {
    body: Fields;
}

/**
 * Reads one body: an `EventNotificationAlert`, the inner object of one, or an event of Dahua. It becomes one event, or several where it
 * lists several faces, targets or results. Odd fields cost a warning, never the event.
 *
 * @returns nothing where the body is no event.
 */
export function normalise(body: Fields, origin: Origin): Reading[] {
    if (isDahua(body)) return [fillAll(readDahuaEnvelope(body, origin), DAHUA_FILLERS, body, origin)];
    const type = typeOf(body);
    if (type === undefined) return [];
    return entriesOf(body, type).map((entry) => fillAll(readEnvelope(entry, type, origin), FILLERS, entry, origin));
}

function fillAll(envelope: Draft, fillers: typeof FILLERS, body: Fields, origin: Origin): Reading {
    const draft: Reading = Object.assign(envelope, { body });
    const { event } = draft;
    for (const [what, fill] of fillers) {
        try {
            fill(draft, body, origin);
        } catch (error) {
            event.warnings ??= [];
            event.warnings.push(`${what} could not be read: ${error instanceof Error ? error.message : String(error)}`);
        }
    }
    // A panel that says `inactive` every two seconds, with nothing in it, only says that it is there.
    const word = body.eventState;
    if (event.state === 'pulse' && draft.detail === '' && word === 'inactive') event.state = 'inactive';
    event.id = eventId(event, draft);
    return draft;
}
