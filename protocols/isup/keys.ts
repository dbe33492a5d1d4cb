import { createCipheriv, createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Keys and signatures of ISUP 5.0, which are those of EZVIZ with the Device ID and the ISUP key in the place of serial
 * and verification code. Share key: Johnsonyu0926/rtc (vendor header); signature, master key, AES and IV:
 * RenierM26/pyEzvizApi and cfaf2002/EZVIZ_Symcon; confirmed by signatures that a real terminal sent
 * (Jasurbek414/ISUP-server-java).
 */

const CONSTANT = 'www.88075998.com';
const IV = Buffer.from('30313233343536370000000000000000', 'hex');
const BLOCK = 16;

function upperMd5(data: Buffer | string): string {
    return createHash('md5').update(data).digest('hex').toUpperCase();
}

/**
 * The key of every signature: 32 characters.
 *
 * The SHA-256 of the key enters with all its 32 bytes, also where it holds a zero byte: cutting it there, as C string
 * code would, is refused by the vendor's platform.
 *
 * @param key what was typed into the device's page (8–32 characters), taken as UTF-8
 */
export function shareKey(key: string, deviceId: string): string {
    const digest = createHash('sha256').update(key, 'utf8').digest();
    const first = upperMd5(Buffer.concat([digest, Buffer.from(deviceId, 'utf8')]));
    return upperMd5(upperMd5(first + CONSTANT));
}

/** HMAC-SHA256 over the SHA-256 of Device ID and nonces: 32 bytes. */
export function sign(share: string, deviceId: string, ...nonces: number[]): Buffer {
    const digest = createHash('sha256').update(deviceId, 'utf8').update(Buffer.from(nonces)).digest();
    return createHmac('sha256', share).update(digest).digest();
}

/** Compares in constant time. */
export function verify(signature: Buffer, share: string, deviceId: string, ...nonces: number[]): boolean {
    const expected = sign(share, deviceId, ...nonces);
    return signature.length === expected.length && timingSafeEqual(signature, expected);
}

/** Encrypts the session key of a login and the whole of a refresh: 16 characters. */
export function masterKey(share: string, nonces: readonly [number, number, number, number]): string {
    const digest = createHash('sha384').update(Buffer.from(nonces)).update(share, 'latin1').digest();
    return digest.subarray(0, 8).toString('hex').toUpperCase();
}

/** AES-128-CBC with PKCS#7 and the fixed IV; `key` is 16 ASCII characters. */
export function encrypt(key: string, plain: Buffer | string): Buffer {
    const cipher = createCipheriv('aes-128-cbc', Buffer.from(key, 'latin1'), IV);
    const data = typeof plain === 'string' ? Buffer.from(plain, 'utf8') : plain;
    return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** Undefined for whatever does not decrypt: the caller must not be able to tell why, nor to tell the sender. */
export function decrypt(key: string, sealed: Buffer): Buffer | undefined {
    if (sealed.length === 0 || sealed.length % BLOCK !== 0) return undefined;
    const decipher = createDecipheriv('aes-128-cbc', Buffer.from(key, 'latin1'), IV);
    // Own PKCS#7 check: an exception per foreign payload would cost far more than the decryption.
    decipher.setAutoPadding(false);
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
    const padding = plain[plain.length - 1]!;
    if (padding < 1 || padding > BLOCK) return undefined;
    for (let i = plain.length - padding; i < plain.length; i++) {
        if (plain[i] !== padding) return undefined;
    }
    return plain.subarray(0, plain.length - padding);
}
