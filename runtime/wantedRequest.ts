import { isAbsolute } from 'node:path';
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import type { CustomRequest } from '../devices/deviceRequests';
import { operationOf } from '../devices/operations';
import { Fault } from '../protocols/errors';
import { isResponseHeaders } from './responseHeaders';
import type { IsapiRequestSettings, Property } from './settings/isapiRequest';

/** A message as flows build them for `isapi-request`. */
export interface RequestMessage extends NodeMessage {
    operation?: unknown;
    params?: unknown;
    method?: unknown;
    path?: unknown;
    query?: unknown;
    headers?: unknown;
    filename?: unknown;
    /** Allows one login at once, after the last was refused. */
    reset?: unknown;
}

/** What a node is to do for one message: a ready operation or a request of the flow's own. */
export type Wanted =
    | { operation: string; params: Record<string, unknown>; filename?: string }
    | { request: CustomRequest; filename?: string };

/**
 * Works out what a message asks of a node: a property that is set wins over the message, an empty one takes the
 * message's.
 *
 * @throws Fault PATH_INVALID where there is no path, PARAMETER_INVALID, BODY_INVALID
 */
export async function wantedRequest(
    RED: NodeAPI,
    node: Node,
    settings: IsapiRequestSettings,
    msg: RequestMessage,
): Promise<Wanted> {
    const operation = wantedOperation(settings, msg);
    if (operation !== undefined) {
        const filename = textOf(msg.filename);
        const params = await paramsOf(RED, node, settings, msg, operation);
        return { operation, params, ...(filename !== undefined && { filename }) };
    }
    const request = await customRequest(RED, node, settings, msg);
    // A relative name is most often left over from a picture; only a whole path is meant for this node.
    const filename = textOf(msg.filename);
    return { request, ...(filename !== undefined && isAbsolute(filename) && { filename }) };
}

/** A path that is set in the node makes it a custom request, whatever operation a message brings along. */
function wantedOperation({ operation, path }: IsapiRequestSettings, msg: RequestMessage): string | undefined {
    const wanted = operation !== '' ? operation : path.value === '' ? textOf(msg.operation) : undefined;
    return wanted === 'custom' ? undefined : wanted;
}

async function customRequest(
    RED: NodeAPI,
    node: Node,
    settings: IsapiRequestSettings,
    msg: RequestMessage,
): Promise<CustomRequest> {
    const fromNode = settings.path.value === '' ? undefined : await evaluate(RED, node, settings.path, msg);
    const path = textOf(fromNode) ?? textOf(msg.path);
    if (path === undefined)
        throw new Fault('PATH_INVALID', { details: { path: '', reason: 'neither the node nor the message has one' } });
    const method = settings.method || textOf(msg.method);
    const body = settings.body.value === '' ? undefined : await evaluate(RED, node, settings.body, msg);
    const query = objectOf(msg.query);
    const headers = isResponseHeaders(msg.headers) ? undefined : objectOf(msg.headers);
    return {
        path,
        // A payload that nobody meant as a body must not turn a question into a command.
        method: method ?? (settings.body.type === 'msg' || body === undefined ? 'GET' : 'PUT'),
        body,
        ...(query !== undefined && { query }),
        ...(headers !== undefined && { headers: headers as Record<string, string> }),
    };
}

async function paramsOf(
    RED: NodeAPI,
    node: Node,
    settings: IsapiRequestSettings,
    msg: RequestMessage,
    operation: string,
): Promise<Record<string, unknown>> {
    const params: Record<string, unknown> = { ...objectOf(msg.params) };
    for (const [name, param] of Object.entries(settings.params)) {
        const value = 'fixed' in param ? param.fixed : await evaluate(RED, node, param, msg);
        if (value !== undefined && value !== '') params[name] = value;
    }
    const known = operationOf(operation);
    for (const [name, { type }] of Object.entries(known?.parameters ?? {})) {
        // A picture or a sound in the payload is what the operation is about.
        if (type === 'binary' && params[name] === undefined && Buffer.isBuffer(msg.payload)) params[name] = msg.payload;
    }
    return params;
}

async function evaluate(RED: NodeAPI, node: Node, { value, type }: Property, msg: RequestMessage): Promise<unknown> {
    try {
        return await new Promise((resolve, reject) => {
            RED.util.evaluateNodeProperty(value, type, node, msg, (error, result: unknown) => {
                if (error) reject(error);
                else resolve(result);
            });
        });
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Fault('CONFIG_INVALID', { details: { field: value.slice(0, 64), reason }, cause: error });
    }
}

function textOf(value: unknown): string | undefined {
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    const text = String(value).trim();
    return text === '' ? undefined : text;
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || Buffer.isBuffer(value)) return undefined;
    return value as Record<string, unknown>;
}
