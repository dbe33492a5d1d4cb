import type { CloudProfile } from './profiles';
import { wsseHeaders } from './wsse';

/** One datagram of the cloud's HTTP-like dialect (khoanguyen-3fc/dh-p2p `src/dh.rs`, undervolter/dh-fwd `profile.go`). */
export interface CloudRequest {
    path: string;
    /** Present: POST with these bytes; absent: GET. */
    body?: string;
    /** Repeated unchanged when the request is sent again; the answer echoes it. */
    cseq: number;
    /** Left out where the server does not want the signature. */
    signature?: { nonce: number; created: string };
    /** Only the NF dialect: 32 hexadecimal digits. */
    requestId?: string;
}

export interface CloudResponse {
    status: number;
    reason: string;
    headers: Record<string, string>;
    body: string;
}

/** A request the way a server reads it. */
export interface CloudCall {
    method: 'GET' | 'POST';
    path: string;
    headers: Record<string, string>;
    body: string;
}

const MAX_DATAGRAM = 65507;

export function writeRequest(profile: CloudProfile, request: CloudRequest): Buffer {
    const verb = `${profile.dialect === 'nf' ? 'NF' : 'DH'}${request.body === undefined ? 'GET' : 'POST'}`;
    const lines = [`${verb} ${request.path} HTTP/1.1`];
    // The DMSS servers answer 403 DevPwd_InvalidDigest when these come in another order (undervolter/dh-fwd).
    if (profile.dialect === 'nf') {
        lines.push('X-Version: 6.7.15', 'X-Sversion: 1.1.0');
        lines.push(`x-pcs-request-id: ${request.requestId ?? '0'.repeat(32)}`, 'X-ToUType: Client/Dmss_Android');
    }
    lines.push(`CSeq: ${request.cseq}`);
    if (request.signature) {
        lines.push(...wsseHeaders(request.signature.nonce, request.signature.created, profile));
    }
    const body = request.body ?? '';
    if (request.body !== undefined) lines.push('Content-Type: ', `Content-Length: ${Buffer.byteLength(body)}`);
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

export function writeResponse(response: CloudResponse): Buffer {
    const lines = [`HTTP/1.1 ${response.status} ${response.reason}`];
    for (const [name, value] of Object.entries(response.headers)) lines.push(`${name}: ${value}`);
    if (response.body !== '') lines.push('Content-Type: ', `Content-Length: ${Buffer.byteLength(response.body)}`);
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${response.body}`, 'latin1');
}

function splitMessage(datagram: Buffer): { first: string; headers: Record<string, string>; body: string } | undefined {
    if (datagram.length > MAX_DATAGRAM) return undefined;
    const text = datagram.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    const head = end === -1 ? text : text.slice(0, end);
    const [first = '', ...lines] = head.split('\r\n');
    const headers: Record<string, string> = Object.create(null);
    for (const line of lines) {
        const colon = line.indexOf(':');
        if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    }
    return { first, headers, body: end === -1 ? '' : text.slice(end + 4).trim() };
}

/** Reads an answer; undefined where the datagram is something else. */
export function readResponse(datagram: Buffer): CloudResponse | undefined {
    if (datagram.subarray(0, 5).toString('latin1') !== 'HTTP/') return undefined;
    const message = splitMessage(datagram);
    const line = message && /^HTTP\/1\.\d (\d{3}) ?(.*)$/.exec(message.first);
    if (!message || !line) return undefined;
    return { status: Number(line[1]), reason: line[2] ?? '', headers: message.headers, body: message.body };
}

/** Reads a request as a server does; undefined where the datagram is something else. */
export function readRequest(datagram: Buffer): CloudCall | undefined {
    const message = splitMessage(datagram);
    const line = message && /^(?:DH|NF)(GET|POST) (\S+) HTTP\/1\.\d$/.exec(message.first);
    if (!message || !line) return undefined;
    return { method: line[1] as 'GET' | 'POST', path: line[2] ?? '', headers: message.headers, body: message.body };
}

/** The text of a flat element, without surrounding white space; undefined where it is absent. */
export function readTag(body: string, name: string): string | undefined {
    const open = body.indexOf(`<${name}>`);
    if (open === -1) return undefined;
    const start = open + name.length + 2;
    const end = body.indexOf(`</${name}>`, start);
    return end === -1 ? undefined : body.slice(start, end).trim();
}

/** `ip:port` with an IPv4 address, as every element of the cloud writes it. */
export interface Address {
    host: string;
    port: number;
}

export function readAddress(text: string | undefined): Address | undefined {
    const match = text === undefined ? null : /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(text.trim());
    if (!match) return undefined;
    const host = match[1] ?? '';
    const port = Number(match[2]);
    if (port < 1 || port > 65535 || host.split('.').some((octet) => Number(octet) > 255)) return undefined;
    return { host, port };
}

/** The addresses in `LocalAddr`: `ip:port`, or several addresses that share the port of the last one. */
export function readAddresses(text: string | undefined): Address[] {
    if (text === undefined) return [];
    const parts = text.split(',').slice(0, 16);
    const last = readAddress(parts.at(-1));
    if (!last) return [];
    const found: Address[] = [];
    for (const part of parts) {
        const address = readAddress(part.includes(':') ? part : `${part}:${last.port}`);
        if (address && !found.some((other) => sameAddress(other, address))) found.push(address);
    }
    return found;
}

export function sameAddress(a: Address, b: Address): boolean {
    return a.port === b.port && a.host === b.host;
}
