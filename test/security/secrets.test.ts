import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { DahuaRecorder } from '../../simulator/dahuaRecorder';
import { IsupDevice } from '../../simulator/isupDevice';
import { P2pCloud } from '../../simulator/p2pCloud';
import { SimulatedRecorder } from '../../simulator/p2pRecorder';
import { selfSigned } from '../../simulator/selfSigned';
import { alarmHost, debug, flowNode, TAB } from '../flows/flow';
import { vectors } from '../protocols/isup/vectors';
import { freePort } from '../support/freePort';
import { RUNTIMES, type Runtime } from '../support/matrix';
import { type RunningNodeRed, startNodeRed } from '../support/nodeRed';
import { Canaries } from './support/canaries';
import { ECHO_PATHS, EchoDevice } from './support/echoDevice';
import { registeredRoutes } from './support/registered';

const SERIAL = 'TESTSN0000001';
const EVENT = '{"eventType":"VMD","eventState":"active","channelID":1}';

/** Every credential of the pack, each with a secret of its own. */
function secrets(canaries: Canaries) {
    const names = [
        ...['good', 'wrong', 'echo', 'refused', 'down', 'tls', 'mutual', 'p2p', 'nowhere'],
        ...['cloudUser', 'cloudKey', 'isupKey', 'defaultKey', 'listedKey', 'wrongKey', 'passphrase'],
        ...['basicHost', 'digestHost', 'guess', 'token', 'typed', 'typedCloud', 'typedHost', 'changedKey'],
    ] as const;
    const made = Object.fromEntries(names.map((name) => [name, canaries.make(name)]));
    return made as Record<(typeof names)[number], string>;
}

/** What stands outside Node-RED for one run. */
class World {
    readonly canaries = new Canaries();
    readonly secret = secrets(this.canaries);
    readonly echo = new EchoDevice();
    readonly camera = new Camera({ login: { username: 'admin', password: this.secret.good } });
    readonly web = new DahuaRecorder({ login: { username: 'admin', password: this.secret.p2p } });
    readonly ports = {} as Record<'down' | 'basic' | 'digest' | 'isup' | 'isupAlarm', number>;
    readonly #https = createHttpsServer(selfSigned('127.0.0.1'), (_request, response) => response.end('{}'));
    readonly devices: IsupDevice[] = [];
    cloud!: P2pCloud;
    #recorder!: SimulatedRecorder;
    nodeRed!: RunningNodeRed;

    async start(runtime: Runtime): Promise<void> {
        await Promise.all([this.echo.listen(), this.camera.listen(), this.web.listen()]);
        await new Promise<void>((resolve) => this.#https.listen(0, '127.0.0.1', resolve));
        this.cloud = await P2pCloud.open();
        this.#recorder = await SimulatedRecorder.open({ serial: SERIAL, services: { 80: this.web.port } });
        this.cloud.register(this.#recorder);
        for (const name of ['down', 'basic', 'digest', 'isup', 'isupAlarm'] as const) {
            this.ports[name] = await freePort();
        }
        const realms = ['IP Camera(C7321)', 'Vigia', 'echo', 'Login to 1234'];
        for (const value of Object.values(this.secret)) this.canaries.alsoHashed(value, 'admin', realms);
        this.nodeRed = await startNodeRed({
            ...runtime.options,
            flows: this.flows(),
            credentials: this.#credentials(),
            settings: {
                logging: { console: { level: 'trace', metrics: true, audit: true } },
                contextStorage: { default: { module: 'localfilesystem', config: { flushInterval: 1 } } },
                debugMaxLength: 1_000_000,
            },
        });
    }

    async close(): Promise<void> {
        for (const one of this.devices) one.destroy();
        await this.nodeRed?.close();
        this.#https.close();
        this.#https.closeAllConnections();
        this.#recorder?.close();
        this.cloud?.close();
        await Promise.all([this.echo.close(), this.camera.close(), this.web.close()]);
    }

    get tlsPort(): number {
        return (this.#https.address() as AddressInfo).port;
    }

    flows(): object[] {
        const { echo, camera, cloud, ports } = this;
        const config = (id: string, more: object) => ({
            id: `dev-${id}`,
            type: 'device-config',
            name: id,
            version: 1,
            ...more,
        });
        const direct = (id: string, port: number, more: object = {}) =>
            config(id, { host: '127.0.0.1', port, timeout: 2000, ...more });
        const ask = (device: string, path: string, index: number) =>
            flowNode(`ask ${device} ${index}`, 'isapi-request', {
                device: `dev-${device}`,
                path,
                version: 1,
                wires: [['answers']],
            });
        const stream = (device: string) =>
            flowNode(`stream ${device}`, 'isapi-alertstream', {
                device: `dev-${device}`,
                version: 1,
                wires: [['events'], ['changes']],
            });
        const tunnel = (device: string) =>
            flowNode(`tunnel ${device}`, 'intelbras-p2p-tunnel', {
                device: `dev-${device}`,
                ports: [{ service: 'http', remote: 80, local: '' }],
                version: 1,
                wires: [['answers']],
            });
        const asked = [
            ...ECHO_PATHS.filter((path) => path !== '/ISAPI/refused').map((path, index) => ask('echo', path, index)),
            ...['good', 'wrong', 'down', 'tls', 'mutual', 'p2p', 'nowhere', 'session'].map((device) =>
                ask(device, '/ISAPI/System/deviceInfo', 0),
            ),
            ask('good', '/ISAPI/SecurityCP/status/subSystems', 1),
            ask('refused', '/ISAPI/refused', 0),
        ] as { id: string }[];
        return [
            TAB,
            direct('good', camera.port),
            direct('wrong', camera.port),
            direct('echo', echo.port, { auth: 'basic' }),
            direct('refused', echo.port, { auth: 'basic' }),
            direct('down', ports.down),
            direct('tls', this.tlsPort, { protocol: 'https' }),
            direct('mutual', this.tlsPort, { protocol: 'https', verify: 'off', tls: 'certificate' }),
            config('p2p', { link: 'p2p', serial: SERIAL, cloudServer: `127.0.0.1:${cloud.port}` }),
            config('nowhere', { link: 'p2p', serial: SERIAL, cloud: 'custom', cloudServer: `127.0.0.1:${cloud.port}` }),
            config('session', { link: 'isup', isupId: 'CAM1', listener: 'isup' }),
            {
                id: 'certificate',
                type: 'tls-config',
                name: '',
                cert: '',
                key: '',
                ca: '',
                certname: 'c',
                keyname: 'k',
                caname: '',
            },
            flowNode('go', 'inject', { props: [], wires: [asked.map(({ id }) => id)] }),
            ...asked,
            ...['good', 'wrong', 'echo', 'down', 'tls', 'p2p'].map(stream),
            ...['p2p', 'nowhere'].map(tunnel),
            { ...alarmHost(ports.basic, { auth: 'basic' }), id: 'basic' },
            { ...alarmHost(ports.digest, { auth: 'digest' }), id: 'digest' },
            flowNode('isup', 'isup-in', {
                bind: '127.0.0.1',
                port: ports.isup,
                alarmPort: ports.isupAlarm,
                devices: [{ id: 'CAM2', name: 'listed' }],
                alarms: 'on',
                raw: true,
                version: 1,
                wires: [['events'], ['events']],
            }),
            flowNode('catch', 'catch', { scope: null, wires: [['caught', 'kept']] }),
            flowNode('statuses', 'status', { scope: null, wires: [['status']] }),
            flowNode('done', 'complete', { scope: asked.map(({ id }) => id), wires: [['finished']] }),
            // Whatever a flow keeps of a message lands in a file.
            flowNode('kept', 'function', {
                func: "flow.set('errors', [...(flow.get('errors') || []), msg.error]); context.set('last', msg);",
                outputs: 0,
            }),
            ...['answers', 'events', 'changes', 'rejected', 'caught', 'status', 'finished'].map(debug),
        ];
    }

    #credentials(): Record<string, Record<string, string>> {
        const { secret } = this;
        const login = (password: string) => ({ username: 'admin', password });
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
        const key = privateKey.export({
            type: 'pkcs8',
            format: 'pem',
            cipher: 'aes-256-cbc',
            passphrase: secret.passphrase,
        });
        return {
            'dev-good': login(secret.good),
            'dev-wrong': login(secret.wrong),
            'dev-echo': login(secret.echo),
            'dev-refused': login(secret.refused),
            'dev-down': login(secret.down),
            'dev-tls': login(secret.tls),
            'dev-mutual': login(secret.mutual),
            'dev-p2p': login(secret.p2p),
            'dev-nowhere': { ...login(secret.nowhere), cloudUser: secret.cloudUser, cloudKey: secret.cloudKey },
            'dev-session': { isupKey: secret.isupKey },
            certificate: {
                keydata: key.toString(),
                certdata: selfSigned('client').cert,
                passphrase: secret.passphrase,
            },
            basic: login(secret.basicHost),
            digest: login(secret.digestHost),
            isup: { key: secret.defaultKey, keys: JSON.stringify({ CAM2: secret.listedKey }) },
        };
    }

    device(deviceId: string, key: string): IsupDevice {
        const port = this.ports.isup;
        const one = new IsupDevice({
            host: '127.0.0.1',
            port,
            deviceId,
            shortSerial: `Q0000000${this.devices.length}`,
            key,
        });
        this.devices.push(one);
        return one;
    }

    /** Everything that Node-RED said, showed, answered or wrote, but for the file of the credentials. */
    everything(): string {
        const { nodeRed } = this;
        return (
            JSON.stringify([nodeRed.logs, nodeRed.debugMessages(), [...nodeRed.statuses]]) + filesIn(nodeRed.userDir)
        );
    }
}

/** What dialogs send to a route: each kind of device, with its saved login or one typed anew. */
function dialogBodies({ ports, camera, echo, cloud, tlsPort, secret }: World, path: string): object[] {
    const { typed, typedCloud, typedHost, changedKey } = secret;
    const direct = { link: 'direct', host: '127.0.0.1', timeout: 2000 };
    const configs = [
        { ...direct, port: camera.port },
        { ...direct, port: echo.port, auth: 'basic' },
        { ...direct, port: ports.down },
        { ...direct, port: tlsPort, protocol: 'https' },
        { link: 'p2p', serial: SERIAL, cloud: 'custom', cloudServer: `127.0.0.1:${cloud.port}` },
        { link: 'isup', isupId: 'CAM1', listener: 'isup' },
        { ...direct, host: `admin:${typed}@127.0.0.1`, port: ports.down },
    ];
    const saved = { username: 'admin', password: '__PWRD__' };
    const own = { username: 'admin', password: typed, cloudUser: typedCloud, cloudKey: typedCloud };
    const alarm = { listen: 'own', bind: '127.0.0.1', port: ports.basic, path: '/alarm', auth: 'basic' };
    return configs.map((config, index) => {
        const credentials = index % 2 === 0 ? saved : own;
        const device = { id: 'dev-good', config, credentials };
        if (path.startsWith('/isup-in')) return { keep: ['CAM2'], set: { CAM5: changedKey } };
        if (!path.startsWith('/alarm-http-in')) return { ...device, ...config, ...credentials };
        return { id: 'basic', config: alarm, credentials: { username: 'admin', password: typedHost }, device };
    });
}

/** The text of an answer; some go on for as long as somebody listens, and begin with all that there is. */
async function beginningOf({ headers, body }: Response): Promise<string> {
    const endless = headers.get('content-type')?.startsWith('text/event-stream');
    let text = '';
    for await (const chunk of body ?? []) {
        text += Buffer.from(chunk).toString('utf8');
        if (endless) break;
    }
    return text;
}

function filesIn(folder: string): string {
    return readdirSync(folder, { withFileTypes: true })
        .filter(({ name }) => !/^flows_cred\.json|^\.flows_cred|node_modules/.test(name))
        .map(({ name }) => join(folder, name))
        .map((path) => (statSync(path).isDirectory() ? filesIn(path) : `${path}\n${readFileSync(path, 'utf8')}`))
        .join('\n');
}

const curl = (...args: string[]) =>
    execFileSync('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-m', '10', ...args], { encoding: 'utf8' });

const curlIsMissing = (() => {
    try {
        execFileSync('curl', ['--version']);
        return false;
    } catch {
        return 'curl is not installed';
    }
})();

for (const runtime of RUNTIMES) {
    describe(`the secrets of a busy day in ${runtime.name}`, { skip: runtime.skip || curlIsMissing }, () => {
        const world = new World();
        let nodeRed: RunningNodeRed;
        const answers: string[] = [];

        before(async () => {
            await world.start(runtime);
            nodeRed = world.nodeRed;
        });
        after(() => world.close());

        const none = (where: string, text: string) => assert.deepEqual(world.canaries.leaksIn(text), [], where);
        const shown = (id: string) => nodeRed.debugMessages(id).map(({ value }) => JSON.stringify(value));

        it('are used: devices answer, refuse, break off, redirect and say them back', async () => {
            await nodeRed.adminPost('/inject/go', {});
            const all = ECHO_PATHS.length + 9;
            await nodeRed.until(
                () => shown('caught').length + shown('answers').length >= all,
                'an end of each request',
            );
            await nodeRed.until(() => /DS-2CD|deviceName/.test(shown('answers').join()), 'an answer of the camera');
            const caught = shown('caught').join('\n');
            for (const code of ['AUTH_', 'CONNECT', 'TLS_', 'REDIRECTED', 'HTTP_STATUS', 'ISUP_OFFLINE', 'admin:***']) {
                assert.ok(caught.includes(code), `${code} in ${caught.slice(0, 2000)}`);
            }
            assert.ok(world.echo.requests.some((head) => /authorization: Basic /i.test(head)));
            world.camera.emit({ type: 'linedetection', target: 'human', pictures: true });
            await nodeRed.until(() => shown('events').some((text) => text.includes('line-crossing')), 'an event');
            await nodeRed.until(() => shown('answers').some((text) => text.includes('"open"')), 'an open tunnel');
        });

        it('are shown by devices that post, rightly and wrongly', async () => {
            const { basic, digest } = world.ports;
            const { basicHost, digestHost, guess, token } = world.secret;
            const post = (port: number, kind: string, password: string, path = '/alarm') =>
                curl(`--${kind}`, '-u', `admin:${password}`, '-d', EVENT, `http://127.0.0.1:${port}${path}`);
            assert.equal(post(basic, 'basic', basicHost), '200');
            assert.equal(post(digest, 'digest', digestHost), '200');
            assert.equal(post(basic, 'basic', guess), '401');
            assert.equal(post(digest, 'digest', guess), '401');
            assert.equal(post(basic, 'basic', basicHost, `/alarm?token=${encodeURIComponent(token)}`), '200');
            const headers = ['-H', `Proxy-Authorization: Basic ${btoa(`admin:${guess}`)}`];
            const cookie = ['-H', `Cookie: session=${encodeURIComponent(guess)}`];
            assert.equal(
                curl(
                    '--basic',
                    '-u',
                    `admin:${basicHost}`,
                    ...headers,
                    ...cookie,
                    '-d',
                    'junk',
                    `http://127.0.0.1:${basic}/alarm`,
                ),
                '200',
            );
            await nodeRed.until(() => shown('rejected').length >= 3, 'the refusals');
        });

        it('open ISUP sessions, rightly and wrongly', async () => {
            const { isupKey, listedKey, defaultKey, wrongKey } = world.secret;
            for (const [id, key] of [
                ['CAM1', isupKey],
                ['CAM2', listedKey],
                ['CAM3', defaultKey],
            ] as const) {
                const one = world.device(id, key);
                assert.equal(await one.start(), 'online', id);
                one.alarm(vectors.alarm_xml!.body!);
            }
            assert.equal(await world.device('CAM4', wrongKey).start(), 'refused');
            await nodeRed.until(() => shown('events').some((text) => text.includes('bad-key')), 'the refusal');
            await nodeRed.until(() => shown('events').some((text) => text.includes('"isup"')), 'an alarm');
            await nodeRed.adminPost('/inject/go', {});
        });

        it('are typed into every dialog', async () => {
            for (const { method, path } of registeredRoutes()) {
                const url = nodeRed.url + path.replace(/:id/, 'isup').replace(/:\w+/g, '1');
                // Discovery sends to the network, which no test may.
                if (path.endsWith('/discover')) continue;
                const bodies = method === 'get' ? [undefined] : dialogBodies(world, path);
                const ask = async (body: object | undefined) => {
                    const headers = { 'content-type': 'application/json' };
                    const sent = body && { method: 'POST', headers, body: JSON.stringify(body) };
                    answers.push(await beginningOf(await fetch(url, sent)));
                };
                await Promise.all(bodies.map(ask));
            }
            for (const word of ['vigia-diagnostics', 'AUTH_', 'TLS_', 'CONNECT_REFUSED', 'DS-2CD']) {
                assert.ok(
                    answers.some((text) => text.includes(word)),
                    `${word} among the answers`,
                );
            }
        });

        it('stand in no answer of any dialog', () => {
            for (const text of answers) none('an answer', text);
        });

        it('stand in no exported flow and in nothing else that the admin API shows', async () => {
            const nodes = ['dev-good', 'ask echo 0', 'isup', 'basic', 'kept'];
            const paths = [
                '/flows',
                '/flow/tab',
                '/settings',
                '/nodes',
                '/diagnostics',
                '/context/global',
                '/context/flow/tab',
                ...nodes.map((id) => `/context/node/${id}`),
            ];
            for (const path of paths) none(path, JSON.stringify(await nodeRed.adminGet(path)));
            for (const [type, id] of [
                ['device-config', 'dev-good'],
                ['isup-in', 'isup'],
                ['alarm-http-in', 'basic'],
            ] as const) {
                none(id, JSON.stringify(await nodeRed.adminGet(`/credentials/${type}/${id}`)));
            }
        });

        it('stand in no message, status, log or file', async () => {
            await nodeRed.until(() => filesIn(nodeRed.userDir).includes('ISUP_OFFLINE'), 'the context to be written');
            const text = world.everything();
            assert.ok(text.length > 50_000, 'there is much to look through');
            none('everything', text);
        });
    });
}
