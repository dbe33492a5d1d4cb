import { Agent, type ClientRequest, type ClientRequestArgs, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Fault } from '../errors';
import { Carrier } from './carrier';
import { type Destination, openConnection } from './connection';
import { StrayByteFilter } from './strayBytes';

/** Devices have few connection slots (Supergiovane/node-red-contrib-hikvision-ultimate#74): an idle one is given back. */
const IDLE_MS = 30_000;

/** What a request may run on: a socket, or a stream from elsewhere that looks like one. */
type Connection = Socket | Carrier;

export interface AgentOptions {
    maxSockets: number;
    /** The answers of this device begin with stray bytes: filter them, one connection a request. */
    tolerant?: boolean;
}

/** The connections of one device: opened as its settings say, kept for the next request, gone after {@link destroy}. */
export class DeviceAgent extends Agent {
    readonly #destination: Destination;
    readonly #tolerant: boolean;
    readonly #closing = new AbortController();
    /** How to cancel the timer of each idle connection; a connection from a tunnel has no setTimeout of its own. */
    readonly #idle = new Map<Duplex, () => void>();
    #idleMs = IDLE_MS;

    constructor(destination: Destination, { maxSockets, tolerant = false }: AgentOptions) {
        super({ keepAlive: !tolerant, maxSockets, maxFreeSockets: maxSockets });
        this.#destination = destination;
        this.#tolerant = tolerant;
    }

    /** Called by Node when a request needs a connection; returns nothing and calls back, as its contract allows. */
    override createConnection(
        _options: ClientRequestArgs,
        callback?: (error: Error | null, socket: Duplex) => void,
    ): undefined {
        openConnection(this.#destination, this.#closing.signal).then(
            (socket) => callback?.(null, this.#dressed(socket)),
            (fault) => callback?.(fault, undefined as unknown as Duplex),
        );
    }

    /** Called by Node when an answer is read and its connection may serve again; the types forget that it asks. */
    override keepSocketAlive(socket: Duplex): boolean {
        (socket as Connection).unref();
        this.#idle.set(
            socket,
            this.#destination.clock.after(this.#idleMs, () => socket.destroy()),
        );
        return true;
    }

    override reuseSocket(socket: Duplex, request: ClientRequest): void {
        this.#wake(socket);
        super.reuseSocket(socket, request);
    }

    /** Learns from `Keep-Alive: timeout=…` when the device closes what is idle, to be a second earlier. */
    learn({ 'keep-alive': hint }: IncomingHttpHeaders): void {
        const seconds = Number(/(?:^|[\s,])timeout=(\d{1,6})/i.exec(String(hint ?? ''))?.[1] ?? Number.NaN);
        if (seconds >= 2) this.#idleMs = Math.min(IDLE_MS, (seconds - 1) * 1000);
    }

    #dressed(socket: Duplex): Connection {
        const plain = socket instanceof Socket ? socket : new Carrier(socket);
        const connection = this.#tolerant ? new StrayByteFilter(plain) : plain;
        connection.once('close', () => this.#wake(connection));
        return connection;
    }

    #wake(socket: Duplex): void {
        this.#idle.get(socket)?.();
        this.#idle.delete(socket);
    }

    /** Closes what is idle, so that the next request gets a new connection. */
    dropIdle(): void {
        for (const sockets of Object.values(this.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }

    override destroy(): void {
        this.#closing.abort(new Fault('CLOSED'));
        super.destroy();
    }
}

/** The agents of one device: the ordinary one, and another for answers that bend the rules, made when needed. */
export class DeviceAgents {
    readonly #made = new Map<boolean, DeviceAgent>();

    constructor(
        private readonly destination: Destination,
        private readonly maxSockets: number,
    ) {}

    get(tolerant: boolean): DeviceAgent {
        const agent =
            this.#made.get(tolerant) ?? new DeviceAgent(this.destination, { maxSockets: this.maxSockets, tolerant });
        this.#made.set(tolerant, agent);
        return agent;
    }

    destroy(): void {
        for (const agent of this.#made.values()) agent.destroy();
        this.#made.clear();
    }
}
