import type { IsupLimits } from './limits';

/** A bucket that fills by `rate` a second up to `size`. */
class Bucket {
    private level: number;
    private at: number;

    constructor(
        private readonly rate: number,
        private readonly size: number,
        now: number,
    ) {
        this.level = size;
        this.at = now;
    }

    take(amount: number, now: number): boolean {
        this.level = Math.min(this.size, this.level + (Math.max(0, now - this.at) / 1000) * this.rate);
        this.at = now;
        if (this.level < amount) return false;
        this.level -= amount;
        return true;
    }
}

interface Source {
    waiting: number;
    connections: number;
    arrivals?: Bucket;
    datagrams?: Bucket;
    replies?: Bucket;
    usedAt: number;
}

/** An address without connections is forgotten after this long: by then its buckets are full again. */
const FORGET_AFTER = 60_000;
const SWEEP_AGAIN_AFTER = 1000;

/** Counts per source address: who may still connect, send, and be answered. Times are those of `Clock.elapsed`. */
export class SourceGate {
    private readonly sources = new Map<string, Source>();
    private readonly strangers: Bucket;
    private total = 0;
    private sweptAt = Number.NEGATIVE_INFINITY;

    constructor(
        private readonly limits: IsupLimits,
        now: number,
    ) {
        this.strangers = new Bucket(limits.strangerReplyRate, limits.strangerReplyRate * 4, now);
    }

    get addresses(): number {
        return this.sources.size;
    }

    get connections(): number {
        return this.total;
    }

    private source(address: string, now: number): Source | undefined {
        let source = this.sources.get(address);
        if (source === undefined) {
            // A flood of invented addresses must not cost a walk over all of them for each.
            if (this.sources.size >= this.limits.addresses && now - this.sweptAt >= SWEEP_AGAIN_AFTER) this.sweep(now);
            if (this.sources.size >= this.limits.addresses) return undefined;
            source = { waiting: 0, connections: 0, usedAt: now };
            this.sources.set(address, source);
        }
        source.usedAt = now;
        return source;
    }

    /** Counts a new connection in; false where it must be closed at once and is not counted. */
    connect(address: string, now: number): boolean {
        const source = this.source(address, now);
        if (source === undefined || this.total >= this.limits.connections) return false;
        if (source.connections >= this.limits.connectionsPerAddress) return false;
        if (source.waiting >= this.limits.waitingPerAddress) return false;
        source.arrivals ??= new Bucket(this.limits.connectionRate, this.limits.connectionRate * 4, now);
        if (!source.arrivals.take(1, now)) return false;
        source.connections += 1;
        source.waiting += 1;
        this.total += 1;
        return true;
    }

    /** A connection that {@link connect} admitted proved who it is. */
    proven(address: string): void {
        const source = this.sources.get(address);
        if (source && source.waiting > 0) source.waiting -= 1;
    }

    /** @param waiting true where {@link proven} was never called for it */
    disconnect(address: string, waiting: boolean): void {
        const source = this.sources.get(address);
        if (source === undefined) return;
        this.total -= 1;
        source.connections -= 1;
        if (waiting) source.waiting -= 1;
    }

    datagram(address: string, now: number): boolean {
        const source = this.source(address, now);
        if (source === undefined) return false;
        source.datagrams ??= new Bucket(this.limits.datagramRate, this.limits.datagramRate * 4, now);
        return source.datagrams.take(1, now);
    }

    /** @param stranger true where the address belongs to no registered device */
    reply(address: string, bytes: number, stranger: boolean, now: number): boolean {
        const source = this.source(address, now);
        if (source === undefined) return false;
        source.replies ??= new Bucket(this.limits.replyRate, this.limits.replyRate * 8, now);
        if (!source.replies.take(bytes, now)) return false;
        return !stranger || this.strangers.take(bytes, now);
    }

    sweep(now: number): void {
        this.sweptAt = now;
        for (const [address, source] of this.sources) {
            if (source.connections === 0 && now - source.usedAt > FORGET_AFTER) this.sources.delete(address);
        }
    }
}
