import { Fault } from '../../protocols/errors';
import type { ListedDevice } from '../../protocols/isup/listener';
import { Fields, type SavedConfig } from '../fields';

/** What a new `isup-in` holds. */
export const ISUP_IN_DEFAULTS: SavedConfig = {
    name: '',
    bind: '0.0.0.0',
    port: 7660,
    alarmPort: 7662,
    advertise: '',
    proxyProtocol: 'off',
    accept: 'any',
    devices: [],
    keepAlive: 15,
    misses: 6,
    alarms: 'off',
    raw: false,
    version: 1,
};

/** The credentials of an `isup-in`: never part of an exported flow. */
export interface IsupCredentials {
    /** The default key. */
    key?: string;
    /** JSON object, Device ID → key. */
    keys?: string;
}

export interface IsupInSettings {
    bind: string;
    port: number;
    alarmPort: number;
    advertise: string;
    proxyProtocol: boolean;
    accept: 'any' | 'known';
    devices: ListedDevice[];
    defaultKey: string;
    /** Seconds. */
    keepAlive: number;
    misses: number;
    /** Whether our alarm host is written into devices. */
    alarms: boolean;
    /** Whether frames that nobody could read come out. */
    raw: boolean;
}

/** @throws Fault CONFIG_INVALID naming the field */
export function readIsupIn(
    config: SavedConfig,
    credentials: IsupCredentials,
    expand: (text: string) => string,
): IsupInSettings {
    const fields = new Fields(config, ISUP_IN_DEFAULTS, expand);
    return {
        bind: fields.text('bind') || '0.0.0.0',
        port: fields.optionalPort('port') ?? Number(ISUP_IN_DEFAULTS.port),
        alarmPort: fields.optionalPort('alarmPort') ?? Number(ISUP_IN_DEFAULTS.alarmPort),
        advertise: fields.text('advertise'),
        proxyProtocol: fields.oneOf('proxyProtocol', ['off', 'v1v2']) === 'v1v2',
        accept: fields.oneOf('accept', ['any', 'known']),
        devices: readDevices(config.devices, readKeys(credentials.keys), expand),
        defaultKey: expand(credentials.key ?? ''),
        keepAlive: fields.number('keepAlive', { min: 1, max: 3600 }),
        misses: fields.number('misses', { min: 1, max: 100 }),
        alarms: fields.oneOf('alarms', ['off', 'on']) === 'on',
        raw: fields.flag('raw'),
    };
}

function readKeys(text: string | undefined): Map<string, string> {
    if (text === undefined || text.trim() === '') return new Map();
    let keys: unknown;
    try {
        keys = JSON.parse(text);
    } catch {
        // What the parser says would show a piece of a key.
        keys = undefined;
    }
    if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
        throw new Fault('CONFIG_INVALID', {
            details: { field: 'keys', reason: 'it is not a JSON object of Device IDs' },
        });
    }
    return new Map(Object.entries(keys).map(([id, key]) => [id, String(key)]));
}

/** The listed devices; one that only has a key is listed by it. */
function readDevices(saved: unknown, keys: Map<string, string>, expand: (text: string) => string): ListedDevice[] {
    const devices = new Map<string, ListedDevice>();
    for (const one of Array.isArray(saved) ? saved : []) {
        const { id, name, key } = (one ?? {}) as Record<string, unknown>;
        const deviceId = expand(String(id ?? '')).trim();
        if (deviceId === '') continue;
        const device: ListedDevice = { id: deviceId };
        if (typeof name === 'string' && name.trim() !== '') device.name = expand(name).trim();
        if (typeof key === 'string' && key !== '') device.key = expand(key);
        devices.set(deviceId, device);
    }
    for (const [id, key] of keys) {
        if (key !== '') devices.set(id, { ...(devices.get(id) ?? { id }), key: expand(key) });
    }
    return [...devices.values()];
}
