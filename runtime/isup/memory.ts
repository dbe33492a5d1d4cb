import type { Node, NodeAPI } from 'node-red';
import { type Clock, systemClock } from '../../protocols/clock';
import type { AlarmHostClaim } from '../../protocols/isup/alarmHost';
import type { Presence } from '../../protocols/isup/presence';
import { lastingStore } from '../lastingStore';

const PRESENCE = 'presence';
const ALARM_HOSTS = 'alarmHosts';
/** Devices may change by the thousand: the context is written this often at most. */
const WRITE_EVERY = 1000;

interface Kept {
    rows: Presence[];
    claims: Record<string, AlarmHostClaim>;
    /** While the context store has not answered: also another memory may wait for it, after a deploy. */
    loading?: Promise<void>;
}

type Callback = (error: Error | null | undefined, ...values: unknown[]) => void;

/** The context of a node as Node-RED has it for stores of any kind, also those that answer later. */
interface AsyncContext {
    get(keys: string[], store: string | undefined, done: Callback): void;
    set(key: string, value: unknown, store: string | undefined, done: Callback): void;
}

/** Node-RED forgets the context of a node with each deploy, unless a context store is configured: this survives it. */
const kept = new Map<string, Kept>();

/**
 * What an `isup-in` remembers from one deploy to the next: in this process, and in its node context, which outlives a
 * restart where a store of `contextStorage` keeps it on disk. No key is ever part of it.
 */
export class IsupMemory {
    readonly #node: Node;
    readonly #clock: Clock;
    readonly #kept: Kept;
    readonly #store: string | undefined;
    #cancel: (() => void) | undefined;
    #failure: string | undefined;

    constructor(RED: NodeAPI, node: Node, clock: Clock = systemClock) {
        this.#store = lastingStore(RED);
        this.#node = node;
        this.#clock = clock;
        const known = kept.get(node.id);
        this.#kept = known ?? { rows: [], claims: {} };
        kept.set(node.id, this.#kept);
        if (known === undefined) this.#load();
    }

    /** What a store without a cache answers comes when the node has begun already. */
    whenLate(take: (rows: Presence[]) => void): void {
        void this.#kept.loading?.then(() => take(this.#kept.rows));
    }

    get presence(): Presence[] {
        return this.#kept.rows;
    }

    /** Settles when the context store has answered: before that nobody can say which devices hold our alarm host. */
    get claims(): Promise<Record<string, AlarmHostClaim>> {
        const kept = this.#kept;
        return kept.loading ? kept.loading.then(() => kept.claims) : Promise.resolve(kept.claims);
    }

    keepClaims(claims: Record<string, AlarmHostClaim>): void {
        this.#kept.claims = claims;
        this.#save(ALARM_HOSTS, claims);
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
        this.#save(PRESENCE, rows);
    }

    get #context(): AsyncContext {
        return this.#node.context() as unknown as AsyncContext;
    }

    #load(): void {
        const kept = this.#kept;
        let isLoaded = false;
        const loading = new Promise<void>((resolve) => {
            this.#context.get([PRESENCE, ALARM_HOSTS], this.#store, (error, rows, claims) => {
                isLoaded = true;
                delete kept.loading;
                if (error) this.#told(error);
                else {
                    kept.rows = rowsOf(rows);
                    if (typeof claims === 'object' && claims !== null) {
                        kept.claims = claims as Record<string, AlarmHostClaim>;
                    }
                }
                resolve();
            });
        });
        // Most stores answer at once.
        if (!isLoaded) kept.loading = loading;
    }

    #save(key: string, value: unknown): void {
        this.#context.set(key, value, this.#store, (error) => this.#told(error));
    }

    /** A disk that is full is so for each write: it is said once. */
    #told(error: Error | null | undefined): void {
        const failure = error?.message;
        if (failure !== undefined && failure !== this.#failure) this.#node.warn(failure);
        this.#failure = failure;
    }
}

function rowsOf(saved: unknown): Presence[] {
    if (!Array.isArray(saved)) return [];
    return saved.filter((row): row is Presence => typeof row?.deviceId === 'string' && typeof row?.state === 'string');
}
