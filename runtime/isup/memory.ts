import type { Node } from 'node-red';
import { type Clock, systemClock } from '../../protocols/clock';
import type { AlarmHostClaim } from '../../protocols/isup/alarmHost';
import type { Presence } from '../../protocols/isup/presence';

const PRESENCE = 'presence';
const ALARM_HOSTS = 'alarmHosts';
/** Devices may change by the thousand: the context is written this often at most. */
const WRITE_EVERY = 1000;

interface Kept {
    rows: Presence[];
    claims: Record<string, AlarmHostClaim>;
}

/** Node-RED forgets the context of a node with each deploy, unless a context store is configured: this survives it. */
const kept = new Map<string, Kept>();

/**
 * What an `isup-in` remembers from one deploy to the next: in this process, and in its node context, which outlives a
 * restart where `contextStorage` keeps it on disk. No key is ever part of it.
 */
export class IsupMemory {
    readonly #node: Node;
    readonly #clock: Clock;
    readonly #kept: Kept;
    #cancel: (() => void) | undefined;

    constructor(node: Node, clock: Clock = systemClock) {
        this.#node = node;
        this.#clock = clock;
        this.#kept = kept.get(node.id) ?? { rows: this.#savedRows(), claims: this.#savedClaims() };
        kept.set(node.id, this.#kept);
    }

    get presence(): Presence[] {
        return this.#kept.rows;
    }

    get claims(): Record<string, AlarmHostClaim> {
        return this.#kept.claims;
    }

    keepClaims(claims: Record<string, AlarmHostClaim>): void {
        this.#kept.claims = claims;
        this.#node.context().set(ALARM_HOSTS, claims);
    }

    /** Writes the rows soon. */
    keep(rows: () => Presence[]): void {
        this.#cancel ??= this.#clock.after(WRITE_EVERY, () => {
            this.#cancel = undefined;
            this.#write(rows());
        });
    }

    /** Writes them now, for the last time. @param removed the node itself is gone, and so is what it knew */
    close(rows: Presence[], removed: boolean): void {
        this.#cancel?.();
        this.#cancel = undefined;
        if (removed) kept.delete(this.#node.id);
        else this.#write(rows);
    }

    #write(rows: Presence[]): void {
        this.#kept.rows = rows;
        this.#node.context().set(PRESENCE, rows);
    }

    #savedRows(): Presence[] {
        const rows: unknown = this.#node.context().get(PRESENCE);
        if (!Array.isArray(rows)) return [];
        return rows.filter(
            (row): row is Presence => typeof row?.deviceId === 'string' && typeof row?.state === 'string',
        );
    }

    #savedClaims(): Record<string, AlarmHostClaim> {
        const claims: unknown = this.#node.context().get(ALARM_HOSTS);
        return typeof claims === 'object' && claims !== null ? (claims as Record<string, AlarmHostClaim>) : {};
    }
}
