import { readFileSync } from 'node:fs';
import { fixture } from '../../support/packageRoot';

export interface Vector {
    description: string;
    kind: string;
    from?: 'device' | 'listener';
    hex?: string;
    text?: string;
    plain?: string;
    header?: string;
    body?: string;
    topic?: string;
    will?: string;
    sessionKey?: string;
    newSessionKey?: string;
    nonces?: string[];
    inputs?: { key: string; deviceId: string };
    sha256?: string;
    wrongIfCutAtZero?: string;
    fields?: Record<string, string | number>;
    cases?: { transport: 'tcp' | 'udp'; hex: string; is: string }[];
}

const file = JSON.parse(readFileSync(fixture('isup', 'vectors.json'), 'utf8')) as {
    identity: Record<string, string>;
    vectors: Record<string, Vector>;
};

export const vectors = file.vectors;

/** The synthetic device that all vectors speak of. */
export const identity = {
    deviceId: 'ISUPTEST01',
    key: 'Test1234key',
    shortSerial: 'Q00000001',
    fullSerial: 'DS-TEST-CAM20260101AAWRQ00000001',
    model: 'DS-TEST-CAM',
    deviceType: 4660,
    sessionKey: '0123456789ABCDEF',
    masterKey: 'CF2EDF40EFC91E40',
} as const;

/** Bytes of a frame or packet, characters of an EHome message. */
export function wire(name: string): Buffer {
    const { hex, text } = vectors[name]!;
    return hex === undefined ? Buffer.from(text!, 'utf8') : Buffer.from(hex, 'hex');
}

/** What follows the length of a frame. */
export function bodyOf(name: string): Buffer {
    const bytes = wire(name);
    let offset = 1;
    while (bytes[offset]! >= 0x80) offset++;
    return bytes.subarray(offset + 1);
}

/** The randomness of a recorded login: nonces in turn, then the same session key. */
export function recorded(nonces: number[], sessionKey: string = identity.sessionKey) {
    const left = [...nonces];
    return { nonce: () => left.shift() ?? 0x22, sessionKey: () => sessionKey };
}
