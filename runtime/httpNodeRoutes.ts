import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NodeAPI } from 'node-red';
import { Fault } from '../protocols/errors';
import { findByPath } from '../protocols/isapi/pathPlaces';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Paths on Node-RED's own web server. Express has no way to take a route away again, so there is one dispatcher for
 * the life of the process, and a table that the nodes add to and remove from.
 */
export class HttpNodeRoutes {
    readonly #RED: NodeAPI;
    readonly #handlers = new Map<string, Handler>();
    #mounted = false;

    constructor(RED: NodeAPI) {
        this.#RED = RED;
    }

    /**
     * Takes everything at or below `path`, relative to `httpNodeRoot`.
     *
     * @returns the way to give it back
     * @throws Fault PATH_IN_USE, or CONFIG_INVALID where Node-RED runs without a web server for flows
     */
    add(path: string, handler: Handler): () => void {
        const key = path.replace(/\/+$/, '');
        if (this.#handlers.has(key)) throw new Fault('PATH_IN_USE', { details: { path } });
        this.#mount();
        this.#handlers.set(key, handler);
        return () => {
            if (this.#handlers.get(key) === handler) this.#handlers.delete(key);
        };
    }

    #mount(): void {
        if (this.#mounted) return;
        const app = this.#RED.httpNode as unknown;
        if (typeof app !== 'function' || (this.#RED.settings.httpNodeRoot as unknown) === false) {
            const reason = 'this Node-RED runs without a web server for flows (httpNodeRoot is off); use an own port';
            throw new Fault('CONFIG_INVALID', { details: { field: 'listen', reason } });
        }
        this.#keepBodies();
        this.#RED.httpNode.use((request, response, next) => {
            const handler = findByPath(this.#handlers, request.path);
            if (handler === undefined) next();
            else handler(request, response);
        });
        this.#mounted = true;
    }

    /**
     * Where the editor has the root path, its JSON parser reads every body before a flow sees it, and answers 400 to one
     * it cannot read. Bodies that are ours are marked as read already, at the front of the chain, as core's `http in`
     * does for its raw bodies; logins that Node-RED asks for still come first.
     */
    #keepBodies(): void {
        const root = rootOf(this.#RED.httpNode as unknown as ExpressApp);
        const keepBody: Layer['handle'] = (request, _response, next) => {
            const mount = this.#RED.httpNode.path().replace(/\/+$/, '');
            const path = (request.url ?? '').split('?', 1)[0] ?? '';
            if (path.startsWith(`${mount}/`) && findByPath(this.#handlers, path.slice(mount.length)) !== undefined)
                request._body = true;
            next();
        };
        root.use(keepBody);
        const stack = (root._router ?? root.router)?.stack;
        const layer = stack?.find(({ handle }) => handle === keepBody);
        if (stack === undefined || layer === undefined) return;
        stack.splice(stack.indexOf(layer), 1);
        stack.unshift(layer);
    }
}

/** What of Express is used beyond its types. */
interface ExpressApp {
    parent?: ExpressApp;
    use(handle: Layer['handle']): void;
    _router?: { stack: Layer[] };
    router?: { stack: Layer[] };
}

interface Layer {
    handle(request: IncomingMessage & { _body?: boolean }, response: unknown, next: () => void): void;
}

function rootOf(app: ExpressApp): ExpressApp {
    return app.parent === undefined ? app : rootOf(app.parent);
}
