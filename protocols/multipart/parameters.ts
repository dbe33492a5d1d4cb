/** A header value such as `form-data;name="event"; filename=a.xml`, taken apart. */
export interface HeaderValue {
    /** What stands before the first `;`, trimmed, in lower case. */
    value: string;
    /** Parameter names in lower case; no prototype, so that `__proto__` is a name like any other. */
    parameters: Record<string, string>;
}

const QUOTE = '"';

/**
 * Reads a value with parameters as devices write them: values quoted or not, with or without a space after `;`, the
 * closing quote possibly missing, `name*=` in the form of RFC 2231. Never throws.
 */
export function readHeaderValue(text: string): HeaderValue {
    const firstEnd = text.indexOf(';');
    const value = (firstEnd < 0 ? text : text.slice(0, firstEnd)).trim().toLowerCase();
    const parameters: Record<string, string> = Object.create(null);
    let at = firstEnd < 0 ? text.length : firstEnd + 1;
    while (at < text.length) {
        const end = endOfName(text, at);
        const name = text.slice(at, end).trim().toLowerCase();
        if (text[end] !== '=') {
            at = end + 1;
            continue;
        }
        const read = readParameter(text, end + 1);
        at = read.next;
        if (name.endsWith('*')) parameters[name.slice(0, -1)] = decodeExtended(read.text);
        else if (name !== '' && !(name in parameters)) parameters[name] = read.text;
    }
    return { value, parameters };
}

function endOfName(text: string, from: number): number {
    let at = from;
    while (at < text.length && text[at] !== '=' && text[at] !== ';') at += 1;
    return at;
}

function readParameter(text: string, from: number): { text: string; next: number } {
    let at = from;
    while (text[at] === ' ' || text[at] === '\t') at += 1;
    if (text[at] !== QUOTE) {
        const end = text.indexOf(';', at);
        const stop = end < 0 ? text.length : end;
        return { text: text.slice(at, stop).trim(), next: stop + 1 };
    }
    let unquoted = '';
    at += 1;
    while (at < text.length && text[at] !== QUOTE) {
        // Only `\"` and `\\` are escapes: others are the separators of a Windows path.
        if (text[at] === '\\' && (text[at + 1] === QUOTE || text[at + 1] === '\\')) at += 1;
        unquoted += text[at] ?? '';
        at += 1;
    }
    const end = text.indexOf(';', at);
    return { text: unquoted, next: end < 0 ? text.length : end + 1 };
}

/** `UTF-8''na%C3%AFve.jpg` of RFC 2231; what cannot be decoded stays as it was sent. */
function decodeExtended(text: string): string {
    const parts = /^([\w-]*)'[^']*'(.*)$/.exec(text);
    const charset = parts?.[1]?.toLowerCase() || 'utf-8';
    const encoded = parts?.[2] ?? text;
    const bytes: number[] = [];
    for (let at = 0; at < encoded.length; at += 1) {
        const hex = encoded[at] === '%' ? encoded.slice(at + 1, at + 3) : '';
        if (/^[0-9a-f]{2}$/i.test(hex)) {
            bytes.push(Number.parseInt(hex, 16));
            at += 2;
        } else bytes.push(encoded.charCodeAt(at) & 0xff);
    }
    try {
        return new TextDecoder(charset).decode(Uint8Array.from(bytes));
    } catch (error) {
        // The only failure of a lenient decoder is a charset that it does not know.
        if (error instanceof RangeError) return encoded;
        throw error;
    }
}
