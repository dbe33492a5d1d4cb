import { readKeyValues } from '../dahua/keyValues';
import { readJson } from '../documents/readJson';
import { decodeText } from '../documents/readText';
import { readXml } from '../documents/readXml';
import { Fault } from '../errors';
import type { HttpResponse } from '../http/client';

/** What the flow wants the answer as. */
export const OUTPUTS = ['auto', 'object', 'text', 'buffer'] as const;
export type Output = (typeof OUTPUTS)[number];

type Form = 'xml' | 'json' | 'text' | 'binary';

/**
 * The answer as the flow wants it. `auto` reads XML and JSON, leaves pictures and other binaries as Buffer and
 * everything else as text. Lists are arrays even with one entry.
 *
 * @throws Fault ANSWER_UNREADABLE for `object` where the answer is neither XML nor JSON
 */
export function readAnswer(answer: HttpResponse, output: Output): unknown {
    const { body, headers } = answer;
    const contentType = headers['content-type'];
    if (output === 'buffer') return body;
    if (output === 'text') return textOf(body, contentType);
    const form = formOf(body, contentType);
    if (output === 'auto' && form === 'binary') return body;
    const text = textOf(body, contentType);
    const object = form === 'binary' ? undefined : readObject(text, form);
    if (object !== undefined) return withLists(object);
    if (output === 'auto' || text.trim() === '') return text;
    throw new Fault('ANSWER_UNREADABLE', {
        details: { expected: 'XML or JSON', reason: `it begins “${begin(text)}”` },
    });
}

/** The text of a body in whatever charset it is. */
export function textOf(body: Buffer, contentType?: string): string {
    return decodeText(body, charsetOf(contentType)).text;
}

function charsetOf(contentType: string | undefined): string | undefined {
    return /charset="?([\w-]+)/i.exec(contentType ?? '')?.[1];
}

function begin(text: string): string {
    return text
        .trim()
        .slice(0, 40)
        .replace(/\p{Cc}/gu, '·');
}

/** The first byte decides: devices send XML as text/html and JSON as text/plain. */
function formOf(body: Buffer, contentType = ''): Form {
    if (/^(?:image|audio|video)\//i.test(contentType)) return 'binary';
    let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
    while (at < body.length && (body[at] === 0x20 || (body[at]! >= 0x09 && body[at]! <= 0x0d))) at += 1;
    if (body[at] === 0x3c)
        return /^<(?:!doctype\s+html|html)/i.test(body.toString('latin1', at, at + 20)) ? 'text' : 'xml';
    if (body[at] === 0x7b || body[at] === 0x5b) return 'json';
    if (body[0] === 0xff && body[1] === 0xd8) return 'binary';
    if (/^text\/|xml|json/i.test(contentType) || body.length === 0) return 'text';
    const begins = body.subarray(0, 512);
    return begins.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20) || byte === 0x7f) ? 'binary' : 'text';
}

function readObject(text: string, form: Form): object | undefined {
    if (form === 'xml') return readXml(text);
    if (form === 'json') {
        const value = readJson(text);
        return typeof value === 'object' && value !== null ? value : undefined;
    }
    return readKeyValues(text);
}

/**
 * In ISAPI's schemas an element called `…List` holds one kind of element any number of times, and with one of them a
 * reader cannot see the list (maciej-or/hikvision_next: one control protocol is an object, several are an array).
 */
function withLists<T>(value: T): T {
    if (Array.isArray(value)) {
        for (const item of value) withLists(item);
        return value;
    }
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
    const object = value as Record<string, unknown>;
    for (const [key, item] of Object.entries(object)) {
        withLists(item);
        if (!key.endsWith('List') || typeof item !== 'object' || item === null || Array.isArray(item)) continue;
        const list = item as Record<string, unknown>;
        const [entry, ...others] = Object.keys(list).filter((name) => !name.startsWith('@') && name !== '#text');
        if (entry !== undefined && others.length === 0 && !Array.isArray(list[entry])) list[entry] = [list[entry]];
    }
    return value;
}
