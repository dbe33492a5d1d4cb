import type { Node, NodeAPI } from 'node-red';
import type { Progress } from '../devices/catchUp/logReader';
import type { DeviceEvent } from '../events/deviceEvent';
import { type Clock, systemClock } from '../protocols/clock';
import type { Fault } from '../protocols/errors';
import type { ConnectionChange } from '../protocols/isapi/alertStream';
import type { TunnelReport } from '../protocols/p2p/tunnelGroup';
import { sharedText, translated } from './faultText';
import { type ProgressReport, progressText } from './progressText';

type Status = { fill: 'red' | 'green' | 'yellow' | 'blue' | 'grey'; shape: 'dot' | 'ring'; text: string };

/** Events and bytes may come by the thousand; the editor is told of the newest only this often. */
const INTERVAL_MS = 1000;

const CORE = 'node-red:common.status';

/** The little text below a node. Fixed texts are catalogue keys, which the editor shows in the user's language. */
export class NodeStatus {
    readonly #RED: NodeAPI;
    readonly #node: Node;
    readonly #clock: Clock;
    #cancel: (() => void) | undefined;
    #newest: (() => void) | undefined;
    #connection: ConnectionChange | undefined;
    #catchingUp = false;
    #closed = false;
    /** What is shown is over when a request goes through. */
    #passing = false;

    constructor(RED: NodeAPI, node: Node, clock: Clock = systemClock) {
        this.#RED = RED;
        this.#node = node;
        this.#clock = clock;
    }

    connection(change: ConnectionChange): void {
        this.#dropNewest();
        this.#connection = change;
        this.#show(this.#statusOf(change));
    }

    /** The last event and its channel, at most once a second. */
    event(event: DeviceEvent): void {
        if (!this.#catchingUp) this.#soon(() => this.#showEvent(event));
    }

    /** How far a long request has come, at most once a second; what takes no second shows nothing. */
    progress(report: ProgressReport): void {
        this.#soon(() => {
            this.#passing = true;
            this.#show({ fill: 'blue', shape: 'dot', text: progressText(this.#RED, report) });
        });
    }

    /** How many of the missed events have been fetched, at most once a second; nothing when it is over. */
    catchingUp(progress: Progress | undefined): void {
        const wasCatchingUp = this.#catchingUp;
        this.#catchingUp = progress !== undefined;
        if (progress !== undefined) {
            const text = sharedText(this.#RED, 'status.catching-up', { n: progress.done, of: progress.total });
            this.#soon(() => this.#show({ fill: 'yellow', shape: 'dot', text }));
        } else if (wasCatchingUp) {
            this.#dropNewest();
            if (this.#connection !== undefined) this.#show(this.#statusOf(this.#connection));
        }
    }

    listening(port: number | string): void {
        this.#show({ fill: 'green', shape: 'dot', text: sharedText(this.#RED, 'status.listening', { port }) });
    }

    rejected(): void {
        this.#show({ fill: 'yellow', shape: 'dot', text: sharedText(this.#RED, 'status.rejected') });
    }

    /** A tunnel and the route it takes. */
    tunnel({ state, route, retryAt }: TunnelReport): void {
        const own = (key: string) => sharedText(this.#RED, `status.${key}`);
        if (state === 'open') this.#show({ fill: 'green', shape: 'dot', text: own(`open-${route ?? 'direct'}`) });
        else if (state === 'opening') this.#show({ fill: 'yellow', shape: 'ring', text: `${CORE}.connecting` });
        else if (state === 'closed') this.#show({ fill: 'grey', shape: 'ring', text: own('closed') });
        else if (state === 'offline') this.#show({ fill: 'red', shape: 'ring', text: own('not-online') });
        else this.#show({ fill: 'red', shape: retryAt === undefined ? 'dot' : 'ring', text: `${CORE}.error` });
    }

    /** The node cannot work as configured. */
    fault(fault: Fault): void {
        const noDevice = fault.code === 'DEVICE_MISSING';
        const text = noDevice ? sharedText(this.#RED, 'status.no-device') : `${CORE}.error`;
        this.#show({ fill: 'red', shape: noDevice ? 'ring' : 'dot', text });
    }

    /** A request went through: what it or an earlier one had to say is over. */
    succeeded(): void {
        this.#dropNewest();
        if (!this.#passing) return;
        this.#passing = false;
        this.#show({});
    }

    /** A request failed; the node goes on. */
    failed(fault: Fault): void {
        this.#dropNewest();
        this.#passing = true;
        const locked = fault.unlockAt !== undefined;
        const text = locked ? this.#lockedText({ state: 'locked', unlockAt: fault.unlockAt }) : `${CORE}.error`;
        this.#show({ fill: 'red', shape: locked ? 'dot' : 'ring', text });
    }

    close(): void {
        this.#dropNewest();
        this.#closed = true;
        this.#node.status({});
    }

    #showEvent(event: DeviceEvent): void {
        // A word of the vendor is in no catalogue.
        const isOurs = event.family !== 'unknown';
        const kind = isOurs ? translated(this.#RED, `kinds.${event.kind}`, {}, event.kind) : event.kind;
        const text = sharedText(this.#RED, 'status.event', { kind, channel: event.channel ?? '' }).trim();
        this.#show({ fill: 'green', shape: 'dot', text });
    }

    #statusOf(change: ConnectionChange): Status {
        switch (change.state) {
            case 'connecting':
                return { fill: 'yellow', shape: 'ring', text: `${CORE}.connecting` };
            case 'online':
                return { fill: 'green', shape: 'dot', text: `${CORE}.connected` };
            case 'locked':
                return { fill: 'red', shape: 'dot', text: this.#lockedText(change) };
            case 'forbidden': {
                const key = change.fault?.code === 'NO_SLOT' ? 'status.no-slot' : 'status.forbidden';
                return { fill: 'red', shape: 'dot', text: sharedText(this.#RED, key) };
            }
            default:
                return { fill: 'red', shape: 'ring', text: this.#waitingText(change) };
        }
    }

    #lockedText(change: ConnectionChange): string {
        const until = change.unlockAt ?? change.retryAt ?? this.#clock.now();
        const minutes = Math.max(1, Math.ceil((until - this.#clock.now()) / 60_000));
        return sharedText(this.#RED, 'status.locked', { minutes });
    }

    #waitingText(change: ConnectionChange): string {
        if (change.retryAt === undefined) return `${CORE}.disconnected`;
        const seconds = Math.max(1, Math.round((change.retryAt - this.#clock.now()) / 1000));
        return sharedText(this.#RED, 'status.waiting', { seconds });
    }

    #soon(show: () => void): void {
        this.#newest = show;
        this.#cancel ??= this.#clock.after(INTERVAL_MS, () => {
            this.#cancel = undefined;
            this.#newest?.();
        });
    }

    #dropNewest(): void {
        this.#cancel?.();
        this.#cancel = undefined;
        this.#newest = undefined;
    }

    #show(status: Status | Record<string, never>): void {
        if (!this.#closed) this.#node.status(status);
    }
}
