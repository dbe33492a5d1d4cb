import { writeVarint } from './varint';

/**
 * The frames of the ISUP 5.0 login ("LBS"): layout and numbers as in Ezviz-OpenBiz/EZIOT-SDK, field order confirmed by
 * first packets of real devices (Jasurbek414/ISUP-server-java, Ibratbek/isup-test-project).
 */
export const LBS = {
    AUTH_I: 1,
    AUTH_II: 2,
    AUTH_III: 3,
    /** Login with creation of a Device ID: EZVIZ only, an ISUP listener answers that it is out of order. */
    AUTH_CREATE: 4,
    AUTH_IV: 5,
    REFRESH_I: 7,
    REFRESH_II: 8,
    REFRESH_III: 9,
    REQUEST: 10,
    ANSWER: 11,
} as const;

/** First byte of the body of every answer that is not a success. */
export const LBS_STATUS = {
    OK: 0,
    /** The signature does not fit: the keys differ. */
    BAD_KEY: 1,
    OUT_OF_ORDER: 2,
    MALFORMED: 3,
    /** No key for this Device ID, or refused. */
    DENIED: 5,
    DECRYPTION_FAILED: 7,
    /** The master key of the last login is not known here: the device begins again with AUTH_I. */
    UNKNOWN_MASTER: 10,
} as const;

const DEVICE_VERSION = Buffer.from('010100', 'hex');
const LISTENER_VERSION = Buffer.from('010000', 'hex');
const SIGNATURE = 32;

export interface AuthI {
    shortSerial: string;
    model: string;
    deviceType: number;
    deviceId: string;
    n1: number;
    signature: Buffer;
    /** Some devices repeat the short serial here, some end the frame before it. */
    fullSerial?: string;
}

export interface AuthIII {
    n3: number;
    deviceId: string;
    signature: Buffer;
}

export interface RefreshI {
    shortSerial: string;
    deviceId: string;
    sealed: Buffer;
}

/** What a listener's answer says: the status, and what follows it where that is success. */
export interface LbsAnswer {
    status: number;
    body: Buffer;
}

export interface AuthIV {
    n4: number;
    sealed: Buffer;
    signature: Buffer;
}

/** Reads a body front to back; every read past the end gives undefined, and so does all that follows. */
class BodyReader {
    private offset = 0;
    private short = false;

    constructor(private readonly body: Buffer) {}

    bytes(count: number): Buffer | undefined {
        if (this.short || this.offset + count > this.body.length) {
            this.short = true;
            return undefined;
        }
        this.offset += count;
        return this.body.subarray(this.offset - count, this.offset);
    }

    byte(): number | undefined {
        return this.bytes(1)?.[0];
    }

    /** One length byte, then as many characters; the zero bytes that some devices pad with are removed. */
    text(): string | undefined {
        const length = this.byte();
        return length === undefined ? undefined : this.bytes(length)?.toString('utf8').replace(/\0+$/, '');
    }

    rest(): Buffer {
        return this.body.subarray(this.offset);
    }

    /** Skips the version; false where it is not one: form 1, any low type, high type 0. */
    version(): boolean {
        const version = this.bytes(3);
        return version !== undefined && version[0] === 0x01 && version[2] === 0x00;
    }
}

/** A whole frame: command with flags 0, length, body. */
export function lbsFrame(command: number, ...parts: Buffer[]): Buffer {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    return Buffer.concat([Buffer.from([command << 4]), writeVarint(size), ...parts]);
}

function text(value: string): Buffer {
    const bytes = Buffer.from(value, 'utf8');
    if (bytes.length > 255) throw new RangeError('A text of a login frame has at most 255 bytes');
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** @returns undefined where the body is not an AUTH_I; none of it is verified */
export function readAuthI(body: Buffer): AuthI | undefined {
    const reader = new BodyReader(body);
    if (!reader.version()) return undefined;
    const shortSerial = reader.text();
    const model = reader.text();
    const deviceType = reader.bytes(2)?.readUInt16BE(0);
    const deviceId = reader.text();
    const n1 = reader.byte();
    const signature = reader.bytes(SIGNATURE);
    if (shortSerial === undefined || model === undefined || deviceType === undefined) return undefined;
    if (deviceId === undefined || deviceId === '' || n1 === undefined || signature === undefined) return undefined;
    const auth: AuthI = { shortSerial, model, deviceType, deviceId, n1, signature };
    const fullSerial = reader.text();
    if (fullSerial) auth.fullSerial = fullSerial;
    return auth;
}

export function writeAuthI(auth: AuthI): Buffer {
    const deviceType = Buffer.alloc(2);
    deviceType.writeUInt16BE(auth.deviceType);
    return lbsFrame(
        LBS.AUTH_I,
        DEVICE_VERSION,
        text(auth.shortSerial),
        text(auth.model),
        deviceType,
        text(auth.deviceId),
        Buffer.from([auth.n1]),
        auth.signature,
        auth.fullSerial === undefined ? Buffer.alloc(0) : text(auth.fullSerial),
    );
}

export function readAuthIII(body: Buffer): AuthIII | undefined {
    const reader = new BodyReader(body);
    if (!reader.version()) return undefined;
    const n3 = reader.byte();
    const deviceId = reader.text();
    const signature = reader.bytes(SIGNATURE);
    if (n3 === undefined || deviceId === undefined || signature === undefined) return undefined;
    return { n3, deviceId, signature };
}

export function writeAuthIII(auth: AuthIII): Buffer {
    return lbsFrame(LBS.AUTH_III, DEVICE_VERSION, Buffer.from([auth.n3]), text(auth.deviceId), auth.signature);
}

/** The Device ID comes exact or padded with zero bytes to 32. */
export function readRefreshI(body: Buffer): RefreshI | undefined {
    const reader = new BodyReader(body);
    if (!reader.version()) return undefined;
    const shortSerial = reader.text();
    const deviceId = reader.text();
    if (shortSerial === undefined || deviceId === undefined || deviceId === '') return undefined;
    return { shortSerial, deviceId, sealed: reader.rest() };
}

export function writeRefreshI(refresh: RefreshI): Buffer {
    return lbsFrame(LBS.REFRESH_I, DEVICE_VERSION, text(refresh.shortSerial), text(refresh.deviceId), refresh.sealed);
}

/** REFRESH_III and the DAS request are nothing but a version and a block: undefined where even the version is wrong. */
export function readSealed(body: Buffer): Buffer | undefined {
    const reader = new BodyReader(body);
    return reader.version() ? reader.rest() : undefined;
}

export function writeSealed(command: number, sealed: Buffer): Buffer {
    return lbsFrame(command, DEVICE_VERSION, sealed);
}

/** Any answer of a listener: version, status, and what belongs to a success. */
export function writeAnswer(command: number, status: number, ...parts: Buffer[]): Buffer {
    return lbsFrame(command, LISTENER_VERSION, Buffer.from([status]), ...parts);
}

export function readAnswer(body: Buffer): LbsAnswer | undefined {
    const reader = new BodyReader(body);
    if (!reader.version()) return undefined;
    const status = reader.byte();
    return status === undefined ? undefined : { status, body: reader.rest() };
}

/** Nonce and signature of a successful AUTH_II. */
export function readAuthII(body: Buffer): { n2: number; signature: Buffer } | undefined {
    return body.length === 1 + SIGNATURE ? { n2: body[0]!, signature: body.subarray(1) } : undefined;
}

/** What follows the status of a successful AUTH_IV. */
export function readAuthIV(body: Buffer): AuthIV | undefined {
    const reader = new BodyReader(body);
    const n4 = reader.byte();
    const size = reader.byte();
    const sealed = size === undefined ? undefined : reader.bytes(size);
    const signature = reader.bytes(SIGNATURE);
    if (n4 === undefined || sealed === undefined || signature === undefined) return undefined;
    return { n4, sealed, signature };
}
