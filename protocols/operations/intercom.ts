import { at, textAt } from '../documents/fields';
import type { Operations } from './operation';

const BASE = '/ISAPI/VideoIntercom';

const signal = (command: string) => ({ CallSignal: { cmdType: command } });

export const INTERCOM_OPERATIONS: Operations = {
    callStatus: {
        area: 'intercom',
        parameters: {},
        path: `${BASE}/callStatus?format=json`,
        read: (answer) => ({ status: textAt(answer, 'CallStatus/status') }),
    },
    callerInfo: {
        area: 'intercom',
        parameters: {},
        path: `${BASE}/callerInfo?format=json`,
        read: (answer) => at(answer, 'CallerInfo'),
    },
    callSignal: {
        area: 'intercom',
        physical: true,
        parameters: {
            command: {
                type: 'choice',
                choices: ['answer', 'reject', 'hangUp', 'cancel', 'bellTimeout', 'deviceOnCall'],
                default: 'answer',
            },
        },
        method: 'PUT',
        path: `${BASE}/callSignal?format=json`,
        body: (values) => signal(values.text('command')),
    },
    hangUp: {
        area: 'intercom',
        physical: true,
        parameters: {},
        method: 'PUT',
        path: `${BASE}/callSignal?format=json`,
        body: () => signal('hangUp'),
    },
    keyConfig: {
        area: 'intercom',
        parameters: { key: { type: 'integer', min: 1, max: 64, default: 1 } },
        path: `${BASE}/keyCfg/{key}?format=json`,
        read: (answer) => at(answer, 'KeyCfg') ?? answer,
    },
};
