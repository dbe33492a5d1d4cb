import type { DeviceEvent } from './deviceEvent';

const LONGEST_LEVEL = 64;

/** The same few devices and kinds name every message. */
const levels = new Map<string, string>();
const MAX_LEVELS = 1024;

/**
 * One level of an MQTT topic: no separator, wildcard or control character, no blanks. Accents and case stay, they are
 * part of the name that somebody gave the device.
 */
export function topicLevel(text: string): string {
    const known = levels.get(text);
    if (known !== undefined) return known;
    const level = readLevel(text);
    if (levels.size >= MAX_LEVELS) levels.clear();
    if (text.length <= LONGEST_LEVEL) levels.set(text, level);
    return level;
}

function readLevel(text: string): string {
    return (
        text
            .slice(0, 256)
            .replace(/[\p{Cc}\ufffd\ufeff/+#]+/gu, ' ')
            .trim()
            .replace(/\s+/g, '-')
            // Topics that begin with $ are the broker's own.
            .replace(/^\$+/, '')
            .slice(0, LONGEST_LEVEL)
            // Half a character, sent or cut, cannot be written in UTF-8.
            .replace(/\p{Cs}/gu, '')
    );
}

/**
 * `<device>/<channel>/<kind>`: `portaria/3/line-crossing`. The device is called by its name, else by what is known of
 * it; an event of the device itself has channel 0.
 */
export function topicOf(event: DeviceEvent): string {
    const { name, id, address, serial, mac } = event.device;
    let device = '';
    for (const word of [name, id, address, serial, mac]) {
        if (word !== undefined) device ||= topicLevel(word);
    }
    return `${device || 'device'}/${event.channel ?? 0}/${topicLevel(event.kind).toLowerCase() || 'unknown'}`;
}
