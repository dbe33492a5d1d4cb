import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What of a stream is read before the clock starts: V8 learns its way through a program for a second or two. */
export const WARM_UP = 0.25;

/** What a client process says of itself when it is done. */
export interface Measurement {
    /** Seconds from the first byte asked for to the last event out. */
    wall: number;
    /** CPU seconds of the process in that time, user and system. */
    cpu: number;
    /** Bytes of resident memory at the end. */
    rss: number;
}

/** A meter that starts now; call it for what has passed. */
export function startMeter(): () => Measurement {
    const startedAt = process.hrtime.bigint();
    const cpuBefore = process.cpuUsage();
    return () => {
        const { user, system } = process.cpuUsage(cpuBefore);
        return {
            wall: Number(process.hrtime.bigint() - startedAt) / 1e9,
            cpu: (user + system) / 1e6,
            rss: process.memoryUsage.rss(),
        };
    };
}

/** What a server process says of itself when it is asked. */
export interface ProcessFigures {
    /** CPU seconds since its start, user and system. */
    cpu: number;
    /** Bytes of resident memory, and the most that it ever had. */
    rss: number;
    peak: number;
    /** Bytes of the JavaScript heap and of Buffers in use. */
    heap: number;
}

/** Figures of this process. @param collected after a collection, for what really is in use */
export function processFigures(collected = false): ProcessFigures {
    if (collected) collect();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { cpu: (user + system) / 1e6, rss, peak: process.resourceUsage().maxRSS * 1024, heap: heapUsed + external };
}

/** A collection in a process that was not started for it, such as a real Node-RED. */
function collect(): void {
    setFlagsFromString('--expose-gc');
    runInNewContext('gc')();
}

/** Forks one of the programs beside this file, which may collect garbage, and waits until it says that it is ready. */
export async function forkReady(program: string): Promise<ChildProcess> {
    const child = fork(join(__dirname, program), { execArgv: ['--expose-gc'] });
    await once(child, 'message');
    return child;
}

/** Sends an order and waits for the answer. */
export async function ask<T>(child: ChildProcess, order: object): Promise<T> {
    const answer = once(child, 'message');
    child.send(order);
    return (await answer)[0] as T;
}

/** The middle one: single runs on a shared machine say little. */
export function median(values: number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The value that a share of the others does not exceed: 0.99 of all answers took at most so long. */
export function percentile(values: number[], share: number): number {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

/** A table for the terminal, first row the heads. */
export function printTable(rows: (string | number)[][]): void {
    const texts = rows.map((row) => row.map(String));
    const widths = texts[0]!.map((_head, column) => Math.max(...texts.map((row) => row[column]!.length)));
    for (const row of texts) {
        console.log(
            row
                .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
                .join('  '),
        );
    }
}
