import { type Clock, systemClock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import type { SavedMark } from './accessMark';

/** Where the mark of a device survives a restart. */
export interface MarkStore {
    /** What was saved last; nothing, or anything else, where there is none. */
    load(): Promise<unknown>;
    save(mark: SavedMark): Promise<void>;
}

/** Events may come by the hundred: the mark is written this often at most. */
const WRITE_EVERY_MS = 1000;

/** Writes a mark now and then, and for the last time when it is closed. A store that fails is reported once. */
export class MarkKeeper {
    readonly #store: MarkStore;
    readonly #clock: Clock;
    readonly #warn: (fault: Fault) => void;
    #warned = false;
    #cancel: (() => void) | undefined;
    #written: Promise<void> = Promise.resolve();

    constructor(store: MarkStore, warn: (fault: Fault) => void, clock: Clock = systemClock) {
        this.#store = store;
        this.#warn = warn;
        this.#clock = clock;
    }

    async load(): Promise<unknown> {
        try {
            return await this.#store.load();
        } catch (thrown) {
            this.#failed(thrown);
            return undefined;
        }
    }

    keep(mark: () => SavedMark): void {
        this.#cancel ??= this.#clock.after(WRITE_EVERY_MS, () => {
            this.#cancel = undefined;
            this.#write(mark());
        });
    }

    /** Resolves when the last mark is written. */
    async close(mark: SavedMark): Promise<void> {
        if (this.#cancel !== undefined) {
            this.#cancel();
            this.#cancel = undefined;
            this.#write(mark);
        }
        await this.#written;
    }

    /** One after the other: a slow store must not end with an older mark. */
    #write(mark: SavedMark): void {
        this.#written = this.#written
            .then(() => this.#store.save(mark))
            .catch((thrown: unknown) => this.#failed(thrown));
    }

    #failed(thrown: unknown): void {
        if (this.#warned) return;
        this.#warned = true;
        this.#warn(new Fault('MARK_UNSAVED', { details: { reason: Fault.from(thrown).message } }));
    }
}
