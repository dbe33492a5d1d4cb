import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../support/freePort';
import { USER } from './device';

const PROGRAM = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';
const REALM = 'IP Camera(C2183)';

/** `false` when Debian's Apache can be started here, else the reason to skip. */
export const apacheMissing: string | false =
    existsSync(PROGRAM) && existsSync(join(MODULES, 'mod_auth_digest.so')) && existsSync('/usr/bin/htdigest')
        ? false
        : 'apache2 and apache2-utils are not installed';

export interface LoggedRequest {
    status: number;
    method: string;
    target: string;
    /** How many requests its connection had carried before. */
    onConnection: number;
    withLogin: boolean;
}

/** An Apache of our own on the loopback: an implementation of the server side that knows nothing of ours. */
export class Apache {
    #complaints = '';

    private constructor(
        readonly port: number,
        private readonly folder: string,
        private readonly process: ChildProcess,
    ) {
        process.stderr?.on('data', (chunk) => {
            this.#complaints += chunk;
        });
    }

    /** @param lines directives for the protected folder, `Auth…` above all */
    static async start(...lines: string[]): Promise<Apache> {
        const folder = await mkdtemp(join(tmpdir(), 'vigia-apache-'));
        // Started by root it serves as another user, who has to reach the pages.
        await chmod(folder, 0o755);
        await mkdir(join(folder, 'pages'));
        for (const page of ['deviceInfo', 'capabilities', 'time zone'])
            await writeFile(join(folder, 'pages', page), page);
        await answerPrompts('htdigest', ['-c', 'users.digest', REALM, USER.username], folder);
        await answerPrompts('htpasswd', ['-c', 'users.basic', USER.username], folder);
        const port = await freePort();
        await writeFile(join(folder, 'apache.conf'), configuration(folder, port, lines));
        const args = ['-d', folder, '-f', join(folder, 'apache.conf'), '-D', 'FOREGROUND'];
        const process = spawn(PROGRAM, args, { stdio: ['ignore', 'ignore', 'pipe'] });
        const apache = new Apache(port, folder, process);
        await apache.#listening();
        return apache;
    }

    /** What Apache wrote down; requests that have just been answered are waited for. */
    async log(atLeast: number): Promise<LoggedRequest[]> {
        for (let tries = 0; ; tries += 1) {
            const text = await readFile(join(this.folder, 'access.log'), 'utf8');
            const lines = text.split('\n').filter((line) => line !== '');
            if (lines.length >= atLeast || tries > 200) return lines.map(readLine);
            await pause(20);
        }
    }

    async stop(): Promise<void> {
        const ended = new Promise((resolve) => this.process.once('exit', resolve));
        if (this.process.exitCode === null && this.process.signalCode === null) {
            this.process.kill('SIGTERM');
            await ended;
        }
        await rm(this.folder, { recursive: true, force: true });
    }

    async #listening(): Promise<void> {
        for (let tries = 0; tries < 500; tries += 1) {
            if (this.process.exitCode !== null) break;
            const open = await new Promise<boolean>((resolve) => {
                const socket = connect(this.port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
                socket.once('connect', () => socket.destroy());
            });
            if (open) return;
            await pause(20);
        }
        await this.stop();
        throw new Error(`Apache did not start: ${this.#complaints}`);
    }
}

function configuration(folder: string, port: number, lines: string[]): string {
    const modules = ['mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_digest', 'auth_basic'];
    return `
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
StartServers 1
ErrorLog ${folder}/error.log
LogFormat "%>s %m %k %{Authorization}i %U%q" brief
CustomLog ${folder}/access.log brief
DocumentRoot ${folder}/pages
<Directory ${folder}/pages>
    AuthName "${REALM}"
    Require valid-user
    ${lines.map((line) => line.replace('FOLDER', folder)).join('\n    ')}
</Directory>
`;
}

function readLine(line: string): LoggedRequest {
    const [, status, method, onConnection, login, target] = /^(\d+) (\w+) (\d+) (-|\w+ .*) (\/.*)$/.exec(line)!;
    return {
        status: Number(status),
        method: method!,
        onConnection: Number(onConnection),
        withLogin: login !== '-',
        target: target!,
    };
}

/** Runs a password tool the way a person does; without a terminal of its own it reads its prompts from stdin. */
function answerPrompts(program: string, args: string[], cwd: string): Promise<void> {
    return new Promise((resolve, reject) => {
        const child = execFile('setsid', ['--wait', program, ...args], { cwd }, (error) =>
            error ? reject(error) : resolve(),
        );
        child.stdin!.end(`${USER.password}\n${USER.password}\n`);
    });
}

function pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
