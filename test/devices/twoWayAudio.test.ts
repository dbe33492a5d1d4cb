import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { decodeG711 } from '../../protocols/audio/g711';
import { writeWav } from '../../protocols/audio/wav';
import { HttpDevice } from '../../simulator/httpDevice';
import { addTwoWayAudio, type TwoWayChannel, type TwoWayOptions } from '../../simulator/twoWayAudio';
import { LOGIN, requestsTo } from '../support/requests';

/** A tone as the bytes of a WAV file. */
function clip(seconds: number, rate = 16_000): Buffer {
    const samples = Int16Array.from({ length: seconds * rate }, (_none, index) => 8000 * Math.sin(index / 6));
    return writeWav(samples, rate);
}

async function atDoor(
    options: TwoWayOptions & { tls?: boolean },
    use: (link: ReturnType<typeof requestsTo>, door: TwoWayChannel, device: HttpDevice) => Promise<void>,
): Promise<void> {
    const device = await new HttpDevice({ login: LOGIN, ...(options.tls && { tls: true }) }).listen();
    const door = addTwoWayAudio(device, options);
    const link = requestsTo(device);
    try {
        await use(link, door, device);
    } finally {
        link.close();
        await device.close();
    }
}

describe('a door station with a loudspeaker', () => {
    it('plays a clip in real time, on a connection of its own, between close, open and close', async () => {
        await atDoor({}, async (link, door, device) => {
            const begin = Date.now();
            const result = await link.requests.run('audioPlay', { clip: clip(0.6) }, {});
            assert.ok(Date.now() - begin >= 580, 'it was not sent all at once');
            assert.deepEqual(result.payload, { channel: 1, seconds: 0.6, law: 'ulaw' });
            assert.deepEqual(door.calls, ['close', 'open', 'audioData', 'close']);
            const heard = Buffer.concat(door.heard);
            assert.equal(heard.length, 0.6 * 8000);
            const loudest = decodeG711(heard, 'ulaw').reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
            assert.ok(loudest > 7000 && loudest < 9000);
            const commands = device.requests.filter((seen) => !seen.url.includes('audioData'));
            for (const command of commands) assert.notEqual(command.connection, door.connections[0]);
        });
    });

    it('plays over TLS, too', async () => {
        await atDoor({ tls: true }, async (link, door) => {
            await link.requests.run('audioPlay', { clip: clip(0.2) }, {});
            assert.equal(Buffer.concat(door.heard).length, 1600);
        });
    });

    it('answers other requests while it plays', async () => {
        await atDoor({}, async (link) => {
            const playing = link.requests.run('audioPlay', { clip: clip(0.5) }, {});
            const channels = await link.requests.run('audioChannels', {}, {});
            assert.equal((channels.payload as unknown[]).length, 1);
            await playing;
        });
    });

    it('is freed of the session that somebody left behind', async () => {
        await atDoor({ staleSession: true, sessions: true }, async (link, door) => {
            await link.requests.run('audioPlay', { clip: clip(0.1) }, {});
            assert.deepEqual(door.calls, ['close', 'open', 'audioData', 'close']);
            assert.equal(door.isOpen, false);
        });
    });

    it('is spoken to in the law of its channel, and not at all in a codec that we do not speak', async () => {
        await atDoor({ codec: 'G.711alaw' }, async (link) => {
            const result = await link.requests.run('audioPlay', { clip: clip(0.1) }, {});
            assert.equal((result.payload as { law: string }).law, 'alaw');
        });
        await atDoor({ codec: 'AAC' }, async (link, door) => {
            await assert.rejects(link.requests.run('audioPlay', { clip: clip(0.1) }, {}), {
                code: 'NOT_SUPPORTED',
                message: /AAC/,
            });
            assert.deepEqual(door.calls, []);
        });
    });

    it('plays a file, and says what is wrong with one that is none', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'vigia-audio-'));
        try {
            const file = join(folder, 'bem-vindo.wav');
            writeFileSync(file, clip(0.1));
            await atDoor({}, async (link, door) => {
                await link.requests.run('audioPlay', { file }, {});
                assert.equal(Buffer.concat(door.heard).length, 800);
                await assert.rejects(link.requests.run('audioPlay', { file: join(folder, 'none.wav') }, {}), {
                    code: 'FILE_NOT_READ',
                });
                await assert.rejects(link.requests.run('audioPlay', {}, {}), { code: 'PARAMETER_MISSING' });
            });
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it('is spoken to by one voice at a time', async () => {
        await atDoor({}, async (link) => {
            const first = link.requests.run('audioPlay', { clip: clip(0.3) }, {});
            await assert.rejects(link.requests.run('audioPlay', { clip: clip(0.1) }, {}), { code: 'AUDIO_BUSY' });
            await first;
            await link.requests.run('audioPlay', { clip: clip(0.1) }, {});
        });
    });

    it('is left closed when the node is closed in the middle of a word', async () => {
        await atDoor({}, async (link, door) => {
            const ending = new AbortController();
            const playing = link.requests.run('audioPlay', { clip: clip(30) }, { signal: ending.signal });
            setTimeout(() => ending.abort(), 200);
            await assert.rejects(playing, { code: 'CLOSED' });
            assert.equal(door.isOpen, false);
        });
    });

    it('that hangs up in the middle is noticed', async () => {
        await atDoor({}, async (link, door, device) => {
            const playing = link.requests.run('audioPlay', { clip: clip(30) }, {});
            const waiting = setInterval(() => {
                if (door.heard.length > 3) device.dropConnections();
            }, 20);
            await assert.rejects(playing, { code: 'CONNECTION_LOST' });
            clearInterval(waiting);
        });
    });

    it('is listened to for as long as one wants, as WAV or raw', async () => {
        const microphone = Buffer.alloc(16_000, 0x80);
        await atDoor({ microphone }, async (link, door) => {
            const wav = await link.requests.run('audioListen', { seconds: 0.3 }, {});
            assert.equal((wav.payload as Buffer).toString('latin1', 0, 4), 'RIFF');
            assert.equal((wav.payload as Buffer).length, 44 + 2 * 2400);
            const raw = await link.requests.run('audioListen', { seconds: 0.2, as: 'raw' }, {});
            assert.deepEqual(raw.payload, microphone.subarray(0, 1600));
            assert.equal(door.isOpen, false);
        });
    });
});
