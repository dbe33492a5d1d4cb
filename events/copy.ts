import type { Occurrence } from './deviceEvent';

/** An occurrence that shares nothing with the first, so that two flows cannot change each other's message. */
export function copyOccurrence(occurrence: Occurrence): Occurrence {
    return copy(occurrence) as Occurrence;
}

function copy(value: unknown): unknown {
    if (value === null || typeof value !== 'object') return value;
    if (Buffer.isBuffer(value)) return Buffer.from(value);
    if (Array.isArray(value)) return value.map(copy);
    // Parsed bodies have no prototype, which keeps keys such as __proto__ harmless; their copies keep it that way.
    const twin = Object.create(Object.getPrototypeOf(value));
    for (const key of Object.keys(value)) twin[key] = copy((value as Record<string, unknown>)[key]);
    return twin;
}
