import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';

/** A key and its certificate, PEM. */
export interface Identity {
    key: string;
    cert: string;
}

const OID = {
    commonName: [0x55, 0x04, 0x03],
    subjectAltName: [0x55, 0x1d, 0x11],
    ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
};

const TAG = { integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c, utcTime: 0x17, sequence: 0x30 };

const DAY = 86_400_000;

/** One DER element (X.690): tag, length, content. */
function der(tag: number, ...content: (Buffer | number[])[]): Buffer {
    const body = Buffer.concat(content.map((piece) => Buffer.from(piece)));
    const short = body.length < 0x80;
    const size = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex');
    return Buffer.concat([Buffer.from([tag]), short ? size : Buffer.from([0x80 | size.length, ...size]), body]);
}

const utcTime = (at: number) =>
    der(TAG.utcTime, Buffer.from(`${new Date(at).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));

function alternativeName(host: string): Buffer {
    if (isIPv4(host)) return der(0x87, host.split('.').map(Number));
    // An IPv6 address stays out of the certificate: no client compares it here.
    return der(0x82, Buffer.from(isIP(host) === 0 ? host : 'localhost'));
}

/**
 * A self-signed certificate, which is what practically every device shows. Made at start, because a private key has no
 * place in a package. Ten years, P-256, X.509 v3 (RFC 5280).
 */
export function selfSigned(host: string, now = Date.now()): Identity {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const algorithm = der(TAG.sequence, der(TAG.oid, OID.ecdsaWithSha256));
    const name = der(
        TAG.sequence,
        der(0x31, der(TAG.sequence, der(TAG.oid, OID.commonName), der(TAG.utf8, Buffer.from('Simulated device')))),
    );
    const names = der(TAG.sequence, alternativeName(host));
    const extension = der(TAG.sequence, der(TAG.oid, OID.subjectAltName), der(TAG.octetString, names));
    const serial = randomBytes(8);
    serial[0] = (serial[0]! & 0x7f) | 0x40;
    const certificate = der(
        TAG.sequence,
        der(0xa0, der(TAG.integer, [2])),
        der(TAG.integer, serial),
        algorithm,
        name,
        der(TAG.sequence, utcTime(now - DAY), utcTime(now + 3650 * DAY)),
        name,
        publicKey.export({ type: 'spki', format: 'der' }),
        der(0xa3, der(TAG.sequence, extension)),
    );
    const signature = sign('sha256', certificate, privateKey);
    const whole = der(TAG.sequence, certificate, algorithm, der(TAG.bitString, [0], signature));
    const lines = whole.toString('base64').match(/.{1,64}/g)!;
    return {
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    };
}
