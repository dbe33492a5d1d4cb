import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Node, NodeAPI } from 'node-red';
import type { Presence } from '../../protocols/isup/presence';
import { IsupMemory } from '../../runtime/isup/memory';

const CLAIM = { slot: '1', address: '203.0.113.5', port: 7660 };
const ROW = { deviceId: 'CAM1', state: 'online' } as Presence;

type Answer = (error: Error | undefined, ...values: unknown[]) => void;

/** The context of a node in a store that answers when it is told to, as one on a slow disk does. */
class LateStore {
    readonly disk: Record<string, unknown> = { presence: [ROW], alarmHosts: { CAM1: CLAIM } };
    readonly stores: (string | undefined)[] = [];
    readonly warnings: string[] = [];
    readonly node: Node;
    private readonly waiting: ((error?: Error) => void)[] = [];

    constructor(id: string) {
        const context = {
            get: (keys: string[], store: string | undefined, done: Answer) => {
                this.stores.push(store);
                this.waiting.push((error) =>
                    error ? done(error) : done(undefined, ...keys.map((key) => this.disk[key])),
                );
            },
            set: (key: string, value: unknown, store: string | undefined, done: Answer) => {
                this.stores.push(store);
                this.disk[key] = value;
                done(undefined);
            },
        };
        this.node = { id, context: () => context, warn: (text: string) => this.warnings.push(text) } as never;
    }

    answer(error?: Error): void {
        for (const one of this.waiting.splice(0)) one(error);
    }
}

const red = (contextStorage?: object) => ({ settings: { contextStorage } }) as unknown as NodeAPI;

describe('what an isup-in remembers', () => {
    it('is handed on when a store that answers later has answered, to whoever waits by then', async () => {
        const store = new LateStore('late');
        const taken: Presence[][] = [];
        const before = new IsupMemory(red(), store.node);
        before.whenLate((rows) => taken.push(rows));
        const claims = before.claims;
        // Deployed again before the disk has answered.
        const after = new IsupMemory(red(), store.node);
        after.whenLate((rows) => taken.push(rows));
        assert.deepEqual(after.presence, []);
        store.answer();
        assert.deepEqual(await claims, { CAM1: CLAIM });
        assert.deepEqual(await after.claims, { CAM1: CLAIM });
        assert.deepEqual(taken, [[ROW], [ROW]]);
        after.keepClaims({});
        assert.deepEqual(store.disk.alarmHosts, {});
    });

    it('is nothing where the store fails, and that is said', async () => {
        const store = new LateStore('failing');
        const memory = new IsupMemory(red(), store.node);
        store.answer(new Error('the disk is gone'));
        assert.deepEqual(await memory.claims, {});
        assert.deepEqual(store.warnings, ['the disk is gone']);
    });

    it('lies in the first store that outlasts a restart, where the default one does not', async () => {
        const stores: [contextStorage: object | undefined, used: string | undefined][] = [
            [undefined, undefined],
            [{ default: { module: 'localfilesystem' } }, undefined],
            [{ default: 'disk', disk: { module: 'localfilesystem' } }, undefined],
            [{ default: { module: 'memory' }, disk: { module: 'localfilesystem' } }, 'disk'],
        ];
        for (const [index, [contextStorage, used]] of stores.entries()) {
            const store = new LateStore(`store-${index}`);
            const memory = new IsupMemory(red(contextStorage), store.node);
            memory.keepClaims({});
            assert.deepEqual(store.stores, [used, used]);
        }
    });
});
