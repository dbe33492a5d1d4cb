import { type Place, XmlEditor } from '../documents/editXml';
import { compact, listAt, numberAt, textAt } from '../documents/fields';
import { readXml } from '../documents/readXml';
import { Fault } from '../errors';
import { textOf } from '../isapi/answer';
import { meansUnsupported } from '../isapi/answerFault';
import type { Context, Operations, Result, Values } from './operation';

/** Where each detection is configured; recorders keep the motion of their cameras elsewhere (hikvision_next). */
const DETECTIONS: Record<string, { path: string; recorder?: string }> = {
    motion: {
        path: '/ISAPI/System/Video/inputs/channels/{channel}/motionDetection',
        recorder: '/ISAPI/ContentMgmt/InputProxy/channels/{channel}/video/motionDetection',
    },
    line: { path: '/ISAPI/Smart/LineDetection/{channel}' },
    field: { path: '/ISAPI/Smart/FieldDetection/{channel}' },
    regionEntrance: { path: '/ISAPI/Smart/regionEntrance/{channel}' },
    regionExiting: { path: '/ISAPI/Smart/regionExiting/{channel}' },
    sceneChange: { path: '/ISAPI/Smart/SceneChangeDetection/{channel}' },
    pir: { path: '/ISAPI/WLAlarm/PIR' },
};

const DETECTION_PARAMETERS = {
    detection: { type: 'choice', choices: Object.keys(DETECTIONS), default: 'motion' },
    channel: { type: 'integer', min: 1, max: 9999, default: 1 },
} as const;

/** The method that sends an event to clients: “Notify Surveillance Center” in the device's pages. */
const CENTER = 'center';

export const DETECTION_OPERATIONS: Operations = {
    detection: {
        area: 'detection',
        parameters: DETECTION_PARAMETERS,
        async run(context, values) {
            const { text, path } = await readDetection(context, values);
            return { payload: Object.values(readXml(text) ?? {})[0], path };
        },
    },
    detectionEnable: {
        area: 'detection',
        parameters: { ...DETECTION_PARAMETERS, enabled: { type: 'flag', default: true } },
        run: enableDetection,
    },
    eventTriggers: {
        area: 'detection',
        parameters: {},
        path: '/ISAPI/Event/triggers',
        read: readTriggers,
    },
    notifySurveillanceCenter: {
        area: 'detection',
        parameters: {
            trigger: { type: 'text', required: true, length: 64 },
            enabled: { type: 'flag', default: true },
        },
        run: (context, values) => notifyCenter(context.ask, values.text('trigger'), values.flag('enabled')),
    },
};

async function readDetection(context: Context, values: Values): Promise<{ text: string; path: string }> {
    const { path, recorder } = DETECTIONS[values.text('detection')]!;
    const fill = (template: string) => template.replace('{channel}', values.text('channel'));
    const isRecorder = recorder !== undefined && (await context.knowledge.family()) === 'recorder';
    const paths = isRecorder ? [recorder, path] : [path, recorder];
    let failure: Fault | undefined;
    for (const template of paths) {
        if (template === undefined) continue;
        try {
            const answer = await context.ask({ path: fill(template) });
            return { text: textOf(answer.body, answer.headers['content-type']), path: fill(template) };
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (!meansUnsupported(fault)) throw fault;
            failure ??= fault;
        }
    }
    throw failure!;
}

/** Changes the one switch in the device's own document and writes it back whole: many devices refuse a subset. */
async function enableDetection(context: Context, values: Values): Promise<Result> {
    const { text, path } = await readDetection(context, values);
    const enabled = values.flag('enabled');
    const editor = new XmlEditor(text);
    const place = editor.find('enabled');
    if (place !== undefined && editor.textOf(place) === String(enabled)) {
        return { payload: { enabled, changed: false }, path };
    }
    const answer = await context.ask({ method: 'PUT', path, body: editor.set('enabled', enabled).toString() });
    return { payload: { enabled, changed: true }, answer, path };
}

/** What happens on an event of one kind at one channel. */
export interface EventTrigger {
    id: string;
    type: string;
    channel?: number;
    input?: number;
    /** record, center, beep, email, … */
    methods: string[];
    /** Whether the event reaches clients at all (alarm-listening article of the vendor). */
    center: boolean;
}

/** The triggers of a device; two models wrap the list once more (device dumps of maciej-or/hikvision_next). */
export function readTriggers(answer: unknown): EventTrigger[] {
    const lists = [
        listAt(answer, 'EventTriggerList/EventTrigger'),
        listAt(answer, 'EventNotification/EventTriggerList/EventTrigger'),
        listAt(answer, 'EventTrigger'),
    ];
    return (lists.find((list) => list.length > 0) ?? []).map(readTrigger);
}

function readTrigger(entry: Record<string, unknown>): EventTrigger {
    const methods = listAt(entry, 'EventTriggerNotificationList/EventTriggerNotification')
        .map((notification) => textAt(notification, 'notificationMethod'))
        .filter((method) => method !== undefined);
    return compact<EventTrigger>({
        id: textAt(entry, 'id') ?? '',
        type: textAt(entry, 'eventType') ?? '',
        channel: numberAt(entry, 'dynVideoInputChannelID') ?? numberAt(entry, 'videoInputChannelID'),
        input: numberAt(entry, 'dynInputIOPortID') ?? numberAt(entry, 'inputIOPortID'),
        methods,
        center: methods.some((method) => method.toLowerCase() === CENTER),
    });
}

/**
 * Switches whether the events of a trigger reach clients: one entry of its list is added or taken out, the rest goes
 * back as it came.
 */
export async function notifyCenter(ask: Context['ask'], trigger: string, enabled: boolean): Promise<Result> {
    const path = `/ISAPI/Event/triggers/${encodeURIComponent(trigger)}`;
    const current = await ask({ path });
    const editor = new XmlEditor(textOf(current.body, current.headers['content-type']));
    const list = editor.find('EventTriggerNotificationList');
    const entries = (list?.children ?? []).filter((entry) => isCenter(editor, entry));
    const changed = entries.length > 0 !== enabled;
    if (!changed) return { payload: { trigger, center: enabled, changed }, path };
    if (!enabled) for (const entry of entries) editor.remove(entry);
    else if (list !== undefined) editor.append(list, CENTER_ENTRY);
    else editor.append(editor.root, `<EventTriggerNotificationList>${CENTER_ENTRY}</EventTriggerNotificationList>`);
    const answer = await ask({ method: 'PUT', path, body: editor.toString() });
    return { payload: { trigger, center: enabled, changed }, answer, path };
}

function isCenter(editor: XmlEditor, entry: Place): boolean {
    const method = editor.find('notificationMethod', entry);
    return method !== undefined && editor.textOf(method).toLowerCase() === CENTER;
}

/** As cameras themselves write it (triggers published by CornerBit/HikSink). */
const CENTER_ENTRY =
    '<EventTriggerNotification><id>center</id><notificationMethod>center</notificationMethod>' +
    '<notificationRecurrence>beginning</notificationRecurrence></EventTriggerNotification>';
