/** Bodies up to this size are read as they come: an event with its picture does not queue behind clips. */
const LARGE_BYTES = 1024 * 1024;

/** Of the whole, what large bodies may take. The rest stays for the others. */
const LARGE_SHARE = 0.75;

interface Waiting {
    bytes: number;
    enter: () => void;
}

/**
 * The memory for the bodies that are on their way. A large body enters when there is room for all of it, so that every
 * one that is being read can be read to its end; until then its device is not read from, and waits as on a slow network.
 */
export class PostRoom {
    readonly #forLarge: number;
    readonly #waiting: Waiting[] = [];
    #left: number;
    /** What large bodies have been given. */
    #large = 0;

    constructor(bytes: number) {
        this.#left = bytes;
        this.#forLarge = Math.floor(bytes * LARGE_SHARE);
    }

    /** Whether a body of so many bytes has to {@link enter}. */
    isLarge(bytes: number): boolean {
        return bytes > LARGE_BYTES;
    }

    /**
     * Calls `enter` as soon as there is room for a large body, in the order of asking.
     *
     * @returns the way to leave again, or to give up waiting
     */
    enter(bytes: number, enter: () => void): () => void {
        const waiting: Waiting = { bytes, enter };
        this.#waiting.push(waiting);
        this.#admit();
        return () => {
            const place = this.#waiting.indexOf(waiting);
            if (place >= 0) this.#waiting.splice(place, 1);
            else {
                this.#large -= bytes;
                this.#left += bytes;
            }
            this.#admit();
        };
    }

    /** Takes bytes of any other body; false where so many are not left. They must be given back either way. */
    take(bytes: number): boolean {
        this.#left -= bytes;
        return this.#left >= 0;
    }

    giveBack(bytes: number): void {
        this.#left += bytes;
    }

    #admit(): void {
        for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
            // One that is larger than all there is enters alone.
            if (this.#large > 0 && this.#large + next.bytes > this.#forLarge) return;
            this.#waiting.shift();
            this.#large += next.bytes;
            this.#left -= next.bytes;
            next.enter();
        }
    }
}
