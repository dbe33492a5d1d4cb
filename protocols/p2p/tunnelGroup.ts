import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { monotonicClock } from './monotonicClock';
import { type PortPlan, type PortWish, portPlan, type TunnelService } from './portPlan';
import type { SourceLease } from './sharedSources';
import type { SourceState, TunnelRoute, TunnelSource } from './tunnelSource';

const CLOSE_GRACE = 5_000;

export interface TunnelPort {
    service: TunnelService;
    remote: number;
    host: string;
    local: number;
}

/** What a tunnel says of itself at every change. */
export interface TunnelReport {
    serial: string;
    state: SourceState['state'];
    route?: TunnelRoute;
    ports: TunnelPort[];
    reason?: string;
    fault?: Fault;
    /** Clock time of the next attempt. */
    retryAt?: number;
}

export interface TunnelGroupOptions {
    /** Takes a share of the source of the recorder when the tunnels open. */
    acquire(): SourceLease;
    serial: string;
    ports: readonly PortWish[];
    bind?: string;
    /** Milliseconds without a connection after which the tunnels close; 0 = never. */
    idle?: number;
    /** When idle, only the way to the recorder closes; the local ports stay and open it again for the next client. */
    keepPorts?: boolean;
    plan?: PortPlan;
    clock?: Clock;
    onChange(report: TunnelReport): void;
}

interface Listening {
    wish: PortWish;
    server: Server;
}

/** The local ports of one recorder: listeners here, connections there. */
export class TunnelGroup {
    readonly #options: TunnelGroupOptions;
    readonly #clock: Clock;
    readonly #bind: string;
    readonly #sockets = new Set<Socket>();
    #listening: Listening[] = [];
    #lease: SourceLease | undefined;
    #unwatch: () => void = () => undefined;
    #cancelIdle: () => void = () => undefined;
    #opening: Promise<void> | undefined;
    #closing: Promise<void> | undefined;
    #reason: string | undefined;
    #fault: Fault | undefined;

    constructor(options: TunnelGroupOptions) {
        this.#options = options;
        this.#clock = options.clock ?? monotonicClock;
        this.#bind = options.bind || '127.0.0.1';
    }

    get report(): TunnelReport {
        const state = this.#lease?.source.state ?? { state: this.#fault ? 'error' : 'closed', fault: this.#fault };
        const fault = state.fault;
        return {
            serial: this.#options.serial,
            state: state.state,
            route: state.route,
            ports: this.#listening.map(({ wish, server }) => ({
                service: wish.service,
                remote: wish.remote,
                host: this.#bind,
                local: (server.address() as AddressInfo).port,
            })),
            reason: this.#reason ?? fault?.message,
            fault,
            retryAt: state.retryAt,
        };
    }

    /**
     * Opens all ports, or none, and the way to the recorder; a second call only makes sure of it.
     *
     * @throws Fault of the port that could not be opened
     */
    async open(): Promise<void> {
        await this.#closing;
        this.#opening ??= this.#openPorts().finally(() => {
            this.#opening = undefined;
        });
        await this.#opening;
    }

    /** Closes the ports with all their connections, and the way if nobody else uses it. */
    close(reason?: string): Promise<void> {
        this.#closing ??= this.#close(reason).finally(() => {
            this.#closing = undefined;
        });
        return this.#closing;
    }

    async #openPorts(): Promise<void> {
        this.#fault = undefined;
        if (this.#listening.length === 0) {
            const opened: Listening[] = [];
            try {
                for (const wish of this.#options.ports) {
                    const server = await (this.#options.plan ?? portPlan).listen(wish, this.#bind, (socket) =>
                        this.#onClient(socket, wish.remote),
                    );
                    opened.push({ wish, server });
                }
            } catch (thrown) {
                await Promise.all(opened.map(({ server }) => new Promise((done) => server.close(done))));
                this.#fault = Fault.from(thrown);
                this.#reason = undefined;
                this.#options.onChange(this.report);
                throw this.#fault;
            }
            this.#listening = opened;
        }
        this.#source().open();
        this.#watchIdle();
    }

    #source(): TunnelSource {
        if (!this.#lease) {
            this.#reason = undefined;
            this.#lease = this.#options.acquire();
            this.#unwatch = this.#lease.source.watch(() => this.#options.onChange(this.report));
            if (this.#lease.source.state.state === 'open') this.#options.onChange(this.report);
        }
        return this.#lease.source;
    }

    async #close(reason: string | undefined): Promise<void> {
        await this.#opening?.catch(() => undefined);
        const wasOpen = this.#listening.length > 0 || this.#lease !== undefined;
        const listening = this.#listening;
        this.#listening = [];
        const closed = listening.map(({ server }) => new Promise((done) => server.close(done)));
        await this.#releaseSource();
        await Promise.all(closed);
        this.#reason = reason;
        this.#fault = undefined;
        if (wasOpen) this.#options.onChange(this.report);
    }

    async #releaseSource(): Promise<void> {
        this.#cancelIdle();
        this.#unwatch();
        for (const socket of this.#sockets) socket.destroy();
        const lease = this.#lease;
        this.#lease = undefined;
        await lease?.release();
    }

    #watchIdle(): void {
        this.#cancelIdle();
        const { idle = 0 } = this.#options;
        if (idle <= 0 || this.#sockets.size > 0) return;
        this.#cancelIdle = this.#clock.after(idle, () => this.#onIdle());
    }

    #onIdle(): void {
        if (this.#sockets.size > 0) return;
        if (!this.#options.keepPorts) {
            this.close('idle');
            return;
        }
        this.#reason = 'idle';
        this.#releaseSource().then(() => {
            if (!this.#lease) this.#options.onChange(this.report);
        });
    }

    async #onClient(socket: Socket, remote: number): Promise<void> {
        this.#sockets.add(socket);
        this.#cancelIdle();
        let way: Duplex | undefined;
        socket.on('error', () => way?.destroy());
        socket.on('close', () => {
            this.#sockets.delete(socket);
            way?.destroy();
            if (this.#lease) this.#watchIdle();
        });
        try {
            way = await this.#source().connect(remote);
        } catch (thrown) {
            const fault = Fault.from(thrown);
            socket.resetAndDestroy();
            // A refused port concerns this client only; what concerns the way is reported by the source itself.
            if (fault.code === 'P2P_PORT_REFUSED')
                this.#options.onChange({ ...this.report, reason: fault.message, fault });
            return;
        }
        if (socket.destroyed) {
            way.destroy();
            return;
        }
        join(socket, way, this.#clock);
    }
}

/** Bytes both ways until both ends are done. */
function join(socket: Socket, way: Duplex, clock: Clock): void {
    let failed = false;
    way.on('error', () => {
        failed = true;
    });
    way.on('close', () => {
        if (failed) {
            socket.resetAndDestroy();
            return;
        }
        socket.end();
        const cancel = clock.after(CLOSE_GRACE, () => socket.destroy());
        socket.once('close', cancel);
    });
    socket.pipe(way);
    way.pipe(socket);
}
