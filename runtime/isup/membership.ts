import type { Node } from 'node-red';
import type { DeviceDependencies } from '../../devices/device';
import { IsupLink } from '../../devices/isupLink';
import { Fault } from '../../protocols/errors';
import { Fields, type SavedConfig } from '../fields';
import { DEVICE_CONFIG_DEFAULTS, type DeviceCredentials } from '../settings/deviceConfig';
import { isupListeners } from './listeners';

/** A `device-config` that is reached through its ISUP session. */
export interface IsupMembership {
    deviceId: string;
    /** The id of the `isup-in`. */
    listener: string;
    dependencies: DeviceDependencies;
    /** Takes its name and key back from the listener. */
    leave(): void;
}

/**
 * Lists the device at its listener, under the name and with the key that it has here, and makes the link to it. The
 * listener itself is looked up with each request: it may be deployed later, or anew.
 *
 * @returns undefined where the device is reached in another way
 * @throws Fault CONFIG_INVALID naming the field
 */
export function joinListener(
    node: Node,
    config: SavedConfig,
    credentials: DeviceCredentials,
    expand: (text: string) => string,
): IsupMembership | undefined {
    const fields = new Fields(config, DEVICE_CONFIG_DEFAULTS, expand);
    if (fields.text('link') !== 'isup') return undefined;
    const deviceId = fields.text('isupId');
    if (deviceId === '') {
        throw new Fault('CONFIG_INVALID', { details: { field: 'isupId', reason: 'the Device ID is missing' } });
    }
    const listener = fields.text('listener');
    const name = fields.text('name');
    const key = expand(credentials.isupKey ?? '');
    const leave = isupListeners.enlist(listener, node.id, { id: deviceId, ...(name && { name }), ...(key && { key }) });
    const timeout = fields.number('timeout', { min: 500, max: 600_000 });
    return {
        deviceId,
        listener,
        dependencies: { link: new IsupLink(() => isupListeners.get(listener), deviceId, timeout) },
        leave,
    };
}
