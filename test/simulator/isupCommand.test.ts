import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { main, type Running } from '../../simulator/cli';
import { until, withListener } from '../protocols/isup/rig';
import { packageRoot } from '../support/packageRoot';

const KEY = 'Test1234key';

async function simulate(...args: string[]) {
    const said: string[] = [];
    const result = await main(
        ['isup', ...args],
        (line) => said.push(line),
        (line) => said.push(line),
    );
    return { result, said };
}

describe('npm run simulate -- isup', () => {
    it('registers at a listener and reports alarms', async () => {
        await withListener({ devices: [], defaultKey: KEY, advertise: '', random: undefined }, async (rig) => {
            const server = `127.0.0.1:${rig.port}`;
            const one = await simulate('--server', server, '--id', 'X1', '--key', KEY, '--alarm', '0.05');
            assert.ok(one.said.includes('X1  online'), one.said.join('\n'));
            await until('an alarm', () => rig.data.length > 0);
            const fleet = await simulate('--server', server, '--id', 'F', '--key', KEY, '--count', '3');
            assert.deepEqual(fleet.said, ['3 of 3 devices online']);
            const ehome = await simulate('--server', server, '--id', 'E1', '--ehome', '2.0');
            assert.ok(ehome.said.includes('E1  REGISTER answered 200'));
            for (const { result } of [one, fleet, ehome]) await (result as Running).close();
            await until('all gone', () => rig.listener.table.counts().online === 1);
        });
    });

    it('says what is wrong in one line', async () => {
        const nobody = await simulate('--server', '127.0.0.1:1', '--key', KEY);
        assert.equal(nobody.result, 1);
        assert.match(nobody.said.join(), /ECONNREFUSED/);
        const unknown = await simulate('--colour', 'red');
        assert.equal(unknown.result, 1);
        assert.match(unknown.said.join(), /--colour/);
        const version = await simulate('--ehome', '9');
        assert.match(version.said.join(), /there is no version 9/);
        const help = await simulate('--help');
        assert.equal(help.result, 0);
        assert.match(help.said.join(), /--server HOST/);
    });
});

describe('npm run listen', () => {
    it('prints who registers, and says good-bye', async () => {
        const program = join(packageRoot, 'dist', 'simulator', 'listen.js');
        const listener = spawn(process.execPath, [
            program,
            '0',
            '--alarm-port',
            '0',
            '--bind',
            '127.0.0.1',
            '--key',
            KEY,
        ]);
        const lines: string[] = [];
        createInterface({ input: listener.stdout }).on('line', (line) => lines.push(line));
        try {
            await until('the port', () => lines.length > 0);
            const port = /UDP (\d+) and/.exec(lines[0]!)![1]!;
            const device = await simulate('--server', `127.0.0.1:${port}`, '--id', 'X1', '--key', KEY);
            await until('online', () => lines.some((line) => /online .*X1 .*ISUP 5\.0 · authenticated/.test(line)));
            assert.ok(lines.some((line) => /registering .*X1 · DS-TEST-CAM/.test(line)));
            listener.kill('SIGINT');
            const [code] = await once(listener, 'exit');
            assert.equal(code, 0);
            await until('good-bye', () => lines.some((line) => line.includes('offline (shutdown)')));
            await (device.result as Running).close();
        } finally {
            listener.kill('SIGKILL');
        }
    });
});
