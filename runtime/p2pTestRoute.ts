import type { NodeAPI } from 'node-red';
import type { LoginOutcome } from '../protocols/dahua/dvrip';
import { type ShownFault, shownFault } from './admin/adminRoutes';
import { savedCredentials } from './admin/savedCredentials';
import { DEVICE_CONFIG_DEFAULTS, type DeviceCredentials, readDeviceConfig } from './settings/deviceConfig';

/** What the dialog shows of a test, faults in the language of the editor. */
export interface P2pTestAnswer {
    clouds: { cloud: string; online: boolean; roundTrip?: number; fault?: ShownFault }[];
    route?: 'direct' | 'relay';
    roundTrip?: number;
    login?: LoginOutcome;
    realm?: string;
    fault?: ShownFault;
}

/** Node-RED's editor shows this in place of a password that is saved already. */
const UNCHANGED = '__PWRD__';

/**
 * `POST intelbras-p2p-tunnel/test` tries the values of an open dialog, deployed or not: which cloud knows the recorder, by which
 * route it is reached, whether it takes the password (one attempt). To be called once, when its module is loaded.
 */
export function addP2pTestRoute(RED: NodeAPI): void {
    const write = RED.auth.needsPermission('intelbras-p2p-tunnel.write');
    RED.httpAdmin.post('/intelbras-p2p-tunnel/test', write, (request, response) => {
        test(RED, request.body).then(
            (answer) => response.json(answer),
            (thrown: unknown) => response.json({ clouds: [], fault: shownFault(thrown) }),
        );
    });
}

async function test(RED: NodeAPI, body: unknown): Promise<P2pTestAnswer> {
    const asked = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
    const text = (name: string) => (typeof asked[name] === 'string' ? (asked[name] as string) : '');
    const saved = savedCredentials<DeviceCredentials>(RED, text('id'), 'device-config');
    const secret = (name: 'password' | 'cloudKey') => (text(name) === UNCHANGED ? (saved[name] ?? '') : text(name));
    const credentials: DeviceCredentials = {
        username: text('username'),
        password: secret('password'),
        cloudUser: text('cloudUser'),
        cloudKey: secret('cloudKey'),
    };
    const config = { ...DEVICE_CONFIG_DEFAULTS, ...pick(asked, ['serial', 'cloud', 'cloudServer']), link: 'p2p' };
    // Environment variables belong to a deployed node; a dialog has none.
    const settings = readDeviceConfig(config, credentials, (value) => value);
    const { P2pAccess } = await import('../devices/p2pAccess.js');
    const access = new P2pAccess({ ...settings.p2p, username: settings.username, password: settings.password });
    const report = await access.test();
    return {
        clouds: report.clouds.map(({ cloud, online, roundTrip, fault }) => ({
            cloud,
            online,
            roundTrip,
            ...(fault && { fault: shownFault(fault) }),
        })),
        route: report.route,
        roundTrip: report.roundTrip,
        login: report.login?.outcome,
        realm: report.login?.realm,
        ...(report.fault && { fault: shownFault(report.fault) }),
    };
}

function pick(from: Record<string, unknown>, names: string[]): Record<string, unknown> {
    return Object.fromEntries(names.filter((name) => typeof from[name] === 'string').map((name) => [name, from[name]]));
}
