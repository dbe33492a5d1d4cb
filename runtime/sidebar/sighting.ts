import type { Device } from '../../devices/device';
import type { DeviceWatcher } from '../../devices/watcher';
import type { DeviceEvent, DeviceIdentity, Picture } from '../../events/deviceEvent';
import type { Clock } from '../../protocols/clock';
import type { Fault } from '../../protocols/errors';
import type { ConnectionChange } from '../../protocols/isapi/alertStream';
import { EventRate } from './eventRate';

/** How a device reaches us, or we reach it. */
export type Way = 'direct' | 'p2p' | 'isup' | 'posts';

/** `idle`: nobody has asked it for anything · `heard`: it posts, which says nothing about now · `invalid`: misconfigured. */
export type DeviceState =
    | 'idle'
    | 'connecting'
    | 'online'
    | 'offline'
    | 'locked'
    | 'forbidden'
    | 'heard'
    | 'rejected'
    | 'invalid';

/** What a node says of a device besides what becomes of it. */
export interface Origin {
    /** The node to which a click leads. */
    node: string;
    way: Way;
    identity: DeviceIdentity;
    /** Other names that only this device has: `node/<id>`, `isup/<listener>/<Device ID>`. */
    names: readonly string[];
    /** It can be asked who it is. */
    device?: Device;
}

/** The board, as those on it see it. */
export interface Board {
    readonly clock: Clock;
    /** Something changed; called for every event while somebody looks. */
    changed(sighting: Sighting): void;
    pictured(sighting: Sighting, pictures: readonly Picture[]): void;
}

/** Requests that fail like this did not reach the device; others that fail were answered by it. */
const UNREACHED = /^(?:CONNECT|HOST_NOT_FOUND|TLS_|P2P_|SDK_|ISUP_|RESPONSE_TIMEOUT|RESPONSE_MALFORMED)/;

/** What one node knows of one device. Several of them may be about the same device: see `cards.ts`. */
export class Sighting implements DeviceWatcher {
    readonly id: string;
    readonly origin: Origin;
    readonly rate = new EventRate();
    state: DeviceState = 'idle';
    /** Epoch milliseconds: when this state began. */
    since: number;
    fault: Fault | undefined;
    /** When it is tried again, or unlocked. */
    until: number | undefined;
    /** A word of the protocol for the state: `silence`, `bad-key` … */
    reason: string | undefined;
    route: 'direct' | 'relay' | 'sdk' | undefined;
    /** Of the last event. */
    kind: string | undefined;
    channel: number | null = null;
    eventAt = 0;
    /** When it posted last; nothing of others. */
    seenAt: number | undefined;
    /** What the last event said of the device. */
    heard: DeviceIdentity | undefined;
    /** Its node was closed: what still comes in late is nobody's news. */
    gone = false;
    readonly #board: Board;
    #streaming = false;

    constructor(id: string, origin: Origin, board: Board) {
        this.id = id;
        this.origin = origin;
        this.#board = board;
        this.since = board.clock.now();
    }

    /** Every event comes here: three references and a number. */
    event(event: DeviceEvent, pictures: readonly Picture[]): void {
        // What a device re-sends is no news of now.
        if (event.replay) return;
        const now = this.#board.clock.now();
        this.kind = event.kind;
        this.channel = event.channel;
        this.eventAt = now;
        this.heard = event.device;
        this.rate.count(now);
        if (pictures.length > 0) this.#board.pictured(this, pictures);
        this.#board.changed(this);
    }

    /** A post came, which says nothing about what comes after it. */
    seen(): void {
        this.seenAt = this.#board.clock.now();
        if (this.state === 'heard') this.#board.changed(this);
        else this.enter('heard');
    }

    picture(picture: Picture): void {
        this.#board.pictured(this, [picture]);
        this.#board.changed(this);
    }

    connection(change: ConnectionChange | undefined): void {
        this.#streaming = change !== undefined;
        // Trying again after a failure is no news until it succeeds or fails differently.
        if (change?.state === 'connecting' && this.fault !== undefined) return;
        this.enter(change?.state ?? 'idle', change?.fault, change?.unlockAt ?? change?.retryAt);
    }

    answered(): void {
        // What becomes of the stream says more than a request does.
        if (!this.#streaming && this.state !== 'online') this.enter('online');
    }

    failed(fault: Fault): void {
        if (this.#streaming) return;
        if (fault.code.startsWith('AUTH_')) this.enter('locked', fault, fault.unlockAt);
        else if (UNREACHED.test(fault.code)) this.enter('offline', fault);
    }

    /** @param since epoch milliseconds, where the one who tells knows it better */
    enter(state: DeviceState, fault?: Fault, until?: number, since?: number): void {
        if (state !== this.state) this.since = since ?? this.#board.clock.now();
        this.state = state;
        this.fault = fault;
        this.until = until;
        this.reason = undefined;
        this.#board.changed(this);
    }
}
