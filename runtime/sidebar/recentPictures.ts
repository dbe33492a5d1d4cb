import type { Picture } from '../../events/deviceEvent';

/** Pictures that are kept for the debug sidebar, and the bytes of all. */
const MOST = 48;
const LARGEST = 16 * 1024 * 1024;
/** Bytes of one. */
const LARGEST_ONE = 4 * 1024 * 1024;

/**
 * The pictures that came last, whoever sent them, while an editor is open: the debug sidebar gets only the first
 * thousand bytes of a Buffer, by which the whole is found here.
 */
export class RecentPictures {
    readonly #pictures: Picture[] = [];
    #bytes = 0;
    #editors = 0;

    /** An editor came. @returns it went */
    enter(): () => void {
        this.#editors += 1;
        return () => {
            this.#editors -= 1;
            if (this.#editors === 0) this.close();
        };
    }

    put(pictures: readonly Picture[]): void {
        if (this.#editors === 0) return;
        for (const picture of pictures) {
            const { length } = picture.data;
            if (length === 0 || length > LARGEST_ONE) continue;
            this.#pictures.push(picture);
            this.#bytes += length;
            while (this.#pictures.length > MOST || this.#bytes > LARGEST) {
                this.#bytes -= this.#pictures.shift()!.data.length;
            }
        }
    }

    /** The latest picture of this length that begins so. */
    find(length: number, head: Buffer): Picture | undefined {
        return this.#pictures.findLast(
            ({ data }) => data.length === length && data.subarray(0, head.length).equals(head),
        );
    }

    /** Forgets all. */
    close(): void {
        this.#pictures.length = 0;
        this.#bytes = 0;
    }
}
