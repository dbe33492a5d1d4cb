import type { Node, NodeAPI } from 'node-red';
import type { SavedMark } from '../devices/catchUp/accessMark';
import type { MarkStore } from '../devices/catchUp/markStore';
import type { Fault, FaultCode } from '../protocols/errors';
import { lastingStore } from './lastingStore';

const KEY = 'catchUp';

/** Faults that tell of missed events: a flow hears of them, too, and not only the log. */
const CATCH_UP = new Set<FaultCode>([
    'CATCH_UP_UNSUPPORTED',
    'CATCH_UP_FAILED',
    'LOG_INCOMPLETE',
    'EVENTS_LOST',
    'SERIALS_RESET',
    'MARK_UNSAVED',
]);

export function concernsCatchUp({ code }: Fault): boolean {
    return CATCH_UP.has(code);
}

/** Node-RED may forget what is only in memory with a deploy: this survives it, by the id of the device's node. */
const kept = new Map<string, SavedMark>();

type Callback<T> = (error: Error | null | undefined, value?: T) => void;

/** The context of a node as Node-RED has it for stores of any kind, also those that answer later. */
interface AsyncContext {
    get(key: string, store: string | undefined, done: Callback<unknown>): void;
    set(key: string, value: unknown, store: string | undefined, done: Callback<never>): void;
}

/**
 * Keeps the mark of a device in the context of its `device-config`: in the default store, or, where that one only lives
 * in memory, in the first that does not.
 */
export function contextStore(RED: NodeAPI, deviceId: string): MarkStore {
    const node = RED.nodes.getNode(deviceId) as Node;
    const context = node.context() as unknown as AsyncContext;
    const store = lastingStore(RED);
    return {
        load: () => {
            const known = kept.get(deviceId);
            if (known !== undefined) return Promise.resolve(known);
            return new Promise((resolve, reject) =>
                context.get(KEY, store, (error, value) => (error ? reject(error) : resolve(value))),
            );
        },
        save: (mark) => {
            kept.set(deviceId, mark);
            return new Promise((resolve, reject) =>
                context.set(KEY, mark, store, (error) => (error ? reject(error) : resolve())),
            );
        },
    };
}
