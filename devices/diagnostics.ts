import { setImmediate as breathe } from 'node:timers/promises';
import { type Clock, systemClock } from '../protocols/clock';
import { Fault, type FaultCode } from '../protocols/errors';
import { textOf } from '../protocols/isapi/answer';
import type { DeviceFamily } from './abilities';
import type { Device } from './device';
import { StandIns } from './standIns';

/** One answer of a device, as it came but for stand-ins. */
export interface RecordedAnswer {
    path: string;
    status: number;
    contentType: string;
    body: string;
}

/** What a person sends who reports a device, and what the simulator plays as that device. */
export interface Diagnostics {
    format: 'vigia-diagnostics';
    version: 1;
    /** ISO 8601, UTC, to the day: what happened when is nobody's business. */
    day: string;
    family: DeviceFamily;
    answers: RecordedAnswer[];
    /** What could not be asked, and why. */
    failed: { path: string; code: FaultCode }[];
    /** The latest events of the stream: texts only, without pictures. */
    events: { format: string; text: string }[];
}

/** Longest answer that is taken along; lists of capabilities are the longest there are. */
const LONGEST_ANSWER = 256 * 1024;

const ISAPI_PATHS = [
    '/ISAPI/System/deviceInfo',
    '/ISAPI/System/capabilities',
    '/ISAPI/System/time',
    '/ISAPI/System/status',
    '/ISAPI/System/Video/inputs/channels',
    '/ISAPI/ContentMgmt/InputProxy/channels',
    '/ISAPI/ContentMgmt/InputProxy/channels/status',
    '/ISAPI/Streaming/channels',
    '/ISAPI/Event/triggers',
    '/ISAPI/Event/capabilities',
    '/ISAPI/Event/notification/subscribeEventCap',
    '/ISAPI/Event/notification/httpHosts',
    '/ISAPI/Event/notification/httpHosts/capabilities',
    '/ISAPI/System/IO/inputs',
    '/ISAPI/System/IO/outputs',
    '/ISAPI/System/TwoWayAudio/channels',
    '/ISAPI/AccessControl/capabilities',
    '/ISAPI/AccessControl/RemoteControl/door/capabilities',
    '/ISAPI/AccessControl/AcsEvent/capabilities?format=json',
];

const DAHUA_PATHS = [
    '/cgi-bin/magicBox.cgi?action=getSystemInfo',
    '/cgi-bin/magicBox.cgi?action=getSoftwareVersion',
    '/cgi-bin/magicBox.cgi?action=getDeviceType',
    '/cgi-bin/configManager.cgi?action=getConfig&name=ChannelTitle',
    '/cgi-bin/eventManager.cgi?action=getExposureEvents',
];

/** Faults that make every further question pointless, or harmful. */
const FINAL = /^(?:AUTH_|CONNECT_|TLS_|HOST_|CLOSED)/;

/**
 * Asks a device for everything that describes it, and replaces names, addresses and numbers by stand-ins. Only reads.
 *
 * @throws Fault where the device cannot be asked at all
 */
export async function collectDiagnostics(
    device: Device,
    recent: Device['recent'] = device.recent,
    clock: Clock = systemClock,
): Promise<Diagnostics> {
    const { vendor, family } = await device.requests.abilities.profile();
    const answers: RecordedAnswer[] = [];
    const failed: Diagnostics['failed'] = [];
    for (const path of vendor === 'dahua' ? DAHUA_PATHS : ISAPI_PATHS) {
        try {
            const { statusCode, headers, body } = await device.request({ path, maxBody: LONGEST_ANSWER });
            const contentType = String(headers['content-type'] ?? '');
            answers.push({ path, status: statusCode, contentType, body: textOf(body, contentType) });
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (FINAL.test(fault.code)) throw fault;
            failed.push({ path, code: fault.code });
        }
    }
    const events = recent.map(({ format, text = '' }) => ({ format, text }));
    await anonymise([...answers.map(bodyOf), ...events.map(textOfEvent)]);
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    return { format: 'vigia-diagnostics', version: 1, day, family, answers, failed, events };
}

/** A text with the way to change it. */
interface Replaceable {
    read(): string;
    write(text: string): void;
}

const bodyOf = (answer: RecordedAnswer): Replaceable => ({
    read: () => answer.body,
    write: (text) => {
        answer.body = text;
    },
});

const textOfEvent = (event: { text: string }): Replaceable => ({
    read: () => event.text,
    write: (text) => {
        event.text = text;
    },
});

/** All are looked through before the first is changed, so that a name is the same stand-in in each. */
async function anonymise(texts: readonly Replaceable[]): Promise<void> {
    const standIns = new StandIns();
    for (const text of texts) {
        standIns.learn(text.read());
        await breathe();
    }
    for (const text of texts) {
        text.write(standIns.apply(text.read()));
        await breathe();
    }
}
