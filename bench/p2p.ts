/**
 * P2P tunnels beside plain TCP forwarding in the same run: throughput on loopback, at 40 ms with and without loss as a
 * share of window / round trip, time to the first byte, and a hundred tunnels to a hundred recorders at once.
 * The tunnels, the recorders with their cloud, and the clients each have a process of their own.
 *
 * Goals: 200 Mbit/s on loopback, 90 % of window / round trip without and 60 % with 1 % loss, 1 MB a tunnel.
 */
import type { ChildProcess } from 'node:child_process';
import { ask, forkReady } from './support/measure';
import type { TunnelsAnswer, TunnelsOrder } from './support/p2pTunnels';
import type { WorldAnswer, WorldOrder } from './support/p2pWorld';
import type { FetchAnswer, FetchOrder } from './support/tcpClient';

const MEBIBYTE = 1024 * 1024;
const WINDOW = 65_535;

const children: ChildProcess[] = [];

async function start(program: string): Promise<ChildProcess> {
    const child = await forkReady(program);
    children.push(child);
    return child;
}

interface Stage {
    world: WorldAnswer;
    tunnels: ChildProcess;
    client: ChildProcess;
    before: TunnelsAnswer;
    opened: TunnelsAnswer;
    /** Seconds to open all tunnels. */
    openTime: number;
}

async function stage(order: WorldOrder): Promise<Stage> {
    const [far, tunnels, client] = await Promise.all([
        start('p2pWorld.js'),
        start('p2pTunnels.js'),
        start('tcpClient.js'),
    ]);
    const world = await ask<WorldAnswer>(far, order);
    const before = await ask<TunnelsAnswer>(tunnels, { is: 'figures' } satisfies TunnelsOrder);
    const startedAt = performance.now();
    const open: TunnelsOrder = { is: 'open', cloudPort: world.cloudPort, serials: world.serials };
    const opened = await ask<TunnelsAnswer>(tunnels, open);
    return { world, tunnels, client, before, opened, openTime: (performance.now() - startedAt) / 1000 };
}

function end(): void {
    for (const child of children.splice(0)) child.kill();
}

const mbits = (bytes: number, seconds: number) => ((bytes * 8) / seconds / 1e6).toFixed(0);

async function loopback(): Promise<void> {
    const { world, tunnels, client, opened } = await stage({ recorders: 1, delay: 0, loss: 0 });
    const bytes = 64 * MEBIBYTE;
    const through = async (name: string, ports: number[]) => {
        const first = await ask<FetchAnswer>(client, { ports, bytes: 1 } satisfies FetchOrder);
        const started = await ask<TunnelsAnswer>(tunnels, { is: 'figures' } satisfies TunnelsOrder);
        const bulk = await ask<FetchAnswer>(client, { ports, bytes } satisfies FetchOrder);
        const done = await ask<TunnelsAnswer>(tunnels, { is: 'figures' } satisfies TunnelsOrder);
        const core = done.cpu - started.cpu;
        console.log(
            `${name.padEnd(22)} ${mbits(bytes, bulk.wall).padStart(6)} Mbit/s, ${mbits(bytes, core)} on one whole core; first byte ${first.firstByte.toFixed(1)} ms; wrong ${bulk.wrong + first.wrong}`,
        );
    };
    await through('tunnel on loopback', opened.ports);
    const plain = await ask<TunnelsAnswer>(tunnels, {
        is: 'forward',
        target: world.servicePort,
    } satisfies TunnelsOrder);
    await through('plain TCP forwarding', plain.ports);
    end();
}

async function distant(loss: number): Promise<void> {
    const { client, opened, openTime } = await stage({ recorders: 1, delay: 20, loss });
    const bytes = 16 * MEBIBYTE;
    const first = await ask<FetchAnswer>(client, { ports: opened.ports, bytes: 1 } satisfies FetchOrder);
    const bulk = await ask<FetchAnswer>(client, { ports: opened.ports, bytes } satisfies FetchOrder);
    const share = bytes / bulk.wall / (WINDOW / 0.04);
    console.log(
        `40 ms, ${loss * 100} % loss         ${mbits(bytes, bulk.wall).padStart(6)} Mbit/s, ${(share * 100).toFixed(0)} % of window / round trip; opened in ${openTime.toFixed(2)} s, first byte ${first.firstByte.toFixed(0)} ms; wrong ${bulk.wrong}`,
    );
    end();
}

async function hundred(): Promise<void> {
    const { client, tunnels, before, opened, openTime } = await stage({ recorders: 100, delay: 0, loss: 0 });
    const bytes = MEBIBYTE;
    const bulk = await ask<FetchAnswer>(client, { ports: opened.ports, bytes } satisfies FetchOrder);
    const busy = await ask<TunnelsAnswer>(tunnels, { is: 'figures' } satisfies TunnelsOrder);
    const each = (rss: number) => ((rss - before.rss) / 100 / 1024).toFixed(0);
    console.log(
        `100 tunnels            opened in ${openTime.toFixed(1)} s; ${each(opened.rss)} KB each when open, ${each(busy.rss)} KB after 1 MiB through each; ${mbits(100 * bytes, bulk.wall)} Mbit/s together; wrong ${bulk.wrong}`,
    );
    end();
}

async function main(): Promise<void> {
    try {
        await loopback();
        await distant(0);
        await distant(0.01);
        await hundred();
    } finally {
        end();
    }
}

main();
