import { cJson, NAMESPACES, type XmlStyle, xmlDocument } from './bodies';

/** A polygon in the device's own scale, 0..1000. */
export interface SimulatedRegion {
    id?: string;
    sensitivity?: number;
    points: [x: number, y: number][];
    target?: string;
    /** Fractions 0..1. */
    rect?: { x: number; y: number; width: number; height: number };
}

/** What a test or a scenario asks a camera or a recorder to report. */
export interface SimulatedEvent {
    /** The vendor's word: `VMD`, `linedetection`, `ANPR`, … */
    type: string;
    /** 1 */
    channel?: number;
    /** `active` */
    state?: 'active' | 'inactive';
    description?: string;
    /** `targetType` of a motion event with a human or vehicle filter (hikvision_next#313). */
    target?: string;
    regions?: SimulatedRegion[];
    /** Marks a re-sent event: `isDataRetransmission`. */
    retransmission?: boolean;
    /** Epoch milliseconds; the device's clock by default. */
    at?: number;
    /** The object that is named after the event, and whatever else the body is to hold: `{ ANPR: { … } }`. */
    payload?: object;
    /** true: the device takes one; or the JPEGs themselves. */
    pictures?: boolean | Buffer[];
}

/** The fields of the envelope that belong to the device. */
export interface Envelope {
    ipAddress?: string;
    portNo: number;
    protocol: 'HTTP' | 'HTTPS';
    macAddress?: string;
    /** Recorders write `dynChannelID` only, cameras `channelID` only. */
    channelKey: 'channelID' | 'dynChannelID';
    /** Written in place of the event's own number. */
    channel?: number;
    dateTime: string;
    activePostCount: number;
    channelName?: string;
    /** Cameras repeat it at the end, in Extensions. */
    serialNumber?: string;
}

const DESCRIPTIONS: Record<string, string> = { VMD: 'Motion alarm', IO: 'IO alarm', heartBeat: 'heartBeat' };

function regionEntries(regions: SimulatedRegion[]) {
    return regions.map((region, index) => ({
        regionID: region.id ?? String(index + 1),
        sensitivityLevel: region.sensitivity ?? 50,
        RegionCoordinatesList: {
            RegionCoordinates: region.points.map(([positionX, positionY]) => ({ positionX, positionY })),
        },
        detectionTarget: region.target,
        TargetRect: region.rect && {
            X: region.rect.x,
            Y: region.rect.y,
            width: region.rect.width,
            height: region.rect.height,
        },
    }));
}

/** `Extensions` of a camera, as captured on a DS-2CD2185FWD-I (CornerBit/HikSink). */
function extensions(serial: string, dateTime: string) {
    const namespace = 'urn:selfextension:psiaext-ver10-xsd';
    return {
        '@version': '1.0',
        '@xmlns': NAMESPACES.psialliance,
        serialNumber: { '@xmlns': namespace, '#text': serial },
        eventPush: { '@xmlns': namespace, '#text': `IO&&${serial},${dateTime},1.0` },
    };
}

/** The fields of an event in the order in which cameras and recorders write them. */
export function eventFields(event: SimulatedEvent, envelope: Envelope): Record<string, unknown> {
    const { serialNumber, channelKey, dateTime, channelName } = envelope;
    const fields: Record<string, unknown> = {
        ipAddress: envelope.ipAddress,
        portNo: envelope.portNo,
        protocol: envelope.protocol,
        macAddress: envelope.macAddress,
        [channelKey]: envelope.channel ?? event.channel ?? 1,
        dateTime,
        activePostCount: envelope.activePostCount,
        eventType: event.type,
        eventState: event.state ?? 'active',
        eventDescription: event.description ?? DESCRIPTIONS[event.type] ?? `${event.type} alarm`,
        DetectionRegionList: event.regions && { DetectionRegionEntry: regionEntries(event.regions) },
        channelName,
        targetType: event.target,
        isDataRetransmission: event.retransmission,
        ...event.payload,
        Extensions: serialNumber && extensions(serialNumber, dateTime),
    };
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The body as XML: no declaration, one line end after the root, which the device counts into Content-Length. */
export function eventXml(fields: object, style: XmlStyle): string {
    return xmlDocument('EventNotificationAlert', fields, { declaration: false, ...style });
}

/** The body as JSON, for a listening host whose `parameterFormatType` is JSON. */
export function eventJson(fields: Record<string, unknown>): string {
    const { Extensions: _xmlOnly, ...rest } = fields;
    return cJson(rest);
}
