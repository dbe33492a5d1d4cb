/** What the ISUP listener is compared with: a bare `net.Server` that sends back what it gets. */
import { type AddressInfo, createServer } from 'node:net';
import type { ListenerFigures, ListenerOrder } from './isupListener';

let open = 0;
const server = createServer((socket) => {
    open += 1;
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
        open -= 1;
    });
});

process.on('message', ({ is }: ListenerOrder) => {
    const answer = () => {
        (globalThis as { gc?: () => void }).gc?.();
        const { user, system } = process.cpuUsage();
        const port = (server.address() as AddressInfo | null)?.port ?? 0;
        const figures: ListenerFigures = {
            port,
            online: open,
            rss: process.memoryUsage.rss(),
            cpu: (user + system) / 1e6,
            offline: {},
        };
        process.send?.(figures);
    };
    if (is === 'start') server.listen(0, '127.0.0.1', answer);
    else answer();
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
