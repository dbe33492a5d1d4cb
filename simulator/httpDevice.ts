import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import type { LineEnd } from './bodies';
import { DeviceLogin, type LoginCounters, type LoginOptions } from './deviceLogin';
import { Exchange } from './exchange';
import { REFUSALS, type RefusalForm, userCheckDocument } from './refusals';
import { type Handler, RouteTable } from './routes';
import { type Identity, selfSigned } from './selfSigned';

export interface HttpDeviceOptions {
    /** 127.0.0.1 unless told otherwise. */
    host?: string;
    /** 0 takes a free one. */
    port?: number;
    /** true for a certificate of its own, made at start; or the PEM texts of one. */
    tls?: boolean | Identity;
    login?: Partial<LoginOptions>;
    /** What stands in the body of a 401. `short` is that of old recorders, without lock elements (hikvision_next#50). */
    refusal?: RefusalForm;
    /** false: everything but `/SDK/activateStatus` answers `notActivated`. */
    activated?: boolean;
    /** Bytes in front of every status line (`#`: hikvision_next#132). */
    strayBytes?: string;
    lineEnd?: LineEnd;
    clock?: Clock;
}

/** One request as the device saw it. */
export interface SeenRequest {
    method: string;
    url: string;
    at: number;
    headers: http.IncomingHttpHeaders;
    /** Whether it carried credentials. */
    withLogin: boolean;
    /** 0 while there is no answer. */
    status: number;
    /** Ordinal of its connection: equal numbers shared a socket. */
    connection: number;
}

const KEPT_REQUESTS = 1000;
const LARGEST_BODY = 32 * 1024 * 1024;

/** The HTTP side of a device: server, login, routes, and what a test wants to know about its clients. */
export class HttpDevice {
    readonly login: DeviceLogin;
    readonly clock: Clock;
    /** The latest requests, oldest first. */
    readonly requests: SeenRequest[] = [];
    activated: boolean;
    protected readonly routes = new RouteTable();
    protected readonly lineEnd: LineEnd;
    readonly #options: HttpDeviceOptions;
    readonly #sockets = new Set<Socket>();
    /** Ordinals of the open connections by the client's port: a TLS socket is another object than its TCP socket. */
    readonly #ordinals = new Map<number | undefined, number>();
    #server: http.Server | https.Server | undefined;
    #address: AddressInfo | undefined;
    #connections = 0;
    #identity: Identity | undefined;

    constructor(options: HttpDeviceOptions = {}) {
        this.#options = options;
        this.clock = options.clock ?? systemClock;
        this.lineEnd = options.lineEnd ?? '\r\n';
        this.login = new DeviceLogin({ clock: this.clock, ...options.login });
        this.activated = options.activated ?? true;
        this.routes.add('GET', '/SDK/activateStatus', (exchange) => this.#activateStatus(exchange), true);
        this.routes.add('GET', '/ISAPI/Security/userCheck', (exchange) => this.#userCheck(exchange));
    }

    /** What has happened at the door; see {@link LoginCounters}. */
    get logins(): Readonly<LoginCounters> {
        return this.login.counters;
    }

    get secure(): boolean {
        return Boolean(this.#options.tls);
    }

    /** The certificate in use, as PEM; undefined over plain HTTP. */
    get certificate(): string | undefined {
        return this.#identity?.cert;
    }

    /** What it is bound to. */
    get host(): string {
        return this.#options.host ?? '127.0.0.1';
    }

    /** What it calls itself in its documents: an address of this machine where it is bound to all of them. */
    get address(): string {
        return this.host === '0.0.0.0' || this.host === '::' ? firstAddress() : this.host;
    }

    get port(): number {
        if (this.#address === undefined)
            throw new Fault('UNEXPECTED', { details: { reason: 'the simulated device is not listening' } });
        return this.#address.port;
    }

    /** `http://127.0.0.1:18081` */
    get origin(): string {
        return `${this.secure ? 'https' : 'http'}://${this.address}:${this.port}`;
    }

    /** Sockets that are open now. */
    get openConnections(): number {
        return this.#sockets.size;
    }

    /** Sockets that were ever opened. */
    get totalConnections(): number {
        return this.#connections;
    }

    /**
     * Adds or replaces what the device answers to a path; the returned function takes it back.
     * `{name}` in the pattern stands for one segment and is found in `exchange.params`.
     */
    route(method: string, pattern: string, handler: Handler): () => void {
        return this.routes.add(method, pattern, handler);
    }

    /** The next `count` requests to the path are answered by `handler`, then the device is itself again. */
    misbehave(method: string, pattern: string, handler: Handler, count = 1): void {
        let left = count;
        const restore = this.routes.add(method, pattern, (exchange) => {
            left -= 1;
            if (left === 0) restore();
            return handler(exchange);
        });
    }

    /** The password from now on; logins with the old one fail and count. */
    setPassword(password: string): void {
        this.login.options.password = password;
    }

    /** Starts to listen. @throws Fault PORT_IN_USE, PORT_FORBIDDEN, BIND_UNAVAILABLE */
    async listen(): Promise<this> {
        const server = this.#createServer();
        server.keepAliveTimeout = 60_000;
        server.on('connection', (socket: Socket) => this.#watch(socket));
        await new Promise<void>((resolve, reject) => {
            server.once('error', (error: NodeJS.ErrnoException) => reject(this.#listenFault(error)));
            server.listen(this.#address?.port ?? this.#options.port ?? 0, this.host, resolve);
        });
        this.#server = server;
        this.#address = server.address() as AddressInfo;
        return this;
    }

    /** Ends every connection and frees the port. */
    async close(): Promise<void> {
        const server = this.#server;
        this.#server = undefined;
        if (server === undefined) return;
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        for (const socket of this.#sockets) socket.destroy();
        await closed;
    }

    /** Cuts every connection, as a power failure does, but goes on listening. */
    dropConnections(): void {
        for (const socket of this.#sockets) socket.destroy();
    }

    #createServer(): http.Server | https.Server {
        const handle = (request: http.IncomingMessage, response: http.ServerResponse) => {
            this.#receive(request, response).catch((error: unknown) => {
                response.destroy();
                // A client that goes away in the middle of its request is everyday life; anything else is a mistake here.
                if (!request.destroyed || request.complete) console.error('A simulated device failed:', error);
            });
        };
        const { tls } = this.#options;
        if (!tls) return http.createServer(handle);
        this.#identity ??= tls === true ? selfSigned(this.address) : tls;
        return https.createServer(this.#identity, handle);
    }

    #watch(socket: Socket): void {
        const { remotePort } = socket;
        this.#connections += 1;
        this.#sockets.add(socket);
        this.#ordinals.set(remotePort, this.#connections);
        socket.on('close', () => {
            this.#sockets.delete(socket);
            this.#ordinals.delete(remotePort);
        });
        socket.on('error', () => socket.destroy());
    }

    async #receive(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of request as AsyncIterable<Buffer>) {
            size += chunk.length;
            if (size > LARGEST_BODY) {
                request.destroy();
                return;
            }
            chunks.push(chunk);
        }
        if (this.#options.strayBytes) response.socket?.write(this.#options.strayBytes);
        const seen = this.#record(request);
        const exchange = new Exchange(request, response, Buffer.concat(chunks), this.lineEnd, (status) => {
            seen.status = status;
        });
        await this.#answer(exchange);
    }

    async #answer(exchange: Exchange): Promise<void> {
        const { route, params, known } = this.routes.find(exchange.method, exchange.path);
        exchange.params = params;
        if (route?.open) {
            await route.handler(exchange);
        } else if (!this.activated) {
            exchange.outcome('notActivated');
        } else if (this.#admits(exchange)) {
            if (route === undefined && known) exchange.outcome('methodNotAllowed');
            else if (route === undefined) this.unknownPath(exchange);
            else await route.handler(exchange);
        }
    }

    /** What it says to a path that it does not have. */
    protected unknownPath(exchange: Exchange): void {
        exchange.outcome('unknownPath');
    }

    /** Whether the login is right; when it is not, the 401 has been sent. */
    #admits(exchange: Exchange): boolean {
        const { authorization } = exchange.request.headers;
        const { method, source } = exchange;
        const url = exchange.request.url ?? '/';
        const verdict = this.login.check({ method, url, source, ...(authorization && { authorization }) });
        if (verdict.admitted) return true;
        if (verdict.challenges.length > 0) exchange.response.setHeader('WWW-Authenticate', verdict.challenges);
        const refusal = REFUSALS[this.#options.refusal ?? 'userCheck'](verdict);
        exchange.send(401, refusal.contentType, refusal.body);
        return false;
    }

    #userCheck(exchange: Exchange): void {
        exchange.sendXml(
            userCheckDocument({
                statusValue: 200,
                statusString: 'OK',
                isDefaultPassword: false,
                lockStatus: 'unlock',
                unlockTime: 0,
                retryLoginTime: this.login.lockout.triesLeft(exchange.source),
            }),
        );
    }

    #activateStatus(exchange: Exchange): void {
        exchange.xml('ActivateStatus', { Activated: this.activated });
    }

    #record(request: http.IncomingMessage): SeenRequest {
        const seen: SeenRequest = {
            method: request.method ?? 'GET',
            url: request.url ?? '/',
            at: this.clock.now(),
            headers: request.headers,
            withLogin: request.headers.authorization !== undefined,
            status: 0,
            connection: this.#ordinals.get(request.socket.remotePort) ?? 0,
        };
        this.requests.push(seen);
        if (this.requests.length > KEPT_REQUESTS) this.requests.shift();
        return seen;
    }

    #listenFault(error: NodeJS.ErrnoException): Fault {
        const details = { bind: this.host, port: this.#options.port ?? 0 };
        if (error.code === 'EADDRINUSE') return new Fault('PORT_IN_USE', { details, cause: error });
        if (error.code === 'EACCES') return new Fault('PORT_FORBIDDEN', { details, cause: error });
        if (error.code === 'EADDRNOTAVAIL') return new Fault('BIND_UNAVAILABLE', { details, cause: error });
        return Fault.from(error);
    }
}

function firstAddress(): string {
    const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
