/**
 * Events of one permanent stream: a real Node-RED with `isapi-alertstream` beside a bare `node:http` client that only
 * counts the same bytes, one after the other in the same run.
 *
 * Goals: 1 KB XML at least 40 % of the bare client and at most 18 µs of CPU, 200 KB pictures at least 70 % of it,
 * heartbeats at most 3 µs. `messages alone` is the floor: a node that only sends messages of the same size.
 */
import { type RunningNodeRed, startNodeRed } from '../test/support/nodeRed';
import { countingNodes } from './support/countingNodes';
import { ask, forkReady, type Measurement, median, printTable, WARM_UP } from './support/measure';
import type { StreamOrder } from './support/streamServer';

const ROUNDS = 3;

interface Row extends StreamOrder {
    what: string;
    /** What listens in Node-RED: our node, or one that does the least that can be done. */
    source?: 'bench-source';
}

const ROWS: Row[] = [
    { what: '1 KB XML', shape: 'xml', count: 300_000 },
    { what: '1 KB XML, 64 KiB a write', shape: 'xml', count: 300_000, gather: 64 * 1024 },
    { what: 'JSON', shape: 'json', count: 300_000 },
    { what: 'with 200 KB JPEG', shape: 'pictures', count: 15_000 },
    { what: 'heartbeats', shape: 'heartbeats', count: 400_000 },
    { what: 'heartbeats, 64 KiB a write', shape: 'heartbeats', count: 400_000, gather: 64 * 1024 },
    { what: 'messages alone', shape: 'xml', count: 300_000, source: 'bench-source' },
];

interface Served {
    port: number;
    bytes: number;
    warmUp: number;
}

/** Heartbeats bring no message: the event amid them and the one behind are what is waited for. */
function flowFor({ port, bytes }: Served, { shape, count, source }: Row): object[] {
    const place = { z: 'flow', x: 100, y: 100, wires: [['count'], []] };
    return [
        { id: 'flow', type: 'tab', label: 'bench' },
        { id: 'device', type: 'device-config', name: 'bench', host: '127.0.0.1', port, auth: 'none', version: 1 },
        source === undefined
            ? { id: 'stream', type: 'isapi-alertstream', device: 'device', repeat: 'all', ...place }
            : { id: 'stream', type: source, port, bytes, count, ...place },
        {
            id: 'count',
            type: 'bench-count',
            z: 'flow',
            x: 300,
            y: 100,
            ...(shape === 'heartbeats' ? { expected: 2 } : { expected: count, warmUp: count * WARM_UP }),
            wires: [],
        },
    ];
}

async function inNodeRed(served: Served, row: Row): Promise<Measurement> {
    const nodes = countingNodes();
    const nodeRed: RunningNodeRed = await startNodeRed({
        flows: flowFor(served, row),
        settings: { nodesDir: [nodes.folder] },
    });
    try {
        return await nodeRed.until(
            () => nodeRed.debugMessages('count')[0]?.value as Measurement | undefined,
            `${row.count} messages`,
            240_000,
        );
    } finally {
        await nodeRed.close();
        nodes.remove();
    }
}

async function benchStream(): Promise<void> {
    const server = await forkReady('streamServer.js');
    const rows: (string | number)[][] = [
        ['stream', 'bare events/s', 'node events/s', 'of bare', 'bare µs CPU', 'node µs CPU', 'node RSS MiB'],
    ];
    for (const row of ROWS) {
        const served = await ask<Served>(server, row);
        const bare: Measurement[] = [];
        const node: Measurement[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
            const client = await forkReady('bareClient.js');
            bare.push(await ask<Measurement>(client, served));
            client.disconnect();
            node.push(await inNodeRed(served, row));
        }
        const counted = row.count * (1 - WARM_UP);
        const rate = (measured: Measurement[]) => median(measured.map(({ wall }) => counted / wall));
        const cost = (measured: Measurement[]) => median(measured.map(({ cpu }) => (cpu / counted) * 1e6));
        rows.push([
            row.what,
            Math.round(rate(bare)),
            Math.round(rate(node)),
            `${Math.round((100 * rate(node)) / rate(bare))} %`,
            cost(bare).toFixed(1),
            cost(node).toFixed(1),
            Math.round(median(node.map(({ rss }) => rss)) / 2 ** 20),
        ]);
    }
    server.disconnect();
    printTable(rows);
}

void benchStream();
