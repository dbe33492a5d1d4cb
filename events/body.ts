import { readDahuaEvents } from '../protocols/dahua/eventManager';
import { readJson } from '../protocols/documents/readJson';
import { type DecodedText, decodeText, type TextFallback } from '../protocols/documents/readText';
import { readPlainXml, readXmlDocument, type XmlDocument } from '../protocols/documents/readXml';
import { type Fields, fieldsOf, listOf } from '../protocols/documents/values';
import type { Part, SplitterOptions } from '../protocols/multipart/partSplitter';
import type { RawBody } from './deviceEvent';
import { type HeartbeatForm, heartbeatForm, mayBeHeartbeat } from './heartbeat';
import { HeartbeatMemory } from './heartbeatMemory';

export interface ReadBody {
    raw: RawBody;
    /** The objects that may each be an event. */
    candidates: Fields[];
    warnings: string[];
    /** False where the end of the text is missing. */
    complete: boolean;
}

type ReadDocument = NonNullable<SplitterOptions['readDocument']>;

const LESS_THAN = 0x3c;
const MAX_QUERY = 16 * 1024;
const MAX_CANDIDATES = 256;

/** What is known of a document that came on a stream before the splitter has looked for its end. */
export type ReadOnTheWay =
    | { text: string; document: XmlDocument; heartbeat?: undefined }
    | { heartbeat: HeartbeatForm };

/**
 * Reads the XML of one source while the splitter looks for its end, so that it is not gone through twice. Heartbeats are
 * read only as long as they are no copies of those before.
 */
export function readerOnTheWay(): (...given: Parameters<ReadDocument>) => ReadOnTheWay | undefined {
    const heartbeats = new HeartbeatMemory();
    return (bytes, charset) => {
        if (bytes[0] !== LESS_THAN) return undefined;
        const known = heartbeats.recall(bytes);
        if (known !== undefined) return { heartbeat: known };
        const heartbeat = mayBeHeartbeat(bytes) ? heartbeatForm({ kind: 'text', body: bytes }) : undefined;
        if (heartbeat !== undefined && !heartbeats.isOfUse) return undefined;
        const { text, guessed } = decodeText(bytes, charset);
        const document = guessed ? undefined : readPlainXml(text);
        if (document === undefined) return undefined;
        if (heartbeat === undefined) return { text, document };
        heartbeats.learn(bytes, heartbeat);
        return { heartbeat };
    };
}

/** What {@link readerOnTheWay} has made of a part. */
export function readBefore({ document }: Part): ReadOnTheWay | undefined {
    return document as ReadOnTheWay | undefined;
}

/** A text part by its content: the declared type is often wrong, and one connection mixes XML and JSON. */
export function readBody(part: Part, fallback?: TextFallback): ReadBody {
    const before = readBefore(part);
    const read = before?.heartbeat === undefined ? before : undefined;
    const { text, guessed } = read === undefined ? decodeText(part.body, part.charset, fallback) : asSent(read);
    const raw: RawBody = { format: 'text', text };
    if (part.contentType !== undefined || Object.keys(part.headers).length > 0) raw.headers = part.headers;
    const result: ReadBody = { raw, candidates: [], warnings: [], complete: !part.truncated };
    if (guessed) {
        raw.data = Buffer.from(part.body);
        const how = fallback === undefined ? 'what they are is not known' : `read as ${fallback}`;
        result.warnings.push(`the text holds bytes that are not in its charset: ${how}`);
    }
    switch (firstMark(text)) {
        case '<':
            addXml(read?.document ?? readXmlDocument(text), result);
            break;
        case '{':
        case '[':
            addJson(text, result);
            break;
        default:
            addText(text, result);
    }
    return result;
}

/** The first character that could begin a document; a few stray bytes may stand before it. */
function firstMark(text: string): string | undefined {
    for (let index = 0; index < text.length && index < 256; index += 1) {
        const character = text[index]!;
        if (character === '<' || character === '{' || character === '[') return character;
        if (character === '=') return undefined;
    }
    return undefined;
}

function asSent({ text }: { text: string }): DecodedText {
    return { text, guessed: false };
}

function addXml(document: XmlDocument | undefined, result: ReadBody): void {
    if (document === undefined) return;
    result.raw.format = 'xml';
    result.raw.object = document.object;
    if (document.warnings.length > 0) result.warnings.push(...document.warnings);
    if (!document.complete) result.complete = false;
    for (const root in document.object) {
        for (const element of listOf(document.object[root])) {
            // A list of alerts, or what is an alert's content under another name.
            const alerts = element.EventNotificationAlert;
            if (root === 'EventNotificationAlert') result.candidates.push(element);
            else if (alerts !== undefined) result.candidates.push(...listOf(alerts));
            else result.candidates.push({ [root]: element });
        }
    }
    limit(result);
}

/** So many events in one text are no device's doing. */
function limit({ candidates, warnings }: ReadBody): void {
    if (candidates.length <= MAX_CANDIDATES) return;
    warnings.push(`only the first ${MAX_CANDIDATES} events of the text were read`);
    candidates.length = MAX_CANDIDATES;
}

function addJson(text: string, result: ReadBody): void {
    const value = readJson(text);
    if (value === undefined) return;
    result.raw.format = 'json';
    result.raw.object = value;
    // Access controllers of Dahua and Intelbras post theirs as `{Events: […]}`.
    result.candidates = listOf(value, 'EventNotificationAlert').flatMap((entry) => listOf(entry, 'Events'));
    limit(result);
}

/** `Code=VideoMotion;action=Start;…` of Dahua; `eventType=ANPR&licensePlate=…`, as listening hosts can be set to. */
function addText(text: string, result: ReadBody): void {
    // One more than are read, so that it can be said that there are more.
    const events = readDahuaEvents(text, MAX_CANDIDATES + 1);
    if (events.length > 0) {
        // Under the names that the same vendor uses in JSON.
        result.candidates = events.map(({ code, action, index, data }) => {
            return { Code: code, Action: action, Index: index, Data: data };
        });
        limit(result);
        result.raw.object = result.candidates.length === 1 ? result.candidates[0] : result.candidates;
        return;
    }
    if (text.length > MAX_QUERY || !/(^|[?&])(eventType|licensePlate|dateTime)=/i.test(text)) return;
    const query: Fields = Object.create(null);
    for (const [name, value] of new URLSearchParams(text.trim().replace(/^\?/, ''))) query[name] ??= value;
    result.raw.format = 'query';
    result.raw.object = query;
    if (fieldsOf(query) !== undefined) result.candidates.push(query);
}
