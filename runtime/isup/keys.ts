/** What the editor sends of the keys of single devices: those it keeps and those that were typed anew. It never gets any. */
export interface KeyChanges {
    keep: string[];
    set: Record<string, string>;
}

/** @returns undefined where it is not what the editor sends */
export function readKeyChanges(body: unknown): KeyChanges | undefined {
    const { keep, set } = (body ?? {}) as Partial<KeyChanges>;
    if (!Array.isArray(keep) || !keep.every((id) => typeof id === 'string')) return undefined;
    if (typeof set !== 'object' || set === null || !Object.values(set).every((key) => typeof key === 'string')) {
        return undefined;
    }
    return { keep, set };
}

/** @param saved the JSON of the credential `keys`, as it is; @returns the JSON that takes its place */
export function mergeKeys(saved: string | undefined, { keep, set }: KeyChanges): string {
    const known = new Map<string, string>();
    try {
        const keys: unknown = JSON.parse(saved || '{}');
        if (typeof keys === 'object' && keys !== null) {
            for (const [id, key] of Object.entries(keys)) known.set(id, String(key));
        }
    } catch {
        // Somebody wrote it by hand, and wrongly: what the user types now is all there is.
        known.clear();
    }
    const merged = new Map(keep.flatMap((id) => (known.has(id) ? [[id, known.get(id)!] as const] : [])));
    for (const [id, key] of Object.entries(set)) if (key !== '') merged.set(id, key);
    return JSON.stringify(Object.fromEntries(merged));
}
