import { type Clock, systemClock } from '../protocols/clock';
import type { DeviceEvent, Occurrence } from './deviceEvent';
import { Conditions } from './hold';
import { deviceKey, keyOf } from './identity';
import { isoAt, offsetOf } from './time';

export interface EventGateOptions {
    /** Kinds, types or families in any case; `other` for what is not in the vocabulary. Empty: all. */
    kinds: string[];
    /** Channels; 0 for events of the device itself. Empty: all. */
    channels: number[];
    /** `edges`: begin and end of a condition; `all`: its repeats too. */
    repeat: 'edges' | 'all';
    /** Milliseconds of silence after which a condition has ended; 0 for never. */
    hold: number;
    /** What happens to events that the device sends again: `live` leaves them out, `only` leaves out all others. */
    replay: 'live' | 'all' | 'only';
    /** Whether heartbeats come out as events. */
    heartbeats: boolean;
    /**
     * Whether operations at a terminal come out (major 3: logins, arming, time synchronisation). Our own logins are
     * among them. True by default.
     */
    operations?: boolean;
    /** Whether an occurrence may come out here, or came out of another node of the same device; see {@link OnceWindow}. */
    claim?: (occurrence: Occurrence) => boolean;
    clock?: Clock;
    onOccurrence(occurrence: Occurrence): void;
}

/** Why an event did not come out. */
export type Reason = 'kind' | 'channel' | 'replay' | 'repeat' | 'operation' | 'elsewhere';

/** How many late pictures an event that came out may still be waiting for. */
const MAX_PASSED = 64;
const MAX_AWAITED = 10_000;
/** Characters of its last message that an open condition keeps. */
const LONGEST_KEPT = 16 * 1024;

/**
 * What of the events of a shared device comes out of one node. Everything that does not is counted by its reason.
 *
 * Events of the history, and those that were missed the first time, pass whatever `replay` says: somebody asked for them.
 */
export class EventGate {
    readonly withheld: Record<Reason, number> = {
        kind: 0,
        channel: 0,
        replay: 0,
        repeat: 0,
        operation: 0,
        elsewhere: 0,
    };
    private readonly kinds: ReadonlySet<string>;
    private readonly channels: ReadonlySet<number>;
    private readonly clock: Clock;
    private readonly conditions: Conditions<Occurrence>;
    /** Ids of the latest events that came out, each in the place of the oldest. */
    private readonly passed: string[] = [];
    private nextPassed = 0;
    private readonly awaited = new Set<string>();
    /** Places whose condition began in another node: that one ends it, too, where the device does not. */
    private readonly begunElsewhere = new Set<string>();
    private closed = false;

    constructor(private readonly options: EventGateOptions) {
        this.kinds = new Set(options.kinds.map((kind) => kind.trim().toLowerCase()).filter((kind) => kind !== ''));
        this.channels = new Set(options.channels);
        this.clock = options.clock ?? systemClock;
        this.conditions = new Conditions({
            hold: options.hold,
            clock: this.clock,
            onSilence: (last) => this.end(last),
        });
    }

    push(occurrence: Occurrence): void {
        if (this.closed) return;
        const reason = this.reasonAgainst(occurrence) ?? this.takenElsewhere(occurrence);
        if (reason !== undefined) this.withheld[reason] += 1;
        else {
            this.remember(occurrence.event.id);
            this.options.onOccurrence(occurrence);
        }
    }

    /** @param heartbeat makes the event; called only where it is wanted */
    heartbeat(_at: number, heartbeat?: () => Occurrence): void {
        if (this.closed || !this.options.heartbeats || heartbeat === undefined) return;
        const occurrence = heartbeat();
        if (this.admitsChannel(occurrence.event)) this.options.onOccurrence(occurrence);
    }

    /** Nobody took the event with this id: when it comes again it passes, be it a repeat or late by then. */
    expectAgain(id: string): void {
        if (this.awaited.size >= MAX_AWAITED) this.awaited.clear();
        this.awaited.add(id);
    }

    /** Whether an event is of the kinds and channels that come out here. */
    admits(event: DeviceEvent): boolean {
        return (this.kinds.size === 0 || this.admitsKind(event)) && this.admitsChannel(event);
    }

    /** Leaves no timer behind. Conditions that are open end without a word: nobody listens any more. */
    close(): void {
        this.closed = true;
        this.conditions.close();
        this.passed.length = 0;
        this.begunElsewhere.clear();
    }

    private reasonAgainst(occurrence: Occurrence): Reason | undefined {
        const { event } = occurrence;
        if (this.kinds.size > 0 && !this.admitsKind(event)) return 'kind';
        if (!this.admitsChannel(event)) return 'channel';
        if (this.awaited.delete(event.id)) return undefined;
        const isWanted = event.via === 'history' || occurrence.recovered === true;
        if (!isWanted && !this.admitsReplay(event)) return 'replay';
        if (this.options.operations === false && event.access?.major === 3) return 'operation';
        if (event.state === 'pulse' || event.replay) return undefined;
        if (event.warnings?.includes('late-pictures')) return this.passed.includes(event.id) ? undefined : 'repeat';
        return this.isNews(occurrence) || this.options.repeat === 'all' ? undefined : 'repeat';
    }

    private takenElsewhere(occurrence: Occurrence): Reason | undefined {
        if (this.options.claim === undefined) return undefined;
        const place = placeOf(occurrence.event);
        const isOurs = this.options.claim(occurrence);
        if (isOurs || occurrence.event.state !== 'active') this.begunElsewhere.delete(place);
        else this.begunElsewhere.add(place);
        return isOurs ? undefined : 'elsewhere';
    }

    private admitsKind({ kind, type, family }: DeviceEvent): boolean {
        return (
            this.kinds.has(kind) ||
            this.kinds.has(family) ||
            this.kinds.has(type.toLowerCase()) ||
            (family === 'unknown' && this.kinds.has('other'))
        );
    }

    private admitsChannel({ channel }: DeviceEvent): boolean {
        return this.channels.size === 0 || this.channels.has(channel ?? 0);
    }

    private admitsReplay({ replay }: DeviceEvent): boolean {
        return this.options.replay === 'all' || replay === (this.options.replay === 'only');
    }

    private isNews(occurrence: Occurrence): boolean {
        const { event } = occurrence;
        const place = placeOf(event);
        const region = regionOf(event);
        const last = lastOf(occurrence);
        const change =
            event.state === 'active'
                ? this.conditions.active(place, region, last)
                : this.conditions.inactive(place, region);
        return change === 'begin' || change === 'end';
    }

    private remember(id: string): void {
        this.passed[this.nextPassed] = id;
        this.nextPassed = (this.nextPassed + 1) % MAX_PASSED;
    }

    private end(last: Occurrence): void {
        if (this.begunElsewhere.delete(placeOf(last.event))) return;
        this.options.onOccurrence(this.endOf(last));
    }

    /** The end that the device did not send. */
    private endOf({ event, raw }: Occurrence): Occurrence {
        const now = this.clock.now();
        const { warnings: _warnings, truncated: _truncated, deviceTime: _deviceTime, ...rest } = event;
        const end: DeviceEvent = {
            ...rest,
            id: `${event.id}-end`,
            state: 'inactive',
            synthetic: true,
            time: isoAt(now, offsetOf(event.time)),
            timeQuality: 'received',
            receivedAt: new Date(now).toISOString(),
        };
        return { event: end, pictures: [], raw };
    }
}

/** A condition may last for days: it keeps neither the pictures of its last message nor a text of any length. */
function lastOf(occurrence: Occurrence): Occurrence {
    const { event, pictures, raw } = occurrence;
    const isLong = (raw.text?.length ?? 0) > LONGEST_KEPT;
    if (pictures.length === 0 && !isLong) return occurrence;
    const { format, text } = raw;
    return { event, pictures: [], raw: isLong ? { format, text: text!.slice(0, LONGEST_KEPT) } : raw };
}

/** By kind: `duration` goes on with what another type began. */
function placeOf({ device, channel, kind, io }: DeviceEvent): string {
    return `${deviceKey(device)}|${channel ?? ''}|${kind}|${io?.input ?? ''}`;
}

function regionOf({ regions }: DeviceEvent): string {
    if (regions === undefined) return '';
    if (regions.length === 1) return keyOf(regions[0]!.id ?? '');
    return keyOf(regions.map(({ id }) => id ?? '').join(','));
}
