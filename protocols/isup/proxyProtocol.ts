import { isIP } from 'node:net';
import { PROXY_V2 } from './classifier';

/** What a load balancer says in front of a connection (haproxy.org, PROXY protocol 1 and 2). */
export interface ProxyHeader {
    /** Bytes that the header takes. */
    size: number;
    /** Absent where the balancer speaks for itself (v1 UNKNOWN, v2 LOCAL), as its health checks do. */
    connection?: {
        source: { address: string; port: number };
        destination: { address: string; port: number };
    };
}

/** Longest first line of version 1, and the most of version 2 that we are ready to skip. */
const MAX_V1 = 107;
const MAX_V2 = 4096;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** @returns `need-more` until the header is whole, `malformed` where there is none: such a connection is refused */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'need-more' | 'malformed' {
    const known = Math.min(bytes.length, PROXY_V2.length);
    if (bytes.compare(PROXY_V2, 0, known, 0, known) === 0) return readV2(bytes);
    return readV1(bytes);
}

function port(text: string | undefined): number | undefined {
    if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
    const value = Number(text);
    return value <= 65535 ? value : undefined;
}

function readV1(bytes: Buffer): ProxyHeader | 'need-more' | 'malformed' {
    const end = bytes.subarray(0, MAX_V1).indexOf('\r\n', 0, 'latin1');
    const start = 'PROXY '.slice(0, bytes.length);
    if (bytes.toString('latin1', 0, start.length) !== start) return 'malformed';
    if (end < 0) return bytes.length < MAX_V1 ? 'need-more' : 'malformed';
    const [, family, from, to, fromPort, toPort] = bytes.toString('latin1', 0, end).split(' ');
    if (family === 'UNKNOWN') return { size: end + 2 };
    const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
    const source = port(fromPort);
    const destination = port(toPort);
    if (version === 0 || isIP(from ?? '') !== version || isIP(to ?? '') !== version) return 'malformed';
    if (source === undefined || destination === undefined) return 'malformed';
    return {
        size: end + 2,
        connection: {
            source: { address: from!, port: source },
            destination: { address: to!, port: destination },
        },
    };
}

function ipv4(bytes: Buffer, at: number): string {
    return [...bytes.subarray(at, at + 4)].join('.');
}

function ipv6(bytes: Buffer, at: number): string {
    const groups: string[] = [];
    for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(at + i).toString(16));
    // The URL parser writes the canonical short form.
    return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function readV2(bytes: Buffer): ProxyHeader | 'need-more' | 'malformed' {
    if (bytes.length < 16) return 'need-more';
    const size = 16 + bytes.readUInt16BE(14);
    if (size > MAX_V2) return 'malformed';
    if (bytes.length < size) return 'need-more';
    const command = bytes[12]!;
    if (command === LOCAL) return { size };
    const family = bytes[13]!;
    const width = family === TCP4 ? 4 : family === TCP6 ? 16 : 0;
    if (command !== PROXY || width === 0 || size < 16 + 2 * width + 4) return 'malformed';
    const read = width === 4 ? ipv4 : ipv6;
    return {
        size,
        connection: {
            source: { address: read(bytes, 16), port: bytes.readUInt16BE(16 + 2 * width) },
            destination: { address: read(bytes, 16 + width), port: bytes.readUInt16BE(18 + 2 * width) },
        },
    };
}
