/** The one event shape, whatever the way in. Saved flows depend on these names: they change by migration only. */

export type Vendor = 'hikvision' | 'dahua';

/** How the event reached us. */
export type Via = 'alertstream' | 'subscribe' | 'alarm-http' | 'isup' | 'history';

export type Family =
    | 'motion'
    | 'perimeter'
    | 'access'
    | 'vehicle'
    | 'face'
    | 'counting'
    | 'thermal'
    | 'audio'
    | 'io'
    | 'panel'
    | 'health'
    | 'unknown';

/** `active` and `inactive` bound a condition that lasts; `pulse` is something that happened at one instant. */
export type EventState = 'active' | 'inactive' | 'pulse';

/** How sure `time` is: the device gave an offset, we assumed one, or it is the time of arrival. */
export type TimeQuality = 'offset' | 'assumed' | 'received';

export type Target = 'human' | 'vehicle' | 'nonMotor' | 'face' | 'animal' | 'other';

export interface DeviceIdentity {
    name?: string;
    id?: string;
    serial?: string;
    model?: string;
    /** Lower case, zero padded, colons: `4c:0f:…`. Absent where the device sends a mask or a word. */
    mac?: string;
    /** The address we know the device by (configured host, or the source of a push). */
    address?: string;
}

/** All coordinates are fractions 0..1 of the picture, from its upper left corner. */
export interface Rect {
    x: number;
    y: number;
    width: number;
    height: number;
}

export interface Region {
    id?: string;
    sensitivity?: number;
    points: [number, number][];
    target?: Target;
    rect?: Rect;
}

export interface Plate {
    /** As read; `null` where the camera says that it read nothing. */
    number: string | null;
    original?: string;
    country?: string;
    region?: string;
    /** 0..100 */
    confidence?: number;
    lane?: number;
    direction?: 'forward' | 'reverse' | 'unknown';
    color?: string;
    type?: string;
    /** allow, block, temporary, or the name of the list, as sent. */
    list?: string;
    rect?: Rect;
    vehicle?: Record<string, string>;
    illegal?: { code?: string; name?: string; description?: string };
}

export interface Person {
    id?: string;
    name?: string;
    type?: string;
    /** 0..1 */
    similarity?: number;
    library?: string;
    gender?: string;
    age?: string;
    mask?: string;
    glasses?: string;
    expression?: string;
    rect?: Rect;
}

export interface Access {
    major: number;
    minor: number;
    /** The SDK's name, `MINOR_FACE_VERIFY_PASS`; `5/75` style numbers where the table has none. */
    code: string;
    text: string;
    result: 'granted' | 'denied' | 'door' | 'alarm' | 'system';
    door?: number;
    reader?: number;
    method?: string;
    card?: string;
    attendance?: string;
    serial?: number;
    previousSerial?: number;
    /** True where the terminal waits for our decision (`remoteCheck`). */
    remoteCheck?: boolean;
    /** Address of the client that caused an operation (3/112 …). */
    remoteAddress?: string;
    /** Where a picture of the event can be fetched from the device. */
    pictureUrl?: string;
}

export interface Counting {
    enter?: number;
    exit?: number;
    pass?: number;
    duplicate?: number;
    childEnter?: number;
    childExit?: number;
    mode?: 'realTime' | 'timeRange';
    region?: string;
    from?: string;
    to?: string;
}

export interface Thermal {
    unit?: string;
    value?: number;
    threshold?: number;
    rule?: string;
    x?: number;
    y?: number;
}

export interface Io {
    input?: number;
    output?: number;
}

export interface Panel {
    code?: string;
    name?: string;
    type?: string;
    zone?: number;
    zoneName?: string;
    subsystem?: number;
    subsystemName?: string;
    user?: string;
    /** Contact-ID's first digit: 1 a new event or an opening, 3 a restore or a closing. */
    action?: 'event' | 'restore';
    status?: Record<string, unknown>;
}

export interface Audio {
    type?: string;
    decibel?: number;
}

/** One thing that happened at a device. */
export interface DeviceEvent {
    /** Stable: the same occurrence seen twice, whichever way, has the same id. */
    id: string;
    vendor: Vendor;
    via: Via;
    device: DeviceIdentity;
    /** `null` where the event is the device's own. */
    channel: number | null;
    channelName?: string;
    /** A word of the vocabulary: `motion`, `line-crossing`, … */
    kind: string;
    /** The vendor's word, untouched. */
    type: string;
    family: Family;
    state: EventState;
    /** Present where we ended the condition because the device fell silent. */
    synthetic?: true;
    /** ISO 8601 with offset. */
    time: string;
    timeQuality: TimeQuality;
    /** The device's own text, where it is not `time`. */
    deviceTime?: string;
    /** ISO 8601, UTC. */
    receivedAt: string;
    /** True where the device re-sent an old event. */
    replay: boolean;
    target?: Target;
    targetRect?: Rect;
    regions?: Region[];
    plate?: Plate;
    person?: Person;
    access?: Access;
    counting?: Counting;
    thermal?: Thermal;
    io?: Io;
    panel?: Panel;
    audio?: Audio;
    description?: string;
    truncated?: true;
    warnings?: string[];
}

export type PictureRole = 'face' | 'background' | 'plate' | 'vehicle' | 'scene' | 'library' | 'thermal' | 'unknown';

export interface Picture {
    role: PictureRole;
    contentType: string;
    /** Safe for every file system: no separators, no control characters. */
    filename: string;
    data: Buffer;
    width?: number;
    height?: number;
    truncated?: true;
}

/** The original of an event. */
export interface RawBody {
    format: 'xml' | 'json' | 'query' | 'text' | 'binary';
    text?: string;
    object?: unknown;
    /** The bytes, where the text is not all of them (binary, or a charset that had to be guessed). */
    data?: Buffer;
    headers?: Record<string, string>;
}

/** A picture that the event only names: it is fetched from the device when somebody wants it. */
export interface PictureLink {
    role: PictureRole;
    url: string;
}

/** An event with what belongs to it: what becomes one Node-RED message. */
export interface Occurrence {
    event: DeviceEvent;
    pictures: Picture[];
    raw: RawBody;
    links?: PictureLink[];
    /** Sent again by the device, and yet new to us: it was missed the first time. */
    recovered?: true;
}
