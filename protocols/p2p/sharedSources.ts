import type { TunnelSource } from './tunnelSource';

interface Entry {
    source: TunnelSource;
    users: number;
    closing?: Promise<void>;
}

export interface SourceLease {
    readonly source: TunnelSource;
    /** Gives the source back; the last one closes it. Settles when it is closed. */
    release(): Promise<void>;
}

/**
 * One source for each recorder, however many nodes and ports use it. Two that differ in anything that matters to the
 * session (cloud, login, route) have different keys.
 */
export class SharedSources {
    readonly #entries = new Map<string, Entry>();

    acquire(key: string, make: () => TunnelSource): SourceLease {
        let entry = this.#entries.get(key);
        if (!entry) {
            entry = { source: make(), users: 0 };
            this.#entries.set(key, entry);
        }
        const used = entry;
        used.users += 1;
        let released: Promise<void> | undefined;
        return {
            source: used.source,
            release: () => {
                released ??= this.#release(key, used);
                return released;
            },
        };
    }

    async #release(key: string, entry: Entry): Promise<void> {
        entry.users -= 1;
        if (entry.users > 0) return;
        // Whoever asks while this one closes gets a new one: two sessions overlap for a moment, which does no harm.
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        await entry.source.close();
    }
}
