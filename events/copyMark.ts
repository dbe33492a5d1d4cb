import { type Fields, textOf } from '../protocols/documents/values';
import type { DeviceEvent } from './deviceEvent';
import { deviceKey, keyOf } from './identity';

const MAX_PLACES = 4096;
const MAX_DEPTH = 8;
const MAX_CHARACTERS = 16 * 1024;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Addresses, which a device may make anew where it sends the same once more. */
const ADDRESS = /ur[il]$/i;
const LOWER_CASE = 0x20;
const LETTER_I = 0x69;
const LETTER_L = 0x6c;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;

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
        // Where regions tell events apart, a repeat only counts on.
        const content = event.regions === undefined ? digest.of(body) : (textOf(body.activePostCount) ?? '');
        return `${this.#changes(event, body, detail)}|${content}`;
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
class Digest {
    #value = 0;
    #left = 0;

    of(body: Fields): number {
        this.#value = FNV_OFFSET;
        this.#left = MAX_CHARACTERS;
        this.#walk(body, 0);
        return this.#value >>> 0;
    }

    #walk(fields: Fields, depth: number): void {
        for (const key in fields) {
            if (this.#left <= 0) return;
            if (isOfTheWay(key)) continue;
            const value = fields[key];
            if (typeof value === 'string') this.#add(value);
            else if (value === null || typeof value !== 'object') this.#add(String(value));
            else if (depth < MAX_DEPTH) this.#walk(value as Fields, depth + 1);
        }
    }

    #add(text: string): void {
        const length = Math.min(text.length, this.#left);
        let value = Math.imul(this.#value ^ text.length, FNV_PRIME);
        for (let index = 0; index < length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), FNV_PRIME);
        this.#value = value;
        this.#left -= length;
    }
}

const digest = new Digest();

/** By the last letter first: an expression for each field of each event would cost more than all the rest. */
function isOfTheWay(key: string): boolean {
    switch (key.charCodeAt(key.length - 1) | LOWER_CASE) {
        case LETTER_I:
        case LETTER_L:
            return ADDRESS.test(key);
        case LETTER_N:
            return key === 'isDataRetransmission';
        case LETTER_T:
            return key === 'currentEvent';
        default:
            return false;
    }
}
