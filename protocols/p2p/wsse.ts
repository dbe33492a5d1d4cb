import { createHash } from 'node:crypto';
import type { CloudProfile } from './profiles';

/**
 * The digest that proves a client's key to the cloud: base64(SHA1(nonce + created + "DHP2P:" + user + ":" + key))
 * (khoanguyen-3fc/dh-p2p, mcw0/PoC).
 *
 * @param nonce any decimal number
 * @param created the time as it is sent in the header, `YYYY-MM-DDTHH:MM:SSZ` or with a numeric offset
 */
export function wsseDigest(nonce: number, created: string, profile: Pick<CloudProfile, 'username' | 'key'>): string {
    return createHash('sha1').update(`${nonce}${created}DHP2P:${profile.username}:${profile.key}`).digest('base64');
}

/** The two header lines of a request that is signed. */
export function wsseHeaders(nonce: number, created: string, profile: CloudProfile): string[] {
    const digest = wsseDigest(nonce, created, profile);
    return [
        'Authorization: WSSE profile="UsernameToken"',
        `X-WSSE: UsernameToken Username="${profile.username}", PasswordDigest="${digest}", Nonce="${nonce}", Created="${created}"`,
    ];
}

/** Epoch milliseconds as the cloud writes them: UTC, whole seconds, `Z`. */
export function wsseTime(epoch: number): string {
    return `${new Date(epoch).toISOString().slice(0, 19)}Z`;
}
