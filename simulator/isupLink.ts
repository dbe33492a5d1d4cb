import { connect, type Socket } from 'node:net';
import { type Frame, Framer } from '../protocols/isup/framer';

/** How bytes leave a device that was told to misbehave. */
export type Sending = 'whole' | 'byte-by-byte' | 'cut';

/** One TCP connection of a simulated device: frames out, frames in, in order. */
export class IsupLink {
    private readonly framer = new Framer(4 * 1024 * 1024);
    private readonly arrived: Frame[] = [];
    private waiting: { resolve(frame: Frame): void; reject(error: Error): void } | undefined;
    private over: Error | undefined;

    private constructor(
        private readonly socket: Socket,
        private readonly sending: Sending,
    ) {
        socket.setNoDelay(true);
        socket.on('data', (chunk: Buffer) => this.received(chunk));
        socket.on('error', (error) => this.end(error));
        socket.on('close', () => this.end(new Error('the listener closed the connection')));
    }

    /** Resolves once connected. @param from own address, to stand in for a device elsewhere */
    static open(host: string, port: number, options: { from?: string; sending?: Sending } = {}): Promise<IsupLink> {
        return new Promise((resolve, reject) => {
            const socket = connect({ host, port, ...(options.from && { localAddress: options.from }) });
            socket.once('error', reject);
            socket.once('connect', () => {
                socket.removeListener('error', reject);
                resolve(new IsupLink(socket, options.sending ?? 'whole'));
            });
        });
    }

    get open(): boolean {
        return this.over === undefined;
    }

    /** Port that this connection comes from. */
    get localPort(): number {
        return this.socket.localPort ?? 0;
    }

    onClose(call: () => void): void {
        this.socket.once('close', call);
    }

    send(bytes: Buffer): void {
        if (this.sending === 'byte-by-byte') {
            for (const byte of bytes) this.socket.write(Buffer.from([byte]));
        } else this.socket.write(this.sending === 'cut' ? bytes.subarray(0, bytes.length >> 1) : bytes);
    }

    /** The next frame; rejects when the connection ends before it. */
    next(): Promise<Frame> {
        const frame = this.arrived.shift();
        if (frame) return Promise.resolve(frame);
        if (this.over) return Promise.reject(this.over);
        return new Promise((resolve, reject) => {
            this.waiting = { resolve, reject };
        });
    }

    /** Stops reading and answering without closing: the other side sees a device that hangs. */
    freeze(): void {
        this.socket.pause();
    }

    close(): void {
        this.socket.destroy();
    }

    /** Sends what waits, then closes. */
    finish(): void {
        this.socket.end();
        this.socket.resume();
    }

    private received(chunk: Buffer): void {
        this.framer.push(chunk);
        for (let frame = this.framer.next(); frame !== undefined; frame = this.framer.next()) {
            if (typeof frame === 'string') {
                this.socket.destroy(new Error(`the listener sent a frame that is ${frame}`));
                return;
            }
            const { waiting } = this;
            this.waiting = undefined;
            if (waiting) waiting.resolve(frame);
            else this.arrived.push(frame);
        }
    }

    private end(error: Error): void {
        if (this.over) return;
        this.over = error;
        this.waiting?.reject(error);
        this.waiting = undefined;
    }
}
