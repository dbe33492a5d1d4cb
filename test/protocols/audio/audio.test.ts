import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FRAME_BYTES, framesOf, soundOf } from '../../../protocols/audio/clip';
import { decodeG711, encodeG711 } from '../../../protocols/audio/g711';
import { paceFrames } from '../../../protocols/audio/pacer';
import { writeWav } from '../../../protocols/audio/wav';
import type { Clock } from '../../../protocols/clock';

/** A tone as 16-bit samples. */
function tone(hertz: number, rate: number, seconds: number, level = 10_000): Int16Array {
    const samples = new Int16Array(Math.round(rate * seconds));
    for (let index = 0; index < samples.length; index += 1) {
        samples[index] = Math.round(level * Math.sin((2 * Math.PI * hertz * index) / rate));
    }
    return samples;
}

/** How much of a frequency is in the samples, as an amplitude. */
function amplitude(samples: Int16Array, hertz: number, rate: number): number {
    let real = 0;
    let imaginary = 0;
    samples.forEach((sample, index) => {
        const angle = (2 * Math.PI * hertz * index) / rate;
        real += sample * Math.cos(angle);
        imaginary += sample * Math.sin(angle);
    });
    return (2 * Math.hypot(real, imaginary)) / samples.length;
}

const heard = (frames: Iterable<Buffer>) => decodeG711(Buffer.concat([...frames]), 'ulaw');

describe('G.711', () => {
    it('gives the codes of the ITU tables at the corners of both laws', () => {
        const samples = Int16Array.from([0, -1, 32767, -32768, 1000, -1000]);
        assert.equal(encodeG711(samples, 'ulaw').toString('hex'), 'ff7f8000ce4e');
        assert.equal(encodeG711(samples, 'alaw').toString('hex'), 'd555aa2afa7a');
    });

    it('decodes what it encodes within the step of the law, for every sample', () => {
        for (const law of ['ulaw', 'alaw'] as const) {
            const samples = Int16Array.from({ length: 65536 }, (_none, index) => index - 32768);
            const decoded = decodeG711(encodeG711(samples, law), law);
            samples.forEach((sample, index) => {
                const error = Math.abs(decoded[index]! - sample);
                assert.ok(error <= Math.max(16, Math.abs(sample) / 16 + 8), `${law} ${sample} → ${decoded[index]}`);
            });
        }
    });

    it('encodes every code it decodes back to itself, but for the two zeros of µ-law', () => {
        const codes = Buffer.from(Array.from({ length: 256 }, (_none, code) => code));
        assert.deepEqual(encodeG711(decodeG711(codes, 'alaw'), 'alaw'), codes);
        const again = encodeG711(decodeG711(codes, 'ulaw'), 'ulaw');
        codes[0x7f] = 0xff;
        assert.deepEqual(again, codes);
    });
});

describe('a clip becomes what a door station plays', () => {
    it('a WAV file of 44.1 kHz stereo keeps its pitch and level', () => {
        const mono = tone(440, 44_100, 1);
        const stereo = Int16Array.from({ length: mono.length * 2 }, (_none, index) => mono[index >> 1]!);
        const wav = writeWav(stereo, 44_100);
        wav.writeUInt16LE(2, 22);
        const samples = heard(framesOf(soundOf(wav, 'auto'), 'ulaw'));
        assert.equal(samples.length, 8000);
        const level = amplitude(samples, 440, 8000);
        assert.ok(level > 9_700 && level < 10_300, `440 Hz came out at ${level}`);
    });

    it('what 8 kHz cannot carry does not come back as another tone', () => {
        const wav = writeWav(tone(7_000, 48_000, 1), 48_000);
        const samples = heard(framesOf(soundOf(wav, 'wav'), 'ulaw'));
        assert.ok(amplitude(samples, 1_000, 8000) < 50, '7 kHz would alias to 1 kHz');
    });

    it('bare PCM at the rate of the device is passed through, the last frame filled with silence', () => {
        const pcm = Buffer.alloc(2 * (FRAME_BYTES + 10));
        const frames = [...framesOf(soundOf(pcm, 'pcm'), 'alaw')];
        assert.deepEqual(
            frames.map((frame) => frame.length),
            [FRAME_BYTES, FRAME_BYTES],
        );
        assert.ok(frames[1]!.every((code) => code === 0xd5));
    });

    it('reads 8, 24 and 32 bit, float and G.711 files', () => {
        for (const [code, bits, bytes] of [
            [1, 8, [0xc0]],
            [1, 24, [0x00, 0x00, 0x40]],
            [1, 32, [0x00, 0x00, 0x00, 0x40]],
            [3, 32, [0x00, 0x00, 0x00, 0x3f]],
            [7, 8, [0x8f]],
            [6, 8, [0xa5]],
        ] as const) {
            const wav = Buffer.concat([writeWav(new Int16Array(0), 8000), Buffer.from(bytes)]);
            wav.writeUInt16LE(code, 20);
            wav.writeUInt16LE(bits, 34);
            wav.writeUInt32LE(bytes.length, 40);
            const [sample] = soundOf(wav, 'wav').read(0, 1);
            assert.ok(Math.abs(sample! - 16384) < 600, `format ${code}/${bits} gave ${sample}`);
        }
    });

    it('a file whose length field is wrong is read as far as it goes', () => {
        const wav = writeWav(tone(440, 8000, 0.1), 8000);
        wav.writeUInt32LE(0xffffffff, 40);
        assert.equal(soundOf(wav, 'auto').length, 800);
    });

    it('says what is wrong with what it cannot read', () => {
        const wav = writeWav(tone(440, 8000, 0.1), 8000);
        assert.throws(() => soundOf(wav.subarray(0, 30), 'auto'), { code: 'AUDIO_UNREADABLE' });
        assert.throws(() => soundOf(Buffer.from('MP3?'), 'wav'), { code: 'AUDIO_UNREADABLE' });
        assert.throws(() => soundOf(Buffer.alloc(0), 'auto'), { code: 'AUDIO_UNREADABLE' });
        wav.writeUInt16LE(85, 20);
        assert.throws(() => soundOf(wav, 'auto'), /format 85/);
        wav.writeUInt16LE(0, 22);
        assert.throws(() => soundOf(wav, 'auto'), { code: 'AUDIO_UNREADABLE' });
    });
});

describe('the pace of playing', () => {
    /** A clock whose timers fire at once, `late` ms after they were due. */
    function hurriedClock(late = 0): Clock {
        let now = 1_000_000;
        return {
            now: () => now,
            elapsed: () => now,
            after(ms, fire) {
                const timer = setImmediate(() => {
                    now += ms + late;
                    fire();
                });
                return () => clearImmediate(timer);
            },
        };
    }
    const frames = Array.from({ length: 50 }, () => Buffer.alloc(FRAME_BYTES));
    const quick = { drained: () => Promise.resolve() };

    it('one second of audio takes one second, however late each timer is', async () => {
        for (const late of [0, 7]) {
            const clock = hurriedClock(late);
            const begin = clock.now();
            assert.equal(await paceFrames(frames, { clock, send: () => true, ...quick }), 50);
            const took = clock.now() - begin;
            assert.ok(took >= 1000 && took <= 1000 + 2 * late, `${took} ms`);
        }
    });

    it('waits for a device that is behind, and stops when the node closes', async () => {
        const clock = hurriedClock();
        let waits = 0;
        const ending = new AbortController();
        const sent = await paceFrames(frames, {
            clock,
            send: () => false,
            drained: async () => {
                waits += 1;
                if (waits === 10) ending.abort();
            },
            signal: ending.signal,
        });
        assert.equal(waits, 10);
        assert.equal(sent, 10);
    });
});
