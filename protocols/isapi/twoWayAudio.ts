import type { Duplex } from 'node:stream';
import { FRAME_BYTES } from '../audio/clip';
import type { G711Law } from '../audio/g711';
import { paceFrames } from '../audio/pacer';
import type { Clock } from '../clock';
import { listAt, numberAt, textAt } from '../documents/fields';
import { readXml } from '../documents/readXml';
import { Fault } from '../errors';
import type { HttpRequest, HttpResponse, HttpTalk } from '../http/client';
import { pause } from '../pause';
import { textOf } from './answer';
import { answerFault } from './answerFault';
import type { IsapiLink, IsapiRequest } from './request';

/** A link that can hand over its connection; a device's own session over ISUP cannot. */
export interface AudioLink extends IsapiLink {
    talk?(request: HttpRequest): Promise<HttpTalk>;
}

export interface AudioChannel {
    id: number;
    enabled?: boolean;
    /** As the device writes it: `G.711ulaw`, `G.711alaw`, `AAC`, … */
    codec?: string;
}

const BASE = '/ISAPI/System/TwoWayAudio/channels';

/** The two-way channels of an answer to `GET /System/TwoWayAudio/channels`. */
export function readAudioChannels(document: unknown): AudioChannel[] {
    const entries = listAt(document, 'TwoWayAudioChannelList/TwoWayAudioChannel');
    return entries.map((entry) => {
        const channel: AudioChannel = { id: numberAt(entry, 'id') ?? 1 };
        const enabled = textAt(entry, 'enabled');
        const codec = textAt(entry, 'audioCompressionType');
        if (enabled !== undefined) channel.enabled = enabled === 'true';
        if (codec !== undefined) channel.codec = codec;
        return channel;
    });
}

/** The law that a channel speaks; `undefined` where it speaks something else. */
export function lawOf(codec: string | undefined): G711Law | undefined {
    if (codec === undefined) return 'ulaw';
    if (/711.*u/i.test(codec)) return 'ulaw';
    return /711.*a/i.test(codec) ? 'alaw' : undefined;
}

export interface TalkOptions {
    link: AudioLink;
    ask(request: IsapiRequest): Promise<HttpResponse>;
    clock: Clock;
    channel: number;
    signal?: AbortSignal;
    timeout: number;
}

/**
 * Plays sound at a device in real time. The channel is closed first, because a session that was left behind blocks the
 * next one (AlexxIT/go2rtc); the sound has a socket of its own.
 *
 * @param frames G.711, 20 ms each
 * @returns seconds that were played
 */
export async function play(frames: Iterable<Buffer>, options: TalkOptions): Promise<number> {
    const { link, clock, signal, timeout } = options;
    if (link.talk === undefined) throw noSocket();
    const path = await openChannel(options);
    try {
        const talk = await link.talk({
            method: 'PUT',
            path,
            // It says to be empty, although sound follows: devices take what comes after the head (go2rtc, Scrypted).
            headers: { 'Content-Type': 'application/octet-stream' },
            timeout,
            ...(signal !== undefined && { signal }),
        });
        return await speak(talk, frames, { clock, path, ...(signal !== undefined && { signal }) });
    } finally {
        await closeChannel(options);
    }
}

async function speak(
    { connection: socket, statusCode, headers }: HttpTalk,
    frames: Iterable<Buffer>,
    { clock, path, signal }: { clock: Clock; path: string; signal?: AbortSignal },
): Promise<number> {
    let lost: Error | undefined;
    const note = (error?: Error) => {
        lost ??= error ?? new Error('the device closed the connection');
    };
    socket.on('error', note);
    socket.on('close', () => note());
    // What the device says meanwhile is sound from its microphone, or nothing.
    socket.resume();
    try {
        const refusal = answerFault({ statusCode, headers, body: Buffer.alloc(0) }, path);
        if (refusal !== undefined) throw refusal;
        const ending = new AbortController();
        const stop = () => ending.abort();
        signal?.addEventListener('abort', stop, { once: true });
        socket.once('close', stop);
        const sent = await paceFrames(frames, {
            clock,
            send: (frame) => socket.writable && socket.write(frame),
            drained: () => drained(socket),
            signal: ending.signal,
        });
        signal?.removeEventListener('abort', stop);
        if (signal?.aborted) throw new Fault('CLOSED');
        if (lost !== undefined) throw new Fault('CONNECTION_LOST', { cause: lost });
        return (sent * FRAME_BYTES) / 8000;
    } finally {
        socket.destroy();
    }
}

function drained(socket: Duplex): Promise<void> {
    if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
        const end = () => {
            socket.off('drain', end).off('close', end);
            resolve();
        };
        socket.on('drain', end).on('close', end);
    });
}

/**
 * Listens at a device.
 *
 * @param seconds how long
 * @returns G.711 as it came
 */
export async function listen(seconds: number, options: TalkOptions): Promise<Buffer> {
    const { link, clock, signal, timeout } = options;
    const path = await openChannel(options);
    try {
        const request = { method: 'GET', path, timeout, ...(signal !== undefined && { signal }) };
        const stream = await link.open(request);
        const refusal = answerFault({ ...stream, body: Buffer.alloc(0) }, path);
        if (refusal !== undefined) {
            stream.close();
            throw refusal;
        }
        const chunks: Buffer[] = [];
        let ended: Error | true | undefined;
        const enough = new AbortController();
        const end = (reason?: Error) => {
            ended ??= reason ?? true;
            enough.abort();
        };
        stream.body.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.body.on('error', end).on('end', () => end());
        signal?.addEventListener('abort', () => end(), { once: true });
        await pause(clock, seconds * 1000, enough.signal);
        stream.close();
        if (signal?.aborted) throw new Fault('CLOSED');
        const heard = Buffer.concat(chunks);
        if (heard.length === 0 && ended !== undefined) throw new Fault('CONNECTION_LOST');
        return heard.subarray(0, Math.round(seconds * 8000));
    } finally {
        await closeChannel(options);
    }
}

/** Close, then open. @returns the path of the sound */
async function openChannel(options: TalkOptions): Promise<string> {
    const base = `${BASE}/${options.channel}`;
    await closeChannel(options);
    const answer = await options.ask({ method: 'PUT', path: `${base}/open`, physical: true });
    const document = readXml(textOf(answer.body));
    const session =
        textAt(document, 'TwoWayAudioSession/sessionId') ?? textAt(document, 'TwoWayAudioSession/sessionID');
    return session === undefined ? `${base}/audioData` : `${base}/audioData?sessionId=${encodeURIComponent(session)}`;
}

/** Closing what is not open does no harm, and some devices call it an error. */
async function closeChannel({ ask, channel }: TalkOptions): Promise<void> {
    try {
        // Also when the node is closing: a channel left open blocks everybody until the device restarts.
        await ask({ method: 'PUT', path: `${BASE}/${channel}/close`, physical: true, signal: undefined });
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.isapi === undefined && fault.code !== 'NOT_FOUND' && fault.code !== 'CLOSED') throw fault;
    }
}

function noSocket(): Fault {
    return new Fault('NOT_SUPPORTED', { details: { reason: 'sound cannot be sent over this kind of connection' } });
}
