import { Random } from './random';

/** Bytes written out as text: one character, one byte. */
export function raw(...pieces: (string | Buffer)[]): Buffer {
    return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)));
}

/** An event as a camera writes it, every line ended by `lineEnd`, the last one included. */
export function xmlEvent(type: string, lineEnd = '\r\n', more: string[] = []): string {
    return [
        '<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">',
        '<ipAddress>192.0.2.64</ipAddress>',
        '<portNo>80</portNo>',
        '<protocol>HTTP</protocol>',
        '<macAddress>00:00:5e:00:53:01</macAddress>',
        '<channelID>1</channelID>',
        '<dateTime>2026-11-20T14:32:07-03:00</dateTime>',
        '<activePostCount>1</activePostCount>',
        `<eventType>${type}</eventType>`,
        '<eventState>active</eventState>',
        `<eventDescription>${type} alarm</eventDescription>`,
        ...more,
        '</EventNotificationAlert>',
        '',
    ].join(lineEnd);
}

/** An event as an access terminal writes it: tabs, LF, no line end after the last brace. */
export function jsonEvent(serial: number): string {
    const event = {
        ipAddress: '192.0.2.65',
        portNo: 443,
        macAddress: '00:00:5e:00:53:02',
        dateTime: '2026-11-20T14:32:07-03:00',
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: {
            deviceName: 'PORTARIA "SUL" {1}',
            majorEventType: 5,
            subEventType: 75,
            employeeNoString: '0001764',
            serialNo: serial,
            currentEvent: true,
        },
    };
    return JSON.stringify(event, undefined, '\t');
}

/** A part as alertStream sends it: the length counts the line end of the body, the next delimiter follows at once. */
export function streamPart(boundary: string, type: string, body: string | Buffer, headers: string[] = []): Buffer {
    const bytes = raw(body);
    const lines = [`--${boundary}`, `Content-Type: ${type}`, `Content-Length: ${bytes.length}`, ...headers, '', ''];
    return raw(lines.join('\r\n'), bytes);
}

/**
 * Bytes that begin and end as a JPEG, with a thumbnail inside that has an end-of-image marker of its own, and with
 * everything between that must not disturb a splitter.
 */
export function jpeg(length: number, seed = 7): Buffer {
    const noise = new Random(seed).bytes(Math.max(0, length));
    const picture = raw('\xff\xd8\xff\xe1\x00\x40Exif\x00\x00\xff\xd8\xff\xdb thumbnail \xff\xd9\r\n{"<?xml', noise);
    const cut = Buffer.from(picture.subarray(0, length));
    cut[length - 2] = 0xff;
    cut[length - 1] = 0xd9;
    return cut;
}
