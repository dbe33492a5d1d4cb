import { Fault } from '../errors';
import { decodeG711, encodeG711, type G711Law, silenceOf } from './g711';
import { lengthAt, resample } from './resample';
import { type Sound, soundIn } from './sound';
import { isWav, readWav } from './wav';

/** What two-way channels speak: 8000 codes a second. */
export const G711_RATE = 8000;
/** Bytes of G.711 in one frame: 20 ms, as every sender of these devices does (AlexxIT/go2rtc, koush/scrypted). */
export const FRAME_BYTES = 160;
export const FRAME_MS = 20;

/** What the bytes of a clip are: a WAV file, bare 16-bit little-endian mono PCM, or G.711. */
export const CLIP_FORMATS = ['auto', 'wav', 'pcm', 'ulaw', 'alaw'] as const;
export type ClipFormat = (typeof CLIP_FORMATS)[number];

/**
 * The sound in a clip.
 *
 * @param format auto: a WAV file if it begins as one, bare PCM otherwise
 * @param rate samples a second of bare PCM and G.711; a WAV file says it itself
 * @throws Fault AUDIO_UNREADABLE
 */
export function soundOf(clip: Buffer, format: ClipFormat, rate: number = G711_RATE): Sound {
    const sound = readClip(clip, format, rate);
    if (sound.length === 0) throw new Fault('AUDIO_UNREADABLE', { details: { reason: 'it is empty' } });
    return sound;
}

function readClip(clip: Buffer, format: ClipFormat, rate: number): Sound {
    if (format === 'wav' || (format === 'auto' && isWav(clip))) return readWav(clip);
    if (format === 'ulaw' || format === 'alaw') return g711Sound(clip, format, rate);
    return soundIn(clip, { rate, channels: 1, width: 2, sample: (data, at) => data.readInt16LE(at) });
}

/** G.711 codes as a sound. */
function g711Sound(codes: Buffer, law: G711Law, rate: number = G711_RATE): Sound {
    return {
        rate,
        length: codes.length,
        read: (first, count) => decodeG711(codes.subarray(first, first + count), law),
    };
}

/** A sound as a device wants to hear it, 20 ms at a time; the last frame is filled up with silence. */
export function* framesOf(sound: Sound, law: G711Law): Generator<Buffer> {
    const length = lengthAt(sound, G711_RATE);
    for (let at = 0; at < length; at += FRAME_BYTES) {
        const codes = encodeG711(resample(sound, G711_RATE, at, Math.min(FRAME_BYTES, length - at)), law);
        if (codes.length === FRAME_BYTES) yield codes;
        else yield Buffer.concat([codes, Buffer.alloc(FRAME_BYTES - codes.length, silenceOf(law))]);
    }
}
