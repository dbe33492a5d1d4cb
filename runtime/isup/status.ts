import type { Node, NodeAPI } from 'node-red';
import { type Clock, systemClock } from '../../protocols/clock';

export interface PresenceCounts {
    online: number;
    offline: number;
    rejected: number;
}

const SHOW_EVERY = 1000;

/** The little text below an `isup-in`: how many devices are online, and how many are not. */
export class IsupStatus {
    readonly #RED: NodeAPI;
    readonly #node: Node;
    readonly #clock: Clock;
    #cancel: (() => void) | undefined;
    #closed = false;

    constructor(RED: NodeAPI, node: Node, clock: Clock = systemClock) {
        this.#RED = RED;
        this.#node = node;
        this.#clock = clock;
    }

    /** Shows the counts soon: a fleet that comes online is one text, not a thousand. */
    changed(counts: () => PresenceCounts): void {
        this.#cancel ??= this.#clock.after(SHOW_EVERY, () => {
            this.#cancel = undefined;
            this.show(counts());
        });
    }

    show({ online, offline, rejected }: PresenceCounts): void {
        if (this.#closed) return;
        const away = offline + rejected;
        const key = away === 0 ? 'isup-in.status.online' : 'isup-in.status.some';
        const text = this.#RED._(`@vigia/node-red-cctv/isup-in:${key}`, { online, away } as never);
        const fill = away === 0 ? 'green' : rejected > 0 ? 'red' : 'yellow';
        this.#node.status({ fill, shape: online > 0 ? 'dot' : 'ring', text });
    }

    fault(): void {
        if (!this.#closed) this.#node.status({ fill: 'red', shape: 'ring', text: 'node-red:common.status.error' });
    }

    close(): void {
        this.#closed = true;
        this.#cancel?.();
        this.#node.status({});
    }
}
