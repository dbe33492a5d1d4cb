/**
 * The process that plays the posting devices. All it sends is prepared before the clock starts and goes out over bare
 * sockets: what is measured is the server.
 */
import { connect, type Socket } from 'node:net';
import { percentile } from './measure';

export interface PushOrder {
    port: number;
    path: string;
    /** Number of the first event; each post is another one. */
    first: number;
    count: number;
    together: number;
    keepAlive: boolean;
    pictureBytes: number;
}

export interface PushFigures {
    /** Seconds. */
    wall: number;
    /** Milliseconds within which 99 of 100 posts were answered. */
    p99: number;
    /** CPU seconds of this process. */
    cpu: number;
    /** Answers by their status. */
    statuses: Record<string, number>;
}

const BOUNDARY = 'MIME_boundary';
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

function partHead(name: string, type: string, more = ''): string {
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\nContent-Type: ${type}\r\n\r\n`;
}

function eventOf(number: number): string {
    return JSON.stringify({
        ipAddress: '192.0.2.11',
        macAddress: '00:00:5e:00:53:02',
        channelID: 1,
        dateTime: `${new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString().slice(0, 19)}+00:00`,
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: {
            majorEventType: 5,
            subEventType: 75,
            serialNo: number + 1,
            currentEvent: true,
            picturesNumber: 1,
        },
    });
}

function pictureOf(bytes: number): Buffer {
    const picture = Buffer.alloc(bytes, 0x5a);
    picture.writeUInt32BE(0xffd8ffe0, 0);
    picture.writeUInt16BE(0xffd9, bytes - 2);
    return picture;
}

/** Everything of a post up to its picture. */
function headOf(order: PushOrder, number: number): Buffer {
    const start = [
        partHead('AccessControllerEvent', 'application/json'),
        eventOf(number),
        '\r\n',
        partHead('Picture', 'image/jpeg', '; filename="Picture.jpg"'),
    ].join('');
    const lines = [
        `POST ${order.path} HTTP/1.1`,
        `Host: 127.0.0.1:${order.port}`,
        `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
        `Content-Length: ${start.length + order.pictureBytes + TAIL.length}`,
        `Connection: ${order.keepAlive ? 'keep-alive' : 'close'}`,
    ];
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${start}`);
}

class PushClient {
    readonly #order: PushOrder;
    readonly #heads: Buffer[];
    readonly #picture: Buffer;
    readonly #times: number[] = [];
    readonly #statuses: Record<string, number> = {};
    #next = 0;

    constructor(order: PushOrder) {
        this.#order = order;
        this.#heads = Array.from({ length: order.count }, (_none, index) => headOf(order, order.first + index));
        this.#picture = pictureOf(order.pictureBytes);
    }

    async run(): Promise<PushFigures> {
        const cpuBefore = process.cpuUsage();
        const startedAt = performance.now();
        await Promise.all(Array.from({ length: this.#order.together }, () => this.#work()));
        const wall = (performance.now() - startedAt) / 1000;
        const { user, system } = process.cpuUsage(cpuBefore);
        return { wall, p99: percentile(this.#times, 0.99), cpu: (user + system) / 1e6, statuses: this.#statuses };
    }

    async #work(): Promise<void> {
        let socket: Socket | undefined;
        while (this.#next < this.#order.count) {
            const head = this.#heads[this.#next]!;
            this.#next += 1;
            const startedAt = performance.now();
            socket ??= connect({ host: '127.0.0.1', port: this.#order.port, noDelay: true });
            const status = await this.#post(socket, head);
            this.#times.push(performance.now() - startedAt);
            this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
            if (this.#order.keepAlive && status === '200') continue;
            socket.destroy();
            socket = undefined;
        }
        socket?.destroy();
    }

    /** Resolves with the status of the answer, whose head comes in one piece. */
    #post(socket: Socket, head: Buffer): Promise<string> {
        return new Promise((resolve) => {
            const settle = (status: string) => {
                socket.removeAllListeners();
                socket.on('error', () => socket.destroy());
                resolve(status);
            };
            socket.once('data', (answer: Buffer) => settle(answer.toString('latin1', 9, 12)));
            socket.once('error', ({ message }) => settle(message));
            socket.once('close', () => settle('closed'));
            socket.cork();
            socket.write(head);
            socket.write(this.#picture);
            socket.write(TAIL);
            socket.uncork();
        });
    }
}

process.on('message', async (order: PushOrder) => {
    const figures = await new PushClient(order).run();
    process.send?.(figures);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
