import { XmlEditor } from '../documents/editXml';
import { compact, flagAt, listAt, numberAt, textAt } from '../documents/fields';
import { readXml } from '../documents/readXml';
import { textOf } from '../isapi/answer';
import type { Context, Operations, Parameters, Result, Values } from './operation';

const CHANNEL = { channel: { type: 'integer', min: 1, max: 9999, default: 1 } } as const satisfies Parameters;
const OVERLAY = { ...CHANNEL, line: { type: 'integer', min: 1, max: 64, default: 1 } } as const;

const overlayPath = (values: Values) =>
    `/ISAPI/System/Video/inputs/channels/${values.number('channel')}/overlays/text/${values.number('line')}`;
const lightPath = (values: Values) => `/ISAPI/Image/channels/${values.number('channel')}/supplementLight`;
const filterPath = (values: Values) => `/ISAPI/Image/channels/${values.number('channel')}/ircutFilter`;

export const IMAGE_OPERATIONS: Operations = {
    overlayText: { area: 'image', parameters: OVERLAY, path: overlayPath, read: readOverlay },
    setOverlayText: {
        area: 'image',
        parameters: {
            ...OVERLAY,
            text: { type: 'text', length: 128 },
            enabled: { type: 'flag' },
            x: { type: 'integer', min: 0, max: 10_000 },
            y: { type: 'integer', min: 0, max: 10_000 },
        },
        run: (context, values) =>
            change(context, overlayPath(values), {
                displayText: values.optionalText('text'),
                enabled: values.has('enabled') ? values.flag('enabled') : undefined,
                positionX: values.optionalNumber('x'),
                positionY: values.optionalNumber('y'),
            }),
    },
    supplementLight: {
        area: 'image',
        parameters: CHANNEL,
        path: lightPath,
        read: (answer) => listAt(answer, 'SupplementLight')[0],
    },
    setSupplementLight: {
        area: 'image',
        parameters: {
            ...CHANNEL,
            mode: { type: 'text', length: 64 },
            brightness: { type: 'integer', min: 0, max: 100 },
        },
        run: (context, values) =>
            change(context, lightPath(values), {
                supplementLightMode: values.optionalText('mode'),
                whiteLightBrightness: values.optionalNumber('brightness'),
            }),
    },
    dayNight: {
        area: 'image',
        parameters: CHANNEL,
        path: filterPath,
        read: (answer) => listAt(answer, 'IrcutFilter')[0],
    },
    setDayNight: {
        area: 'image',
        parameters: {
            ...CHANNEL,
            mode: { type: 'choice', choices: ['auto', 'day', 'night', 'schedule', 'eventTrigger'], required: true },
        },
        run: (context, values) => change(context, filterPath(values), { IrcutFilterType: values.text('mode') }),
    },
};

function readOverlay(answer: unknown): object {
    return compact({
        line: numberAt(answer, 'TextOverlay/id'),
        enabled: flagAt(answer, 'TextOverlay/enabled'),
        text: textAt(answer, 'TextOverlay/displayText') ?? '',
        x: numberAt(answer, 'TextOverlay/positionX'),
        y: numberAt(answer, 'TextOverlay/positionY'),
    });
}

/** Sets what the flow gave in the device's own document, and writes that back whole. */
async function change(
    context: Context,
    path: string,
    wanted: Record<string, string | number | boolean | undefined>,
): Promise<Result> {
    const current = await context.ask({ path });
    const editor = new XmlEditor(textOf(current.body, current.headers['content-type']));
    for (const [name, value] of Object.entries(wanted)) if (value !== undefined) editor.set(name, value);
    const body = editor.toString();
    const answer = await context.ask({ method: 'PUT', path, body });
    return { payload: Object.values(readXml(body) ?? {})[0], answer, path };
}
