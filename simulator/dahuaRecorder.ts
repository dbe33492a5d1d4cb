import type { Socket } from 'node:net';
import { addDahuaCgi } from './dahuaCgi';
import { HttpDevice, type HttpDeviceOptions } from './httpDevice';

export interface DahuaRecorderOptions extends HttpDeviceOptions {
    takePicture?: () => Buffer;
}

const BOUNDARY = 'myboundary';

/** The web side of a Dahua or Intelbras recorder: a page, the CGI, and the stream of its event manager. */
export class DahuaRecorder extends HttpDevice {
    readonly #streams = new Map<Socket, NodeJS.Timeout>();

    constructor({ takePicture, ...options }: DahuaRecorderOptions = {}) {
        super(options);
        addDahuaCgi(this, { takePicture });
        this.route('GET', '/', (exchange) =>
            exchange.send(
                200,
                'text/html',
                '<!DOCTYPE html><title>Simulated recorder</title><h1>Simulated recorder</h1>',
            ),
        );
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

    #write(socket: Socket, text: string): void {
        const head = `--${BOUNDARY}\r\nContent-Type: text/plain\r\nContent-Length:${Buffer.byteLength(text)}\r\n\r\n`;
        socket.write(`${head}${text}\r\n\r\n`);
    }
}
