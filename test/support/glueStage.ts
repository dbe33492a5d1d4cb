/**
 * The nodes of the pack in this process, by way of node-red-node-test-helper: what a real Node-RED hides, such as the
 * error that a node hands to `done`, the very message that comes out, or its sockets, can be looked at here.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { Node, NodeAPI, NodeDef, NodeInitializer, NodeMessage } from 'node-red';
import helper from 'node-red-node-test-helper';
import type { SinonSpy } from 'sinon';
import { packageRoot, readPackage } from './packageRoot';
import { soon } from './soon';

/** What a closed node must not leave; the pipes of the test runner are of another kind. */
const KINDS = new Set(['TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'UDPWrap', 'Timeout']);

/** Sockets end a few turns of the event loop after they were told to, on a busy machine later. */
const ENDING_MS = 5000;

/** A message as tests look at it. */
export type Seen = NodeMessage & Record<string, unknown>;

/** What a node shows below itself. */
export interface Shown {
    fill?: string;
    shape?: string;
    text?: string;
}

const SPIED = ['status', 'error', 'warn'] as const;
type Spied = (typeof SPIED)[number];

/** The initialisers of the six nodes, as built: the files that package.json names. */
const NODES = Object.values(readPackage()['node-red'].nodes ?? {}).map((file) => {
    return require(join(packageRoot, file)) as NodeInitializer;
});

/** Flows that run, and what came of them. */
export class GlueStage {
    readonly #before: string;
    readonly #received = new Map<string, Seen[]>();
    readonly #spies = new Map<Spied, SinonSpy>();

    private constructor(before: string) {
        this.#before = before;
    }

    /**
     * Starts flows. Beside the six types there is `sink`, which keeps every message from the first on: a listener that is
     * added after the start would miss what a node says while it starts. One stage at a time: the helper is one for all.
     *
     * @param credentials by the id of the node
     */
    static async start(flows: object[], credentials: object = {}): Promise<GlueStage> {
        // What a test closed just before is still there until the event loop has gone round.
        await turn();
        await turn();
        const stage = new GlueStage(openResources());
        const initialisers = [...NODES, (RED: NodeAPI) => stage.#registerSink(RED)];
        await helper.load(initialisers, flows as never, credentials as never);
        const ids = flows.map((node) => (node as NodeDef).id);
        const anyNode = ids.map((id) => helper.getNode(id)).find((node) => node !== null)!;
        // All nodes share one spy for each method, which is taken off their prototype before they close.
        for (const method of SPIED) stage.#spies.set(method, anyNode[method] as unknown as SinonSpy);
        return stage;
    }

    /** Deploys as the editor does. Credentials are kept unless they are given anew. */
    async deploy(flows: object[], type: 'full' | 'flows' | 'nodes', credentials?: object): Promise<void> {
        await helper.setFlows(flows as never, type, credentials as never);
    }

    /**
     * Stops the flows, which resolves when every node has said that it is closed, and makes sure that they left nothing.
     * What was received, shown and reported can still be asked for.
     */
    async close(): Promise<void> {
        // Not `unload` at once: it takes the spies off before it stops the flows.
        await helper.clearFlows();
        await helper.unload();
        const end = Date.now() + ENDING_MS;
        while (openResources() !== this.#before && Date.now() < end) await pause(5);
        assert.equal(openResources(), this.#before, 'sockets and timers as before the start');
    }

    /** @throws AssertionError where there is none: the flow does not have it, or its constructor threw */
    node(id: string): Node {
        const node = helper.getNode(id);
        assert.ok(node, `a node ${id}`);
        return node;
    }

    /** Hands a message to a node, and returns that very message. */
    tell(id: string, message: object): Seen {
        this.node(id).receive(message as NodeMessage);
        return message as Seen;
    }

    /** What a sink received. */
    received(id: string): Seen[] {
        return this.#received.get(id) ?? [];
    }

    /** Waits for the message of a sink with this index. */
    message(id: string, index = 0): Promise<Seen> {
        return soon(() => this.received(id)[index], `message ${index} at ${id}`);
    }

    /** Everything a node showed below itself. */
    statuses(id: string): Shown[] {
        return this.#callsOf(id, 'status') as Shown[];
    }

    /** What a node reported as an error: a text, or what it handed to `done`. */
    errors(id: string): unknown[] {
        return this.#callsOf(id, 'error');
    }

    warnings(id: string): unknown[] {
        return this.#callsOf(id, 'warn');
    }

    #callsOf(id: string, method: Spied): unknown[] {
        const calls = this.#spies.get(method)!.getCalls();
        return calls.filter(({ thisValue }) => (thisValue as Node).id === id).map(({ args }) => args[0]);
    }

    #registerSink(RED: NodeAPI): void {
        const received = this.#received;
        function SinkNode(this: Node, config: NodeDef) {
            RED.nodes.createNode(this, config);
            const messages = received.get(config.id) ?? [];
            received.set(config.id, messages);
            this.on('input', (message, _send, done) => {
                messages.push(message as Seen);
                done();
            });
        }
        RED.nodes.registerType('sink', SinkNode);
    }
}

/** The kinds of all sockets, servers and timers that this process holds open. */
function openResources(): string {
    const kinds = process.getActiveResourcesInfo().filter((kind) => KINDS.has(kind));
    return kinds.sort().join(' ');
}
