import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { type Clock, systemClock } from '../protocols/clock';

/** A node that never calls `done` must not hold up a list for ever. */
const LONGEST_WAIT_MS = 60_000;

interface CompleteEvent {
    msg?: NodeMessage;
    node?: { id: string };
}

let watches = 0;

/**
 * Tells when the nodes behind have dealt with a message: Node-RED reports it when a node calls `done`. That is what
 * holds back a list that comes faster than a database takes it.
 */
export class DeliveryWatch {
    readonly #RED: NodeAPI;
    readonly #clock: Clock;
    readonly #hook: string;
    readonly #receivers: ReadonlySet<string>;
    #waitsFor = '';
    #missing = new Set<string>();
    #settle: (() => void) | undefined;

    constructor(RED: NodeAPI, node: Node, clock: Clock = systemClock) {
        this.#RED = RED;
        this.#clock = clock;
        watches += 1;
        this.#hook = `onComplete.vigia-isapi-request-${watches}`;
        const [wired = []] = (node as Node & { wires?: string[][] }).wires ?? [];
        this.#receivers = new Set(wired.filter((id) => RED.nodes.getNode(id)));
        RED.hooks.add(this.#hook, (event: CompleteEvent) => this.#completed(event));
    }

    /** Resolves when every node that this output is wired to is done with the message, or after a minute. */
    next(msg: NodeMessage, signal: AbortSignal): Promise<void> {
        this.#waitsFor = this.#RED.util.generateId();
        msg._msgid = this.#waitsFor;
        this.#missing = new Set(this.#receivers);
        if (this.#missing.size === 0) return Promise.resolve();
        return new Promise((resolve) => {
            const settle = () => {
                cancel();
                signal.removeEventListener('abort', settle);
                this.#settle = undefined;
                resolve();
            };
            const cancel = this.#clock.after(LONGEST_WAIT_MS, settle);
            signal.addEventListener('abort', settle, { once: true });
            this.#settle = settle;
        });
    }

    close(): void {
        this.#RED.hooks.remove(this.#hook);
        this.#settle?.();
    }

    #completed({ msg, node }: CompleteEvent): void {
        if (node === undefined || msg?._msgid !== this.#waitsFor) return;
        this.#missing.delete(node.id);
        if (this.#missing.size === 0) this.#settle?.();
    }
}
