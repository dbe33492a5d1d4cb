import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fixture } from '../../../support/packageRoot';

export const LIBNICE_MISSING =
    'libnice not found, PTCP was not checked against an independent peer (Debian/Ubuntu: apt-get install gcc pkg-config libnice10 libnice-dev)';

/** Compiles the peer once; undefined where libnice or a compiler is absent. */
export function compilePeer(): string | undefined {
    const flags = spawnSync('pkg-config', ['--cflags', '--libs', 'nice'], { encoding: 'utf8' });
    if (flags.status !== 0 || spawnSync('gcc', ['--version']).status !== 0) return undefined;
    const binary = join(mkdtempSync(join(tmpdir(), 'libnice-peer-')), 'peer');
    const words = flags.stdout.trim().split(/\s+/);
    execFileSync('gcc', ['-O2', '-Wall', '-o', binary, fixture('p2p', 'libnicePeer.c'), ...words]);
    return existsSync(binary) ? binary : undefined;
}

export interface PeerOptions {
    role: 'listen' | 'connect' | 'recorder';
    peerPort?: number;
    send: number;
    expect: number;
    mtu?: number;
    pauseAfter?: number;
    pauseMs?: number;
}

/** The compiled peer at work. */
export class LibnicePeer {
    port = 0;
    readonly #process: ChildProcess;
    readonly #said = new Map<string, string>();
    readonly #waiting: (() => void)[] = [];

    private constructor(process: ChildProcess) {
        this.#process = process;
        createInterface({ input: process.stdout! }).on('line', (line) => {
            const [word = '', value = ''] = line.split(' ');
            this.#said.set(word, value);
            for (const wake of this.#waiting.splice(0)) wake();
        });
        process.on('exit', () => {
            for (const wake of this.#waiting.splice(0)) wake();
        });
    }

    static async start(binary: string, options: PeerOptions): Promise<LibnicePeer> {
        const numbers = [
            options.peerPort,
            options.send,
            options.expect,
            options.mtu ?? 1408,
            options.pauseAfter,
            options.pauseMs,
        ];
        const peer = new LibnicePeer(
            spawn(binary, [options.role, ...numbers.map((value) => String(value ?? 0))], {
                stdio: ['pipe', 'pipe', 'inherit'],
            }),
        );
        peer.port = Number(await peer.said('port'));
        return peer;
    }

    /** Waits for a line that begins with the word; rejects when the peer failed. */
    async said(word: string): Promise<string> {
        for (;;) {
            const value = this.#said.get(word);
            if (value !== undefined) return value;
            if (this.#said.has('failed')) throw new Error(`libnice closed the connection: ${this.#said.get('failed')}`);
            if (this.#process.exitCode !== null) throw new Error('the libnice peer ended');
            await new Promise<void>((wake) => this.#waiting.push(wake));
        }
    }

    async stop(): Promise<void> {
        if (this.#process.exitCode !== null) return;
        const gone = new Promise((resolve) => this.#process.once('exit', resolve));
        this.#process.stdin?.end();
        await gone;
    }
}
