import { createCipheriv, createDecipheriv, createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * The login that a recorder asks for already inside the P2P cloud ("type 1": firmware from about 2023 on; older
 * firmware is "type 0" and asks for none). Layout and constants: khoanguyen-3fc/dh-p2p `helpers.py`,
 * undervolter/dh-fwd `core/crypto_test.go`, EdwOK/dh-p2p README. Passwords never leave this file in clear.
 */

const ADDRESS_IV = Buffer.from('2z52*lk9o6HRyJrf', 'ascii');
const INFO_KEY = Buffer.from('kRjmsUB&ezmdGLL67H#$ojw@XflcaIaf', 'ascii');
const INFO_IV = Buffer.from('MydvJw*Iw1w&i^kk', 'ascii');
const ITERATIONS = 20000;

const derive = promisify(pbkdf2);

/** What `/info/device/{serial}` tells about a recorder. */
export interface DeviceInfo {
    /** Salt of the device's login; empty where it has none. */
    randsalt: string;
    httpPort?: number;
    /** The vendor's own protocol (DVRIP), 37777 unless it was changed. */
    privatePort?: number;
    rtspPort?: number;
}

export interface P2pCredentials {
    username: string;
    password: string;
}

/** UPPERHEX(MD5(user:Login to salt:password)), used as 32 ASCII bytes. */
export function masterKey({ username, password }: P2pCredentials, salt: string): string {
    return createHash('md5').update(`${username}:Login to ${salt}:${password}`).digest('hex').toUpperCase();
}

/** PBKDF2-HMAC-SHA256 of the master key, salted with the nonce; runs off the event loop (20 000 rounds). */
export function addressKey(master: string, nonce: number | string): Promise<Buffer> {
    return derive(master, String(nonce), ITERATIONS, 32, 'sha256');
}

/** Encrypts `ip:port`, or `ip,ip,ip:port`, for `LocalAddr`. */
export function encryptAddress(key: Buffer, address: string): string {
    const cipher = createCipheriv('aes-256-ofb', key, ADDRESS_IV);
    return Buffer.concat([cipher.update(address, 'ascii'), cipher.final()]).toString('base64');
}

/** Reads the device's `LocalAddr`; undefined where it does not decrypt to an address, which only costs that candidate. */
export function decryptAddress(key: Buffer, encrypted: string): string | undefined {
    const decipher = createDecipheriv('aes-256-ofb', key, ADDRESS_IV);
    const plain = Buffer.concat([decipher.update(Buffer.from(encrypted, 'base64')), decipher.final()]).toString(
        'latin1',
    );
    return /^[0-9.,:]{1,512}$/.test(plain) ? plain : undefined;
}

/**
 * The proof of the password: base64(HMAC-SHA256(master, nonce + createDate + payload)).
 *
 * @param payload the *encrypted* LocalAddr; empty for `relay-channel`
 * @param createDate epoch seconds
 */
export function deviceAuth(master: string, nonce: number, createDate: number, payload: string): string {
    return createHmac('sha256', master).update(`${nonce}${createDate}${payload}`).digest('base64');
}

/** Decrypts the `Info` of `/info/device`; an empty or unreadable one means a device without salt. */
export function readDeviceInfo(info: string): DeviceInfo {
    if (info === '') return { randsalt: '' };
    const decipher = createDecipheriv('aes-256-ofb', INFO_KEY, INFO_IV);
    const plain = Buffer.concat([decipher.update(Buffer.from(info, 'base64')), decipher.final()]).toString('utf8');
    let parsed: unknown;
    try {
        parsed = JSON.parse(plain);
    } catch {
        return { randsalt: '' };
    }
    if (typeof parsed !== 'object' || parsed === null) return { randsalt: '' };
    const read = parsed as Record<string, unknown>;
    const port = (name: string) => {
        const value = Number(read[name]);
        return Number.isInteger(value) && value > 0 && value < 65536 ? value : undefined;
    };
    return {
        randsalt: typeof read.randsalt === 'string' ? read.randsalt : '',
        httpPort: port('httpport'),
        privatePort: port('privport'),
        rtspPort: port('rtspport'),
    };
}

/** The other direction of {@link readDeviceInfo}, for a stand-in device. */
export function writeDeviceInfo(json: string): string {
    const cipher = createCipheriv('aes-256-ofb', INFO_KEY, INFO_IV);
    return Buffer.concat([cipher.update(json, 'utf8'), cipher.final()]).toString('base64');
}
