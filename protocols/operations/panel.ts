import { at, listAt } from '../documents/fields';
import { Fault } from '../errors';
import type { Operations, Parameters, Values } from './operation';

const BASE = '/ISAPI/SecurityCP';
/** Every subsystem at once (petrleocompel/hikaxpro). */
const ALL_SUBSYSTEMS = '0xffffffff';

const SUBSYSTEM = {
    subsystem: { type: 'text', length: 10, default: 'all' },
    code: { type: 'secret', length: 32 },
} as const satisfies Parameters;
const ZONE = { zone: { type: 'integer', min: 0, max: 9999, required: true } } as const satisfies Parameters;

/** A number, or all of them where the flow says so: a misspelt number must not disarm the whole house. */
function subsystemOf(values: Values): string {
    const text = values.text('subsystem').trim();
    if (/^all$/i.test(text)) return ALL_SUBSYSTEMS;
    if (/^\d{1,4}$/.test(text)) return text;
    throw new Fault('PARAMETER_INVALID', {
        details: { parameter: 'subsystem', reason: 'a number or “all” is expected' },
    });
}

/** Some panels want the keypad code with the command (petrleocompel/hikaxpro: moduleOperateCode). */
const codeDocument = (values: Values) =>
    values.text('code') === '' ? undefined : { Operate: { moduleOperateCode: values.text('code') } };

/** Lists of a panel hold one object per entry, each with one key: `{ZoneList: [{Zone: {…}}]}`. */
const entries = (list: string, entry: string) => (answer: unknown) =>
    listAt(answer, list).map((item) => at(item, entry) ?? item);

export const PANEL_OPERATIONS: Operations = {
    panelZones: {
        area: 'panel',
        session: true,
        parameters: {},
        path: `${BASE}/status/zones?format=json`,
        read: entries('ZoneList', 'Zone'),
    },
    panelSubsystems: {
        area: 'panel',
        session: true,
        parameters: {},
        path: `${BASE}/status/subSystems?format=json`,
        read: entries('SubSysList', 'SubSys'),
    },
    panelDevices: {
        area: 'panel',
        session: true,
        parameters: {},
        path: `${BASE}/status/exDevStatus?format=json`,
        read: (answer) => at(answer, 'ExDevStatus') ?? answer,
    },
    panelHost: {
        area: 'panel',
        session: true,
        parameters: {},
        path: `${BASE}/status/host?format=json`,
        read: (answer) => at(answer, 'HostStatus') ?? answer,
    },
    panelOutputs: {
        area: 'panel',
        session: true,
        parameters: {},
        path: `${BASE}/status/outputStatus?format=json`,
        read: entries('OutputList', 'Output'),
    },
    panelArm: {
        area: 'panel',
        session: true,
        physical: true,
        parameters: { ...SUBSYSTEM, ways: { type: 'choice', choices: ['away', 'stay'], default: 'away' } },
        method: 'PUT',
        path: (values) => `${BASE}/control/arm/${subsystemOf(values)}?ways=${values.text('ways')}&format=json`,
        body: codeDocument,
    },
    panelDisarm: {
        area: 'panel',
        session: true,
        physical: true,
        parameters: SUBSYSTEM,
        method: 'PUT',
        path: (values) => `${BASE}/control/disarm/${subsystemOf(values)}?format=json`,
        body: codeDocument,
    },
    panelClearAlarm: {
        area: 'panel',
        session: true,
        physical: true,
        parameters: SUBSYSTEM,
        method: 'PUT',
        path: (values) => `${BASE}/control/clearAlarm/${subsystemOf(values)}?format=json`,
        body: codeDocument,
    },
    panelBypass: {
        area: 'panel',
        session: true,
        physical: true,
        parameters: ZONE,
        method: 'PUT',
        path: `${BASE}/control/bypass/{zone}?format=json`,
    },
    panelRecoverBypass: {
        area: 'panel',
        session: true,
        physical: true,
        parameters: ZONE,
        method: 'PUT',
        path: `${BASE}/control/Recoverbypass/{zone}?format=json`,
    },
    panelOutput: {
        area: 'panel',
        session: true,
        physical: true,
        parameters: {
            output: { type: 'integer', min: 0, max: 9999, required: true },
            state: { type: 'choice', choices: ['open', 'close'], default: 'open' },
        },
        method: 'PUT',
        path: `${BASE}/control/outputs/{output}?format=json`,
        // petrleocompel/hikaxpro_hacs
        body: (values) => ({ OutputsCtrl: { switch: values.text('state') } }),
    },
};
