import type { Sound } from './sound';

/** Half the length of the filter in samples of the lower rate: speech stays clear, and aliases lie below −50 dB. */
const REACH = 12;
/** Points of the filter's table per sample. */
const STEPS = 512;

/** sinc under a Hann window of ±REACH, from its middle on. */
const KERNEL = Float64Array.from({ length: REACH * STEPS + 1 }, (_none, step) => {
    if (step === 0) return 1;
    const angle = (Math.PI * step) / STEPS;
    return (Math.sin(angle) / angle) * (0.5 + 0.5 * Math.cos(angle / REACH));
});

/** How many samples a sound has at another rate. */
export function lengthAt(sound: Sound, rate: number): number {
    return Math.round((sound.length * rate) / sound.rate);
}

/**
 * A piece of a sound at another rate: a windowed sinc, low-pass at half the lower of the two rates, so that what
 * 8 kHz cannot carry does not come back as whistling. Pieces join without a seam.
 *
 * @param rate samples a second of the output
 * @param first first sample of the output
 * @param count samples of the output
 */
export function resample(sound: Sound, rate: number, first: number, count: number): Int16Array {
    if (sound.rate === rate) return sound.read(first, count);
    const cutoff = Math.min(1, rate / sound.rate);
    const reach = REACH / cutoff;
    const step = sound.rate / rate;
    const from = Math.max(0, Math.ceil(first * step - reach));
    const to = Math.min(sound.length, Math.floor((first + count - 1) * step + reach) + 1);
    const input = sound.read(from, Math.max(0, to - from));
    const output = new Int16Array(count);
    for (let index = 0; index < count; index += 1) {
        const centre = (first + index) * step;
        const last = Math.min(to - 1, Math.floor(centre + reach));
        let sum = 0;
        let weight = 0;
        for (let tap = Math.max(from, Math.ceil(centre - reach)); tap <= last; tap += 1) {
            const gain = KERNEL[Math.round(Math.abs(tap - centre) * cutoff * STEPS)]!;
            sum += input[tap - from]! * gain;
            weight += gain;
        }
        // Dividing by the weight keeps the level right at both ends, where half of the filter has nothing to hold.
        if (weight !== 0) output[index] = Math.max(-0x8000, Math.min(0x7fff, Math.round(sum / weight)));
    }
    return output;
}
