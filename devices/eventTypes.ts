import { lookUp } from '../events/vocabulary';
import type { EventTrigger } from '../protocols/operations/detection';

/** Its subscription has lists of minor codes, whose form is not published: with it, everything is asked for. */
const WITH_CODES = 'accesscontrollerevent';

/**
 * What to name in a subscription that shall bring certain kinds: the device's own words for them, from its list of
 * events (`/ISAPI/Event/triggers`). Nothing, which means everything, where one of the kinds is not to be found there.
 *
 * @param kinds kinds, families or words of the vendor, as a node filters by them
 */
export function typesOf(kinds: readonly string[], triggers: readonly EventTrigger[]): string[] {
    const types = new Set<string>();
    for (const kind of kinds.map((word) => word.trim().toLowerCase())) {
        const own = triggers.map(({ type }) => type).filter((type) => isOf(type, kind));
        if (own.length === 0) return [];
        for (const type of own) types.add(type);
    }
    return [...types].some((type) => type.toLowerCase() === WITH_CODES) ? [] : [...types];
}

function isOf(type: string, word: string): boolean {
    const { kind, family } = lookUp(type, 'hikvision');
    return word === kind || word === family || word === type.toLowerCase();
}
