import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Fault } from '../../protocols/errors';

/** What a captured file turned out to be. */
export type RecordingKind = 'stream' | 'response' | 'request' | 'body' | 'bytes';

export interface Recording {
    name: string;
    /**
     * `stream` begins with a delimiter, `response` and `request` with an HTTP head, `body` is a single event or picture,
     * `bytes` is anything else.
     */
    kind: RecordingKind;
    /** Of an HTTP head, verbatim with its blank line; empty for the others. */
    head: Buffer;
    /** All that is not head, verbatim. */
    content: Buffer;
    /** As found in the bytes; undefined where there is none. */
    boundary: string | undefined;
    /** Of a single body, or the one that the head declares. */
    contentType: string | undefined;
}

const LONGEST_BOUNDARY = 200;

/** What stands behind `--` in the first line of that kind. */
function sniffBoundary(bytes: Buffer): string | undefined {
    for (let at = bytes.indexOf('--'); at >= 0; at = bytes.indexOf('--', at + 2)) {
        if (at > 0 && bytes[at - 1] !== 0x0a) continue;
        const end = bytes.indexOf('\n', at);
        if (end < 0 || end - at > LONGEST_BOUNDARY) continue;
        const line = bytes
            .subarray(at + 2, end)
            .toString('latin1')
            .trimEnd();
        if (line !== '') return line;
    }
    return undefined;
}

/** The type of a bare body by its first character; undefined for what is no event and no picture. */
function sniffType(bytes: Buffer): string | undefined {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg';
    const start = bytes
        .subarray(0, 200)
        .toString('utf8')
        .replace(/^\ufeff/, '')
        .trimStart();
    if (start.startsWith('<')) return 'application/xml; charset="UTF-8"';
    return start.startsWith('{') || start.startsWith('[') ? 'application/json; charset="UTF-8"' : undefined;
}

/** End of the first blank line, CRLF or LF; the whole length where there is none. */
function endOfHead(bytes: Buffer): number {
    const ends = [bytes.indexOf('\r\n\r\n') + 4, bytes.indexOf('\n\n') + 2].filter((end) => end > 4);
    return ends.length > 0 ? Math.min(...ends) : bytes.length;
}

/** Looks at captured bytes; nothing of them is changed. */
export function recordingOf(name: string, bytes: Buffer): Recording {
    const start = bytes.subarray(0, 16).toString('latin1');
    const nothing = Buffer.alloc(0);
    if (/^(HTTP\/1\.|[A-Z]{3,7} \/)/.test(start)) {
        const end = endOfHead(bytes);
        const head = bytes.subarray(0, end);
        const content = bytes.subarray(end);
        const contentType = /^content-type:[ \t]*(.*?)\r?$/im.exec(head.toString('latin1'))?.[1];
        const kind = start.startsWith('HTTP') ? 'response' : 'request';
        return { name, kind, head, content, boundary: sniffBoundary(content), contentType };
    }
    const contentType = sniffType(bytes);
    if (contentType !== undefined) {
        return { name, kind: 'body', head: nothing, content: bytes, boundary: undefined, contentType };
    }
    const boundary = sniffBoundary(bytes);
    const kind = start.trimStart().startsWith('--') && boundary !== undefined ? 'stream' : 'bytes';
    return { name, kind, head: nothing, content: bytes, boundary, contentType: undefined };
}

/**
 * Reads one captured file, or every file of a folder in the order of their names.
 *
 * @returns what can be played, and the names of files in a folder that cannot (text about the captures, for example)
 * @throws Fault CONFIG_INVALID where there is nothing of that name or nothing to play
 */
export function readRecordings(path: string): { recordings: Recording[]; skipped: string[] } {
    const refuse = (reason: string) => new Fault('CONFIG_INVALID', { details: { field: 'replay', reason } });
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw refuse(`there is no file or folder “${path}”`);
    if (!stat.isDirectory()) return { recordings: [recordingOf(basename(path), readFileSync(path))], skipped: [] };
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => !basename(name).startsWith('.') && statSync(join(path, name)).isFile())
        .sort();
    const all = names.map((name) => recordingOf(name, readFileSync(join(path, name))));
    const recordings = all.filter(({ kind }) => kind !== 'bytes');
    const skipped = all.filter(({ kind }) => kind === 'bytes').map(({ name }) => name);
    if (recordings.length === 0) throw refuse(`the folder “${path}” holds nothing that can be played`);
    return { recordings, skipped };
}
