import type { Node, NodeAPI } from 'node-red';
import type { WantedHost } from '../../protocols/isapi/httpHosts';
import { environmentOf } from '../environment';
import { Fields } from '../fields';
import { migrate } from '../migrations';
import { ALARM_HTTP_IN_DEFAULTS, type AlarmHttpInSettings, readAlarmHttpIn } from '../settings/alarmHttpIn';
import type { Body } from './adminRoutes';
import { savedCredentials } from './savedCredentials';
import { objectOf, typedCredentials } from './typedDevice';

/** An `alarm-http-in` as it would be after a deploy, with what is set up in its device. */
export interface TypedAlarm {
    settings: AlarmHttpInSettings;
    advertise: string;
    tls: boolean;
    slot?: number;
    /** What the device must show when it posts. */
    login: Pick<WantedHost, 'login'>;
}

const METHODS = { none: 'none', basic: 'basic', digest: 'MD5digest' } as const;

/**
 * Reads `{ id, config, credentials }` of the dialog.
 *
 * @throws Fault CONFIG_INVALID
 */
export function readTypedAlarm(RED: NodeAPI, body: Body): TypedAlarm {
    const id = typeof body.id === 'string' ? body.id : '';
    const given = objectOf(body.config);
    const known = Object.keys(ALARM_HTTP_IN_DEFAULTS).filter((name) => Object.hasOwn(given, name));
    const config = migrate('alarm-http-in', Object.fromEntries(known.map((name) => [name, given[name]])));
    const expand = environmentOf(RED, (RED.nodes.getNode(id) ?? { id, name: '' }) as Node);
    const credentials = typedCredentials(objectOf(body.credentials), savedCredentials(RED, id, 'alarm-http-in'));
    const settings = readAlarmHttpIn(config, credentials, expand);
    const fields = new Fields(config, ALARM_HTTP_IN_DEFAULTS, expand);
    const slot = fields.optionalNumber('slot', { min: 1, max: 64 });
    const { auth, username, password } = settings;
    return {
        settings,
        advertise: fields.text('advertise'),
        tls: fields.text('tls') !== '' && fields.text('tls') !== '_ADD_',
        ...(slot !== undefined && { slot }),
        login: auth === 'none' ? {} : { login: { method: METHODS[auth], username, password } },
    };
}
