import type { Address } from './message';

/**
 * The hole punch: classic STUN binding messages whose every byte is sent as 255 minus itself.
 * Bytes: khoanguyen-3fc/dh-p2p and the published capture of one session; their meaning was decoded from those.
 *
 * 0 type, 2 attribute bytes, 4 cookie (each side its own), 8 transaction id (12 bytes, echoed), 20 ICE role with the
 * sender's Identify, 32 SOURCE-ADDRESS.
 */
export type StunKind = 'request' | 'success' | 'confirm';

export interface StunMessage {
    kind: StunKind;
    /** As on the wire, that is inverted already. */
    cookie: Buffer;
    /** As on the wire. */
    transaction: Buffer;
    /** The sender's 8 Identify bytes, plain. */
    identify: Buffer;
    /** Request: where we aim. Success: where the sender was seen from. Confirm has none. */
    address?: Address;
}

const REQUEST = 0x0001;
const SUCCESS = 0x0101;
const CONTROLLING = 0x802a;
const CONTROLLED = 0x8029;
const SOURCE_ADDRESS = 0x0004;
const FULL = 44;
const SHORT = 32;

function invert(bytes: Buffer): Buffer {
    const turned = Buffer.allocUnsafe(bytes.length);
    for (let at = 0; at < bytes.length; at += 1) turned[at] = 0xff - (bytes[at] ?? 0);
    return turned;
}

export function writeStun(message: StunMessage): Buffer {
    const plain = Buffer.alloc(message.kind === 'confirm' ? SHORT : FULL);
    plain.writeUInt16BE(message.kind === 'request' ? REQUEST : SUCCESS, 0);
    plain.writeUInt16BE(plain.length - 20, 2);
    plain.writeUInt16BE(message.kind === 'request' ? CONTROLLING : CONTROLLED, 20);
    plain.writeUInt16BE(8, 22);
    message.identify.copy(plain, 24, 0, 8);
    if (message.kind !== 'confirm') {
        const { host, port } = message.address ?? { host: '0.0.0.0', port: 0 };
        plain.writeUInt16BE(SOURCE_ADDRESS, 32);
        plain.writeUInt16BE(8, 34);
        plain.writeUInt16BE(1, 36);
        plain.writeUInt16BE(port, 38);
        Buffer.from(host.split('.').map(Number)).copy(plain, 40, 0, 4);
    }
    const wire = invert(plain);
    message.cookie.copy(wire, 4, 0, 4);
    message.transaction.copy(wire, 8, 0, 12);
    return wire;
}

/** Reads a datagram whose first byte is 0xFE or 0xFF; undefined where it is no such message. */
export function readStun(wire: Buffer): StunMessage | undefined {
    if (wire.length < SHORT) return undefined;
    const plain = invert(wire.subarray(0, FULL));
    const type = plain.readUInt16BE(0);
    const length = plain.readUInt16BE(2);
    if ((type !== REQUEST && type !== SUCCESS) || length + 20 > wire.length) return undefined;
    const short = plain.length < FULL || length < FULL - 20;
    if (type === REQUEST && short) return undefined;
    const message: StunMessage = {
        kind: type === REQUEST ? 'request' : short ? 'confirm' : 'success',
        cookie: Buffer.from(wire.subarray(4, 8)),
        transaction: Buffer.from(wire.subarray(8, 20)),
        identify: Buffer.from(plain.subarray(24, 32)),
    };
    if (!short) message.address = { host: Array.from(plain.subarray(40, 44)).join('.'), port: plain.readUInt16BE(38) };
    return message;
}
