/**
 * A device that sends its stream as fast as the client reads: forked, so that its CPU is not counted as the client's.
 * The parent asks for a shape and a count; every GET is answered with that many parts, then the stream stays open.
 *
 * It answers as captured devices do: an HTTP/1.1 head without Content-Length, Transfer-Encoding or Connection
 * (toxuin/alarmserver#15), then each part in a write of its own, headers and body together.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { WARM_UP } from './measure';

export type Shape = 'xml' | 'json' | 'pictures' | 'heartbeats';

export interface StreamOrder {
    shape: Shape;
    count: number;
    /** Bytes that are gathered before they are written, as behind a proxy; by default each part is written by itself. */
    gather?: number;
}

const BOUNDARY = 'boundary';
const HEAD = `HTTP/1.1 200 OK\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=${BOUNDARY}\r\n\r\n`;
const PICTURE = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), noise(200 * 1024), Buffer.from([0xff, 0xd9])]);

/** Bytes without a pattern, as compressed ones are, the same in every run. */
function noise(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    let state = 1;
    for (let at = 0; at < count; at += 1) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        bytes[at] = state >>> 24;
    }
    return bytes;
}

function xmlEvent(index: number): string {
    const lines = [
        '<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">',
        '<ipAddress>192.0.2.10</ipAddress>',
        '<portNo>80</portNo>',
        '<protocol>HTTP</protocol>',
        '<macAddress>00:00:5e:00:53:01</macAddress>',
        `<channelID>${(index % 16) + 1}</channelID>`,
        `<dateTime>${timeOf(index)}</dateTime>`,
        `<activePostCount>${index}</activePostCount>`,
        '<eventType>linedetection</eventType>',
        '<eventState>active</eventState>',
        '<eventDescription>linedetection alarm</eventDescription>',
        '<DetectionRegionList><DetectionRegionEntry><regionID>1</regionID><sensitivityLevel>50</sensitivityLevel>',
        '<RegionCoordinatesList>',
        '<RegionCoordinates><positionX>424</positionX><positionY>642</positionY></RegionCoordinates>',
        '<RegionCoordinates><positionX>161</positionX><positionY>610</positionY></RegionCoordinates>',
        '</RegionCoordinatesList><detectionTarget>human</detectionTarget></DetectionRegionEntry></DetectionRegionList>',
        '<channelName>Front gate</channelName>',
        '</EventNotificationAlert>',
        '',
    ];
    return lines.join('\r\n');
}

function jsonEvent(index: number): string {
    const event = {
        ipAddress: '192.0.2.11',
        portNo: 80,
        protocol: 'HTTP',
        macAddress: '00:00:5e:00:53:02',
        channelID: 1,
        dateTime: timeOf(index),
        activePostCount: 1,
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        eventDescription: 'Access Controller Event',
        AccessControllerEvent: {
            deviceName: 'Front door',
            majorEventType: 5,
            subEventType: 75,
            name: 'MARIA EXEMPLO',
            cardReaderKind: 1,
            cardReaderNo: 1,
            verifyNo: 162,
            employeeNoString: '000000001764',
            serialNo: index + 1,
            userType: 'normal',
            currentVerifyMode: 'cardOrFace',
            currentEvent: true,
            frontSerialNo: index,
            attendanceStatus: 'undefined',
            mask: 'no',
            FaceRect: { height: 0.196, width: 0.111, x: 0.5, y: 0.049 },
        },
    };
    return `${JSON.stringify(event, null, '\t')}\n`;
}

function heartbeat(index: number): string {
    return xmlEvent(index)
        .replace(/<DetectionRegionList>[\s\S]*<\/DetectionRegionList>\r\n/, '')
        .replace(/linedetection/g, 'videoloss')
        .replace('>active<', '>inactive<');
}

/** Each event is another occurrence: a second later than the one before, so that none is taken for its repetition. */
function timeOf(index: number): string {
    return `${new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString().slice(0, 19)}+00:00`;
}

function part(type: string, body: string | Buffer): Buffer {
    const bytes = Buffer.from(body);
    return Buffer.concat([
        Buffer.from(`--${BOUNDARY}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`),
        bytes,
    ]);
}

const PICTURE_PART = Buffer.concat([part('image/jpeg', PICTURE), Buffer.from('\r\n')]);

/** The parts of one event: a picture is a part of its own. */
function eventOf(shape: Shape, index: number): Buffer[] {
    if (shape === 'json') return [part('application/json; charset="UTF-8"', jsonEvent(index))];
    const event = xmlEvent(index);
    if (shape !== 'pictures') return [part('application/xml; charset="UTF-8"', event)];
    const count = '<detectionPicturesNumber>1</detectionPicturesNumber>\r\n</EventNotificationAlert>';
    const announcing = event.replace('</EventNotificationAlert>', count);
    return [part('application/xml; charset="UTF-8"', announcing), PICTURE_PART];
}

function partsOf({ shape, count }: StreamOrder): Buffer[] {
    const each = Array.from({ length: count }, (_none, index) => index);
    if (shape !== 'heartbeats') return each.flatMap((index) => eventOf(shape, index));
    const beats = each.map((index) => part('application/xml; charset="UTF-8"', heartbeat(index)));
    // Heartbeats stand between events, which tell when the last that warm up, and when all, have been read.
    const warmUp = beats.splice(0, Math.floor(count * WARM_UP));
    return [...warmUp, ...eventOf('xml', 0), ...beats, ...eventOf('xml', count)];
}

/** Prepared before the clock runs: what is measured is the client. */
function prepare(order: StreamOrder): Buffer[] {
    const parts = partsOf(order);
    const { gather } = order;
    if (gather === undefined) return parts;
    const writes: Buffer[] = [];
    let from = 0;
    for (let bytes = 0, to = 0; to < parts.length; to += 1) {
        bytes += parts[to]!.length;
        if (bytes < gather && to + 1 < parts.length) continue;
        writes.push(Buffer.concat(parts.slice(from, to + 1)));
        from = to + 1;
        bytes = 0;
    }
    return writes;
}

let writes: Buffer[] = [];

async function play(socket: Socket): Promise<void> {
    socket.write(HEAD);
    for (const bytes of writes) {
        if (!socket.write(bytes)) await once(socket, 'drain');
    }
}

const server = createServer({ noDelay: true }, (socket) => {
    // The client leaves as soon as it has what it came for, and whatever is on its way then is lost.
    const leave = () => socket.destroy();
    socket.on('error', leave);
    socket.once('data', () => play(socket).catch(leave));
});

process.on('message', (order: StreamOrder) => {
    writes = prepare(order);
    const bytes = writes.reduce((sum, { length }) => sum + length, 0);
    process.send?.({ port: (server.address() as AddressInfo).port, bytes, warmUp: Math.floor(bytes * WARM_UP) });
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.send?.({ ready: true }));
