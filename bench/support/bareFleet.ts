/** What a thousand streams are compared with: a process that holds as many sockets and only counts what comes. */
import { connect } from 'node:net';
import { type ProcessFigures, processFigures } from './measure';

export interface BareFleetOrder {
    /** Opens so many connections; without it the figures are asked for. */
    open?: { port: number; path: string; count: number };
}

let bytes = 0;

process.on('message', ({ open }: BareFleetOrder) => {
    for (let opened = 0; opened < (open?.count ?? 0); opened += 1) {
        const socket = connect({ host: '127.0.0.1', port: open!.port });
        socket.write(`GET ${open!.path} HTTP/1.0\r\n\r\n`);
        socket.on('data', (chunk) => {
            bytes += chunk.length;
        });
    }
    process.send?.({ ...processFigures(), bytes } satisfies ProcessFigures & { bytes: number });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
