/**
 * G.711, the only audio that every two-way channel takes: 8000 samples a second, one byte each, in two laws
 * (ITU-T G.711). Samples are 16-bit signed integers, as in PCM.
 */
export type G711Law = 'ulaw' | 'alaw';

const MU_BIAS = 0x84;
const MU_CLIP = 32635;

function encodeMu(sample: number): number {
    const sign = sample < 0 ? 0x80 : 0;
    const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
    const exponent = 31 - Math.clz32(magnitude >> 7);
    const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function decodeMu(code: number): number {
    const byte = ~code & 0xff;
    const magnitude = ((((byte & 0x0f) << 3) + MU_BIAS) << ((byte >> 4) & 7)) - MU_BIAS;
    return byte & 0x80 ? -magnitude : magnitude;
}

/** A-law complements every second bit of the byte on the line, so that silence still has transitions. */
const A_TOGGLE = 0x55;

function encodeA(sample: number): number {
    const positive = sample >= 0;
    const magnitude = Math.min(positive ? sample >> 4 : ~sample >> 4, 2047);
    const exponent = Math.max(0, 28 - Math.clz32(magnitude));
    const mantissa = (magnitude >> Math.max(0, exponent - 1)) & 0x0f;
    return ((positive ? 0x80 : 0) | (exponent << 4) | mantissa) ^ A_TOGGLE;
}

function decodeA(code: number): number {
    const byte = code ^ A_TOGGLE;
    const exponent = (byte >> 4) & 7;
    const mantissa = byte & 0x0f;
    const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
    return byte & 0x80 ? magnitude : -magnitude;
}

/** One code per 16-bit sample, looked up rather than computed: an hour of audio is 29 million samples. */
function encodingTable(encode: (sample: number) => number): Uint8Array {
    const table = new Uint8Array(0x10000);
    for (let sample = -0x8000; sample < 0x8000; sample += 1) table[sample & 0xffff] = encode(sample);
    return table;
}

function decodingTable(decode: (code: number) => number): Int16Array {
    return Int16Array.from({ length: 256 }, (_none, code) => decode(code));
}

const LAWS = {
    ulaw: { encode: encodingTable(encodeMu), decode: decodingTable(decodeMu), silence: 0xff },
    alaw: { encode: encodingTable(encodeA), decode: decodingTable(decodeA), silence: 0xd5 },
} as const;

/** The G.711 codes of PCM samples, one byte per sample. */
export function encodeG711(samples: Int16Array, law: G711Law): Buffer {
    const { encode } = LAWS[law];
    const codes = Buffer.allocUnsafe(samples.length);
    for (let index = 0; index < samples.length; index += 1) codes[index] = encode[samples[index]! & 0xffff]!;
    return codes;
}

/** The PCM samples of G.711 codes. */
export function decodeG711(codes: Uint8Array, law: G711Law): Int16Array {
    const { decode } = LAWS[law];
    return Int16Array.from(codes, (code) => decode[code]!);
}

/** The PCM sample of one G.711 code. */
export function g711Sample(code: number, law: G711Law): number {
    return LAWS[law].decode[code]!;
}

/** The code of silence, to fill a last frame with. */
export function silenceOf(law: G711Law): number {
    return LAWS[law].silence;
}
