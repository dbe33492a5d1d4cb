import { Fault } from '../errors';
import { g711Sample } from './g711';
import { type SampleLayout, type Sound, soundIn } from './sound';

const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
const FORMAT_ALAW = 6;
const FORMAT_ULAW = 7;
/** The real format is the first two bytes of a GUID further on. */
const FORMAT_EXTENSIBLE = 0xfffe;

interface WavFormat {
    code: number;
    channels: number;
    rate: number;
    bits: number;
}

/** True where a file begins as RIFF/WAVE does. */
export function isWav(bytes: Buffer): boolean {
    return (
        bytes.length >= 12 && bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WAVE'
    );
}

/**
 * The audio of a WAV file: PCM of 8 to 32 bits, 32-bit float, or G.711 (Microsoft RIFF specification). A data chunk
 * whose length is wrong, as recorders leave it when they write to a pipe, is read as far as the file goes.
 *
 * @throws Fault AUDIO_UNREADABLE
 */
export function readWav(bytes: Buffer): Sound {
    if (!isWav(bytes)) throw unreadable('it is not a WAV file');
    let format: WavFormat | undefined;
    for (let at = 12; at + 8 <= bytes.length; ) {
        const name = bytes.toString('latin1', at, at + 4);
        const length = bytes.readUInt32LE(at + 4);
        const start = at + 8;
        if (name === 'fmt ') format = readFormat(bytes.subarray(start, start + length));
        if (name === 'data') {
            if (format === undefined) throw unreadable('the WAV file does not say its format');
            return soundIn(bytes.subarray(start, start + length), layoutOf(format));
        }
        // Chunks are padded to an even length.
        at = start + length + (length % 2);
    }
    throw unreadable('the WAV file holds no audio');
}

function readFormat(chunk: Buffer): WavFormat {
    if (chunk.length < 16) throw unreadable('the format of the WAV file is cut off');
    const written = chunk.readUInt16LE(0);
    const code = written === FORMAT_EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : written;
    const format = {
        code,
        channels: chunk.readUInt16LE(2),
        rate: chunk.readUInt32LE(4),
        bits: chunk.readUInt16LE(14),
    };
    if (format.channels === 0 || format.rate < 1000 || format.rate > 384_000) {
        throw unreadable(`${format.channels} channels at ${format.rate} Hz make no sense`);
    }
    return format;
}

function layoutOf({ code, bits, rate, channels }: WavFormat): SampleLayout {
    const sample = sampleReader(code, bits);
    if (sample === undefined) throw unreadable(`format ${code} with ${bits} bits is not known`);
    return { rate, channels, width: bits / 8, sample };
}

/** How one sample is read as 16 bits. */
function sampleReader(code: number, bits: number): SampleLayout['sample'] | undefined {
    switch (`${code}/${bits}`) {
        case `${FORMAT_ULAW}/8`:
            return (data, at) => g711Sample(data[at]!, 'ulaw');
        case `${FORMAT_ALAW}/8`:
            return (data, at) => g711Sample(data[at]!, 'alaw');
        case `${FORMAT_FLOAT}/32`:
            return (data, at) => Math.max(-0x8000, Math.min(0x7fff, Math.round(data.readFloatLE(at) * 0x7fff)));
        case `${FORMAT_PCM}/8`:
            return (data, at) => (data[at]! - 128) << 8;
        case `${FORMAT_PCM}/16`:
            return (data, at) => data.readInt16LE(at);
        case `${FORMAT_PCM}/24`:
            return (data, at) => data.readInt16LE(at + 1);
        case `${FORMAT_PCM}/32`:
            return (data, at) => data.readInt16LE(at + 2);
        default:
            return undefined;
    }
}

/** A WAV file of 16-bit mono PCM. */
export function writeWav(samples: Int16Array, rate: number): Buffer {
    const header = Buffer.alloc(44);
    const length = samples.length * 2;
    header.write('RIFF', 0, 'latin1');
    header.writeUInt32LE(36 + length, 4);
    header.write('WAVEfmt ', 8, 'latin1');
    header.writeUInt32LE(16, 16);
    header.writeUInt16LE(FORMAT_PCM, 20);
    header.writeUInt16LE(1, 22);
    header.writeUInt32LE(rate, 24);
    header.writeUInt32LE(rate * 2, 28);
    header.writeUInt16LE(2, 32);
    header.writeUInt16LE(16, 34);
    header.write('data', 36, 'latin1');
    header.writeUInt32LE(length, 40);
    const data = Buffer.alloc(length);
    for (const [index, sample] of samples.entries()) data.writeInt16LE(sample, index * 2);
    return Buffer.concat([header, data]);
}

function unreadable(reason: string): Fault {
    return new Fault('AUDIO_UNREADABLE', { details: { reason } });
}
