const REPORTED_START = 256;

/** Bytes that belong to no part, counted while the next part is searched for. */
export class Garbage {
    #bytes = 0;
    #start: Buffer[] = [];
    #startLength = 0;

    /**
     * @param limit bytes after which the search counts as failed; it goes on all the same
     * @param report told what was skipped: when something readable was found, or when the limit is reached
     */
    constructor(
        private readonly limit: number,
        private readonly report: (kind: 'skipped' | 'unsynchronised', bytes: number, start: Buffer) => void,
    ) {}

    add(bytes: Buffer, from: number, to: number): void {
        let at = from;
        while (at < to) {
            const stop = Math.min(to, at + this.limit - this.#bytes);
            this.#keepStart(bytes.subarray(at, stop));
            this.#bytes += stop - at;
            at = stop;
            if (this.#bytes === this.limit) this.#tell('unsynchronised');
        }
    }

    /** Reading goes on. */
    found(): void {
        if (this.#bytes > 0) this.#tell('skipped');
    }

    #keepStart(bytes: Buffer): void {
        const wanted = REPORTED_START - this.#startLength;
        if (wanted <= 0) return;
        const kept = Buffer.from(bytes.subarray(0, wanted));
        this.#start.push(kept);
        this.#startLength += kept.length;
    }

    #tell(kind: 'skipped' | 'unsynchronised'): void {
        const bytes = this.#bytes;
        const start = Buffer.concat(this.#start);
        this.#bytes = 0;
        this.#start = [];
        this.#startLength = 0;
        this.report(kind, bytes, start);
    }
}
