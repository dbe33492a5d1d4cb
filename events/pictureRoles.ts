import { countOf, type Fields, fieldsOf, textOf } from '../protocols/documents/values';
import type { DeviceEvent, PictureLink, PictureRole } from './deviceEvent';

/** Names that devices give to pictures, from the most telling: `faceLibImage` is of a library, not of a face. */
const ROLES: [pattern: RegExp, role: PictureRole][] = [
    [/lib/, 'library'],
    [/background|bkg/, 'background'],
    [/licen[sc]eplate|plate/, 'plate'],
    [/thermal|infrared/, 'thermal'],
    [/face/, 'face'],
    [/vehicle|feature/, 'vehicle'],
    [/detect|scene|visible|^picture|snapshot/, 'scene'],
];

/** What a picture shows, by any of the names it goes by. */
export function roleOf(...names: (string | undefined)[]): PictureRole {
    for (const name of names) {
        if (name === undefined || name === '') continue;
        const word = name.slice(0, 100).toLowerCase();
        for (const [pattern, role] of ROLES) if (pattern.test(word)) return role;
    }
    return 'unknown';
}

/** The pictures that belong to an event, as its body announces them. */
export interface Announcement {
    /** How many come with it; 0 where nothing is said. */
    expected: number;
    /** What they are called, in lower case: `pId`, `contentID`, `fileName`. */
    names: Map<string, PictureRole>;
    /** Those that stay on the device until somebody fetches them. */
    links: PictureLink[];
    /** Nothing is said about pictures, not even that there are none. */
    silent: boolean;
}

const NO_PICTURES: Announcement = { expected: 0, names: new Map(), links: [], silent: false };
const NOTHING: Announcement = { ...NO_PICTURES, silent: true };

const MAX_DEPTH = 12;
const MAX_OBJECTS = 500;
/** `pId`, `pId1`, `contentID2`: what has the same number behind it is the same picture. */
const NAME = /^(pId|contentID|fileName)(\d?)$/;
const LINK = /ur[il]$/i;

/**
 * Collects what a body says of its pictures. Three keys tie them to the event (ISAPI guide): `pId` is the name of the
 * part, `contentID` its Content-ID, `fileName` its filename; devices mix them up, so each is tried with all. The counts
 * (`picNum`, `picturesNumber`, `detectionPicturesNumber`) are not reliable: the larger of count and names is expected.
 */
export function readAnnouncement(body: Fields, event: DeviceEvent): Announcement {
    const access = fieldsOf(body.AccessControllerEvent);
    const picNum = countOf(body.picNum);
    const detected = countOf(body.detectionPicturesNumber);
    const taken = countOf(access?.picturesNumber ?? body.picturesNumber);
    const isSilent = picNum === undefined && detected === undefined && taken === undefined;
    const counted = Math.max(picNum ?? 0, detected ?? 0, taken ?? 0);
    const analytics = event.family === 'vehicle' || event.family === 'face' || event.family === 'unknown';
    if (counted === 0 && !analytics && body.bkgUrl === undefined && access?.pictureURL === undefined) {
        return isSilent ? NOTHING : NO_PICTURES;
    }
    const announcement: Announcement = { expected: 0, names: new Map(), links: [], silent: isSilent };
    const named = collect(body, announcement);
    // Entries of one body share its count: only what their own part names is theirs for sure.
    const fetched = textOf(body.detectionPictureTransType)?.toLowerCase() === 'url' || announcement.links.length > 0;
    announcement.expected = fetched ? named : Math.max(named, Math.min(counted, 16));
    return announcement;
}

/** @returns how many pictures are named */
function collect(root: Fields, announcement: Announcement): number {
    const seen = new Set<string>();
    const queue: { fields: Fields; label: string; depth: number }[] = [{ fields: root, label: '', depth: 0 }];
    let named = 0;
    for (let index = 0; index < queue.length && index < MAX_OBJECTS; index += 1) {
        const { fields, label, depth } = queue[index]!;
        const groups = new Map<string, string[]>();
        let linked = false;
        for (const [key, value] of Object.entries(fields)) {
            if (value !== null && typeof value === 'object') {
                if (depth >= MAX_DEPTH) continue;
                for (const entry of Array.isArray(value) ? value : [value]) {
                    const inner = fieldsOf(entry);
                    if (inner !== undefined) queue.push({ fields: inner, label: key, depth: depth + 1 });
                }
                continue;
            }
            const text = textOf(value);
            if (text === undefined) continue;
            const name = NAME.exec(key);
            if (name !== null) groups.set(name[2]!, [...(groups.get(name[2]!) ?? []), text]);
            else if (LINK.test(key) && /^(https?:\/\/|\/)/i.test(text)) {
                announcement.links.push({ role: linkRole(key, fields, label), url: text });
                linked = true;
            }
        }
        for (const names of groups.values()) {
            const role = roleOf(...names, textOf(fields.type), label);
            const id = names.join('\n').toLowerCase();
            for (const name of names) announcement.names.set(name.toLowerCase(), role);
            if (!linked && !seen.has(id)) named += 1;
            seen.add(id);
        }
    }
    return named;
}

function linkRole(key: string, fields: Fields, label: string): PictureRole {
    const role = roleOf(key, textOf(fields.contentID), textOf(fields.fileName), textOf(fields.type), label);
    return role === 'unknown' ? 'scene' : role;
}
