/** The process that is measured: sessions and their local ports, and a bare TCP forwarder to compare with. */
import { type AddressInfo, connect, createServer } from 'node:net';
import { EASY4IP } from '../../protocols/p2p/profiles';
import { P2pSession } from '../../protocols/p2p/session';
import { TunnelGroup } from '../../protocols/p2p/tunnelGroup';
import { udpOn } from '../../protocols/p2p/udpPort';

export type TunnelsOrder =
    | { is: 'open'; cloudPort: number; serials: string[] }
    | { is: 'forward'; target: number }
    | { is: 'figures' };

export interface TunnelsAnswer {
    /** Local port by serial number. */
    ports: number[];
    rss: number;
    /** Seconds of processor time since the start. */
    cpu: number;
}

const groups: TunnelGroup[] = [];

async function open(cloudPort: number, serials: string[]): Promise<number[]> {
    await Promise.all(
        serials.map(async (serial) => {
            const source = new P2pSession({
                serial,
                profile: { ...EASY4IP, host: '127.0.0.1', port: cloudPort },
                openUdp: udpOn('127.0.0.1'),
                localAddresses: () => [],
            });
            const opened = new Promise<void>((ready) => {
                source.watch(({ state }) => {
                    if (state === 'open') ready();
                });
            });
            const group = new TunnelGroup({
                serial,
                ports: [{ service: 'sdk', remote: 37777, local: 0 }],
                acquire: () => ({ source, release: () => source.close() }),
                onChange: () => undefined,
            });
            groups.push(group);
            await group.open();
            await opened;
        }),
    );
    return serials.map((serial) => groups.find(({ report }) => report.serial === serial)!.report.ports[0]!.local);
}

async function forward(target: number): Promise<number[]> {
    const server = createServer({ noDelay: true }, (socket) => {
        const way = connect({ host: '127.0.0.1', port: target, noDelay: true });
        socket.pipe(way).pipe(socket);
        socket.on('error', () => way.destroy());
        way.on('error', () => socket.destroy());
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    return [(server.address() as AddressInfo).port];
}

async function perform(order: TunnelsOrder): Promise<TunnelsAnswer> {
    let ports: number[] = [];
    if (order.is === 'open') ports = await open(order.cloudPort, order.serials);
    if (order.is === 'forward') ports = await forward(order.target);
    (globalThis as { gc?: () => void }).gc?.();
    const { user, system } = process.cpuUsage();
    return { ports, rss: process.memoryUsage.rss(), cpu: (user + system) / 1e6 };
}

process.on('message', (order: TunnelsOrder) => {
    perform(order).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
