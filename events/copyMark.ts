import type { Fields } from '../protocols/documents/values';
import type { DeviceEvent } from './deviceEvent';
import { deviceKey, keyOf } from './identity';

const MAX_PLACES = 4096;
const MAX_DEPTH = 8;
const MAX_CHARACTERS = 16 * 1024;

/** What differs where a device sends the same once more, and addresses that it may make anew. */
const OF_THE_WAY = /^(isDataRetransmission|currentEvent|.*ur[il])$/i;

interface Condition {
    state: DeviceEvent['state'];
    changes: number;
}

/**
 * What the copies of an event have in common besides its id, which knows the second, the place and the state alone: two
 * doors of one panel, a request and its end, a contact that bounces all look the same by it.
 */
export class CopyMarks {
    /** By device, channel, type and detail: what lasts there, and how often that has changed. */
    readonly #conditions = new Map<string, Condition>();

    markOf(event: DeviceEvent, body: Fields, detail: string): string {
        return `${this.#changes(event, body, detail)}|${digestOf(body)}`;
    }

    /** A condition that begins again has ended in between, in the same second or not. */
    #changes(event: DeviceEvent, body: Fields, detail: string): number {
        const { state } = event;
        if (state === 'pulse') return 0;
        const place = keyOf(`${deviceKey(event.device)}|${event.channel ?? ''}|${event.type}|${detail}`);
        const known = this.#conditions.get(place);
        if (known === undefined) {
            if (this.#conditions.size >= MAX_PLACES) this.#conditions.clear();
            this.#conditions.set(place, { state, changes: 0 });
            return 0;
        }
        if (known.state === state) return known.changes;
        // What is sent once more belongs to the time before the change.
        if (String(body.isDataRetransmission).toLowerCase() === 'true') return known.changes - 1;
        known.state = state;
        known.changes += 1;
        return known.changes;
    }
}

/** A digest of all values of a body but those that change on the way. */
function digestOf(body: Fields): number {
    let digest = 0x811c9dc5;
    let left = MAX_CHARACTERS;
    const add = (text: string) => {
        const length = Math.min(text.length, left);
        left -= length;
        for (let index = 0; index < length; index += 1) digest = Math.imul(digest ^ text.charCodeAt(index), 0x01000193);
        digest = Math.imul(digest ^ text.length, 0x01000193);
    };
    const walk = (fields: object, depth: number) => {
        for (const key in fields) {
            if (left <= 0) return;
            if (OF_THE_WAY.test(key)) continue;
            const value = (fields as Fields)[key];
            if (typeof value === 'string') add(value);
            else if (value !== null && typeof value === 'object') {
                if (depth < MAX_DEPTH) walk(value, depth + 1);
            } else add(String(value));
        }
    };
    walk(body, 0);
    return digest >>> 0;
}
