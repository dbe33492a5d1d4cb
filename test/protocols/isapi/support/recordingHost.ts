import { connect, type Socket } from 'node:net';
import { AlarmHost, type AlarmHostOptions, type Post, type Rejection } from '../../../../protocols/isapi/alarmHost';
import { AlarmListeners, type Listening } from '../../../../protocols/isapi/alarmListener';

const MIB = 1024 * 1024;

/** A listening host on a port of its own, and everything that it told. */
export class Host {
    readonly posts: Post[] = [];
    readonly rejections: Rejection[] = [];
    readonly host: AlarmHost;
    #listening: Listening | undefined;
    #waiting: (() => void)[] = [];

    constructor(options: Partial<AlarmHostOptions> = {}) {
        this.host = new AlarmHost({
            maxBody: 32 * MIB,
            answer: 'at-once',
            ...options,
            onPost: (post) => {
                this.posts.push(post);
                this.#wake();
            },
            onRejected: (rejection) => {
                this.rejections.push(rejection);
                this.#wake();
            },
        });
    }

    async listen(): Promise<this> {
        this.#listening = await new AlarmListeners().listen({ bind: '127.0.0.1', port: 0 }, '/alarm', this.host);
        return this;
    }

    get port(): number {
        return this.#listening!.port;
    }

    get url(): string {
        return `http://127.0.0.1:${this.port}/alarm`;
    }

    codes(): string[] {
        return this.rejections.map(({ fault }) => fault.code);
    }

    async until(check: () => unknown): Promise<void> {
        while (!check()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }

    async close(): Promise<void> {
        this.host.close();
        await this.#listening?.close();
    }

    #wake(): void {
        for (const resolve of this.#waiting.splice(0)) resolve();
    }
}

/** Opens a connection, sends, and resolves with all that came back when it is over. */
export function talk(port: number, ...pieces: (string | Buffer)[]): { socket: Socket; answer: Promise<string> } {
    const socket = connect(port, '127.0.0.1');
    for (const piece of pieces) socket.write(piece);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => socket.destroy());
    const answer = new Promise<string>((resolve) =>
        socket.on('close', () => resolve(Buffer.concat(chunks).toString())),
    );
    return { socket, answer };
}

/** The head of a POST. */
export function head(length: number | undefined, ...more: string[]): string {
    const lines = ['POST /alarm HTTP/1.1', 'Host: vigia', ...more];
    if (length !== undefined) lines.push(`Content-Length: ${length}`);
    return `${lines.join('\r\n')}\r\n\r\n`;
}

export async function withHost(options: Partial<AlarmHostOptions>, use: (host: Host) => Promise<void>): Promise<void> {
    const host = await new Host(options).listen();
    try {
        await use(host);
    } finally {
        await host.close();
    }
}
