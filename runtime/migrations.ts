import type { SavedConfig } from './fields';
import { ALARM_HTTP_IN_DEFAULTS } from './settings/alarmHttpIn';
import { DEVICE_CONFIG_DEFAULTS } from './settings/deviceConfig';
import { INTELBRAS_P2P_TUNNEL_DEFAULTS } from './settings/intelbrasP2pTunnel';
import { ISAPI_ALERTSTREAM_DEFAULTS } from './settings/isapiAlertstream';
import { ISAPI_REQUEST_DEFAULTS } from './settings/isapiRequest';
import { ISUP_IN_DEFAULTS } from './settings/isupIn';

/** Brings a configuration from the version before to `version`; never changes what it was given. */
export interface Migration {
    version: number;
    up(config: SavedConfig): SavedConfig;
}

/** Version 0 is a flow written by hand or by a program, without `version`: what it leaves out takes its default. */
function fillIn(defaults: SavedConfig): Migration {
    return { version: 1, up: (config) => ({ ...defaults, ...config }) };
}

const MIGRATIONS: Record<string, readonly Migration[]> = {
    'device-config': [fillIn(DEVICE_CONFIG_DEFAULTS)],
    'isapi-request': [fillIn(ISAPI_REQUEST_DEFAULTS)],
    'isapi-alertstream': [fillIn(ISAPI_ALERTSTREAM_DEFAULTS)],
    'alarm-http-in': [fillIn(ALARM_HTTP_IN_DEFAULTS)],
    'isup-in': [fillIn(ISUP_IN_DEFAULTS)],
    'intelbras-p2p-tunnel': [fillIn(INTELBRAS_P2P_TUNNEL_DEFAULTS)],
};

/**
 * The configuration of a node as its newest version has it. One saved by a newer pack is left as it is: what this
 * version knows is still there under the same names.
 */
export function migrate(type: string, saved: object): SavedConfig {
    let config = { ...saved } as SavedConfig;
    // Whatever is no number says as little as none.
    const from = Number(config.version) || 0;
    for (const step of MIGRATIONS[type] ?? []) {
        if (step.version > from) config = { ...step.up(config), version: step.version };
    }
    return config;
}
