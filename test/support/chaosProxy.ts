import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Random } from './random';

/** What can be done to the connections that run now; each leaves those that come later alone. */
export const TROUBLES = ['cut', 'reset', 'half-open', 'stall', 'trickle', 'garbage', 'slow-reader'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Bytes that arrive one by one, and for how long a reader is slow. */
const TRICKLED = 600;
const SLOW_MS = 1500;

interface Way {
    client: Socket;
    device: Socket;
    /** What the device sends goes nowhere. */
    silent: boolean;
    /** Bytes of the device that still pass before it falls silent. */
    before?: number;
    /** Bytes that still trickle. */
    trickle: number;
}

/** Stands between a client and a device and does to their TCP connections what networks do, by a seed. */
export class ChaosProxy {
    readonly #random: Random;
    readonly #target: number;
    readonly #server: Server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    readonly #ways = new Set<Way>();
    /** Connections that were ever opened. */
    opened = 0;

    constructor(target: number, seed: number) {
        this.#target = target;
        this.#random = new Random(seed);
    }

    async listen(): Promise<this> {
        await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        return this;
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    /** Connections that the client holds open now, dead or alive. */
    get open(): number {
        return [...this.#ways].filter(({ client }) => !client.destroyed).length;
    }

    trouble(kind: Trouble): void {
        for (const way of this.#ways) this.#disturb(way, kind);
    }

    async close(): Promise<void> {
        for (const { client, device } of this.#ways) {
            client.destroy();
            device.destroy();
        }
        await new Promise((resolve) => this.#server.close(resolve));
    }

    #accept(client: Socket): void {
        this.opened += 1;
        const device = connect({ host: '127.0.0.1', port: this.#target, allowHalfOpen: true });
        const way: Way = { client, device, silent: false, trickle: 0 };
        this.#ways.add(way);
        client.on('data', (chunk) => {
            if (!way.silent) device.write(chunk);
        });
        device.on('data', (chunk) => this.#pass(way, chunk));
        for (const [from, to] of [
            [client, device],
            [device, client],
        ] as const) {
            from.on('end', () => {
                // In a network that is gone nobody hears that the other side has ended.
                if (way.silent) from.end();
                else to.end();
            });
            from.on('error', () => from.destroy());
            from.on('close', () => {
                if (!way.silent) to.destroy();
                if (to.destroyed) this.#ways.delete(way);
            });
        }
    }

    #pass(way: Way, chunk: Buffer): void {
        if (way.silent) return;
        let left = chunk;
        if (way.before !== undefined) {
            left = chunk.subarray(0, way.before);
            way.before -= left.length;
            way.silent = way.before === 0;
        }
        const slow = Math.min(way.trickle, left.length);
        way.trickle -= slow;
        for (const byte of left.subarray(0, slow)) way.client.write(Buffer.of(byte));
        if (left.length > slow) way.client.write(left.subarray(slow));
    }

    #disturb(way: Way, kind: Trouble): void {
        switch (kind) {
            case 'cut':
                way.client.end();
                way.device.end();
                return;
            case 'reset':
                way.client.resetAndDestroy();
                way.device.resetAndDestroy();
                return;
            case 'half-open':
                way.silent = true;
                return;
            case 'stall':
                way.before = this.#random.integer(1, 400);
                return;
            case 'trickle':
                way.client.setNoDelay(true);
                way.trickle = TRICKLED;
                return;
            case 'garbage':
                way.client.write(this.#random.bytes(this.#random.integer(1, 3000)));
                return;
            case 'slow-reader':
                way.device.pause();
                setTimeout(() => way.device.resume(), SLOW_MS).unref();
        }
    }
}
