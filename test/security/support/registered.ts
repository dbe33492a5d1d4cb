import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { packageRoot, readPackage } from '../../support/packageRoot';

/** A route of the admin API that the pack registers. */
export interface AdminRoute {
    method: string;
    path: string;
    /** The permission that its first handler asks for; undefined where it asks for none. */
    permission: string | undefined;
}

type Handler = (() => void) & { permission?: string };

const METHODS = ['all', 'delete', 'get', 'head', 'options', 'patch', 'post', 'put', 'use'];

/**
 * Loads every file that package.json names to Node-RED, nodes and plugins, and writes down what they register at the admin
 * API: a route that somebody adds is found here without a word about it in a test.
 */
export function registeredRoutes(): AdminRoute[] {
    const routes: AdminRoute[] = [];
    const record =
        (method: string) =>
        (path: string, ...handlers: Handler[]) => {
            routes.push({ method, path: String(path), permission: handlers[0]?.permission });
        };
    const needsPermission = (permission: string): Handler => Object.assign(() => undefined, { permission });
    const nothing = () => undefined;
    const RED = {
        httpAdmin: Object.fromEntries(METHODS.map((method) => [method, record(method)])),
        auth: { needsPermission },
        nodes: { registerType: nothing },
        plugins: { registerPlugin: nothing },
        events: { on: nothing },
        hooks: { add: nothing },
        comms: { publish: nothing },
        settings: {},
        log: { info: nothing, warn: nothing, error: nothing },
        _: (key: string) => key,
    } as unknown as NodeAPI;
    const { nodes = {}, plugins = {} } = readPackage()['node-red'];
    for (const file of [...Object.values(nodes), ...Object.values(plugins)]) {
        if (!file.endsWith('.js')) continue;
        const load = require(join(packageRoot, file)) as (RED: NodeAPI) => void;
        load(RED);
    }
    return routes;
}
