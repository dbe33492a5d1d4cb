import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../../simulator/selfSigned';
import { Terminal } from '../../../simulator/terminal';
import { freePort } from '../../support/freePort';
import { RUNTIMES } from '../../support/matrix';
import { linkPackage, type RunningNodeRed, startNodeRed } from '../../support/nodeRed';
import { packageRoot } from '../../support/packageRoot';
import { isOpen, Peer, until } from './process';

export const KEY = 'Canary-isup-key';
const USER = 'vigia';
const PASSWORD = 'Canary-broker';
const EXAMPLE = 'Several workers with one MQTT broker';

const LOGIN = { username: 'admin', password: 'Canary-terminal' };
/** The `device-config` of the terminal that only worker a asks. */
const TERMINAL = 'own-terminal';

/** Every machine of the page has an address of its own on this one, and keeps its ports. */
export const PROXY = '127.0.0.10';
const BROKER = '127.0.0.5';
const ADDRESSES = { a: '127.0.0.11', b: '127.0.0.12' } as const;
export type WorkerName = keyof typeof ADDRESSES;

interface FlowNode {
    id: string;
    type: string;
    name?: string;
}

/** One message of the broker. */
export interface Published {
    retained: boolean;
    topic: string;
    payload: unknown;
}

/** The ports of docs/scale-out.md, and which ones they are in this test. */
async function freePorts() {
    const [isup, alarm, http, https, mqtt] = await Promise.all(Array.from({ length: 5 }, () => freePort()));
    return { isup: isup!, alarm: alarm!, http: http!, https: https!, mqtt: mqtt! };
}

/** What docs/scale-out.md shows, in processes of its own: HAProxy, Mosquitto, and two Node-REDs with the example flow. */
export class Stage {
    readonly workers = new Map<WorkerName, RunningNodeRed>();
    /** A terminal that worker a listens to, with its history. */
    readonly terminal = new Terminal({ login: LOGIN, logSize: 5, replays: false, logsClients: false });
    #ports!: Awaited<ReturnType<typeof freePorts>>;
    readonly #folder = mkdtempSync(join(tmpdir(), 'vigia-scale-out-'));
    readonly #page = readFileSync(join(packageRoot, 'docs', 'scale-out.md'), 'utf8');
    readonly #peers = new Set<Peer>();
    #broker!: Peer;

    get ports() {
        return this.#ports;
    }

    async start(): Promise<void> {
        this.#ports = await freePorts();
        const { key, cert } = selfSigned(PROXY);
        writeFileSync(this.#file('alarms.pem'), key + cert);
        execFileSync('mosquitto_passwd', ['-b', '-c', this.#file('passwords'), USER, PASSWORD], { stdio: 'ignore' });
        // Started by root it would become a user who may not read the folder of the test.
        const user = process.getuid?.() === 0 ? 'user root\n' : '';
        writeFileSync(this.#file('mosquitto.conf'), user + this.#shown('conf'));
        writeFileSync(this.#file('haproxy.cfg'), this.#shown('haproxy'));
        await Promise.all([this.startBroker(), this.terminal.listen()]);
        await Promise.all([this.startWorker('a', 0), this.startWorker('b', 1)]);
        const proxy = this.#peer('haproxy', ['-db', '-f', this.#file('haproxy.cfg')]);
        await proxy.opens(PROXY, this.#ports.isup);
    }

    async close(): Promise<void> {
        for (const peer of this.#peers) await peer.end();
        await Promise.all([...this.workers.values()].map((worker) => worker.close()));
        await this.terminal.close();
        rmSync(this.#folder, { recursive: true, force: true });
    }

    async startBroker(): Promise<void> {
        this.#broker = this.#peer('mosquitto', ['-c', this.#file('mosquitto.conf')]);
        await this.#broker.opens(BROKER, this.#ports.mqtt);
    }

    async stopBroker(): Promise<void> {
        this.#peers.delete(this.#broker);
        await this.#broker.end();
    }

    /** @param runtime which Node-RED it is, where both are installed */
    async startWorker(name: WorkerName, runtime: 0 | 1): Promise<void> {
        const chosen = RUNTIMES[runtime]!.skip === false ? RUNTIMES[runtime]! : RUNTIMES[0]!;
        const flows = this.#flows(name);
        const userDir = this.#file(`worker-${name}`);
        if (!existsSync(userDir)) linkPackage(userDir, '@vigia/node-red-cctv', packageRoot);
        const idOf = (type: string) => flows.find((node) => node.type === type)!.id;
        const worker = await startNodeRed({
            ...chosen.options,
            flows,
            userDir,
            credentials: {
                [idOf('isup-in')]: { key: KEY },
                [idOf('mqtt-broker')]: { user: USER, password: PASSWORD },
                [TERMINAL]: LOGIN,
            },
            settings: {
                mqttReconnectTime: 500,
                contextStorage: { default: { module: 'localfilesystem', config: { flushInterval: 1 } } },
            },
            env: { VIGIA_WORKER: name },
        });
        this.workers.set(name, worker);
        const listens = () => this.#listens(ADDRESSES[name]);
        while (!(await listens())) await new Promise((resolve) => setTimeout(resolve, 50));
    }

    async killWorker(name: WorkerName): Promise<void> {
        const worker = this.workers.get(name)!;
        this.workers.delete(name);
        await worker.kill();
    }

    /** Whether worker a would know after a crash what it has had of its terminal. */
    get isMarked(): boolean {
        const context = join(this.#file('worker-a'), 'context');
        if (!existsSync(context)) return false;
        const files = readdirSync(context, { recursive: true }).map(String);
        return files.some((file) => file.includes(TERMINAL) && file.endsWith('.json'));
    }

    /** A subscriber that reads until the end of the test, from the retained messages on. */
    async subscribe(...topics: string[]): Promise<() => Published[]> {
        const login = ['-h', BROKER, '-p', String(this.#ports.mqtt), '-u', USER, '-P', PASSWORD];
        const session = ['-q', '1', '-i', `reader-${topics.join('-')}`, '-c', '-V', 'mqttv311'];
        const wanted = topics.flatMap((topic) => ['-t', topic]);
        // It keeps what it has to say about itself until a block is full.
        const unbuffered = ['-oL', 'mosquitto_sub'];
        const shown = ['-d', '-F', '=%r %t %p'];
        const reader = this.#peer('stdbuf', [...unbuffered, ...login, ...session, ...shown, ...wanted]);
        await until(
            () => reader.lines.some((line) => line.startsWith('Subscribed')),
            'the subscription',
            () => reader.lines.join('\n'),
        );
        return () => reader.lines.flatMap((line) => readLine(line) ?? []);
    }

    #flows(name: WorkerName): FlowNode[] {
        const address = ADDRESSES[name];
        const nodes = JSON.parse(readFileSync(join(packageRoot, 'examples', `${EXAMPLE}.json`), 'utf8')) as FlowNode[];
        const { isup, alarm, http, mqtt } = this.#ports;
        /** Shorter than for people: what they wait for is the same. */
        const delays: Record<string, string> = { '8 s without the broker': '3', '5 s': '2', '2 min to come back': '4' };
        const filledIn = nodes.map((node) => {
            if (node.type === 'isup-in') return { ...node, bind: address, port: isup, alarmPort: alarm };
            if (node.type === 'alarm-http-in') return { ...node, bind: address, port: http, proxies: [PROXY] };
            if (node.type === 'mqtt-broker') return { ...node, broker: BROKER, port: mqtt };
            return node.type === 'delay' ? { ...node, timeout: delays[node.name!] } : node;
        });
        return name === 'a' ? [...filledIn, ...this.#terminalNodes(nodes)] : filledIn;
    }

    /** Nodes that listen to the terminal, in front of what brings events to the broker. */
    #terminalNodes(nodes: FlowNode[]): FlowNode[] {
        const z = nodes.find(({ type }) => type === 'tab')!.id;
        const events = nodes.find(({ name }) => name === 'cctv/events/…')!.id;
        const { port } = this.terminal;
        const config = { id: TERMINAL, type: 'device-config', name: 'LOG', host: '127.0.0.1', port, version: 1 };
        const place = { z, x: 100, y: 700, wires: [[events], []] };
        const stream = {
            id: 'stream',
            type: 'isapi-alertstream',
            device: TERMINAL,
            catchUp: true,
            version: 1,
            ...place,
        };
        return [config, stream];
    }

    async #listens(address: string): Promise<boolean> {
        const open = [this.#ports.isup, this.#ports.http].map((port) => isOpen(address, port));
        return (await Promise.all(open)).every(Boolean);
    }

    /** A block of the page, with the addresses and ports of this test. */
    #shown(language: string): string {
        const block = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(this.#page)![1]!;
        const { isup, alarm, http, https, mqtt } = this.#ports;
        const ports: [string, number][] = [
            ['7660', isup],
            ['7662', alarm],
            ['8080', http],
            ['8443', https],
            ['1883', mqtt],
        ];
        return (
            ports
                .reduce((text, [shown, used]) => text.replace(new RegExp(`\\b${shown}\\b`, 'g'), String(used)), block)
                .replaceAll('10.0.0.', '127.0.0.')
                .replaceAll('inter 2s', 'inter 200ms')
                // A machine has its address by itself; here it has to be told.
                .replace('option redispatch', `option redispatch\n    source ${PROXY}`)
                .replace(/maxconn \d+/, 'maxconn 1000')
                .replaceAll('/etc/haproxy/', `${this.#folder}/`)
                .replaceAll('/etc/mosquitto/', `${this.#folder}/`)
                .replaceAll('/var/lib/mosquitto/', `${this.#folder}/`)
        );
    }

    #file(name: string): string {
        return join(this.#folder, name);
    }

    #peer(command: string, args: string[]): Peer {
        const peer = new Peer(command, args);
        this.#peers.add(peer);
        return peer;
    }
}

function readLine(line: string): Published | undefined {
    const [, retained, topic, payload] = /^=(\d) (\S+) (.*)$/.exec(line) ?? [];
    if (topic === undefined) return undefined;
    return { retained: retained === '1', topic, payload: /^[[{]/.test(payload!) ? JSON.parse(payload!) : payload };
}
