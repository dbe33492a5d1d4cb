import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Occurrence } from '../../events/deviceEvent';
import type { Fault } from '../../protocols/errors';
import { between, pick, type Random, seededRandom } from '../../simulator/random';
import { Terminal, type TerminalOptions } from '../../simulator/terminal';
import { AccessWorker } from '../support/accessWorker';
import { MemoryStore } from '../support/catchUp';
import { LOGIN } from '../support/requests';

const EVENTS = 5000;

/** What can happen between the events; `posts only` is a cut after which the first words come by post. */
const HAPPENINGS = ['nothing', 'cut', 'posts only', 'reboot', 'deaf', 'restart', 'posted again', 'busy log'] as const;

/** The terminal's clock runs through an hour; how long the machine takes for it does not matter. */
const STEP_MS = 3_600_000 / EVENTS;

type Reported = ReturnType<Terminal['emit']>;

/** An hour at an entrance: people pass, and everything that can fail does. */
class Hour {
    readonly out: Occurrence[] = [];
    readonly warnings: Fault[] = [];
    readonly happened: Record<string, number> = {};
    readonly #random: Random;
    readonly #terminal: Terminal;
    readonly #store = new MemoryStore();
    readonly #reported: Reported[] = [];
    readonly #start = Date.now() - 3_600_000;
    #worker: AccessWorker | undefined;
    #port = 0;

    constructor(seed: number, options: TerminalOptions) {
        this.#random = seededRandom(seed);
        this.#terminal = new Terminal({
            login: LOGIN,
            logSize: 0,
            logsClients: false,
            seed,
            retryInterval: 3,
            relockSeconds: 3600,
            ...options,
        });
    }

    get serials(): number[] {
        return this.out.map(({ event }) => event.access!.serial!);
    }

    async run(): Promise<void> {
        await this.#terminal.listen();
        await this.#startWorker();
        this.#terminal.pushTo(`http://127.0.0.1:${this.#port}/alarm`);
        await this.#terminal.streams.whenOpen();
        this.#pass(1);
        await this.#all();
        while (this.#reported.length < EVENTS - 1) {
            this.#pass(between(this.#random, 10, 100));
            const pace = this.#random();
            if (pace < 0.5) await this.#all();
            else if (pace < 0.8) await wait(between(this.#random, 0, 10));
            await this.#happen();
        }
        await this.#all();
        // What is still on its way now would come out twice.
        this.#pass(1, EVENTS);
        await this.#all();
        await wait(100);
    }

    async close(): Promise<void> {
        await this.#worker?.close();
        await this.#terminal.close();
    }

    async #happen(): Promise<void> {
        const what = pick(this.#random, HAPPENINGS);
        this.happened[what] = (this.happened[what] ?? 0) + 1;
        switch (what) {
            case 'nothing':
                return;
            case 'cut':
                return this.#terminal.dropStreams();
            case 'posts only':
                await this.#until(() => this.#terminal.pushes.pending === 0, 'the posts');
                this.#terminal.dropStreams();
                for (let n = 0; n < 5; n += 1) {
                    this.#pass(1);
                    await this.#all();
                }
                return;
            case 'reboot': {
                const back = this.#terminal.reboot(between(this.#random, 0, 20));
                this.#pass(between(this.#random, 0, 30));
                return back;
            }
            case 'deaf':
                await this.#worker!.deafen();
                this.#pass(between(this.#random, 0, 30));
                await wait(between(this.#random, 0, 10));
                await this.#worker!.listen();
                return;
            case 'restart':
                await this.#worker!.close();
                this.#pass(between(this.#random, 0, 80));
                return this.#startWorker();
            case 'posted again':
                for (let n = 0; n < 5; n += 1) void this.#terminal.pushes.push(pick(this.#random, this.#reported));
                return;
            case 'busy log':
                this.#terminal.misbehave('POST', '/ISAPI/AccessControl/AcsEvent', (exchange) =>
                    exchange.outcome('deviceBusy'),
                );
                return this.#terminal.dropStreams();
        }
    }

    /** Events of the terminal, each at its time of the hour, until there are so many of them. */
    #pass(count: number, most = EVENTS - 1): void {
        for (let n = 0; n < count && this.#reported.length < most; n += 1) {
            const at = this.#start + Math.floor(this.#reported.length * STEP_MS);
            const minor = pick(this.#random, [21, 22, 75, 76]);
            this.#reported.push(this.#terminal.emit({ major: 5, minor, at, employee: '0001764' }));
        }
    }

    async #startWorker(): Promise<void> {
        this.#worker = await new AccessWorker({
            device: this.#terminal,
            store: this.#store,
            port: this.#port,
            out: (occurrence) => this.out.push(occurrence),
            warning: (fault) => this.warnings.push(fault),
        }).listen();
        this.#port = this.#worker.port;
    }

    /** Waits until everything that happened came out. */
    async #all(): Promise<void> {
        await this.#until(() => this.out.length >= this.#reported.length, 'what happened');
    }

    async #until(check: () => boolean, what: string): Promise<void> {
        const deadline = Date.now() + 60_000;
        while (!check()) {
            if (Date.now() > deadline) {
                throw new Error(`waited for ${what}: ${this.out.length} of ${this.#reported.length} came out`);
            }
            await wait(2);
        }
    }
}

const TERMINALS: { name: string; options: TerminalOptions }[] = [
    { name: 'replays its log and is searched by number', options: { replays: 200 } },
    { name: 'replays nothing and is searched by time', options: { replays: false, history: { serials: 'ignored' } } },
];

describe('an hour of outages at a terminal', () => {
    for (const [seed, { name, options }] of TERMINALS.entries()) {
        it(`that ${name}: ${EVENTS} events come out, in order, none twice`, async (test) => {
            const hour = new Hour(seed + 1, options);
            try {
                await hour.run();
            } finally {
                await hour.close();
            }
            test.diagnostic(`seed ${seed + 1}: ${JSON.stringify(hour.happened)}`);
            const { serials } = hour;
            assert.equal(new Set(serials).size, serials.length, 'none twice');
            const expected = Array.from({ length: serials.length }, (_none, index) => index + 1);
            assert.deepEqual(serials, expected, 'in order');
            assert.equal(serials.length, EVENTS);
            assert.equal(
                new Set(hour.out.map(({ event }) => event.id)).size,
                serials.length,
                'each with an id of its own',
            );
            assert.deepEqual(hour.warnings, []);
            const ways = new Set(hour.out.map(({ event }) => event.via));
            for (const way of ['alertstream', 'alarm-http', 'history'] as const) assert.ok(ways.has(way), way);
        });
    }
});
