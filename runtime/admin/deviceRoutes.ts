import type { NodeAPI } from 'node-red';
import { Device } from '../../devices/device';
import type { Examination } from '../../devices/examination';
import { lookUp } from '../../events/vocabulary';
import { systemClock } from '../../protocols/clock';
import { Fault } from '../../protocols/errors';
import { AdminRoutes, shownFault } from './adminRoutes';
import type { KnownDevices } from './knownDevices';
import { readTypedDevice } from './typedDevice';

/** Channels and triggers that a dialog lists at most; the largest recorders have 256 channels. */
const MOST_LISTED = 2048;
/** What editors listen to while they search; it holds counts only. */
const SEARCH_TOPIC = 'vigia/device-search';
/** Milliseconds for all questions of one click. */
const DEADLINE_MS = 60_000;

/** The buttons of `device-config`, and the lists that the dialogs of other nodes fill from its device. */
export function addDeviceRoutes(RED: NodeAPI, known: KnownDevices): void {
    const routes = new AdminRoutes(RED, 'device-config');
    let searching: Promise<object> | undefined;

    routes.post('test', 'write', async (body) => {
        const { settings, dependencies } = readTypedDevice(RED, body);
        const streaming = known.twin(settings)?.connection?.state === 'online';
        const options = { ...dependencies, breaker: known.breaker(settings), streaming };
        const { examine } = await import('../../devices/examination.js');
        return shownExamination(await examine(settings, options));
    });

    // One search serves all who ask for it meanwhile.
    routes.post('discover', 'write', () => {
        const progress = (found: number, left: number) => RED.comms.publish(SEARCH_TOPIC, { found, left }, false);
        searching ??= search(progress).finally(() => {
            searching = undefined;
        });
        return searching;
    });

    routes.post('diagnostics', 'write', (body) =>
        withTypedDevice(RED, known, body, async (device, twin) => {
            const { collectDiagnostics } = await import('../../devices/diagnostics.js');
            return collectDiagnostics(device, twin?.recent);
        }),
    );

    routes.post('knowledge', 'write', (body) =>
        withTypedDevice(RED, known, body, async (device) => {
            const { abilities } = device.requests;
            const { vendor } = await abilities.profile();
            const channels = (await abilities.channels()).slice(0, MOST_LISTED);
            const triggers = vendor === 'dahua' ? [] : await triggersOf(device);
            return {
                channels: channels.map(({ id, name }) => ({ id, name })),
                triggers: triggers.slice(0, MOST_LISTED).map(({ id, type, channel, center }) => {
                    const { kind, family } = lookUp(type, vendor);
                    return { id, kind, family, type, channel, center };
                }),
            };
        }),
    );
}

async function search(progress: (found: number, left: number) => void): Promise<object> {
    const { DeviceSearch } = await import('../../protocols/discovery/search.js');
    return new DeviceSearch({ progress }).run();
}

/** Terminals have no triggers: what they have to say they always say. */
async function triggersOf({ requests }: Device) {
    try {
        return await requests.abilities.triggers();
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.code === 'FORBIDDEN' || fault.code === 'ANSWER_UNREADABLE') return [];
        throw fault;
    }
}

/** A device for one click: with the breaker of whoever else uses these credentials, closed afterwards. */
export async function withTypedDevice<T extends object>(
    RED: NodeAPI,
    known: KnownDevices,
    body: unknown,
    use: (device: Device, twin: Device | undefined) => Promise<T>,
): Promise<T> {
    const { settings, dependencies } = readTypedDevice(RED, body);
    const device = new Device(settings, { ...dependencies, breaker: known.breaker(settings) });
    const cancel = systemClock.after(DEADLINE_MS, () => void device.close());
    try {
        return await use(device, known.twin(settings));
    } finally {
        cancel();
        await device.close();
    }
}

function shownExamination({ fault, eventsFault, channels = [], ...rest }: Examination): object {
    return {
        ...rest,
        channels: channels.slice(0, MOST_LISTED).map(({ id, name, online }) => ({ id, name, online })),
        ...(fault !== undefined && { fault: shownFault(fault) }),
        ...(eventsFault !== undefined && { eventsFault: shownFault(eventsFault) }),
    };
}
