import { type Clock, systemClock } from '../clock';
import { eventManagerPath } from '../dahua/eventManager';
import { Fault } from '../errors';
import type { HttpRequest } from '../http/client';
import type { Part, SplitterFault, SplitterOptions } from '../multipart/partSplitter';
import type { Pace } from '../pace';
import { pause } from '../pause';
import { meansForeign } from './answerFault';
import { EventConnection, type OpenStream } from './eventConnection';
import { type ConnectionEnd, isForbidden, isLoginRefused, ReconnectPolicy } from './reconnectPolicy';
import { subscribeRequest } from './subscribeEvent';

/** `locked`: the device refuses the login. `forbidden`: it lets us in, but not to its events. */
export type ConnectionState = 'connecting' | 'online' | 'offline' | 'locked' | 'forbidden';

export interface ConnectionChange {
    state: ConnectionState;
    /** Why; absent for `connecting` and `online`. */
    fault?: Fault;
    /** Epoch milliseconds of the next attempt. */
    retryAt?: number;
    /** Epoch milliseconds at which the device admits a login again. */
    unlockAt?: number;
}

/** How the stream was opened. */
export type StreamVia = 'alertstream' | 'subscribe';

/** Whose words a stream holds. */
export type StreamVendor = 'hikvision' | 'dahua';

export interface AlertStreamListener {
    onPart(part: Part): void;
    onConnection(change: ConnectionChange): void;
    /** A connection has opened, also one that replaces another without any change of state. */
    onOpened?(at: number, via: StreamVia, vendor: StreamVendor): void;
    /** Bytes of the stream that became no part. */
    onLost?(lost: SplitterFault): void;
    /** The device reports less than it was asked for. */
    onWarning?(warning: Fault): void;
}

export interface AlertStreamOptions {
    /** Opens a request whose answer is read as it comes; the login is its affair. */
    open: OpenStream;
    /** `auto` begins with alertStream and subscribes where the device has none; `subscribe` does it the other way round. */
    mode: 'auto' | 'alertStream' | 'subscribe';
    /**
     * Whose device it is; `hikvision` by default. With `auto` the event manager of Dahua and Intelbras is asked for where
     * a device has no stream of ISAPI; with `dahua` it alone, whatever the mode.
     */
    vendor?: 'auto' | StreamVendor;
    /** Seconds without a byte after which the stream is opened again. */
    watchdog: number;
    /** Types to subscribe to, as the device names them; all where there are none. Asked for before each subscription. */
    events?: () => Promise<readonly string[]>;
    /** Shared with others that open at the same moment: after a deploy, or when their network is back. */
    pace?: Pace;
    listener: AlertStreamListener;
    clock?: Clock;
    /** 0 ≤ x < 1 */
    random?: () => number;
    /** Reads documents on the way; see `DocumentOptions.readDocument`. */
    readDocument?: SplitterOptions['readDocument'];
}

interface Route {
    via: StreamVia;
    vendor: StreamVendor;
    request: HttpRequest;
}

const ALERT_STREAM: Route = {
    via: 'alertstream',
    vendor: 'hikvision',
    request: { path: '/ISAPI/Event/notification/alertStream' },
};

/** Firmware from before ISAPI; gone on new firmware, which answers 404. */
const OLD_ALERT_STREAM: Route = {
    via: 'alertstream',
    vendor: 'hikvision',
    request: { path: '/Event/notification/alertStream' },
};

/** Seconds between the heartbeats that Dahua's event manager is asked for: well within the shortest watchdog. */
const HEARTBEAT_SECONDS = 5;

/** A stream of the same framing with other words in it (Dahua HTTP API, "Subscribe to event messages"). */
const EVENT_MANAGER: Route = {
    via: 'alertstream',
    vendor: 'dahua',
    request: { path: eventManagerPath(HEARTBEAT_SECONDS) },
};

/** What a device answers to a path or method that it does not have. */
const ABSENT = new Set(['NOT_FOUND', 'NOT_SUPPORTED']);

/** What a device answers to a subscription that it does not know. */
const NEVER_SUBSCRIBED = new Set([...ABSENT, 'REQUEST_INVALID']);

/**
 * Answers to a subscription after which the plain stream is tried: no device with it is publicly documented. Some pass,
 * as the slot that a connection of before still holds; the subscription is tried again with the next connection then.
 */
const NOT_SUBSCRIBED = new Set([...NEVER_SUBSCRIBED, 'FORBIDDEN', 'NO_SLOT', 'STREAM_NOT_EVENTS', 'HTTP_STATUS']);

/**
 * The permanent event stream of one device (ISAPI guide, `alertStream` and `subscribeEvent`): opened again for ever, by
 * the rules of {@link ReconnectPolicy}, until it is closed. It knows parts, not events.
 */
export class AlertStream {
    readonly #options: AlertStreamOptions;
    readonly #clock: Clock;
    readonly #policy: ReconnectPolicy;
    readonly #routes: readonly Route[];
    /** Routes that the device does not have, as far as it said so. */
    readonly #absent = new Set<Route>();
    /** As told, or as the first stream that opened has shown. */
    #vendor: 'auto' | StreamVendor;
    readonly #closed = new AbortController();
    /** The device takes subscriptions, but none to certain types. */
    #refusesLists = false;
    #connection: EventConnection | undefined;
    #wake: AbortController | undefined;
    #running: Promise<void> | undefined;
    #state: ConnectionState = 'offline';
    #lastByteAt: number | undefined;

    constructor(options: AlertStreamOptions) {
        const subscription: Route = {
            via: 'subscribe',
            vendor: 'hikvision',
            request: subscribeRequest([], options.watchdog),
        };
        const plain = [ALERT_STREAM, OLD_ALERT_STREAM];
        const byMode = {
            auto: [...plain, subscription],
            alertStream: plain,
            subscribe: [subscription, ...plain],
        };
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#policy = new ReconnectPolicy(options.random ?? Math.random, options.watchdog * 1000);
        this.#routes = [...byMode[options.mode], EVENT_MANAGER];
        this.#vendor = options.vendor ?? 'hikvision';
    }

    get state(): ConnectionState {
        return this.#state;
    }

    /** Epoch milliseconds of the last byte of the device, on any connection. */
    get lastByteAt(): number | undefined {
        return this.#lastByteAt;
    }

    /** Opens the stream; once. */
    start(): void {
        this.#running ??= this.#run();
    }

    /** Tries at once, where it waits: somebody has corrected the password, or asked for it. */
    retryNow(): void {
        this.#policy.reset();
        this.#absent.clear();
        this.#refusesLists = false;
        this.#vendor = this.#options.vendor ?? 'hikvision';
        this.#wake?.abort();
    }

    /** Resolves when the socket is gone; the listener is told nothing more. */
    async close(): Promise<void> {
        this.#closed.abort();
        this.#connection?.close();
        this.#wake?.abort();
        await this.#running;
        this.#state = 'offline';
    }

    async #run(): Promise<void> {
        while (!this.#closed.signal.aborted) {
            if (this.#state !== 'online') this.#tell({ state: 'connecting' });
            await this.#wait(this.#options.pace?.next() ?? 0);
            if (this.#closed.signal.aborted) return;
            const end = await this.#connect();
            if (this.#closed.signal.aborted) return;
            const { delay, silent } = this.#policy.after(end, this.#clock.now());
            if (!silent || this.#state !== 'online') this.#tell(this.#changeOf(end, delay));
            await this.#wait(delay);
        }
    }

    /** Tries the ways to the stream that the device may have, until one opens. */
    async #connect(): Promise<ConnectionEnd> {
        let left = this.#candidates();
        let told: ConnectionEnd | undefined;
        while (left.length > 0) {
            const [route, ...others] = left as [Route, ...Route[]];
            const end = await this.#follow(route);
            if (end.opened || this.#closed.signal.aborted) return end;
            const isSubscription = route.via === 'subscribe';
            const refused = (isSubscription ? NOT_SUBSCRIBED : ABSENT).has(end.fault.code);
            if ((isSubscription ? NEVER_SUBSCRIBED : ABSENT).has(end.fault.code)) this.#absent.add(route);
            // Of several refusals the one that says more than “no such path” is told, else the first.
            if (told === undefined || !meansForeign(end.fault)) told = end;
            if (refused) left = others;
            else left = meansForeign(end.fault) ? others.filter(({ vendor }) => vendor !== route.vendor) : [];
        }
        return told as ConnectionEnd;
    }

    #candidates(): readonly Route[] {
        const routes = this.#routes.filter(({ vendor }) => this.#vendor === 'auto' || this.#vendor === vendor);
        const present = routes.filter((route) => !this.#absent.has(route));
        if (present.length > 0) return present;
        if (this.#vendor !== 'auto') return routes.slice(0, 1);
        // A device that has nothing at all is still starting up: what it is shows later.
        this.#absent.clear();
        return routes;
    }

    /** Follows a route; a subscription to certain types first, and to all where the device does not take the list. */
    async #follow(route: Route): Promise<ConnectionEnd> {
        const types = route.via === 'subscribe' ? await this.#wantedTypes() : [];
        if (types.length === 0) return this.#connectTo(route);
        const request = subscribeRequest(types, this.#options.watchdog);
        const end = await this.#connectTo({ ...route, request });
        if (end.opened || this.#closed.signal.aborted || !NOT_SUBSCRIBED.has(end.fault.code)) return end;
        this.#refusesLists = true;
        return this.#connectTo(route);
    }

    async #wantedTypes(): Promise<readonly string[]> {
        if (this.#refusesLists) return [];
        try {
            return (await this.#options.events?.()) ?? [];
        } catch {
            // A device that cannot be asked now says why when the stream is opened; everything is asked for then.
            return [];
        }
    }

    async #connectTo({ via, vendor, request }: Route): Promise<ConnectionEnd> {
        const { open, watchdog, listener, readDocument } = this.#options;
        const connection = new EventConnection({
            open,
            request,
            watchdog: watchdog * 1000,
            clock: this.#clock,
            readDocument,
            events: {
                opened: (at) => {
                    this.#vendor = vendor;
                    listener.onOpened?.(at, via, vendor);
                    if (this.#state !== 'online') this.#tell({ state: 'online' });
                },
                part: (part) => listener.onPart(part),
                lost: (lost) => listener.onLost?.(lost),
                subscribed: ({ failed }) => {
                    if (failed.length === 0) return;
                    listener.onWarning?.(new Fault('EVENTS_REFUSED', { details: { events: failed.join(', ') } }));
                },
                byte: (at) => {
                    this.#lastByteAt = at;
                },
            },
        });
        this.#connection = connection;
        const end = await connection.run();
        this.#connection = undefined;
        return end;
    }

    #changeOf({ fault }: ConnectionEnd, delay: number): ConnectionChange {
        const retryAt = this.#clock.now() + delay;
        if (isLoginRefused(fault)) return { state: 'locked', fault, retryAt, unlockAt: fault.unlockAt ?? retryAt };
        return { state: isForbidden(fault) ? 'forbidden' : 'offline', fault, retryAt };
    }

    #tell(change: ConnectionChange): void {
        if (this.#closed.signal.aborted) return;
        this.#state = change.state;
        this.#options.listener.onConnection(change);
    }

    async #wait(ms: number): Promise<void> {
        if (ms <= 0 || this.#closed.signal.aborted) return;
        const wake = new AbortController();
        this.#wake = wake;
        await pause(this.#clock, ms, wake.signal);
        this.#wake = undefined;
    }
}
