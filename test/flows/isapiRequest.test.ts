import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AxPro } from '../../simulator/axPro';
import { Camera } from '../../simulator/camera';
import { addRecordings } from '../../simulator/recordings';
import { addTwoWayAudio } from '../../simulator/twoWayAudio';
import { addAccessHistory } from '../support/history';
import { RUNTIMES } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { soon } from '../support/soon';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };

interface Answer {
    payload: unknown;
    statusCode?: number;
    headers?: Record<string, unknown>;
    path?: string;
    error?: { message: string; code?: string; cause?: { status?: number; isapi?: { subStatusCode?: string } } };
    [name: string]: unknown;
}

/** What a scenario's request node holds, and what its message brings along, as the code of a function node. */
interface Scenario {
    node?: object;
    message?: string;
    device?: string;
    /** Nodes behind the request, in place of the debug node. */
    behind?: object[];
}

const SCENARIOS: Record<string, Scenario> = {
    property: { node: { path: '/ISAPI/System/deviceInfo', pathType: 'str' } },
    message: { message: "return { path: '/ISAPI/System/status', method: 'get', payload: 1700000000000 };" },
    wins: {
        node: { method: 'GET', path: '/ISAPI/System/time' },
        message: "return { path: '/nowhere', method: 'DELETE', operation: 'reboot', headers: { 'x-vigia': '1' } };",
    },
    operation: {
        node: { operation: 'snapshot', params: { stream: { type: 'num', value: '2' }, width: '352' } },
        message: "return { params: { stream: 1, height: 240 }, topic: 'kept' };",
    },
    byMessage: { message: "return { operation: 'deviceTime' };" },
    object: {
        node: { path: 'where', pathType: 'msg', method: 'PUT' },
        message:
            "return { where: '/ISAPI/System/Video/inputs/channels/1/motionDetection', payload: { MotionDetection: { enabled: false } } };",
    },
    refused: { message: "return { path: '/ISAPI/Refused', payload: 'kept' };" },
    unknown: { message: "return { operation: 'openSesame' };" },
    nothing: { message: 'return {};' },
    chained: {
        node: { path: '/ISAPI/System/deviceInfo' },
        behind: [{ id: 'second', path: '/ISAPI/System/status' }],
    },
    collect: {
        node: { operation: 'accessHistory', paging: 'collect' },
        message: "return { params: { startTime: '2026-09-01T00:00:00Z', endTime: '2026-09-30T00:00:00Z' } };",
    },
    stream: {
        node: { operation: 'accessHistory', paging: 'stream' },
        message: "return { params: { startTime: '2026-09-01T00:00:00Z', endTime: '2026-09-30T00:00:00Z' } };",
    },
    slowly: {
        node: { operation: 'accessHistory', paging: 'stream' },
        message: "return { params: { startTime: '2026-09-01T00:00:00Z', endTime: '2026-09-30T00:00:00Z' } };",
        behind: [{ type: 'function', func: 'setTimeout(() => { node.send(msg); node.done(); }, 150);', outputs: 1 }],
    },
    ownSearch: {
        node: {
            path: '/ISAPI/AccessControl/AcsEvent?format=json',
            paging: 'collect',
            body: '{"AcsEventCond":{"major":0,"minor":0}}',
            bodyType: 'json',
        },
    },
    download: { node: { path: '/ISAPI/ContentMgmt/download', method: 'POST' } },
    panel: { node: { operation: 'panelArm', params: { subsystem: '1', ways: 'stay' } }, device: 'device-panel' },
    panelPath: { node: { path: '/ISAPI/SecurityCP/status/zones?format=json' }, device: 'device-panel' },
    play: {
        node: { operation: 'audioPlay', params: { format: 'pcm' } },
        message: 'return { payload: Buffer.alloc(3200) };',
    },
    slow: { node: { path: '/ISAPI/Slow', timeout: '30000' } },
    noDevice: { node: { path: '/x' }, device: '' },
};

function flowOf(name: string, { node, message = 'return msg;', device = 'device-camera', behind }: Scenario): object[] {
    const z = `tab-${name}`;
    const place = { z, x: 100, y: 100 };
    const request = (id: string, properties: object, to: string) => ({
        ...place,
        id,
        type: 'isapi-request',
        device,
        version: 1,
        ...properties,
        wires: [[to]],
    });
    const debug = `answer-${name}`;
    const show = { type: 'debug', active: true, tosidebar: true, complete: 'true', targetType: 'full', wires: [] };
    const [second] = behind ?? [];
    return [
        { id: z, type: 'tab', label: name },
        {
            ...place,
            id: name,
            type: 'inject',
            props: [{ p: 'payload' }],
            payload: '',
            payloadType: 'date',
            wires: [[`say-${name}`]],
        },
        { ...place, id: `say-${name}`, type: 'function', func: message, outputs: 1, wires: [[`ask-${name}`]] },
        request(`ask-${name}`, node ?? {}, second === undefined ? debug : `more-${name}`),
        ...(second === undefined ? [] : [request(`more-${name}`, { ...second, id: `more-${name}` }, debug)]),
        { ...place, ...show, id: debug },
        { ...place, id: `catch-${name}`, type: 'catch', scope: null, uncaught: false, wires: [[debug]] },
        { ...place, id: `complete-${name}`, type: 'complete', scope: [`ask-${name}`], wires: [[`done-${name}`]] },
        { ...place, ...show, id: `done-${name}`, complete: 'payload' },
    ];
}

for (const runtime of RUNTIMES) {
    describe(`an isapi-request in a flow in ${runtime.name}`, { skip: runtime.skip }, () => {
        const camera = new Camera({ login: LOGIN });
        const panel = new AxPro({ ...LOGIN, login: LOGIN });
        let folder = '';
        let nodeRed: RunningNodeRed;

        before(async () => {
            folder = mkdtempSync(join(tmpdir(), 'vigia-flow-'));
            SCENARIOS.download!.message =
                `return { filename: ${JSON.stringify(join(folder, 'gate.mp4'))}, payload: ` +
                `{ downloadRequest: { playbackURI: 'rtsp://192.0.2.10/x?name=a&size=1' } } };`;
            await camera.listen();
            await panel.listen();
            addAccessHistory(camera, { events: 95 });
            addRecordings(camera, { size: 3_000_000 });
            addTwoWayAudio(camera);
            camera.route('GET', '/ISAPI/Refused', (exchange) => exchange.outcome('notSupport', 200));
            camera.route('GET', '/ISAPI/Slow', () => undefined);
            const config = (id: string, port: number) => ({
                id,
                type: 'device-config',
                name: 'gate',
                host: '127.0.0.1',
                port,
                version: 1,
            });
            nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [
                    ...Object.entries(SCENARIOS).flatMap(([name, scenario]) => flowOf(name, scenario)),
                    config('device-camera', camera.port),
                    config('device-panel', panel.port),
                ],
                credentials: { 'device-camera': LOGIN, 'device-panel': LOGIN },
            });
        });
        after(async () => {
            await nodeRed?.close();
            await camera.close();
            await panel.close();
            rmSync(folder, { recursive: true, force: true });
        });

        /** Presses the button of a scenario and waits for `count` messages. */
        async function ask(name: string, count = 1): Promise<Answer[]> {
            const debug = `answer-${name}`;
            const before = nodeRed.debugMessages(debug).length;
            await nodeRed.adminPost(`/inject/${name}`, {});
            await nodeRed.until(
                () => nodeRed.debugMessages(debug).length >= before + count,
                `${count} answers of ${name}`,
            );
            return nodeRed
                .debugMessages(debug)
                .slice(before)
                .map((message) => message.value as Answer);
        }
        const askOnce = async (name: string) => (await ask(name))[0]!;

        it('asks for the path of its property and answers with the parsed document', async () => {
            const answer = await askOnce('property');
            assert.equal((answer.payload as { DeviceInfo: { model: string } }).DeviceInfo.model, 'DS-2CD2185FWD-I');
            assert.equal(answer.statusCode, 200);
            assert.equal(answer.path, '/ISAPI/System/deviceInfo');
            assert.match(String(answer.headers?.['content-type']), /xml/);
        });

        it('takes from the message what its properties leave open, and no body from a time stamp', async () => {
            assert.ok((await askOnce('message')).payload);
            assert.equal(camera.requests.at(-1)?.method, 'GET');
        });

        it('lets a set property win over the message', async () => {
            const answer = await askOnce('wins');
            assert.ok((answer.payload as { Time?: object }).Time);
            assert.equal(camera.requests.at(-1)?.headers['x-vigia'], '1');
        });

        it('carries out a ready operation, parameter by parameter', async () => {
            const answer = await askOnce('operation');
            assert.equal(answer.path, '/ISAPI/Streaming/channels/102/picture');
            assert.match(camera.requests.at(-1)!.url, /videoResolutionWidth=352&videoResolutionHeight=240/);
            assert.equal(answer.topic, 'kept');
            assert.equal(answer.contentType, 'image/jpeg');
            assert.match(String(answer.filename), /_1\.jpg$/);
        });

        it('takes the operation from the message where it has none and no path either', async () => {
            const answer = await askOnce('byMessage');
            assert.ok((answer.payload as { timeZone: string }).timeZone);
        });

        it('builds XML from an object', async () => {
            await askOnce('object');
            const path = '/ISAPI/System/Video/inputs/channels/1/motionDetection';
            const answer = camera.requests.findLast((seen) => seen.url === path && seen.method === 'PUT');
            assert.equal(answer?.status, 200);
        });

        it('hands a refusal to the Catch node, with HTTP 200 too, and what the device said', async () => {
            const { error, payload } = await askOnce('refused');
            assert.equal(error?.code, 'NOT_SUPPORTED');
            assert.equal(error?.cause?.isapi?.subStatusCode, 'notSupport');
            assert.equal(error?.cause?.status, 200);
            assert.match(error!.message, /does not have the function/);
            assert.equal(payload, 'kept');
            assert.match(nodeRed.statuses.get('ask-refused')?.text ?? '', /error/);
        });

        it('says what is wrong with a message that asks for nothing, or for what there is not', async () => {
            assert.equal((await askOnce('nothing')).error?.code, 'PATH_INVALID');
            assert.equal((await askOnce('unknown')).error?.code, 'OPERATION_UNKNOWN');
            assert.equal((await askOnce('noDevice')).error?.code, 'DEVICE_MISSING');
        });

        it('does not send the headers of one answer along with the next request', async () => {
            await askOnce('chained');
            const { headers } = camera.requests.at(-1)!;
            assert.equal(camera.requests.at(-1)!.url, '/ISAPI/System/status');
            assert.equal(headers['content-type'], undefined);
        });

        it('collects a list that comes in pages', async () => {
            const answer = await askOnce('collect');
            assert.equal((answer.payload as unknown[]).length, 95);
            assert.equal(answer.total, 95);
            assert.equal(((await askOnce('ownSearch')).payload as unknown[]).length, 95);
        });

        it('sends a list page by page, with what a join node needs, and is done once', async () => {
            const done = () => nodeRed.debugMessages('done-stream').length;
            const before = done();
            const messages = await ask('stream', 4);
            assert.deepEqual(
                messages.map(({ parts }) => (parts as { index: number; count?: number }).index),
                [0, 1, 2, 3],
            );
            assert.equal((messages[3]!.parts as { count: number }).count, 4);
            assert.equal(messages[3]!.complete, true);
            const { page, done: rows, total } = messages[1]!.progress as Record<string, number>;
            assert.deepEqual([page, rows, total], [2, 60, 95]);
            await nodeRed.until(() => done() === before + 1, 'the node to be done');
        });

        it('asks for the next page when the nodes behind are done with the last', async () => {
            const first = camera.requests.length;
            await ask('slowly', 4);
            const asked = camera.requests
                .slice(first)
                .filter(({ method, status }) => method === 'POST' && status === 200);
            assert.equal(asked.length, 4);
            for (const [index, { at }] of asked.slice(1).entries()) assert.ok(at - asked[index]!.at >= 140);
        });

        it('streams a large answer to a file', async () => {
            const answer = await askOnce('download');
            assert.deepEqual(answer.payload, { filename: join(folder, 'gate.mp4'), bytes: 3_000_000 });
            assert.equal(statSync(join(folder, 'gate.mp4')).size, 3_000_000);
            assert.deepEqual(readdirSync(folder), ['gate.mp4']);
        });

        it('arms a panel inside one login session', async () => {
            await askOnce('panel');
            const zones = await askOnce('panelPath');
            assert.equal(panel.armed.get(1), 'stay');
            assert.equal((zones.payload as { ZoneList: unknown[] }).ZoneList.length, 2);
            assert.equal(panel.attempts, 1);
        });

        it('speaks at a door', async () => {
            assert.deepEqual((await askOnce('play')).payload, { channel: 1, seconds: 0.2, law: 'ulaw' });
        });

        it('shows its operations to those who may see them', async () => {
            const outlines = (await nodeRed.adminGet('/isapi-request/operations')) as {
                id: string;
                physical: boolean;
            }[];
            assert.ok(outlines.length > 100);
            assert.equal(outlines.find(({ id }) => id === 'doorCommand')?.physical, true);
        });

        it('ends what is under way when it is deployed anew, and leaves no word of the password anywhere', async () => {
            await nodeRed.adminPost('/inject/slow', {});
            await soon(
                () => camera.requests.some(({ url, withLogin }) => url === '/ISAPI/Slow' && withLogin),
                'it is asked',
            );
            const begin = Date.now();
            await nodeRed.deploy([{ id: 'empty', type: 'tab', label: 'empty' }]);
            assert.ok(Date.now() - begin < 15_000);
            await soon(() => camera.openConnections === 0, 'the connections are gone');
            const said = JSON.stringify([nodeRed.logs, nodeRed.debugMessages(), [...nodeRed.statuses]]);
            assert.ok(!said.includes(LOGIN.password));
            assert.ok(existsSync(join(folder, 'gate.mp4')));
        });
    });

    describe(`many requests to one device in ${runtime.name}`, { skip: runtime.skip }, () => {
        async function withFlow(
            password: string,
            nodes: number,
            use: (nodeRed: RunningNodeRed, camera: Camera) => Promise<void>,
        ): Promise<void> {
            const camera = await new Camera({ login: LOGIN }).listen();
            const place = { z: 'tab', x: 100, y: 100 };
            const ids = Array.from({ length: nodes }, (_none, index) => `ask-${index}`);
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [
                    { id: 'tab', type: 'tab', label: 'many' },
                    {
                        id: 'camera',
                        type: 'device-config',
                        name: 'gate',
                        host: '127.0.0.1',
                        port: camera.port,
                        version: 1,
                    },
                    { ...place, id: 'go', type: 'inject', props: [], wires: [ids] },
                    ...ids.map((id) => ({
                        ...place,
                        id,
                        type: 'isapi-request',
                        device: 'camera',
                        path: '/ISAPI/System/deviceInfo',
                        version: 1,
                        wires: [['answers']],
                    })),
                    { ...place, id: 'catch', type: 'catch', scope: null, wires: [['errors']] },
                    ...['answers', 'errors'].map((id) => ({
                        ...place,
                        id,
                        type: 'debug',
                        active: true,
                        tosidebar: true,
                        complete: 'true',
                        targetType: 'full',
                        wires: [],
                    })),
                ],
                credentials: { camera: { username: LOGIN.username, password } },
            });
            try {
                await use(nodeRed, camera);
            } finally {
                await nodeRed.close();
                await camera.close();
            }
        }

        it('twenty of them take at most twenty-two exchanges, over one connection', async () => {
            await withFlow(LOGIN.password, 20, async (nodeRed, camera) => {
                await nodeRed.adminPost('/inject/go', {});
                await nodeRed.until(() => nodeRed.debugMessages('answers').length === 20, 'twenty answers');
                assert.ok(camera.requests.length <= 22, `${camera.requests.length} exchanges`);
                assert.ok(camera.totalConnections <= 2, `${camera.totalConnections} connections`);
            });
        });

        it('eight with a wrong password cost one attempt, and each says so', async () => {
            await withFlow('wrong', 8, async (nodeRed, camera) => {
                await nodeRed.adminPost('/inject/go', {});
                await nodeRed.until(() => nodeRed.debugMessages('errors').length === 8, 'eight errors');
                assert.equal(camera.requests.filter((seen) => seen.withLogin).length, 1);
                const errors = nodeRed.debugMessages('errors').map(({ value }) => (value as Answer).error!);
                for (const { code, message } of errors) {
                    assert.match(code ?? '', /^AUTH_(?:REJECTED|BLOCKED)$/);
                    assert.match(message, /password|login/i);
                }
                assert.equal(errors.filter(({ code }) => code === 'AUTH_REJECTED').length >= 1, true);
                assert.equal(nodeRed.debugMessages('answers').length, 0);
            });
        });
    });
}
