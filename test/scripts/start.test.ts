import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DEMO_PORTS } from '../../simulator/demo';
import { freePort } from '../support/freePort';
import { packageRoot } from '../support/packageRoot';

interface Run {
    child: ChildProcess;
    output(): string;
    /** The exit code. */
    ended: Promise<number | null>;
}

function npmStart(port: string | number, ...nodeOptions: string[]): Run {
    const script = join(packageRoot, 'scripts', 'start.mjs');
    const env = { ...process.env, PORT: String(port) };
    const child = spawn(process.execPath, [...nodeOptions, script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => chunks.push(chunk));
    const ended = once(child, 'close').then(([code]) => code as number | null);
    return { child, output: () => Buffer.concat(chunks).toString(), ended };
}

async function isTaken(port: number): Promise<boolean> {
    const socket = connect(port, '127.0.0.1');
    const taken = await Promise.race([
        once(socket, 'connect').then(() => true),
        once(socket, 'error').then(
            () => false,
            () => false,
        ),
    ]).catch(() => false);
    socket.destroy();
    return taken;
}

describe('npm start', () => {
    it('says what is wrong with the port', async () => {
        const wrong = npmStart('editor');
        assert.equal(await wrong.ended, 1);
        assert.match(wrong.output(), /PORT=editor is not a port number/);

        const other = createServer();
        await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
        const { port } = other.address() as { port: number };
        const busy = npmStart(port);
        assert.equal(await busy.ended, 1);
        assert.match(busy.output(), new RegExp(`Port ${port} for Node-RED is in use by another program`));
        assert.match(busy.output(), new RegExp(`PORT=${port + 1} npm start`));
        await new Promise((resolve) => other.close(resolve));
    });

    it('says which Node.js it needs', async () => {
        const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } })";
        const run = npmStart(await freePort(), '--import', `data:text/javascript,${encodeURIComponent(old)}`);
        assert.equal(await run.ended, 1);
        assert.match(run.output(), /This needs Node\.js 20 or newer/);
    });

    it('opens Node-RED with the demo flow where it says, and ends cleanly at Ctrl-C', async (test) => {
        for (const port of Object.values(DEMO_PORTS)) {
            if (await isTaken(port)) return test.skip(`port ${port} is in use: another demo is running`);
        }
        const port = await freePort();
        const run = npmStart(port);
        const ready = new RegExp(`open http://127\\.0\\.0\\.1:${port} in a browser`);
        while (!ready.test(run.output())) {
            const more = Promise.race([once(run.child.stdout!, 'data'), run.ended.then(() => 'ended')]);
            if ((await more) === 'ended') assert.fail(run.output());
        }
        const flows = (await (await fetch(`http://127.0.0.1:${port}/flows`)).json()) as { type: string }[];
        assert.ok(flows.some(({ type }) => type === 'isapi-alertstream'));
        run.child.kill('SIGINT');
        assert.equal(await run.ended, 0, run.output());
        for (const used of [port, ...Object.values(DEMO_PORTS)])
            assert.equal(await isTaken(used), false, `port ${used}`);
    });
});
