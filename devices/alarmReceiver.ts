import type { DeviceIdentity, Occurrence } from '../events/deviceEvent';
import { EventGate, type EventGateOptions } from '../events/eventGate';
import { EventReader } from '../events/eventReader';
import { type Clock, systemClock } from '../protocols/clock';
import type { Post } from '../protocols/isapi/alarmHost';
import type { Part } from '../protocols/multipart/partSplitter';
import { PictureDesk, type PicturePolicy, type PictureSource } from './pictureDesk';
import type { RecorderChannels } from './recorderChannels';
import type { PostWatcher } from './watcher';

export interface AlarmReceiverOptions {
    /** What of the events comes out. */
    filter: Omit<EventGateOptions, 'clock' | 'onOccurrence'>;
    pictures: PicturePolicy;
    /** Where missing pictures come from, where the posting device can be asked. */
    source?: PictureSource;
    /** What is known of the one device that posts here, where only one does. */
    identity?: DeviceIdentity;
    /** What the channel numbers of that device mean. */
    channels?: RecorderChannels;
    /** Puts the events of that device in one order with those that come by its stream, and leaves out what came before. */
    order?: (occurrence: Occurrence, deliver: (occurrence: Occurrence) => void, drop: () => void) => void;
    clock?: Clock;
    watcher?: PostWatcher;
    /** @param post the post that brought the event, with the first of its events only: it has one answer */
    onOccurrence(occurrence: Occurrence, post: Post | undefined): void;
    /** A part of a post that holds no event, and why. */
    onUnreadable(part: Part, reason: string, post: Post): void;
}

/** Turns what devices post into events, and answers those posts that bring none. */
export class AlarmReceiver {
    readonly #reader: EventReader;
    readonly #channels: RecorderChannels | undefined;
    readonly #onUnreadable: AlarmReceiverOptions['onUnreadable'];
    readonly #gate: EventGate;
    readonly #desk: PictureDesk;
    /** Whose answer an event carries that has not gone out yet; emptied as they go, since a WeakMap would keep them all. */
    readonly #posts = new Map<Occurrence, Post>();
    readonly #order: AlarmReceiverOptions['order'];
    #current: Brought | undefined;

    constructor(options: AlarmReceiverOptions) {
        const { identity = {}, clock = systemClock, filter, watcher } = options;
        this.#channels = options.channels;
        this.#order = options.order;
        this.#onUnreadable = options.onUnreadable;
        this.#desk = new PictureDesk(options.pictures, options.source, (occurrence) => {
            const post = this.#posts.get(occurrence);
            this.#posts.delete(occurrence);
            options.onOccurrence(occurrence, post);
        });
        this.#gate = new EventGate({ ...filter, clock, onOccurrence: (occurrence) => this.#claim(occurrence) });
        this.#reader = new EventReader({
            via: 'alarm-http',
            device: identity,
            recorder: options.channels?.recorder,
            clock,
            onOccurrence: (occurrence) => {
                watcher?.event(occurrence.event, occurrence.pictures);
                this.#take(occurrence);
            },
            onHeartbeat: (at, heartbeat) => {
                if (this.#current !== undefined) watcher?.heartbeat(this.#current.post.source, heartbeat);
                this.#gate.heartbeat(at, heartbeat);
            },
            onUnreadable: (part, reason) => {
                if (this.#current !== undefined) options.onUnreadable(part, reason, this.#current.post);
            },
        });
    }

    /** Reads one post, whole or as much of it as arrived. */
    receive(post: Post): void {
        const step = () => this.#read(post);
        if (this.#channels === undefined) step();
        else this.#channels.read(post.parts, step, ({ message }) => this.#fail(post, message));
    }

    close(): void {
        this.#channels?.flush();
        this.#reader.close();
        this.#gate.close();
        this.#desk.close();
    }

    #fail(post: Post, reason: string): void {
        this.#current = undefined;
        post.respond();
        this.#onUnreadable(post.parts[0]!, reason, post);
    }

    #read(post: Post): void {
        const { parts, source, receivedAt, truncated } = post;
        this.#within({ post, ids: [], refused: false, waiting: 1 }, () =>
            this.#reader.body({ parts, receivedFrom: source, receivedAt, truncated }),
        );
    }

    #take(occurrence: Occurrence): void {
        const brought = this.#current;
        if (this.#order === undefined || brought === undefined || !this.#gate.admits(occurrence.event)) {
            this.#gate.push(occurrence);
            return;
        }
        brought.waiting += 1;
        this.#order(
            occurrence,
            (one) => this.#within(brought, () => this.#gate.push(one)),
            () => this.#within(brought, () => undefined),
        );
    }

    /** Does something about what a post brought; it is answered when nothing of it waits any more and nothing came out. */
    #within(brought: Brought, step: () => void): void {
        const before = this.#current;
        this.#current = brought;
        step();
        this.#current = before;
        brought.waiting -= 1;
        if (brought.waiting === 0 && brought.ids.length === 0) brought.post.respond();
    }

    #claim(occurrence: Occurrence): void {
        const brought = this.#current;
        if (brought !== undefined) {
            if (brought.ids.length === 0) this.#posts.set(occurrence, this.#answerable(brought));
            brought.ids.push(occurrence.event.id);
            if (brought.refused) this.#expectAgain([occurrence.event.id]);
        }
        this.#desk.push(occurrence);
    }

    /** The post as a flow gets it: where the flow refuses it the device sends it again, and that is no copy then. */
    #answerable(brought: Brought): Post {
        const { post } = brought;
        let answered = false;
        const respond: Post['respond'] = (content) => {
            // The first answer is the one that the device gets.
            if (!answered && isRefusal(content?.statusCode)) {
                brought.refused = true;
                this.#expectAgain(brought.ids);
            }
            answered = true;
            return post.respond(content);
        };
        return { ...post, respond };
    }

    #expectAgain(ids: readonly string[]): void {
        for (const id of ids) {
            this.#reader.expectAgain(id);
            this.#gate.expectAgain(id);
        }
    }
}

/** One post and what came of it. */
interface Brought {
    post: Post;
    /** Events that came out. */
    ids: string[];
    /** Whether the flow refused it. */
    refused: boolean;
    /** Events that wait for their turn, and the reading itself. */
    waiting: number;
}

/** Devices send again whatever was not answered with success (vendor's alarm-listening article). */
function isRefusal(statusCode = 200): boolean {
    return statusCode >= 300 && statusCode <= 599;
}
