import { type Clock, systemClock } from '../protocols/clock';
import type { Fault } from '../protocols/errors';
import type { Rejection } from '../protocols/isapi/alarmHost';

/** Posts of one address. */
export interface AddressRecord {
    address: string;
    posts: number;
    rejected: number;
    /** Epoch milliseconds. */
    lastAt: number;
    /** Why the last refused one was refused. */
    fault?: Fault;
}

/** Addresses that are kept; the one that was silent longest makes room. */
const MOST_ADDRESSES = 50;

/** What a listening host has seen since it was deployed: the answer to “why does nothing arrive?”. */
export class AlarmWatch {
    readonly #clock: Clock;
    readonly #addresses = new Map<string, AddressRecord>();
    /** Epoch milliseconds. */
    readonly since: number;
    lastEvent: { at: number; kind: string; channel: number | null } | undefined;

    constructor(clock: Clock = systemClock) {
        this.#clock = clock;
        this.since = clock.now();
    }

    /** The address that was heard last comes first. */
    get addresses(): AddressRecord[] {
        return [...this.#addresses.values()].reverse();
    }

    posted(source: string): void {
        this.#record(source).posts += 1;
    }

    rejected({ source, fault }: Pick<Rejection, 'source' | 'fault'>): void {
        const record = this.#record(source);
        record.rejected += 1;
        record.fault = fault;
    }

    event({ kind, channel }: { kind: string; channel: number | null }): void {
        this.lastEvent = { at: this.#clock.now(), kind, channel };
    }

    #record(address: string): AddressRecord {
        const record = this.#addresses.get(address) ?? { address, posts: 0, rejected: 0, lastAt: 0 };
        record.lastAt = this.#clock.now();
        // Behind all others: the order of the map is that of the last posts.
        this.#addresses.delete(address);
        this.#addresses.set(address, record);
        if (this.#addresses.size > MOST_ADDRESSES) {
            const [silent] = this.#addresses.keys();
            this.#addresses.delete(silent!);
        }
        return record;
    }
}
