import type { Node, NodeAPI } from 'node-red';
import type { DeviceDependencies, DeviceSettings } from '../../devices/device';
import { IsupLink } from '../../devices/isupLink';
import { environmentOf, tlsOptionsOf } from '../environment';
import { Fields } from '../fields';
import { isupListeners } from '../isup/listeners';
import { migrate } from '../migrations';
import { DEVICE_CONFIG_DEFAULTS, type DeviceCredentials, readDeviceConfig } from '../settings/deviceConfig';
import { savedCredentials } from './savedCredentials';

/** What stands in a password field of a dialog for “the one that is saved”. */
const SAVED = '__PWRD__';

const CREDENTIALS = ['username', 'password', 'isupKey', 'cloudUser', 'cloudKey'] as const;

/** A device as it would be after a deploy. */
export interface TypedDevice {
    settings: DeviceSettings;
    dependencies: DeviceDependencies;
}

/**
 * A device as a dialog describes it: `{ id, config, credentials }`. Credentials that are left out or only stand for the
 * saved ones are those of the node with this id.
 *
 * @throws Fault CONFIG_INVALID
 */
export function readTypedDevice(RED: NodeAPI, body: unknown): TypedDevice {
    const { id, config, credentials } = objectOf(body);
    const nodeId = typeof id === 'string' ? id : '';
    const given = objectOf(config);
    const known = Object.keys(DEVICE_CONFIG_DEFAULTS).filter((name) => Object.hasOwn(given, name));
    const saved = Object.fromEntries(known.map((name) => [name, given[name]]));
    const complete = typedCredentials(objectOf(credentials), savedCredentials(RED, nodeId, 'device-config'));
    // A node that was never deployed has no flow to take variables from: those of the process are left.
    const node = (RED.nodes.getNode(nodeId) ?? { id: nodeId, name: String(given.name ?? '') }) as Node;
    const migrated = migrate('device-config', saved);
    const expand = environmentOf(RED, node);
    const settings = readDeviceConfig(migrated, complete, expand, tlsOptionsOf(RED, saved.tls));
    if (settings.link !== 'isup') return { settings, dependencies: {} };
    const fields = new Fields(migrated, DEVICE_CONFIG_DEFAULTS, expand);
    const listener = fields.text('listener');
    // The session is that of the device with the listener: nothing new is logged in for a question.
    const link = new IsupLink(() => isupListeners.get(listener), fields.text('isupId'), settings.timeout);
    return { settings, dependencies: { link } };
}

/** Credentials as typed; those that only stand for the saved ones are the saved ones. */
export function typedCredentials(given: Record<string, unknown>, saved: DeviceCredentials): DeviceCredentials {
    const complete: DeviceCredentials = {};
    for (const name of CREDENTIALS) {
        const typed = given[name];
        const value = typeof typed === 'string' && typed !== SAVED ? typed : saved[name];
        if (typeof value === 'string') complete[name] = value;
    }
    return complete;
}

export function objectOf(value: unknown): Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : {};
}
