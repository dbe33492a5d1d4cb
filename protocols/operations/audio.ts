import { readFile, stat } from 'node:fs/promises';
import { CLIP_FORMATS, type ClipFormat, framesOf, G711_RATE, soundOf } from '../audio/clip';
import { decodeG711, type G711Law } from '../audio/g711';
import { writeWav } from '../audio/wav';
import { Fault } from '../errors';
import { lawOf, listen, play, readAudioChannels, type TalkOptions } from '../isapi/twoWayAudio';
import type { Context, Operations, Parameters, Result, Values } from './operation';

const CHANNEL = {
    channel: { type: 'integer', min: 1, max: 64, default: 1 },
    law: { type: 'choice', choices: ['auto', 'ulaw', 'alaw'], default: 'auto' },
} as const satisfies Parameters;

/** Ten minutes of stereo at 48 kHz are 115 MB: nobody says that much at a door. */
const LARGEST_CLIP = 64 * 1024 * 1024;

export const AUDIO_OPERATIONS: Operations = {
    audioChannels: {
        area: 'audio',
        parameters: {},
        path: '/ISAPI/System/TwoWayAudio/channels',
        read: readAudioChannels,
    },
    audioPlay: {
        area: 'audio',
        physical: true,
        parameters: {
            ...CHANNEL,
            clip: { type: 'binary' },
            file: { type: 'text', length: 4096 },
            format: { type: 'choice', choices: CLIP_FORMATS, default: 'auto' },
            rate: { type: 'integer', min: 1000, max: 192_000, default: G711_RATE },
        },
        run: playClip,
    },
    audioListen: {
        area: 'audio',
        parameters: {
            ...CHANNEL,
            seconds: { type: 'number', min: 0.1, max: 600, default: 5 },
            as: { type: 'choice', choices: ['wav', 'raw'], default: 'wav' },
        },
        run: listenAt,
    },
};

async function playClip(context: Context, values: Values): Promise<Result> {
    const clip = values.binary('clip') ?? (await readClip(values.text('file')));
    const sound = soundOf(clip, values.text('format') as ClipFormat, values.number('rate'));
    const channel = values.number('channel');
    const law = await lawFor(context, values);
    const seconds = await alone(context, channel, (options) => play(framesOf(sound, law), options));
    return { payload: { channel, seconds, law } };
}

async function listenAt(context: Context, values: Values): Promise<Result> {
    const channel = values.number('channel');
    const law = await lawFor(context, values);
    const heard = await alone(context, channel, (options) => listen(values.number('seconds'), options));
    if (values.text('as') === 'raw') return { payload: heard, extra: { contentType: 'audio/basic', law } };
    const payload = writeWav(decodeG711(heard, law), G711_RATE);
    return { payload, extra: { contentType: 'audio/wav', filename: context.filename ?? `channel_${channel}.wav` } };
}

/** One voice at a time: a second session would close the first. */
async function alone<T>(context: Context, channel: number, talk: (options: TalkOptions) => Promise<T>): Promise<T> {
    const { link, ask, clock, timeout, signal, talking } = context;
    if (talking.has(channel)) throw new Fault('AUDIO_BUSY', { details: { channel } });
    talking.add(channel);
    try {
        return await talk({ link, ask, clock, timeout, channel, ...(signal !== undefined && { signal }) });
    } finally {
        talking.delete(channel);
    }
}

/** What the channel speaks, as the device says; µ-law where it does not (AlexxIT/go2rtc). */
async function lawFor({ knowledge }: Context, values: Values): Promise<G711Law> {
    const wanted = values.text('law');
    if (wanted !== 'auto') return wanted as G711Law;
    const channels = await knowledge.audioChannels();
    const codec = channels?.find((one) => one.id === values.number('channel'))?.codec;
    const law = lawOf(codec);
    if (law !== undefined) return law;
    const reason = `the channel speaks ${codec}; set it to G.711 in the audio page of the device`;
    throw new Fault('NOT_SUPPORTED', { details: { reason } });
}

/** The path is that of the flow's author, as with the core file nodes. */
async function readClip(file: string): Promise<Buffer> {
    if (file === '') throw new Fault('PARAMETER_MISSING', { details: { parameter: 'clip' } });
    try {
        const { size } = await stat(file);
        if (size > LARGEST_CLIP)
            throw new Fault('AUDIO_UNREADABLE', { details: { reason: 'it is larger than 64 MiB' } });
        return await readFile(file);
    } catch (error) {
        if (error instanceof Fault) throw error;
        const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        throw new Fault('FILE_NOT_READ', { details: { file, reason }, cause: error });
    }
}
