import type { DeviceIdentity, Occurrence } from '../events/deviceEvent';
import { EventGate, type EventGateOptions } from '../events/eventGate';
import { EventReader } from '../events/eventReader';
import { type Clock, systemClock } from '../protocols/clock';
import type { Post } from '../protocols/isapi/alarmHost';
import type { Part } from '../protocols/multipart/partSplitter';
import { PictureDesk, type PicturePolicy, type PictureSource } from './pictureDesk';
import type { RecorderChannels } from './recorderChannels';
import type { DeviceWatcher } from './watcher';

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
    clock?: Clock;
    watcher?: Pick<DeviceWatcher, 'event'>;
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
    #current: Post | undefined;
    #brought: Brought = { ids: [], refused: false };

    constructor(options: AlarmReceiverOptions) {
        const { identity = {}, clock = systemClock, filter, watcher } = options;
        this.#channels = options.channels;
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
                this.#gate.push(occurrence);
            },
            onHeartbeat: (at, heartbeat) => this.#gate.heartbeat(at, heartbeat),
            onUnreadable: (part, reason) => {
                if (this.#current !== undefined) options.onUnreadable(part, reason, this.#current);
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
        this.#current = post;
        this.#brought = { ids: [], refused: false };
        const { parts, source, receivedAt, truncated } = post;
        this.#reader.body({ parts, receivedFrom: source, receivedAt, truncated });
        this.#current = undefined;
        if (this.#brought.ids.length === 0) post.respond();
    }

    #claim(occurrence: Occurrence): void {
        if (this.#current !== undefined) {
            const { ids, refused } = this.#brought;
            if (ids.length === 0) this.#posts.set(occurrence, this.#answerable(this.#current));
            ids.push(occurrence.event.id);
            if (refused) this.#expectAgain([occurrence.event.id]);
        }
        this.#desk.push(occurrence);
    }

    /** The post as a flow gets it: where the flow refuses it the device sends it again, and that is no copy then. */
    #answerable(post: Post): Post {
        const brought = this.#brought;
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

/** The events of one post, and whether the flow refused it. */
interface Brought {
    ids: string[];
    refused: boolean;
}

/** Devices send again whatever was not answered with success (vendor's alarm-listening article). */
function isRefusal(statusCode = 200): boolean {
    return statusCode >= 300 && statusCode <= 599;
}
