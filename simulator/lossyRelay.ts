import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { seededRandom } from './random';

/** What a bad network does to datagrams; fractions 0..1 and milliseconds, the same in both directions. */
export interface Impairment {
    loss: number;
    duplicate: number;
    /** Fraction of datagrams that are held back by `reorderBy`. */
    reorder: number;
    reorderBy: number;
    delay: number;
    jitter: number;
}

const NO_IMPAIRMENT: Impairment = { loss: 0, duplicate: 0, reorder: 0, reorderBy: 5, delay: 0, jitter: 0 };

/** Decides the fate of datagrams: how often and how late each one arrives. Usable without any socket. */
export class Impairer {
    readonly #random: () => number;
    readonly #impairment: Impairment;

    constructor(seed: number, impairment: Partial<Impairment> = {}) {
        this.#random = seededRandom(seed);
        this.#impairment = { ...NO_IMPAIRMENT, ...impairment };
    }

    change(impairment: Partial<Impairment>): void {
        Object.assign(this.#impairment, impairment);
    }

    /** The delays in ms of each copy that arrives; empty where the datagram is lost. */
    fate(): number[] {
        const { loss, duplicate, reorder, reorderBy, delay, jitter } = this.#impairment;
        if (this.#random() < loss) return [];
        const once = () => delay + jitter * this.#random() + (this.#random() < reorder ? reorderBy : 0);
        return this.#random() < duplicate ? [once(), once()] : [once()];
    }
}

interface Flow {
    socket: Socket;
    client: RemoteInfo;
}

/** Delayed datagrams leave in slots of one millisecond from one timer, instead of a timer each. */
class DelayLine {
    #slots: { at: number; deliver: () => void; order: number }[] = [];
    #timer: NodeJS.Timeout | undefined;
    #order = 0;

    push(delay: number, deliver: () => void): void {
        if (delay <= 0) {
            deliver();
            return;
        }
        const entry = { at: performance.now() + delay, deliver, order: this.#order++ };
        let at = this.#slots.length;
        while (at > 0 && this.#slots[at - 1]!.at > entry.at) at -= 1;
        this.#slots.splice(at, 0, entry);
        this.#timer ??= setTimeout(() => this.#run(), 1);
    }

    #run(): void {
        this.#timer = undefined;
        const now = performance.now();
        let due = 0;
        while (due < this.#slots.length && this.#slots[due]!.at <= now) due += 1;
        for (const entry of this.#slots.splice(0, due)) entry.deliver();
        if (this.#slots.length > 0) this.#timer ??= setTimeout(() => this.#run(), 1);
    }

    clear(): void {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#slots = [];
    }
}

/**
 * A UDP relay on loopback that loses, doubles, delays and reorders by a seed, and can change the port by which the far
 * side knows its clients, as a NAT does when it forgets a binding.
 */
export class LossyRelay {
    readonly #front: Socket;
    readonly #target: { host: string; port: number };
    readonly #impairer: Impairer;
    readonly #flows = new Map<string, Flow>();
    readonly #line = new DelayLine();
    /** Datagrams that arrived at the relay, both directions. */
    datagrams = 0;
    /** While set nothing passes. */
    silent = false;

    private constructor(front: Socket, target: { host: string; port: number }, impairer: Impairer) {
        this.#front = front;
        this.#target = target;
        this.#impairer = impairer;
        front.on('message', (datagram, client) => this.#onClient(datagram, client));
    }

    static async open(
        target: { host: string; port: number },
        seed: number,
        impairment: Partial<Impairment> = {},
    ): Promise<LossyRelay> {
        return new LossyRelay(await boundSocket(), target, new Impairer(seed, impairment));
    }

    get port(): number {
        return (this.#front.address() as AddressInfo).port;
    }

    impair(impairment: Partial<Impairment>): void {
        this.#impairer.change(impairment);
    }

    /** From now on the target sees every client from another port. */
    async rebind(): Promise<void> {
        const flows = [...this.#flows.values()];
        this.#flows.clear();
        for (const flow of flows) {
            flow.socket.close();
            await this.#openFlow(flow.client);
        }
    }

    close(): void {
        this.#line.clear();
        this.#front.close();
        for (const flow of this.#flows.values()) flow.socket.close();
        this.#flows.clear();
    }

    async #openFlow(client: RemoteInfo): Promise<Flow> {
        const flow = { socket: await boundSocket(), client };
        flow.socket.on('message', (datagram) => {
            this.#pass(() => this.#front.send(datagram, client.port, client.address));
        });
        this.#flows.set(`${client.address}:${client.port}`, flow);
        return flow;
    }

    #onClient(datagram: Buffer, client: RemoteInfo): void {
        const known = this.#flows.get(`${client.address}:${client.port}`);
        const forward = (flow: Flow) => {
            this.#pass(() => {
                const current = this.#flows.get(`${client.address}:${client.port}`) ?? flow;
                current.socket.send(datagram, this.#target.port, this.#target.host);
            });
        };
        if (known) forward(known);
        else this.#openFlow(client).then(forward);
    }

    #pass(deliver: () => void): void {
        this.datagrams += 1;
        if (this.silent) return;
        for (const delay of this.#impairer.fate()) this.#line.push(delay, deliver);
    }
}

/** A UDP socket on loopback with room for bursts. */
export function boundSocket(port = 0): Promise<Socket> {
    return new Promise((resolve, reject) => {
        // Addresses are numbers here: the default would ask the resolver for each datagram.
        const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
        socket.once('error', reject);
        socket.bind(port, '127.0.0.1', () => {
            socket.off('error', reject);
            // A port that went away answers by ICMP; to UDP that is a lost datagram.
            socket.on('error', () => undefined);
            socket.setRecvBufferSize(4 * 1024 * 1024);
            socket.setSendBufferSize(4 * 1024 * 1024);
            resolve(socket);
        });
    });
}
