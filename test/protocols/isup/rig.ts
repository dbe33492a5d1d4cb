import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, type NetConnectOpts, type Socket } from 'node:net';
import type { IsupData, IsupWarning } from '../../../protocols/isup/data';
import { IsupListener, type IsupListenerOptions } from '../../../protocols/isup/listener';
import type { Presence } from '../../../protocols/isup/presence';
import { identity, recorded, wire } from './vectors';

const PATIENCE = 20_000;

/** Waits until something is true; fails with `what` after a generous time. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!isTrue()) {
        if (Date.now() > end) throw new Error(`still waiting for: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

/** The other end of a TCP connection, as plain bytes. */
export class RawClient {
    received: Buffer = Buffer.alloc(0);
    closed = false;

    private constructor(readonly socket: Socket) {
        socket.on('data', (chunk: Buffer) => {
            this.received = Buffer.concat([this.received, chunk]);
        });
        socket.on('error', () => this.socket.destroy());
        socket.on('close', () => {
            this.closed = true;
        });
    }

    static async open(
        port: number,
        options: Partial<NetConnectOpts & { localAddress: string }> = {},
    ): Promise<RawClient> {
        const client = new RawClient(connect({ host: '127.0.0.1', ...options, port } as NetConnectOpts));
        await until('a connection', () => client.socket.readyState === 'open' || client.closed);
        return client;
    }

    send(...parts: Buffer[]): void {
        this.socket.write(Buffer.concat(parts));
    }

    /** Exactly that many bytes, taken from what was received. */
    async take(count: number): Promise<Buffer> {
        await until(`${count} bytes, have ${this.received.toString('hex')}`, () => this.received.length >= count);
        const bytes = this.received.subarray(0, count);
        this.received = this.received.subarray(count);
        return bytes;
    }

    async end(): Promise<void> {
        await until('the close', () => this.closed);
    }

    destroy(): void {
        this.socket.destroy();
    }
}

/** A UDP device, as plain text. */
export class UdpClient {
    readonly received: string[] = [];

    private constructor(readonly socket: UdpSocket) {
        socket.on('message', (bytes) => this.received.push(bytes.toString('latin1')));
    }

    static async open(address = '127.0.0.1'): Promise<UdpClient> {
        const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
        socket.bind(0, address);
        await once(socket, 'listening');
        return new UdpClient(socket);
    }

    get port(): number {
        return (this.socket.address() as AddressInfo).port;
    }

    send(bytes: Buffer | string, port: number, address = '127.0.0.1'): void {
        this.socket.send(bytes, port, address);
    }

    async ask(bytes: Buffer | string, port: number, address = '127.0.0.1'): Promise<string> {
        const before = this.received.length;
        this.send(bytes, port, address);
        await until('an answer', () => this.received.length > before);
        return this.received[before]!;
    }

    close(): void {
        this.socket.close();
    }
}

export interface Rig {
    listener: IsupListener;
    port: number;
    presence: Presence[];
    data: IsupData[];
    warnings: IsupWarning[];
    /** `state` or `state/reason` of all that was said about a device, in order. */
    said(deviceId?: string): string[];
    open(options?: Partial<NetConnectOpts & { localAddress: string }>): Promise<RawClient>;
    udp(): Promise<UdpClient>;
}

export type RigOptions = IsupListenerOptions & { nonces?: number[]; sessionKey?: string };

/** A listener on a free loopback port, with the recorded device listed, for the time of one test. */
export async function withListener(options: RigOptions, body: (rig: Rig) => Promise<void>): Promise<void> {
    const presence: Presence[] = [];
    const data: IsupData[] = [];
    const warnings: IsupWarning[] = [];
    const opened: { destroy?(): void; close?(): void }[] = [];
    const { nonces, sessionKey, ...rest } = options;
    const listener = new IsupListener({
        bind: '127.0.0.1',
        port: 0,
        alarmPort: 0,
        devices: [{ id: identity.deviceId, key: identity.key }],
        advertise: '192.0.2.10:7660',
        random: recorded(nonces ?? [], sessionKey),
        ...rest,
        events: {
            onPresence: (one) => presence.push(one),
            onData: (one) => data.push(one),
            onWarning: (one) => warnings.push(one),
        },
    });
    await listener.listen();
    try {
        await body({
            listener,
            port: listener.port,
            presence,
            data,
            warnings,
            said: (deviceId = identity.deviceId) =>
                presence
                    .filter((one) => one.deviceId === deviceId)
                    .map((one) => (one.reason ? `${one.state}/${one.reason}` : one.state)),
            open: async (how) => {
                const client = await RawClient.open(listener.port, how);
                opened.push(client);
                return client;
            },
            udp: async () => {
                const client = await UdpClient.open();
                opened.push(client);
                return client;
            },
        });
    } finally {
        for (const one of opened) {
            one.destroy?.();
            one.close?.();
        }
        await listener.close();
    }
}

/** The recorded login, answer by answer. */
export async function login(rig: Rig): Promise<void> {
    const client = await rig.open();
    client.send(wire('auth_i'));
    assert.deepEqual(await client.take(39), wire('auth_ii'));
    client.send(wire('auth_iii'));
    assert.deepEqual(await client.take(72), wire('auth_iv'));
    client.send(wire('das_req'));
    assert.deepEqual(await client.take(151), wire('das_rsp'));
    client.destroy();
}

/** The recorded session after it; the connection stays open. */
export async function session(rig: Rig, connect = 'mqtt_connect'): Promise<RawClient> {
    const client = await rig.open();
    client.send(wire(connect));
    assert.deepEqual(await client.take(4), wire('mqtt_connack'));
    client.send(wire('mqtt_subscribe'));
    assert.deepEqual(await client.take(5), wire('mqtt_suback'));
    return client;
}

export async function online(rig: Rig, connect?: string): Promise<RawClient> {
    await login(rig);
    return session(rig, connect);
}
