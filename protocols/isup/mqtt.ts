import { generate, type Packet, parser } from 'mqtt-packet';

/**
 * The MQTT 3.1.1 packets of the ISUP session, read by `mqtt-packet` (docs/decisions/0005-mqtt-packet.md).
 *
 * One parser serves all connections: it is only ever given whole frames and keeps nothing between them, so that ten
 * thousand devices do not hold ten thousand parsers.
 */
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

let received: Packet | undefined;
let shared = freshParser();

function freshParser(): ReturnType<typeof parser> {
    const fresh = parser();
    fresh.on('packet', (packet) => {
        received = packet;
    });
    // A refused packet is told by the absence of one; without a listener the emitter would throw.
    fresh.on('error', () => {
        received = undefined;
    });
    return fresh;
}

function taken(): Packet | undefined {
    return received;
}

function parse(frame: Buffer): Packet | undefined {
    received = undefined;
    let left: number;
    try {
        left = shared.parse(frame);
    } catch {
        // mqtt-packet reads past the end of some truncated packets and throws what Buffer throws.
        left = -1;
    }
    const whole = left === 0 ? taken() : undefined;
    // It would go on where the bad packet ended, and reads the packets after a CONNECT of MQTT 5 by its rules.
    if (whole === undefined || (whole.cmd === 'connect' && whole.protocolVersion === 5)) shared = freshParser();
    return whole;
}

function bytes(value: string | Buffer): Buffer {
    return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}

function publish(packet: Extract<Packet, { cmd: 'publish' }>): Publish {
    return {
        is: 'publish',
        topic: packet.topic,
        qos: packet.qos,
        id: packet.messageId ?? 0,
        payload: bytes(packet.payload),
    };
}

/** @returns undefined for what a device may not send, or is not MQTT 3.1.1 */
export function readDevicePacket(frame: Buffer): DevicePacket | undefined {
    const packet = parse(frame);
    switch (packet?.cmd) {
        case 'connect': {
            if (packet.protocolVersion !== 4) return undefined;
            const connect: Connect = {
                is: 'connect',
                clientId: packet.clientId.replace(/\0+$/, ''),
                keepAlive: packet.keepalive ?? 0,
                username: (packet.username ?? '').replace(/\0+$/, ''),
            };
            if (packet.will) connect.will = bytes(packet.will.payload);
            return connect;
        }
        case 'publish':
            return publish(packet);
        case 'subscribe': {
            const { subscriptions } = packet;
            return {
                is: 'subscribe',
                id: packet.messageId ?? 0,
                topics: subscriptions.map((one) => one.topic),
                qos: subscriptions.map((one) => one.qos),
            };
        }
        case 'unsubscribe':
        case 'pubrel':
        case 'puback':
            return { is: packet.cmd, id: packet.messageId ?? 0 };
        case 'pingreq':
        case 'disconnect':
            return { is: packet.cmd };
        default:
            return undefined;
    }
}

/** @returns undefined for what a listener may not send */
export function readListenerPacket(frame: Buffer): ListenerPacket | undefined {
    const packet = parse(frame);
    switch (packet?.cmd) {
        case 'connack':
            return { is: 'connack', code: packet.returnCode ?? 0 };
        case 'publish':
            return publish(packet);
        case 'suback':
        case 'puback':
        case 'unsuback':
            return { is: packet.cmd, id: packet.messageId ?? 0 };
        case 'pingresp':
            return { is: 'pingresp' };
        default:
            return undefined;
    }
}

/** CONNACK codes (MQTT 3.1.1 §3.2.2.3). */
export const CONNACK = { ACCEPTED: 0, NOT_AUTHORISED: 5 } as const;

export const PINGREQ = Buffer.from('c000', 'hex');
export const PINGRESP = Buffer.from('d000', 'hex');
export const DISCONNECT = Buffer.from('e000', 'hex');

export function writeConnack(code: number): Buffer {
    return Buffer.from([0x20, 2, 0, code]);
}

function acknowledgement(first: number, id: number): Buffer {
    return Buffer.from([first, 2, id >> 8, id & 0xff]);
}

export const writePuback = (id: number): Buffer => acknowledgement(0x40, id);
export const writePubrec = (id: number): Buffer => acknowledgement(0x50, id);
export const writePubcomp = (id: number): Buffer => acknowledgement(0x70, id);
export const writeUnsuback = (id: number): Buffer => acknowledgement(0xb0, id);

/** Grants QoS 1 at most, to each topic in turn. */
export function writeSuback(subscribe: Subscribe): Buffer {
    return generate({
        cmd: 'suback',
        messageId: subscribe.id,
        granted: subscribe.qos.map((qos) => Math.min(qos, 1)),
    });
}

/** @param id packet id, of a QoS 1 publish only */
export function writePublish(topic: string, payload: Buffer, qos: 0 | 1 = 0, id = 0): Buffer {
    return generate({
        cmd: 'publish',
        topic,
        payload,
        qos,
        retain: false,
        dup: false,
        ...(qos > 0 && { messageId: id }),
    });
}

/** What a device sends to open its session. */
export function writeConnect(options: {
    clientId: string;
    username: string;
    keepAlive: number;
    will?: { topic: string; payload: Buffer };
}): Buffer {
    return generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId: options.clientId,
        keepalive: options.keepAlive,
        username: options.username,
        password: Buffer.from('test', 'latin1'),
        ...(options.will && { will: { ...options.will, qos: 1, retain: true } }),
    });
}

export function writeSubscribe(id: number, topic: string): Buffer {
    return generate({ cmd: 'subscribe', messageId: id, subscriptions: [{ topic, qos: 1 }] });
}
