import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../clock';
import { Fault, type FaultCode } from '../errors';
import { listenFault } from '../listenFault';
import { plainAddress } from '../plainAddress';
import type { AlarmHost } from './alarmHost';
import { CleanedConnection } from './cleanedConnection';
import { findByPath } from './pathPlaces';
import type { PostReader } from './postBody';
import { turnAway } from './refusal';

export interface ListenOptions {
    /** `0.0.0.0` for all IPv4 addresses, `::` for all addresses. */
    bind: string;
    /** 0 takes a free one. */
    port: number;
    /** Key, certificate and what else a TLS server takes; undefined: plain HTTP. */
    tls?: object;
}

/** A place on a port. */
export interface Listening {
    port: number;
    /** Gives the place back; with the last one the port is free when this resolves. */
    close(): Promise<void>;
}

/** Time for a request line and headers: whoever connects and says nothing is cut off. */
const HEADERS_TIMEOUT_MS = 20_000;
/** Devices post at intervals; most open a connection per post anyway. */
const KEEP_ALIVE_MS = 65_000;
const MAX_CONNECTIONS = 4096;
/** Of one address that is no proxy: a site behind one address has hundreds of devices at most. */
const MAX_PER_ADDRESS = 512;
/** Who was told that this is not HTTP has so long to read it and to hang up. */
const LINGER_MS = 2000;
/** A post without any length and without any byte for so long has no body at all. */
const FIRST_BYTE_MS = 1000;
/** Bytes at the start of a connection among which its first request line is looked for. */
const MOST_STRAY_BYTES = 72;
/** How often a listener reports connections that do not speak HTTP. */
const STRAY_INTERVAL_MS = 1000;

/** Ends of a connection: what was under way on it is reported as cut off. */
const HUNG_UP = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE']);

/** What Node calls a handshake that failed, such as that of a device set to plain HTTP. */
const NO_TLS = /^(ERR_SSL|ERR_TLS|EPROTO)/;

/** The ports that alarms come in on. Nodes with the same address and port share one server and differ by their path. */
export class AlarmListeners {
    readonly #servers = new Map<string, SharedServer>();
    readonly #maxPerAddress: number;

    /** @param maxPerAddress connections of one address that is no proxy */
    constructor({ maxPerAddress = MAX_PER_ADDRESS }: { maxPerAddress?: number } = {}) {
        this.#maxPerAddress = maxPerAddress;
    }

    /**
     * Takes everything at or below `path` on a port.
     *
     * @throws Fault PORT_IN_USE, PORT_FORBIDDEN, BIND_UNAVAILABLE, PATH_IN_USE, TLS_FAILED
     */
    async listen(options: ListenOptions, path: string, host: AlarmHost): Promise<Listening> {
        const key = `${options.bind} ${options.port}`;
        const running = options.port === 0 ? undefined : this.#servers.get(key);
        if (running?.ending) await running.ended();
        const server = running?.ending === false ? running : this.#open(key, options);
        const leave = server.add(path, host, options);
        try {
            await server.started;
        } catch (thrown) {
            await leave();
            throw thrown;
        }
        return { port: server.port, close: leave };
    }

    #open(key: string, options: ListenOptions): SharedServer {
        const server = new SharedServer(options, this.#maxPerAddress, () => {
            if (this.#servers.get(key) === server) this.#servers.delete(key);
        });
        if (options.port !== 0) this.#servers.set(key, server);
        return server;
    }
}

class SharedServer {
    readonly started: Promise<void>;
    ending = false;
    readonly #options: ListenOptions;
    readonly #hosts = new Map<string, AlarmHost>();
    readonly #server: Server;
    readonly #sockets = new Set<Socket>();
    readonly #perAddress = new Map<string, number>();
    readonly #maxPerAddress: number;
    /** Posts whose body has no length and goes on to the end of the connection. */
    readonly #lengthless = new WeakMap<Socket, PostReader>();
    /** What reads the post that is under way on a connection. */
    readonly #readers = new Map<Socket, PostReader>();
    /** Connections that began with stray bytes, as they would be without them. */
    readonly #cleaned = new WeakMap<Socket, CleanedConnection>();
    readonly #onEnding: () => void;
    #end: Promise<void> | undefined;
    #lastStrayAt = 0;

    constructor(options: ListenOptions, maxPerAddress: number, onEnding: () => void) {
        this.#options = options;
        this.#maxPerAddress = maxPerAddress;
        this.#onEnding = onEnding;
        this.#server = this.#create();
        this.started = new Promise((resolve, reject) => {
            const fail = (error: Error) => reject(listenFault(error, options.bind, options.port));
            this.#server.once('error', fail);
            this.#server.listen(options.port, options.bind, () => {
                this.#server.off('error', fail);
                // One connection that cannot be accepted (too many open files) must not end Node-RED.
                this.#server.on('error', (error) => this.#reportStray('UNEXPECTED', error));
                resolve();
            });
        });
    }

    get port(): number {
        return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
    }

    /** @returns the way to leave again */
    add(path: string, host: AlarmHost, options: ListenOptions): () => Promise<void> {
        const { bind, port } = options;
        if (JSON.stringify(options.tls) !== JSON.stringify(this.#options.tls)) {
            throw new Fault('PORT_IN_USE', { details: { bind, port } });
        }
        const key = withoutSlash(path);
        if (this.#hosts.has(key)) throw new Fault('PATH_IN_USE', { details: { path } });
        this.#hosts.set(key, host);
        return async () => {
            if (this.#hosts.get(key) === host) this.#hosts.delete(key);
            if (this.#hosts.size === 0) await this.ended();
        };
    }

    /** Ends the server, once, and resolves when its port is free. */
    ended(): Promise<void> {
        this.ending = true;
        this.#end ??= this.#close();
        return this.#end;
    }

    async #close(): Promise<void> {
        this.#onEnding();
        await this.started.catch((thrown: Fault) => thrown);
        await new Promise<void>((resolve) => {
            this.#server.close(() => resolve());
            // An answer that was just given still goes out.
            for (const socket of this.#sockets) {
                // A connection that is read again after its stray bytes ends with the socket below it.
                if (socket.destroySoon === undefined) socket.destroy();
                else socket.destroySoon();
            }
        });
    }

    #create(): Server {
        const { tls } = this.#options;
        const timing = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0, connectionsCheckingInterval: 5_000 };
        const server = tls === undefined ? createServer(timing) : this.#createTls({ ...timing, ...tls });
        // A device that ends its side of the connection with its post still gets an answer.
        Object.assign(server, { httpAllowHalfOpen: true });
        server.keepAliveTimeout = KEEP_ALIVE_MS;
        server.maxConnections = MAX_CONNECTIONS;
        server.on('connection', (socket: Socket) => this.#admit(socket));
        server.on('request', (request, response) => this.#route(request, response, false));
        server.on('checkContinue', (request, response) => this.#route(request, response, true));
        server.on('checkExpectation', (request, response) => this.#route(request, response, false));
        server.on('clientError', (error: ParserError, socket: Socket) => this.#clientError(error, socket));
        return server;
    }

    /** Keeps one address from taking all connections there are. */
    #admit(socket: Socket): void {
        const address = plainAddress(socket.remoteAddress ?? '');
        const count = this.#perAddress.get(address) ?? 0;
        if (count >= this.#maxPerAddress && !this.#isProxy(address)) {
            this.#reportStray('TOO_MANY_REQUESTS', {}, socket);
            socket.destroy();
            return;
        }
        this.#sockets.add(socket);
        this.#perAddress.set(address, count + 1);
        socket.once('close', () => {
            this.#sockets.delete(socket);
            const left = (this.#perAddress.get(address) ?? 1) - 1;
            if (left > 0) this.#perAddress.set(address, left);
            else this.#perAddress.delete(address);
        });
    }

    #isProxy(address: string): boolean {
        return [...this.#hosts.values()].some((host) => host.isProxy(address));
    }

    #createTls(options: object): Server {
        try {
            return createTlsServer(options);
        } catch (thrown) {
            throw new Fault('TLS_FAILED', { details: { reason: Fault.from(thrown).message }, cause: thrown });
        }
    }

    #route(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
        const host = this.#find(request.url ?? '/');
        if (host === undefined) {
            for (const any of this.#hosts.values()) any.reportStray(request, 'PATH_UNKNOWN');
            turnAway(request, response, { statusCode: 404 }, systemClock);
            return;
        }
        const { socket } = request;
        if (isLengthless(request)) {
            host.handle(request, response, { isLengthless: true, onReader: (reader) => this.#follow(socket, reader) });
        } else {
            host.handle(request, response, {
                expectsContinue,
                onReader: (reader) => this.#readers.set(socket, reader),
                onRead: () => this.#readers.delete(socket),
            });
        }
    }

    /** The host of the longest path that `url` lies at or below. */
    #find(url: string): AlarmHost | undefined {
        return findByPath(this.#hosts, url.split('?', 1)[0] ?? '');
    }

    /**
     * A post without any length goes on until the device ends the connection. To Node's parser it has no body, and what
     * follows is an error each time; the error holds the bytes.
     */
    #follow(socket: Socket, reader: PostReader): void {
        const patience = setTimeout(() => {
            if (reader.bytes === 0) reader.end();
        }, FIRST_BYTE_MS);
        const end = () => {
            clearTimeout(patience);
            reader.end();
        };
        this.#lengthless.set(socket, reader);
        socket.once('end', end);
        socket.once('close', end);
    }

    #clientError(error: ParserError, socket: Socket): void {
        const reader = this.#lengthless.get(socket);
        if (reader !== undefined) {
            if (error.rawPacket === undefined) reader.end();
            else reader.feed(reader.bytes === 0 ? afterHeaders(error.rawPacket, error.bytesParsed) : error.rawPacket);
            return;
        }
        if (error.rawPacket !== undefined && this.#clean(error.rawPacket, socket)) return;
        if (error.code === 'HPE_INVALID_EOF_STATE' && this.#readers.get(socket)?.isReading) {
            // The device has ended its side in the middle of a body; it still gets its 200.
            this.#readers.get(socket)?.breakOff();
            return;
        }
        const isTls = NO_TLS.test(error.code ?? '');
        this.#reportStray(isTls ? 'TLS_FAILED' : 'REQUEST_MALFORMED', error, socket);
        if (!socket.writable || isTls) {
            socket.destroy();
            return;
        }
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
        // Somebody who never ends their own side would keep the place of a device for ever.
        socket.once(
            'close',
            systemClock.after(LINGER_MS, () => socket.destroy()),
        );
    }

    /**
     * Some recorders send a stray byte before the request line (maciej-or/hikvision_next#132), which Node's parser does not
     * forgive: it fails, packet by packet, and the packets are read again as a connection without that byte.
     */
    #clean(packet: Buffer, socket: Socket): boolean {
        const known = this.#cleaned.get(socket);
        if (known !== undefined) {
            known.receive(packet);
            return true;
        }
        const start = packet
            .subarray(0, MOST_STRAY_BYTES)
            .toString('latin1')
            .search(/(POST|PUT|GET) \//);
        if (start <= 0) return false;
        const cleaned = new CleanedConnection(socket);
        this.#cleaned.set(socket, cleaned);
        // What comes out of the parser of a TLS server is decrypted already.
        this.#server.emit(this.#options.tls === undefined ? 'connection' : 'secureConnection', cleaned);
        cleaned.receive(packet.subarray(start));
        return true;
    }

    /** A device on the wrong protocol or port; scanners come by the thousand, so only some of them are reported. */
    #reportStray(code: FaultCode, error: Partial<ParserError>, socket: Partial<Socket> = {}): void {
        const now = systemClock.elapsed();
        if (HUNG_UP.has(error.code ?? '') || now - this.#lastStrayAt < STRAY_INTERVAL_MS) return;
        this.#lastStrayAt = now;
        const request = { socket, headers: {}, url: '' } as unknown as IncomingMessage;
        const reason = error.code ?? error.message ?? '';
        for (const host of this.#hosts.values()) host.reportStray(request, code, { reason });
    }
}

/** The packet in which a body without length begins may begin with the end of the headers. */
function afterHeaders(packet: Buffer, parsed = 0): Buffer {
    const end = packet.lastIndexOf('\r\n\r\n', parsed);
    return end < 0 ? packet : packet.subarray(end + 4);
}

interface ParserError extends NodeJS.ErrnoException {
    rawPacket?: Buffer;
    /** Bytes of `rawPacket` that belonged to what could be read. */
    bytesParsed?: number;
}

/** Without a length a body is possible only where the connection ends with it. */
function isLengthless(request: IncomingMessage): boolean {
    const { headers, method, httpVersion } = request;
    if (method !== 'POST' && method !== 'PUT') return false;
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false;
    return httpVersion === '1.0' || /\bclose\b/i.test(headers.connection ?? '');
}

function withoutSlash(path: string): string {
    return path.replace(/\/+$/, '');
}
