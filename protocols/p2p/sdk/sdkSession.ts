import { connect as connectTcp, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock';
import { systemClock } from '../../clock';
import { Fault } from '../../errors';
import { checkedSerial } from '../rendezvous';
import type { SourceState, TunnelSource } from '../tunnelSource';
import { chooseNode, HelperProcess } from './helperProcess';
import { findLibrary } from './libraryFile';

const SDK_SERVER = 'intelbrasp2p.com.br';
const SDK_SERVER_PORT = 8800;
/** Public: it stands in clear in IBCloudSDK.dll. Only libt2u has to be told it. */
const SDK_KEY = 'p2pintelbras2014543';

const CONNECTION_TIMEOUT = 60_000;
const SETTLE = 3_000;
const WATCH_EVERY = 30_000;
const LONGEST_BACKOFF = 60_000;
const FINAL: ReadonlySet<string> = new Set([
    'SDK_FOLDER_MISSING',
    'SDK_KOFFI_MISSING',
    'SDK_WRONG_ARCHITECTURE',
    'SDK_LIBRARY_UNREADABLE',
    'SDK_LOAD_FAILED',
    'SDK_SYMBOL_MISSING',
    'P2P_SERIAL_MISSING',
    'CONFIG_INVALID',
]);

export interface SdkHostOptions {
    /** Folder of the library, or the library itself. */
    sdkPath: string;
    /** A Node of the library's kind, where ours is not. */
    sdkNode?: string;
    server?: string;
    serverPort?: number;
    key?: string;
    connectionTimeout?: number;
    settle?: number;
    /** Milliseconds after which a call counts as hung. */
    callTimeout?: number;
}

async function freePort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((done, fail) => {
        server.once('error', fail);
        server.listen(0, '127.0.0.1', done);
    });
    const { port } = server.address() as { port: number };
    await new Promise((done) => server.close(done));
    return port;
}

/** One helper with one started library, shared by all recorders that use it; restarted when it dies. */
export class SdkHost {
    readonly #options: SdkHostOptions;
    readonly #lost = new Set<(fault: Fault) => void>();
    readonly #users = new Set<object>();
    #helper: HelperProcess | undefined;
    #starting: Promise<HelperProcess> | undefined;

    constructor(options: SdkHostOptions) {
        this.#options = options;
    }

    /** Hears of each unexpected end of the helper; returns how to stop. */
    onLost(listener: (fault: Fault) => void): () => void {
        this.#lost.add(listener);
        return () => this.#lost.delete(listener);
    }

    /** A helper whose library is started. @throws Fault any of the SDK_ codes */
    ready(): Promise<HelperProcess> {
        if (this.#helper) return Promise.resolve(this.#helper);
        this.#starting ??= this.#start().finally(() => {
            this.#starting = undefined;
        });
        return this.#starting;
    }

    /** Keeps the helper until the same user calls {@link release}. */
    retain(user: object): void {
        this.#users.add(user);
    }

    /** The last user's release ends the helper; the next {@link ready} starts a new one. */
    async release(user: object): Promise<void> {
        this.#users.delete(user);
        await this.#starting?.catch(() => undefined);
        if (this.#users.size > 0) return;
        const helper = this.#helper;
        this.#helper = undefined;
        await helper?.close();
    }

    async #start(): Promise<HelperProcess> {
        const { sdkPath, sdkNode = '' } = this.#options;
        const library = findLibrary(sdkPath);
        const node = await chooseNode(library, sdkNode);
        const helper = new HelperProcess(
            node,
            library,
            (fault) => {
                if (this.#helper === helper) this.#helper = undefined;
                for (const listener of [...this.#lost]) listener(fault);
            },
            this.#options.callTimeout,
        );
        try {
            await helper.call('load', {
                path: library.path,
                flavour: library.flavour,
                server: this.#options.server || SDK_SERVER,
                serverPort: this.#options.serverPort ?? SDK_SERVER_PORT,
                key: this.#options.key || SDK_KEY,
                connectionTimeout: this.#options.connectionTimeout ?? CONNECTION_TIMEOUT,
                settle: this.#options.settle ?? SETTLE,
            });
            await helper.call('start');
        } catch (thrown) {
            await helper.close();
            throw thrown;
        }
        this.#helper = helper;
        return helper;
    }
}

/**
 * A recorder reached through the vendor's library. The library opens a local port of its own for each port of the
 * recorder; connections go to that one, so that its listener stays on loopback whatever the tunnel is bound to.
 */
export class SdkSession implements TunnelSource {
    readonly serial: string;
    readonly #host: SdkHost;
    readonly #clock: Clock;
    readonly #listeners = new Set<(state: SourceState) => void>();
    readonly #ports = new Map<number, number>();
    readonly #adding = new Map<number, Promise<number>>();
    #state: SourceState = { state: 'closed' };
    #wanted = false;
    #building: Promise<void> | undefined;
    #attempt = 0;
    #cancelRetry: () => void = () => undefined;
    #cancelWatch: () => void = () => undefined;
    #unlisten: () => void = () => undefined;

    constructor(serial: string, host: SdkHost, clock: Clock = systemClock) {
        this.serial = serial.trim();
        this.#host = host;
        this.#clock = clock;
    }

    get state(): SourceState {
        return this.#state;
    }

    watch(listener: (state: SourceState) => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    open(): void {
        if (this.#wanted && this.#state.state !== 'error') return;
        this.#wanted = true;
        this.#attempt = 0;
        this.#host.retain(this);
        this.#unlisten();
        this.#unlisten = this.#host.onLost((fault) => this.#onLost(fault));
        this.#build();
    }

    async connect(port: number): Promise<Duplex> {
        this.open();
        await this.#building;
        if (this.#state.state !== 'open') throw this.#state.fault ?? new Fault('CLOSED');
        const local = await this.#localPort(port);
        return new Promise((resolve, reject) => {
            const socket: Socket = connectTcp({ host: '127.0.0.1', port: local, noDelay: true, allowHalfOpen: true });
            socket.once('connect', () => {
                socket.removeAllListeners('error');
                socket.on('error', () => undefined);
                resolve(socket);
            });
            socket.once('error', (cause) => {
                this.#ports.delete(port);
                reject(new Fault('P2P_PORT_REFUSED', { details: { port }, cause }));
            });
        });
    }

    async close(): Promise<void> {
        this.#wanted = false;
        this.#cancelRetry();
        this.#cancelWatch();
        this.#unlisten();
        await this.#building;
        const ports = [...this.#ports.values()];
        this.#ports.clear();
        if (this.#state.state === 'open' && ports.length > 0) {
            // A helper that died meanwhile has closed them already.
            const removing = this.#host
                .ready()
                .then((helper) => Promise.all(ports.map((port) => helper.call('removePort', { port }))));
            await removing.catch(() => undefined);
        }
        await this.#host.release(this);
        this.#change({ state: 'closed' });
    }

    #change(state: SourceState): void {
        const before = this.#state;
        this.#state = state;
        if (
            before.state === state.state &&
            before.fault?.code === state.fault?.code &&
            before.retryAt === state.retryAt
        ) {
            return;
        }
        for (const listener of [...this.#listeners]) listener(state);
    }

    #build(): void {
        if (this.#building) return;
        this.#cancelRetry();
        this.#change({ state: 'opening' });
        this.#building = this.#reach()
            .then(
                () => this.#onOpen(),
                (thrown: unknown) => this.#onFailure(Fault.from(thrown)),
            )
            .finally(() => {
                this.#building = undefined;
            });
    }

    async #reach(): Promise<void> {
        const serial = checkedSerial(this.serial);
        const helper = await this.#host.ready();
        if ((await helper.call('query', { serial })) !== 1) {
            throw new Fault('P2P_DEVICE_OFFLINE', { details: { serial, cloud: 'Intelbras Cloud' } });
        }
        const again = [...this.#ports.keys()];
        this.#ports.clear();
        for (const port of again) await this.#addPort(port);
    }

    #onOpen(): void {
        if (!this.#wanted) return;
        this.#attempt = 0;
        this.#change({ state: 'open', route: 'sdk' });
        this.#planWatch();
    }

    #onFailure(fault: Fault): void {
        if (!this.#wanted) return;
        if (FINAL.has(fault.code)) {
            this.#change({ state: 'error', fault });
            return;
        }
        const pause = Math.min(LONGEST_BACKOFF, 1000 * 2 ** this.#attempt);
        this.#attempt += 1;
        this.#cancelRetry();
        this.#cancelRetry = this.#clock.after(pause, () => this.#build());
        const state = fault.code === 'P2P_DEVICE_OFFLINE' ? 'offline' : 'error';
        this.#change({ state, fault, retryAt: this.#clock.now() + pause });
    }

    #onLost(fault: Fault): void {
        this.#cancelWatch();
        if (this.#building || !this.#wanted) return;
        this.#onFailure(fault);
    }

    /** Asks now and then whether the recorder is still there; the library's own tunnels say nothing when it goes. */
    #planWatch(): void {
        this.#cancelWatch();
        this.#cancelWatch = this.#clock.after(WATCH_EVERY, () => {
            this.#watchOnce().catch((thrown: unknown) => {
                if (this.#state.state === 'open') this.#onFailure(Fault.from(thrown));
            });
        });
    }

    async #watchOnce(): Promise<void> {
        const helper = await this.#host.ready();
        const online = await helper.call('query', { serial: this.serial });
        if (!this.#wanted || this.#state.state !== 'open') return;
        if (online === 1) this.#planWatch();
        else throw new Fault('P2P_DEVICE_OFFLINE', { details: { serial: this.serial, cloud: 'Intelbras Cloud' } });
    }

    #localPort(remote: number): Promise<number> {
        const known = this.#ports.get(remote);
        if (known !== undefined) return Promise.resolve(known);
        let adding = this.#adding.get(remote);
        if (!adding) {
            adding = this.#addPort(remote).finally(() => this.#adding.delete(remote));
            this.#adding.set(remote, adding);
        }
        return adding;
    }

    async #addPort(remote: number): Promise<number> {
        const helper = await this.#host.ready();
        const wanted = await freePort();
        const local = await helper.call('addPort', { serial: this.serial, remote, local: wanted });
        if (local <= 0)
            throw new Fault('SDK_PORT_FAILED', { details: { serial: this.serial, port: remote, local: wanted } });
        // The library may choose another port than the one it was asked for.
        this.#ports.set(remote, local);
        return local;
    }
}
