import type { P2pAccess, P2pPresence } from '../devices/p2pAccess';
import { Fault } from '../protocols/errors';
import { checkedSerial } from '../protocols/p2p/rendezvous';
import { TunnelGroup, type TunnelReport } from '../protocols/p2p/tunnelGroup';
import { type IntelbrasP2pTunnelSettings, readPorts } from './settings/intelbrasP2pTunnel';

/** A message's wish, read. */
export interface TunnelCommand {
    command: 'open' | 'close' | 'status' | 'query';
    serial: string;
    ports?: unknown;
}

/** The `payload` that leaves the node. */
export interface TunnelPayload {
    serial: string;
    state: TunnelReport['state'];
    route?: TunnelReport['route'];
    ports: TunnelReport['ports'];
    reason?: string;
    /** Of a query: whether the cloud sees the recorder, and the milliseconds to the server that says so. */
    online?: boolean;
    roundTrip?: number;
}

const COMMANDS = ['open', 'close', 'status', 'query'] as const;

/**
 * Reads `payload`: a command, or an object with `command`, and optionally `serial` and `ports` for another recorder
 * with the same login.
 *
 * @throws Fault CONFIG_INVALID where there is no such command, P2P_SERIAL_MISSING
 */
export function readCommand(payload: unknown, ownSerial: string): TunnelCommand {
    const wish =
        typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : { command: payload };
    const command = COMMANDS.find((known) => known === wish.command);
    if (!command) {
        const reason = 'open, close, status or query is expected';
        throw new Fault('CONFIG_INVALID', { details: { field: 'payload', reason } });
    }
    const serial = checkedSerial(typeof wish.serial === 'string' && wish.serial !== '' ? wish.serial : ownSerial);
    return wish.ports === undefined ? { command, serial } : { command, serial, ports: wish.ports };
}

/** All tunnels of one node: those of its own recorder, and of others that messages name. */
export class TunnelDesk {
    readonly #access: P2pAccess;
    readonly #settings: IntelbrasP2pTunnelSettings;
    readonly #onChange: (report: TunnelReport) => void;
    readonly #groups = new Map<string, TunnelGroup>();
    /** What opens ports at the moment. */
    readonly #opening = new Set<Promise<void>>();
    #closed = false;

    constructor(access: P2pAccess, settings: IntelbrasP2pTunnelSettings, onChange: (report: TunnelReport) => void) {
        this.#access = access;
        this.#settings = settings;
        this.#onChange = onChange;
    }

    /** Serial numbers whose tunnels exist now. */
    get serials(): string[] {
        return [...this.#groups.keys()];
    }

    /** Opens the node's own tunnels. @throws Fault of a port that cannot be opened */
    async open(serial = this.#access.serial, ports: unknown = this.#settings.ports): Promise<void> {
        checkedSerial(serial);
        // A message that waited for a port to close may come here after its node was closed.
        if (this.#closed) throw new Fault('CLOSED');
        const opening = this.#group(serial, ports).open();
        this.#opening.add(opening);
        try {
            await opening;
        } finally {
            this.#opening.delete(opening);
        }
    }

    /**
     * Does what a message asks.
     *
     * @returns what to answer, where no change will say it by itself
     * @throws Fault of the ports or of the cloud
     */
    async perform({ command, serial, ports }: TunnelCommand): Promise<TunnelPayload | undefined> {
        const group = this.#groups.get(serial);
        switch (command) {
            case 'open': {
                if (group && ports !== undefined) await this.#drop(serial);
                const before = this.#groups.get(serial)?.report.state;
                await this.open(serial, ports);
                return before === 'open' ? this.#payload(serial) : undefined;
            }
            case 'close': {
                const wasOpen = group !== undefined;
                await this.#drop(serial);
                return wasOpen ? undefined : this.#payload(serial);
            }
            case 'status':
                return this.#payload(serial);
            case 'query':
                return this.#query(serial);
        }
    }

    async close(): Promise<void> {
        this.#closed = true;
        await this.#closeGroups();
        // Those that were about to open when they were closed open all the same.
        await Promise.allSettled(this.#opening);
        await this.#closeGroups();
        this.#groups.clear();
    }

    async #closeGroups(): Promise<void> {
        await Promise.all([...this.#groups.values()].map((group) => group.close()));
    }

    async #query(serial: string): Promise<TunnelPayload> {
        const payload = this.#payload(serial);
        let presence: P2pPresence;
        try {
            presence = await this.#access.query(this.#settings, serial);
        } catch (thrown) {
            const fault = Fault.from(thrown);
            if (fault.code !== 'P2P_DEVICE_OFFLINE' && fault.code !== 'P2P_NOT_IN_CLOUD') throw fault;
            return { ...payload, state: 'offline', online: false, reason: fault.message };
        }
        const state = presence.online || payload.state === 'open' ? payload.state : 'offline';
        return { ...payload, state, ...presence };
    }

    #payload(serial: string): TunnelPayload {
        const report = this.#groups.get(serial)?.report;
        return report ? tunnelPayload(report) : { serial, state: 'closed', ports: [] };
    }

    #group(serial: string, ports: unknown): TunnelGroup {
        const known = this.#groups.get(serial);
        if (known) return known;
        const own = serial === this.#access.serial;
        const group = new TunnelGroup({
            serial,
            ports: readPorts(own || ports !== this.#settings.ports ? ports : withoutFixedPorts(this.#settings.ports)),
            bind: this.#settings.bind,
            idle: this.#settings.idle,
            // With "open by message" the next message opens it again; else the next client has to.
            keepPorts: own && this.#settings.open === 'deploy',
            acquire: () => this.#access.acquire(wayOf(this.#settings), serial),
            onChange: (report) => {
                if (!this.#closed) this.#onChange(report);
            },
        });
        this.#groups.set(serial, group);
        return group;
    }

    async #drop(serial: string): Promise<void> {
        const group = this.#groups.get(serial);
        this.#groups.delete(serial);
        await group?.close();
    }
}

/** A fixed local port belongs to the node's own recorder; those of others are the next free ones. */
function withoutFixedPorts(ports: IntelbrasP2pTunnelSettings['ports']) {
    return ports.map((port) => ({ ...port, local: 0 }));
}

function wayOf({ backend, route, sdkPath, sdkNode }: IntelbrasP2pTunnelSettings) {
    return { backend, route, sdkPath, sdkNode };
}

export function tunnelPayload(report: TunnelReport): TunnelPayload {
    const payload: TunnelPayload = { serial: report.serial, state: report.state, ports: report.ports };
    if (report.route !== undefined) payload.route = report.route;
    if (report.reason !== undefined) payload.reason = report.reason;
    return payload;
}
