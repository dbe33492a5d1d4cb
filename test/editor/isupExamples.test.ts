import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { IsupDevice, type IsupDeviceOptions } from '../../simulator/isupDevice';
import { Broker } from '../support/broker';
import { Example } from '../support/example';
import { freePort } from '../support/freePort';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { soon } from '../support/soon';

const KEY = 'Canary-7f3a';
const EXAMPLES = {
    mqtt: 'Cameras online-offline to MQTT and Home Assistant discovery',
    table: 'Source IP table instead of DDNS',
    snapshot: 'Snapshot through CGNAT',
} as const;
type Job = keyof typeof EXAMPLES;
const JOBS = Object.keys(EXAMPLES) as Job[];

for (const runtime of RUNTIMES) {
    describe(`the examples of ISUP in ${runtime.name}, imported and filled in`, { skip: runtime.skip }, () => {
        const broker = new Broker();
        const ports = {} as Record<Job, number>;
        const flows = {} as Record<Job, Example>;
        const devices: IsupDevice[] = [];
        let nodeRed: RunningNodeRed;

        const read = async (job: Job, brokerPort: number) => {
            ports[job] = await freePort();
            flows[job] = new Example(EXAMPLES[job], {
                'isup-in': { bind: '127.0.0.1', port: ports[job], alarmPort: await freePort() },
                'mqtt-broker': { broker: '127.0.0.1', port: brokerPort },
            });
        };
        const idOf = (job: Job, type: string, node?: string) => flows[job].idOf(type, node);
        const device = (job: Job, deviceId: string, more: Partial<IsupDeviceOptions> = {}) => {
            const one = new IsupDevice({ host: '127.0.0.1', port: ports[job], deviceId, key: KEY, ...more });
            devices.push(one);
            return one;
        };

        before(async () => {
            const brokerPort = await broker.listen();
            for (const job of JOBS) await read(job, brokerPort);
            const examples = Object.values(flows);
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: examples.flatMap(({ nodes }) => nodes),
                credentials: Object.assign({}, ...examples.map((one) => one.credentials({ key: KEY }, 'isup-in'))),
            });
            const listens = (job: Job) => nodeRed.statuses.get(idOf(job, 'isup-in'))?.text;
            await nodeRed.until(() => JOBS.every(listens), 'the listeners');
        });
        after(async () => {
            for (const one of devices) one.destroy();
            await nodeRed?.close();
            broker.close();
        });

        it('tell a broker who is online, and Home Assistant how to find it', async () => {
            const camera = device('mqtt', 'GATE.1');
            assert.equal(await camera.start(), 'online');
            await soon(() => broker.retained('cctv/GATE-1/presence') === 'online', 'online at the broker');
            const discovery = 'homeassistant/binary_sensor/GATE-1/config';
            await soon(() => broker.retained(discovery), 'the discovery');
            const sensor = JSON.parse(broker.retained(discovery)!) as Record<string, unknown>;
            assert.equal(sensor.device_class, 'connectivity');
            assert.equal(sensor.state_topic, 'cctv/GATE-1/presence');
            camera.stop();
            await soon(() => broker.retained('cctv/GATE-1/presence') === 'offline', 'offline at the broker');
        });

        it('list each device with the address that it comes from', async () => {
            assert.equal(await device('table', 'FARM1').start(), 'online');
            const online = idOf('table', 'debug', 'online');
            await nodeRed.until(() => nodeRed.debugMessages(online)[0], 'the device in the sidebar');
            let table: Record<string, Record<string, unknown>> = {};
            await soon(async () => {
                const answer = await fetch(`${nodeRed.url}/who`);
                table = answer.ok ? ((await answer.json()) as typeof table) : {};
                return table.FARM1?.state === 'online';
            }, 'the device in the table');
            assert.equal(table.FARM1?.address, '127.0.0.1');
            assert.equal(table.FARM1?.model, 'DS-TEST-CAM');
        });

        it('list it as online wherever it goes, and not where somebody claims to be it', async () => {
            const other = idOf('table', 'debug', 'other');
            const told = (state: string) =>
                nodeRed.until(
                    () =>
                        nodeRed
                            .debugMessages(other)
                            .map(({ value }) => (value as { payload?: { state: string } }).payload ?? value)
                            .find((payload) => (payload as { state: string }).state === state),
                    state,
                );
            const row = async () => {
                const table = (await (await fetch(`${nodeRed.url}/who`)).json()) as Record<string, object>;
                const { state, address } = table.FARM1 as { state: string; address: string };
                return [state, address];
            };
            assert.equal(await device('table', 'FARM1', { from: '127.0.0.66', key: 'Another-key' }).start(), 'refused');
            await told('rejected');
            assert.deepEqual(await row(), ['online', '127.0.0.1']);
            assert.equal(await device('table', 'FARM1', { from: '127.0.0.7' }).start(), 'online');
            await told('address-changed');
            assert.deepEqual(await row(), ['online', '127.0.0.7']);
            // One that was never here is shown as what it is.
            assert.equal(await device('table', 'FARM2', { key: 'Another-key' }).start(), 'refused');
            await soon(async () => {
                const table = (await (await fetch(`${nodeRed.url}/who`)).json()) as Record<string, { state: string }>;
                return table.FARM2?.state === 'rejected';
            }, 'the device that was refused');
        });

        it('take a snapshot of a camera that nobody can reach', async () => {
            const button = `/inject/${idOf('snapshot', 'inject', 'now')}`;
            const errors = idOf('snapshot', 'debug', 'errors');
            await nodeRed.adminPost(button, {});
            const refused = await nodeRed.until(() => nodeRed.debugMessages(errors)[0], 'an error');
            assert.match(JSON.stringify(refused.value), /not online/);
            const camera = device('snapshot', 'GATE1');
            assert.equal(await camera.start(), 'online');
            await nodeRed.adminPost(button, {});
            const file = join(nodeRed.userDir, 'gate.jpg');
            const head = () => (existsSync(file) ? readFileSync(file).subarray(0, 2).toString('hex') : '');
            await soon(() => head() === 'ffd8', 'the picture');
            assert.deepEqual(camera.requests, ['GET /ISAPI/Streaming/channels/101/picture']);
        });

        it('do all this without an error, but for the camera that was not there', () => {
            for (const name of ['mqtt', 'table'] as const) {
                assert.deepEqual(nodeRed.debugMessages(idOf(name, 'debug', 'errors')), [], name);
            }
            assert.equal(nodeRed.debugMessages(idOf('snapshot', 'debug', 'errors')).length, 1);
        });
    });
}
