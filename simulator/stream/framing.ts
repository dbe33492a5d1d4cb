import type { Random } from '../random';

/** One part of a stream or of a push: what a device wants to say, before its way of framing is applied. */
export interface StreamPart {
    contentType: string;
    /** With the line end that the device counts into Content-Length, if it does (cameras and recorders do). */
    body: Buffer;
    /** Further header lines, before Content-Type. */
    headers?: [name: string, value: string][];
}

/** How a device puts parts on the wire; {@link STANDARD} is right in every point, each variant errs in one. */
export interface Framing {
    /** The boundary parameter of the response head, as written; undefined: the head names none. */
    declared: string | undefined;
    /** What really stands after the two dashes. */
    boundary: string;
    /** Connection and length of the response: `close-delimited` names neither (toxuin/alarmserver#15). */
    response: 'connection-close' | 'close-delimited' | 'keep-alive' | 'chunked';
    /** How often the delimiter line is written. */
    delimiters: number;
    /** false: no line end between a body and the next delimiter. */
    lineBeforeDelimiter: boolean;
    /** What Content-Length says beyond the truth; undefined leaves the line out. */
    lengthError: number | undefined;
    /** Line end of delimiter and header lines. */
    lineEnd: '\r\n' | '\n';
    /** false: parts have no Content-Type. */
    typed: boolean;
    /** An outer part around each: without a type, or as `multipart/mixed`. */
    nested: 'no' | 'untyped' | 'typed';
    /** `--boundary--` after each part, although the stream goes on. */
    endMarkers: boolean;
    /** Pictures follow their delimiter without any header. */
    headerlessPictures: boolean;
    /** What stands between two parts. */
    between: (framing: Framing, random: Random) => Buffer;
    /** `never`, or the whole answer is one bare XML heartbeat; `alternating` answers 403 every other time. */
    oneShot: 'never' | 'always' | 'alternating';
    /** Bytes at a time; undefined writes whole parts. */
    trickle: number | undefined;
    /** Ordinal of the part (from 1) in whose middle the stream falls silent. */
    stallInPart: number | undefined;
    /** Seconds after which the device ends the stream by itself. */
    closeAfter: number | undefined;
    /** A name in events (the channel's, on terminals the device's) with the bytes of its character set. */
    channelName: { text: string; encoding: BufferEncoding } | undefined;
    /** Names are written without escaping `&`. */
    rawAmpersand: boolean;
}

const NOTHING = Buffer.alloc(0);

/** What cameras and recorders of the main line send (mezz64/pyHik#14, #62). */
export const STANDARD: Framing = {
    declared: 'boundary',
    boundary: 'boundary',
    response: 'connection-close',
    delimiters: 1,
    lineBeforeDelimiter: true,
    lengthError: 0,
    lineEnd: '\r\n',
    typed: true,
    nested: 'no',
    endMarkers: false,
    headerlessPictures: false,
    between: () => NOTHING,
    oneShot: 'never',
    trickle: undefined,
    stallInPart: undefined,
    closeAfter: undefined,
    channelName: undefined,
    rawAmpersand: false,
};

/** The head of the answer that opens a stream, blank line included. */
export function responseHead(framing: Framing): string {
    const boundary = framing.declared === undefined ? '' : `; boundary=${framing.declared}`;
    const lines = ['HTTP/1.1 200 OK', 'MIME-Version: 1.0'];
    if (framing.response === 'connection-close') lines.push('Connection: close');
    if (framing.response === 'keep-alive') lines.push('Connection: keep-alive');
    if (framing.response === 'chunked') lines.push('Transfer-Encoding: chunked');
    lines.push(`Content-Type: multipart/mixed${boundary}`);
    return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * The bytes of one part, from its delimiter to the line end after its body. The delimiter comes first because a stream
 * has no end: nothing follows a part until the next one (ISAPI guide).
 *
 * @param ordinal from 1, within the stream
 */
export function framePart(part: StreamPart, framing: Framing, ordinal: number, random: Random): Buffer {
    const { lineEnd, boundary } = framing;
    const line = `--${boundary}${lineEnd}`;
    const pieces = [ordinal > 1 ? framing.between(framing, random) : NOTHING];
    pieces.push(Buffer.from(line.repeat(framing.delimiters)));
    const content = withHeaders(part, framing);
    pieces.push(framing.nested === 'no' ? content : nest(content, framing));
    if (framing.endMarkers) pieces.push(Buffer.from(`--${boundary}--${lineEnd}`));
    return Buffer.concat(pieces);
}

function withHeaders(part: StreamPart, framing: Framing): Buffer {
    const { lineEnd } = framing;
    const { body, tail } = bodyAndTail(part, framing);
    const picture = part.contentType.startsWith('image/');
    if (picture && framing.headerlessPictures) return Buffer.concat([body, tail]);
    const lines = (part.headers ?? []).map(([name, value]) => `${name}: ${value}`);
    if (framing.typed) lines.push(`Content-Type: ${part.contentType}`);
    if (framing.lengthError !== undefined) {
        lines.push(`Content-Length: ${Math.max(0, body.length + framing.lengthError)}`);
    }
    return Buffer.concat([Buffer.from(`${lines.map((line) => line + lineEnd).join('')}${lineEnd}`), body, tail]);
}

/** A body that ends with a line end needs none before the delimiter; one that does not gets one that is not counted. */
function bodyAndTail({ body }: StreamPart, framing: Framing): { body: Buffer; tail: Buffer } {
    const endsInLine = body.at(-1) === 0x0a;
    if (framing.lineBeforeDelimiter) return { body, tail: endsInLine ? NOTHING : Buffer.from(framing.lineEnd) };
    if (!endsInLine) return { body, tail: NOTHING };
    return { body: body.subarray(0, body.length - (body.at(-2) === 0x0d ? 2 : 1)), tail: NOTHING };
}

/** DS-KD8003: a part whose body is again a delimiter, headers and the real body (mezz64/pyHik#77: 314 around 223). */
function nest(content: Buffer, framing: Framing): Buffer {
    const { boundary, lineEnd, nested } = framing;
    const inner = Buffer.concat([Buffer.from(`--${boundary}${lineEnd}`), content]);
    const type = nested === 'typed' ? `Content-Type: multipart/mixed; boundary=${boundary}${lineEnd}` : '';
    return Buffer.concat([Buffer.from(`${type}Content-Length: ${inner.length}${lineEnd}${lineEnd}`), inner]);
}
