import type { NodeAPI } from 'node-red';

/**
 * The context store for what has to outlast a restart, by the `contextStorage` of Node-RED's settings: `undefined` for the
 * default one, or, where that one only lives in memory, the name of the first that does not.
 */
export function lastingStore(RED: NodeAPI): string | undefined {
    // A name → module, or an object with it; a name may stand for another name.
    const stores = (RED.settings as { contextStorage?: unknown }).contextStorage;
    if (typeof stores !== 'object' || stores === null) return undefined;
    const lasts = (name: string, depth = 0): boolean => {
        const entry = Object.hasOwn(stores, name) ? (stores as Record<string, unknown>)[name] : undefined;
        if (typeof entry === 'string' && Object.hasOwn(stores, entry) && depth < 10) return lasts(entry, depth + 1);
        const module = typeof entry === 'string' ? entry : (entry as { module?: unknown } | undefined)?.module;
        return module !== undefined && module !== 'memory';
    };
    if (lasts('default')) return undefined;
    return Object.keys(stores).find((name) => lasts(name));
}
