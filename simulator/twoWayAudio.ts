import type { HttpDevice } from './httpDevice';

export interface TwoWayOptions {
    channel?: number;
    codec?: string;
    /** A session left behind by a client that went away: open is refused until somebody closes. */
    staleSession?: boolean;
    /** Open answers with a session id that the sound must carry. */
    sessions?: boolean;
    /** What the microphone hears. */
    microphone?: Buffer;
}

export interface TwoWayChannel {
    /** `close`, `open`, `audioData` in the order they came. */
    readonly calls: string[];
    /** Everything that was played. */
    readonly heard: Buffer[];
    /** Epoch milliseconds of each piece. */
    readonly heardAt: number[];
    /** Ordinals of the connections that sound came on. */
    readonly connections: number[];
    isOpen: boolean;
}

/** Gives a device a loudspeaker and a microphone (AlexxIT/go2rtc, koush/scrypted). */
export function addTwoWayAudio(
    device: HttpDevice,
    { channel = 1, codec = 'G.711ulaw', staleSession = false, sessions = false, microphone }: TwoWayOptions = {},
): TwoWayChannel {
    const state: TwoWayChannel = { calls: [], heard: [], heardAt: [], connections: [], isOpen: staleSession };
    const base = '/ISAPI/System/TwoWayAudio/channels';
    const session = '7f3a';
    device.route('GET', base, (exchange) =>
        exchange.xml('TwoWayAudioChannelList', {
            TwoWayAudioChannel: { id: channel, enabled: true, audioCompressionType: codec, audioInputType: 'MicIn' },
        }),
    );
    device.route('PUT', `${base}/${channel}/close`, (exchange) => {
        state.calls.push('close');
        if (!state.isOpen) return exchange.outcome('invalidOperation');
        state.isOpen = false;
        exchange.outcome('ok');
    });
    device.route('PUT', `${base}/${channel}/open`, (exchange) => {
        state.calls.push('open');
        if (state.isOpen) return exchange.outcome('deviceBusy');
        state.isOpen = true;
        if (!sessions) return exchange.outcome('ok');
        exchange.xml('TwoWayAudioSession', { sessionId: session });
    });
    device.route('PUT', `${base}/${channel}/audioData`, (exchange) => {
        state.calls.push('audioData');
        if (!state.isOpen) return exchange.outcome('invalidOperation');
        if (sessions && exchange.query.get('sessionId') !== session) return exchange.outcome('badParameters');
        state.connections.push(device.requests.at(-1)?.connection ?? 0);
        const socket = exchange.takeSocket();
        if (socket === undefined) return;
        // What follows on this connection is sound and no request: HTTP must not read it.
        socket.removeAllListeners('data');
        socket.on('data', (sound: Buffer) => {
            state.heard.push(sound);
            state.heardAt.push(Date.now());
        });
        socket.resume();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    device.route('GET', `${base}/${channel}/audioData`, (exchange) => {
        state.calls.push('listen');
        if (!state.isOpen) return exchange.outcome('invalidOperation');
        const sound = microphone ?? Buffer.alloc(8000, 0xff);
        exchange.response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
        for (let at = 0; at < sound.length; at += 160) exchange.response.write(sound.subarray(at, at + 160));
    });
    return state;
}
