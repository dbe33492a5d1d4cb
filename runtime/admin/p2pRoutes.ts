import type { NodeAPI } from 'node-red';
import type { LoginOutcome } from '../../protocols/dahua/dvrip';
import { AdminRoutes, type ShownFault, shownFault } from './adminRoutes';
import type { KnownDevices } from './knownDevices';
import { readTypedDevice } from './typedDevice';

/** What the dialog shows of a test, as far as it came; of a test that could not begin there is only the fault. */
export interface P2pTestAnswer {
    clouds?: { cloud: string; online: boolean; roundTrip?: number; fault?: ShownFault }[];
    route?: 'direct' | 'relay';
    roundTrip?: number;
    login?: LoginOutcome;
    fault?: ShownFault;
}

/**
 * “Test the tunnel” in a `device-config`, deployed or not: which cloud knows the recorder, by which route it is reached,
 * whether it takes the password. A password that was refused is not tried again while its breaker says so.
 */
export function addP2pRoutes(RED: NodeAPI, known: KnownDevices): void {
    const routes = new AdminRoutes(RED, 'intelbras-p2p-tunnel');

    routes.post('test', 'write', async (body): Promise<P2pTestAnswer> => {
        const { settings } = readTypedDevice(RED, body);
        const { P2pAccess } = await import('../../devices/p2pAccess.js');
        const access = new P2pAccess({ ...settings.p2p, username: settings.username, password: settings.password });
        const { clouds, route, roundTrip, login, fault } = await access.test(known.breaker(settings));
        return {
            clouds: clouds.map(({ fault: why, ...cloud }) => ({ ...cloud, ...(why && { fault: shownFault(why) }) })),
            route,
            roundTrip,
            login: login?.outcome,
            ...(fault && { fault: shownFault(fault) }),
        };
    });
}
