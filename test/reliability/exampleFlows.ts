import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DEMO_LOGIN } from '../../simulator/demo';
import { DEMO_ISUP_KEY } from '../../simulator/isupDemo';
import type { RunningNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';
import type { Resources } from '../support/resourceProbe';

export type FlowNode = Record<string, unknown> & { id: string; type: string; link?: string };

const FOLDER = join(packageRoot, 'examples');
/** For connections that time out by themselves, such as those of the browser. */
const SETTLE_MS = 45_000;

export const EMPTY = [{ id: 'vigia-empty', type: 'tab', label: 'nothing' }];

export function exampleNames(): string[] {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
    return files.map((file) => file.replace(/\.json$/, ''));
}

/** @param devices ports of simulated devices, which the example's devices become in turn */
export function exampleOnThisMachine(name: string, devices: readonly number[], ports: Ports): FlowNode[] {
    const nodes = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as FlowNode[];
    let next = 0;
    // The dashboard is a pack of its own: with a type that is missing nothing would start.
    const known = nodes.filter(({ type }) => !type.startsWith('ui-'));
    return known.map((node) => {
        const device = devices[next % devices.length]!;
        if (node.type === 'device-config') next += 1;
        return { ...node, ...onThisMachine(node, device, ports) };
    });
}

/** Takes every flow away and waits until Node-RED holds no more open than before; returns what it does. */
export async function settled(nodeRed: RunningNodeRed, before?: Resources): Promise<Resources> {
    await nodeRed.deploy(EMPTY);
    const end = Date.now() + SETTLE_MS;
    for (;;) {
        const now = await nodeRed.resources();
        const excess = before === undefined ? now.ours : excessOf(now, before);
        if (excess.length === 0) return now;
        if (Date.now() > end) {
            assert.fail(`still held open:\n${[...new Set([...excess, ...now.ours])].slice(0, 20).join('\n')}`);
        }
        await setTimeout(1000);
    }
}

/** What is held open beyond what was before, and everything that our own code has made. */
function excessOf(now: Resources, before: Resources): string[] {
    const excess = Object.entries(now.counts)
        .filter(([kind, count]) => count > (before.counts[kind] ?? 0))
        .map(([kind, count]) => `${count} ${kind} instead of ${before.counts[kind] ?? 0}`);
    if (now.listeners > before.listeners) excess.push(`${now.listeners} listeners instead of ${before.listeners}`);
    return [...excess, ...now.ours];
}

export interface Ports {
    alarm: number;
    isup: number;
    broker: number;
    cloud: number;
}

/** An example as its comment tells to fill it in, with everything on this machine. */
function onThisMachine(node: FlowNode, device: number, ports: Ports): object {
    switch (node.type) {
        case 'device-config': {
            const credentials = { ...DEMO_LOGIN, isupKey: DEMO_ISUP_KEY };
            if (node.link === 'p2p') return { cloudServer: `127.0.0.1:${ports.cloud}`, credentials };
            return { ...(node.link === 'direct' && { host: '127.0.0.1', port: device }), credentials };
        }
        case 'alarm-http-in':
            return { bind: '127.0.0.1', port: ports.alarm };
        case 'isup-in':
            return { bind: '127.0.0.1', port: ports.isup, alarmPort: ports.isup, credentials: { key: DEMO_ISUP_KEY } };
        case 'intelbras-p2p-tunnel':
            return { ports: (node.ports as object[]).map((port) => ({ ...port, local: 0 })) };
        case 'mqtt-broker':
            return { broker: '127.0.0.1', port: String(ports.broker) };
        case 'http request':
            return { url: `http://127.0.0.1:${ports.broker}/` };
        default:
            return {};
    }
}
