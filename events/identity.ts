import type { DeviceEvent, DeviceIdentity } from './deviceEvent';
import { hexOf } from './hex';

/** No address is longer, in any form. */
const LONGEST_MAC = 64;
/** Of a serial number or the name of a region. */
const LONGEST_KEY = 128;
const MAX_REMEMBERED_MACS = 256;
const macs = new Map<string, string | undefined>();

/**
 * A hardware address as `4c:0f:6e:00:00:01`, from what devices make of it: groups without zero padding, hyphens, bare
 * digits. A mask (all `ff` or all zero), a half or a word is no address.
 */
export function readMac(text: string | undefined): string | undefined {
    if (text === undefined || text.length > LONGEST_MAC) return undefined;
    if (macs.has(text)) return macs.get(text);
    const mac = normaliseMac(text);
    if (macs.size >= MAX_REMEMBERED_MACS) macs.clear();
    macs.set(text, mac);
    return mac;
}

function normaliseMac(text: string): string | undefined {
    const word = text.trim().toLowerCase();
    const grouped = /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/.test(word);
    const digits = grouped
        ? word
              .split(/[:-]/)
              .map((group) => group.padStart(2, '0'))
              .join('')
        : word.replace(/[:.-]/g, '');
    if (!/^[0-9a-f]{12}$/.test(digits) || /^(0{12}|f{12})$/.test(digits)) return undefined;
    return digits.replace(/(..)(?!$)/g, '$1:');
}

/**
 * What tells one device from another, the same whichever way its events come: the hardware address stands in nearly
 * every body, the serial number in some, the address we know it by in none.
 */
export function deviceKey(device: DeviceIdentity): string {
    return keyOf(device.mac ?? device.serial ?? device.id ?? device.address ?? device.name ?? '');
}

/** What is remembered of a word that came from outside: itself, or its digest where it is longer than any word. */
export function keyOf(word: string): string {
    return word.length > LONGEST_KEY ? hashOf(word) : word;
}

/** 64 bits of a text, in hexadecimal: two runs of FNV-1a. Far cheaper than a digest, and nobody gains by a collision. */
export function hashOf(text: string): string {
    let low = 0x811c9dc5;
    let high = 0x9747b28c;
    for (let index = 0; index < text.length; index += 1) {
        const code = text.charCodeAt(index);
        low = Math.imul(low ^ code, 0x01000193);
        high = Math.imul(high ^ (code + 0x9e37), 0x01000193);
    }
    low ^= high >>> 15;
    return hexOf(high, low);
}

export interface EventFacts {
    /** An id of the vendor that is unique for the occurrence: the UUID of a plate, the picture id of a face. */
    vendorId?: string;
    /** What tells the occurrence from others of its kind in the same second. */
    detail: string;
}

const MAX_VENDOR_ID = 96;

/**
 * The id of an occurrence, from what every way in tells of it, and from nothing that depends on the way.
 *
 * Access events have a serial number; plates a UUID; captures of the analytics a picture id (`faceId` is not unique).
 * Everything else is known by its device, type, channel, time, state and place.
 */
export function eventId(event: DeviceEvent, facts: EventFacts): string {
    const serial = event.access?.serial;
    if (event.access !== undefined && serial !== undefined && serial > 0) {
        const device = deviceKey(event.device).replaceAll(':', '');
        return `access-${device}-${serial}-${event.access.major}.${event.access.minor}`;
    }
    if (facts.vendorId !== undefined) {
        const id = facts.vendorId.trim();
        return `${event.kind}-${id.length > MAX_VENDOR_ID ? hashOf(id) : id}`;
    }
    // Without a time of its own an event is only ever the one that arrived at this moment.
    const time = event.timeQuality === 'received' ? event.receivedAt : (event.deviceTime ?? event.time);
    const place = `${deviceKey(event.device)}|${event.type.toLowerCase()}|${event.channel ?? ''}`;
    return hashOf(`${place}|${time}|${event.state}|${facts.detail}`);
}

/** Ids of the vendor stand behind a word and a hyphen. */
const CONTENT_ID = 16;

/** Whether an id was made of the content, because the vendor gives the occurrence none. */
export function isContentId(id: string): boolean {
    return id.length === CONTENT_ID && !id.includes('-');
}
