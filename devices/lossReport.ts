import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import type { SplitterFault } from '../protocols/multipart/partSplitter';

/** Losses are summed up for so long: a stream of garbage is one report a minute, not one per part. */
const INTERVAL_MS = 60_000;

/** Tells what of a stream could not be read: the first loss at once, those after it together. */
export class LossReport {
    readonly #tell: (fault: Fault) => void;
    readonly #clock: Clock;
    readonly #kinds = new Set<string>();
    #parts = 0;
    #bytes = 0;
    #cancel: (() => void) | undefined;

    constructor(tell: (fault: Fault) => void, clock: Clock = systemClock) {
        this.#tell = tell;
        this.#clock = clock;
    }

    add({ kind, bytes }: SplitterFault): void {
        this.#kinds.add(kind);
        this.#parts += 1;
        this.#bytes += bytes;
        if (this.#cancel === undefined) this.#report();
    }

    close(): void {
        this.#cancel?.();
        this.#cancel = undefined;
    }

    #report(): void {
        const details = { parts: this.#parts, bytes: this.#bytes, reason: [...this.#kinds].join(', ') };
        this.#kinds.clear();
        this.#parts = 0;
        this.#bytes = 0;
        this.#tell(new Fault('PARTS_LOST', { details }));
        this.#cancel = this.#clock.after(INTERVAL_MS, () => {
            this.#cancel = undefined;
            if (this.#parts > 0) this.#report();
        });
    }
}
