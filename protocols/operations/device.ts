import { XmlEditor } from '../documents/editXml';
import { at, compact, numberAt, textAt } from '../documents/fields';
import { readXml } from '../documents/readXml';
import { Fault } from '../errors';
import { textOf } from '../isapi/answer';
import type { Context, Operations, Result, Values } from './operation';
import { isoWithOffset, offsetOfPosixZone, offsetOfText, posixZoneOfOffset } from './times';

const TIME_PATH = '/ISAPI/System/time';

export const DEVICE_OPERATIONS: Operations = {
    deviceInfo: {
        area: 'device',
        parameters: {},
        path: '/ISAPI/System/deviceInfo',
        read: (answer) => trimmed(at(answer, 'DeviceInfo')),
    },
    deviceCapabilities: {
        area: 'device',
        parameters: {},
        path: '/ISAPI/System/capabilities',
        read: (answer) => at(answer, 'DeviceCap'),
    },
    abilities: {
        area: 'device',
        parameters: { refresh: { type: 'flag', default: false } },
        run: async ({ knowledge }, values) => ({ payload: await knowledge.everything(values.flag('refresh')) }),
    },
    deviceStatus: {
        area: 'device',
        parameters: {},
        path: '/ISAPI/System/status',
        read: (answer) => at(answer, 'DeviceStatus'),
    },
    deviceTime: { area: 'device', parameters: {}, path: TIME_PATH, read: readTime },
    setDeviceTime: {
        area: 'device',
        parameters: {
            mode: { type: 'choice', choices: ['manual', 'NTP'], default: 'manual' },
            time: { type: 'time' },
            offset: { type: 'text', length: 8 },
        },
        run: setTime,
    },
    storage: {
        area: 'device',
        parameters: {},
        path: '/ISAPI/ContentMgmt/Storage',
        read: (answer) => at(answer, 'storage'),
    },
    networkInterfaces: {
        area: 'device',
        parameters: {},
        path: '/ISAPI/System/Network/interfaces',
        read: (answer) => at(answer, 'NetworkInterfaceList/NetworkInterface') ?? [],
    },
    reboot: { area: 'device', physical: true, parameters: {}, method: 'PUT', path: '/ISAPI/System/reboot' },
};

/** Blanks around values go: a door station calls itself `\tVis`. */
function trimmed(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, typeof item === 'string' ? item.trim() : item]),
    );
}

function readTime(answer: unknown): unknown {
    const timeZone = textAt(answer, 'Time/timeZone');
    return compact({
        timeMode: textAt(answer, 'Time/timeMode'),
        localTime: textAt(answer, 'Time/localTime'),
        timeZone,
        offsetMinutes: timeZone === undefined ? undefined : offsetOfPosixZone(timeZone),
        satelliteInterval: numberAt(answer, 'Time/satelliteInterval'),
    });
}

/** Sets the clock by the device's own document: the zone stays unless the flow gives another. */
async function setTime(context: Context, values: Values): Promise<Result> {
    const current = await context.ask({ path: TIME_PATH });
    const text = textOf(current.body, current.headers['content-type']);
    const offset = wantedOffset(values) ?? offsetOfPosixZone(textAt(readXml(text), 'Time/timeZone') ?? '');
    const editor = new XmlEditor(text).set('timeMode', values.text('mode'));
    if (values.has('offset') && offset !== undefined) editor.set('timeZone', posixZoneOfOffset(offset));
    if (values.text('mode') === 'manual') {
        const epoch = values.has('time') ? Date.parse(values.text('time')) : context.clock.now();
        editor.set('localTime', isoWithOffset(epoch, offset));
    }
    const body = editor.toString();
    const answer = await context.ask({ method: 'PUT', path: TIME_PATH, body });
    return { payload: readTime(readXml(body)), answer, path: TIME_PATH };
}

function wantedOffset(values: Values): number | undefined {
    const text = values.optionalText('offset');
    if (text === undefined || text === '') return undefined;
    const offset = offsetOfText(text);
    if (offset !== undefined) return offset;
    throw new Fault('PARAMETER_INVALID', {
        details: { parameter: 'offset', reason: 'an offset such as +03:00 is expected' },
    });
}
