import { Fault } from '../../protocols/errors';
import { OUTPUTS, type Output } from '../../protocols/isapi/answer';
import { Fields, type SavedConfig } from '../fields';

/** What a new `isapi-request` holds. */
export const ISAPI_REQUEST_DEFAULTS: SavedConfig = {
    name: '',
    device: '',
    operation: '',
    params: {},
    method: '',
    path: '',
    pathType: 'str',
    body: 'payload',
    bodyType: 'msg',
    output: 'auto',
    paging: 'none',
    timeout: '',
    version: 1,
};

/** A value that is worked out for each message, as the editor's typed inputs store it. */
export interface Property {
    value: string;
    type: string;
}

export type Paging = 'none' | 'collect' | 'stream';

export interface IsapiRequestSettings {
    device: string;
    /** Id of a ready operation, `custom`, or '' for what the message says. */
    operation: string;
    params: Readonly<Record<string, Property | { fixed: unknown }>>;
    method: string;
    path: Property;
    body: Property;
    output: Output;
    paging: Paging;
    /** Milliseconds; undefined for that of the device. */
    timeout?: number;
}

const METHODS = ['', 'GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'] as const;

/** @throws Fault CONFIG_INVALID naming the field */
export function readIsapiRequest(config: SavedConfig, expand: (text: string) => string): IsapiRequestSettings {
    const fields = new Fields(config, ISAPI_REQUEST_DEFAULTS, expand);
    const timeout = fields.optionalNumber('timeout', { min: 1, max: 24 * 3600_000 });
    return {
        device: fields.text('device'),
        operation: fields.text('operation'),
        params: readParams(config.params, expand),
        method: fields.oneOf('method', METHODS),
        path: { value: fields.text('path'), type: fields.text('pathType') || 'str' },
        body: { value: fields.text('body'), type: fields.text('bodyType') || 'msg' },
        output: fields.oneOf('output', OUTPUTS),
        paging: fields.oneOf('paging', ['none', 'collect', 'stream']),
        ...(timeout !== undefined && { timeout }),
    };
}

/** Parameters as the editor stores them, with type and value; or, in a flow that was written by hand, as they are. */
function readParams(saved: unknown, expand: (text: string) => string): IsapiRequestSettings['params'] {
    const params: Record<string, Property | { fixed: unknown }> = Object.create(null);
    for (const [name, entry] of Object.entries(parsed(saved))) {
        if (isProperty(entry)) params[name] = { value: expand(String(entry.value)), type: entry.type };
        else if (entry !== '' && entry !== undefined && entry !== null) {
            params[name] = { fixed: typeof entry === 'string' ? expand(entry) : entry };
        }
    }
    return params;
}

function isProperty(entry: unknown): entry is Property {
    return typeof entry === 'object' && entry !== null && 'type' in entry && 'value' in entry;
}

function parsed(saved: unknown): object {
    if (typeof saved === 'object' && saved !== null) return saved;
    if (saved === undefined || saved === '') return {};
    try {
        const value: unknown = JSON.parse(String(saved));
        if (typeof value === 'object' && value !== null) return value;
    } catch (error) {
        const reason = error instanceof Error ? error.message : 'it is not JSON';
        throw new Fault('CONFIG_INVALID', { details: { field: 'params', reason } });
    }
    throw new Fault('CONFIG_INVALID', { details: { field: 'params', reason: 'an object is expected' } });
}
