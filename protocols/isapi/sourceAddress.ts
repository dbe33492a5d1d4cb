import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { Fault } from '../errors';
import { plainAddress } from '../plainAddress';

/** Addresses and CIDR ranges, IPv4 and IPv6. */
export class AddressList {
    readonly #list = new BlockList();
    readonly isEmpty: boolean;

    /**
     * @param entries `192.168.1.7`, `10.0.0.0/8`, `2001:db8::/32`
     * @param field the setting they stand in, for the error
     * @throws Fault CONFIG_INVALID naming the entry that is neither
     */
    constructor(entries: readonly string[], field: string) {
        this.isEmpty = entries.length === 0;
        for (const entry of entries) this.#add(entry, field);
    }

    has(address: string): boolean {
        if (this.isEmpty) return false;
        const family = isIP(address);
        return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
    }

    #add(entry: string, field: string): void {
        const [text = '', bits, ...rest] = entry.split('/');
        const address = plainAddress(text);
        const family = isIP(address);
        const most = family === 6 ? 128 : 32;
        // A blank behind the slash is no 0, which would let everybody in.
        const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
        if (family === 0 || rest.length > 0 || !(prefix <= most)) {
            const reason = `“${entry}” is neither an address nor a range such as 192.168.1.0/24`;
            throw new Fault('CONFIG_INVALID', { details: { field, reason } });
        }
        this.#list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
    }
}

/**
 * Who really sent a request. `X-Forwarded-For` counts only as far as it was written by proxies that are trusted: from
 * its right end, the first address that is none of them. Whatever stands further left may be invented by the sender.
 */
export function sourceOf(request: IncomingMessage, proxies: AddressList): string {
    let source = plainAddress(request.socket.remoteAddress ?? '');
    if (proxies.isEmpty) return source;
    const header = request.headers['x-forwarded-for'];
    const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
    while (hops.length > 0 && proxies.has(source)) {
        const hop = forwardedAddress(hops.pop() ?? '');
        if (isIP(hop) === 0) break;
        source = hop;
    }
    return source;
}

/** Proxies write `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`. */
function forwardedAddress(hop: string): string {
    const text = hop.trim();
    const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
    if (bracketed !== undefined) return plainAddress(bracketed);
    return plainAddress(text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1'));
}
