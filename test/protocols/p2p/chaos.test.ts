import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EASY4IP } from '../../../protocols/p2p/profiles';
import { P2pSession, type SessionOptions } from '../../../protocols/p2p/session';
import type { SourceState } from '../../../protocols/p2p/tunnelSource';
import { udpOn } from '../../../protocols/p2p/udpPort';
import { LossyRelay } from '../../../simulator/lossyRelay';
import { P2pCloud } from '../../../simulator/p2pCloud';
import { type RecorderOptions, SimulatedRecorder } from '../../../simulator/p2pRecorder';
import { EchoService } from './support/echo';
import { until } from './support/waiting';

/** Everything between a session and its recorder can be taken away here. */
class World {
    static readonly #open = new Set<World>();

    static async closeAll(): Promise<void> {
        await Promise.all([...World.#open].map((world) => world.close()));
        World.#open.clear();
    }

    readonly states: SourceState[] = [];

    private constructor(
        readonly cloud: P2pCloud,
        readonly recorder: SimulatedRecorder,
        /** The network between the session and the recorder. */
        readonly network: LossyRelay,
        readonly session: P2pSession,
    ) {
        session.watch((state) => this.states.push(state));
        World.#open.add(this);
    }

    static async open(echo: EchoService, recorder: Partial<RecorderOptions>, session: Partial<SessionOptions> = {}) {
        let network: LossyRelay | undefined;
        const cloud = await P2pCloud.open({ publicAddress: () => ({ host: '127.0.0.1', port: network!.port }) });
        const serial = 'TESTSN0000001';
        const made = await SimulatedRecorder.open({ serial, services: { 37777: echo.port }, ...recorder });
        network = await LossyRelay.open(made.address, 1);
        cloud.register(made);
        const options: SessionOptions = {
            serial,
            profile: { ...EASY4IP, host: '127.0.0.1', port: cloud.port },
            openUdp: udpOn('127.0.0.1'),
            localAddresses: () => [],
            punchTimeout: 1500,
            ...session,
        };
        return new World(cloud, made, network, new P2pSession(options));
    }

    /** One word there and back. */
    async echo(): Promise<void> {
        const realm = await this.session.connect(37777);
        const answer = new Promise<Buffer>((resolve, reject) => {
            realm.once('data', resolve);
            realm.once('close', () => reject(new Error('closed')));
        });
        realm.write('hello');
        assert.equal((await answer).toString(), 'hello');
        realm.destroy();
    }

    get told(): string[] {
        return this.states.map(({ state, route, fault }) => fault?.code ?? (route ? `${state}/${route}` : state));
    }

    async close(): Promise<void> {
        await this.session.close();
        this.recorder.close();
        this.network.close();
        this.cloud.close();
    }
}

describe('a session in a world that falls apart', { concurrency: true }, () => {
    let echo: EchoService;
    before(async () => {
        echo = await EchoService.open();
    });
    after(async () => {
        await World.closeAll();
        echo.close();
    });

    it('goes on without the cloud once it is direct', async () => {
        const world = await World.open(echo, {});
        await world.echo();
        world.cloud.close();
        await world.echo();
        assert.deepEqual(world.told, ['opening', 'open/direct']);
    });

    it('says that its relay is gone, and takes another one', { timeout: 90_000 }, async () => {
        const world = await World.open(echo, { nat: 'symmetric' });
        await world.echo();
        world.cloud.killRelays();
        await until('it says so', () => world.told.includes('P2P_SESSION_LOST'));
        await until('it is open again', () => world.session.state.state === 'open');
        await world.echo();
        assert.deepEqual(world.told, ['opening', 'open/relay', 'P2P_SESSION_LOST', 'opening', 'open/relay']);
    });

    it('says that the recorder is gone, and comes back with it', { timeout: 90_000 }, async () => {
        const world = await World.open(echo, {});
        await world.echo();
        world.recorder.dead = true;
        world.recorder.online = false;
        await until('it says so', () => world.told.includes('P2P_DEVICE_OFFLINE'));
        assert.equal(world.session.state.state === 'offline' || world.session.state.state === 'opening', true);
        world.recorder.restart();
        world.recorder.dead = false;
        world.recorder.online = true;
        await until('it is open again', () => world.session.state.state === 'open');
        await world.echo();
    });

    it('comes back when its own NAT forgets the binding', { timeout: 90_000 }, async () => {
        const world = await World.open(echo, {});
        await world.echo();
        await world.network.rebind();
        await until('it notices', () => world.told.includes('P2P_SESSION_LOST'));
        await until('it is open again', () => world.session.state.state === 'open');
        await world.echo();
        assert.equal(world.session.state.route, 'direct');
    });

    it('serves a client who comes while the session is dead and nobody has noticed', { timeout: 90_000 }, async () => {
        const world = await World.open(echo, {});
        await world.echo();
        world.recorder.restart();
        await world.echo();
        assert.ok(world.told.includes('P2P_SESSION_LOST'));
    });

    it('bridges a silence that is shorter than a dead recorder', { timeout: 90_000 }, async () => {
        const world = await World.open(echo, {});
        await world.echo();
        world.network.silent = true;
        await new Promise((wait) => setTimeout(wait, 7000));
        world.network.silent = false;
        await world.echo();
        assert.deepEqual(world.told, ['opening', 'open/direct']);
    });
});
