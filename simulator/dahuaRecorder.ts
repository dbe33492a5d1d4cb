import type { Socket } from 'node:net';
import { addDahuaCgi } from './dahuaCgi';
import type { Exchange } from './exchange';
import { HttpDevice, type HttpDeviceOptions } from './httpDevice';

export interface DahuaRecorderOptions extends HttpDeviceOptions {
    takePicture?: () => Buffer;
    /** To paths that it does not have it says 404 without a document of ISAPI, or 400, or shows its page. */
    unknown?: 'not-found' | 'bad-request' | 'page';
}

const BOUNDARY = 'myboundary';
const PAGE = '<!DOCTYPE html><title>Simulated recorder</title><h1>Simulated recorder</h1>';

/** The web side of a Dahua or Intelbras recorder: a page, the CGI, and the stream of its event manager. */
export class DahuaRecorder extends HttpDevice {
    readonly #unknown: 'not-found' | 'bad-request' | 'page';
    readonly #streams = new Map<Socket, NodeJS.Timeout>();

    constructor({ takePicture, unknown = 'not-found', ...options }: DahuaRecorderOptions = {}) {
        super(options);
        this.#unknown = unknown;
        addDahuaCgi(this, { takePicture });
        this.route('GET', '/', (exchange) => exchange.send(200, 'text/html', PAGE));
        this.route('GET', '/cgi-bin/eventManager.cgi', (exchange) => {
            const socket = exchange.takeSocket();
            if (!socket) return;
            const seconds = Number(exchange.query.get('heartbeat')) || 60;
            socket.write(`HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=${BOUNDARY}\r\n\r\n`);
            const beat = setInterval(() => this.#write(socket, 'Heartbeat'), seconds * 1000);
            beat.unref();
            this.#streams.set(socket, beat);
            socket.on('close', () => {
                clearInterval(beat);
                this.#streams.delete(socket);
            });
        });
    }

    /** Clients that listen to the event manager now. */
    get listeners(): number {
        return this.#streams.size;
    }

    /** Tells all who listen: `emitEvent('VideoMotion', 'Start', 0, { … })`. */
    emitEvent(code: string, action: 'Start' | 'Stop' | 'Pulse', index: number, data?: object): void {
        const tail = data === undefined ? '' : `;data=${JSON.stringify(data, null, 3)}`;
        for (const socket of this.#streams.keys())
            this.#write(socket, `Code=${code};action=${action};index=${index}${tail}`);
    }

    protected override unknownPath(exchange: Exchange): void {
        if (this.#unknown === 'page') exchange.send(200, 'text/html', PAGE);
        else if (this.#unknown === 'bad-request') exchange.send(400, 'text/plain', 'Error\r\nBad Request!\r\n');
        else exchange.send(404, 'text/html', '<!DOCTYPE html><title>404 Not Found</title>');
    }

    #write(socket: Socket, text: string): void {
        const head = `--${BOUNDARY}\r\nContent-Type: text/plain\r\nContent-Length:${Buffer.byteLength(text)}\r\n\r\n`;
        socket.write(`${head}${text}\r\n\r\n`);
    }
}
