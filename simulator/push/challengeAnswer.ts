import { createHash, randomBytes } from 'node:crypto';

interface Caller {
    username: string;
    password: string;
    method: string;
    uri: string;
}

/**
 * How a device answers the digest challenge of a listening host (`httpAuthenticationMethod` MD5digest): MD5 or SHA-256,
 * qop auth or none (RFC 7616). Undefined when there is no digest challenge.
 */
export function answerChallenge(challenge: string | undefined, caller: Caller): string | undefined {
    const start = challenge?.toLowerCase().indexOf('digest ') ?? -1;
    if (challenge === undefined || start < 0) return undefined;
    const rest = challenge.slice(start);
    const value = (name: string) => new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|([^\\s,"]+))`, 'i').exec(rest);
    const read = (name: string) => value(name)?.[1] ?? value(name)?.[2];
    const algorithm = read('algorithm');
    const hash = (text: string) =>
        createHash(algorithm?.toUpperCase() === 'SHA-256' ? 'sha256' : 'md5')
            .update(text)
            .digest('hex');
    const realm = read('realm') ?? '';
    const nonce = read('nonce') ?? '';
    const secret = hash(`${caller.username}:${realm}:${caller.password}`);
    const target = hash(`${caller.method}:${caller.uri}`);
    const fields = [`username="${caller.username}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${caller.uri}"`];
    if (read('qop')?.includes('auth')) {
        const cnonce = randomBytes(8).toString('hex');
        fields.push('qop=auth', 'nc=00000001', `cnonce="${cnonce}"`);
        fields.push(`response="${hash(`${secret}:${nonce}:00000001:${cnonce}:auth:${target}`)}"`);
    } else {
        fields.push(`response="${hash(`${secret}:${nonce}:${target}`)}"`);
    }
    if (algorithm !== undefined) fields.push(`algorithm=${algorithm}`);
    const opaque = read('opaque');
    if (opaque !== undefined) fields.push(`opaque="${opaque}"`);
    return `Digest ${fields.join(', ')}`;
}
