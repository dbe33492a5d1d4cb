import type { Picture } from '../../events/deviceEvent';

export interface ShelvedPicture {
    data: Buffer;
    contentType: string;
    /** Grows with every picture that is put on the shelf: another number is another picture. */
    version: number;
}

export interface ShelfLimits {
    /** Bytes of one picture. */
    each: number;
    /** Bytes of all. */
    total: number;
}

const LIMITS: ShelfLimits = { each: 1024 * 1024, total: 64 * 1024 * 1024 };

/** Kinds that every browser draws and that hold no script. */
const SHOWABLE = /^image\/(?:jpeg|png|gif|webp|bmp)$/;

/**
 * The last picture of each device, in memory only. Where all together become too large, the device whose picture is
 * the oldest goes without. Empty until it is opened.
 */
export class PictureShelf {
    readonly #limits: ShelfLimits;
    /** The device that got its picture last stands last. */
    readonly #pictures = new Map<object, ShelvedPicture>();
    #open = false;
    #bytes = 0;
    /** Those of the Node-RED that ran before were other pictures. */
    #version = Date.now();

    constructor(limits: ShelfLimits = LIMITS) {
        this.#limits = limits;
    }

    /** Bytes that are held. */
    get bytes(): number {
        return this.#bytes;
    }

    open(): void {
        this.#open = true;
    }

    /** Takes the largest picture that fits, which is the scene rather than a face in it, in place of the one before. */
    put(owner: object, pictures: readonly Picture[]): void {
        if (!this.#open) return;
        this.drop(owner);
        let chosen: Picture | undefined;
        for (const picture of pictures) {
            const { length } = picture.data;
            const fits = length > 0 && length <= this.#limits.each && SHOWABLE.test(picture.contentType);
            if (fits && length > (chosen?.data.length ?? 0)) chosen = picture;
        }
        if (chosen === undefined) return;
        this.#version += 1;
        const shelved = { data: alone(chosen.data), contentType: chosen.contentType, version: this.#version };
        this.#pictures.set(owner, shelved);
        this.#bytes += shelved.data.length;
        while (this.#bytes > this.#limits.total) this.drop(this.#pictures.keys().next().value!);
    }

    get(owner: object): ShelvedPicture | undefined {
        return this.#pictures.get(owner);
    }

    drop(owner: object): void {
        const shelved = this.#pictures.get(owner);
        if (shelved === undefined) return;
        this.#pictures.delete(owner);
        this.#bytes -= shelved.data.length;
    }

    /** Empty, and nothing is taken any more. */
    close(): void {
        this.#open = false;
        this.#pictures.clear();
        this.#bytes = 0;
    }
}

/** A picture that is a small part of a large body would keep all of it in memory. */
function alone(data: Buffer): Buffer {
    return data.buffer.byteLength > 2 * data.length ? Buffer.from(data) : data;
}
