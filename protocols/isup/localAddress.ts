import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** A loopback or wildcard address, which means nothing to a device that is not on this machine. */
export function isLocalOnly(address: string): boolean {
    return (
        address.startsWith('127.') || address === '::1' || address === '0.0.0.0' || address === '::' || address === ''
    );
}

/**
 * The address of this machine that a device can reach, told from the address the device has: the one in its own
 * network, else the first that is not loopback. A UDP socket does not say on which address a datagram came in.
 */
export function addressTowards(remote: string): string {
    const family = isIPv6(remote) ? 'IPv6' : 'IPv4';
    if (isLocalOnly(remote)) return family === 'IPv4' ? '127.0.0.1' : '::1';
    const own = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .filter((one) => one.family === family && !one.internal);
    const near = own.find((one) => {
        const width = Number(one.cidr?.split('/')[1]);
        if (!Number.isInteger(width)) return false;
        const network = new BlockList();
        network.addSubnet(one.address, width, isIPv4(one.address) ? 'ipv4' : 'ipv6');
        return network.check(remote, isIPv4(remote) ? 'ipv4' : 'ipv6');
    });
    return (near ?? own[0])?.address ?? '';
}

/** `host`, `host:port` or `[v6]:port` as an integrator types it. */
export function readHostPort(text: string): { host: string; port?: number } {
    const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text.trim());
    const plain = /^([^:]+):(\d{1,5})$/.exec(text.trim());
    const match = bracketed ?? plain;
    if (match === null) return { host: text.trim() };
    const port = Number(match[2]);
    return { host: match[1]!, ...(port > 0 && port <= 65535 && { port }) };
}
