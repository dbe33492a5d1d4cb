import { createServer, type Server, type Socket } from 'node:net';
import { Fault } from '../errors';
import { listenFault } from '../listenFault';

export type TunnelService = 'sdk' | 'rtsp' | 'http' | 'custom';

export interface PortWish {
    service: TunnelService;
    /** Port on the recorder. */
    remote: number;
    /** Port on this machine; 0 = the next free one of the plan. */
    local: number;
}

/** The ranges of the vendor's own guide; `custom` has one of ours, away from them. */
const RANGES: Readonly<Record<TunnelService, number>> = { sdk: 17777, rtsp: 18554, http: 18080, custom: 19000 };
const RANGE_LENGTH = 100;
/** The guide recommends no more at a time. */
const MOST_TUNNELS = 100;

export const DEFAULT_PORTS: readonly PortWish[] = [
    { service: 'sdk', remote: 37777, local: 0 },
    { service: 'rtsp', remote: 554, local: 0 },
    { service: 'http', remote: 80, local: 0 },
];

function listen(server: Server, host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, exclusive: true }, () => {
            server.off('error', reject);
            resolve();
        });
    });
}

/**
 * Hands out the local ports of all tunnels in this process. Ports that other programs hold are passed over, and two
 * nodes never get the same one.
 */
export class PortPlan {
    #open = 0;

    /** Tunnels that are open now. */
    get openCount(): number {
        return this.#open;
    }

    /**
     * Opens a listener by the plan. Its close frees the place in the plan.
     *
     * @throws Fault PORT_IN_USE, PORT_FORBIDDEN, BIND_UNAVAILABLE, P2P_PORTS_EXHAUSTED, P2P_TOO_MANY_TUNNELS
     */
    async listen(wish: PortWish, bind: string, onConnection: (socket: Socket) => void): Promise<Server> {
        if (this.#open >= MOST_TUNNELS) throw new Fault('P2P_TOO_MANY_TUNNELS', { details: { limit: MOST_TUNNELS } });
        this.#open += 1;
        try {
            const server = await this.#bind(wish, bind, onConnection);
            server.once('close', () => {
                this.#open -= 1;
            });
            return server;
        } catch (thrown) {
            this.#open -= 1;
            throw thrown;
        }
    }

    async #bind(wish: PortWish, bind: string, onConnection: (socket: Socket) => void): Promise<Server> {
        const first = wish.local > 0 ? wish.local : RANGES[wish.service];
        const last = wish.local > 0 ? wish.local : first + RANGE_LENGTH - 1;
        for (let port = first; port <= last; port += 1) {
            // A client may close its half first and still wait for the recorder's answer.
            const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
            try {
                await listen(server, bind, port);
                // One connection that cannot be accepted (too many open files) must not end the tunnel.
                server.on('error', () => undefined);
                return server;
            } catch (thrown) {
                const fault = listenFault(thrown, bind, port);
                if (fault.code !== 'PORT_IN_USE' || wish.local > 0) throw fault;
            }
        }
        throw new Fault('P2P_PORTS_EXHAUSTED', { details: { from: first, to: last } });
    }
}

/** The plan of this process: local ports belong to the machine, not to a node. */
export const portPlan = new PortPlan();
