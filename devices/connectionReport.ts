import type { ConnectionChange } from '../protocols/isapi/alertStream';

/**
 * Passes on what changed: another state, or another reason for the same one. Trying again after a failure is no change
 * until it succeeds or fails differently, so an unreachable device is one message and not one per attempt.
 */
export class ConnectionReport {
    readonly #tell: (change: ConnectionChange) => void;
    #last: ConnectionChange | undefined;

    constructor(tell: (change: ConnectionChange) => void) {
        this.#tell = tell;
    }

    change(change: ConnectionChange): void {
        const last = this.#last;
        if (last !== undefined) {
            if (change.state === 'connecting' && last.state !== 'online') return;
            if (change.state === last.state && change.fault?.code === last.fault?.code) return;
        }
        this.#last = change;
        this.#tell(change);
    }
}
