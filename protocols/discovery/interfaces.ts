import { existsSync } from 'node:fs';
import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SearchInterface } from './found';

/** The interfaces of this machine that lead to a network, with IPv4. */
export function searchInterfaces(all = networkInterfaces()): SearchInterface[] {
    return Object.entries(all).flatMap(([name, addresses]) =>
        (addresses ?? [])
            .filter(({ family, internal }) => family === 'IPv4' && !internal)
            .map(({ address, netmask }) => {
                const broadcast = broadcastOf(address, netmask);
                return { name, address, ...(broadcast !== undefined && { broadcast }) };
            }),
    );
}

/** The last address of a network; none for a link between two. */
function broadcastOf(address: string, netmask: string): string | undefined {
    const bytes = (text: string) => text.split('.').map(Number);
    const mask = bytes(netmask);
    if ((mask[3] ?? 255) >= 254) return undefined;
    return bytes(address)
        .map((byte, index) => (byte & mask[index]!) | (~mask[index]! & 0xff))
        .join('.');
}

/** Docker and Podman leave these files in every container. */
export function inContainer(exists: (path: string) => boolean = existsSync): boolean {
    return exists('/.dockerenv') || exists('/run/.containerenv');
}

/** The networks that Docker and Podman make for containers by default; neither multicast nor broadcast leaves them. */
export function isContainerNetwork({ address }: SearchInterface): boolean {
    const networks = new BlockList();
    networks.addSubnet('172.16.0.0', 12);
    networks.addSubnet('10.88.0.0', 16);
    return networks.check(address);
}
