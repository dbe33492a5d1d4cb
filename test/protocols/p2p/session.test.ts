import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { EASY4IP } from '../../../protocols/p2p/profiles';
import { P2pSession, type SessionOptions } from '../../../protocols/p2p/session';
import type { SourceState } from '../../../protocols/p2p/tunnelSource';
import { udpOn } from '../../../protocols/p2p/udpPort';
import { LossyRelay } from '../../../simulator/lossyRelay';
import { P2pCloud, type P2pCloudOptions } from '../../../simulator/p2pCloud';
import { type RecorderOptions, SimulatedRecorder } from '../../../simulator/p2pRecorder';
import { EchoService } from './support/echo';
import { faultOf, until } from './support/waiting';

const SERIAL = 'TESTSN0000001';
const LOGIN = { username: 'admin', password: 'pass123', salt: 'Rs4lt' };

describe('a P2P session', () => {
    let echo: EchoService;
    const cleanups: (() => unknown)[] = [];

    before(async () => {
        echo = await EchoService.open();
    });
    after(() => echo.close());
    afterEach(async () => {
        for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    async function world(recorderOptions: Partial<RecorderOptions> = {}, cloudOptions: P2pCloudOptions = {}) {
        const cloud = await P2pCloud.open(cloudOptions);
        const services = { 37777: echo.port };
        const recorder = await SimulatedRecorder.open({ serial: SERIAL, services, ...recorderOptions });
        cloud.register(recorder);
        cleanups.push(
            () => cloud.close(),
            () => recorder.close(),
        );
        return { cloud, recorder };
    }

    function session(cloud: P2pCloud, options: Partial<SessionOptions> = {}) {
        const states: SourceState[] = [];
        const made = new P2pSession({
            profile: { ...EASY4IP, host: '127.0.0.1', port: cloud.port },
            serial: SERIAL,
            openUdp: udpOn('127.0.0.1'),
            localAddresses: () => [],
            punchTimeout: 1_500,
            ...options,
        });
        made.watch((state) => states.push(state));
        cleanups.push(() => made.close());
        return { made, states };
    }

    async function roundTrip(made: P2pSession, bytes = 200_000): Promise<void> {
        const realm = await made.connect(37777);
        const data = randomBytes(bytes);
        const hash = createHash('sha256');
        let got = 0;
        const done = new Promise<void>((resolve, reject) => {
            realm.on('error', reject);
            realm.on('data', (chunk: Buffer) => {
                hash.update(chunk);
                got += chunk.length;
                if (got === bytes) resolve();
            });
        });
        realm.write(data);
        await done;
        assert.equal(hash.digest('hex'), createHash('sha256').update(data).digest('hex'));
        realm.destroy();
    }

    const names = (states: SourceState[]) => states.map(({ state, route }) => (route ? `${state}/${route}` : state));
    it('goes straight to the recorder and gives the relay back', async () => {
        const { cloud } = await world({ needsSign: true });
        const { made, states } = session(cloud);
        await roundTrip(made);
        assert.deepEqual(names(states), ['opening', 'open/direct']);
        await until('the relay is given back', () => cloud.relayCount === 0);
    });

    it('asks in the order of the captured session', async () => {
        const { cloud } = await world();
        const { made } = session(cloud, { route: 'relay' });
        await roundTrip(made, 1000);
        assert.deepEqual(cloud.calls, [
            '/probe/p2psrv',
            `/online/p2psrv/${SERIAL}`,
            `/probe/device/${SERIAL}`,
            `/info/device/${SERIAL}`,
            `/device/${SERIAL}/p2p-channel`,
            '/online/relay',
            '/relay/agent',
            '/relay/start/{token}',
            `/device/${SERIAL}/relay-channel`,
        ]);
    });

    it('logs in to newer firmware with the salt of the recorder', async () => {
        const { cloud } = await world({ login: LOGIN, needsSign: true });
        const { made } = session(cloud, { credentials: { username: 'admin', password: 'pass123' } });
        await roundTrip(made);
    });

    it('falls back to the relay behind a NAT that admits no hole, and says so', async () => {
        const { cloud } = await world({ nat: 'symmetric' });
        const { made, states } = session(cloud);
        await roundTrip(made);
        assert.deepEqual(names(states), ['opening', 'open/relay']);
    });

    it('is closed without a trace while it waits for its turn to leave the relay', async () => {
        const { cloud } = await world({ nat: 'symmetric' });
        const { made, states } = session(cloud, { repunchAfter: 50, punchTimeout: 200 });
        made.open();
        await until('the relay', () => states.at(-1)?.route === 'relay');
        const mute = await udpOn('127.0.0.1')();
        cleanups.push(() => mute.close());
        // As many handshakes as there may be at a time.
        for (let count = 0; count < 6; count += 1) {
            session(cloud, { profile: { ...EASY4IP, host: '127.0.0.1', port: mute.port } }).made.open();
        }
        await new Promise((resolve) => setTimeout(resolve, 400));
        await made.close();
        assert.equal(states.at(-1)?.state, 'closed');
        // An error that nobody takes comes a moment later, and would end Node-RED.
        await new Promise((resolve) => setImmediate(resolve));
    });

    it('leaves the relay for a direct route when a hole opens later, without cutting what runs', async () => {
        const { cloud, recorder } = await world({ nat: 'symmetric' });
        const { made, states } = session(cloud, { repunchAfter: 300 });
        const realm = await made.connect(37777);
        recorder.changeNat('open');
        await until('a direct route', () => states.at(-1)?.route === 'direct');
        const answered = new Promise<Buffer>((resolve) => realm.once('data', resolve));
        realm.write('still here');
        assert.equal((await answered).toString(), 'still here');
        realm.destroy();
        await roundTrip(made);
    });

    it('uses only the way that was chosen', async () => {
        const { cloud } = await world({ nat: 'symmetric' });
        const { made, states } = session(cloud, { route: 'direct', connectTimeout: 3000 });
        const fault = await faultOf(made.connect(37777));
        assert.equal(fault.code, 'P2P_NO_ROUTE');
        assert.equal(states.at(-1)?.state === 'error' || states.at(-1)?.state === 'opening', true);
    });

    it('keeps many connections apart in one session', async () => {
        const { cloud, recorder } = await world({ merge: true });
        const { made } = session(cloud);
        await Promise.all(Array.from({ length: 20 }, () => roundTrip(made, 50_000)));
        assert.equal(recorder.sessionCount <= 2, true);
        assert.equal(recorder.bound, 20);
    });

    it('does not let a client that stops reading hold up another', async () => {
        const { cloud } = await world();
        const { made } = session(cloud);
        const lazy = await made.connect(37777);
        lazy.write(randomBytes(1_000_000));
        await roundTrip(made, 300_000);
        let got = 0;
        lazy.on('data', (chunk: Buffer) => {
            got += chunk.length;
        });
        await until('the lazy one gets all its bytes', () => got === 1_000_000);
    });

    it('says which port the recorder refuses', async () => {
        const { cloud } = await world();
        const { made } = session(cloud);
        const fault = await faultOf(made.connect(8000));
        assert.equal(fault.code, 'P2P_PORT_REFUSED');
        assert.equal(fault.details.port, 8000);
        await roundTrip(made, 1000);
    });

    it('tells a recorder that is not in this cloud at once', async () => {
        const { cloud } = await world();
        cloud.forget(SERIAL);
        const { made, states } = session(cloud);
        const fault = await faultOf(made.connect(37777));
        assert.equal(fault.code, 'P2P_DEVICE_OFFLINE');
        assert.match(fault.remedy, /Intelbras Cloud.*vendor library/);
        assert.equal(states.at(-1)?.state, 'offline');
    });

    it('tries a wrong password once and never again by itself', async () => {
        const { cloud } = await world({ login: LOGIN });
        const { made, states } = session(cloud, { credentials: { username: 'admin', password: 'wrong' } });
        assert.equal((await faultOf(made.connect(37777))).code, 'P2P_LOGIN_REJECTED');
        assert.equal((await faultOf(made.connect(37777))).code, 'P2P_LOGIN_REJECTED');
        made.open();
        assert.equal((await faultOf(made.connect(37777))).code, 'P2P_LOGIN_REJECTED');
        assert.equal(states.at(-1)?.retryAt, undefined);
        assert.equal(cloud.calls.filter((path) => path.endsWith('p2p-channel')).length, 1);
    });

    it('asks for credentials where the recorder wants them and none are set', async () => {
        const { cloud } = await world({ login: LOGIN });
        const { made } = session(cloud);
        assert.equal((await faultOf(made.connect(37777))).code, 'P2P_LOGIN_MISSING');
    });

    it('takes the time from the cloud when this machine’s clock is wrong', async () => {
        const { cloud } = await world({}, { skew: 3 * 3600_000 });
        const { made } = session(cloud);
        await roundTrip(made, 1000);
    });

    it('asks a keeper without signature when that refuses ours', async () => {
        const { cloud } = await world({}, { keeperRefusesSignature: true });
        const { made } = session(cloud);
        await roundTrip(made, 1000);
    });

    it('asks again when answers are lost, and another dispatcher when one is dead', async () => {
        const { cloud } = await world({ nat: 'symmetric' });
        cloud.troubles.push({ path: '/online/p2psrv', answer: 'silent', times: 1 });
        cloud.troubles.push({ path: '/relay/agent', answer: 'silent', times: 3 });
        const { made, states } = session(cloud);
        await roundTrip(made, 1000);
        assert.equal(states.at(-1)?.route, 'relay');
    });

    for (const [name, trouble, code] of [
        ['refuses the client', { path: '/probe/p2psrv', answer: 403 }, 'P2P_CLOUD_REFUSED'],
        ['does not know the serial', { path: '/online/p2psrv', answer: 404 }, 'P2P_NOT_IN_CLOUD'],
        ['refuses the time for ever', { path: '/online/p2psrv', answer: 401 }, 'P2P_CLOCK_WRONG'],
        ['fails', { path: '/online/p2psrv', answer: 500 }, 'P2P_CLOUD_REFUSED'],
    ] as const) {
        it(`says so when the cloud ${name}`, async () => {
            const { cloud } = await world();
            cloud.troubles.push({ ...trouble });
            const { made, states } = session(cloud, { connectTimeout: 1500 });
            const fault = await faultOf(made.connect(37777));
            assert.equal(fault.code, code);
            assert.ok(states.some((state) => state.fault?.code === code && state.retryAt !== undefined));
        });
    }

    it('comes back by itself after the recorder restarted', async () => {
        const { cloud, recorder } = await world();
        const { made, states } = session(cloud);
        const realm = await made.connect(37777);
        const closed = new Promise<void>((resolve) => realm.on('close', resolve));
        realm.on('error', () => undefined);
        recorder.restart();
        await closed;
        assert.ok(states.some((state) => state.fault?.code === 'P2P_SESSION_LOST'));
        await until('it is open again', () => made.state.state === 'open');
        await roundTrip(made, 1000);
    });

    it('follows the recorder when its NAT gives it another port', async () => {
        const { cloud, recorder } = await world({ heartbeat: 300 });
        const { made, states } = session(cloud);
        const realm = await made.connect(37777);
        await recorder.rebind();
        const answered = new Promise<Buffer>((resolve) => realm.once('data', resolve));
        realm.write('moved');
        assert.equal((await answered).toString(), 'moved');
        assert.deepEqual(names(states), ['opening', 'open/direct']);
    });

    it('survives a lossy network between itself and the recorder', async () => {
        const relays: LossyRelay[] = [];
        const { cloud, recorder } = await world(
            {},
            { publicAddress: () => ({ host: '127.0.0.1', port: relays[0]!.port }) },
        );
        relays.push(
            await LossyRelay.open(recorder.address, 7, { loss: 0.03, duplicate: 0.02, reorder: 0.05, delay: 2 }),
        );
        cleanups.push(() => relays[0]!.close());
        const { made, states } = session(cloud);
        await roundTrip(made, 500_000);
        assert.equal(states.at(-1)?.route, 'direct');
    });

    it('leaves nothing open when it is closed, in whatever state', async () => {
        const { cloud, recorder } = await world();
        const { made } = session(cloud);
        made.open();
        await made.close();
        assert.equal(made.state.state, 'closed');
        await roundTrip(made, 1000);
        await made.close();
        await until('the recorder knows', () => recorder.sessionCount === 0);
        assert.equal(cloud.relayCount, 0);
    });

    it('closes at once while it still looks for a hole', async () => {
        const { cloud } = await world({ nat: 'symmetric' });
        const { made } = session(cloud, { route: 'direct', punchTimeout: 3_600_000 });
        made.open();
        await until('the recorder was invited', () => cloud.calls.some((path) => path.includes('p2p-channel')));
        await made.close();
        assert.equal(made.state.state, 'closed');
    });

    it('refuses a serial number that could break a request', async () => {
        const { cloud } = await world();
        const { made } = session(cloud, { serial: 'A/../B HTTP' });
        assert.equal((await faultOf(made.connect(37777))).code, 'CONFIG_INVALID');
        assert.deepEqual(cloud.calls, []);
    });
});
