import { decrypt, encrypt } from './keys';

/** What stands in front of the body of every message of the session (confirmed against the vendor's platform). */
export interface EnvelopeHeader {
    CmdVer: string;
    Seq: number;
}

export interface Envelope {
    header: EnvelopeHeader;
    /** Exactly as sent. */
    body: Buffer;
}

/** `AES(session, u16 length of header ‖ header ‖ body)`. */
export function seal(sessionKey: string, seq: number, body: Buffer | string): Buffer {
    const header: EnvelopeHeader = { CmdVer: '1.7', Seq: seq };
    const head = Buffer.from(JSON.stringify(header), 'utf8');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(head.length);
    return encrypt(sessionKey, Buffer.concat([length, head, typeof body === 'string' ? Buffer.from(body) : body]));
}

/** @returns undefined, whatever the reason, for a payload that this key did not seal */
export function open(sessionKey: string, payload: Buffer): Envelope | undefined {
    const plain = decrypt(sessionKey, payload);
    if (plain === undefined || plain.length < 2) return undefined;
    const length = plain.readUInt16BE(0);
    if (plain.length < 2 + length) return undefined;
    const fields = readFields(plain.toString('utf8', 2, 2 + length));
    if (fields === undefined) return undefined;
    const header = { CmdVer: String(fields.CmdVer ?? ''), Seq: Number(fields.Seq ?? 0) };
    return { header, body: plain.subarray(2 + length) };
}

/** A JSON object from a device, or undefined; never more than its own fields. */
export function readFields(json: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(json);
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
        return Object.assign(Object.create(null), value);
    } catch {
        // Foreign text is expected here: the caller treats it like a payload that does not decrypt.
        return undefined;
    }
}

/** What a device says about itself in the will of its CONNECT (keys: Ezviz-OpenBiz/EZIOT-SDK); all of it may be missing. */
export interface DeviceFacts {
    fullSerial?: string;
    shortSerial?: string;
    firmware?: string;
    model?: string;
    mac?: string;
    name?: string;
    deviceType?: string;
    /** A battery device that goes to sleep. */
    asleep: boolean;
}

const ASLEEP = 5;

/**
 * Opens a will.
 *
 * @returns undefined where it is not JSON sealed with this key; an empty object is a proof of the key like any other
 */
export function openWill(sessionKey: string, will: Buffer): DeviceFacts | undefined {
    const plain = decrypt(sessionKey, will);
    const fields = plain && readFields(plain.toString('utf8').replace(/\0+$/, ''));
    if (fields === undefined) return undefined;
    const facts: DeviceFacts = { asleep: Number(fields.Status) === ASLEEP };
    const take = (
        to: 'fullSerial' | 'shortSerial' | 'firmware' | 'model' | 'mac' | 'name' | 'deviceType',
        key: string,
    ) => {
        const value = fields[key];
        if (typeof value === 'string' && value !== '') facts[to] = value.slice(0, 256);
    };
    take('fullSerial', 'DevSerial');
    take('shortSerial', 'SubSerial');
    take('firmware', 'FirmwareVersion');
    take('model', 'DevTypeDisplay');
    take('mac', 'MAC');
    take('name', 'NickName');
    take('deviceType', 'DevType');
    return facts;
}
