import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { HttpClient, type HttpClientOptions } from '../../../../protocols/http/client';

/** What the device does with one request; it may keep the response and go on writing. */
export type Answer = (response: ServerResponse, request: IncomingMessage, body: Buffer) => void;

/** A device whose every answer the test decides: the first request gets the first answer, the last one is repeated. */
export class ScriptedDevice {
    readonly requests: { method: string; path: string; body: string }[] = [];
    /** Responses in the order of their requests. */
    readonly responses: ServerResponse[] = [];
    answers: Answer[];
    readonly #sockets = new Set<Socket>();
    readonly #server = createServer((request, response) => this.#receive(request, response));
    readonly #clients: HttpClient[] = [];
    #waiting: (() => void)[] = [];

    constructor(...answers: Answer[]) {
        this.answers = answers;
        this.#server.on('connection', (socket: Socket) => {
            this.#sockets.add(socket);
            socket.once('close', () => this.#sockets.delete(socket));
        });
    }

    get openConnections(): number {
        return this.#sockets.size;
    }

    async start(): Promise<this> {
        await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        return this;
    }

    /** A client of this device, closed with it. */
    client(options: Partial<HttpClientOptions> = {}): HttpClient {
        const { port } = this.#server.address() as AddressInfo;
        const client = new HttpClient({ protocol: 'http', host: '127.0.0.1', port, auth: 'none', ...options });
        this.#clients.push(client);
        return client;
    }

    /** Resolves when `count` requests have come in all. */
    async seen(count: number): Promise<void> {
        while (this.requests.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }

    async stop(): Promise<void> {
        for (const client of this.#clients) client.close();
        for (const socket of this.#sockets) socket.destroy();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    #receive(request: IncomingMessage, response: ServerResponse): void {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
            const body = Buffer.concat(chunks);
            this.requests.push({ method: request.method ?? '', path: request.url ?? '', body: body.toString() });
            this.responses.push(response);
            const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
            answer?.(response, request, body);
            for (const resolve of this.#waiting.splice(0)) resolve();
        });
    }
}

/** Opens an event stream and sends what is given; the response stays open. */
export function eventStream(...first: (string | Buffer)[]): Answer {
    return (response) => {
        response.writeHead(200, { 'content-type': 'multipart/mixed; boundary=boundary' });
        response.flushHeaders();
        for (const bytes of first) response.write(bytes);
    };
}

/** One whole answer. */
export function answer(status: number, contentType: string, body: string | Buffer): Answer {
    return (response) => response.writeHead(status, { 'content-type': contentType }).end(body);
}

export function responseStatus(statusCode: number, statusString: string, subStatusCode?: string): string {
    const sub = subStatusCode === undefined ? '' : `<subStatusCode>${subStatusCode}</subStatusCode>`;
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n<ResponseStatus version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">' +
        `<requestURL>/ISAPI/Event/notification/alertStream</requestURL><statusCode>${statusCode}</statusCode>` +
        `<statusString>${statusString}</statusString>${sub}</ResponseStatus>`
    );
}
