import { createHash } from 'node:crypto';
import { seededRandom } from '../../simulator/random';

const random = seededRandom(2026);

/** What the far end sends over and over: any byte out of place changes the hash. */
export const PATTERN = Buffer.from(Array.from({ length: 65_521 }, () => Math.floor(random() * 256)));

/** SHA-256 of so many bytes of the pattern. */
export function patternHash(bytes: number): string {
    const hash = createHash('sha256');
    for (let left = bytes; left > 0; left -= PATTERN.length) {
        hash.update(left >= PATTERN.length ? PATTERN : PATTERN.subarray(0, left));
    }
    return hash.digest('hex');
}
