import type { NodeAPI } from 'node-red';

/**
 * What is saved for the node with this id, where it is a node of this type; nothing otherwise. The id comes from a browser:
 * it must not lead to the secrets of other packs, which a dialog of ours could then send to any host.
 */
export function savedCredentials<Credentials extends object>(
    RED: NodeAPI,
    id: string,
    type: string,
): Partial<Credentials> {
    return isOfType(RED, id, type) ? ((RED.nodes.getCredentials(id) ?? {}) as Partial<Credentials>) : {};
}

/** Whether the deployed flows hold a node with this id and type, enabled or not. */
export function isOfType(RED: NodeAPI, id: string, type: string): boolean {
    let found = false;
    RED.nodes.eachNode((node) => {
        found ||= node.id === id && node.type === type;
    });
    return found;
}
