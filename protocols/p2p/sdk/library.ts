import { basename, dirname } from 'node:path';
import { systemClock } from '../../clock';
import { Fault } from '../../errors';
import type { LibraryFlavour } from './libraryFile';

type NativeFunction = ((...values: unknown[]) => unknown) & {
    async(...values: [...unknown[], (error: Error | null, result: unknown) => void]): void;
};

interface NativeLibrary {
    func(prototype: string): NativeFunction;
}

interface Koffi {
    load(path: string): NativeLibrary;
}

export interface LibraryOptions {
    path: string;
    flavour: LibraryFlavour;
    /** Only libt2u is told its server and key; IBCloudSDK has them inside. */
    server: string;
    serverPort: number;
    key: string;
    /** Milliseconds that the library may take to reach a recorder. */
    connectionTimeout: number;
    /** Milliseconds to wait after the start; the vendor's guide says three seconds. */
    settle: number;
}

const STATUS_CAP = 30_000;
const STATUS_EVERY = 500;
const NET_STAT_BYTES = 256;

/**
 * Signatures by the vendor's integration guide (IBCloud) and the header of the VVEYE SDK (t2u), all cdecl: so says the
 * guide, and so do the public programs that call libt2u (the macro in its header alone says stdcall).
 *
 * What libt2u sends is not spoken here without it: of its packets a question to the server and its answer are public
 * (eahumadaed/device_online), the login before them is not, so that no test could tell a right one from a wrong one.
 */
const PROTOTYPES: Readonly<Record<LibraryFlavour, Readonly<Record<string, [prototype: string, required: boolean]>>>> = {
    ibcloud: {
        IBCloud_automatic_shutdown: ['int IBCloud_automatic_shutdown(int enable)', false],
        IBCloud_connection_timeout: ['int IBCloud_connection_timeout(int ms)', false],
        IBCloud_init: ['int IBCloud_init(void)', true],
        IBCloud_exit: ['void IBCloud_exit(void)', false],
        IBCloud_status: ['int IBCloud_status(void)', false],
        IBCloud_query: ['int IBCloud_query(const char *serial)', false],
        IBCloud_add_port: ['int IBCloud_add_port(const char *serial, uint16_t remote, uint16_t local)', true],
        IBCloud_del_port: ['void IBCloud_del_port(uint16_t port)', false],
    },
    t2u: {
        t2u_init: ['int t2u_init(const char *server, uint16_t port, const char *key)', true],
        t2u_exit: ['void t2u_exit(void)', false],
        t2u_status: ['int t2u_status(void)', false],
        t2u_query: ['int t2u_query(const char *serial)', false],
        t2u_add_port: ['int t2u_add_port(const char *serial, uint16_t remote, uint16_t local)', true],
        t2u_del_port: ['void t2u_del_port(uint16_t port)', false],
        t2u_port_status: ['int t2u_port_status(uint16_t port, void *stat)', false],
    },
};

function loadKoffi(): Koffi {
    // A 32-bit Node brings its own koffi beside itself; the one of the pack is built for Node-RED's machine.
    const paths = [dirname(process.execPath), process.cwd(), __dirname];
    try {
        return require(require.resolve('koffi', { paths })) as Koffi;
    } catch (cause) {
        throw new Fault('SDK_KOFFI_MISSING', { cause });
    }
}

/**
 * The vendor's library inside the helper process. Whether it is safe for threads is not known, so one call runs at a
 * time; each runs off the event loop, because some block for a minute.
 */
export class Library {
    readonly #options: LibraryOptions;
    readonly #functions = new Map<string, NativeFunction>();
    #turn: Promise<unknown> = Promise.resolve();
    #started: Promise<number> | undefined;

    /** @throws Fault SDK_KOFFI_MISSING, SDK_LOAD_FAILED, SDK_SYMBOL_MISSING */
    constructor(options: LibraryOptions) {
        this.#options = options;
        const name = basename(options.path);
        let library: NativeLibrary;
        const koffi = loadKoffi();
        try {
            library = koffi.load(options.path);
        } catch (cause) {
            const reason = cause instanceof Error ? cause.message : String(cause);
            throw new Fault('SDK_LOAD_FAILED', { details: { library: name, reason }, cause });
        }
        for (const [symbol, [prototype, required]] of Object.entries(PROTOTYPES[options.flavour])) {
            try {
                this.#functions.set(symbol, library.func(prototype));
            } catch (cause) {
                if (required) throw new Fault('SDK_SYMBOL_MISSING', { details: { library: name, symbol }, cause });
            }
        }
    }

    /**
     * Starts the library once, in the order that its guide makes mandatory, and waits until it is connected.
     *
     * @throws Fault SDK_START_FAILED
     */
    start(): Promise<number> {
        this.#started ??= this.#start();
        return this.#started;
    }

    /** 0 = connected, whatever the flavour says. */
    async status(): Promise<number> {
        if (this.#options.flavour === 't2u') return (await this.#call('t2u_status')) === 1 ? 0 : -1;
        return this.#call('IBCloud_status');
    }

    /** 1 = the recorder is online. */
    query(serial: string): Promise<number> {
        const symbol = this.#options.flavour === 't2u' ? 't2u_query' : 'IBCloud_query';
        // Without the function nothing is known beforehand; adding a port then tells.
        return this.#functions.has(symbol) ? this.#call(symbol, serial) : Promise.resolve(1);
    }

    /** The local port (> 0), or -1. */
    addPort(serial: string, remote: number, local: number): Promise<number> {
        return this.#call(this.#options.flavour === 't2u' ? 't2u_add_port' : 'IBCloud_add_port', serial, remote, local);
    }

    /** 1 connected, 0 not yet, negative: failed, as libt2u says; 1 where the flavour cannot tell. */
    portStatus(port: number): Promise<number> {
        if (!this.#functions.has('t2u_port_status')) return Promise.resolve(1);
        return this.#call('t2u_port_status', port, Buffer.alloc(NET_STAT_BYTES));
    }

    async removePort(port: number): Promise<number> {
        await this.#call(this.#options.flavour === 't2u' ? 't2u_del_port' : 'IBCloud_del_port', port);
        return 0;
    }

    async exit(): Promise<number> {
        if (this.#started) await this.#call(this.#options.flavour === 't2u' ? 't2u_exit' : 'IBCloud_exit');
        this.#started = undefined;
        return 0;
    }

    async #start(): Promise<number> {
        const { flavour, server, serverPort, key, connectionTimeout, settle } = this.#options;
        let code: number;
        if (flavour === 't2u') code = await this.#call('t2u_init', server, serverPort, key);
        else {
            // Before init, or the tunnels drop after seconds.
            await this.#call('IBCloud_automatic_shutdown', 0);
            await this.#call('IBCloud_connection_timeout', connectionTimeout);
            code = await this.#call('IBCloud_init');
        }
        const failed = (reason: string) => {
            this.#started = undefined;
            return new Fault('SDK_START_FAILED', { details: { reason } });
        };
        if (code < 0 || (flavour === 'ibcloud' && code !== 0)) throw failed(`init gave ${code}`);
        await new Promise((done) => setTimeout(done, settle));
        for (const end = systemClock.elapsed() + STATUS_CAP; ; ) {
            if (flavour === 't2u' && (await this.#call('t2u_status')) === -2)
                throw failed('the server refuses the key');
            if ((await this.status()) === 0) return 0;
            if (systemClock.elapsed() >= end) throw failed('it does not reach its server');
            await new Promise((done) => setTimeout(done, STATUS_EVERY));
        }
    }

    /** Calls that the library does not have give 0. */
    #call(symbol: string, ...values: unknown[]): Promise<number> {
        const native = this.#functions.get(symbol);
        if (!native) return Promise.resolve(0);
        const called = this.#turn.then(
            () =>
                new Promise<number>((resolve, reject) => {
                    native.async(...values, (error, result) => {
                        if (error) reject(error);
                        else resolve(Number(result ?? 0));
                    });
                }),
        );
        this.#turn = called.catch(() => undefined);
        return called;
    }
}
