/** The process that plays the devices. */
import { connect, type Socket } from 'node:net';
import { IsupDevice } from '../../simulator/isupDevice';

export interface ClientOrder {
    is: 'isup' | 'echo' | 'pull' | 'close';
    port: number;
    count: number;
    /** Logins under way at a time. */
    together: number;
    /** Seconds between heartbeats. */
    keepAlive: number;
}

export interface ClientFigures {
    /** Seconds until all were there. */
    wall: number;
    failed: number;
}

let devices: IsupDevice[] = [];
const sockets: Socket[] = [];
const timers: NodeJS.Timeout[] = [];
/** Sizes of what a device sends: login, proof, question; then CONNECT with will and SUBSCRIBE. */
const LOGIN = [106, 49, 53];
const SESSION = [474];

/** A thousand devices on each loopback address, so that ports last. */
const addressOf = (at: number) => `127.0.${1 + Math.floor(at / 1000)}.1`;

async function all(count: number, together: number, start: (at: number) => Promise<boolean>): Promise<ClientFigures> {
    const startedAt = process.hrtime.bigint();
    let next = 0;
    let failed = 0;
    const work = async () => {
        while (next < count) {
            const at = next++;
            const good = await start(at).catch(() => false);
            if (!good) failed += 1;
        }
    };
    await Promise.all(Array.from({ length: together }, work));
    return { wall: Number(process.hrtime.bigint() - startedAt) / 1e9, failed };
}

function echoed(port: number, from: string, sizes: number[], keep: boolean): Promise<Socket> {
    return new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', localAddress: from });
        let step = 0;
        let waiting = 0;
        const send = () => {
            waiting = sizes[step++]!;
            socket.write(Buffer.alloc(waiting));
        };
        socket.on('connect', send);
        socket.on('error', reject);
        socket.on('data', (chunk) => {
            waiting -= chunk.length;
            if (waiting > 0) return;
            if (step < sizes.length) send();
            else {
                if (!keep) socket.destroy();
                resolve(socket);
            }
        });
    });
}

async function order({ is, port, count, together, keepAlive }: ClientOrder): Promise<ClientFigures> {
    switch (is) {
        case 'isup':
            devices = Array.from({ length: count }, (_, at) => {
                const number = String(at).padStart(5, '0');
                return new IsupDevice({
                    host: '127.0.0.1',
                    port,
                    deviceId: `BENCH-${number}`,
                    shortSerial: `Q000${number}`,
                    key: 'Test1234key',
                    keepAlive,
                    from: addressOf(at),
                });
            });
            return await all(count, together, async (at) => (await devices[at]!.start()) === 'online');
        case 'echo': {
            const figures = await all(count, together, async (at) => {
                await echoed(port, addressOf(at), LOGIN, false);
                sockets.push(await echoed(port, addressOf(at), SESSION, true));
                return true;
            });
            for (const socket of sockets) {
                const beat = () => socket.write(Buffer.from([0xc0, 0x00]));
                timers.push(
                    setTimeout(
                        () => timers.push(setInterval(beat, keepAlive * 1000)),
                        Math.random() * keepAlive * 1000,
                    ),
                );
            }
            return figures;
        }
        case 'pull':
            for (const device of devices.slice(0, count)) device.stop('pull');
            return { wall: 0, failed: 0 };
        case 'close':
            for (const device of devices) device.destroy();
            for (const timer of timers) clearInterval(timer);
            for (const socket of sockets) socket.destroy();
            return { wall: 0, failed: 0 };
    }
}

process.on('message', async (message: ClientOrder) => {
    const figures = await order(message);
    process.send?.(figures);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
