import { readVarint } from './varint';

/** What somebody who came to the ISUP port speaks, told from the first bytes. */
export type Framing =
    | 'ehome-xml'
    | 'lbs-auth'
    | 'lbs-refresh'
    | 'mqtt-connect'
    | 'newer-variant'
    | 'http'
    | 'tls'
    | 'proxy-v1'
    | 'proxy-v2'
    | 'malformed'
    | 'unknown';

export type Classification = Framing | 'need-more';

const PROXY_V1 = Buffer.from('PROXY ', 'latin1');
export const PROXY_V2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

const TEXTS: readonly { start: Buffer; is: Framing }[] = [
    { start: PROXY_V1, is: 'proxy-v1' },
    { start: PROXY_V2, is: 'proxy-v2' },
    { start: Buffer.from('GET ', 'latin1'), is: 'http' },
    { start: Buffer.from('POST ', 'latin1'), is: 'http' },
    { start: Buffer.from('PUT ', 'latin1'), is: 'http' },
];
const XML_STARTS = [Buffer.from('<?xml', 'latin1'), Buffer.from('<PPV', 'latin1')];
const BOM = Buffer.from('efbbbf', 'hex');
/** What follows the length of an MQTT 3.1.1 CONNECT (§3.1.2.1, §3.1.2.2). */
const MQTT_NAME_AND_LEVEL = Buffer.from('00044d51545404', 'hex');

type Match = 'yes' | 'no' | 'need-more';

function startsWith(bytes: Buffer, offset: number, start: Buffer): Match {
    const length = Math.min(bytes.length - offset, start.length);
    if (bytes.compare(start, 0, length, offset, offset + length) !== 0) return 'no';
    return length === start.length ? 'yes' : 'need-more';
}

/** The first of the matches that is not a no. */
function either(matches: Match[]): Match {
    return matches.find((match) => match === 'yes') ?? matches.find((match) => match === 'need-more') ?? 'no';
}

function xmlAt(bytes: Buffer): Match {
    const bom = startsWith(bytes, 0, BOM);
    if (bom === 'need-more' && bytes.length > 0) return 'need-more';
    let offset = bom === 'yes' ? BOM.length : 0;
    while (offset < bytes.length && offset < 64 && [0x20, 0x09, 0x0d, 0x0a].includes(bytes[offset]!)) offset++;
    return either(XML_STARTS.map((start) => startsWith(bytes, offset, start)));
}

/** `01 ?? 00` at `offset`: form, low and high type of a login frame that a device sends. */
function versionAt(bytes: Buffer, offset: number): Match {
    if (bytes.length > offset && bytes[offset] !== 0x01) return 'no';
    if (bytes.length < offset + 3) return 'need-more';
    return bytes[offset + 2] === 0x00 ? 'yes' : 'no';
}

function binary(bytes: Buffer): Classification {
    const command = bytes[0]! >> 4;
    const flags = bytes[0]! & 0x0f;
    if (command !== 1 && command !== 7) return 'unknown';
    const length = readVarint(bytes, 1);
    if (length === 'need-more') return 'need-more';
    if (length === 'malformed') return flags === 0 ? 'malformed' : 'unknown';
    const offset = 1 + length.size;
    if (flags !== 0 && command === 1) return 'newer-variant';
    const version = versionAt(bytes, offset);
    if (version === 'yes') {
        if (flags !== 0) return 'newer-variant';
        return command === 1 ? 'lbs-auth' : 'lbs-refresh';
    }
    // The lower-case letters p..z share the first byte with a refresh: only the version tells them apart.
    if (command === 7) return version === 'need-more' ? 'need-more' : 'unknown';
    const mqtt = startsWith(bytes, offset, MQTT_NAME_AND_LEVEL);
    if (mqtt === 'yes') return 'mqtt-connect';
    return version === 'need-more' || mqtt === 'need-more' ? 'need-more' : 'unknown';
}

/**
 * Tells by the first bytes of a connection or by a datagram who is there; `need-more` (TCP only) asks for more bytes.
 *
 * 0x10 begins both a login (AUTH_I) and an MQTT CONNECT, and byte 1 is a length, never a type: the decision falls on
 * the bytes after the length. Low four bits that are set mark the newer EZVIZ variant with encryption and ECDH
 * (flags as in Ezviz-OpenBiz/EZIOT-SDK and ha1vk/ez_iot_os).
 */
export function classify(transport: 'tcp' | 'udp', bytes: Buffer): Classification {
    if (transport === 'udp') return xmlAt(bytes) === 'yes' ? 'ehome-xml' : 'unknown';
    if (bytes.length === 0) return 'need-more';
    let undecided = false;
    for (const { start, is } of TEXTS) {
        const match = startsWith(bytes, 0, start);
        if (match === 'yes') return is;
        undecided ||= match === 'need-more';
    }
    const xml = xmlAt(bytes);
    if (xml === 'yes') return 'ehome-xml';
    if (undecided || xml === 'need-more') return 'need-more';
    if (bytes[0] === 0x16) {
        if (bytes.length < 3) return bytes[1] === undefined || bytes[1] === 0x03 ? 'need-more' : 'newer-variant';
        if (bytes[1] === 0x03 && bytes[2]! <= 0x04) return 'tls';
    }
    return binary(bytes);
}
