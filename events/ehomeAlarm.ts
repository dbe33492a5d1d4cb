import type { EhomeAlarm } from '../protocols/isup/ehome';
import type { DeviceEvent, DeviceIdentity, EventState, Occurrence } from './deviceEvent';
import { eventId } from './identity';
import { readTime } from './time';
import { lookUp, type VocabularyEntry } from './vocabulary';

/** Where an alarm number is the same thing as an event of ISAPI, its word; what it means otherwise. */
type Meaning = string | VocabularyEntry;

const health = (kind: string, instant = false): VocabularyEntry => ({ kind, family: 'health', instant });
const instant = (kind: string, family: VocabularyEntry['family']): VocabularyEntry => ({ kind, family, instant: true });

/**
 * The alarm numbers of EHome (CharlesPu/HIKPusher, a vendor header; that the XML carries the same numbers follows from
 * the platform's treatment of 8). A number that is not here passes through as itself.
 */
const MEANINGS: Record<string, Meaning> = {
    0: 'diskfull',
    1: 'diskerror',
    5: 'videoloss',
    6: 'IO',
    7: 'shelteralarm',
    8: 'VMD',
    9: 'videomismatch',
    10: instant('speeding', 'vehicle'),
    11: 'PIR',
    12: 'WLSensor',
    13: instant('panic', 'panel'),
    14: { kind: 'arming', family: 'panel', instant: false },
    15: health('privacy'),
    16: health('picture-upload-failed', true),
    17: health('recording-failed', true),
    18: health('upgrade-failed', true),
    19: 'illAccess',
    80: { kind: 'sound-level', family: 'audio', instant: true },
    90: instant('traffic-violation', 'vehicle'),
    91: instant('plate-list', 'vehicle'),
    97: 'facedetection',
    98: 'defocus',
    99: 'audioexception',
    100: 'scenechangedetection',
    101: 'linedetection',
    102: 'regionEntrance',
    103: 'regionExiting',
    104: 'fielddetection',
    105: 'loitering',
    106: { kind: 'object-left-or-removed', family: 'perimeter', instant: false },
    107: 'parking',
    108: 'rapidMove',
    109: 'group',
    110: 'PeopleCounting',
    111: 'PeopleCounting',
    112: 'unattendedBaggage',
    113: 'attendedBaggage',
    114: instant('roll-over', 'vehicle'),
    115: instant('collision', 'vehicle'),
    256: health('data-allowance-exceeded', true),
    257: health('data-allowance-nearly-exceeded', true),
    700: health('device-status', true),
    701: health('channel-status', true),
    702: health('disk-status', true),
    703: health('device-status', true),
    704: health('channel-status', true),
    705: health('disk-status', true),
    706: health('recording-exception', true),
    8800: instant('environment-limit', 'io'),
    8801: instant('environment-value', 'io'),
    8802: instant('environment-exception', 'io'),
    40961: { kind: 'over-temperature', family: 'thermal', instant: false },
    40962: instant('acceleration', 'vehicle'),
};

const DISK = new Set(['0', '1', '702', '705']);
const COUNTING = new Set(['110', '111']);
const INPUT = '6';
const SPEEDING = '10';

export interface EhomeAlarmOrigin {
    /** Epoch milliseconds. */
    at: number;
    device: DeviceIdentity;
    /** The original. */
    text: string;
    /** Minutes east of UTC of the device's clock; by default those of this machine. */
    assumedOffset?: number;
}

function meaningOf(type: string): VocabularyEntry {
    const meaning = Object.hasOwn(MEANINGS, type) ? MEANINGS[type]! : undefined;
    if (meaning === undefined) return { kind: type.toLowerCase(), family: 'unknown', instant: false };
    return typeof meaning === 'string' ? lookUp(meaning) : meaning;
}

function stateOf(entry: VocabularyEntry, { action }: EhomeAlarm): EventState {
    if (entry.instant || action === undefined) return 'pulse';
    return action === 1 ? 'inactive' : 'active';
}

/** An ALARM of EHome as the event it tells of. Its `type` is the number, as sent. */
export function readEhomeAlarm(alarm: EhomeAlarm, { at, device, text, assumedOffset }: EhomeAlarmOrigin): Occurrence {
    const { type, videoChannel, alarmIn, disk } = alarm;
    const entry = meaningOf(type);
    const shown = readTime(alarm.time || undefined, at, assumedOffset);
    // The fields of speeding and counting carry numbers of something else under the names of channels.
    const borrowed = type === SPEEDING || COUNTING.has(type);
    const onChannel =
        !DISK.has(type) && type !== INPUT && type !== SPEEDING && videoChannel !== undefined && videoChannel > 0;
    const event: DeviceEvent = {
        id: '',
        vendor: 'hikvision',
        via: 'isup',
        device,
        channel: onChannel ? videoChannel : null,
        kind: entry.kind,
        type,
        family: entry.family,
        state: stateOf(entry, alarm),
        time: shown.time,
        timeQuality: shown.quality,
        receivedAt: new Date(at).toISOString(),
        replay: alarm.retransmitted,
    };
    if (shown.deviceTime !== undefined) event.deviceTime = shown.deviceTime;
    if (type === INPUT && alarmIn !== undefined) event.io = { input: alarmIn };
    if (COUNTING.has(type)) event.counting = { enter: alarmIn, exit: disk };
    const detail = borrowed ? '' : `${alarmIn ?? ''}|${disk ?? ''}`;
    event.id = eventId(event, { detail });
    return { event, pictures: [], raw: { format: 'xml', text } };
}

/** A position report of EHome as an event: a type that the vocabulary does not know, with its fields in `raw.object`. */
export function readEhomePosition(params: Record<string, string>, { at, device, text }: EhomeAlarmOrigin): Occurrence {
    const shown = readTime(params.SampleTime || undefined, at);
    const event: DeviceEvent = {
        id: '',
        vendor: 'hikvision',
        via: 'isup',
        device,
        channel: null,
        kind: 'gps',
        type: 'GPS',
        family: 'unknown',
        state: 'pulse',
        time: shown.time,
        timeQuality: shown.quality,
        receivedAt: new Date(at).toISOString(),
        replay: params.RetransFlag === '1',
    };
    if (shown.deviceTime !== undefined) event.deviceTime = shown.deviceTime;
    event.id = eventId(event, { detail: `${params.Longitude ?? ''}|${params.Latitude ?? ''}` });
    return { event, pictures: [], raw: { format: 'xml', text, object: { ...params } } };
}
