import type { NodeAPI } from 'node-red';
import type { Fault } from '../protocols/errors';

/** Where the texts of faults and statuses lie: the catalogue of the node that all others depend on. */
const CATALOGUE = '@vigia/node-red-cctv/device-config:device-config';

/** A text of the shared catalogue, in the language of the runtime. */
export function sharedText(RED: NodeAPI, key: string, details: Record<string, string | number> = {}): string {
    return RED._(`${CATALOGUE}.${key}`, details);
}

/** What happened and what to do about it, in the language of the runtime; English where a text is missing. */
export function explain(RED: NodeAPI, fault: Fault): string {
    return `${sentence(RED, fault)} ${translated(RED, `remedies.${fault.code}`, {}, fault.remedy)}`;
}

/** What happened, without the advice. */
export function sentence(RED: NodeAPI, fault: Fault): string {
    return translated(RED, `errors.${fault.code}`, fault.details, fault.message);
}

function translated(RED: NodeAPI, key: string, details: Record<string, string | number>, english: string): string {
    const text = sharedText(RED, key, details);
    return text.endsWith(key) ? english : text;
}
