import { copyOccurrence } from '../events/copy';
import type { DeviceEvent, DeviceIdentity, Occurrence, RawBody, Vendor } from '../events/deviceEvent';
import type { EventReader } from '../events/eventReader';
import { type Clock, systemClock } from '../protocols/clock';
import type { Fault } from '../protocols/errors';
import type { AlertStream, ConnectionChange } from '../protocols/isapi/alertStream';
import type { Part, SplitterFault } from '../protocols/multipart/partSplitter';
import { Pace } from '../protocols/pace';
import type { Progress } from './catchUp/logReader';
import type { DeviceLink } from './link';
import type { RecorderChannels } from './recorderChannels';
import type { DeviceWatcher } from './watcher';

/** Originals that are kept, and the characters of each. */
const MOST_KEPT = 10;
const LONGEST_KEPT = 64 * 1024;

/** All streams of this process open at this pace: a thousand at once would hold up everything else for seconds. */
const OPENINGS = new Pace(25, 100);

export interface StreamOptions {
    mode: 'auto' | 'alertStream' | 'subscribe';
    /** Seconds without a byte after which the stream is opened again. */
    watchdog: number;
    /** What is wanted of the device's events, with which `mode` `subscribe` arms it; everything where there is nothing. */
    kinds?: readonly string[];
    /** Whether what was missed of a camera or recorder may be read from its alarm log, for one who wants that. */
    catchUpLog?: boolean;
}

/** What a node wants to hear of the device's stream. */
export interface EventSubscriber {
    occurrence(occurrence: Occurrence): void;
    connection(change: ConnectionChange): void;
    /** A sign of life; the function makes an event of it for whoever wants to see it. */
    heartbeat(at: number, heartbeat: () => Occurrence): void;
    /** A part that holds no event that we can read. */
    unreadable(part: Part, reason: string): void;
    /** Bytes of the stream that became no part. */
    lost(lost: SplitterFault): void;
    /** The device does less than it was asked for. */
    warning(warning: Fault): void;
    /** A connection has opened, also one that replaces another without a word. */
    opened?(): void;
    /** How far the fetching of missed events has come; nothing when it is over. */
    progress?(progress: Progress | undefined): void;
    /** Whether an event that this one gets need not come out of another node of the device; no where it does not say. */
    shares?(event: DeviceEvent): boolean;
    /** Resolves when it can take more. */
    settled?(): Promise<void>;
}

/**
 * The one event stream of a device, shared by all who listen: devices have very few stream slots. It opens with the
 * first subscriber and closes with the last.
 */
export class EventStream {
    readonly #link: DeviceLink;
    readonly #identity: DeviceIdentity;
    readonly #clock: Clock;
    readonly #vendor: 'auto' | Vendor;
    readonly #channels: RecorderChannels | undefined;
    readonly #watcher: DeviceWatcher | undefined;
    readonly #typesOf: ((kinds: readonly string[]) => Promise<readonly string[]>) | undefined;
    /** Another array whenever somebody comes or goes, so that those who are being told something stay the same. */
    #subscribers: readonly EventSubscriber[] = [];
    /** What each of them wants of the device. */
    readonly #wanted = new Map<EventSubscriber, readonly string[]>();
    /** Kinds that the device was armed with; undefined where it reports everything. */
    #armedWith: ReadonlySet<string> | undefined;
    #running: { stream: AlertStream; reader: EventReader; options: StreamOptions } | undefined;
    #lastChange: ConnectionChange | undefined;
    readonly #recent: RawBody[] = [];
    /** The end of the stream before: its slot must be free before the next one is asked for. */
    #ended: Promise<void> = Promise.resolve();

    constructor(
        link: DeviceLink,
        identity: DeviceIdentity,
        clock: Clock = systemClock,
        vendor: 'auto' | Vendor = 'auto',
        channels?: RecorderChannels,
        watcher?: DeviceWatcher,
        typesOf?: (kinds: readonly string[]) => Promise<readonly string[]>,
    ) {
        this.#link = link;
        this.#vendor = vendor;
        this.#identity = identity;
        this.#clock = clock;
        this.#channels = channels;
        this.#watcher = watcher;
        this.#typesOf = typesOf;
    }

    /**
     * Starts to listen. The options of the first subscriber are those of the stream.
     * @returns the way to stop; it resolves when, after the last one, the socket is gone
     */
    subscribe(options: StreamOptions, subscriber: EventSubscriber): () => Promise<void> {
        this.#subscribers = [...this.#subscribers, subscriber];
        this.#wanted.set(subscriber, options.kinds ?? []);
        if (this.#running !== undefined && this.#isTooNarrowFor(options)) {
            const { options: first } = this.#running;
            this.#stop();
            this.#start(first);
        } else if (this.#running !== undefined) {
            if (this.#lastChange !== undefined) subscriber.connection(this.#lastChange);
        } else {
            this.#start(options);
        }
        return () => {
            // What waits for its pictures comes out while there is still somebody to take it.
            if (this.#subscribers.includes(subscriber)) this.#leave(subscriber);
            return this.#ended;
        };
    }

    /** What became of the connection last; nothing while nobody listens. */
    get connection(): ConnectionChange | undefined {
        return this.#running === undefined ? undefined : this.#lastChange;
    }

    /** The originals of the latest events, oldest first, for a report about the device. */
    get recent(): readonly RawBody[] {
        return this.#recent;
    }

    /** Tries at once what waits for its time, after credentials were changed. */
    retryNow(): void {
        this.#running?.stream.retryNow();
    }

    /** Stops for all subscribers. */
    close(): Promise<void> {
        this.#flush();
        this.#subscribers = [];
        this.#wanted.clear();
        this.#stop();
        return this.#ended;
    }

    #leave(subscriber: EventSubscriber): void {
        this.#flush();
        this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
        this.#wanted.delete(subscriber);
        if (this.#subscribers.length === 0) this.#stop();
    }

    #start(options: StreamOptions): void {
        const { readerOnTheWay } = require('../events/body') as typeof import('../events/body');
        const events = require('../events/eventReader') as typeof import('../events/eventReader');
        const streams = require('../protocols/isapi/alertStream') as typeof import('../protocols/isapi/alertStream');
        const reader = new events.EventReader({
            via: 'alertstream',
            device: this.#identity,
            recorder: this.#channels?.recorder,
            clock: this.#clock,
            onOccurrence: (occurrence) => this.#deliver(occurrence),
            onHeartbeat: (at, heartbeat) => this.#each((subscriber) => subscriber.heartbeat(at, heartbeat)),
            onUnreadable: (part, reason) => this.#each((subscriber) => subscriber.unreadable(part, reason)),
        });
        const stream = new streams.AlertStream({
            open: (request) => this.#link.open(request),
            mode: options.mode,
            vendor: this.#vendor,
            watchdog: options.watchdog,
            events: () => this.#typesToArm(options),
            readDocument: readerOnTheWay(),
            pace: OPENINGS,
            clock: this.#clock,
            listener: {
                onPart: (part) => this.#read(part, reader),
                onLost: (lost) => this.#each((subscriber) => subscriber.lost(lost)),
                onWarning: (warning) => this.#each((subscriber) => subscriber.warning(warning)),
                onOpened: (at, via, vendor) => {
                    reader.opened(at, via, vendor);
                    this.#each((subscriber) => subscriber.opened?.());
                },
                onConnection: (change) => {
                    if (this.#running?.stream !== stream) return;
                    this.#lastChange = change;
                    this.#watcher?.connection(change);
                    if (change.state !== 'online') reader.flush();
                    this.#each((subscriber) => subscriber.connection(change));
                },
            },
        });
        const running = { stream, reader, options };
        this.#running = running;
        this.#lastChange = undefined;
        // A turn later, so that everybody who is set up in this one hears the first word.
        this.#ended.then(() =>
            setImmediate(() => {
                if (this.#running === running) stream.start();
            }),
        );
    }

    /** The device's words for what all who listen want together; nothing where one of them wants everything. */
    async #typesToArm({ mode }: StreamOptions): Promise<readonly string[]> {
        const wanted = [...this.#wanted.values()];
        this.#armedWith = undefined;
        if (mode !== 'subscribe' || wanted.some(({ length }) => length === 0)) return [];
        const kinds = new Set(wanted.flat());
        this.#armedWith = kinds;
        const types = (await this.#typesOf?.([...kinds])) ?? [];
        if (types.length === 0 && this.#armedWith === kinds) this.#armedWith = undefined;
        return types;
    }

    #isTooNarrowFor({ kinds = [] }: StreamOptions): boolean {
        const armedWith = this.#armedWith;
        if (armedWith === undefined) return false;
        return kinds.length === 0 || !kinds.every((kind) => armedWith.has(kind));
    }

    #read(part: Part, reader: EventReader): void {
        if (this.#channels === undefined) {
            reader.part(part);
            return;
        }
        const step = () => reader.part(part);
        this.#channels.read([part], step, (fault) => this.#each((subscriber) => subscriber.warning(fault)));
    }

    #flush(): void {
        this.#channels?.flush();
        this.#running?.reader.flush();
    }

    #stop(): void {
        const running = this.#running;
        if (running === undefined) return;
        this.#running = undefined;
        this.#armedWith = undefined;
        this.#watcher?.connection(undefined);
        running.reader.close();
        this.#ended = Promise.all([this.#ended, running.stream.close()]).then(() => undefined);
    }

    /** Each subscriber but the last gets a copy, so that no flow changes what another one sees. */
    #deliver(occurrence: Occurrence): void {
        this.#watcher?.event(occurrence.event, occurrence.pictures);
        this.#remember(occurrence.raw);
        const subscribers = this.#subscribers;
        const last = subscribers.length - 1;
        for (let index = 0; index < last; index += 1) subscribers[index]!.occurrence(copyOccurrence(occurrence));
        subscribers[last]?.occurrence(occurrence);
    }

    #remember({ format, text }: RawBody): void {
        if (text === undefined || text.length > LONGEST_KEPT) return;
        this.#recent.push({ format, text });
        if (this.#recent.length > MOST_KEPT) this.#recent.shift();
    }

    #each(tell: (subscriber: EventSubscriber) => void): void {
        for (const subscriber of this.#subscribers) tell(subscriber);
    }
}
