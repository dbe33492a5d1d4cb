import type { Node, NodeAPI } from 'node-red';
import { Fault } from '../protocols/errors';

/** Fills `${NAME}` inside a text from the environment of the node (subflow, group, flow, process), as Node-RED does. */
export function environmentOf(RED: NodeAPI, node: Node): (text: string) => string {
    return (text) => {
        if (!text.includes('${')) return text;
        return text.replace(/\$\{([^}]+)\}/g, (_all, name: string) => String(RED.util.getSetting(node, name) ?? ''));
    };
}

/** What Node-RED's editor saves where no configuration node was chosen. */
const NONE = new Set(['', '_ADD_']);

/**
 * What a core `tls-config` node adds to the options of a TLS connection or server; undefined where none was chosen.
 *
 * @throws Fault CONFIG_INVALID where the chosen one is not there: whoever asked for TLS must not get plain text
 */
export function tlsOptionsOf(RED: NodeAPI, id: unknown): Record<string, unknown> | undefined {
    if (typeof id !== 'string' || NONE.has(id)) return undefined;
    const node = RED.nodes.getNode(id) as (Node & { addTLSOptions?(options: object): object }) | null;
    if (typeof node?.addTLSOptions !== 'function') {
        const reason = 'the chosen TLS configuration is missing, disabled or not deployed yet';
        throw new Fault('CONFIG_INVALID', { details: { field: 'tls', reason } });
    }
    return node.addTLSOptions({}) as Record<string, unknown>;
}
