import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

/** Takes what is posted to it, byte for byte, and answers what the test says. */
export class RawReceiver {
    readonly #server: net.Server;
    readonly #sockets = new Set<net.Socket>();
    /** One entry a connection. */
    readonly received: Buffer[] = [];
    #notify: () => void = () => undefined;

    private constructor(answer: (bytes: Buffer) => string | undefined) {
        this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
            const index = this.received.push(Buffer.alloc(0)) - 1;
            let start = 0;
            this.#sockets.add(socket);
            socket.on('data', (chunk) => {
                this.received[index] = Buffer.concat([this.received[index]!, chunk]);
                const reply = answer(this.received[index].subarray(start));
                if (reply !== undefined) {
                    start = this.received[index].length;
                    socket.write(reply);
                }
                this.#notify();
            });
            socket.on('end', () => socket.end());
            socket.on('error', () => socket.destroy());
            socket.on('close', () => this.#sockets.delete(socket));
        });
    }

    /** @param answer looks at the bytes since its last answer; undefined waits for more */
    static async listen(answer: (bytes: Buffer) => string | undefined): Promise<RawReceiver> {
        const receiver = new RawReceiver(answer);
        await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
        return receiver;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/alarm`;
    }

    /** Everything, over all connections, one byte a character. */
    get text(): string {
        return Buffer.concat(this.received).toString('latin1');
    }

    async until(condition: () => boolean): Promise<void> {
        const giveUp = AbortSignal.timeout(20_000);
        while (!condition()) {
            await new Promise<void>((resolve, reject) => {
                this.#notify = resolve;
                giveUp.onabort = () => reject(new Error('not received in time'));
            });
        }
    }

    async close(): Promise<void> {
        for (const socket of this.#sockets) socket.destroy();
        await new Promise((resolve) => this.#server.close(resolve));
    }
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** Answers 200 as soon as a request with Content-Length is whole. */
export function okWhenWhole(bytes: Buffer): string | undefined {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const length = Number(/content-length: (\d+)/i.exec(bytes.subarray(0, end).toString('latin1'))?.[1] ?? 0);
    return bytes.length >= end + 4 + length ? OK : undefined;
}

export interface HttpReceiver {
    url: string;
    bodies: Buffer[];
    requests: http.IncomingMessage[];
    close(): Promise<void>;
}

/** Node's own HTTP server as the listening host; `status` decides about each post. */
export async function httpReceiver(
    status: (index: number, request: http.IncomingMessage) => number,
): Promise<HttpReceiver> {
    const bodies: Buffer[] = [];
    const requests: http.IncomingMessage[] = [];
    const server = http.createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        bodies.push(Buffer.concat(chunks));
        requests.push(request);
        response.statusCode = status(bodies.length - 1, request);
        if (response.statusCode === 401)
            response.setHeader('WWW-Authenticate', 'Digest realm="host", nonce="n1", qop="auth"');
        response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarm`,
        bodies,
        requests,
        close: async () => {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}
