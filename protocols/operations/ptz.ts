import { at, compact, listAt, numberAt, textAt } from '../documents/fields';
import { Fault } from '../errors';
import { readAnswer } from '../isapi/answer';
import { meansUnsupported } from '../isapi/answerFault';
import { pause } from '../pause';
import type { Context, Operations, Parameters, Result, Values } from './operation';

const CHANNEL = { channel: { type: 'integer', min: 1, max: 9999, default: 1 } } as const satisfies Parameters;
const SPEED = { type: 'integer', min: -100, max: 100, default: 0 } as const;
const SPEEDS = { pan: SPEED, tilt: SPEED, zoom: SPEED } as const;
const base = '/ISAPI/PTZCtrl/channels/{channel}';
const PRESET = { type: 'integer', min: 1, max: 300, required: true } as const;

export const PTZ_OPERATIONS: Operations = {
    ptzContinuous: {
        area: 'ptz',
        physical: true,
        parameters: { ...CHANNEL, ...SPEEDS, duration: { type: 'integer', min: 0, max: 60_000, default: 0 } },
        run: moveFor,
    },
    ptzStop: {
        area: 'ptz',
        physical: true,
        parameters: CHANNEL,
        method: 'PUT',
        path: `${base}/continuous`,
        body: () => speedDocument(0, 0, 0),
    },
    ptzMomentary: {
        area: 'ptz',
        physical: true,
        parameters: { ...CHANNEL, ...SPEEDS, duration: { type: 'integer', min: 1, max: 60_000, default: 500 } },
        method: 'PUT',
        path: `${base}/momentary`,
        body: (values) => ({
            PTZData: {
                pan: values.number('pan'),
                tilt: values.number('tilt'),
                zoom: values.number('zoom'),
                Momentary: { duration: values.number('duration') },
            },
        }),
    },
    ptzAbsolute: {
        area: 'ptz',
        physical: true,
        parameters: {
            ...CHANNEL,
            elevation: { type: 'integer', min: -900, max: 2700, required: true },
            azimuth: { type: 'integer', min: 0, max: 3600, required: true },
            absoluteZoom: { type: 'integer', min: 0, max: 1000, required: true },
        },
        method: 'PUT',
        path: `${base}/absolute`,
        body: (values) => ({
            PTZData: {
                AbsoluteHigh: {
                    elevation: values.number('elevation'),
                    azimuth: values.number('azimuth'),
                    absoluteZoom: values.number('absoluteZoom'),
                },
            },
        }),
    },
    ptzPosition: {
        area: 'ptz',
        parameters: CHANNEL,
        path: `${base}/absoluteEx`,
        read: (answer) => readPosition(answer),
    },
    ptzPresets: {
        area: 'ptz',
        parameters: CHANNEL,
        path: `${base}/presets`,
        read: (answer) =>
            listAt(answer, 'PTZPresetList/PTZPreset').map((preset) =>
                compact({
                    id: numberAt(preset, 'id'),
                    name: textAt(preset, 'presetName'),
                    enabled: at(preset, 'enabled') !== 'false',
                }),
            ),
    },
    ptzGotoPreset: {
        area: 'ptz',
        physical: true,
        parameters: { ...CHANNEL, preset: PRESET, wait: { type: 'number', min: 0, max: 120, default: 0 } },
        run: gotoPreset,
    },
    ptzPatrolStart: {
        area: 'ptz',
        physical: true,
        parameters: { ...CHANNEL, patrol: { type: 'integer', min: 1, max: 64, required: true } },
        method: 'PUT',
        path: `${base}/patrols/{patrol}/start`,
    },
    ptzPatrolStop: {
        area: 'ptz',
        physical: true,
        parameters: { ...CHANNEL, patrol: { type: 'integer', min: 1, max: 64, required: true } },
        method: 'PUT',
        path: `${base}/patrols/{patrol}/stop`,
    },
    ptzHome: { area: 'ptz', physical: true, parameters: CHANNEL, method: 'PUT', path: `${base}/homeposition/goto` },
};

function speedDocument(pan: number, tilt: number, zoom: number): object {
    return { PTZData: { pan, tilt, zoom } };
}

function pathOf(values: Values, rest: string): string {
    return `/ISAPI/PTZCtrl/channels/${values.number('channel')}/${rest}`;
}

/** Moves until told to stop; with a duration the stop follows by itself, also when the node is closed meanwhile. */
async function moveFor(context: Context, values: Values): Promise<Result> {
    const path = pathOf(values, 'continuous');
    const body = speedDocument(values.number('pan'), values.number('tilt'), values.number('zoom'));
    const answer = await context.ask({ method: 'PUT', path, body, physical: true });
    const duration = values.number('duration');
    if (duration > 0) {
        await pause(context.clock, duration, context.signal);
        await context.ask({ method: 'PUT', path, body: speedDocument(0, 0, 0), physical: true, signal: undefined });
    }
    return { payload: readAnswer(answer, 'auto'), answer, path };
}

interface Position {
    elevation?: number;
    azimuth?: number;
    absoluteZoom?: number;
}

function readPosition(answer: unknown): Position {
    const found = at(answer, 'PTZAbsoluteEx') ?? at(answer, 'PTZStatus/AbsoluteHigh');
    return compact<Position>({
        elevation: numberAt(found, 'elevation'),
        azimuth: numberAt(found, 'azimuth'),
        absoluteZoom: numberAt(found, 'absoluteZoom'),
    });
}

/** How often the position is read on the way, and how many equal readings mean that the camera rests. */
const POLL_MS = 400;
const RESTING_READINGS = 3;

/**
 * Goes to a preset and, with `wait` seconds, until the camera rests there. `reached` is null where the camera does not
 * tell its position.
 */
async function gotoPreset(context: Context, values: Values): Promise<Result> {
    const path = pathOf(values, `presets/${values.number('preset')}/goto`);
    const answer = await context.ask({ method: 'PUT', path, physical: true });
    const seconds = values.number('wait');
    const preset = values.number('preset');
    if (seconds === 0) return { payload: { preset }, answer, path };
    const position = await restingPosition(context, pathOf(values, 'absoluteEx'), seconds);
    return { payload: compact({ preset, reached: position === undefined ? null : true, position }), answer, path };
}

async function restingPosition(context: Context, path: string, seconds: number): Promise<Position | undefined> {
    const deadline = context.clock.elapsed() + seconds * 1000;
    let before = '';
    let equal = 0;
    while (context.clock.elapsed() < deadline) {
        await pause(context.clock, POLL_MS, context.signal);
        if (context.signal?.aborted) throw new Fault('CLOSED');
        const position = await positionNow(context, path);
        if (position === undefined) return undefined;
        const now = JSON.stringify(position);
        equal = now === before ? equal + 1 : 1;
        before = now;
        if (equal >= RESTING_READINGS) return position;
    }
    throw new Fault('POSITION_NOT_REACHED', { details: { seconds } });
}

async function positionNow(context: Context, path: string): Promise<Position | undefined> {
    try {
        const position = readPosition(readAnswer(await context.ask({ path }), 'object'));
        return Object.keys(position).length === 0 ? undefined : position;
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (meansUnsupported(fault)) return undefined;
        throw fault;
    }
}
