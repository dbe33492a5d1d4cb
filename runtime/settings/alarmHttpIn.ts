import { Fault } from '../../protocols/errors';
import { ServerLogin } from '../../protocols/http/serverLogin';
import { Fields, type SavedConfig } from '../fields';
import { EVENT_FILTER_DEFAULTS, type EventFilterSettings, readEventFilter } from './eventFilter';

/** What a new `alarm-http-in` holds. */
export const ALARM_HTTP_IN_DEFAULTS: SavedConfig = {
    name: '',
    listen: 'own',
    bind: '0.0.0.0',
    port: 8080,
    path: '/alarm',
    tls: '',
    auth: 'none',
    allow: [],
    proxies: [],
    maxBody: 32,
    answer: 'at-once',
    ...EVENT_FILTER_DEFAULTS,
    device: '',
    slot: '',
    advertise: '',
    version: 1,
};

export interface AlarmHttpInSettings extends EventFilterSettings {
    listen: 'own' | 'nodered';
    bind: string;
    port: number;
    /** Starts with a slash. */
    path: string;
    auth: 'none' | 'basic' | 'digest';
    username: string;
    password: string;
    allow: string[];
    proxies: string[];
    /** Bytes. */
    maxBody: number;
    answer: 'at-once' | 'flow';
    device: string;
}

/** @throws Fault CONFIG_INVALID naming the field */
export function readAlarmHttpIn(
    config: SavedConfig,
    credentials: { username?: string; password?: string },
    expand: (text: string) => string,
): AlarmHttpInSettings {
    const fields = new Fields(config, ALARM_HTTP_IN_DEFAULTS, expand);
    const auth = fields.oneOf('auth', ['none', 'basic', 'digest']);
    if (auth !== 'none' && (!credentials.username || !credentials.password)) {
        throw new Fault('CONFIG_INVALID', {
            details: { field: 'auth', reason: 'a user name and a password are needed for it' },
        });
    }
    return {
        ...readEventFilter(fields),
        listen: fields.oneOf('listen', ['own', 'nodered']),
        bind: fields.text('bind') || '0.0.0.0',
        port: fields.optionalPort('port') ?? Number(ALARM_HTTP_IN_DEFAULTS.port),
        path: readPath(fields.text('path')),
        auth,
        username: credentials.username ?? '',
        password: credentials.password ?? '',
        allow: fields.list('allow'),
        proxies: fields.list('proxies'),
        maxBody: fields.number('maxBody', { min: 0.001, max: 1024 }) * 1024 * 1024,
        answer: fields.oneOf('answer', ['at-once', 'flow']),
        device: fields.text('device'),
    };
}

/** Devices send the path as typed, so it holds only what survives in a request line; a missing first slash is added. */
function readPath(text: string): string {
    const path = text.startsWith('/') ? text : `/${text}`;
    if (!/^\/[\w\-./~%]*$/.test(path)) {
        throw new Fault('CONFIG_INVALID', {
            details: { field: 'path', reason: 'only letters, digits and - . _ ~ / % are possible' },
        });
    }
    return path;
}

/** Whom the listening host lets in; undefined where everybody may post. */
export function alarmLogin({ auth, username, password }: AlarmHttpInSettings): ServerLogin | undefined {
    return auth === 'none' ? undefined : new ServerLogin({ username, password, schemes: [auth] });
}
