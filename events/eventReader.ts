import { type Clock, systemClock } from '../protocols/clock';
import type { TextFallback } from '../protocols/documents/readText';
import type { Fields } from '../protocols/documents/values';
import type { Part } from '../protocols/multipart/partSplitter';
import { type ReadBody, readBefore, readBody } from './body';
import type { Recorder } from './channel';
import { CopyMarks } from './copyMark';
import type { DeviceEvent, DeviceIdentity, Occurrence, RawBody, Vendor, Via } from './deviceEvent';
import { DuplicateWindow } from './duplicateWindow';
import { heartbeatForm, peek } from './heartbeat';
import { historyBody } from './historyRow';
import { deviceKey, isContentId } from './identity';
import { normalise, type Reading } from './normalise';
import type { Origin } from './normalise/draft';
import { readAnnouncement } from './pictureRoles';
import { type Announced, PictureCollector } from './pictures';
import { ReplayJudge } from './replay';
import { readTime } from './time';

export interface EventReaderOptions {
    via: Via;
    /** What is configured or known of the device; bodies fill the gaps. Its owner may learn more and change it. */
    device: DeviceIdentity;
    vendor?: Vendor;
    /** The address that sends, where none is configured. */
    receivedFrom?: string;
    clock?: Clock;
    /** Epoch milliseconds at which the stream was opened; see {@link EventReader.opened}. */
    connectedAt?: number;
    recorder?: Recorder;
    /** How to read bytes that are not in the charset they are declared in. */
    textFallback?: TextFallback;
    /** Minutes east of UTC for times without offset; by default those of this machine. */
    assumedOffset?: number;
    onOccurrence(occurrence: Occurrence): void;
    /** A sign of life that is no event; `heartbeat` makes one of it for whoever wants to see it. */
    onHeartbeat?(at: number, heartbeat: () => Occurrence): void;
    /** A part that holds no event, and why. */
    onUnreadable?(part: Part, reason: string): void;
}

/** A body that was pushed: all its parts at once. */
export interface PushedBody {
    parts: Part[];
    receivedFrom?: string;
    /** Epoch milliseconds; now by default. */
    receivedAt?: number;
    /** True where the body was cut off. */
    truncated?: boolean;
}

export interface ReaderCounters {
    events: number;
    heartbeats: number;
    /** Copies of an event that had been delivered. */
    copies: number;
    unreadable: number;
}

/** What came of one text part. */
interface Outcome {
    read: Announced[];
    copies: number;
    /** Heartbeats that were only recognised by reading them. */
    heartbeats: number;
    /** Events that were left out, because there were too many. */
    left: number;
}

const NOTHING: Outcome = { read: [], copies: 0, heartbeats: 0, left: 0 };

/** Events of one body, and the bytes of its text: far more than any device sends at once. */
const MOST_EVENTS = 1000;
const MOST_TEXT = 2 * 1024 * 1024;

/** Copies of an event that has an id of its own: sent again after an outage, or with the log after a reconnect. */
const SPAN_BY_ID = 10 * 60_000;
/** Copies of any other event: sent again because an answer got lost. */
const SPAN_BY_CONTENT = 3000;
/** How far apart the copies of a `duration` event are (mezz64/pyHik#62). */
const DURATION_SPAN = 1000;
const MAX_DURATIONS = 256;
/** Far more than the channels of all devices that post to one host. */
const MAX_OPEN_LOSSES = 10_000;
const MAX_CUT = 1024;
const MAX_AWAITED = 10_000;

/** In a body with several events these are the message; the others are its context, and come after it. */
const FOREMOST = new Set(['face-comparison', 'access', 'doorbell', 'call']);

/**
 * Turns the parts of one source into events: a stream of one device, or the pushes of any number of them.
 *
 * It keeps what must be remembered between parts: pictures that belong together, video losses that are open (they tell
 * a heartbeat from the end of a loss), copies, and what the clock of the device is worth. It never throws: what cannot
 * be read is reported, and an event with odd fields carries `warnings`.
 */
export class EventReader {
    readonly counters: ReaderCounters = { events: 0, heartbeats: 0, copies: 0, unreadable: 0 };
    private via: Via;
    private vendor: Vendor;
    private readonly clock: Clock;
    private readonly pictures: PictureCollector;
    /** Made with the first event: most streams bring heartbeats only for hours. */
    private duplicates: DuplicateWindow | undefined;
    private readonly marks = new CopyMarks();
    private readonly replay = new ReplayJudge();
    private readonly openLosses = new Set<string>();
    /** Ids of events that came in a body which was cut off: when the device sends them again, that is the whole of them. */
    private readonly cut = new Set<string>();
    /** Ids of events that nobody took: the device sends them again, and that is no copy. */
    private readonly awaited = new Set<string>();
    /** Event time of the last `duration` by device, channel and what goes on. */
    private readonly durations = new Map<string, number>();
    /** The hardware address in the last body: rows of the history, which have none, are of the same device. */
    private mac: string | undefined;
    /** When the stream was opened, by `Clock.elapsed`. */
    private openedAt = 0;
    private closed = false;

    constructor(private readonly options: EventReaderOptions) {
        this.via = options.via;
        this.vendor = options.vendor ?? 'hikvision';
        this.clock = options.clock ?? systemClock;
        this.pictures = new PictureCollector({
            clock: this.clock,
            emit: (occurrence) => this.emit(occurrence),
            onOrphan: (part) => this.reject(part, 'a picture without an event'),
        });
        if (options.connectedAt !== undefined) this.judgeFrom(options.connectedAt);
    }

    /**
     * The stream was opened (again) at `at`, epoch milliseconds: what is older is a replay. How it was opened may have
     * shown whose words it holds.
     */
    opened(at: number, via: Via = this.via, vendor: Vendor = this.vendor): void {
        this.via = via;
        this.vendor = vendor;
        this.pictures.flush();
        this.judgeFrom(at);
    }

    /** One part of a stream. */
    part(part: Part): void {
        if (this.closed) return;
        if (part.kind === 'binary') this.pictures.picture(part);
        else {
            const { read, copies } = this.readText(part, this.originOf(this.clock.now()));
            this.pictures.textPart(read, copies > 0);
        }
    }

    /** A whole pushed body. Its pictures need no waiting for, and may stand before their event. */
    body({ parts, receivedFrom, receivedAt = this.clock.now(), truncated = false }: PushedBody): void {
        if (this.closed) return;
        const origin = this.originOf(receivedAt, receivedFrom);
        const read: Announced[] = [];
        let copies = 0;
        let text = 0;
        for (const part of parts) {
            if (part.kind === 'binary') continue;
            text += part.body.length;
            if (text > MOST_TEXT || read.length >= MOST_EVENTS) {
                this.reject(part, 'the body holds more than any device sends at once');
                continue;
            }
            const outcome = this.readText(part, origin, !truncated);
            read.push(...outcome.read);
            copies += outcome.copies;
        }
        read.sort((one, other) => rank(one.event) - rank(other.event));
        if (truncated) {
            for (const { event } of read) {
                event.truncated = true;
                if (this.cut.size >= MAX_CUT) this.cut.clear();
                this.cut.add(event.id);
            }
        }
        const pictures = parts.filter((part) => part.kind === 'binary');
        this.pictures.body(read, pictures, copies > 0);
    }

    /** Rows of `/ISAPI/AccessControl/AcsEvent`; those that came by the stream already are left out. */
    history(rows: Fields[]): void {
        for (const row of rows) this.past(historyBody(row), row);
    }

    /** Something that the device tells of the past: `body` as a stream would have brought it, `original` as it came. */
    past(body: Fields, original: Fields): void {
        if (this.closed) return;
        const origin: Origin = { ...this.originOf(this.clock.now()), via: 'history' };
        if (this.mac !== undefined) origin.device = { mac: this.mac, ...origin.device };
        const { read } = this.readEvents([body], { format: 'json', object: original }, origin);
        for (const { event, raw, announcement } of read) {
            event.replay = true;
            const occurrence: Occurrence = { event, pictures: [], raw };
            if (announcement.links.length > 0) occurrence.links = announcement.links;
            this.emit(occurrence);
        }
    }

    /** The device was told that the event with this id was not taken: when it sends it again, it comes out again. */
    expectAgain(id: string): void {
        if (this.awaited.size >= MAX_AWAITED) this.awaited.clear();
        this.awaited.add(id);
    }

    /** Sends what waits for pictures. */
    flush(): void {
        this.pictures.flush();
    }

    /** Sends what waits for pictures, and nothing after that. */
    close(): void {
        if (this.closed) return;
        this.pictures.close();
        this.closed = true;
    }

    private judgeFrom(openedAt: number): void {
        this.replay.opened(openedAt);
        this.openedAt = this.clock.elapsed() - (this.clock.now() - openedAt);
    }

    private originOf(receivedAt: number, receivedFrom = this.options.receivedFrom): Origin {
        const { device, recorder, assumedOffset } = this.options;
        const { vendor, via } = this;
        return { vendor, via, device, receivedFrom, receivedAt, recorder, assumedOffset };
    }

    private readText(part: Part, origin: Origin, isWhole = false): Outcome {
        try {
            const before = readBefore(part);
            const form = before === undefined ? heartbeatForm(part) : before.heartbeat;
            if (form === 'heartbeat' || (form === 'no-video-loss' && this.openLosses.size === 0)) {
                this.heartbeat(part, origin);
                return NOTHING;
            }
            const body = readBody(part, this.options.textFallback);
            if (form === 'no-video-loss' && !this.endsLoss(body, origin)) {
                this.heartbeat(part, origin);
                return NOTHING;
            }
            const outcome = this.readEvents(body.candidates, body.raw, origin, isWhole);
            if (outcome.heartbeats > 0) this.heartbeat(part, origin);
            else if (outcome.read.length === 0 && outcome.copies === 0) this.rejectBody(part, body);
            if (outcome.left > 0) this.reject(part, `only the first ${outcome.read.length} events of it were read`);
            for (const { event } of outcome.read) {
                if (body.warnings.length > 0) event.warnings = [...(event.warnings ?? []), ...body.warnings];
                if (!body.complete) event.truncated = true;
            }
            return outcome;
        } catch (error) {
            // A fault of ours must not end a stream; the part goes where unreadable ones go.
            this.reject(part, error instanceof Error ? error.message : String(error));
            return NOTHING;
        }
    }

    private readEvents(candidates: Fields[], raw: RawBody, origin: Origin, isWhole = false): Outcome {
        const outcome: Outcome = { read: [], copies: 0, heartbeats: 0, left: 0 };
        for (const candidate of candidates) {
            if (outcome.read.length >= MOST_EVENTS) {
                outcome.left += 1;
                continue;
            }
            for (const reading of normalise(candidate, origin)) {
                const { event, body } = reading;
                if (event.kind === 'heartbeat') {
                    outcome.heartbeats += 1;
                    continue;
                }
                event.replay = this.isReplay(reading, origin);
                this.mac = event.device.mac ?? this.mac;
                this.noteLoss(event);
                const isCopy = this.isCopy(reading);
                const completes = isCopy && isWhole && this.cut.delete(event.id);
                if (completes) event.warnings = [...(event.warnings ?? []), 'late-pictures'];
                if (isCopy && !completes) outcome.copies += 1;
                else outcome.read.push({ event, raw, announcement: readAnnouncement(body, event) });
            }
        }
        this.counters.copies += outcome.copies;
        return outcome;
    }

    private isReplay({ event, body, epoch, offset }: Reading, origin: Origin): boolean {
        const shown = event.timeQuality === 'received' ? undefined : { epoch, offset };
        return this.replay.isReplay(body, shown, origin.receivedAt, origin.assumedOffset);
    }

    private isCopy({ event, body, detail, epoch }: Reading): boolean {
        if (this.awaited.delete(event.id)) return false;
        const now = this.clock.elapsed();
        if (event.type.toLowerCase() === 'duration' && this.isDurationCopy(event, detail, epoch)) return true;
        if (!isContentId(event.id)) {
            // Every form of one event shows the same wall clock.
            const wall = (event.deviceTime ?? event.time).slice(0, 19);
            return this.seen().isCopy(event.id, wall, now, SPAN_BY_ID);
        }
        // Without a time of its own nothing tells a copy from the next event of its kind.
        if (event.timeQuality === 'received') return false;
        // A repeat within the same second is no copy: it counts on, or tells of something else.
        return this.seen().isCopy(event.id, this.marks.markOf(event, body, detail), now, SPAN_BY_CONTENT);
    }

    private seen(): DuplicateWindow {
        this.duplicates ??= new DuplicateWindow();
        return this.duplicates;
    }

    private isDurationCopy(event: DeviceEvent, detail: string, epoch: number): boolean {
        const key = `${placeOf(event)}|${detail}|${event.state}`;
        const before = this.durations.get(key);
        if (before !== undefined && Math.abs(epoch - before) <= DURATION_SPAN) return true;
        if (this.durations.size >= MAX_DURATIONS) this.durations.clear();
        this.durations.set(key, epoch);
        return false;
    }

    private noteLoss(event: DeviceEvent): void {
        if (event.kind !== 'video-loss') return;
        this.openLosses.delete(placeOf(event));
        if (event.state !== 'active') return;
        this.openLosses.add(placeOf(event));
        if (this.openLosses.size <= MAX_OPEN_LOSSES) return;
        const [oldest] = this.openLosses;
        this.openLosses.delete(oldest!);
    }

    private endsLoss(body: ReadBody, origin: Origin): boolean {
        return body.candidates.some((candidate) =>
            normalise(candidate, origin).some(({ event }) => this.openLosses.has(placeOf(event))),
        );
    }

    private heartbeat(part: Part, origin: Origin): void {
        this.counters.heartbeats += 1;
        const open = this.clock.elapsed() - this.openedAt;
        if (this.replay.needsClock(open)) {
            const { epoch, quality } = readTime(peek(part.body, 'dateTime'), origin.receivedAt, origin.assumedOffset);
            if (quality !== 'received') this.replay.heardLive(epoch, open);
        }
        this.options.onHeartbeat?.(origin.receivedAt, () => heartbeatOccurrence(part, origin));
    }

    private emit(occurrence: Occurrence): void {
        this.counters.events += 1;
        this.options.onOccurrence(occurrence);
    }

    private rejectBody(part: Part, { raw, candidates, complete }: ReadBody): void {
        const root = candidates.length > 0 ? Object.keys(candidates[0]!)[0] : undefined;
        // The first part of a subscription says that it was accepted; what it refuses is worth a word.
        if (root === 'SubscribeEventResponse' && !raw.text?.includes('FailedEvent')) return;
        if (!complete) this.reject(part, 'the body breaks off');
        else if (root !== undefined) this.reject(part, `${root} is no event`);
        else this.reject(part, raw.format === 'text' ? 'neither XML nor JSON' : 'no event in it');
    }

    private reject(part: Part, reason: string): void {
        this.counters.unreadable += 1;
        this.options.onUnreadable?.(part, reason);
    }
}

function rank(event: DeviceEvent): number {
    return FOREMOST.has(event.kind) ? 0 : 1;
}

function placeOf(event: DeviceEvent): string {
    return `${deviceKey(event.device)}|${event.channel ?? ''}`;
}

function heartbeatOccurrence(part: Part, origin: Origin): Occurrence {
    const { raw, candidates } = readBody(part);
    const [reading] = normalise({ eventType: 'heartBeat', ...candidates[0] }, origin);
    const event: DeviceEvent = { ...reading!.event, kind: 'heartbeat', family: 'health', state: 'pulse' };
    return { event, pictures: [], raw };
}
