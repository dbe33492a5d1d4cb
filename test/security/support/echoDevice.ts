import { createServer, type Server, type Socket } from 'node:net';

const MOODS: Record<string, (authorization: string, login: string) => string> = {
    '/ISAPI/refused': (header, login) =>
        answer('401 Unauthorized', xml(`${header} ${login}`), 'WWW-Authenticate: Basic realm="echo"\r\n'),
    '/ISAPI/forbidden': (header, login) => answer('403 Forbidden', xml(`${header} ${login}`)),
    '/ISAPI/error': (header, login) => answer('500 Internal Server Error', `<html>${header} ${login}</html>`),
    '/ISAPI/json': (header, login) =>
        answer('400 Bad Request', JSON.stringify({ statusCode: 6, statusString: header, errorMsg: login })),
    '/ISAPI/redirect': (header, login) =>
        answer('302 Found', '', `Location: http://${login}@127.0.0.1:1/${encodeURIComponent(login)}?a=${header}\r\n`),
    '/ISAPI/garbage': (header, login) => `${login} ${header}\r\n\r\n`,
    '/ISAPI/cut': (header) => `HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n${header}`,
    '/ISAPI/unreadable': (header) => answer('200 OK', `<a>${header}`, 'Content-Type: application/xml\r\n'),
};

/** The paths at which it fails, each in its own way. */
export const ECHO_PATHS = Object.keys(MOODS);

function answer(status: string, body: string, more = ''): string {
    return `HTTP/1.1 ${status}\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

const CHALLENGE = answer('401 Unauthorized', '', 'WWW-Authenticate: Basic realm="echo"\r\n');

function xml(text: string): string {
    const said = text.replace(/[&<"]/g, (one) => `&#${one.charCodeAt(0)};`);
    return `<ResponseStatus><statusCode>4</statusCode><statusString>${said}</statusString><subStatusCode>${said}</subStatusCode><errorMsg>${said}</errorMsg></ResponseStatus>`;
}

/** A device that says back in every failure what it was given to log in, as broken and malicious ones do. */
export class EchoDevice {
    /** Heads of requests. */
    readonly requests: string[] = [];
    readonly #sockets = new Set<Socket>();
    readonly #server: Server = createServer((socket) => this.#serve(socket));

    async listen(): Promise<this> {
        await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        return this;
    }

    get port(): number {
        return (this.#server.address() as { port: number }).port;
    }

    async close(): Promise<void> {
        for (const socket of this.#sockets) socket.destroy();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    #serve(socket: Socket): void {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
        socket.on('error', () => socket.destroy());
        let head = '';
        socket.on('data', (chunk: Buffer) => {
            head += chunk.toString('latin1');
            if (!head.includes('\r\n\r\n')) return;
            this.requests.push(head);
            const path = head.split(' ', 2)[1] ?? '';
            const authorization = /^authorization: (.*)$/im.exec(head)?.[1] ?? '';
            const login = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('utf8');
            head = '';
            const say = MOODS[path] ?? MOODS['/ISAPI/forbidden']!;
            // A client shows its login where it is asked for it, and not before.
            socket.end(authorization === '' ? CHALLENGE : say(authorization, login));
        });
    }
}
