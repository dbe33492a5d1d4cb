import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../errors';
import type { LibraryFile } from './libraryFile';
import { type HelperAnswer, type HelperCall, LineReader } from './lines';

/** Longer than the library's own longest wait. */
const CALL_CAP = 90_000;
const EXIT_CAP = 3_000;
const ERROR_TAIL = 400;

const askNode = promisify(execFile);

interface Waiting {
    resolve(result: number): void;
    reject(fault: Fault): void;
    timer: NodeJS.Timeout;
}

/**
 * Which Node loads the library: our own where it is of the same kind, else the one the user named, which is asked.
 *
 * @throws Fault SDK_WRONG_ARCHITECTURE
 */
export async function chooseNode(library: LibraryFile, sdkNode: string): Promise<string> {
    const own = process.arch;
    if (library.architecture === own) return process.execPath;
    let actual: string = own;
    if (sdkNode !== '') {
        const asked = askNode(sdkNode, ['-p', 'process.arch'], { timeout: 10_000, windowsHide: true });
        actual = await asked.then(
            ({ stdout }) => stdout.trim(),
            () => 'not usable',
        );
        if (actual === library.architecture) return sdkNode;
    }
    throw new Fault('SDK_WRONG_ARCHITECTURE', {
        details: { library: basename(library.path), needed: library.architecture, actual },
    });
}

/** The helper as its owner sees it: calls with answers, and word of its end. */
export class HelperProcess {
    readonly #process: ChildProcess;
    readonly #waiting = new Map<number, Waiting>();
    readonly #callCap: number;
    #next = 1;
    #ended: Fault | undefined;
    #closing = false;
    #errorTail = '';

    /** @param onEnd called once when it ends without having been asked to */
    constructor(node: string, library: LibraryFile, onEnd: (fault: Fault) => void, callCap = CALL_CAP) {
        this.#callCap = callCap;
        // The library finds its companions in its own folder only.
        const path = `${library.folder}${delimiter}${process.env.PATH ?? ''}`;
        const search = `${library.folder}${delimiter}${process.env.LD_LIBRARY_PATH ?? ''}`;
        this.#process = spawn(node, [join(__dirname, 'helper.js')], {
            cwd: library.folder,
            env: { ...process.env, PATH: path, LD_LIBRARY_PATH: search },
            stdio: ['pipe', 'pipe', 'pipe'],
            windowsHide: true,
        });
        const reader = new LineReader((object) => this.#take(object as unknown as HelperAnswer));
        this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => reader.feed(text));
        this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
            this.#errorTail = (this.#errorTail + text).slice(-ERROR_TAIL);
        });
        // Writing to a helper that has just died is answered by its exit.
        this.#process.stdin?.on('error', () => undefined);
        this.#process.on('error', (error) => this.#onEnd(error.message, onEnd));
        this.#process.on('exit', (code, signal) => this.#onEnd(signal ?? `exit code ${code}`, onEnd));
    }

    /** @throws Fault of the library, or SDK_HELPER_LOST */
    call(call: HelperCall['call'], values: HelperCall['arguments'] = {}): Promise<number> {
        if (this.#ended) return Promise.reject(this.#ended);
        const id = this.#next;
        this.#next += 1;
        return new Promise((resolve, reject) => {
            // A call that never comes back has hung the library: only a new process helps.
            const timer = setTimeout(() => this.#process.kill('SIGKILL'), this.#callCap);
            timer.unref();
            this.#waiting.set(id, { resolve, reject, timer });
            const line: HelperCall = { id, call, arguments: values };
            this.#process.stdin?.write(`${JSON.stringify(line)}\n`);
        });
    }

    /** Lets the library say goodbye and ends the process, by force if it takes longer than three seconds. */
    async close(): Promise<void> {
        if (this.#ended) return;
        this.#closing = true;
        const gone = new Promise<void>((done) => this.#process.once('exit', () => done()));
        const force = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_CAP);
        // Its end answers the call as well.
        await this.call('exit').catch(() => 0);
        this.#process.stdin?.end();
        await gone;
        clearTimeout(force);
    }

    #take(answer: HelperAnswer): void {
        const waiting = this.#waiting.get(answer.id);
        if (!waiting) return;
        this.#waiting.delete(answer.id);
        clearTimeout(waiting.timer);
        if (answer.fault) waiting.reject(new Fault(answer.fault.code, { details: answer.fault.details }));
        else waiting.resolve(answer.result ?? 0);
    }

    #onEnd(how: string, onEnd: (fault: Fault) => void): void {
        if (this.#ended) return;
        const last = this.#errorTail.trim().split('\n').at(-1) ?? '';
        const reason = last === '' ? how : `${how}: ${last}`;
        this.#ended = new Fault('SDK_HELPER_LOST', { details: { reason } });
        for (const waiting of this.#waiting.values()) {
            clearTimeout(waiting.timer);
            waiting.reject(this.#ended);
        }
        this.#waiting.clear();
        if (!this.#closing) onEnd(this.#ended);
    }
}
