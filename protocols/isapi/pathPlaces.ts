/**
 * What is registered for the longest path that `path` lies at or below. A path comes from anybody, and may be long: the
 * few registered ones are gone through instead.
 *
 * @param places by path, without a slash at the end: `''` for all
 */
export function findByPath<Place>(places: ReadonlyMap<string, Place>, path: string): Place | undefined {
    let found: Place | undefined;
    let longest = -1;
    for (const [key, place] of places) {
        const ends = path.length === key.length || path[key.length] === '/' || key === '';
        if (!ends || !path.startsWith(key) || key.length <= longest) continue;
        longest = key.length;
        found = place;
    }
    return found;
}
