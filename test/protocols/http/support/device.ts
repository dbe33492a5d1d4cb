import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { HttpClient, type HttpClientOptions } from '../../../../protocols/http/client';
import { ServerLogin, type ServerLoginOptions } from '../../../../protocols/http/serverLogin';

export const USER = { username: 'admin', password: 'Vigia-1234' };

/** One request as it reached the device. */
export interface Seen {
    method: string;
    url: string;
    headers: IncomingMessage['headers'];
    authorization: string | undefined;
    body: string;
}

export interface DeviceOptions extends Partial<ServerLoginOptions> {
    /** Answers instead of the login, when it returns true. */
    quirk?(seen: Seen, response: ServerResponse, device: TestDevice): boolean;
    /** Answers what the login let through; 200 with the path unless given. */
    page?(seen: Seen, response: ServerResponse): void;
    /** The body of a 401. */
    refusal?: string;
}

/** A device on the loopback that asks for a login; it remembers everything that reached it. */
export class TestDevice {
    readonly seen: Seen[] = [];
    readonly sockets = new Set<Socket>();
    connections = 0;
    login: ServerLogin;
    readonly #server;

    constructor(private readonly options: DeviceOptions = {}) {
        this.login = new ServerLogin({ ...USER, schemes: ['digest'], ...options });
        this.#server = createServer((request, response) => void this.#serve(request, response));
        this.#server.on('connection', (socket: Socket) => {
            this.connections += 1;
            this.sockets.add(socket);
            socket.once('close', () => this.sockets.delete(socket));
        });
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    /** The requests that carried credentials. */
    get logins(): Seen[] {
        return this.seen.filter(({ authorization }) => authorization !== undefined);
    }

    async start(): Promise<this> {
        await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        return this;
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        await new Promise((resolve) => request.once('close', resolve).once('end', resolve));
        const { method = '', url = '', headers } = request;
        const authorization = headers.authorization;
        const seen = { method, url, headers, authorization, body: Buffer.concat(chunks).toString() };
        this.seen.push(seen);
        if (this.options.quirk?.(seen, response, this)) return;
        const verdict = this.login.check({ method, url, authorization });
        if (!verdict.accepted) {
            response.setHeader('WWW-Authenticate', verdict.challenges);
            response.writeHead(401).end(this.options.refusal ?? '<html><body>Unauthorized</body></html>');
        } else if (this.options.page) this.options.page(seen, response);
        else response.writeHead(200, { 'Content-Type': 'text/plain' }).end(`page ${url}`);
    }
}

/** A server that speaks byte for byte what a test wants; `answer` is called for each complete request head. */
export async function rawDevice(answer: (socket: Socket, head: string, count: number) => void): Promise<{
    port: number;
    heads: string[];
    connections: () => number;
    stop(): Promise<void>;
}> {
    const heads: string[] = [];
    const sockets = new Set<Socket>();
    let connections = 0;
    const server: Server = createTcpServer((socket) => {
        connections += 1;
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        socket.on('error', () => socket.destroy());
        let text = '';
        socket.on('data', (chunk) => {
            text += chunk.toString('latin1');
            for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
                const head = text.slice(0, end);
                text = text.slice(end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0));
                heads.push(head);
                answer(socket, head, heads.length);
            }
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        port: (server.address() as AddressInfo).port,
        heads,
        connections: () => connections,
        stop: async () => {
            for (const socket of sockets) socket.destroy();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}

/** A client for a device on the loopback, with the right password unless told otherwise. */
export function clientFor(port: number, options: Partial<HttpClientOptions> = {}): HttpClient {
    return new HttpClient({ protocol: 'http', host: '127.0.0.1', port, auth: 'auto', ...USER, ...options });
}
