/** What a parsed document holds at a path of names; `undefined` where there is nothing. */
export function at(value: unknown, path: string): unknown {
    let found = value;
    for (const name of path.split('/')) {
        if (Array.isArray(found)) found = found[0];
        if (typeof found !== 'object' || found === null) return undefined;
        found = (found as Record<string, unknown>)[name];
    }
    return found;
}

/** A list of a document, whether it came as an array, as its one entry, or not at all. */
export function listAt(value: unknown, path: string): Record<string, unknown>[] {
    const found = at(value, path);
    const items = Array.isArray(found) ? found : [found];
    return items.filter((item) => typeof item === 'object' && item !== null) as Record<string, unknown>[];
}

/** Text without blanks around it (`\tVis` is a device type); `undefined` where there is none. */
export function textAt(value: unknown, path: string): string | undefined {
    let found = at(value, path);
    if (typeof found === 'object' && found !== null) found = (found as Record<string, unknown>)['#text'];
    if (typeof found === 'number' || typeof found === 'boolean') return String(found);
    return typeof found === 'string' && found.trim() !== '' ? found.trim() : undefined;
}

export function numberAt(value: unknown, path: string): number | undefined {
    const text = textAt(value, path);
    const number = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(number) ? number : undefined;
}

/** `true` and `false` in text or as they are; `undefined` for anything else. */
export function flagAt(value: unknown, path: string): boolean | undefined {
    const text = textAt(value, path)?.toLowerCase();
    return text === 'true' ? true : text === 'false' ? false : undefined;
}

/**
 * The choices that a capability document gives: the attribute `opt` in XML, `@opt` in JSON, where it is a text with
 * commas or an array in one and the same document (santanapedro/ha-hikvision-access).
 */
export function optionsAt(value: unknown, path: string): string[] | undefined {
    const found = at(value, path);
    const options =
        typeof found === 'object' && found !== null ? (found as Record<string, unknown>)['@opt'] : undefined;
    if (Array.isArray(options)) return options.map(String);
    if (typeof options !== 'string') return undefined;
    return options
        .split(',')
        .map((option) => option.trim())
        .filter((option) => option !== '');
}

/** An object without what is undefined, so that no key stands for nothing. */
export function compact<T extends object>(object: T): T {
    for (const key of Object.keys(object) as (keyof T)[]) if (object[key] === undefined) delete object[key];
    return object;
}
