/** What a device published as an alarm, with the wrapping told apart from the content. Nothing is parsed yet. */
export interface AlarmBody {
    format: 'xml' | 'json' | 'multipart' | 'binary';
    /** The content, without the HTTP head where there was one. */
    content: Buffer;
    /** As in the HTTP head; otherwise what the content looks like. */
    contentType?: string;
    /** The path of the HTTP head. */
    url?: string;
}

const MAX_HEAD = 8192;
const CRLF2 = Buffer.from('\r\n\r\n', 'latin1');

interface Head {
    url: string;
    contentType?: string;
    end: number;
}

/** `POST /path HTTP/1.1`, headers, blank line: some firmware frames its alarms as the HTTP request they would be. */
function httpHead(body: Buffer): Head | undefined {
    const start = body.toString('latin1', 0, Math.min(body.length, 5));
    if (start !== 'POST ' && !start.startsWith('PUT ')) return undefined;
    const end = body.subarray(0, MAX_HEAD).indexOf(CRLF2);
    if (end < 0) return undefined;
    const [first = '', ...lines] = body.toString('latin1', 0, end).split('\r\n');
    const [, url = '', version = ''] = first.split(' ');
    if (!version.startsWith('HTTP/')) return undefined;
    const line = lines.find((one) => /^content-type\s*:/i.test(one));
    const contentType = line?.slice(line.indexOf(':') + 1).trim();
    return { url, end: end + CRLF2.length, ...(contentType && { contentType }) };
}

function firstVisible(bytes: Buffer): number | undefined {
    let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    while (at < bytes.length && bytes[at]! <= 0x20) at++;
    return bytes[at];
}

function formatOf(content: Buffer): AlarmBody['format'] {
    switch (firstVisible(content)) {
        case 0x3c: // <
            return 'xml';
        case 0x7b: // {
        case 0x5b: // [
            return 'json';
        case 0x2d: // -
            return content.indexOf('--', 0, 'latin1') < 64 ? 'multipart' : 'binary';
        default:
            return 'binary';
    }
}

const CONTENT_TYPES = { xml: 'application/xml', json: 'application/json' } as const;

/**
 * Tells bare XML, bare JSON, either of them behind an HTTP head, and multi-part apart. How pictures come on the alarm
 * link is not known: multi-part content is handed on as it came.
 */
export function readAlarmBody(body: Buffer): AlarmBody {
    const head = httpHead(body);
    const content = head === undefined ? body : body.subarray(head.end);
    const multipart = /^multipart\//i.test(head?.contentType ?? '');
    const format = multipart ? 'multipart' : formatOf(content);
    const contentType =
        head?.contentType ?? (format === 'xml' || format === 'json' ? CONTENT_TYPES[format] : undefined);
    return { format, content, ...(contentType && { contentType }), ...(head && { url: head.url }) };
}
