import type { Fault } from '../../../../protocols/errors';
import {
    AlertStream,
    type AlertStreamListener,
    type AlertStreamOptions,
    type ConnectionChange,
} from '../../../../protocols/isapi/alertStream';
import type { Part, SplitterFault } from '../../../../protocols/multipart/partSplitter';
import { ManualClock } from '../../../support/manualClock';

/** A manual clock that tells what it waits for. */
export class OpenClock extends ManualClock {
    readonly #due: number[] = [];

    /** Whether a timer is set that fires in exactly so many milliseconds. */
    waits(ms: number): boolean {
        return this.#due.includes(this.elapsed() + ms);
    }

    override after(ms: number, fire: () => void): () => void {
        const due = this.elapsed() + ms;
        this.#due.push(due);
        const forget = () => {
            const at = this.#due.indexOf(due);
            if (at >= 0) this.#due.splice(at, 1);
        };
        const cancel = super.after(ms, () => {
            forget();
            fire();
        });
        return () => {
            forget();
            cancel();
        };
    }
}

/** An alert stream whose clock the test holds, and everything that it told. */
export class StreamRecorder implements AlertStreamListener {
    readonly clock: OpenClock;
    readonly stream: AlertStream;
    readonly parts: Part[] = [];
    readonly changes: ConnectionChange[] = [];
    readonly opened: string[] = [];
    readonly lost: SplitterFault[] = [];
    readonly warnings: Fault[] = [];
    #waiting: (() => void)[] = [];

    constructor(
        open: AlertStreamOptions['open'],
        options: Partial<AlertStreamOptions> = {},
        clock: OpenClock = new OpenClock(),
    ) {
        this.clock = clock;
        this.stream = new AlertStream({
            open,
            mode: 'auto',
            watchdog: 60,
            clock,
            random: () => 0.5,
            listener: this,
            ...options,
        });
        this.stream.start();
    }

    get states(): string[] {
        return this.changes.map(({ state, fault }) => (fault === undefined ? state : `${state} ${fault.code}`));
    }

    get lastChange(): ConnectionChange | undefined {
        return this.changes.at(-1);
    }

    /** Resolves as soon as it is so; it is asked after everything that is told. */
    async until(isSo: () => boolean): Promise<void> {
        while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }

    /** Lets a wait of exactly so many milliseconds pass, as soon as it has begun. */
    async pass(ms: number): Promise<void> {
        await eventually(() => this.clock.waits(ms), `nothing waits for ${ms} ms`);
        this.clock.advance(ms);
    }

    onPart(part: Part): void {
        this.parts.push(part);
        this.#told();
    }

    onConnection(change: ConnectionChange): void {
        this.changes.push(change);
        this.#told();
    }

    onOpened(_at: number, via: string): void {
        this.opened.push(via);
        this.#told();
    }

    onLost(lost: SplitterFault): void {
        this.lost.push(lost);
        this.#told();
    }

    onWarning(warning: Fault): void {
        this.warnings.push(warning);
        this.#told();
    }

    #told(): void {
        for (const resolve of this.#waiting.splice(0)) resolve();
    }
}

/** Waits for what happens outside of any listener: sockets, the end of a wait. */
export async function eventually(isSo: () => boolean, what = 'it did not happen'): Promise<void> {
    for (let turn = 0; !isSo(); turn += 1) {
        if (turn > 2000) throw new Error(what);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}
