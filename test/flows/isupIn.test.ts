import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HttpClient } from '../../protocols/http/client';
import type { Presence } from '../../protocols/isup/presence';
import { EhomeDevice } from '../../simulator/ehomeDevice';
import type { DeskRequest, IsupDesk } from '../../simulator/isupDesk';
import { IsupDevice } from '../../simulator/isupDevice';
import { Terminal } from '../../simulator/terminal';
import { vectors } from '../protocols/isup/vectors';
import { freePort } from '../support/freePort';
import { RUNTIMES, type Runtime } from '../support/matrix';
import { linkPackage, type NodeRedOptions, type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { packageRoot } from '../support/packageRoot';
import { debug, flowNode, TAB } from './flow';

const KEY = 'Canary-7f3a';
const LOGIN = { username: 'admin', password: 'vigia123' };
const HISTORY = { startTime: '2020-01-01T00:00:00Z', endTime: '2037-01-01T00:00:00Z' };

interface RequestAnswer {
    payload: unknown;
    contentType?: string;
    error?: { code?: string; message: string };
}

/** A door behind NAT: its `device-config`, and what the device itself has. */
const DOOR = {
    id: 'config',
    type: 'device-config',
    name: 'porta',
    link: 'isup',
    isupId: 'DOOR1',
    listener: 'isup',
    version: 1,
    credentials: { isupKey: 'Door-key-1' },
};
const DOOR_DEVICE = { deviceId: 'DOOR1', key: 'Door-key-1' };

/** A request to that door and the button that sends it; their ids are `do <name>` and `ask <name>`. */
function doorRequest(name: string, more: object): object[] {
    return [
        flowNode(`ask ${name}`, 'inject', { props: [], wires: [[`do ${name}`]] }),
        flowNode(`do ${name}`, 'isapi-request', {
            device: 'config',
            version: 1,
            wires: [[`answer ${name}`]],
            ...more,
        }),
        debug(`answer ${name}`),
    ];
}

const press = (nodeRed: RunningNodeRed, name: string) =>
    nodeRed.adminPost(`/inject/${encodeURIComponent(`ask ${name}`)}`, {});

/** Shows what a request failed with. */
const FAILURES = [flowNode('errors', 'catch', { scope: null, wires: [['failed']] }), debug('failed')];

/** A deploy is over before the port is open: a device tries again, as real ones do. */
async function comeOnline(device: IsupDevice): Promise<string> {
    for (;;) {
        try {
            return await device.start();
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }
}

interface Stage {
    nodeRed: RunningNodeRed;
    port: number;
    flows(more?: object): object[];
    device(more?: object): IsupDevice;
    presence(): Presence[];
}

/** @param more how Node-RED itself is set up */
async function stageOn(
    runtime: Runtime,
    config: object,
    body: (stage: Stage) => Promise<void>,
    more: Partial<NodeRedOptions> = {},
): Promise<void> {
    const port = await freePort();
    const alarmPort = await freePort();
    const flows = (more: object = {}) => [
        TAB,
        {
            id: 'isup',
            type: 'isup-in',
            z: 'tab',
            x: 100,
            y: 100,
            name: '',
            bind: '127.0.0.1',
            port: String(port),
            alarmPort: String(alarmPort),
            version: 1,
            wires: [['presence'], ['data']],
            ...config,
            ...more,
        },
        debug('presence'),
        debug('data'),
    ];
    const keys = JSON.stringify({ CAM2: 'Another-key-1' });
    const nodeRed = await startNodeRed({
        ...runtime.options,
        ...more,
        flows: flows(),
        credentials: { isup: { key: KEY, keys } },
    });
    const devices: IsupDevice[] = [];
    try {
        await nodeRed.until(() => nodeRed.statuses.get('isup')?.text, 'a status');
        await body({
            nodeRed,
            port,
            flows,
            device: (more = {}) => {
                const device = new IsupDevice({ host: '127.0.0.1', port, deviceId: 'CAM1', key: KEY, ...more });
                devices.push(device);
                return device;
            },
            presence: () =>
                nodeRed.debugMessages('presence').map(({ value }) => (value as { payload: Presence }).payload),
        });
    } finally {
        for (const device of devices) device.destroy();
        await nodeRed.close();
    }
}

for (const runtime of RUNTIMES) {
    describe(`isup-in in ${runtime.name}`, { skip: runtime.skip }, () => {
        const stage = (config: object, body: (stage: Stage) => Promise<void>) => stageOn(runtime, config, body);

        it('tells who is there on output 1, brings alarms on output 2, and shows counts', async () => {
            await stage({ devices: [{ id: 'CAM1', name: 'portaria' }, { id: 'CAM2' }] }, async (stage) => {
                const { nodeRed, presence } = stage;
                assert.match(nodeRed.statuses.get('isup')!.text!, /^0 online/);
                const camera = stage.device();
                assert.equal(await camera.start(), 'online');
                await nodeRed.until(() => presence().length === 2, 'registering and online');
                const online = nodeRed.debugMessages('presence')[1]!;
                assert.equal((online.value as { topic: string }).topic, 'portaria/presence');
                const { since, lastSeen, port, ...payload } = presence()[1]!;
                assert.deepEqual(payload, {
                    deviceId: 'CAM1',
                    name: 'portaria',
                    state: 'online',
                    confidence: 'authenticated',
                    address: '127.0.0.1',
                    protocol: '5.0',
                    serial: 'DS-TEST-CAM20260101AAWRQ00000001',
                    firmware: 'V5.7.0 build 260101',
                    model: 'DS-TEST-CAM',
                });
                assert.ok(port > 0);
                assert.equal(new Date(since).toISOString(), since);
                assert.equal(new Date(lastSeen).toISOString(), lastSeen);
                camera.alarm(vectors.alarm_xml!.body!);
                const alarm = await nodeRed.until(() => nodeRed.debugMessages('data')[0], 'an alarm');
                const { topic, payload: event } = alarm.value as { topic: string; payload: Record<string, unknown> };
                assert.equal(topic, 'portaria/1/motion');
                assert.equal(event.kind, 'motion');
                assert.equal(event.via, 'isup');
                assert.equal(event.state, 'active');
                await nodeRed.until(() => nodeRed.statuses.get('isup')?.text?.startsWith('1 online'), 'the count');
                const own = stage.device({ deviceId: 'CAM2', key: 'Another-key-1', shortSerial: 'Q00000002' });
                assert.equal(await own.start(), 'online', 'a key of its own');
            });
        });

        it('says why a device is rejected', async () => {
            await stage({ accept: 'known', devices: [{ id: 'CAM1' }] }, async ({ nodeRed, device, presence }) => {
                await device({ key: 'wrong-key' }).start();
                await device({ deviceId: 'STRANGER' }).start();
                await nodeRed.until(() => presence().length === 4, 'both');
                const rejected = presence().filter(({ state }) => state === 'rejected');
                assert.deepEqual(
                    rejected.map(({ deviceId, reason }) => [deviceId, reason]),
                    [
                        ['CAM1', 'bad-key'],
                        ['STRANGER', 'unknown-device'],
                    ],
                );
            });
        });

        it('brings devices back after a deploy without a false offline, and lists them on request', async () => {
            await stage({}, async ({ nodeRed, device, presence, flows }) => {
                const camera = device({ reconnect: 50 });
                await camera.start();
                await nodeRed.until(() => presence().length === 2, 'online');
                const rows = (await nodeRed.adminGet('/isup-in/isup/presence')) as Presence[];
                assert.equal(rows[0]!.deviceId, 'CAM1');
                await nodeRed.deploy(flows({ name: 'again' }), 'nodes');
                await nodeRed.until(() => presence().length === 3, 'online again');
                assert.deepEqual(
                    presence().map(({ state }) => state),
                    ['registering', 'online', 'online'],
                );
                assert.equal(presence()[2]!.since, presence()[1]!.since);
                await nodeRed.adminPost('/isup-in/isup/presence', {});
                const list = await nodeRed.until(() => nodeRed.debugMessages('presence')[3], 'the list');
                const { topic, payload } = list.value as { topic: string; payload: Presence[] };
                assert.equal(topic, 'isup-in/presence');
                assert.deepEqual(
                    payload.map(({ deviceId, state }) => [deviceId, state]),
                    [['CAM1', 'online']],
                );
            });
        });

        it('gives alarm hosts back after a restart, where a store on disk remembers them and answers later', async () => {
            const userDir = mkdtempSync(join(tmpdir(), 'vigia-isup-'));
            linkPackage(userDir, '@vigia/node-red-cctv', packageRoot);
            const disk = { module: 'localfilesystem', config: { cache: false } };
            const how = { userDir, settings: { contextStorage: { default: { module: 'memory' }, disk } } };
            const logged = (nodeRed: RunningNodeRed, what: RegExp) =>
                nodeRed.until(() => nodeRed.logs.find((line) => what.test(line)), `${what} in the log`);
            try {
                let desk!: IsupDesk;
                const claim = async ({ nodeRed, device }: Stage) => {
                    const camera = device();
                    desk = camera.desk;
                    await camera.start();
                    await logged(nodeRed, /CAM1/);
                    assert.match(desk.hostAt(1), /EHome/);
                };
                await stageOn(runtime, { alarms: 'on' }, claim, how);
                const release = async ({ nodeRed, device }: Stage) => {
                    // The same device: its alarm hosts are as they were.
                    const camera = device({ isapi: async (request: DeskRequest) => desk.answer(request) });
                    await camera.start();
                    await logged(nodeRed, /CAM1/);
                    assert.match(desk.hostAt(1), /0\.0\.0\.0/);
                };
                await stageOn(runtime, { alarms: 'off' }, release, how);
            } finally {
                rmSync(userDir, { recursive: true, force: true });
            }
        });

        it('takes EHome devices without a key, and shows raw frames only where asked', async () => {
            await stage({ raw: true }, async ({ nodeRed, port, presence }) => {
                const device = new EhomeDevice({ host: '127.0.0.1', port, deviceId: 'EHOME1' });
                try {
                    await device.start();
                    await nodeRed.until(() => presence().length === 1, 'online');
                    assert.equal(presence()[0]!.protocol, '2.0');
                    device.alarm(101);
                    const alarm = await nodeRed.until(() => nodeRed.debugMessages('data')[0], 'an alarm');
                    assert.equal((alarm.value as { topic: string }).topic, 'EHOME1/1/line-crossing');
                } finally {
                    device.stop();
                }
                const camera = new IsupDevice({
                    host: '127.0.0.1',
                    port,
                    deviceId: 'NEWER',
                    key: KEY,
                    faults: { flags: 0xa },
                });
                const ended = camera.start().catch(() => undefined);
                const frame = await nodeRed.until(() => nodeRed.debugMessages('data')[1], 'a frame');
                const { payload } = frame.value as { payload: Record<string, unknown> };
                assert.equal(payload.framing, 'newer-variant');
                assert.equal(payload.confidence, 'seen');
                assert.match(String(payload.hex), /^1a/);
                camera.destroy();
                await ended;
            });
        });

        it('changes keys of single devices without ever giving one away', async () => {
            await stage({}, async ({ nodeRed, flows, device }) => {
                await nodeRed.adminPost('/isup-in/isup/keys', { keep: ['CAM2'], set: { CAM3: 'Third-key-99' } });
                await nodeRed.deploy(flows({ name: 'with keys' }), 'nodes');
                for (const [deviceId, key] of [
                    ['CAM2', 'Another-key-1'],
                    ['CAM3', 'Third-key-99'],
                ] as const) {
                    assert.equal(
                        await comeOnline(device({ deviceId, key, shortSerial: `Q0${deviceId}` })),
                        'online',
                        deviceId,
                    );
                }
                const everything = JSON.stringify([
                    await nodeRed.adminGet('/flows'),
                    await nodeRed.adminGet('/credentials/isup-in/isup'),
                    await nodeRed.adminGet('/isup-in/isup/presence'),
                    await nodeRed.adminGet('/isup-in/isup/keys'),
                    nodeRed.logs,
                    nodeRed.debugMessages(),
                ]);
                for (const secret of [KEY, 'Another-key-1', 'Third-key-99']) {
                    assert.equal(everything.includes(secret), false, secret);
                }
            });
        });

        it('carries isapi-request to a device through its session, and says so when it is not online', async () => {
            await stage({}, async ({ nodeRed, flows, device }) => {
                const info = doorRequest('info', { method: 'GET', path: '/ISAPI/System/deviceInfo' });
                await nodeRed.deploy([...flows({ accept: 'known' }), DOOR, ...info, ...FAILURES], 'full');
                await press(nodeRed, 'info');
                const failed = await nodeRed.until(() => nodeRed.debugMessages('failed')[0], 'an error');
                assert.match(JSON.stringify(failed.value), /ISUP_OFFLINE|ISUP_LISTENER_MISSING/);
                const door = device(DOOR_DEVICE);
                assert.equal(await comeOnline(door), 'online', 'listed and keyed by its device-config');
                const online = await nodeRed.until(
                    () => nodeRed.debugMessages('presence').find(({ topic }) => topic === 'porta/presence'),
                    'presence under the name of the device-config',
                );
                assert.ok(online);
                await press(nodeRed, 'info');
                const answer = await nodeRed.until(() => nodeRed.debugMessages('answer info')[0], 'an answer');
                assert.match(JSON.stringify(answer.value), /"model":"DS-TEST-CAM"/);
                assert.equal((answer.value as { statusCode: number }).statusCode, 200);
            });
        });

        it('takes a snapshot, reads the access history and opens a door of a terminal behind NAT', async () => {
            const terminal = new Terminal({ login: LOGIN, logSize: 95, doors: { count: 1 } });
            await terminal.listen();
            const isapi = new HttpClient({
                ...LOGIN,
                protocol: 'http',
                host: '127.0.0.1',
                port: terminal.port,
                auth: 'digest',
            });
            try {
                await stage({}, async ({ nodeRed, flows, device }) => {
                    const asked = [
                        ...doorRequest('snapshot', { operation: 'snapshot' }),
                        ...doorRequest('accessHistory', {
                            operation: 'accessHistory',
                            params: HISTORY,
                            paging: 'collect',
                        }),
                        ...doorRequest('doorCommand', {
                            operation: 'doorCommand',
                            params: { door: '1', command: 'open' },
                        }),
                        ...FAILURES,
                    ];
                    await nodeRed.deploy([...flows(), DOOR, ...asked]);
                    const failed = () => nodeRed.debugMessages('failed').map(({ value }) => value as RequestAnswer);
                    for (const operation of ['snapshot', 'accessHistory', 'doorCommand']) {
                        const before = failed().length;
                        await press(nodeRed, operation);
                        await nodeRed.until(() => failed().length > before, `${operation} to fail`);
                        const { error } = failed().at(-1)!;
                        assert.equal(error?.code, 'ISUP_OFFLINE', operation);
                        assert.match(error.message, /not online/);
                    }
                    const door = device({
                        ...DOOR_DEVICE,
                        isapi: async ({ method, path, body }: DeskRequest) => {
                            if (path.startsWith('/ISAPI/Streaming/')) return undefined;
                            return (await isapi.request({ method, path, ...(body !== '' && { body }) })).body;
                        },
                    });
                    assert.equal(await comeOnline(door), 'online');
                    const ask = async (operation: string) => {
                        await press(nodeRed, operation);
                        const message = await nodeRed.until(
                            () => nodeRed.debugMessages(`answer ${operation}`)[0] ?? failed()[3],
                            `${operation} through the session`,
                        );
                        return ('value' in message ? message.value : message) as RequestAnswer;
                    };
                    const snapshot = await ask('snapshot');
                    assert.equal(snapshot.error, undefined);
                    assert.equal(snapshot.contentType, 'image/jpeg');
                    const history = await ask('accessHistory');
                    assert.equal(history.error, undefined);
                    assert.ok((history.payload as unknown[]).length >= 95);
                    assert.equal((await ask('doorCommand')).error, undefined);
                    assert.deepEqual(
                        terminal.requests.filter(({ method, status }) => method === 'PUT' && status === 200).length,
                        1,
                    );
                    assert.ok(door.requests.includes('PUT /ISAPI/AccessControl/RemoteControl/door/1'));
                });
            } finally {
                isapi.close();
                await terminal.close();
            }
        });

        it('says which port is taken, and that a setting is wrong', async () => {
            await stage({}, async ({ nodeRed, flows, port }) => {
                const second = { ...(flows()[1] as object), id: 'second', name: 'second', wires: [[], []] };
                await nodeRed.deploy([...flows(), second], 'nodes');
                await nodeRed.until(() => nodeRed.statuses.get('second')?.fill === 'red', 'a red status');
                const taken = (line: string) => line.includes(String(port)) && line.includes('isup-in:second');
                await nodeRed.until(() => nodeRed.logs.some(taken), 'the reason');
                await nodeRed.deploy(flows({ keepAlive: 'soon' }), 'nodes');
                await nodeRed.until(() => nodeRed.statuses.get('isup')?.fill === 'red', 'a red status');
                await nodeRed.until(() => nodeRed.logs.some((line) => line.includes('“Heartbeat (s)”')), 'the reason');
            });
        });
    });
}
