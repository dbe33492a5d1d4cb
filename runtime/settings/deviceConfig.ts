import type { DeviceSettings } from '../../devices/device';
import { Fault } from '../../protocols/errors';
import { Fields, type SavedConfig } from '../fields';

/** What a new `device-config` holds; the editor's defaults are the same, and a test keeps them so. */
export const DEVICE_CONFIG_DEFAULTS: SavedConfig = {
    name: '',
    vendor: 'auto',
    link: 'direct',
    host: '',
    port: '',
    protocol: 'http',
    tls: '',
    verify: 'verify',
    fingerprint: '',
    auth: 'auto',
    timeout: 10000,
    maxSockets: 1,
    serial: '',
    cloud: 'easy4ip',
    cloudServer: '',
    isupId: '',
    listener: '',
    version: 1,
};

/** The credentials of a `device-config`: never part of an exported flow. */
export interface DeviceCredentials {
    username?: string;
    password?: string;
    isupKey?: string;
    cloudUser?: string;
    cloudKey?: string;
}

/** Options of a core `tls-config` node, as its `addTLSOptions` fills them in. */
export type TlsOptions = Record<string, unknown>;

/**
 * @param tls what the chosen `tls-config` adds, where one is chosen
 * @throws Fault CONFIG_INVALID naming the field
 */
export function readDeviceConfig(
    config: SavedConfig,
    credentials: DeviceCredentials,
    expand: (text: string) => string,
    tls?: TlsOptions,
): DeviceSettings {
    const fields = new Fields(config, DEVICE_CONFIG_DEFAULTS, expand);
    const link = fields.oneOf('link', ['direct', 'p2p', 'isup']);
    const p2p = readP2p(fields, credentials);
    if (link === 'p2p' && isNoCloud(p2p)) {
        throw new Fault('CONFIG_INVALID', { details: { field: 'cloudServer', reason: 'it is empty' } });
    }
    return {
        name: fields.text('name'),
        vendor: fields.oneOf('vendor', ['auto', 'hikvision', 'dahua']),
        link,
        host: bareHost(fields.text('host')),
        port: fields.optionalPort('port'),
        protocol: fields.oneOf('protocol', ['http', 'https']),
        verify: fields.oneOf('verify', ['verify', 'pin', 'off']),
        fingerprint: fields.text('fingerprint'),
        auth: fields.oneOf('auth', ['auto', 'digest', 'basic', 'none']),
        username: credentials.username ?? '',
        password: credentials.password ?? '',
        timeout: fields.number('timeout', { min: 500, max: 600_000 }),
        maxSockets: fields.number('maxSockets', { min: 1, max: 16 }),
        tls,
        p2p,
    };
}

function readP2p(fields: Fields, credentials: DeviceCredentials): DeviceSettings['p2p'] {
    return {
        serial: fields.text('serial'),
        cloud: fields.oneOf('cloud', ['easy4ip', 'dmss', 'custom']),
        cloudServer: fields.text('cloudServer'),
        cloudUser: credentials.cloudUser ?? '',
        cloudKey: credentials.cloudKey ?? '',
    };
}

/** “Another cloud” of which nothing is said: without this it would be Easy4IP, to which nobody wanted to tell the serial. */
function isNoCloud({ cloud, cloudServer, cloudUser, cloudKey }: DeviceSettings['p2p']): boolean {
    return cloud === 'custom' && cloudServer === '' && cloudUser === '' && cloudKey === '';
}

/**
 * People paste addresses from a browser: `http://192.168.1.64/` is the host 192.168.1.64, `[::1]` is ::1. A login in front of
 * the host goes no further: hosts stand in messages and in the log.
 */
function bareHost(text: string): string {
    return text
        .replace(/^[a-z]+:\/\//i, '')
        .replace(/^.*@/, '')
        .replace(/\/.*$/, '')
        .replace(/^\[(.*)\]$/, '$1');
}
