import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Terminal } from '../../simulator/terminal';
import { ERPNEXT_KEY, ERPNEXT_SECRET, ErpNext } from '../support/erpnext';
import { Example } from '../support/example';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { linkPackage, type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';
import { soon } from '../support/soon';

const LOGIN = { username: 'admin', password: 'vigia123' };
const MARIA = { employee: '0001764', name: 'MARIA EXEMPLO' };
const ANA = { employee: '1766', name: 'ANA EXEMPLO' };
const STRANGER = { employee: '9999', name: 'PAULO EXEMPLO' };
const CREDENTIALS = { ERPNEXT_API_KEY: ERPNEXT_KEY, ERPNEXT_API_SECRET: ERPNEXT_SECRET };

for (const runtime of RUNTIMES) {
    describe(`the check-ins for ERPNext in ${runtime.name}`, { skip: runtime.skip }, () => {
        const terminal = new Terminal({ login: LOGIN, offset: -180, replays: true, logSize: 0 });
        const userDir = mkdtempSync(join(tmpdir(), 'vigia-erpnext-'));
        let erpnext: ErpNext;
        let port: number;
        let example: Example;
        let nodeRed: RunningNodeRed;

        const shown = (debug: string) =>
            nodeRed.debugMessages(example.idOf('debug', debug)).map(({ topic, value }) => ({
                topic,
                value: value as Record<string, string | number>,
            }));
        /** Somebody passes, each time a second later than the last: two in one second are one to ERPNext. */
        let second = 0;
        const pass = (person: { employee: string; name: string }, attendance?: string) => {
            second += 1;
            const at = Math.floor(Date.now() / 1000) * 1000 + second * 1000;
            return terminal.emit({ major: 5, minor: 75, ...person, at, ...(attendance && { attendance }) });
        };
        const start = async () => {
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: example.nodes,
                credentials: { ...example.credentials(LOGIN), ...example.credentials(CREDENTIALS, 'tab') },
                settings: { contextStorage: { default: { module: 'localfilesystem', config: { flushInterval: 1 } } } },
                userDir,
            });
            const stream = example.idOf('isapi-alertstream');
            await nodeRed.until(() => nodeRed.statuses.get(stream)?.fill === 'green', 'the stream');
        };
        const restartErpNext = async () => {
            const booked = [...erpnext.booked];
            erpnext = new ErpNext([MARIA.employee, ANA.employee]);
            erpnext.booked.push(...booked);
            await erpnext.listen(port);
        };

        before(async () => {
            await terminal.listen();
            port = await freePort();
            erpnext = new ErpNext([MARIA.employee, ANA.employee]);
            const url = await erpnext.listen(port);
            example = new Example('ERPNext Employee Checkin', {
                'device-config': { host: '127.0.0.1', port: terminal.port },
                inject: { repeat: '0.2' },
            });
            const environment = example.find('tab').env as { name: string; value: string }[];
            for (const one of environment) {
                if (one.name === 'ERPNEXT_URL') one.value = `${url}/`;
                if (one.name === 'RETRY_SECONDS') one.value = '0.2';
            }
            linkPackage(userDir, '@vigia/node-red-cctv', packageRoot);
            await start();
        });

        after(async () => {
            await nodeRed?.close();
            await erpnext?.close();
            await terminal.close();
            rmSync(userDir, { recursive: true, force: true });
        });

        it('book who was let in, with employee, time, device and direction', async () => {
            terminal.deny();
            pass(MARIA, 'checkIn');
            pass(ANA, 'checkOut');
            await soon(() => erpnext.booked.length === 2, 'two check-ins');
            const [maria, ana] = erpnext.booked;
            assert.deepEqual([maria!.employee, maria!.device_id, maria!.log_type], ['0001764', 'terminal', 'IN']);
            assert.deepEqual([ana!.employee, ana!.log_type], ['1766', 'OUT']);
            // The clock on the wall of the terminal, three hours behind UTC.
            const age = Date.now() - 3 * 3_600_000 - Date.parse(`${maria!.time.replace(' ', 'T')}Z`);
            assert.ok(Math.abs(age) < 600_000);
        });

        it('book nothing twice when the terminal sends its log again', async () => {
            terminal.dropStreams();
            await terminal.streams.whenOpen();
            pass(MARIA);
            await soon(() => erpnext.booked.length === 3, 'the new one');
            assert.deepEqual(erpnext.answers, [200, 200, 200]);
        });

        it('try again after errors of the server, in order, and count a lost answer once', async () => {
            erpnext.trouble.push(503, 500, 502, 'lost');
            const [first] = [pass(MARIA), pass(ANA)];
            assert.ok(first);
            await soon(() => erpnext.booked.length === 5, 'both');
            assert.deepEqual(
                erpnext.booked.slice(3).map(({ employee }) => employee),
                ['0001764', '1766'],
            );
            await nodeRed.until(() => shown('booked').length === 5, 'both to be shown');
            assert.deepEqual(
                shown('booked').map(({ topic }) => topic),
                ['booked', 'booked', 'booked', 'was there already', 'booked'],
            );
        });

        it('take a name that exists already for booked', async () => {
            erpnext.trouble.push('duplicate-name');
            pass(MARIA);
            await nodeRed.until(() => shown('booked').length === 6, 'it to be over');
            assert.equal(shown('booked').at(-1)?.topic, 'was there already');
        });

        it('put aside what ERPNext refuses for good, and go on', async () => {
            pass(STRANGER);
            pass(ANA);
            await soon(() => erpnext.booked.length === 6, 'the next');
            const [refused] = shown('refused');
            assert.deepEqual([refused?.value.employee, refused?.value.status], ['9999', 417]);
            assert.match(String(refused?.value.said), /Could not find Employee/);
            const file = join(nodeRed.userDir, 'erpnext-refused.jsonl');
            await soon(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'), 'the file');
            assert.equal((JSON.parse(readFileSync(file, 'utf8')) as { employee: string }).employee, '9999');
        });

        it('keep what cannot be booked, also when Node-RED restarts, and book it once ERPNext is back', async () => {
            await erpnext.close();
            pass(MARIA);
            pass(ANA);
            const queue = example.idOf('function', 'result');
            await nodeRed.until(() => /2 waiting: ECONNREFUSED/.test(nodeRed.statuses.get(queue)?.text ?? ''), 'a try');
            await nodeRed.close();
            await restartErpNext();
            await start();
            await soon(() => erpnext.booked.length === 8, 'both');
            assert.deepEqual(
                erpnext.booked.slice(6).map(({ employee }) => employee),
                ['0001764', '1766'],
            );
            assert.deepEqual(erpnext.answers, [200, 200]);
        });

        it('show the secret nowhere', () => {
            const everything = JSON.stringify([nodeRed.debugMessages(), nodeRed.logs, [...nodeRed.statuses]]);
            assert.ok(!everything.includes(ERPNEXT_SECRET));
        });
    });
}
