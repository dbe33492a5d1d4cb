import { type Random, seededRandom } from '../random';
import { forEachDot, LETTER_HEIGHT, LETTER_WIDTH } from './bitmapFont';
import { encodeJpeg, type Pixels } from './jpeg';

export type Colour = [red: number, green: number, blue: number];

export interface SceneOptions {
    /** 640 */
    width?: number;
    /** 360 */
    height?: number;
    /** Upper left corner of the picture: the channel's name. */
    title: string;
    /** Lower right corner: the clock. */
    clock: string;
    background: Colour;
    /** 0..1: where the figure stands between the left and the right edge. */
    position?: number;
    /** 0..255: sensor noise, which makes a picture large. */
    noise?: number;
    random?: Random;
    /** 1 to 100 */
    quality?: number;
}

const SKY = 0.45;

/** Draws what a camera of this kind would see, with name and clock burnt in, and encodes it. */
export function drawScene(options: SceneOptions): Buffer {
    const { width = 640, height = 360, background } = options;
    const pixels: Pixels = { width, height, data: new Uint8Array(width * height * 3) };
    fillBackground(pixels, background);
    drawFigure(pixels, options.position ?? 0.5, background);
    const scale = Math.max(1, Math.round(width / 213));
    const margin = 4 * scale;
    drawText(pixels, options.title, margin, margin, scale);
    const clockWidth = options.clock.length * LETTER_WIDTH * scale;
    drawText(pixels, options.clock, width - clockWidth - margin, height - LETTER_HEIGHT * scale - margin, scale);
    if (options.noise) addNoise(pixels, options.noise, options.random ?? seededRandom(1));
    return encodeJpeg(pixels, options.quality ?? 75);
}

/**
 * A picture of about 200 kB, the size of a number-plate push (a published one has 197 650 bytes with its XML:
 * hikvision_next#117). For benches.
 */
export function largePicture(seed = 1): Buffer {
    return drawScene({
        width: 1280,
        height: 720,
        title: 'BENCH',
        clock: '00:00:00',
        background: [60, 90, 110],
        noise: 20,
        random: seededRandom(seed),
    });
}

function fillBackground({ width, height, data }: Pixels, [red, green, blue]: Colour): void {
    for (let row = 0; row < height; row++) {
        const ground = row > height * SKY;
        const light = ground ? 0.55 + 0.25 * (row / height) : 1 - 0.3 * (row / height);
        const line = [red * light, green * light, blue * light];
        for (let column = 0; column < width; column++) data.set(line, 3 * (row * width + column));
    }
}

/** A head and a body on the ground, so that something moves from picture to picture. */
function drawFigure(pixels: Pixels, position: number, [red, green, blue]: Colour): void {
    const { width, height } = pixels;
    const size = height / 3;
    const left = position * (width - size / 2);
    const top = height * SKY;
    const dress: Colour = [255 - red, 255 - green, 255 - blue];
    fillRectangle(pixels, left + size / 8, top, size / 4, size / 4, [224, 176, 140]);
    fillRectangle(pixels, left, top + size / 4, size / 2, (3 * size) / 4, dress);
}

function fillRectangle(pixels: Pixels, x: number, y: number, width: number, height: number, colour: Colour): void {
    for (let row = Math.round(y); row < Math.round(y + height); row++) {
        for (let column = Math.round(x); column < Math.round(x + width); column++) {
            if (row < 0 || column < 0 || row >= pixels.height || column >= pixels.width) continue;
            pixels.data.set(colour, 3 * (row * pixels.width + column));
        }
    }
}

/** White on a dark shadow: readable on every background. */
function drawText(pixels: Pixels, text: string, x: number, y: number, scale: number): void {
    const layers: [shift: number, colour: Colour][] = [
        [Math.max(1, scale / 2), [0, 0, 0]],
        [0, [255, 255, 255]],
    ];
    for (const [shift, colour] of layers) {
        forEachDot(text, (column, row) => {
            fillRectangle(pixels, x + column * scale + shift, y + row * scale + shift, scale, scale, colour);
        });
    }
}

function addNoise({ data }: Pixels, strength: number, random: Random): void {
    for (let at = 0; at < data.length; at += 3) {
        const change = (random() - 0.5) * 2 * strength;
        for (let colour = 0; colour < 3; colour++) {
            data[at + colour] = Math.min(255, Math.max(0, data[at + colour]! + change));
        }
    }
}
