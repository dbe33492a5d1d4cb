/**
 * MQTT's "remaining length" (MQTT 3.1.1 §2.2.3), which the ISUP login frames share: 7 bits per byte, least significant
 * group first, bit 7 says that more follows, four bytes at most.
 */
export interface Varint {
    value: number;
    /** Bytes it takes, 1..4. */
    size: number;
}

/** Reads the length at `offset`; `need-more` where it is not whole yet, `malformed` where it is longer than four bytes. */
export function readVarint(bytes: Buffer, offset: number): Varint | 'need-more' | 'malformed' {
    let value = 0;
    for (let size = 1; size <= 4; size++) {
        const byte = bytes[offset + size - 1];
        if (byte === undefined) return 'need-more';
        value += (byte & 0x7f) * 128 ** (size - 1);
        if (byte < 0x80) return { value, size };
    }
    return 'malformed';
}

/** Writes a length of 0..268435455. */
export function writeVarint(value: number): Buffer {
    const bytes: number[] = [];
    let rest = value;
    do {
        const more = rest >= 128;
        bytes.push((rest % 128) + (more ? 128 : 0));
        rest = Math.floor(rest / 128);
    } while (rest > 0);
    return Buffer.from(bytes);
}
