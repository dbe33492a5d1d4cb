import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { main, type Running } from '../../simulator/cli';
import { HttpDevice } from '../../simulator/httpDevice';
import { httpReceiver } from './alarmReceiver';
import { curl } from './support';

/** Runs the command in this process; what it prints is collected. */
async function command(...args: string[]) {
    const said: string[] = [];
    const complaints: string[] = [];
    const result = await main(
        args,
        (line) => said.push(line),
        (line) => complaints.push(line),
    );
    return { result, said: said.join('\n'), complaints: complaints.join('\n'), lines: said };
}

async function until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 20_000;
    while (!condition()) {
        assert.ok(Date.now() < end, 'not in time');
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
}

describe('npm run simulate', () => {
    it('explains itself', async () => {
        const { result, said } = await command('--help');
        assert.equal(result, 0);
        for (const option of ['--port', '--variant', '--replay', '--push', '--events-per-minute', '--tls'])
            assert.ok(said.includes(option));
    });

    it('lists the variants of streams and posts', async () => {
        const { said } = await command('--list-variants');
        assert.match(said, /^--variant\n.*doubled-delimiters +every.*\n--push-variant\n.*truncated-picture +the/s);
    });

    const mistakes: [args: string[], words: RegExp][] = [
        [['toaster'], /there is no “toaster”; choose camera, nvr, terminal or all/],
        [['camera', 'nvr'], /one of camera, nvr, terminal and all/],
        [['--nonsense'], /Unknown option '--nonsense'/],
        [['camera', '--port', 'http'], /“http” is not a number from 0 to 65533/],
        [['camera', '--variant', 'upside-down'], /“upside-down” is unknown/],
        [['camera', '--push-variant', 'upside-down'], /“upside-down” is unknown/],
        [['camera', '--push', '192.168.1.5:8080'], /not an address like http/],
        [['camera', '--replay', '/there/is/nothing'], /there is no file or folder/],
        [['camera', '--port', '0', '--bind', '192.0.2.1'], /192\.0\.2\.1 does not belong to this machine/],
    ];
    for (const [args, words] of mistakes) {
        it(`says what is wrong with “${args.join(' ')}”`, async () => {
            const { result, complaints } = await command(...args);
            assert.equal(result, 1);
            assert.match(complaints, words);
        });
    }

    it('says that a port is taken, and what to do', async () => {
        const occupier = await new HttpDevice().listen();
        const { result, complaints } = await command('camera', '--port', String(occupier.port));
        assert.equal(result, 1);
        assert.match(complaints, /is in use.*Choose another port/);
        await occupier.close();
    });

    it('starts a device with the login, the framing and the transport that were asked for', async () => {
        const { result, said } = await command(
            'camera',
            '--port',
            '0',
            '--user',
            'op',
            '--password',
            'n0tShown',
            '--tls',
            '--variant',
            'no-boundary',
        );
        const { devices, close } = result as Running;
        assert.doesNotMatch(said, /n0tShown/);
        assert.equal((await curl(`${devices[0]!.origin}/ISAPI/System/deviceInfo`, 'op:n0tShown')).status, 200);
        assert.equal(devices[0]!.framing.declared, undefined);
        assert.match(devices[0]!.origin, /^https:/);
        await close();
    });

    it('posts what happens and says how that goes, once', async () => {
        const host = await httpReceiver((index) => (index < 2 ? 500 : 200));
        const { result, lines } = await command(
            'nvr',
            '--port',
            '0',
            '--events-per-minute',
            '6000',
            '--push',
            host.url,
        );
        await until(() => host.bodies.length > 4);
        await (result as Running).close();
        await host.close();
        assert.equal(lines.filter((line) => /: delivered$/.test(line)).length, 1);
    });

    it('posts a recording as it is', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'vigia-cli-'));
        writeFileSync(join(folder, 'event.xml'), '<EventNotificationAlert>\r\n</EventNotificationAlert>');
        writeFileSync(join(folder, 'readme.txt'), 'nothing to play');
        const host = await httpReceiver(() => 200);
        const { result, said } = await command(
            'terminal',
            '--port',
            '0',
            '--replay',
            folder,
            '--interval',
            '0',
            '--loop',
            '--push',
            host.url,
        );
        await until(() => host.bodies.length > 2);
        await (result as Running).close();
        await host.close();
        rmSync(folder, { recursive: true });
        assert.match(said, /not played: readme\.txt/);
        assert.equal(String(host.bodies[0]), '<EventNotificationAlert>\r\n</EventNotificationAlert>');
        assert.equal(host.requests[0]!.headers['content-type'], 'application/xml; charset="UTF-8"');
    });

    it('ends at once on Ctrl-C', async () => {
        const script = join(__dirname, '..', '..', 'simulator', 'cli.js');
        const child = spawn(process.execPath, [script, 'all', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
        let said = '';
        await new Promise<void>((resolve) => {
            child.stdout.on('data', (chunk) => {
                said += chunk;
                if (said.includes('Ctrl-C ends it.')) resolve();
            });
        });
        const code = await new Promise((resolve) => {
            child.on('exit', resolve);
            child.kill('SIGINT');
        });
        assert.equal(code, 0);
        assert.equal(said.match(/http:\/\/127\.0\.0\.1:\d+/g)?.length, 3);
    });
});
