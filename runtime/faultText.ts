import type { NodeAPI } from 'node-red';
import type { Fault, FaultDetails } from '../protocols/errors';
import { findReason } from './reasons';

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
    return translated(RED, `errors.${fault.code}`, ownWords(RED, fault.details), fault.message);
}

/** The details with the reason in the language of the runtime, where it is one of ours. */
function ownWords(RED: NodeAPI, details: FaultDetails): FaultDetails {
    const reason = findReason(String(details.reason ?? ''));
    if (reason === undefined) return details;
    return { ...details, reason: sharedText(RED, `reasons.${reason.key}`, reason.details) };
}

function translated(RED: NodeAPI, key: string, details: Record<string, string | number>, english: string): string {
    const text = sharedText(RED, key, details);
    return text.endsWith(key) ? english : text;
}
