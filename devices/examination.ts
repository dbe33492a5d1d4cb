import { type Clock, systemClock } from '../protocols/clock';
import { flagAt } from '../protocols/documents/fields';
import { Fault } from '../protocols/errors';
import type { BreakerState } from '../protocols/http/breaker';
import { type CertificateSummary, readCertificate } from '../protocols/http/certificate';
import { HttpClient } from '../protocols/http/client';
import type { LoginKind } from '../protocols/http/login';
import { readAnswer } from '../protocols/isapi/answer';
import { meansUnsupported } from '../protocols/isapi/answerFault';
import { ask } from '../protocols/isapi/request';
import { faultOf, readIsapiStatus } from '../protocols/isapi/responseStatus';
import type { Channel } from '../protocols/operations/channels';
import { readDeviceClock } from '../protocols/operations/deviceClock';
import type { DeviceProfile } from './abilities';
import { Device, type DeviceDependencies, type DeviceSettings } from './device';

/** What came of a test of the settings of a device. */
export interface Examination {
    profile?: DeviceProfile;
    channels?: Channel[];
    /** Milliseconds from a request to its answer, once logged in. */
    latency?: number;
    login?: LoginKind;
    /** Seconds by which the device's clock is ahead; behind where negative. Left out where its zone is not known. */
    drift?: number;
    /** Whether the device admits one more event stream. How many it admits no device says. */
    streams: 'free' | 'full' | 'in-use' | 'unknown';
    breaker: BreakerState;
    /** Why the test ended early. */
    fault?: Fault;
    /** Why this user gets no events although the rest works. */
    eventsFault?: Fault;
    /** The device has no password yet. */
    inactive?: true;
    /** The settings say Hikvision, the device says otherwise. */
    otherVendor?: true;
    /** What may be pinned, where the certificate was not trusted. */
    certificate?: CertificateSummary;
}

export interface ExaminationOptions extends DeviceDependencies {
    /** Our own stream to this device is open: another would only take a slot away. */
    streaming?: boolean;
    /** Milliseconds for all of it; 25 000. */
    deadline?: number;
}

const DEADLINE_MS = 25_000;
const LONGEST_ANSWER_MS = 8000;
const ALERT_STREAM = '/ISAPI/Event/notification/alertStream';

/**
 * Tries the settings of a device: one login at most, read-only. Everything that it opens is closed when it resolves.
 * @returns what was learned until the end or the first failure; never rejects
 */
export async function examine(settings: DeviceSettings, options: ExaminationOptions = {}): Promise<Examination> {
    const { clock = systemClock, deadline = DEADLINE_MS } = options;
    const timeout = Math.min(settings.timeout, LONGEST_ANSWER_MS);
    const found: Examination = { streams: 'unknown', breaker: { name: 'ok' } };
    let device: Device;
    try {
        // Who says Hikvision may be wrong, and then is told so; many of the other make answer nonsense to ISAPI.
        const vendor = settings.vendor === 'dahua' ? 'dahua' : 'auto';
        device = new Device({ ...settings, vendor, timeout }, options);
    } catch (thrown) {
        return { ...found, fault: Fault.from(thrown) };
    }
    const cancel = clock.after(deadline, () => void device.close());
    try {
        await learn(device, settings, found, { ...options, clock });
    } catch (thrown) {
        const fault = Fault.from(thrown);
        // Only our own deadline closes this device.
        found.fault = fault.code === 'CLOSED' ? new Fault('RESPONSE_TIMEOUT', { details: { ms: deadline } }) : fault;
        await explainFailure(settings, found, clock);
    } finally {
        cancel();
        found.breaker = device.breaker.state;
        if (device.lastLogin !== undefined) found.login = device.lastLogin;
        await device.close();
    }
    return found;
}

async function learn(
    device: Device,
    settings: DeviceSettings,
    found: Examination,
    { clock, streaming }: ExaminationOptions & { clock: Clock },
): Promise<void> {
    const { abilities } = device.requests;
    found.profile = await abilities.profile();
    if (settings.vendor !== 'auto' && settings.vendor !== found.profile.vendor) found.otherVendor = true;
    await measure(device, found, clock);
    found.channels = await abilities.channels();
    if (streaming) found.streams = 'in-use';
    else if (found.profile.vendor === 'hikvision') await tryStream(device, found);
}

/** One round trip after the login, and the clock of the device in the middle of it. */
async function measure(device: Device, found: Examination, clock: Clock): Promise<void> {
    const isDahua = found.profile?.vendor === 'dahua';
    const path = isDahua ? '/cgi-bin/global.cgi?action=getCurrentTime' : '/ISAPI/System/time';
    const sentAt = clock.now();
    const start = clock.elapsed();
    try {
        const answer = await ask(device, { path }, clock);
        found.latency = clock.elapsed() - start;
        const at = isDahua ? undefined : readDeviceClock(readAnswer(answer, 'object'))?.at;
        if (at !== undefined) found.drift = Math.round((at - sentAt - found.latency / 2) / 1000);
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (!meansUnsupported(fault) && fault.code !== 'ANSWER_UNREADABLE' && fault.code !== 'FORBIDDEN') throw fault;
    }
}

/** Opens the event stream and closes it at once: only so does a device tell whether this user may have one. */
async function tryStream(device: Device, found: Examination): Promise<void> {
    try {
        const stream = await device.open({ path: ALERT_STREAM, timeout: 5000 });
        const type = String(stream.headers['content-type'] ?? '');
        if (stream.statusCode === 200 && /^\s*multipart\//i.test(type)) {
            stream.close();
            found.streams = 'free';
            return;
        }
        const start = await readStart(stream.body);
        stream.close();
        const told = readIsapiStatus(start, type);
        const status = told !== undefined && 'status' in told ? told.status : undefined;
        const fault = faultOf({ httpStatus: stream.statusCode, status, path: ALERT_STREAM, stream: true });
        if (fault?.code === 'NO_SLOT') found.streams = 'full';
        else if (fault !== undefined) found.eventsFault = fault;
    } catch (thrown) {
        // Door stations refuse the events of a user whose login is good with 401: that is no failed test.
        found.eventsFault = Fault.from(thrown);
    }
}

/** The first 4 KiB of an answer that is no stream. */
async function readStart(body: AsyncIterable<Buffer>): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= 4096) break;
    }
    return Buffer.concat(chunks).subarray(0, 4096);
}

/** What can be said beyond the fault itself; asked without credentials. */
async function explainFailure(settings: DeviceSettings, found: Examination, clock: Clock): Promise<void> {
    const { fault } = found;
    if (fault === undefined || settings.link !== 'direct' || settings.host === '') return;
    if (fault.code === 'TLS_UNTRUSTED' || fault.code === 'TLS_PIN_MISMATCH') {
        const seen = readCertificate(settings.host, settings.port ?? 443, { clock });
        // Why it cannot be read is what the fault already says.
        const certificate = await seen.catch(() => undefined);
        if (certificate !== undefined) found.certificate = certificate;
    }
    if (fault.code === 'NOT_ACTIVATED' || (await isInactive(settings, fault, clock))) found.inactive = true;
}

/** `/SDK/activateStatus` is the one document that a device shows to everybody (ISAPI guide). */
async function isInactive(settings: DeviceSettings, fault: Fault, clock: Clock): Promise<boolean> {
    if (!['AUTH_REJECTED', 'AUTH_LOCKED', 'FORBIDDEN', 'NOT_FOUND'].includes(fault.code)) return false;
    const { protocol, host, port, verify, fingerprint, tls } = settings;
    const client = new HttpClient({
        ...{ protocol, host, verify, fingerprint, tls, clock },
        ...(port !== undefined && { port }),
        auth: 'none',
        timeout: 3000,
    });
    try {
        const answer = await client.request({ path: '/SDK/activateStatus' });
        return flagAt(readAnswer(answer, 'auto'), 'ActivateStatus/Activated') === false;
    } catch (thrown) {
        // Older devices do not know the path: then nothing is known, and nothing is claimed.
        return Fault.from(thrown).code === 'NOT_ACTIVATED';
    } finally {
        client.close();
    }
}
