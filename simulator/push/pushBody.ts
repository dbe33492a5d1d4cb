import type { Emission, NamedPicture } from '../emission';

/** How a device packs an event into a POST; {@link STANDARD_PUSH} is well formed, each variant errs in one point. */
export interface PushStyle {
    /**
     * `auto`: multipart/form-data where there are pictures, else the bare event in the format of the slot.
     * `query` puts the fields into the URL and only the pictures into the body.
     */
    body: 'auto' | 'plain' | 'form-data' | 'mixed' | 'query' | 'urlencoded';
    boundary: string;
    /** What the Content-Type of the request says; undefined: the truth. Empty: no such header. */
    contentType: string | undefined;
    /** `unquoted` writes `form-data;name=x;filename=y`, `none` no Content-Disposition at all. */
    partNames: 'quoted' | 'unquoted' | 'none';
    /** Whether parts say their type. */
    partTypes: boolean;
    /** Whether parts say their length. */
    partLengths: boolean;
    finalBoundary: boolean;
    /** The body begins with its own `Content-Type: multipart/…` line (the vendor's C# demo prepends it). */
    headersInBody: boolean;
    /** Where the connection is cut, although the whole length was announced. */
    cut: 'no' | 'in-picture' | 'in-text';
    /** How the end of the body is told. */
    length: 'content-length' | 'chunked' | 'until-close';
    /** Pieces and pauses of a slow uplink. */
    slow: { bytes: number; pause: number } | undefined;
    expectContinue: boolean;
    /** Leaves out what stands behind `?` in the slot's URL (DeepinView cameras, seen with tcpdump). */
    dropsQuery: boolean;
    /** A connection for each POST, or one for many. */
    connection: 'keep-alive' | 'close';
}

export const STANDARD_PUSH: PushStyle = {
    body: 'auto',
    boundary: 'boundary',
    contentType: undefined,
    partNames: 'quoted',
    partTypes: true,
    partLengths: true,
    finalBoundary: true,
    headersInBody: false,
    cut: 'no',
    length: 'content-length',
    slow: undefined,
    expectContinue: false,
    dropsQuery: false,
    connection: 'close',
};

/** `parameterFormatType` of a slot. */
export type ParameterFormat = 'XML' | 'JSON' | 'querystring';

export interface PushBody {
    /** Undefined: the header is left out. */
    contentType: string | undefined;
    body: Buffer;
    /** Without `?`; empty where nothing goes into the URL. */
    query: string;
    /** Byte at which the connection is cut. */
    cutAt: number | undefined;
}

/** The names under which devices send the event itself; every other type is its own name. */
const PART_NAMES: Record<string, string> = { ANPR: 'anpr.xml', VMD: 'MoveDetection.xml' };

const CONTENT_TYPES = { XML: 'application/xml; charset="UTF-8"', JSON: 'application/json; charset="UTF-8"' };

/** The keys that receivers of query strings have published (capabilities of the DS-K1A8503MF, a public ANPR receiver). */
const QUERY_KEYS = ['macAddress', 'channelID', 'dynChannelID', 'dateTime', 'eventType', 'eventState'];
const PLATE_KEYS = ['country', 'licensePlate', 'line', 'direction', 'confidenceLevel'];

/** Packs an event as the style and the slot's format ask. */
export function pushBody(emission: Emission, style: PushStyle, format: ParameterFormat): PushBody {
    const text = format === 'JSON' || emission.xml === undefined ? 'JSON' : 'XML';
    const event = { data: text === 'JSON' ? emission.json : emission.xml!, contentType: CONTENT_TYPES[text] };
    const kind = kindOf(style, format, emission.pictures.length > 0);
    const packed = pack(kind, emission, event, style);
    const contentType = style.contentType ?? packed.contentType;
    return { ...packed, contentType: contentType === '' ? undefined : contentType };
}

type Kind = Exclude<PushStyle['body'], 'auto'>;

function kindOf(style: PushStyle, format: ParameterFormat, pictures: boolean): Kind {
    if (style.body !== 'auto') return style.body;
    if (format === 'querystring') return 'query';
    return pictures ? 'form-data' : 'plain';
}

function pack(
    kind: Kind,
    emission: Emission,
    event: { data: Buffer; contentType: string },
    style: PushStyle,
): PushBody {
    const half = event.data.length >> 1;
    const cutInText = style.cut === 'in-text' ? half : undefined;
    switch (kind) {
        case 'plain':
            return { contentType: event.contentType, body: event.data, query: '', cutAt: cutInText };
        case 'urlencoded':
            return {
                contentType: 'application/x-www-form-urlencoded',
                body: Buffer.from(queryOf(emission)),
                query: '',
                cutAt: cutInText,
            };
        case 'query': {
            const pictures = multipart('form-data', undefined, emission, style);
            const none = emission.pictures.length === 0;
            return { ...(none ? EMPTY : pictures), query: queryOf(emission) };
        }
        default:
            return multipart(kind, event, emission, style);
    }
}

const EMPTY: PushBody = { contentType: '', body: Buffer.alloc(0), query: '', cutAt: undefined };

function queryOf({ fields }: Emission): string {
    const plate = (fields.ANPR ?? {}) as Record<string, unknown>;
    const query = new URLSearchParams();
    for (const key of QUERY_KEYS) if (fields[key] !== undefined) query.set(key, String(fields[key]));
    for (const key of PLATE_KEYS) {
        if (plate[key] !== undefined) query.set(key === 'line' ? 'lane' : key, String(plate[key]));
    }
    return query.toString();
}

function multipart(
    kind: 'form-data' | 'mixed',
    event: { data: Buffer; contentType: string } | undefined,
    emission: Emission,
    style: PushStyle,
): PushBody {
    const { boundary } = style;
    const type = `multipart/${kind}; boundary=${boundary}`;
    const pieces: Buffer[] = style.headersInBody ? [Buffer.from(`Content-Type: ${type}\r\n\r\n`)] : [];
    let cutAt: number | undefined;
    const add = (part: NamedPicture, contentType: string, cutHere: boolean) => {
        pieces.push(Buffer.from(`--${boundary}\r\n${partHeaders(part, contentType, kind, style)}\r\n`));
        if (cutHere && cutAt === undefined) {
            cutAt = pieces.reduce((sum, piece) => sum + piece.length, part.data.length >> 1);
        }
        pieces.push(part.data, Buffer.from(part.data.at(-1) === 0x0a ? '' : '\r\n'));
    };
    if (event !== undefined) {
        const name = emission.partName ?? PART_NAMES[emission.type] ?? emission.type;
        const filename = name.endsWith('.xml') ? name : '';
        add({ name, filename, data: event.data }, event.contentType, style.cut === 'in-text');
    }
    for (const picture of emission.pictures) add(picture, 'image/jpeg', style.cut === 'in-picture');
    if (style.finalBoundary) pieces.push(Buffer.from(`--${boundary}--\r\n`));
    return { contentType: type, body: Buffer.concat(pieces), query: '', cutAt };
}

function partHeaders(part: NamedPicture, contentType: string, kind: string, style: PushStyle): string {
    const lines: string[] = [];
    const disposition = kind === 'form-data' ? 'form-data' : 'attachment';
    if (style.partNames === 'quoted') {
        const filename = part.filename === '' ? '' : `; filename="${part.filename}"`;
        lines.push(`Content-Disposition: ${disposition}; name="${part.name}"${filename}`);
    } else if (style.partNames === 'unquoted') {
        const filename = part.filename === '' ? '' : `;filename=${part.filename}`;
        lines.push(`Content-Disposition: ${disposition};name=${part.name}${filename}`);
    }
    if (style.partTypes) lines.push(`Content-Type: ${contentType}`);
    if (style.partLengths) lines.push(`Content-Length: ${part.data.length}`);
    if (part.contentId !== undefined && style.partTypes) lines.push(`Content-ID: ${part.contentId}`);
    return lines.map((line) => `${line}\r\n`).join('');
}
