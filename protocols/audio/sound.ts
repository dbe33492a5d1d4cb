/** One channel of PCM that is read piece by piece, so that a long clip is never converted all at once. */
export interface Sound {
    /** Samples a second. */
    readonly rate: number;
    /** Samples in all. */
    readonly length: number;
    /** `count` 16-bit samples from `first` on; both lie within the sound. */
    read(first: number, count: number): Int16Array;
}

/** Interleaved samples in a buffer: how each one is read, and how many belong together. */
export interface SampleLayout {
    rate: number;
    channels: number;
    /** Bytes of one sample. */
    width: number;
    /** The 16-bit value of the sample at a byte offset. */
    sample(data: Buffer, at: number): number;
}

/** A sound in a buffer; several channels become their mean. */
export function soundIn(data: Buffer, { rate, channels, width, sample }: SampleLayout): Sound {
    return {
        rate,
        length: Math.floor(data.length / (width * channels)),
        read(first, count) {
            const samples = new Int16Array(count);
            for (let index = 0; index < count; index += 1) {
                const at = (first + index) * channels * width;
                let sum = 0;
                for (let channel = 0; channel < channels; channel += 1) sum += sample(data, at + channel * width);
                samples[index] = Math.round(sum / channels);
            }
            return samples;
        },
    };
}
