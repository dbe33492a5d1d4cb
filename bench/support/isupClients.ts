/** The process that plays the devices. All they send is computed before the clock starts. */
import type { Socket } from 'node:net';
import { beat, play, type Scripts, scriptsOf } from './scriptedDevice';

export interface ClientOrder {
    /** `isup` and `echo` bring all devices up; `beat` lets them send heartbeats; `pull` silences the first of them. */
    is: 'isup' | 'echo' | 'beat' | 'pull' | 'close';
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
    /** CPU seconds of this process in that time, user and system. */
    cpu: number;
}

const NOTHING: ClientFigures = { wall: 0, failed: 0, cpu: 0 };
let sockets: (Socket | undefined)[] = [];
let timers: NodeJS.Timeout[] = [];

/** A thousand devices on each loopback address, so that ports last. */
const addressOf = (at: number) => `127.0.${1 + Math.floor(at / 1000)}.1`;

function scripts(at: number, keepAlive: number): Scripts {
    const number = String(at).padStart(5, '0');
    return scriptsOf(`BENCH-${number}`, `Q000${number}`, keepAlive);
}

async function bringUp({ is, port, count, together, keepAlive }: ClientOrder): Promise<ClientFigures> {
    const server = is === 'echo' ? 'echo' : 'isup';
    const all = Array.from({ length: count }, (_, at) => scripts(at, keepAlive));
    sockets = new Array(count);
    const cpuBefore = process.cpuUsage();
    const startedAt = process.hrtime.bigint();
    let next = 0;
    let failed = 0;
    const work = async () => {
        while (next < count) {
            const at = next++;
            const { login, session } = all[at]!;
            try {
                (await play(login, port, addressOf(at), server)).destroy();
                sockets[at] = await play(session, port, addressOf(at), server);
            } catch {
                failed += 1;
            }
        }
    };
    await Promise.all(Array.from({ length: together }, work));
    const wall = Number(process.hrtime.bigint() - startedAt) / 1e9;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { wall, failed, cpu: (user + system) / 1e6 };
}

function quiet(): void {
    for (const timer of timers) clearInterval(timer);
    timers = [];
}

/** Each device begins at a moment of its own. */
function beatEvery(seconds: number): void {
    quiet();
    sockets.forEach((socket, at) => {
        if (socket === undefined) return;
        timers[at] = setTimeout(
            () => {
                beat(socket);
                timers[at] = setInterval(() => beat(socket), seconds * 1000);
            },
            Math.random() * seconds * 1000,
        );
    });
}

async function order(order: ClientOrder): Promise<ClientFigures> {
    switch (order.is) {
        case 'isup':
        case 'echo':
            return await bringUp(order);
        case 'beat':
            beatEvery(order.keepAlive);
            return NOTHING;
        case 'pull':
            for (const timer of timers.slice(0, order.count)) clearInterval(timer);
            for (const socket of sockets.slice(0, order.count)) socket?.pause();
            return NOTHING;
        case 'close':
            quiet();
            for (const socket of sockets) socket?.destroy();
            return NOTHING;
    }
}

process.on('message', async (message: ClientOrder) => {
    const figures = await order(message);
    process.send?.(figures);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
