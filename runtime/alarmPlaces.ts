import type { NodeAPI } from 'node-red';
import type { AlarmHost } from '../protocols/isapi/alarmHost';
import { AlarmListeners } from '../protocols/isapi/alarmListener';
import { HttpNodeRoutes } from './httpNodeRoutes';
import type { AlarmHttpInSettings } from './settings/alarmHttpIn';

/** Where alarms come in. */
export interface AlarmPlace {
    /** What the status shows: the port, or the path on Node-RED's own server. */
    address: string;
    close(): Promise<void>;
}

/** The places of all `alarm-http-in` nodes: ports of their own, shared by path, or paths on Node-RED's server. */
export class AlarmPlaces {
    readonly #listeners = new AlarmListeners();
    readonly #routes: HttpNodeRoutes;

    constructor(RED: NodeAPI) {
        this.#routes = new HttpNodeRoutes(RED);
    }

    /** @throws Fault for a port or path that cannot be had */
    async take(
        { listen, bind, port, path }: AlarmHttpInSettings,
        tls: Record<string, unknown> | undefined,
        host: AlarmHost,
    ): Promise<AlarmPlace> {
        if (listen === 'nodered') {
            const giveBack = this.#routes.add(path, (request, response) => host.handle(request, response));
            return { address: path, close: async () => giveBack() };
        }
        const listening = await this.#listeners.listen({ bind, port, tls }, path, host);
        return { address: String(listening.port), close: () => listening.close() };
    }
}
