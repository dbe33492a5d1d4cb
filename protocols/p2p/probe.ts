import { type LoginReport, probeDhip, probeDvrip } from '../dahua/dvrip';
import { Fault } from '../errors';
import { CloudPort } from './cloudPort';
import type { P2pCredentials } from './deviceLogin';
import { monotonicClock } from './monotonicClock';
import type { CloudProfile } from './profiles';
import { Rendezvous } from './rendezvous';
import { P2pSession, type RouteChoice, type SessionOptions } from './session';
import { openUdp } from './udpPort';

export interface ProbeOptions extends Pick<SessionOptions, 'clock' | 'openUdp' | 'localAddresses' | 'punchTimeout'> {
    /** Asked in this order; the first that has the recorder is used for the rest. */
    profiles: readonly CloudProfile[];
    serial: string;
    credentials?: P2pCredentials;
    route?: RouteChoice;
    /** Milliseconds for the session. */
    connectTimeout?: number;
}

export interface CloudReport {
    cloud: string;
    online: boolean;
    /** Milliseconds to the server that keeps the registration. */
    roundTrip?: number;
    fault?: Fault;
}

/** What "Test" tells of a P2P device, as far as it came. */
export interface ProbeReport {
    clouds: CloudReport[];
    route?: 'direct' | 'relay';
    /** Milliseconds to the recorder and back. */
    roundTrip?: number;
    /** The login on the vendor's own port; absent without credentials, or where no session came up. */
    login?: LoginReport;
    /** What stopped the test. */
    fault?: Fault;
}

const PRIVATE_PORT = 37777;

/**
 * Tells which cloud knows the recorder, by which route it is reached, and whether it takes the password. The password
 * is tried once: whatever refuses it ends the test.
 */
export async function probeRecorder(options: ProbeOptions): Promise<ProbeReport> {
    const report: ProbeReport = { clouds: [] };
    let port = PRIVATE_PORT;
    let found: CloudProfile | undefined;
    for (const profile of options.profiles) {
        const asked = await askCloud(profile, options);
        report.clouds.push(asked.report);
        if (!asked.report.online) continue;
        found = profile;
        port = asked.privatePort ?? PRIVATE_PORT;
        break;
    }
    if (!found) {
        report.fault = report.clouds.find(({ fault }) => fault)?.fault;
        return report;
    }
    const session = new P2pSession({ ...options, profile: found });
    try {
        await testSession(session, port, options.credentials, report);
    } catch (thrown) {
        report.fault = Fault.from(thrown);
    } finally {
        await session.close();
    }
    return report;
}

async function askCloud(
    profile: CloudProfile,
    options: ProbeOptions,
): Promise<{ report: CloudReport; privatePort?: number }> {
    const clock = options.clock ?? monotonicClock;
    const open = options.openUdp ?? openUdp;
    const openPort = async () => new CloudPort(await open(), clock);
    const port = await openPort();
    try {
        const rendezvous = new Rendezvous({ profile, serial: options.serial, clock, openPort });
        const { roundTrip, info } = await rendezvous.locate(port);
        return { report: { cloud: profile.name, online: true, roundTrip }, privatePort: info.privatePort };
    } catch (thrown) {
        return { report: { cloud: profile.name, online: false, fault: Fault.from(thrown) } };
    } finally {
        port.close();
    }
}

async function testSession(
    session: P2pSession,
    port: number,
    credentials: P2pCredentials | undefined,
    report: ProbeReport,
): Promise<void> {
    const way = await session.connect(port);
    const { route } = session.state;
    if (route === 'direct' || route === 'relay') report.route = route;
    report.roundTrip = Math.round(session.roundTrip);
    if (!credentials) {
        way.destroy();
        return;
    }
    try {
        report.login = await probeDvrip(way, credentials);
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.code !== 'NOT_SUPPORTED') throw fault;
        report.login = await probeDhip(await session.connect(port), credentials);
    }
}
