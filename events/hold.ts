import { type Clock, systemClock } from '../protocols/clock';

/** What a message means for the condition it tells of. */
export type Change = 'begin' | 'update' | 'end' | 'none';

interface Open<T> {
    /** The last message of the condition. */
    last: T;
    /** When that message came, by `Clock.elapsed`. */
    at: number;
    cancel?: () => void;
}

interface Place<T> {
    /** By region; a message without a region has the empty one. */
    open: Map<string, Open<T>>;
}

const MAX_PLACES = 10_000;
/** Regions of one place that are open; a device has sixteen at most. */
const MAX_REGIONS = 256;

export interface ConditionsOptions<T> {
    /** Milliseconds without a message after which a condition has ended; 0 for never. */
    hold: number;
    clock?: Clock;
    /** A condition ended because nothing came any more. */
    onSilence(last: T): void;
}

/**
 * Which conditions last, by place (device, channel, type) and region.
 *
 * Many recorders never say that something ended (2 516 times motion and not one end in 22 minutes, CornerBit/HikSink);
 * they repeat it about once a second while it lasts, so that silence is the end. Cameras do say it, but leave out the
 * regions that began: an end without a region ends them all.
 */
export class Conditions<T> {
    private readonly clock: Clock;
    /** A place stays known when nothing is open there any more: its next end says nothing new. */
    private readonly places = new Map<string, Place<T>>();

    constructor(private readonly options: ConditionsOptions<T>) {
        this.clock = options.clock ?? systemClock;
    }

    active(place: string, region: string, message: T): Change {
        const { open } = this.placeOf(place);
        const now = this.clock.elapsed();
        const known = open.get(region);
        if (known !== undefined) {
            known.last = message;
            known.at = now;
            return 'update';
        }
        // A continued event names no region: it keeps up whatever is open there.
        if (region === '' && open.size > 0) {
            for (const condition of open.values()) condition.at = now;
            return 'update';
        }
        if (open.size >= MAX_REGIONS) return 'begin';
        const condition: Open<T> = { last: message, at: now };
        open.set(region, condition);
        if (this.options.hold > 0) this.watch(place, region, condition, this.options.hold);
        return 'begin';
    }

    inactive(place: string, region: string): Change {
        const before = this.places.get(place);
        if (before === undefined) {
            // It began before we listened.
            this.placeOf(place);
            return 'end';
        }
        const { open } = before;
        let ended: string[] = [];
        if (region === '') ended = [...open.keys()];
        else if (open.has(region)) ended = [region];
        else if (open.has('')) ended = [''];
        for (const each of ended) {
            open.get(each)?.cancel?.();
            open.delete(each);
        }
        return ended.length > 0 ? 'end' : 'none';
    }

    /** Forgets everything; no timer is left. */
    close(): void {
        for (const { open } of this.places.values()) for (const { cancel } of open.values()) cancel?.();
        this.places.clear();
    }

    private placeOf(place: string): Place<T> {
        const known = this.places.get(place);
        if (known !== undefined) return known;
        if (this.places.size >= MAX_PLACES) this.makeRoom();
        const fresh: Place<T> = { open: new Map() };
        this.places.set(place, fresh);
        return fresh;
    }

    private makeRoom(): void {
        for (const [place, { open }] of this.places) if (open.size === 0) this.places.delete(place);
        const [oldest] = this.places.keys();
        if (this.places.size < MAX_PLACES || oldest === undefined) return;
        for (const { cancel } of this.places.get(oldest)!.open.values()) cancel?.();
        this.places.delete(oldest);
    }

    /** One timer for a condition however often it is repeated: when it fires too early it is set again. */
    private watch(place: string, region: string, condition: Open<T>, after: number): void {
        condition.cancel = this.clock.after(after, () => {
            const left = condition.at + this.options.hold - this.clock.elapsed();
            if (left > 0) {
                this.watch(place, region, condition, left);
                return;
            }
            this.places.get(place)?.open.delete(region);
            this.options.onSilence(condition.last);
        });
    }
}
