import type { NodeAPI } from 'node-red';
import type { Fault, FaultDetails } from '../protocols/errors';
import { findReason } from './reasons';

/** The node types by whose labels a setting is called: the one that the others depend on first. */
const TYPES = [
    'device-config',
    'isapi-request',
    'isapi-alertstream',
    'alarm-http-in',
    'isup-in',
    'intelbras-p2p-tunnel',
] as const;

/** Where the texts of a node type lie; those of faults and statuses are with the first. */
const catalogueOf = (type: string) => `@vigia/node-red-cctv/${type}:${type}`;
const CATALOGUE = catalogueOf(TYPES[0]);

/** A text of the shared catalogue, in the language of the runtime. */
export function sharedText(RED: NodeAPI, key: string, details: Record<string, string | number> = {}): string {
    return RED._(`${CATALOGUE}.${key}`, details);
}

/**
 * What happened and what to do about it, in the language of the runtime; English where a text is missing.
 *
 * @param type of the node that tells it, by whose labels settings are called where several types have one of that name
 */
export function explain(RED: NodeAPI, fault: Fault, type?: string): string {
    return `${sentence(RED, fault, type)} ${translated(RED, `remedies.${fault.code}`, {}, fault.remedy)}`;
}

/** What happened, without the advice. */
export function sentence(RED: NodeAPI, fault: Fault, type?: string): string {
    return translated(RED, `errors.${fault.code}`, ownWords(RED, fault.details, type), fault.message);
}

/** The details as the dialogs have them: the setting by its label, and a reason that is one of ours in the language of the runtime. */
function ownWords(RED: NodeAPI, details: FaultDetails, type?: string): FaultDetails {
    const words = { ...details };
    if (details.field !== undefined) words.field = labelOf(RED, String(details.field), type);
    const reason = findReason(String(details.reason ?? ''));
    if (reason !== undefined) words.reason = sharedText(RED, `reasons.${reason.key}`, reason.details);
    return words;
}

/** A setting by its label; by its name where no dialog has one. */
function labelOf(RED: NodeAPI, field: string, type: string | undefined): string {
    // Messages may name anything: what is no name must not be looked up as a path through the catalogue.
    if (!/^[a-z]\w*$/i.test(field)) return field;
    const key = `label.${field}`;
    for (const each of type === undefined ? TYPES : [type, ...TYPES]) {
        const label: unknown = RED._(`${catalogueOf(each)}.${key}`);
        if (typeof label === 'string' && !label.endsWith(key)) return label;
    }
    return field;
}

/** A text of the shared catalogue in the language of the runtime, or the English one where it has none. */
export function translated(
    RED: NodeAPI,
    key: string,
    details: Record<string, string | number>,
    english: string,
): string {
    const text = sharedText(RED, key, details);
    return text.endsWith(key) ? english : text;
}
