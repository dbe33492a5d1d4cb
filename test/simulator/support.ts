import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CurlAnswer {
    status: number;
    contentType: string;
    body: Buffer;
}

/** One request by curl: a client that is not ours. `login` is `user:password`. */
export async function curl(url: string, login: string | undefined, ...options: string[]): Promise<CurlAnswer> {
    const folder = mkdtempSync(join(tmpdir(), 'vigia-curl-'));
    const file = join(folder, 'body');
    const credentials = login === undefined ? [] : ['--anyauth', '--user', login];
    const format = '%{http_code} %{content_type}';
    const fixed = ['--silent', '--insecure', '--globoff', '--max-time', '60', '--output', file, '--write-out', format];
    const written = await new Promise<string>((resolve, reject) => {
        execFile('curl', [...fixed, ...credentials, ...options, url], (error, stdout) => {
            // 18 is a body shorter than announced, which some tests are about.
            if (error && error.code !== 18) reject(error);
            else resolve(stdout);
        });
    });
    const body = readFileSync(file, { flag: 'a+' });
    rmSync(folder, { recursive: true });
    const [status = '0', ...type] = written.split(' ');
    return { status: Number(status), contentType: type.join(' '), body };
}

/** A client that only collects bytes, so that a test sees exactly what was on the wire. */
export class RawClient {
    readonly #socket: net.Socket;
    readonly ended: Promise<void>;
    #received = Buffer.alloc(0);
    /** Sizes of the pieces as they arrived. */
    readonly chunks: number[] = [];
    #notify: () => void = () => undefined;

    constructor(port: number, request: string) {
        this.#socket = net.connect(port, '127.0.0.1', () => this.#socket.write(request));
        this.#socket.on('data', (chunk) => {
            this.#received = Buffer.concat([this.#received, chunk]);
            this.chunks.push(chunk.length);
            this.#notify();
        });
        this.#socket.on('error', () => this.#socket.destroy());
        this.ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    }

    get bytes(): Buffer {
        return this.#received;
    }

    /** Everything after the head of the answer. */
    get body(): Buffer {
        const end = this.#received.indexOf('\r\n\r\n');
        return end < 0 ? Buffer.alloc(0) : this.#received.subarray(end + 4);
    }

    get head(): string {
        return this.#received.subarray(0, this.#received.indexOf('\r\n\r\n') + 4).toString('latin1');
    }

    /** Resolves as soon as the bytes satisfy the condition; gives up after 20 s. */
    async until(condition: (client: RawClient) => boolean): Promise<void> {
        const giveUp = AbortSignal.timeout(20_000);
        while (!condition(this)) {
            await new Promise<void>((resolve, reject) => {
                this.#notify = resolve;
                giveUp.onabort = () => reject(new Error(`not seen in ${this.#received.length} bytes`));
            });
        }
    }

    close(): void {
        this.#socket.destroy();
    }
}

export const STREAM_REQUEST = 'GET /ISAPI/Event/notification/alertStream HTTP/1.1\r\nHost: device\r\n\r\n';

/** How often `wanted` occurs. */
export function count(bytes: Buffer, wanted: string): number {
    let found = 0;
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found += 1;
    return found;
}

/** Answers one challenge again and again, with a count that grows: what curl does not do between its requests. */
export class NonceHolder {
    #count = 0;

    constructor(
        readonly origin: string,
        /** The value of WWW-Authenticate. */
        readonly challenge: string,
    ) {}

    static async from(url: URL): Promise<NonceHolder> {
        const response = await fetch(url);
        await response.arrayBuffer();
        return new NonceHolder(url.origin, response.headers.get('www-authenticate') ?? '');
    }

    async get(path: string): Promise<Response> {
        const value = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(this.challenge)?.[1] ?? '';
        const md5 = (text: string) => createHash('md5').update(text).digest('hex');
        this.#count += 1;
        const nc = this.#count.toString(16).padStart(8, '0');
        const secret = md5(`admin:${value('realm')}:vigia123`);
        const response = md5(`${secret}:${value('nonce')}:${nc}:abc:auth:${md5(`GET:${path}`)}`);
        const fields = `username="admin", realm="${value('realm')}", nonce="${value('nonce')}", uri="${path}"`;
        return await fetch(`${this.origin}${path}`, {
            headers: { authorization: `Digest ${fields}, qop=auth, nc=${nc}, cnonce="abc", response="${response}"` },
        });
    }
}
