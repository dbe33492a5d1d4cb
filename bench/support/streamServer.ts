/**
 * A device that sends its stream as fast as the client reads: forked, so that its CPU is not counted as the client's.
 * The parent asks for a shape and a count; every GET is answered with that many parts, then the stream stays open.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Shape = 'xml' | 'json' | 'pictures' | 'heartbeats';

export interface StreamOrder {
    shape: Shape;
    count: number;
}

const BOUNDARY = 'boundary';
const PICTURE = Buffer.concat([
    Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
    Buffer.alloc(200 * 1024, 0x5a),
    Buffer.from([0xff, 0xd9]),
]);

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

function eventOf(shape: Shape, index: number): Buffer {
    if (shape === 'json') return part('application/json; charset="UTF-8"', jsonEvent(index));
    const event = xmlEvent(index);
    if (shape !== 'pictures') return part('application/xml; charset="UTF-8"', event);
    const count = '<detectionPicturesNumber>1</detectionPicturesNumber>\r\n</EventNotificationAlert>';
    return Buffer.concat([
        part('application/xml; charset="UTF-8"', event.replace('</EventNotificationAlert>', count)),
        part('image/jpeg', PICTURE),
        Buffer.from('\r\n'),
    ]);
}

/** Prepared before the clock runs: what is measured is the client. Heartbeats stand between two events. */
function prepare({ shape, count }: StreamOrder): Buffer[] {
    if (shape !== 'heartbeats') return Array.from({ length: count }, (_none, index) => eventOf(shape, index));
    const beats = Array.from({ length: count }, (_none, index) =>
        part('application/xml; charset="UTF-8"', heartbeat(index)),
    );
    return [eventOf('xml', 0), ...beats, eventOf('xml', count)];
}

let parts: Buffer[] = [];

/** One write per part, as a device does. */
async function play(response: ServerResponse): Promise<void> {
    for (const bytes of parts) {
        if (!response.write(bytes)) await once(response, 'drain');
    }
}

const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': `multipart/mixed; boundary=${BOUNDARY}` });
    void play(response);
});

process.on('message', (order: StreamOrder) => {
    parts = prepare(order);
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    process.send?.({ port: (server.address() as AddressInfo).port, bytes });
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.send?.({ ready: true }));
