/**
 * What the editor sends of the keys of single devices: those it keeps, those that belong to a corrected Device ID now (old
 * → new), and those that were typed anew. It never gets any.
 */
export interface KeyChanges {
    keep: string[];
    moved: Record<string, string>;
    set: Record<string, string>;
}

/** @returns undefined where it is not what the editor sends */
export function readKeyChanges(body: unknown): KeyChanges | undefined {
    const { keep, moved = {}, set } = (body ?? {}) as Partial<KeyChanges>;
    if (!Array.isArray(keep) || !keep.every((id) => typeof id === 'string')) return undefined;
    return isTextByText(moved) && isTextByText(set) ? { keep, moved, set } : undefined;
}

/** @param saved the JSON of the credential `keys`, as it is; @returns the JSON that takes its place */
export function mergeKeys(saved: string | undefined, { keep, moved, set }: KeyChanges): string {
    const known = readSaved(saved);
    const origins = new Map(Object.entries(moved).map(([from, to]) => [to, from]));
    const merged = new Map<string, string>();
    for (const id of keep) {
        // A Device ID that was given up, and is another device's now, brings no key along.
        const origin = origins.get(id) ?? (Object.hasOwn(moved, id) ? undefined : id);
        const key = origin === undefined ? undefined : known.get(origin);
        if (key !== undefined) merged.set(id, key);
    }
    for (const [id, key] of Object.entries(set)) if (key !== '') merged.set(id, key);
    return JSON.stringify(Object.fromEntries(merged));
}

/** The Device IDs that have a key of their own. */
export function keyedIds(saved: string | undefined): string[] {
    return [...readSaved(saved)].flatMap(([id, key]) => (key === '' ? [] : [id]));
}

function readSaved(saved: string | undefined): Map<string, string> {
    try {
        const keys: unknown = JSON.parse(saved || '{}');
        if (typeof keys === 'object' && keys !== null) {
            return new Map(Object.entries(keys).map(([id, key]) => [id, String(key)]));
        }
    } catch {
        // Somebody wrote it by hand, and wrongly: what the user types now is all there is.
    }
    return new Map();
}

function isTextByText(value: unknown): value is Record<string, string> {
    return (
        typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string')
    );
}
