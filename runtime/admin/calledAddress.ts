import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { NodeAPI } from 'node-red';
import { Fault } from '../../protocols/errors';
import type { WantedHost } from '../../protocols/isapi/httpHosts';
import { addressTowards, isLocalOnly, readHostPort } from '../../protocols/isup/localAddress';
import type { AlarmHttpInSettings } from '../settings/alarmHttpIn';

/** What a device must call to reach an `alarm-http-in`, and whether that can be right. */
export interface CalledAddress {
    wanted: WantedHost;
    /** The whole of it, for people. */
    url: string;
    /** It is an address that only means something on this machine. */
    localOnly: boolean;
}

/**
 * Works out what the device must call: what the user wrote, else the address of this machine in the device's network.
 *
 * @param advertise empty, `host`, `host:port`, or a whole URL where a proxy or a router stands in between
 * @param towards the host of the device
 * @throws Fault CONFIG_INVALID
 */
export async function calledAddress(
    RED: NodeAPI,
    settings: AlarmHttpInSettings,
    { advertise, tls, towards }: { advertise: string; tls: boolean; towards: string },
): Promise<CalledAddress> {
    const own = settings.listen === 'own';
    const secure = own ? tls : RED.settings.https !== undefined;
    const port = own ? settings.port : nodeRedPort(RED);
    const path = own ? settings.path : `${RED.httpNode.path().replace(/\/$/, '')}${settings.path}`;
    if (/^https?:\/\//i.test(advertise)) return fromUrl(advertise, path);
    const written = readHostPort(advertise);
    const host = written.host || addressTowards(await addressOf(towards));
    if (host === '') throw invalid('no address of this machine leads to the device: write the one that it must call');
    if (/[\s/?#@]/.test(host)) throw invalid(`“${host.slice(0, 80)}” is neither an address nor a name`);
    return called(secure, host, written.port ?? port, path);
}

function fromUrl(advertise: string, ownPath: string): CalledAddress {
    if (!URL.canParse(advertise)) throw invalid(`“${advertise.slice(0, 80)}” is no URL`);
    const { protocol, hostname, port, pathname } = new URL(advertise);
    const secure = protocol === 'https:';
    const path = pathname === '/' ? ownPath : pathname;
    return called(secure, hostname.replace(/^\[|\]$/g, ''), Number(port) || (secure ? 443 : 80), path);
}

function called(secure: boolean, host: string, port: number, url: string): CalledAddress {
    const shown = host.includes(':') ? `[${host}]` : host;
    return {
        wanted: { url, protocol: secure ? 'HTTPS' : 'HTTP', host, port, format: 'XML' },
        url: `${secure ? 'https' : 'http'}://${shown}:${port}${url}`,
        localOnly: isLocalOnly(host) || host === 'localhost',
    };
}

function nodeRedPort(RED: NodeAPI): number {
    const address = RED.server?.address();
    return typeof address === 'object' && address !== null ? address.port : Number(RED.settings.uiPort) || 1880;
}

async function addressOf(host: string): Promise<string> {
    if (host === '' || isIP(host) !== 0) return host;
    try {
        return (await lookup(host)).address;
    } catch (error) {
        throw new Fault('HOST_NOT_FOUND', { details: { host }, cause: error });
    }
}

function invalid(reason: string): Fault {
    return new Fault('CONFIG_INVALID', { details: { field: 'advertise', reason } });
}
