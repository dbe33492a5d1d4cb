import { readKeyValues, writeKeyValues } from '../dahua/keyValues';
import { at, numberAt } from '../documents/fields';
import { Fault } from '../errors';
import { readAnswer, textOf } from '../isapi/answer';
import { takeCgiSnapshot } from '../isapi/snapshot';
import type { Context, Operations, Parameters, Result, Values } from './operation';
import { fetchLarge } from './recordings';

/** Paths and parameters are those of the Dahua HTTP API; Intelbras devices speak the same. Channels count from 1. */
const CHANNEL = { channel: { type: 'integer', min: 1, max: 1024, default: 1 } } as const satisfies Parameters;

const MAGIC_BOX = '/cgi-bin/magicBox.cgi';
const CONFIG = '/cgi-bin/configManager.cgi';
const PTZ = '/cgi-bin/ptz.cgi';
const FILES = '/cgi-bin/mediaFileFind.cgi';

export const DAHUA_OPERATIONS: Operations = {
    dahuaInfo: {
        area: 'dahua',
        parameters: {},
        path: MAGIC_BOX,
        query: () => ({ action: 'getSystemInfo' }),
    },
    dahuaSoftware: {
        area: 'dahua',
        parameters: {},
        path: MAGIC_BOX,
        query: () => ({ action: 'getSoftwareVersion' }),
    },
    dahuaTime: {
        area: 'dahua',
        parameters: {},
        path: '/cgi-bin/global.cgi',
        query: () => ({ action: 'getCurrentTime' }),
        read: (answer) => at(answer, 'result'),
    },
    dahuaSetTime: {
        area: 'dahua',
        parameters: { time: { type: 'time' } },
        async run(context, values) {
            const epoch = values.has('time') ? Date.parse(values.text('time')) : context.clock.now();
            const path = '/cgi-bin/global.cgi';
            const answer = await context.ask({ path, query: { action: 'setCurrentTime', time: wallTime(epoch) } });
            return { payload: readAnswer(answer, 'auto'), answer, path };
        },
    },
    dahuaReboot: {
        area: 'dahua',
        physical: true,
        parameters: {},
        path: MAGIC_BOX,
        query: () => ({ action: 'reboot' }),
    },
    dahuaChannels: {
        area: 'dahua',
        parameters: {},
        path: CONFIG,
        query: () => ({ action: 'getConfig', name: 'ChannelTitle' }),
        read: (answer) => {
            const titles = at(answer, 'ChannelTitle');
            const list = Array.isArray(titles) ? titles : [];
            return list.map((title, index) => ({ id: index + 1, name: at(title, 'Name') ?? '' }));
        },
    },
    dahuaSnapshot: { area: 'dahua', parameters: CHANNEL, run: snapshot },
    dahuaConfig: {
        area: 'dahua',
        parameters: { configName: { type: 'text', required: true, length: 128 } },
        path: CONFIG,
        query: (values) => ({ action: 'getConfig', name: values.text('configName') }),
        read: (answer, values) => at(answer, values.text('configName').replace(/\..*$/, '')) ?? answer,
    },
    dahuaSetConfig: {
        area: 'dahua',
        parameters: { settings: { type: 'object', required: true } },
        async run(context, values) {
            const pairs = writeKeyValues(values.object('settings') ?? {});
            const path = CONFIG;
            const answer = await context.ask({
                path,
                query: { action: 'setConfig', ...Object.fromEntries(pairs) },
                physical: true,
            });
            return { payload: readAnswer(answer, 'auto'), answer, path };
        },
    },
    dahuaPtz: {
        area: 'dahua',
        physical: true,
        parameters: {
            ...CHANNEL,
            code: {
                type: 'choice',
                choices: [
                    'Up',
                    'Down',
                    'Left',
                    'Right',
                    'LeftUp',
                    'RightUp',
                    'LeftDown',
                    'RightDown',
                    'ZoomTele',
                    'ZoomWide',
                    'FocusNear',
                    'FocusFar',
                    'IrisLarge',
                    'IrisSmall',
                    'GotoPreset',
                    'SetPreset',
                    'ClearPreset',
                    'StartTour',
                    'StopTour',
                    'PositionABS',
                ],
                required: true,
            },
            movement: { type: 'choice', choices: ['start', 'stop'], default: 'start' },
            arg1: { type: 'number', default: 0 },
            arg2: { type: 'number', default: 0 },
            arg3: { type: 'number', default: 0 },
        },
        path: PTZ,
        query: (values) => ({
            action: values.text('movement'),
            channel: values.number('channel'),
            code: values.text('code'),
            arg1: values.number('arg1'),
            arg2: values.number('arg2'),
            arg3: values.number('arg3'),
        }),
    },
    dahuaPtzStatus: {
        area: 'dahua',
        parameters: CHANNEL,
        path: PTZ,
        query: (values) => ({ action: 'getStatus', channel: values.number('channel') }),
    },
    dahuaInputs: {
        area: 'dahua',
        parameters: {},
        path: '/cgi-bin/alarm.cgi',
        query: () => ({ action: 'getInState' }),
        read: (answer) => stateBits(answer),
    },
    dahuaOutputs: {
        area: 'dahua',
        parameters: {},
        path: '/cgi-bin/alarm.cgi',
        query: () => ({ action: 'getOutState' }),
        read: (answer) => stateBits(answer),
    },
    dahuaOutput: {
        area: 'dahua',
        physical: true,
        parameters: {
            port: { type: 'integer', min: 1, max: 64, default: 1 },
            mode: { type: 'choice', choices: ['on', 'off', 'auto'], default: 'on' },
        },
        path: CONFIG,
        // 1 is always on, 2 always off, 0 follows the device's own rules.
        query: (values) => ({
            action: 'setConfig',
            [`AlarmOut[${values.number('port') - 1}].Mode`]: { on: 1, off: 2, auto: 0 }[values.text('mode')],
        }),
    },
    dahuaDoor: {
        area: 'dahua',
        physical: true,
        parameters: {
            channel: CHANNEL.channel,
            command: { type: 'choice', choices: ['open', 'close'], default: 'open' },
        },
        path: '/cgi-bin/accessControl.cgi',
        query: (values) => ({
            action: values.text('command') === 'open' ? 'openDoor' : 'closeDoor',
            channel: values.number('channel'),
        }),
    },
    dahuaRecordings: {
        area: 'dahua',
        parameters: {
            ...CHANNEL,
            startTime: { type: 'time', required: true },
            endTime: { type: 'time', required: true },
            fileType: { type: 'choice', choices: ['any', 'dav', 'jpg', 'mp4'], default: 'dav' },
            limit: { type: 'integer', min: 1, max: 10_000, default: 1000 },
        },
        run: findRecordings,
    },
    dahuaDownload: {
        area: 'dahua',
        download: true,
        parameters: { file: { type: 'text', required: true, length: 1024 } },
        run(context, values) {
            const file = values.text('file');
            if (!file.startsWith('/') || file.split('/').includes('..')) {
                const reason = 'a path that the device gave is expected';
                throw new Fault('PARAMETER_INVALID', { details: { parameter: 'file', reason } });
            }
            return fetchLarge(context, { path: `/cgi-bin/RPC_Loadfile${file}` });
        },
    },
};

/** Local wall time as the CGI writes it. */
function wallTime(epoch: number): string {
    const offset = -new Date(epoch).getTimezoneOffset();
    return new Date(epoch + offset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** `result=5`: bit n is the state of port n + 1. */
function stateBits(answer: unknown): { value: number; active: number[] } {
    const value = numberAt(answer, 'result') ?? 0;
    const active = Array.from({ length: 31 }, (_none, bit) => bit + 1).filter((port) => value & (1 << (port - 1)));
    return { value, active };
}

async function snapshot(context: Context, values: Values): Promise<Result> {
    const channel = values.number('channel');
    const { picture, contentType, answer, path } = await takeCgiSnapshot(context.ask, channel);
    const filename = `${new Date(context.clock.now()).toISOString().replace(/[:.]/g, '-')}_${channel}.jpg`;
    return { payload: picture, answer, path, extra: { contentType, filename } };
}

/** As many files as one answer holds (Dahua HTTP API: at most 100). */
const FILES_PER_ANSWER = 100;

/** A finder lives in the device until it is destroyed; it has room for few of them. */
async function findRecordings(context: Context, values: Values): Promise<Result> {
    const created = readKeyValues(
        textOf((await context.ask({ path: FILES, query: { action: 'factory.create' } })).body),
    );
    const object = at(created, 'result');
    if (typeof object !== 'string' || !/^\d+$/.test(object)) {
        throw new Fault('ANSWER_UNREADABLE', {
            details: { expected: 'the number of a finder', reason: 'there is none' },
        });
    }
    try {
        const files = await findFiles(context, values, object);
        return { payload: files, path: FILES };
    } finally {
        for (const action of ['close', 'destroy']) {
            await context.ask({ path: FILES, query: { action, object }, signal: undefined }).catch(() => undefined);
        }
    }
}

async function findFiles(context: Context, values: Values, object: string): Promise<unknown[]> {
    const type = values.text('fileType');
    const files: unknown[] = [];
    try {
        await context.ask({
            path: FILES,
            query: {
                action: 'findFile',
                object,
                'condition.Channel': values.number('channel'),
                'condition.StartTime': wallTime(Date.parse(values.text('startTime'))),
                'condition.EndTime': wallTime(Date.parse(values.text('endTime'))),
                ...(type !== 'any' && { 'condition.Types[0]': type }),
            },
        });
    } catch (thrown) {
        const fault = Fault.from(thrown);
        // "Error" without a reason is how the device says that there is nothing in this span.
        if (fault.code === 'REQUEST_INVALID' && fault.isapi === undefined && fault.status === 200) return files;
        throw fault;
    }
    const limit = values.number('limit');
    while (files.length < limit) {
        const count = Math.min(FILES_PER_ANSWER, limit - files.length);
        const answer = await context.ask({ path: FILES, query: { action: 'findNextFile', object, count } });
        const page = readKeyValues(textOf(answer.body));
        const items = at(page, 'items');
        const found = Array.isArray(items) ? items.filter((item) => item !== undefined) : [];
        files.push(...found);
        context.progress?.({ unit: 'matches', done: files.length });
        if (found.length < count) break;
    }
    return files;
}
