import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AxPro } from '../../simulator/axPro';
import { Camera } from '../../simulator/camera';
import { Terminal } from '../../simulator/terminal';
import { type DebugMessage, type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';

interface FlowNode {
    id: string;
    type: string;
    name?: string;
}

const LOGIN = { username: 'admin', password: 'vigia123' };
const EXAMPLES = {
    motion: 'Snapshot on motion for Telegram',
    door: 'Open a door',
    report: 'Monthly access report',
    panel: 'Arm and disarm a panel',
    batch: 'Configure my cameras',
} as const;
type Example = keyof typeof EXAMPLES;

describe('the examples of requests, imported and filled in', () => {
    const camera = new Camera({ login: LOGIN });
    const terminal = new Terminal({ login: LOGIN, replays: false, doors: { count: 1 } });
    const panel = new AxPro({ ...LOGIN, login: LOGIN });
    const flows = {} as Record<Example, FlowNode[]>;
    let nodeRed: RunningNodeRed;

    const read = (name: Example, port: number): FlowNode[] => {
        const file = join(packageRoot, 'examples', `${EXAMPLES[name]}.json`);
        const nodes = JSON.parse(readFileSync(file, 'utf8')) as FlowNode[];
        return nodes.map((node) => (node.type === 'device-config' ? { ...node, host: '127.0.0.1', port } : node));
    };
    const find = (name: Example, node: string) => flows[name].find((one) => one.name === node)!.id;
    const press = (name: Example, button: string) => nodeRed.adminPost(`/inject/${find(name, button)}`, {});
    const shown = (name: Example, node: string): DebugMessage[] => nodeRed.debugMessages(find(name, node));

    before(async () => {
        for (const device of [camera, terminal, panel]) await device.listen();
        flows.motion = read('motion', camera.port);
        flows.door = read('door', terminal.port);
        flows.report = read('report', terminal.port);
        flows.panel = read('panel', panel.port);
        flows.batch = read('batch', camera.port);
        const all = Object.values(flows).flat();
        const configs = all.filter(({ type }) => type === 'device-config');
        nodeRed = await startNodeRed({
            flows: all,
            credentials: Object.fromEntries(configs.map(({ id }) => [id, LOGIN])),
        });
    });
    after(async () => {
        await nodeRed?.close();
        for (const device of [camera, terminal, panel]) await device.close();
    });

    it('take a snapshot on motion, shaped for a Telegram sender', async () => {
        const stream = flows.motion.find(({ type }) => type === 'isapi-alertstream')!.id;
        await nodeRed.until(() => nodeRed.statuses.get(stream)?.fill === 'green', 'the stream');
        camera.emit({ type: 'VMD' });
        const { value } = await nodeRed.until(() => shown('motion', 'telegram')[0], 'a picture');
        const { chatId, type, caption } = value as Record<string, unknown>;
        assert.deepEqual([chatId, type, caption], [0, 'photo', 'camera/1/motion']);
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
        const [first] = shown('batch', 'done');
        assert.equal(nodeRed.statuses.get(find('batch', 'how far'))?.text, '2 of 2 cameras');
        const { host, port, url, free } = first!.value as Record<string, unknown>;
        assert.deepEqual([host, port, url, free], ['192.168.1.10', 8080, '/alarm', false]);
    });

    it('do all this without an error', () => {
        for (const name of Object.keys(flows) as Example[]) assert.deepEqual(shown(name, 'errors'), [], name);
    });
});
