/**
 * What a Node-RED under test holds open, seen from inside it: `startNodeRed({ probe: true })` loads this before anything
 * of the pack. Timers that keep no process alive are counted too, which no list of handles of Node.js does.
 */
import { createHook } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { sep } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { packageRoot } from './packageRoot';

export interface Resources {
    /** How many of each kind are alive: `Timeout`, `TCPWRAP`, `TCPSERVERWRAP`, `UDPWRAP` … */
    counts: Record<string, number>;
    /** Those that our own code has made, by the places in it that did so. */
    ours: string[];
    /** Listeners at emitters that live as long as the process. */
    listeners: number;
    /** Warnings of Node.js since the start, such as a leak of listeners. */
    warnings: string[];
    /** Bytes in use after a collection. */
    heap: number;
}

/** A fulfilled promise or a finished file is no leak. */
const KINDS = new Set(['Timeout', 'TCPWRAP', 'TCPSERVERWRAP', 'UDPWRAP', 'TLSWRAP', 'PIPEWRAP', 'PROCESSWRAP']);
const OURS = `${packageRoot}${sep}dist${sep}`;

/** @param lasting emitters whose listeners count, beside those of the process */
export function installProbe(lasting: readonly EventEmitter[]): () => Resources {
    const alive = new Map<number, { kind: string; from: string }>();
    const warnings: string[] = [];
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    Error.stackTraceLimit = 30;
    process.on('warning', (warning) => warnings.push(`${warning.name}: ${warning.message}`));
    createHook({
        init: (id, kind) => {
            if (KINDS.has(kind)) alive.set(id, { kind, from: placesOf(new Error().stack ?? '') });
        },
        destroy: (id) => alive.delete(id),
    }).enable();
    return () => {
        collect();
        collect();
        const counts: Record<string, number> = {};
        for (const { kind } of alive.values()) counts[kind] = (counts[kind] ?? 0) + 1;
        const ours = [...alive.values()].filter(({ from }) => from !== '').map(({ kind, from }) => `${kind} ${from}`);
        const listeners = [process as EventEmitter, ...lasting].reduce((sum, emitter) => sum + listenersOf(emitter), 0);
        return { counts, ours, listeners, warnings: [...warnings], heap: process.memoryUsage().heapUsed };
    };
}

function placesOf(stack: string): string {
    const lines = stack.split('\n').filter((line) => line.includes(OURS) && !line.includes(__filename));
    return lines.map((line) => line.slice(line.indexOf(OURS) + OURS.length).replace(/\)$/, '')).join(' < ');
}

function listenersOf(emitter: EventEmitter): number {
    return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}
