import type { Node, NodeAPI } from 'node-red';

/** Fills `${NAME}` inside a text from the environment of the node (subflow, group, flow, process), as Node-RED does. */
export function environmentOf(RED: NodeAPI, node: Node): (text: string) => string {
    return (text) => {
        if (!text.includes('${')) return text;
        return text.replace(/\$\{([^}]+)\}/g, (_all, name: string) => String(RED.util.getSetting(node, name) ?? ''));
    };
}

/** What a core `tls-config` node adds to the options of a TLS connection or server. */
export function tlsOptionsOf(RED: NodeAPI, id: unknown): Record<string, unknown> | undefined {
    if (typeof id !== 'string' || id === '') return undefined;
    const node = RED.nodes.getNode(id) as (Node & { addTLSOptions?(options: object): object }) | null;
    if (typeof node?.addTLSOptions !== 'function') return undefined;
    return node.addTLSOptions({}) as Record<string, unknown>;
}
