/**
 * The few MQTT 3.1.1 packets of the ISUP session, given as whole frames (MQTT 3.1.1, OASIS Standard, §3;
 * docs/decisions/0008-mqtt-codec.md).
 */
import { readVarint, writeVarint } from './varint';

export interface Connect {
    is: 'connect';
    /** The Device ID. */
    clientId: string;
    /** Seconds; 0 where the device promises nothing. */
    keepAlive: number;
    /** The short serial, which begins the topics towards the device. */
    username: string;
    /** Sealed with the session key. */
    will?: Buffer;
}

export interface Publish {
    is: 'publish';
    topic: string;
    qos: 0 | 1 | 2;
    /** 0 where the QoS is 0. */
    id: number;
    payload: Buffer;
}

export interface Subscribe {
    is: 'subscribe';
    id: number;
    topics: string[];
    /** The QoS that each topic asks for. */
    qos: number[];
}

export type DevicePacket =
    | Connect
    | Publish
    | Subscribe
    | { is: 'unsubscribe' | 'pubrel' | 'puback'; id: number }
    | { is: 'pingreq' | 'disconnect' };

/** What a listener sends, for the simulated device. */
export type ListenerPacket =
    | Publish
    | { is: 'connack'; code: number }
    | { is: 'suback' | 'puback' | 'unsuback'; id: number }
    | { is: 'pingresp' };

/** High nibble of the first byte (§2.2.1). */
const TYPE = {
    CONNECT: 1,
    CONNACK: 2,
    PUBLISH: 3,
    PUBACK: 4,
    PUBREC: 5,
    PUBREL: 6,
    PUBCOMP: 7,
    SUBSCRIBE: 8,
    SUBACK: 9,
    UNSUBSCRIBE: 10,
    UNSUBACK: 11,
    PINGREQ: 12,
    PINGRESP: 13,
    DISCONNECT: 14,
} as const;

/** Low nibble of the first byte where it is not 0; PUBLISH has flags of its own (§2.2.2). */
const FIXED_FLAGS: Readonly<Record<number, number>> = { [TYPE.PUBREL]: 2, [TYPE.SUBSCRIBE]: 2, [TYPE.UNSUBSCRIBE]: 2 };

/** §3.1.2.3 */
const CONNECT_FLAG = {
    RESERVED: 0x01,
    CLEAN: 0x02,
    WILL: 0x04,
    WILL_QOS: 0x18,
    WILL_QOS_1: 0x08,
    WILL_RETAIN: 0x20,
    PASSWORD: 0x40,
    USERNAME: 0x80,
};

const PROTOCOL = 'MQTT';
const PROTOCOL_LEVEL = 4;

/** The packet breaks off inside a field. */
class BreaksOff extends Error {}

/** Reads the fields of one packet in turn. */
class Fields {
    #at = 0;

    constructor(private readonly bytes: Buffer) {}

    get isAtEnd(): boolean {
        return this.#at >= this.bytes.length;
    }

    byte(): number {
        return this.#take(1)[0]!;
    }

    number(): number {
        return this.#take(2).readUInt16BE();
    }

    /** Bytes behind their length (§1.5.3). */
    data(): Buffer {
        return this.#take(this.number());
    }

    text(): string {
        return this.data().toString('utf8');
    }

    rest(): Buffer {
        return this.#take(this.bytes.length - this.#at);
    }

    #take(count: number): Buffer {
        if (this.#at + count > this.bytes.length) throw new BreaksOff();
        this.#at += count;
        return this.bytes.subarray(this.#at - count, this.#at);
    }
}

interface Frame {
    type: number;
    flags: number;
    fields: Fields;
}

function open(bytes: Buffer): Frame | undefined {
    const length = readVarint(bytes, 1);
    if (typeof length === 'string' || bytes.length !== 1 + length.size + length.value) return undefined;
    const type = bytes[0]! >> 4;
    const flags = bytes[0]! & 0x0f;
    if (type !== TYPE.PUBLISH && flags !== (FIXED_FLAGS[type] ?? 0)) return undefined;
    return { type, flags, fields: new Fields(bytes.subarray(1 + length.size)) };
}

/** Reads one whole frame; undefined where it is none, or breaks off inside a field. */
function read<T>(bytes: Buffer, packet: (frame: Frame) => T | undefined): T | undefined {
    const frame = open(bytes);
    if (frame === undefined) return undefined;
    try {
        return packet(frame);
    } catch (thrown) {
        if (thrown instanceof BreaksOff) return undefined;
        throw thrown;
    }
}

function readConnect(fields: Fields): Connect | undefined {
    if (fields.text() !== PROTOCOL || fields.byte() !== PROTOCOL_LEVEL) return undefined;
    const flags = fields.byte();
    const hasWill = (flags & CONNECT_FLAG.WILL) !== 0;
    if ((flags & CONNECT_FLAG.RESERVED) !== 0) return undefined;
    if (!hasWill && (flags & (CONNECT_FLAG.WILL_QOS | CONNECT_FLAG.WILL_RETAIN)) !== 0) return undefined;
    const keepAlive = fields.number();
    const clientId = withoutPadding(fields.text());
    let will: Buffer | undefined;
    if (hasWill) {
        fields.data();
        will = fields.data();
    }
    const username = (flags & CONNECT_FLAG.USERNAME) !== 0 ? withoutPadding(fields.text()) : '';
    if ((flags & CONNECT_FLAG.PASSWORD) !== 0) fields.data();
    return { is: 'connect', clientId, keepAlive, username, ...(will && { will }) };
}

function withoutPadding(text: string): string {
    return text.replace(/\0+$/, '');
}

function readPublish({ flags, fields }: Frame): Publish | undefined {
    const qos = (flags >> 1) & 3;
    if (qos === 3) return undefined;
    const topic = fields.text();
    const id = qos > 0 ? fields.number() : 0;
    return { is: 'publish', topic, qos: qos as 0 | 1 | 2, id, payload: fields.rest() };
}

function readSubscribe(fields: Fields): Subscribe | undefined {
    const subscribe: Subscribe = { is: 'subscribe', id: fields.number(), topics: [], qos: [] };
    while (!fields.isAtEnd) {
        subscribe.topics.push(fields.text());
        const qos = fields.byte();
        if (qos > 2) return undefined;
        subscribe.qos.push(qos);
    }
    return subscribe;
}

function readUnsubscribe(fields: Fields): DevicePacket {
    const id = fields.number();
    while (!fields.isAtEnd) fields.data();
    return { is: 'unsubscribe', id };
}

/** @returns undefined for what a device may not send, or is not MQTT 3.1.1 */
export function readDevicePacket(bytes: Buffer): DevicePacket | undefined {
    return read(bytes, (frame): DevicePacket | undefined => {
        switch (frame.type) {
            case TYPE.CONNECT:
                return readConnect(frame.fields);
            case TYPE.PUBLISH:
                return readPublish(frame);
            case TYPE.SUBSCRIBE:
                return readSubscribe(frame.fields);
            case TYPE.UNSUBSCRIBE:
                return readUnsubscribe(frame.fields);
            case TYPE.PUBREL:
                return { is: 'pubrel', id: frame.fields.number() };
            case TYPE.PUBACK:
                return { is: 'puback', id: frame.fields.number() };
            case TYPE.PINGREQ:
                return { is: 'pingreq' };
            case TYPE.DISCONNECT:
                return { is: 'disconnect' };
            default:
                return undefined;
        }
    });
}

function readConnack(fields: Fields): ListenerPacket | undefined {
    const hasKnownFlags = fields.byte() <= 1;
    const code = fields.byte();
    return hasKnownFlags ? { is: 'connack', code } : undefined;
}

/** QoS, or that a topic was refused (§3.9.3). */
const GRANTED = [0, 1, 2, 0x80];

function readSuback(fields: Fields): ListenerPacket | undefined {
    const id = fields.number();
    return fields.rest().every((code) => GRANTED.includes(code)) ? { is: 'suback', id } : undefined;
}

/** @returns undefined for what a listener may not send */
export function readListenerPacket(bytes: Buffer): ListenerPacket | undefined {
    return read(bytes, (frame): ListenerPacket | undefined => {
        switch (frame.type) {
            case TYPE.CONNACK:
                return readConnack(frame.fields);
            case TYPE.PUBLISH:
                return readPublish(frame);
            case TYPE.SUBACK:
                return readSuback(frame.fields);
            case TYPE.PUBACK:
                return { is: 'puback', id: frame.fields.number() };
            case TYPE.UNSUBACK:
                return { is: 'unsuback', id: frame.fields.number() };
            case TYPE.PINGRESP:
                return { is: 'pingresp' };
            default:
                return undefined;
        }
    });
}

/** CONNACK codes (§3.2.2.3). */
export const CONNACK = { ACCEPTED: 0, NOT_AUTHORISED: 5 } as const;

export const PINGREQ = Buffer.from('c000', 'hex');
export const PINGRESP = Buffer.from('d000', 'hex');
export const DISCONNECT = Buffer.from('e000', 'hex');

function write(type: number, flags: number, ...fields: Buffer[]): Buffer {
    const length = fields.reduce((sum, field) => sum + field.length, 0);
    return Buffer.concat([Buffer.from([(type << 4) | flags]), writeVarint(length), ...fields]);
}

function number(value: number): Buffer {
    return Buffer.from([value >> 8, value & 0xff]);
}

function field(value: Buffer | string): Buffer {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    return Buffer.concat([number(bytes.length), bytes]);
}

export function writeConnack(code: number): Buffer {
    return Buffer.from([TYPE.CONNACK << 4, 2, 0, code]);
}

function acknowledgement(type: number, id: number): Buffer {
    return Buffer.from([type << 4, 2, id >> 8, id & 0xff]);
}

export const writePuback = (id: number): Buffer => acknowledgement(TYPE.PUBACK, id);
export const writePubrec = (id: number): Buffer => acknowledgement(TYPE.PUBREC, id);
export const writePubcomp = (id: number): Buffer => acknowledgement(TYPE.PUBCOMP, id);
export const writeUnsuback = (id: number): Buffer => acknowledgement(TYPE.UNSUBACK, id);

/** Grants QoS 1 at most, to each topic in turn. */
export function writeSuback(subscribe: Subscribe): Buffer {
    return write(TYPE.SUBACK, 0, number(subscribe.id), Buffer.from(subscribe.qos.map((qos) => Math.min(qos, 1))));
}

/** @param id packet id, of a QoS 1 publish only */
export function writePublish(topic: string, payload: Buffer, qos: 0 | 1 = 0, id = 0): Buffer {
    const numbered = qos > 0 ? [number(id)] : [];
    return write(TYPE.PUBLISH, qos << 1, field(topic), ...numbered, payload);
}

/** What a device sends to open its session. */
export function writeConnect(options: {
    clientId: string;
    username: string;
    keepAlive: number;
    will?: { topic: string; payload: Buffer };
}): Buffer {
    const { clientId, username, keepAlive, will } = options;
    const flags = CONNECT_FLAG.USERNAME | CONNECT_FLAG.PASSWORD | CONNECT_FLAG.CLEAN;
    const willFlags = CONNECT_FLAG.WILL | CONNECT_FLAG.WILL_QOS_1 | CONNECT_FLAG.WILL_RETAIN;
    return write(
        TYPE.CONNECT,
        0,
        field(PROTOCOL),
        Buffer.from([PROTOCOL_LEVEL, will ? flags | willFlags : flags]),
        number(keepAlive),
        field(clientId),
        ...(will ? [field(will.topic), field(will.payload)] : []),
        field(username),
        field('test'),
    );
}

export function writeSubscribe(id: number, topic: string): Buffer {
    return write(TYPE.SUBSCRIBE, FIXED_FLAGS[TYPE.SUBSCRIBE]!, number(id), field(topic), Buffer.from([1]));
}
