import { BlockList, isIP, isIPv4 } from 'node:net';
import type { ParameterFormat } from './pushBody';

/** One entry of `httpHosts`, in the words of the document; values are text or nested objects, as they were put. */
export type HostSlot = Record<string, unknown> & { id: string };

/** Where a slot in use sends its events. */
export interface PushTarget {
    protocol: 'http' | 'https';
    host: string;
    port: number;
    /** With a leading slash, whether the slot has one or not. */
    path: string;
    format: ParameterFormat;
    authentication: 'none' | 'basic' | 'digest';
    username: string;
    password: string;
    /** `httpBroken`: events of an outage are sent afterwards. */
    resend: boolean;
    /** Seconds between heartbeats, 0 for none (`SubscribeEvent/heartbeat`). */
    heartbeat: number;
}

const AUTHENTICATION: Record<string, PushTarget['authentication']> = {
    MD5digest: 'digest',
    basic: 'basic',
    base64: 'basic',
};

const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '');

/** The address of a slot, whichever of its two forms it uses. */
function hostOf(slot: HostSlot): string {
    const host = text(slot.addressingFormatType) === 'hostname' ? text(slot.hostName) : text(slot.ipAddress);
    return host === '0.0.0.0' || host === '::' ? '' : host;
}

/** Undefined for a free slot: 0.0.0.0, or no address at all. */
export function targetOf(slot: HostSlot): PushTarget | undefined {
    const host = hostOf(slot);
    const protocol = text(slot.protocolType).toLowerCase();
    if (host === '' || (protocol !== 'http' && protocol !== 'https')) return undefined;
    const subscription = (slot.SubscribeEvent ?? {}) as { heartbeat?: unknown };
    const format = text(slot.parameterFormatType);
    return {
        protocol,
        host,
        port: Number(text(slot.portNo)),
        path: `/${text(slot.url).replace(/^\/+/, '')}`,
        format: format === 'JSON' || format === 'querystring' ? format : 'XML',
        authentication: AUTHENTICATION[text(slot.httpAuthenticationMethod)] ?? 'none',
        username: text(slot.userName),
        password: text(slot.password),
        resend: text(slot.httpBroken) === 'true',
        heartbeat: Number(text(subscription.heartbeat)) || 0,
    };
}

/** A free slot as cameras return it. */
export function freeSlot(id: number): HostSlot {
    return {
        id: String(id),
        url: '/',
        protocolType: 'HTTP',
        parameterFormatType: 'XML',
        addressingFormatType: 'ipaddress',
        ipAddress: '0.0.0.0',
        portNo: '80',
        userName: '',
        httpAuthenticationMethod: 'none',
    };
}

/**
 * What is wrong with a slot that a client wants to put, in a few words; undefined when nothing is.
 *
 * @param strict the validation of a DS-K1A8503MF: no HTTPS, no host name, no port below 1024, no empty slot
 */
export function objectionTo(slot: HostSlot, strict: boolean): string | undefined {
    const protocol = text(slot.protocolType);
    const port = Number(text(slot.portNo));
    if (!['HTTP', 'HTTPS', 'EHome'].includes(protocol)) return 'protocolType';
    if (!Number.isInteger(port) || port < 1 || port > 65535) return 'portNo';
    if (Buffer.byteLength(text(slot.url)) > 128) return 'url';
    const byName = text(slot.addressingFormatType) === 'hostname';
    if (!byName && isIP(text(slot.ipAddress)) === 0) return 'ipAddress';
    if (byName && text(slot.hostName) === '') return 'hostName';
    if (!strict || protocol === 'EHome') return undefined;
    if (protocol === 'HTTPS') return 'protocolType';
    if (byName) return 'addressingFormatType';
    if (port < 1024) return 'portNo';
    return hostOf(slot) === '' ? 'ipAddress' : undefined;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an address is this machine. */
export function isLoopback(host: string): boolean {
    const bare = host.replace(/^\[|\]$/g, '');
    if (isIP(bare) === 0) return bare.toLowerCase() === 'localhost';
    return loopback.check(bare, isIPv4(bare) ? 'ipv4' : 'ipv6');
}

/**
 * A simulated device calls this machine only, and what its user named on the command line: whoever can write into its
 * `httpHosts` must not make it call others.
 */
export function mayCall(host: string, named: readonly string[]): boolean {
    return isLoopback(host) || named.includes(host);
}
