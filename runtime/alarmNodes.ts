import { AlarmWatch } from '../devices/alarmWatch';
import type { Fault } from '../protocols/errors';

/** What is known of a deployed `alarm-http-in`, for the checklist in its dialog. */
export interface AlarmNode {
    readonly watch: AlarmWatch;
    /** Where it listens, once it does. */
    address?: string;
    /** Why it does not. */
    fault?: Fault;
}

/** The deployed ones by their ids. */
export class AlarmNodes {
    readonly #nodes = new Map<string, AlarmNode>();

    /** A node that was deployed anew begins anew. */
    enlist(id: string): AlarmNode {
        const node: AlarmNode = { watch: new AlarmWatch() };
        this.#nodes.set(id, node);
        return node;
    }

    leave(id: string, node: AlarmNode): void {
        if (this.#nodes.get(id) === node) this.#nodes.delete(id);
    }

    get(id: string): AlarmNode | undefined {
        return this.#nodes.get(id);
    }
}
