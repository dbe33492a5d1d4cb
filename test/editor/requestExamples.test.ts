import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AxPro } from '../../simulator/axPro';
import { Camera } from '../../simulator/camera';
import { Nvr } from '../../simulator/nvr';
import { Terminal } from '../../simulator/terminal';
import { Example, type FillIn } from '../support/example';
import { type DebugMessage, type RunningNodeRed, startNodeRed } from '../support/nodeRed';

const LOGIN = { username: 'admin', password: 'vigia123' };
const KEYPAD_CODE = '1379';
const EXAMPLES = {
    motion: 'Snapshot on motion for Telegram',
    door: 'Open a door',
    report: 'Monthly access report',
    panel: 'Arm and disarm a panel',
    batch: 'Configure my cameras',
} as const;
type Job = keyof typeof EXAMPLES;

describe('the examples of requests, imported and filled in', () => {
    const camera = new Camera({ login: LOGIN });
    const recorder = new Nvr({ login: LOGIN, channelNames: ['Portão', 'Garagem'] });
    const terminal = new Terminal({ login: LOGIN, replays: false, doors: { count: 1 } });
    const panel = new AxPro({ ...LOGIN, login: LOGIN, keypadCode: KEYPAD_CODE });
    const devices = [camera, recorder, terminal, panel];
    const flows = {} as Record<Job, Example>;
    let nodeRed: RunningNodeRed;

    const read = (job: Job, port: number, fillIn: FillIn = {}) => {
        flows[job] = new Example(EXAMPLES[job], { 'device-config': { host: '127.0.0.1', port }, ...fillIn });
    };
    const press = (job: Job, button: string) => nodeRed.adminPost(`/inject/${flows[job].idOf('inject', button)}`, {});
    const shown = (job: Job, debug: string): DebugMessage[] => nodeRed.debugMessages(flows[job].idOf('debug', debug));

    before(async () => {
        for (const device of devices) await device.listen();
        read('motion', recorder.port);
        read('door', terminal.port);
        read('report', terminal.port);
        const code = { type: 'env', value: 'KEYPAD_CODE' };
        const armed = JSON.stringify({ subsystem: 'all', ways: 'stay', code: KEYPAD_CODE });
        read('panel', panel.port, {
            'isapi-request:disarm all': { params: { subsystem: { type: 'str', value: 'all' }, code } },
            'inject:arm stay': {
                props: [
                    { p: 'operation', v: 'panelArm', vt: 'str' },
                    { p: 'params', v: armed, vt: 'json' },
                ],
            },
        });
        read('batch', camera.port);
        const examples = Object.values(flows);
        nodeRed = await startNodeRed({
            flows: examples.flatMap(({ nodes }) => nodes),
            env: { KEYPAD_CODE },
            credentials: Object.assign({}, ...examples.map((example) => example.credentials(LOGIN))),
        });
    });
    after(async () => {
        await nodeRed?.close();
        for (const device of devices) await device.close();
    });

    it('take one snapshot of each motion, shaped for a Telegram sender', async () => {
        const stream = flows.motion.idOf('isapi-alertstream');
        await nodeRed.until(() => nodeRed.statuses.get(stream)?.fill === 'green', 'the stream');
        recorder.emit({ type: 'VMD', channel: 1 });
        recorder.emit({ type: 'VMD', channel: 1, state: 'inactive' });
        recorder.emit({ type: 'VMD', channel: 2 });
        const pictures = () => shown('motion', 'telegram').map(({ value }) => value as Record<string, unknown>);
        await nodeRed.until(() => pictures().some(({ caption }) => caption === 'camera/2/motion'), 'both pictures');
        assert.deepEqual(
            pictures().map(({ chatId, type, caption }) => [chatId, type, caption]),
            [
                [0, 'photo', 'camera/1/motion'],
                [0, 'photo', 'camera/2/motion'],
            ],
        );
    });

    it('open a door and tell its state', async () => {
        await press('door', 'open');
        await press('door', 'state');
        await nodeRed.until(() => shown('door', 'answer').length === 2, 'both answers');
        const puts = terminal.requests.filter(({ method, status }) => method === 'PUT' && status === 200);
        assert.equal(puts.length, 1);
    });

    it('write the access history to a CSV file', async () => {
        terminal.admit({ employee: '0001764', name: 'MARIA EXEMPLO' });
        await press('report', 'every month');
        const file = join(nodeRed.userDir, 'access-report.csv');
        await nodeRed.until(() => shown('report', 'written')[0], 'a page to be written');
        const text = readFileSync(file, 'utf8');
        assert.match(text, /^time,employeeNoString,/);
        assert.match(text, /0001764/);
    });

    it('arm and disarm a panel, bypass a zone, in one session', async () => {
        for (const button of ['arm stay', 'bypass zone 0', 'zones', 'disarm']) {
            const before = shown('panel', 'answer').length;
            await press('panel', button);
            await nodeRed.until(() => shown('panel', 'answer').length > before, button);
        }
        assert.deepEqual([...panel.armed.values()], ['disarm', 'disarm']);
        assert.equal(panel.zones[0]?.bypassed, true);
        assert.equal(panel.attempts, 1);
    });

    it('configure cameras, once and again without harm', async () => {
        for (const expected of [2, 4]) {
            await press('batch', 'configure');
            await nodeRed.until(() => shown('batch', 'done').length === expected, 'both cameras');
        }
        const progress = shown('batch', 'progress').map(({ value }) => value as Record<string, number>);
        const done = progress.map((one) => [one.done, one.total]);
        assert.deepEqual(done.slice(0, 2), [
            [1, 2],
            [2, 2],
        ]);
        assert.ok(progress[0]!.remaining! > 0, 'the time that the other camera may take');
        assert.equal(progress[1]!.remaining, 0);
        const [first] = shown('batch', 'done');
        assert.equal(nodeRed.statuses.get(flows.batch.idOf('function', 'how far'))?.text, '2 of 2 cameras');
        const { host, port, url, free } = first!.value as Record<string, unknown>;
        assert.deepEqual([host, port, url, free], ['192.168.1.10', 8080, '/alarm', false]);
    });

    it('do all this without an error', () => {
        for (const name of Object.keys(flows) as Job[]) assert.deepEqual(shown(name, 'errors'), [], name);
    });
});
