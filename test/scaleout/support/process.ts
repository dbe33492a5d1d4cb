import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** Why these tests cannot run here; false where they can. */
export const missing: string | false = (() => {
    const absent = ['haproxy', 'mosquitto', 'mosquitto_sub', 'mosquitto_passwd'].filter((name) => !isInstalled(name));
    if (absent.length > 0) return `${absent.join(' and ')} are not installed`;
    // Each worker has an address of its own, with the same ports: only Linux has all of 127.0.0.0/8.
    return process.platform === 'linux' ? false : 'it needs the loopback addresses of Linux';
})();

function isInstalled(name: string): boolean {
    return spawnSync('sh', ['-c', `command -v ${name}`], { env: searching() }).status === 0;
}

/** Debian puts servers where users do not look. */
function searching(): NodeJS.ProcessEnv {
    const sbin = ['/usr/sbin', '/usr/local/sbin'].filter((folder) => existsSync(folder));
    return { ...process.env, PATH: [process.env.PATH, ...sbin].join(':') };
}

/** A program beside the test, with what it says. */
export class Peer {
    readonly lines: string[] = [];
    readonly #child: ChildProcess;
    readonly #ended: Promise<unknown>;

    constructor(command: string, args: string[]) {
        this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: searching() });
        this.#ended = once(this.#child, 'close');
        for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
            createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
        }
    }

    /** Waits until it listens at an address. */
    async opens(host: string, port: number): Promise<void> {
        while (!(await isOpen(host, port))) {
            if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.lines.join('\n')}`);
            await pause(20);
        }
    }

    async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
        this.#child.kill(signal);
        await this.#ended;
    }
}

export function isOpen(host: string, port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect(port, host, () => {
            socket.destroy();
            resolve(true);
        });
        socket.on('error', () => resolve(false));
    });
}

const PATIENCE = 40_000;

/** Waits until `look` gives something; fails with `what`, and what `tell` says, after a generous time. */
export async function until<T>(look: () => T, what: string, tell: () => string = () => ''): Promise<NonNullable<T>> {
    const end = Date.now() + PATIENCE;
    for (;;) {
        const found = look();
        if (found) return found;
        if (Date.now() > end) throw new Error(`still waiting for ${what}\n${tell()}`);
        await pause(20);
    }
}

export function pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
