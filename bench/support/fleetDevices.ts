/**
 * The process that plays a fleet: every stream that is opened is that of another device. It asks for a digest login as
 * devices do, and sends heartbeats, each stream at moments of its own.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ServerLogin } from '../../protocols/http/serverLogin';

export const LOGIN = { username: 'admin', password: 'vigia123' };

/** Seconds between the heartbeats of a device. */
export const HEARTBEAT = 10;

export interface FleetOrder {
    is: 'start' | 'outage' | 'return' | 'figures';
}

export interface FleetFigures {
    port: number;
    /** Streams that are open now. */
    open: number;
    /** Connections since the last start or return, and the most of them within 100 ms. */
    connects: number;
    peak: number;
    /** Seconds from the start or return to the last of the streams that opened. */
    lastOpened: number;
}

/** Answered without a login. */
export const BARE_PATH = '/bare';

const BOUNDARY = 'boundary';
const BEAT = Buffer.from(
    `--${BOUNDARY}\r\nContent-Type: application/xml; charset="UTF-8"\r\nContent-Length: 404\r\n\r\n${beat()}\r\n`,
);
const WINDOW_MS = 100;

function beat(): string {
    const lines = [
        '<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">',
        '<ipAddress>192.0.2.10</ipAddress>',
        '<macAddress>00:00:5e:00:53:01</macAddress>',
        '<channelID>1</channelID>',
        '<dateTime>2026-01-01T00:00:00+00:00</dateTime>',
        '<activePostCount>0</activePostCount>',
        '<eventType>videoloss</eventType>',
        '<eventState>inactive</eventState>',
        '<eventDescription>videoloss alarm</eventDescription>',
        '</EventNotificationAlert>',
    ];
    return lines.join('\r\n').padEnd(404, '\r\n');
}

class Fleet {
    readonly #login = new ServerLogin({ ...LOGIN, schemes: ['digest'] });
    readonly #sockets = new Set<Socket>();
    readonly #streams = new Set<ServerResponse>();
    #server: Server | undefined;
    #port = 0;
    #startedAt = 0;
    #openedAt = 0;
    #connects: number[] = [];

    async start(): Promise<void> {
        this.#startedAt = performance.now();
        this.#connects = [];
        const server = createServer((request, response) => this.#answer(request, response));
        server.on('connection', (socket) => this.#admit(socket));
        await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', 4096, resolve));
        this.#port = (server.address() as AddressInfo).port;
        this.#server = server;
    }

    /** The network is gone: nobody answers any more. */
    outage(): void {
        this.#server?.close();
        for (const socket of this.#sockets) socket.destroy();
    }

    get figures(): FleetFigures {
        const windows = new Map<number, number>();
        for (const at of this.#connects) {
            const window = Math.floor(at / WINDOW_MS);
            windows.set(window, (windows.get(window) ?? 0) + 1);
        }
        return {
            port: this.#port,
            open: this.#streams.size,
            connects: this.#connects.length,
            peak: Math.max(0, ...windows.values()),
            lastOpened: (this.#openedAt - this.#startedAt) / 1000,
        };
    }

    #admit(socket: Socket): void {
        this.#connects.push(performance.now() - this.#startedAt);
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
    }

    #answer({ method = '', url = '', headers: { authorization } }: IncomingMessage, response: ServerResponse): void {
        const verdict = this.#login.check({ method, url, authorization });
        if (!verdict.accepted && url !== BARE_PATH) {
            response.writeHead(401, { 'WWW-Authenticate': verdict.challenges, 'Content-Length': 0 }).end();
            return;
        }
        // Devices send a stream without chunks.
        response.removeHeader('Transfer-Encoding');
        response.writeHead(200, { 'Content-Type': `multipart/mixed; boundary=${BOUNDARY}` });
        response.write(BEAT);
        this.#streams.add(response);
        this.#openedAt = performance.now();
        let next = setTimeout(
            () => {
                response.write(BEAT);
                next = setInterval(() => response.write(BEAT), HEARTBEAT * 1000);
            },
            Math.random() * HEARTBEAT * 1000,
        );
        response.once('close', () => {
            clearTimeout(next);
            this.#streams.delete(response);
        });
    }
}

const fleet = new Fleet();

process.on('message', async ({ is }: FleetOrder) => {
    if (is === 'start' || is === 'return') await fleet.start();
    else if (is === 'outage') fleet.outage();
    process.send?.(fleet.figures);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
