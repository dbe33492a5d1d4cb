/**
 * Events of one permanent stream: a real Node-RED with `isapi-alertstream` beside a bare `node:http` client that only
 * counts the same bytes, one after the other in the same run.
 */
import { type RunningNodeRed, startNodeRed } from '../test/support/nodeRed';
import { countingNodes } from './support/countingNodes';
import { ask, forkReady, type Measurement, median, printTable } from './support/measure';
import type { Shape, StreamOrder } from './support/streamServer';

const ROUNDS = 3;
const ORDERS: (StreamOrder & { what: string })[] = [
    { what: '1 KB XML', shape: 'xml', count: 60_000 },
    { what: '1 KB XML, 64 KiB a write', shape: 'xml', count: 60_000, gather: 64 * 1024 },
    { what: 'JSON', shape: 'json', count: 60_000 },
    { what: 'with 200 KB JPEG', shape: 'pictures', count: 1_500 },
    { what: 'heartbeats', shape: 'heartbeats', count: 200_000 },
];

interface Served {
    port: number;
    bytes: number;
}

/** Heartbeats bring no message: the event before them and the one behind are what is waited for. */
function flowFor(port: number, shape: Shape, count: number): object[] {
    return [
        { id: 'flow', type: 'tab', label: 'bench' },
        { id: 'device', type: 'device-config', name: 'bench', host: '127.0.0.1', port, auth: 'none', version: 1 },
        {
            id: 'stream',
            type: 'isapi-alertstream',
            z: 'flow',
            x: 100,
            y: 100,
            device: 'device',
            repeat: 'all',
            wires: [['count'], []],
        },
        {
            id: 'count',
            type: 'bench-count',
            z: 'flow',
            x: 300,
            y: 100,
            expected: shape === 'heartbeats' ? 2 : count,
            wires: [],
        },
    ];
}

async function inNodeRed(served: Served, { shape, count }: StreamOrder): Promise<Measurement> {
    const nodes = countingNodes();
    const nodeRed: RunningNodeRed = await startNodeRed({
        flows: flowFor(served.port, shape, count),
        settings: { nodesDir: [nodes.folder] },
    });
    try {
        return await nodeRed.until(
            () => nodeRed.debugMessages('count')[0]?.value as Measurement | undefined,
            `${count} messages`,
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
    for (const order of ORDERS) {
        const served = await ask<Served>(server, order);
        const bare: Measurement[] = [];
        const node: Measurement[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
            const client = await forkReady('bareClient.js');
            bare.push(await ask<Measurement>(client, served));
            client.disconnect();
            node.push(await inNodeRed(served, order));
        }
        const rate = (measured: Measurement[]) => median(measured.map(({ wall }) => order.count / wall));
        const cost = (measured: Measurement[]) => median(measured.map(({ cpu }) => (cpu / order.count) * 1e6));
        rows.push([
            order.what,
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
