import { createSocket } from 'node:dgram';
import { Fault } from '../errors';
import type { Address } from './message';

/** One bound UDP socket, as far as this folder needs it; tests may bring their own. */
export interface UdpPort {
    readonly port: number;
    send(datagram: Buffer, to: Address): void;
    listen(receive: (datagram: Buffer, from: Address) => void): void;
    close(): void;
}

export type OpenUdp = () => Promise<UdpPort>;

/** Recorders send bursts of datagrams; the kernel grants as much of this as it allows. */
const BURST_BYTES = 4 * 1024 * 1024;

/** @param host the local address to bind to; every interface unless a test says otherwise */
export function udpOn(host: string): OpenUdp {
    return () =>
        new Promise((resolve, reject) => {
            // Every address here is numeric: the default would ask the resolver for each datagram.
            const socket = createSocket({ type: 'udp4', lookup: (name, _options, done) => done(null, name, 4) });
            socket.once('error', (error) => {
                socket.close();
                reject(Fault.from(error));
            });
            socket.bind(0, host, () => {
                socket.removeAllListeners('error');
                // An unreachable peer is reported here; for UDP that is one more lost datagram.
                socket.on('error', () => undefined);
                growBuffers(socket);
                let closed = false;
                resolve({
                    port: socket.address().port,
                    send(datagram, to) {
                        // Port 0, where a datagram without a source is answered, would make `send` throw.
                        if (!closed && to.port > 0) socket.send(datagram, to.port, to.host, () => undefined);
                    },
                    listen(receive) {
                        socket.on('message', (datagram, from) =>
                            receive(datagram, { host: from.address, port: from.port }),
                        );
                    },
                    close() {
                        if (closed) return;
                        closed = true;
                        socket.close();
                    },
                });
            });
        });
}

function growBuffers(socket: ReturnType<typeof createSocket>): void {
    try {
        socket.setRecvBufferSize(BURST_BYTES);
        socket.setSendBufferSize(BURST_BYTES);
    } catch {
        // Some systems refuse instead of clamping; the default then has to do, at the cost of retransmissions.
        return;
    }
}

export const openUdp: OpenUdp = udpOn('0.0.0.0');
