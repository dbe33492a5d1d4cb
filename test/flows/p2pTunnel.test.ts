import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import type { P2pTestAnswer } from '../../runtime/admin/p2pRoutes';
import { DahuaRecorder } from '../../simulator/dahuaRecorder';
import { P2pCloud } from '../../simulator/p2pCloud';
import { SimulatedRecorder } from '../../simulator/p2pRecorder';
import { RecorderServices } from '../../simulator/recorderServices';
import { RUNTIMES } from '../support/matrix';
import { startNodeRed } from '../support/nodeRed';
import { alertStream, debug, device, flowNode, LOGIN, TAB } from './flow';

const SERIAL = 'TESTSN0000001';

interface TunnelMessage {
    topic: string;
    payload: {
        serial: string;
        state: string;
        route?: string;
        reason?: string;
        online?: boolean;
        ports: { service: string; remote: number; host: string; local: number }[];
    };
}

/** A recorder with its web page, behind a cloud on this machine. */
async function world(services: Record<number, number> = {}) {
    const web = await new DahuaRecorder({ login: { ...LOGIN } }).listen();
    const cloud = await P2pCloud.open();
    const recorder = await SimulatedRecorder.open({ serial: SERIAL, services: { 80: web.port, ...services } });
    cloud.register(recorder);
    const close = async () => {
        recorder.close();
        cloud.close();
        await web.close();
    };
    return { web, cloud, recorder, close };
}

function p2pDevice(cloudPort: number, more: object = {}): object {
    return {
        id: 'device',
        type: 'device-config',
        name: 'gate',
        link: 'p2p',
        serial: SERIAL,
        cloud: 'easy4ip',
        cloudServer: `127.0.0.1:${cloudPort}`,
        version: 1,
        ...more,
    };
}

function tunnel(more: object = {}): object {
    const ports = [{ service: 'http', remote: 80, local: '' }];
    return flowNode('tunnel', 'intelbras-p2p-tunnel', {
        device: 'device',
        ports,
        version: 1,
        wires: [['states']],
        ...more,
    });
}

/** A button that sends one payload, pressed by way of the admin API. */
function button(id: string, payload: string, payloadType = 'str'): object {
    return flowNode(id, 'inject', { props: [{ p: 'payload' }], payload, payloadType, wires: [['tunnel']] });
}

/** A button, a request at the device behind the cloud, and a debug node for its answer. */
function asking(name: string, request: object): object[] {
    return [
        flowNode(name, 'inject', { props: [], wires: [[`${name}-request`]] }),
        flowNode(`${name}-request`, 'isapi-request', {
            device: 'device',
            version: 1,
            ...request,
            wires: [[`${name}-answer`]],
        }),
        debug(`${name}-answer`),
    ];
}

function catching(): object[] {
    return [flowNode('catch', 'catch', { scope: null, wires: [['caught']] }), debug('caught')];
}

function fetchPage(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
        const call = request({ host: '127.0.0.1', port, path: '/', agent: false }, (answer) => {
            answer.resume();
            answer.on('end', () => resolve(answer.statusCode ?? 0));
        });
        call.on('error', reject);
        call.end();
    });
}

for (const runtime of RUNTIMES) {
    describe(`intelbras-p2p-tunnel in ${runtime.name}`, { skip: runtime.skip }, () => {
        it('opens local ports on deploy, says so, and frees them when it is taken out', async () => {
            const { cloud, recorder, close } = await world();
            const flows = [TAB, p2pDevice(cloud.port), tunnel(), debug('states')];
            const nodeRed = await startNodeRed({ ...runtime.options, flows, credentials: { device: LOGIN } });
            try {
                const states = () =>
                    nodeRed.debugMessages('states').map(({ value }) => (value as TunnelMessage).payload);
                const open = await nodeRed.until(
                    () => states().find(({ state }) => state === 'open'),
                    'an open tunnel',
                );
                assert.equal(open.serial, SERIAL);
                assert.equal(open.route, 'direct');
                const port = open.ports[0]!;
                assert.deepEqual([port.service, port.remote, port.host], ['http', 80, '127.0.0.1']);
                assert.ok(port.local >= 18080 && port.local < 18180);
                assert.equal(await fetchPage(port.local), 401);
                assert.deepEqual(
                    states().map(({ state }) => state),
                    ['opening', 'open'],
                );
                await nodeRed.until(() => nodeRed.statuses.get('tunnel')?.fill === 'green', 'a green status');
                await nodeRed.deploy([TAB, debug('states')]);
                await nodeRed.until(() => recorder.sessionCount === 0, 'the recorder to be left alone');
                await assert.rejects(fetchPage(port.local), /ECONNREFUSED/);
            } finally {
                await nodeRed.close();
                await close();
            }
        });

        it('opens, tells and closes when messages say so; a wrong one reaches Catch', async () => {
            const { cloud, close } = await world();
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [
                    TAB,
                    p2pDevice(cloud.port),
                    tunnel({ open: 'message' }),
                    debug('states'),
                    button('query', 'query'),
                    button('open', 'open'),
                    button('close', 'close'),
                    button('status', 'status'),
                    button('wrong', 'explode'),
                    button('other', '{"command":"query","serial":"TESTSN0000009"}', 'json'),
                    ...catching(),
                ],
                credentials: { device: LOGIN },
            });
            try {
                const press = (id: string) => nodeRed.adminPost(`/inject/${id}`, {});
                const last = () =>
                    (nodeRed.debugMessages('states').at(-1)?.value as TunnelMessage | undefined)?.payload;
                await press('query');
                await nodeRed.until(() => last()?.online === true, 'the answer of the cloud');
                assert.equal(last()?.state, 'closed');
                await press('other');
                const offline = await nodeRed.until(
                    () => (last()?.state === 'offline' ? last() : undefined),
                    'offline',
                );
                assert.equal(offline.serial, 'TESTSN0000009');
                assert.match(offline.reason ?? '', /not online/);
                await press('open');
                await nodeRed.until(() => last()?.state === 'open', 'an open tunnel');
                const { local } = last()!.ports[0]!;
                assert.equal(await fetchPage(local), 401);
                await press('status');
                await nodeRed.until(() => nodeRed.debugMessages('states').length === 5, 'the answer to status');
                assert.equal(last()?.state, 'open');
                await press('wrong');
                const caught = await nodeRed.until(() => nodeRed.debugMessages('caught')[0], 'an error');
                assert.equal((caught.value as { error: { code: string } }).error.code, 'CONFIG_INVALID');
                await press('close');
                await nodeRed.until(() => last()?.state === 'closed', 'a closed tunnel');
                await assert.rejects(fetchPage(local), /ECONNREFUSED/);
            } finally {
                await nodeRed.close();
                await close();
            }
        });

        it('says plainly that a recorder is not there, and leaks no password', async () => {
            const { cloud, recorder, close } = await world();
            cloud.forget(recorder.serial);
            const flows = [TAB, p2pDevice(cloud.port), tunnel(), debug('states')];
            const nodeRed = await startNodeRed({ ...runtime.options, flows, credentials: { device: LOGIN } });
            try {
                const states = () =>
                    nodeRed.debugMessages('states').map(({ value }) => (value as TunnelMessage).payload);
                const offline = await nodeRed.until(() => states().find(({ state }) => state === 'offline'), 'offline');
                assert.match(offline.reason ?? '', /not online in the cloud easy4ip/);
                await nodeRed.until(() => nodeRed.statuses.get('tunnel')?.fill === 'red', 'a red status');
                cloud.register(recorder);
                await nodeRed.until(() => states().at(-1)?.state === 'open', 'it to come back by itself');
                assert.doesNotMatch(JSON.stringify(nodeRed.debugMessages('states')), new RegExp(LOGIN.password));
            } finally {
                await nodeRed.close();
                await close();
            }
        });
    });

    describe(`the test of a P2P device in ${runtime.name}`, { skip: runtime.skip }, () => {
        it('tries what the dialog holds before anything is deployed, with the saved password in place of its sentinel', async () => {
            const services = await RecorderServices.open(LOGIN);
            const { cloud, close } = await world({ 37777: services.privatePort });
            const flows = [TAB, p2pDevice(cloud.port)];
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows,
                credentials: { device: LOGIN },
                env: { GATE: SERIAL },
            });
            try {
                const asked = { link: 'p2p', serial: '$' + '{GATE}', cloudServer: `127.0.0.1:${cloud.port}` };
                const test = async (credentials: object, more: object = {}) => {
                    const body = { id: 'device', config: { ...asked, ...more }, credentials };
                    const answer = await nodeRed.adminPost('/intelbras-p2p-tunnel/test', body);
                    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
                    assert.doesNotMatch(text, new RegExp(LOGIN.password));
                    return JSON.parse(text) as P2pTestAnswer;
                };
                const good = await test({ username: 'admin', password: '__PWRD__' });
                assert.deepEqual([good.clouds?.[0]?.online, good.route, good.login], [true, 'direct', 'ok']);
                const wrong = await test({ username: 'admin', password: 'wrong' });
                assert.equal(wrong.login, 'wrong-password');
                assert.equal(services.logins, 2);
                const again = await test({ username: 'admin', password: 'wrong' });
                assert.deepEqual([again.fault?.code, again.login], ['AUTH_BLOCKED', undefined]);
                const both = { username: 'admin', password: 'wrong too' };
                const codes = (await Promise.all([test(both), test(both)])).map(
                    (told) => told.login ?? told.fault?.code,
                );
                assert.deepEqual(codes.sort(), ['AUTH_BLOCKED', 'wrong-password']);
                assert.equal(services.logins, 3, 'each wrong password was tried once');
                const unknown = await test({}, { serial: 'TESTSN0000009' });
                assert.equal(unknown.clouds?.[0]?.online, false);
                assert.match(unknown.fault?.message ?? '', /not online/);
                assert.match((await test({}, { serial: '../x' })).fault?.message ?? '', /serial/);
            } finally {
                await nodeRed.close();
                services.close();
                await close();
            }
        });
    });

    describe(`a device behind the P2P cloud in ${runtime.name}`, { skip: runtime.skip }, () => {
        it('brings its events without any local port', async () => {
            const { web, cloud, close } = await world();
            const flows = [TAB, p2pDevice(cloud.port), alertStream(), debug('events'), debug('changes')];
            const nodeRed = await startNodeRed({ ...runtime.options, flows, credentials: { device: LOGIN } });
            try {
                await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'a green status');
                await nodeRed.until(() => web.listeners === 1, 'the event manager to have a listener');
                web.emitEvent('CrossLineDetection', 'Start', 2, {
                    Name: 'Rule1',
                    Object: { ObjectID: 1, ObjectType: 'Human', BoundingBox: [0, 0, 4096, 4096] },
                });
                const seen = await nodeRed.until(() => nodeRed.debugMessages('events')[0], 'an event');
                const { topic, payload } = seen.value as { topic: string; payload: Record<string, unknown> };
                assert.equal(topic, 'gate/3/line-crossing');
                assert.deepEqual(
                    [payload.vendor, payload.kind, payload.type, payload.state, payload.target],
                    ['dahua', 'line-crossing', 'CrossLineDetection', 'active', 'human'],
                );
            } finally {
                await nodeRed.close();
                await close();
            }
        });

        it('answers requests, says who it is and gives a picture by its CGI, in one session', async () => {
            const { web, cloud, recorder, close } = await world();
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [
                    TAB,
                    p2pDevice(cloud.port),
                    ...asking('info', { operation: 'dahuaInfo' }),
                    ...asking('picture', { operation: 'dahuaSnapshot', params: { channel: '2' } }),
                    ...asking('path', { path: '/cgi-bin/configManager.cgi?action=getConfig&name=ChannelTitle' }),
                    ...asking('missing', { path: '/cgi-bin/nothing.cgi' }),
                    ...catching(),
                ],
                credentials: { device: LOGIN },
            });
            try {
                const ask = async (name: string) => {
                    await nodeRed.adminPost(`/inject/${name}`, {});
                    const shown = () => nodeRed.debugMessages(`${name}-answer`)[0];
                    return (await nodeRed.until(shown, `the answer of ${name}`)).value as Record<string, unknown>;
                };
                assert.equal((await ask('info')).statusCode, 200);
                assert.match(JSON.stringify((await ask('info')).payload), /VIP-3230/);
                const picture = await ask('picture');
                assert.equal(picture.contentType, 'image/jpeg');
                assert.equal(web.requests.at(-1)?.url, '/cgi-bin/snapshot.cgi?channel=2');
                assert.match(JSON.stringify((await ask('path')).payload), /Garagem/);
                await nodeRed.adminPost('/inject/missing', {});
                const caught = await nodeRed.until(() => nodeRed.debugMessages('caught')[0], 'the refusal');
                assert.equal((caught.value as { error: { code: string } }).error.code, 'NOT_FOUND');
                assert.equal(web.logins.rejected, 0);
                assert.equal(recorder.sessionCount, 1);
            } finally {
                await nodeRed.close();
                await close();
            }
        });

        it('tells of a wrong password after one attempt, and not of a dead tunnel', async () => {
            const { web, cloud, close } = await world();
            const nodeRed = await startNodeRed({
                ...runtime.options,
                flows: [TAB, p2pDevice(cloud.port), ...asking('info', { operation: 'dahuaInfo' }), ...catching()],
                credentials: { device: { ...LOGIN, password: 'wrong' } },
            });
            try {
                for (const count of [1, 2]) {
                    await nodeRed.adminPost('/inject/info', {});
                    await nodeRed.until(() => nodeRed.debugMessages('caught').length === count, 'the refusal');
                }
                const codes = nodeRed
                    .debugMessages('caught')
                    .map(({ value }) => (value as { error: { code: string } }).error.code);
                assert.ok(
                    codes.every((code) => code.startsWith('AUTH_')),
                    codes.join(),
                );
                assert.equal(web.logins.rejected, 1);
            } finally {
                await nodeRed.close();
                await close();
            }
        });
    });

    describe(`an Intelbras of which only address and login are told, in ${runtime.name}`, {
        skip: runtime.skip,
    }, () => {
        it('brings its events', async () => {
            const web = await new DahuaRecorder({ login: { ...LOGIN } }).listen();
            const flows = [TAB, device(web.port), alertStream(), debug('events'), debug('changes')];
            const nodeRed = await startNodeRed({ ...runtime.options, flows, credentials: { device: LOGIN } });
            try {
                await nodeRed.until(() => nodeRed.statuses.get('stream')?.fill === 'green', 'a green status');
                web.emitEvent('VideoMotion', 'Start', 0);
                const seen = await nodeRed.until(() => nodeRed.debugMessages('events')[0], 'an event');
                const { payload } = seen.value as { payload: Record<string, unknown> };
                assert.deepEqual([payload.vendor, payload.kind, payload.channel], ['dahua', 'motion', 1]);
                assert.equal(web.logins.rejected, 0);
            } finally {
                await nodeRed.close();
                await web.close();
            }
        });
    });
}
