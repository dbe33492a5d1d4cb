import { createServer, type Server, type Socket } from 'node:net';

/** A TCP service that says back what it hears, for the far end of tunnels. */
export class EchoService {
    readonly #server: Server;
    readonly #sockets = new Set<Socket>();

    private constructor() {
        this.#server = createServer({ allowHalfOpen: true }, (socket) => {
            this.#sockets.add(socket);
            socket.on('close', () => this.#sockets.delete(socket));
            socket.on('error', () => socket.destroy());
            socket.pipe(socket);
        });
    }

    static async open(): Promise<EchoService> {
        const echo = new EchoService();
        await new Promise<void>((ready) => echo.#server.listen(0, '127.0.0.1', ready));
        return echo;
    }

    get port(): number {
        return (this.#server.address() as { port: number }).port;
    }

    get connectionCount(): number {
        return this.#sockets.size;
    }

    close(): void {
        for (const socket of this.#sockets) socket.destroy();
        this.#server.close();
    }
}
