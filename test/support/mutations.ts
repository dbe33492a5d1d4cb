import type { Random } from './random';

/** What breaks readers of text when it stands where it should not. */
export const TEXT_PIECES: readonly string[] = [
    ...['<', '>', '"', '{', '}', '[', ']', ':', ',', '&', ';', '/', '\\', '\u0000', '\ufeff'],
    ...['0', '-1', '1e999', 'NaN', '999999999999999999999', '__proto__', 'constructor', 'null', 'true', '[]', '{}'],
    ...['<a>', '</a>', '&amp;', '<![CDATA[', '<!--', '<!DOCTYPE', '\r\n', '\r\n\r\n', 'ç', '人'],
];

export interface MutationOptions {
    /** What is put in between; none: bytes alone are altered. */
    pieces?: readonly string[];
    /** Most changes of one input. */
    changes?: number;
    /** Whether bytes may be missing at the end. */
    cut?: boolean;
}

/** Alters bytes in a few places: other bytes, other bits, pieces put in, ranges gone, doubled or moved, a cut end. */
export function mutate(bytes: Buffer, random: Random, options: MutationOptions = {}): Buffer {
    const { pieces = [], changes = 4, cut = true } = options;
    let out: Buffer = Buffer.from(bytes);
    for (let left = random.integer(1, changes); left > 0; left -= 1) {
        const at = random.integer(0, out.length);
        const end = Math.min(out.length, at + random.integer(0, 30));
        switch (random.integer(0, 8)) {
            case 0:
                if (at < out.length) out[at] = random.integer(0, 255);
                break;
            case 1:
                if (at < out.length) out[at] = out[at]! ^ (1 << random.integer(0, 7));
                break;
            case 2:
                out = Buffer.concat([out.subarray(0, at), out.subarray(end)]);
                break;
            case 3:
                out = Buffer.concat([out.subarray(0, end), out.subarray(at)]);
                break;
            case 4:
                if (out.length > 0) out.copyWithin(at, random.integer(0, out.length - 1));
                break;
            case 5:
                out = Buffer.concat([out.subarray(0, at), random.bytes(random.integer(1, 8)), out.subarray(end)]);
                break;
            case 6:
                out = otherNumber(out, at, random);
                break;
            case 7:
                if (cut) return out.subarray(0, at);
                break;
            default:
                if (pieces.length > 0) out = insert(out, at, random.pick(pieces));
        }
    }
    return out;
}

function insert(bytes: Buffer, at: number, piece: string): Buffer {
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(piece), bytes.subarray(at)]);
}

const NUMBERS = ['0', '1', '-1', '7', '4294967295', '4294967296', '1000000000', '9007199254740993', '1e9', '007'];

/** Replaces the next run of digits: lengths, counts, ports, versions. */
function otherNumber(bytes: Buffer, from: number, random: Random): Buffer {
    const isDigit = (at: number) => bytes[at]! >= 0x30 && bytes[at]! <= 0x39;
    let at = from;
    while (at < bytes.length && !isDigit(at)) at += 1;
    let end = at;
    while (end < bytes.length && isDigit(end)) end += 1;
    if (end === at) return bytes;
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(NUMBERS)), bytes.subarray(end)]);
}
