import type { Exchange } from './exchange';

export type Handler = (exchange: Exchange) => void | Promise<void>;

export interface Route {
    method: string;
    pattern: string;
    handler: Handler;
    /** Answered without a login, as `/SDK/activateStatus` is (ISAPI guide). */
    open: boolean;
}

interface CompiledRoute extends Route {
    expression: RegExp;
    names: string[];
}

/** The paths of a device. A later route wins over an earlier one, so that a test can put its own in front. */
export class RouteTable {
    readonly #routes: CompiledRoute[] = [];

    /**
     * @param pattern a path with `{name}` for one segment, e.g. `/ISAPI/Streaming/channels/{sid}/picture`
     * @returns takes the route out again
     */
    add(method: string, pattern: string, handler: Handler, open = false): () => void {
        const names: string[] = [];
        const source = pattern
            .split(/\{(\w+)\}/)
            .map((piece, index) => {
                if (index % 2 === 0) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
                names.push(piece);
                return '([^/]+)';
            })
            .join('');
        // ISAPI paths are matched whatever their case: clients write /Streaming/Channels as well.
        const route = { method, pattern, handler, open, names, expression: new RegExp(`^${source}/?$`, 'i') };
        this.#routes.unshift(route);
        return () => {
            const index = this.#routes.indexOf(route);
            if (index >= 0) this.#routes.splice(index, 1);
        };
    }

    /** The route of a request; `known` tells a wrong method from a wrong path. */
    find(method: string, path: string): { route?: Route; params: Record<string, string>; known: boolean } {
        let known = false;
        const wanted = method === 'HEAD' ? 'GET' : method;
        for (const route of this.#routes) {
            const match = route.expression.exec(path);
            if (match === null) continue;
            known = true;
            if (route.method !== wanted) continue;
            const params: Record<string, string> = Object.create(null);
            for (const [index, name] of route.names.entries()) params[name] = match[index + 1]!;
            return { route, params, known };
        }
        return { params: {}, known };
    }
}
