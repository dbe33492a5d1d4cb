import type { Part } from '../protocols/multipart/partSplitter';

/**
 * - `heartbeat`: the part says nothing but that the device is there.
 * - `no-video-loss`: a video loss that is not, which cameras send as a heartbeat; where a loss is open it ends that.
 */
export type HeartbeatForm = 'heartbeat' | 'no-video-loss';

/** What of a part shows whether it is one. */
type Text = Pick<Part, 'kind' | 'body' | 'name'>;

/** No heartbeat is longer: the longest known, with the extensions of a camera, has 840 bytes. */
const LONGEST = 4096;
const LONGEST_BARE = 512;
const LONGEST_VALUE = 40;

const LESS = 0x3c;
const GREATER = 0x3e;
const COLON = 0x3a;
const QUOTE = 0x22;
const BRACE = 0x7b;

function isBlank(byte: number | undefined): boolean {
    return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/**
 * The value of an XML element or a JSON key, in lower case, straight from the bytes: a heartbeat every few seconds from
 * every camera is not worth a parser. Only what stands as element or key counts, not the word within a description.
 */
export function peek(body: Buffer, name: string): string | undefined {
    const json = firstMark(body) === BRACE;
    const needle = needleOf(name);
    for (let at = body.indexOf(needle); at >= 0; at = body.indexOf(needle, at + name.length)) {
        const start = json ? startInJson(body, at, name.length) : startInXml(body, at, name.length);
        if (start > 0) return wordAt(body, start, json ? QUOTE : LESS);
    }
    return undefined;
}

/** Bytes are found faster than text, which would be turned into bytes for each search. */
const needles = new Map<string, Buffer>();

function needleOf(name: string): Buffer {
    let needle = needles.get(name);
    if (needle === undefined) {
        needle = Buffer.from(name, 'latin1');
        needles.set(name, needle);
    }
    return needle;
}

/** The first byte that is neither blank nor part of a byte order mark. */
function firstMark(body: Buffer): number | undefined {
    let index = 0;
    while (isBlank(body[index]) || (body[index] ?? 0) >= 0xbb) index += 1;
    return body[index];
}

/** Where the value of `"name": "…"` begins; 0 where the name is no key. */
function startInJson(body: Buffer, at: number, length: number): number {
    let index = at + length;
    if (body[at - 1] !== QUOTE || body[index] !== QUOTE) return 0;
    index += 1;
    while (isBlank(body[index])) index += 1;
    if (body[index] !== COLON) return 0;
    index += 1;
    while (isBlank(body[index])) index += 1;
    return body[index] === QUOTE ? index + 1 : 0;
}

/** Where the content of `<name …>` or `<prefix:name>` begins; 0 where the name is no element. */
function startInXml(body: Buffer, at: number, length: number): number {
    const before = body[at - 1];
    if (before !== LESS && before !== COLON) return 0;
    const index = at + length;
    if (body[index] !== GREATER && !isBlank(body[index])) return 0;
    return body.indexOf(GREATER, index) + 1;
}

function wordAt(body: Buffer, start: number, end: number): string | undefined {
    let from = start;
    while (isBlank(body[from])) from += 1;
    let to = from;
    while (to < body.length && to - from <= LONGEST_VALUE && body[to] !== end && !isBlank(body[to])) to += 1;
    const byte = body[to];
    // A value of several words, or without an end, is none of those that are looked for.
    if (byte !== end && !isBlank(byte)) return undefined;
    let rest = to;
    while (isBlank(body[rest])) rest += 1;
    return body[rest] === end ? body.toString('latin1', from, to).toLowerCase() : undefined;
}

/**
 * Recognises a heartbeat before anything is parsed, in all its spellings: `videoloss` + `inactive`
 * (mezz64/pyHik#14), `heartBeat` in any case (ISAPI guide, subscribeEvent), `other` + `Heartbeat` (mezz64/pyHik#16), a
 * JSON part that is named or holds nothing but a heartbeat, an empty part. `activePostCount` is no mark: real
 * heartbeats carry 1 and real events 0.
 */
export function heartbeatForm(part: Text): HeartbeatForm | undefined {
    const { body } = part;
    if (body.length > LONGEST || part.kind !== 'text') return undefined;
    const type = peek(body, 'eventType');
    if (type === undefined) return isBareHeartbeat(part) ? 'heartbeat' : undefined;
    if (type === 'heartbeat') return 'heartbeat';
    if (type === 'videoloss') return peek(body, 'eventState') === 'inactive' ? 'no-video-loss' : undefined;
    if (type === 'other') return peek(body, 'eventDescription') === 'heartbeat' ? 'heartbeat' : undefined;
    return undefined;
}

/**
 * Whether a part was recognised as a heartbeat on its way, by `readerOnTheWay`. Here, and not beside it, for those who do
 * without the readers of documents: what is loaded at the start.
 */
export function isKnownHeartbeat({ document }: Part): boolean {
    return (document as { heartbeat?: HeartbeatForm } | undefined)?.heartbeat !== undefined;
}

const EVENT_TYPE = Buffer.from('eventType');
/** With what types begin that no heartbeat has: a letter, and not that of `videoloss`, `heartBeat` or `other`. */
const OTHER_INITIALS = new Set([...Buffer.from('abcdefgijklmnpqrstuwxyzABCDEFGIJKLMNPQRSTUWXYZ')]);

/** Whether a document takes a closer look by {@link heartbeatForm}; no one else is a heartbeat. */
export function mayBeHeartbeat(body: Buffer): boolean {
    const at = body.indexOf(EVENT_TYPE);
    const start = at < 0 ? 0 : startInXml(body, at, EVENT_TYPE.length);
    return start <= 0 || !OTHER_INITIALS.has(body[start]!);
}

/** Without an eventType: an empty part, one that is called a heartbeat, or one that holds only the key. */
function isBareHeartbeat({ name, body }: Text): boolean {
    if (body.length > LONGEST_BARE || body.includes('eventType')) return false;
    const text = body.toString('latin1').trim();
    // The word alone is what Dahua's event manager sends.
    if (text === '' || text.toLowerCase() === 'heartbeat') return true;
    if (name !== undefined && /^heart_?beat/i.test(name)) return true;
    return /^\{\s*"heartbeat"\s*:/i.test(text) || /^<(?:\?[^>]*\?>\s*<)?heartbeat[\s/>]/i.test(text);
}
