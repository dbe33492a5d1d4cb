import type { NodeAPI } from 'node-red';
import type { AddressRecord } from '../../devices/alarmWatch';
import type { Device } from '../../devices/device';
import { findHost, planHost, setUpHost } from '../../devices/hostSetup';
import { lookUp } from '../../events/vocabulary';
import { releaseHost, type WantedHost } from '../../protocols/isapi/httpHosts';
import { ask, type IsapiRequest } from '../../protocols/isapi/request';
import { canReach } from '../../protocols/reach';
import type { AlarmNodes } from '../alarmNodes';
import { AdminRoutes, type Body, shownFault } from './adminRoutes';
import { type CalledAddress, calledAddress } from './calledAddress';
import { withTypedDevice } from './deviceRoutes';
import type { KnownDevices } from './knownDevices';
import { readTypedAlarm, type TypedAlarm } from './typedAlarm';
import { readTypedDevice } from './typedDevice';

/** Triggers of a device that keep their events to themselves, as many as a dialog lists. */
const MOST_QUIET = 20;

/** The buttons of `alarm-http-in`: set the device up, undo that, and find out why nothing arrives. */
export function addAlarmRoutes(RED: NodeAPI, nodes: AlarmNodes, known: KnownDevices): void {
    const routes = new AdminRoutes(RED, 'alarm-http-in');
    const asking = (device: Device) => (request: IsapiRequest) => ask(device, request);

    const addressFor = ({ settings, advertise, tls }: TypedAlarm, body: Body): Promise<CalledAddress> =>
        calledAddress(RED, settings, { advertise, tls, towards: readTypedDevice(RED, body.device).settings.host });

    routes.post('plan', 'write', async (body) => {
        const typed = readTypedAlarm(RED, body);
        const { wanted, url, localOnly } = await addressFor(typed, body);
        const plan = await withTypedDevice(RED, known, body.device, (device) =>
            planHost(asking(device), wanted, typed.slot),
        );
        return { url, ...plan, problems: localOnly ? ['local-address', ...plan.problems] : plan.problems };
    });

    routes.post('configure', 'write', async (body) => {
        const typed = readTypedAlarm(RED, body);
        const { wanted, url } = await addressFor(typed, body);
        const setup = await withTypedDevice(RED, known, body.device, (device) =>
            setUpHost(asking(device), { ...wanted, ...typed.login }, typed.slot),
        );
        return { url, ...setup };
    });

    routes.post('release', 'write', async (body) => {
        const typed = readTypedAlarm(RED, body);
        const { wanted } = await addressFor(typed, body);
        return withTypedDevice(RED, known, body.device, async (device) => {
            const host = await findHost(asking(device), wanted);
            // A slot that says anything else is somebody else's.
            if (host === undefined) return { released: false };
            return { ...(await releaseHost(asking(device), host.id, wanted.url)), slot: host.id };
        });
    });

    // What this Node-RED knows by itself; asked every few seconds while the list is open.
    routes.post('seen', 'read', async ({ id }) => {
        const node = typeof id === 'string' ? nodes.get(id) : undefined;
        if (node === undefined) return { deployed: false };
        const { watch, address, fault } = node;
        return {
            deployed: true,
            now: Date.now(),
            since: watch.since,
            address,
            ...(fault !== undefined && { listenFault: shownFault(fault) }),
            lastEvent: watch.lastEvent,
            addresses: watch.addresses.map(shownRecord),
        };
    });

    // What only the device and the network know; asked at a click.
    routes.post('examine', 'write', async (body) => {
        const { wanted, url } = await addressFor(readTypedAlarm(RED, body), body);
        const reached = await canReach(wanted.host, wanted.port);
        const device = await withTypedDevice(RED, known, body.device, (one) => examineDevice(one, wanted)).catch(
            (thrown: unknown) => ({ fault: shownFault(thrown) }),
        );
        return { url, reached, device };
    });

    async function examineDevice(device: Device, wanted: WantedHost): Promise<object> {
        const slot = (await findHost(asking(device), wanted))?.id;
        const triggers = await device.requests.abilities.triggers();
        const quiet = triggers
            .filter(({ center }) => !center)
            .slice(0, MOST_QUIET)
            .map(({ type, channel }) => ({ type, channel, ...lookUp(type) }));
        return { slot, triggers: triggers.length, quiet };
    }
}

function shownRecord({ fault, ...record }: AddressRecord): object {
    return { ...record, ...(fault !== undefined && { fault: shownFault(fault) }) };
}
