import { CHROMINANCE_QUANTA, HUFFMAN, type HuffmanSpecification, LUMINANCE_QUANTA, ZIGZAG } from './jpegTables';

/** Pixels from left to right, top to bottom, three bytes each: red, green, blue. */
export interface Pixels {
    width: number;
    height: number;
    data: Uint8Array;
}

/** A sample plane, padded to whole blocks. */
interface Plane {
    stride: number;
    samples: Float32Array;
}

/** Code and length by symbol. */
type Codes = { code: Uint16Array; length: Uint8Array };

const COSINES = Float32Array.from({ length: 64 }, (_none, index) => {
    const frequency = index >> 3;
    const scale = frequency === 0 ? Math.SQRT1_2 / 2 : 0.5;
    return scale * Math.cos(((2 * (index & 7) + 1) * frequency * Math.PI) / 16);
});

/** The canonical codes of a specification (T.81, Annex C). */
function codesOf({ counts, symbols }: HuffmanSpecification): Codes {
    const codes = { code: new Uint16Array(256), length: new Uint8Array(256) };
    let code = 0;
    let next = 0;
    for (const [index, count] of counts.entries()) {
        for (let i = 0; i < count; i++) {
            const symbol = symbols[next++]!;
            codes.code[symbol] = code++;
            codes.length[symbol] = index + 1;
        }
        code <<= 1;
    }
    return codes;
}

const CODES = {
    luminance: { dc: codesOf(HUFFMAN.luminanceDc), ac: codesOf(HUFFMAN.luminanceAc) },
    chrominance: { dc: codesOf(HUFFMAN.chrominanceDc), ac: codesOf(HUFFMAN.chrominanceAc) },
};

class BitWriter {
    #bytes = Buffer.alloc(64 * 1024);
    #size = 0;
    #bits = 0;
    #held = 0;

    write(value: number, length: number): void {
        this.#held = (this.#held << length) | (value & ((1 << length) - 1));
        this.#bits += length;
        while (this.#bits >= 8) {
            this.#bits -= 8;
            const byte = (this.#held >> this.#bits) & 0xff;
            this.#push(byte);
            if (byte === 0xff) this.#push(0);
        }
        this.#held &= (1 << this.#bits) - 1;
    }

    /** The bytes so far; what is left of the last one is filled with ones, as the standard asks. */
    finish(): Buffer {
        if (this.#bits > 0) this.write(0x7f, 8 - this.#bits);
        return this.#bytes.subarray(0, this.#size);
    }

    #push(byte: number): void {
        if (this.#size === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#size)]);
        this.#bytes[this.#size++] = byte;
    }
}

/** Encodes one component, block by block. */
class BlockEncoder {
    #previousDc = 0;
    readonly #rows = new Float32Array(64);
    readonly #quantised = new Int16Array(64);

    constructor(
        readonly plane: Plane,
        readonly quanta: number[],
        readonly codes: { dc: Codes; ac: Codes },
        readonly bits: BitWriter,
    ) {}

    /** @param x @param y upper left corner of the block in the plane, in samples */
    block(x: number, y: number): void {
        this.#transform(x, y);
        const dc = this.#quantised[0]!;
        this.#value(dc - this.#previousDc, 0, this.codes.dc);
        this.#previousDc = dc;
        let zeros = 0;
        for (let i = 1; i < 64; i++) {
            const value = this.#quantised[i]!;
            if (value === 0) {
                zeros += 1;
                continue;
            }
            for (; zeros > 15; zeros -= 16) this.#symbol(0xf0, this.codes.ac);
            this.#value(value, zeros, this.codes.ac);
            zeros = 0;
        }
        if (zeros > 0) this.#symbol(0, this.codes.ac);
    }

    #symbol(symbol: number, codes: Codes): void {
        this.bits.write(codes.code[symbol]!, codes.length[symbol]!);
    }

    #value(value: number, zeros: number, codes: Codes): void {
        const size = 32 - Math.clz32(Math.abs(value));
        this.#symbol((zeros << 4) | size, codes);
        if (size > 0) this.bits.write(value < 0 ? value + (1 << size) - 1 : value, size);
    }

    /** Discrete cosine transform of rows, then of columns; the result is quantised and in zigzag order. */
    #transform(x: number, y: number): void {
        const { samples, stride } = this.plane;
        for (let row = 0; row < 8; row++) {
            const start = (y + row) * stride + x;
            for (let u = 0; u < 8; u++) {
                let sum = 0;
                for (let i = 0; i < 8; i++) sum += samples[start + i]! * COSINES[u * 8 + i]!;
                this.#rows[row * 8 + u] = sum;
            }
        }
        for (let index = 0; index < 64; index++) {
            const position = ZIGZAG[index]!;
            const v = position >> 3;
            const u = position & 7;
            let sum = 0;
            for (let row = 0; row < 8; row++) sum += this.#rows[row * 8 + u]! * COSINES[v * 8 + row]!;
            this.#quantised[index] = Math.round(sum / this.quanta[position]!);
        }
    }
}

function emptyPlane(width: number, height: number): Plane {
    return { stride: width, samples: new Float32Array(width * height) };
}

/** Luminance in full, both colour differences at half size (4:2:0), all shifted to be centred on zero. */
function planesOf({ width, height, data }: Pixels): { y: Plane; cb: Plane; cr: Plane } {
    const across = Math.ceil(width / 16) * 16;
    const down = Math.ceil(height / 16) * 16;
    const y = emptyPlane(across, down);
    const cb = emptyPlane(across / 2, down / 2);
    const cr = emptyPlane(across / 2, down / 2);
    for (let row = 0; row < down; row++) {
        for (let column = 0; column < across; column++) {
            const at = 3 * (Math.min(row, height - 1) * width + Math.min(column, width - 1));
            const red = data[at]!;
            const green = data[at + 1]!;
            const blue = data[at + 2]!;
            y.samples[row * across + column] = 0.299 * red + 0.587 * green + 0.114 * blue - 128;
            const half = (row >> 1) * cb.stride + (column >> 1);
            cb.samples[half]! += (-0.168736 * red - 0.331264 * green + 0.5 * blue) / 4;
            cr.samples[half]! += (0.5 * red - 0.418688 * green - 0.081312 * blue) / 4;
        }
    }
    return { y, cb, cr };
}

/** The usual scaling of the tables by a quality of 1 to 100 (libjpeg's). */
function scaled(quanta: number[], quality: number): number[] {
    const factor = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    return quanta.map((value) => Math.min(255, Math.max(1, Math.floor((value * factor + 50) / 100))));
}

function segment(marker: number, content: number[]): Buffer {
    const length = content.length + 2;
    return Buffer.from([0xff, marker, length >> 8, length & 0xff, ...content]);
}

function heads({ width, height }: Pixels, luminance: number[], chrominance: number[]): Buffer[] {
    const zigzag = (quanta: number[]) => ZIGZAG.map((position) => quanta[position]!);
    const size = [height >> 8, height & 0xff, width >> 8, width & 0xff];
    const huffman = (id: number, { counts, symbols }: HuffmanSpecification) => [id, ...counts, ...symbols];
    return [
        Buffer.from([0xff, 0xd8]),
        segment(0xe0, [...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
        segment(0xdb, [0, ...zigzag(luminance), 1, ...zigzag(chrominance)]),
        segment(0xc0, [8, ...size, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]),
        segment(0xc4, [
            ...huffman(0x00, HUFFMAN.luminanceDc),
            ...huffman(0x10, HUFFMAN.luminanceAc),
            ...huffman(0x01, HUFFMAN.chrominanceDc),
            ...huffman(0x11, HUFFMAN.chrominanceAc),
        ]),
        segment(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]),
    ];
}

/**
 * A baseline JPEG (ITU-T T.81), so that simulated devices send pictures that every viewer opens.
 *
 * @param quality 1 to 100
 */
export function encodeJpeg(pixels: Pixels, quality = 75): Buffer {
    const planes = planesOf(pixels);
    const luminance = scaled(LUMINANCE_QUANTA, quality);
    const chrominance = scaled(CHROMINANCE_QUANTA, quality);
    const bits = new BitWriter();
    const y = new BlockEncoder(planes.y, luminance, CODES.luminance, bits);
    const cb = new BlockEncoder(planes.cb, chrominance, CODES.chrominance, bits);
    const cr = new BlockEncoder(planes.cr, chrominance, CODES.chrominance, bits);
    for (let row = 0; row < pixels.height; row += 16) {
        for (let column = 0; column < pixels.width; column += 16) {
            y.block(column, row);
            y.block(column + 8, row);
            y.block(column, row + 8);
            y.block(column + 8, row + 8);
            cb.block(column / 2, row / 2);
            cr.block(column / 2, row / 2);
        }
    }
    return Buffer.concat([...heads(pixels, luminance, chrominance), bits.finish(), Buffer.from([0xff, 0xd9])]);
}
