import type { Clock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';

/** Waits before a failed reading is tried again, while events wait for it. */
const PATIENCE_MS = [1000, 5000];
/** A device that is away altogether is waited for so long; what it posts meanwhile would be out of order. */
const AWAY_MS = 2 * 60_000;
/** After that nothing waits any more, and it is tried now and then. */
const LATER_MS = 5 * 60_000;

export interface ReadingsOptions {
    clock: Clock;
    /** Aborted when everything ends. */
    signal: AbortSignal;
    /** Reads the log once. */
    read(): Promise<void>;
    /** @param isPatient whether it is worth while to wait for what is read */
    begins(isPatient: boolean): void;
    succeeded(): void;
    /** The device has no such log. */
    unsupported(fault: Fault): Promise<void>;
    /** It fails for so long that nothing waits for it any more. */
    hopeless(fault: Fault): void;
    /** It was read, or could not be. */
    ended(): void;
}

/** When the log of a device is read: whenever somebody wants it, one reading at a time, and later where it fails. */
export class Readings {
    readonly #options: ReadingsOptions;
    #isHeldUp = true;
    #isReading = false;
    #wanted = false;
    #failures = 0;
    #failingSince: number | undefined;
    #running: Promise<void> = Promise.resolve();
    #cancelRetry: () => void = () => undefined;

    constructor(options: ReadingsOptions) {
        this.#options = options;
    }

    /** It was tried and failed, and is tried again. */
    get isFailing(): boolean {
        return this.#failures > 0;
    }

    /** Nothing needs to wait for it: it was read, or fails for long. */
    get isOver(): boolean {
        return this.#failures === 0 || this.#failures > PATIENCE_MS.length;
    }

    /** Resolves when no reading is under way. */
    get done(): Promise<void> {
        return this.#running;
    }

    /** From now on it is read when it is wanted. @returns whether it was wanted already */
    start(): boolean {
        this.#isHeldUp = false;
        if (this.#wanted) this.#running = this.#read();
        return this.#wanted;
    }

    want(): void {
        this.#wanted = true;
        if (this.#isReading || this.#isHeldUp || this.#isClosed) return;
        this.#running = this.#read();
    }

    /** It is to be read once more, but not for this. */
    wantLater(): void {
        this.#wanted = true;
    }

    /** The device is back: what failed before says nothing any more. */
    forgive(): void {
        this.#failures = 0;
    }

    /** Nothing is tried again. What is being read ends by the signal. */
    cancel(): void {
        this.#cancelRetry();
    }

    get #isClosed(): boolean {
        return this.#options.signal.aborted;
    }

    async #read(): Promise<void> {
        const { begins, read, succeeded, ended } = this.#options;
        this.#cancelRetry();
        this.#isReading = true;
        begins(this.#failures <= PATIENCE_MS.length);
        try {
            while (this.#wanted && !this.#isClosed) {
                this.#wanted = false;
                await read();
            }
            this.#failures = 0;
            this.#failingSince = undefined;
            succeeded();
        } catch (thrown) {
            await this.#failed(Fault.from(thrown));
        }
        this.#isReading = false;
        ended();
    }

    async #failed(fault: Fault): Promise<void> {
        const { clock, unsupported, hopeless } = this.#options;
        if (this.#isClosed) return;
        if (fault.code === 'NOT_SUPPORTED') {
            this.#failures = 0;
            await unsupported(fault);
            return;
        }
        // A refused login is not tried again before the stream was let in.
        const isRefused = fault.code.startsWith('AUTH_');
        this.#failingSince ??= clock.elapsed();
        const isAway = isUnanswered(fault) && clock.elapsed() - this.#failingSince < AWAY_MS;
        if (isRefused) this.#failures = PATIENCE_MS.length + 1;
        else this.#failures = isAway ? PATIENCE_MS.length : this.#failures + 1;
        const wait = PATIENCE_MS[this.#failures - 1];
        this.#wanted = true;
        if (wait === undefined) hopeless(fault);
        if (isRefused) return;
        this.#cancelRetry = clock.after(wait ?? LATER_MS, () => {
            this.#running = this.#read();
        });
    }
}

/** Whether the device gave no answer at all, as one that restarts or whose cable is out. */
function isUnanswered({ code, status }: Fault): boolean {
    return status === undefined && code !== 'HISTORY_INCOMPLETE' && !code.startsWith('ANSWER_');
}
