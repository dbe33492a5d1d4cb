import { type Clock, systemClock } from '../../protocols/clock';
import type { Exchange } from '../exchange';
import { noSlotDocument } from '../outcomes';
import { type Random, seededRandom } from '../random';
import { EventStream } from './eventStream';
import type { Framing, StreamPart } from './framing';
import type { Replay } from './replay';

export interface EventStreamsOptions {
    framing: Framing;
    /** Streams at a time; the next one is answered 403 (ultimate#74). */
    slots: number;
    heartbeat: {
        /** 0: none. */
        seconds: number;
        /** Cameras keep still while events flow (CornerBit/HikSink, ultimate#83); terminals do not. */
        onlyWhenIdle: boolean;
        part(): StreamPart;
    };
    clock?: Clock;
    random?: Random;
    /** After the head and before the first event: a terminal replays its log here. */
    onOpen?(stream: EventStream): void;
    onClose?(stream: EventStream): void;
    /** Captured bytes that are played in place of heartbeats and of what `onOpen` would send. */
    replay?: Replay;
}

/** The alert streams that clients hold open at one device. */
export class EventStreams {
    readonly #streams = new Set<EventStream>();
    readonly #options: EventStreamsOptions;
    readonly #clock: Clock;
    readonly #random: Random;
    readonly #waiting: { count: number; resolve(): void }[] = [];
    #answers = 0;
    #opened = 0;
    #cancelHeartbeat: () => void = () => undefined;

    constructor(options: EventStreamsOptions) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#random = options.random ?? seededRandom(1);
    }

    /** Streams that are open now. */
    get size(): number {
        return this.#streams.size;
    }

    /** Streams that were ever opened. */
    get opened(): number {
        return this.#opened;
    }

    [Symbol.iterator](): Iterator<EventStream> {
        return this.#streams.values();
    }

    /** Resolves as soon as `count` streams are open at the same time. */
    async whenOpen(count = 1): Promise<void> {
        if (this.size >= count) return;
        await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    }

    /**
     * Answers the GET of `alertStream` or the POST of `subscribeEvent`.
     *
     * @param first what stands at the head of the stream, e.g. a SubscribeEventResponse
     * @param wants which events go to this client
     */
    open(exchange: Exchange, first: StreamPart[] = [], wants?: (eventType: string) => boolean): void {
        this.#answers += 1;
        const { framing, slots } = this.#options;
        const alternate = framing.oneShot === 'alternating' && this.#answers % 2 === 0;
        if (alternate || this.size >= slots) {
            exchange.sendXml(noSlotDocument(exchange.path), 403);
            return;
        }
        if (framing.oneShot !== 'never') {
            this.#answerOnce(exchange);
            return;
        }
        const socket = exchange.takeSocket();
        if (socket === undefined) return;
        const stream = new EventStream(socket, exchange.source, framing, this.#random, this.#clock, wants);
        const { replay } = this.#options;
        stream.head(replay?.head);
        this.#add(stream);
        if (replay !== undefined) {
            replay.play(stream);
            return;
        }
        stream.send(first);
        this.#options.onOpen?.(stream);
        if (this.size === 1 || this.#options.heartbeat.onlyWhenIdle) this.#scheduleHeartbeat();
    }

    /** One event and its pictures, to everybody who wants it. */
    send(parts: readonly StreamPart[], eventType: string): void {
        for (const stream of this.#streams) if (stream.wants(eventType)) stream.send(parts);
        if (this.#options.heartbeat.onlyWhenIdle) this.#scheduleHeartbeat();
    }

    /** A heartbeat now, whatever the cadence. */
    beat(): void {
        const part = this.#options.heartbeat.part();
        for (const stream of this.#streams) stream.send([part]);
    }

    drop(): void {
        for (const stream of this.#streams) stream.destroy();
    }

    stall(): void {
        for (const stream of this.#streams) stream.stall();
    }

    resume(): void {
        for (const stream of this.#streams) stream.resume();
    }

    close(): void {
        this.#cancelHeartbeat();
        this.drop();
        this.#streams.clear();
        for (const { resolve } of this.#waiting.splice(0)) resolve();
    }

    #add(stream: EventStream): void {
        this.#opened += 1;
        this.#streams.add(stream);
        stream.socket.once('close', () => {
            this.#streams.delete(stream);
            this.#options.onClose?.(stream);
            if (this.#streams.size === 0) this.#cancelHeartbeat();
        });
        for (const waiter of [...this.#waiting]) {
            if (this.size < waiter.count) continue;
            this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
            waiter.resolve();
        }
    }

    #scheduleHeartbeat(): void {
        this.#cancelHeartbeat();
        const { seconds } = this.#options.heartbeat;
        if (seconds === 0 || this.size === 0 || this.#options.replay !== undefined) return;
        this.#cancelHeartbeat = this.#clock.after(seconds * 1000, () => {
            this.beat();
            this.#scheduleHeartbeat();
        });
    }

    /** A bare heartbeat as the whole answer (DS-KB6003: keep-alive with timeout=60, max=5). */
    #answerOnce(exchange: Exchange): void {
        const { body } = this.#options.heartbeat.part();
        exchange.response.setHeader('Keep-Alive', 'timeout=60, max=5');
        exchange.send(200, 'application/xml', body);
    }
}
