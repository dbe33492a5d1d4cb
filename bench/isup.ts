/**
 * Ten thousand ISUP devices on one listener beside a bare `net.Server` that echoes the same bytes, in the same run:
 * registrations a second, memory of each device, CPU share of the heartbeats at 30 s and 15 s; then the plugs of a thousand are pulled.
 *
 * Goals: at most 25 KB a device, at most 15 % of one core at a keepalive of 30 s, at least 3,000 registrations a second,
 * every pulled device offline within the configured silence and no other one.
 *
 * `VIGIA_BENCH_DEVICES=1000` makes it smaller. Both processes need as many open files as there are devices.
 */
import type { ChildProcess } from 'node:child_process';
import { alteredFrames } from '../test/protocols/isup/mutations';
import { fuzz, lineOf } from '../test/support/fuzzing';
import type { ClientFigures, ClientOrder } from './support/isupClients';
import type { ListenerFigures } from './support/isupListener';
import { ask, forkReady } from './support/measure';

const DEVICES = Number(process.env.VIGIA_BENCH_DEVICES ?? 10_000);
const TOGETHER = 128;
/** Seconds between the heartbeats of a device. */
const KEEP_ALIVES = [30, 15];
/** Milliseconds. Each device begins at a moment of its own, so any time shows what all of them cost. */
const WATCH = 15_000;
const SEED = 2;
const MUTATIONS = Number(process.env.VIGIA_BENCH_MUTATIONS ?? 1_000_000);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Figures {
    rate: number;
    /** Registrations a second that the server process alone could take on one core, by the CPU time it used. */
    capacity: number;
    /** The same of the process that plays the devices: where it is the smaller one, `rate` says nothing of the server. */
    played: number;
    bytes: number;
    /** CPU of one core, for each of `KEEP_ALIVES`. */
    shares: number[];
}

async function measure(server: ChildProcess, clients: ChildProcess, is: 'isup' | 'echo'): Promise<Figures> {
    const { port, rss, cpu } = await ask<ListenerFigures>(server, { is: 'start', keepAlive: 15, misses: 6 });
    const order: ClientOrder = { is, port, count: DEVICES, together: TOGETHER, keepAlive: KEEP_ALIVES[0]! };
    const up = await ask<ClientFigures>(clients, order);
    const there = await ask<ListenerFigures>(server, { is: 'figures' });
    if (up.failed > 0) console.log(`  ${up.failed} of ${DEVICES} did not come online`);
    const shares: number[] = [];
    let later = there;
    for (const keepAlive of KEEP_ALIVES) {
        await ask<ClientFigures>(clients, { ...order, is: 'beat', keepAlive });
        const before = await ask<ListenerFigures>(server, { is: 'figures' });
        await pause(WATCH);
        later = await ask<ListenerFigures>(server, { is: 'figures' });
        shares.push((later.cpu - before.cpu) / (WATCH / 1000));
    }
    if (is === 'isup' && later.online !== DEVICES) console.log(`  only ${later.online} are still online`);
    return {
        rate: DEVICES / up.wall,
        capacity: DEVICES / (there.cpu - cpu),
        played: DEVICES / up.cpu,
        bytes: (later.rss - rss) / DEVICES,
        shares,
    };
}

async function pullPlugs(): Promise<void> {
    const server = await forkReady('isupListener.js');
    const clients = await forkReady('isupClients.js');
    const silence = 5 * 6;
    const { port } = await ask<ListenerFigures>(server, { is: 'start', keepAlive: 5, misses: 6 });
    const order: ClientOrder = { is: 'isup', port, count: DEVICES, together: TOGETHER, keepAlive: 10 };
    await ask<ClientFigures>(clients, order);
    await ask<ClientFigures>(clients, { ...order, is: 'beat' });
    const count = Math.min(1000, DEVICES / 2);
    await ask<ClientFigures>(clients, { ...order, is: 'pull', count });
    const pulledAt = Date.now();
    await pause((silence + 5) * 1000);
    const { offline, online } = await ask<ListenerFigures>(server, { is: 'figures' });
    const pulled = Object.keys(offline).filter((id) => Number(id.slice(6)) < count);
    const latest = Math.max(...Object.values(offline)) - pulledAt;
    console.log(`plugs pulled: ${count}; offline: ${pulled.length} after at most ${(latest / 1000).toFixed(1)} s`);
    console.log(
        `others offline: ${Object.keys(offline).length - pulled.length}; still online: ${online} of ${DEVICES}`,
    );
    await ask(clients, { ...order, is: 'close' });
    for (const child of [clients, server]) child.disconnect();
}

const COLUMNS = ['', 'reg. / s', 'reg. / core·s', 'played / core·s', 'KB / device', '% core 30 s', '% core 15 s'];

function row(cells: string[]): void {
    console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(16) : cell.padStart(16))).join(''));
}

function show(name: string, { rate, capacity, played, bytes, shares }: Figures): void {
    const rates = [rate, capacity, played].map((one) => one.toFixed(0));
    row([name, ...rates, (bytes / 1024).toFixed(1), ...shares.map((share) => (share * 100).toFixed(1))]);
}

/** Prints the figures; takes two to three minutes. */
async function benchIsup(): Promise<void> {
    console.log(`${DEVICES} devices, ${TOGETHER} logins at a time; CPU of the heartbeats at 30 s and at 15 s`);
    row(COLUMNS);
    for (const [name, program, is] of [
        ['net.Server echo', 'echoServer.js', 'echo'],
        ['ISUP listener', 'isupListener.js', 'isup'],
    ] as const) {
        const server = await forkReady(program);
        const clients = await forkReady('isupClients.js');
        show(name, await measure(server, clients, is));
        await ask(clients, { is: 'close' });
        for (const child of [clients, server]) child.disconnect();
    }
    await pullPlugs();
    console.log(lineOf('altered frames', SEED, fuzz({ count: MUTATIONS, seed: SEED, input: alteredFrames })));
}

void benchIsup();
