/**
 * The event streams of a thousand devices in one Node-RED: a `device-config` and an `isapi-alertstream` for each. Memory
 * over the same Node-RED without them, CPU while nothing but heartbeats comes, and how all come back after an outage.
 *
 * Goals: at most 60 KB a stream, at most 3 % of one core at a heartbeat every 10 s, all back within 60 s.
 *
 * `VIGIA_BENCH_DEVICES=100` makes it smaller.
 */
import type { ChildProcess } from 'node:child_process';
import { type RunningNodeRed, startNodeRed } from '../test/support/nodeRed';
import type { BareFleetOrder } from './support/bareFleet';
import { countingNodes } from './support/countingNodes';
import { BARE_PATH, type FleetFigures, type FleetOrder, HEARTBEAT, LOGIN } from './support/fleetDevices';
import { ask, forkReady, type ProcessFigures } from './support/measure';

const DEVICES = Number(process.env.VIGIA_BENCH_DEVICES ?? 1000);
/** Seconds. */
const SETTLE = 5;
/** After a deploy V8 compiles what it met for the first time and tidies up what is left over. */
const TIDY = 60;
const WATCH = 6 * HEARTBEAT;
/** Long enough for waits of half a minute between two attempts. */
const OUTAGE = 40;
const LONGEST = 70;

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

function flowsFor(port: number): object[] {
    const devices = Array.from({ length: DEVICES }, (_none, at) => [
        {
            id: `device-${at}`,
            type: 'device-config',
            name: `camera ${at}`,
            host: '127.0.0.1',
            port,
            version: 1,
            credentials: LOGIN,
        },
        {
            id: `stream-${at}`,
            type: 'isapi-alertstream',
            z: 'flow',
            x: 100,
            y: 40 * at,
            device: `device-${at}`,
            version: 1,
            wires: [[], []],
        },
    ]);
    return [{ id: 'flow', type: 'tab', label: 'bench' }, ...devices.flat()];
}

/** Waits until every stream is open. */
async function allOpen(devices: ChildProcess): Promise<FleetFigures> {
    for (let second = 0; ; second += 1) {
        const figures = await ask<FleetFigures>(devices, { is: 'figures' } satisfies FleetOrder);
        if (figures.open === DEVICES) return figures;
        if (second > LONGEST) {
            console.log(`  only ${figures.open} of ${DEVICES} streams are open after ${LONGEST} s`);
            return figures;
        }
        await pause(1);
    }
}

const kilobytes = (bytes: number) => (bytes / DEVICES / 1024).toFixed(1);

function showOpening(what: string, { open, lastOpened, connects, peak }: FleetFigures): void {
    const time = `${open} streams in ${lastOpened.toFixed(1)} s`;
    console.log(`${what}: ${time}; ${connects} connections, at most ${peak} within 100 ms`);
}

/** Percent of one core that a process takes while it is watched. */
async function shareOf(figures: () => Promise<ProcessFigures>): Promise<string> {
    const before = await figures();
    await pause(WATCH);
    const after = await figures();
    return (((after.cpu - before.cpu) / WATCH) * 100).toFixed(1);
}

async function shareOfBareSockets(port: number): Promise<string> {
    const bare = await forkReady('bareFleet.js');
    await ask(bare, { open: { port, path: BARE_PATH, count: DEVICES } } satisfies BareFleetOrder);
    await pause(TIDY);
    const share = await shareOf(() => ask<ProcessFigures>(bare, {} satisfies BareFleetOrder));
    bare.disconnect();
    return share;
}

async function measure(nodeRed: RunningNodeRed, devices: ChildProcess): Promise<void> {
    const figures = (query = '') => nodeRed.adminGet(`/bench/figures${query}`) as Promise<ProcessFigures>;
    await pause(SETTLE);
    const empty = await figures('?collected');
    const { port } = await ask<FleetFigures>(devices, { is: 'start' } satisfies FleetOrder);
    await nodeRed.deploy(flowsFor(port));
    showOpening('deployed', await allOpen(devices));
    await pause(SETTLE);
    const full = await figures('?collected');
    const memory = `${kilobytes(full.heap - empty.heap)} KB of heap and Buffers, ${kilobytes(full.rss - empty.rss)} KB resident`;
    console.log(`a stream takes ${memory}, after a collection, over the same Node-RED without them`);
    await pause(TIDY);
    const ours = await shareOf(figures);
    const bare = await shareOfBareSockets(port);
    console.log(`${DEVICES} streams with a heartbeat every ${HEARTBEAT} s: ${ours} % of one core`);
    console.log(`a bare process with as many sockets, minutes later: ${bare} %`);
    await ask(devices, { is: 'outage' } satisfies FleetOrder);
    await pause(OUTAGE);
    await ask(devices, { is: 'return' } satisfies FleetOrder);
    showOpening(`back after ${OUTAGE} s without network`, await allOpen(devices));
    const later = await figures('?collected');
    console.log(`after that a stream takes ${kilobytes(later.heap - empty.heap)} KB of heap and Buffers`);
}

async function benchFleet(): Promise<void> {
    console.log(`${DEVICES} devices, digest login`);
    const nodes = countingNodes();
    const devices = await forkReady('fleetDevices.js');
    const nodeRed = await startNodeRed({
        flows: [{ id: 'flow', type: 'tab', label: 'bench' }],
        settings: { nodesDir: [nodes.folder], apiMaxLength: '32mb' },
    });
    try {
        await measure(nodeRed, devices);
    } finally {
        await nodeRed.close();
        devices.disconnect();
        nodes.remove();
    }
}

void benchFleet();
