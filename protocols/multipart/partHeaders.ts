import { readHeaderValue } from './parameters';

/**
 * What a type promises. `document`: XML or JSON, which show their own end. `unknown`: there is no type, which the ISAPI
 * guide allows.
 */
export type TypeClass = 'document' | 'text' | 'binary' | 'unknown';

/** What the headers of a part say about it, read leniently. */
export interface PartDescription {
    typeClass: TypeClass;
    /** Names in lower case, values as sent; no prototype. Of a repeated header the first counts. */
    headers: Record<string, string>;
    name?: string;
    filename?: string;
    /** In lower case, without parameters. */
    contentType?: string;
    /** In lower case. */
    charset?: string;
    /** Without `<` and `>`. */
    contentId?: string;
    /** Bytes that the part claims to have; absent where it claims none, or nonsense. */
    contentLength?: number;
}

/** A header line is a token, then a colon (RFC 9110 §5.1); blanks before the colon are forgiven. */
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:(.*)$/s;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Header bytes as text: UTF-8 where they are, else byte by byte (devices put local 8-bit names into `filename`). */
export function decodeHeaderLine(bytes: Buffer): string {
    for (const byte of bytes) {
        if (byte < 0x80) continue;
        try {
            return strictUtf8.decode(bytes);
        } catch (error) {
            if (error instanceof TypeError) break;
            throw error;
        }
    }
    return bytes.toString('latin1');
}

/** `[name in lower case, value]`, or `undefined` for a line that is no header. */
export function readHeaderLine(line: string): [name: string, value: string] | undefined {
    const match = HEADER_LINE.exec(line);
    if (match === null) return undefined;
    return [(match[1] as string).toLowerCase(), (match[2] as string).trim()];
}

/** The header lines of one part, while they arrive. */
export class HeaderLines {
    #headers: Record<string, string> = Object.create(null);
    #last = '';
    /** Lines that were headers. */
    count = 0;
    /** Bytes of all lines. */
    bytes = 0;

    /** Reads a line without its end; false where it is no header and no continuation of one. */
    add(line: Buffer): boolean {
        const text = decodeHeaderLine(line);
        if (this.count > 0 && (text[0] === ' ' || text[0] === '\t')) {
            this.#headers[this.#last] += ` ${text.trim()}`;
            return true;
        }
        const header = readHeaderLine(text);
        if (header === undefined) return false;
        const [name, value] = header;
        if (!(name in this.#headers)) this.#headers[name] = value;
        this.#last = name;
        this.count += 1;
        return true;
    }

    describe(): PartDescription {
        return describeHeaders(this.#headers);
    }
}

/**
 * Sorts out what a part's headers say. Devices write `form-data;name=` without a space, leave out the file name or the
 * type, and quote or do not quote at will; all of it is optional here.
 */
export function describeHeaders(headers: Record<string, string>): PartDescription {
    const description: PartDescription = { headers, typeClass: 'unknown' };
    const disposition = headers['content-disposition'];
    if (disposition !== undefined) {
        const { name, filename } = readHeaderValue(disposition).parameters;
        if (name !== undefined) description.name = name;
        if (filename !== undefined) description.filename = filename;
    }
    const type = headers['content-type'];
    if (type !== undefined) {
        const { value, parameters } = readHeaderValue(type);
        if (value !== '') {
            description.contentType = value;
            description.typeClass = classOf(value);
        }
        if (parameters.charset) description.charset = parameters.charset.toLowerCase();
    }
    const id = headers['content-id'];
    if (id !== undefined) description.contentId = id.replace(/^<|>$/g, '');
    const length = /^\d{1,15}(?!\d)/.exec(headers['content-length'] ?? '');
    if (length !== null) description.contentLength = Number(length[0]);
    return description;
}

function classOf(contentType: string): TypeClass {
    if (contentType.includes('xml') || contentType.includes('json')) return 'document';
    return contentType.startsWith('text/') || contentType.endsWith('urlencoded') ? 'text' : 'binary';
}
