/**
 * A real Node-RED in its own process and temporary user directory, with this package installed as a link.
 *
 * Its settings file reports what happens inside (debug sidebar, node statuses, flows started) over Node's IPC channel,
 * so that nothing is missed between the start and the first look, whatever the language of the log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from './packageRoot';
import type { Resources } from './resourceProbe';

export interface NodeRedOptions {
    /** Nodes as in an exported flow; config nodes and tabs included. */
    flows?: object[];
    /** Credentials by node id; they are written in clear, `credentialSecret` is off. */
    credentials?: Record<string, Record<string, string>>;
    /** Laid over the test settings; must survive JSON (`lang`, `httpAdminRoot`, `adminAuth`, `editorTheme` …). */
    settings?: Record<string, unknown>;
    /** Environment variables for `${NAME}` in flows. */
    env?: Record<string, string>;
    /** Node binary; the one that runs the test by default. */
    node?: string;
    /** Folder of the `node-red` package; the development dependency by default. */
    nodeRed?: string;
    /** Counts what it holds open, for {@link RunningNodeRed.resources}. */
    probe?: boolean;
    /** Folders of further packages that are installed beside this one, by name. */
    packages?: Record<string, string>;
    /** A user directory that outlives the process (restart tests, installed tarballs); it is not linked or removed. */
    userDir?: string;
}

export interface DebugMessage {
    /** Id of the debug node. */
    id: string;
    name?: string;
    topic?: string;
    /** What the sidebar shows; objects and arrays are parsed back from their JSON. */
    value: unknown;
}

export interface NodeStatus {
    fill?: string;
    shape?: string;
    text?: string;
}

interface Report {
    about: 'debug' | 'status' | 'started' | 'missing-types' | 'resources';
    id?: string;
    data?: Record<string, unknown>;
}

const START_TIMEOUT = 120_000;
/** Node-RED gives each node 15 s to close; whatever takes longer is a defect. */
const STOP_TIMEOUT = 30_000;

export async function startNodeRed(options: NodeRedOptions = {}): Promise<RunningNodeRed> {
    const nodeRed = options.nodeRed ?? join(packageRoot, 'node_modules', 'node-red');
    const userDir = options.userDir ?? mkdtempSync(join(tmpdir(), 'vigia-node-red-'));
    if (!options.userDir) {
        linkPackage(userDir, '@vigia/node-red-cctv', packageRoot);
        for (const [name, folder] of Object.entries(options.packages ?? {})) linkPackage(userDir, name, folder);
    }
    writeFileSync(join(userDir, 'settings.js'), settingsFile(nodeRed, options.settings ?? {}, options.probe === true));
    if (options.flows || !existsSync(join(userDir, 'flows.json'))) {
        writeFileSync(join(userDir, 'flows.json'), JSON.stringify(options.flows ?? []));
    }
    if (options.credentials) writeFileSync(join(userDir, 'flows_cred.json'), JSON.stringify(options.credentials));

    const child = spawn(options.node ?? process.execPath, [join(nodeRed, 'red.js'), '--userDir', userDir], {
        cwd: userDir,
        env: { ...process.env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const running = new RunningNodeRed(child, userDir, options.userDir === undefined);
    try {
        await running.started();
    } catch (fault) {
        // What went wrong first is what the test must show, not how the end went.
        await running.close().catch(() => fault);
        throw fault;
    }
    return running;
}

export class RunningNodeRed {
    /** Lines of the log, both streams, oldest first. */
    readonly logs: string[] = [];
    /** The last status of each node, by node id; cleared statuses are empty objects. */
    readonly statuses = new Map<string, NodeStatus>();
    readonly userDir: string;
    /** Address of the editor and the admin API, without a slash at the end. */
    url = '';

    readonly #child: ChildProcess;
    readonly #exit: Promise<void>;
    readonly #debug: DebugMessage[] = [];
    readonly #temporary: boolean;
    readonly #watchers = new Set<() => void>();
    #flowsStarted = 0;
    #missingTypes: unknown;
    #resources: Resources | undefined;
    #exited = false;

    constructor(child: ChildProcess, userDir: string, temporary: boolean) {
        this.#child = child;
        this.userDir = userDir;
        this.#temporary = temporary;
        this.#exit = new Promise((resolve) => {
            child.once('close', () => {
                this.#exited = true;
                this.#look();
                resolve();
            });
        });
        for (const stream of [child.stdout!, child.stderr!]) {
            createInterface({ input: stream }).on('line', (line) => this.#onLine(line));
        }
        child.on('message', (report) => this.#onReport(report as Report));
        child.on('error', (fault) => this.#onLine(`cannot start Node-RED: ${fault.message}`));
    }

    /** Resolves when the server listens and the flows run; rejects with the log when they cannot. */
    async started(): Promise<void> {
        await this.until(
            () => {
                if (this.#missingTypes) throw this.#withLog(`types are missing: ${JSON.stringify(this.#missingTypes)}`);
                return this.url !== '' && this.#flowsStarted > 0;
            },
            'Node-RED to start its flows',
            START_TIMEOUT,
        );
    }

    get pid(): number {
        return this.#child.pid!;
    }

    /** Everything the debug sidebar would have shown, or what one debug node showed. */
    debugMessages(nodeId?: string): DebugMessage[] {
        return this.#debug.filter((message) => nodeId === undefined || message.id === nodeId);
    }

    /**
     * Waits until `check` returns something truthy, looking again after every log line, debug message and status.
     * Rejects with the log when Node-RED ends first or the deadline (ms) passes.
     */
    async until<T>(check: () => T, what: string, deadline = 60_000): Promise<NonNullable<T>> {
        let giveUp: NodeJS.Timeout | undefined;
        let look: (() => void) | undefined;
        try {
            return await new Promise<NonNullable<T>>((resolve, reject) => {
                look = () => {
                    try {
                        const found = check();
                        if (found) resolve(found);
                        else if (this.#exited) reject(this.#withLog(`Node-RED ended while waiting for ${what}`));
                    } catch (fault) {
                        reject(fault);
                    }
                };
                this.#watchers.add(look);
                giveUp = setTimeout(() => reject(this.#withLog(`waited ${deadline} ms for ${what}`)), deadline);
                look();
            });
        } finally {
            clearTimeout(giveUp);
            if (look) this.#watchers.delete(look);
        }
    }

    /** GET of the admin API; the parsed JSON, or the text where the answer is not JSON. */
    async adminGet(path: string, headers: Record<string, string> = {}): Promise<unknown> {
        return this.#answer(await fetch(this.url + path, { headers: { accept: 'application/json', ...headers } }));
    }

    async adminPost(path: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
        return this.#answer(
            await fetch(this.url + path, {
                method: 'POST',
                headers: { 'content-type': 'application/json', ...headers },
                body: JSON.stringify(body),
            }),
        );
    }

    /** Deploys as the editor does and resolves when the new flows run. */
    async deploy(flows: object[], type: 'full' | 'flows' | 'nodes' | 'reload' = 'full'): Promise<void> {
        const before = this.#flowsStarted;
        await this.adminPost('/flows', flows, { 'Node-RED-Deployment-Type': type });
        await this.until(() => this.#flowsStarted > before, 'the deployed flows to start');
    }

    /** What it holds open now; with the option `probe`. */
    async resources(): Promise<Resources> {
        this.#resources = undefined;
        this.#child.send({ ask: 'resources' });
        return this.until(() => this.#resources, 'Node-RED to count what it holds open');
    }

    /** Stops Node-RED as Ctrl-C does. Rejects when it had died by itself or does not end in time. */
    async close(): Promise<void> {
        const died = this.#exited;
        if (!died) this.#child.kill('SIGTERM');
        const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT);
        await this.#exit;
        clearTimeout(kill);
        if (this.#temporary) rmSync(this.userDir, { recursive: true, force: true });
        if (died) throw this.#withLog(`Node-RED had ended by itself (exit code ${this.#child.exitCode})`);
        if (this.#child.signalCode === 'SIGKILL') throw this.#withLog(`Node-RED did not stop in ${STOP_TIMEOUT} ms`);
    }

    /** Ends Node-RED as a power cut does: nothing is closed and nobody is told. */
    async kill(): Promise<void> {
        this.#child.kill('SIGKILL');
        await this.#exit;
        if (this.#temporary) rmSync(this.userDir, { recursive: true, force: true });
    }

    #onLine(line: string): void {
        this.logs.push(line);
        // Not the words around it: they are translated when `lang` is set.
        const address = /(http:\/\/127\.0\.0\.1:\d+\S*?)\/?$/.exec(line);
        if (address && this.url === '') this.url = address[1]!;
        this.#look();
    }

    #onReport(report: Report): void {
        const { data = {} } = report;
        if (report.about === 'started') this.#flowsStarted += 1;
        else if (report.about === 'resources') this.#resources = data as unknown as Resources;
        else if (report.about === 'missing-types') this.#missingTypes = data;
        else if (report.about === 'status') this.statuses.set(report.id!, data as NodeStatus);
        else this.#debug.push(readDebug(data));
        this.#look();
    }

    #look(): void {
        for (const watcher of [...this.#watchers]) watcher();
    }

    #withLog(sentence: string): Error {
        return new Error(`${sentence}\n${this.logs.slice(-60).join('\n')}`);
    }

    async #answer(response: Response): Promise<unknown> {
        const text = await response.text();
        if (!response.ok) throw this.#withLog(`${response.url} answered ${response.status} ${text}`);
        return /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    }
}

function readDebug(data: Record<string, unknown>): DebugMessage {
    const isJson = /^(Object|array|error)/.test(String(data.format));
    return {
        id: String(data.id),
        name: data.name as string | undefined,
        topic: data.topic as string | undefined,
        value: isJson && typeof data.msg === 'string' ? JSON.parse(data.msg) : data.msg,
    };
}

/** Installs a folder as a package of a user directory. */
export function linkPackage(userDir: string, name: string, folder: string): void {
    const link = join(userDir, 'node_modules', ...name.split('/'));
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(folder, link, 'junction');
}

function settingsFile(nodeRed: string, overrides: Record<string, unknown>, probe: boolean): string {
    const settings = {
        uiHost: '127.0.0.1',
        // 0 asks the system for a free port, which the log then names.
        uiPort: 0,
        flowFile: 'flows.json',
        credentialSecret: false,
        debugMaxLength: 10_000,
        logging: { console: { level: 'info', metrics: false, audit: false } },
        telemetry: { enabled: false, updateNotification: false },
        externalModules: { palette: { allowInstall: false } },
        editorTheme: { tours: false, projects: { enabled: false } },
        ...overrides,
    };
    const util = createRequire(join(nodeRed, 'package.json')).resolve('@node-red/util');
    const probing = `
const resources = require(${JSON.stringify(join(__dirname, 'resourceProbe.js'))}).installProbe([events]);
process.on('message', ({ ask }) => ask === 'resources' && report('resources', '', resources()));`;
    return `
const { events } = require(${JSON.stringify(util)});
const report = (about, id, data) => process.connected && process.send({ about, id, data });
events.on('comms', ({ topic, data }) => topic === 'debug' && report('debug', data.id, data));
events.on('node-status', ({ id, status }) => report('status', id, status));
events.on('flows:started', () => report('started'));
events.on('runtime-event', ({ id, payload }) => {
    if (id === 'runtime-state' && payload && payload.error === 'missing-types') report('missing-types', id, payload);
});
// A test that was killed must not leave its Node-RED behind.
process.on('disconnect', () => process.exit(1));
${probe ? probing : ''}
module.exports = ${JSON.stringify(settings, null, 4)};
`;
}
