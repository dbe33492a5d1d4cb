import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { PortPlan } from '../../../protocols/p2p/portPlan';
import { EASY4IP } from '../../../protocols/p2p/profiles';
import { P2pSession } from '../../../protocols/p2p/session';
import { SharedSources } from '../../../protocols/p2p/sharedSources';
import { TunnelGroup, type TunnelGroupOptions, type TunnelReport } from '../../../protocols/p2p/tunnelGroup';
import { udpOn } from '../../../protocols/p2p/udpPort';
import { P2pCloud } from '../../../simulator/p2pCloud';
import { SimulatedRecorder } from '../../../simulator/p2pRecorder';
import { EchoService } from './support/echo';
import { echoThrough, faultOf, until } from './support/waiting';

describe('the tunnels of a recorder', () => {
    let echo: EchoService;
    let cloud: P2pCloud;
    const cleanups: (() => unknown)[] = [];
    const shared = new SharedSources();
    const plan = new PortPlan();

    before(async () => {
        echo = await EchoService.open();
        cloud = await P2pCloud.open();
    });
    after(() => {
        echo.close();
        cloud.close();
    });
    afterEach(async () => {
        for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
        assert.equal(plan.openCount, 0, 'every port was given back');
    });

    async function recorder(serial: string) {
        const made = await SimulatedRecorder.open({
            serial,
            services: { 37777: echo.port, 80: echo.port, 554: echo.port },
        });
        cloud.register(made);
        cleanups.push(() => made.close());
        return made;
    }

    function tunnels(serial: string, options: Partial<TunnelGroupOptions> = {}) {
        const reports: TunnelReport[] = [];
        const group = new TunnelGroup({
            serial,
            plan,
            ports: [{ service: 'sdk', remote: 37777, local: 0 }],
            acquire: () =>
                shared.acquire(
                    serial,
                    () =>
                        new P2pSession({
                            serial,
                            profile: { ...EASY4IP, host: '127.0.0.1', port: cloud.port },
                            openUdp: udpOn('127.0.0.1'),
                            localAddresses: () => [],
                        }),
                ),
            onChange: (report) => reports.push(report),
            ...options,
        });
        cleanups.push(() => group.close());
        return { group, reports };
    }

    const local = (group: TunnelGroup, index = 0) => group.report.ports[index]!.local;

    it('are local ports by the vendor’s plan, bound to loopback', async () => {
        await recorder('TESTSN0000001');
        const { group, reports } = tunnels('TESTSN0000001', {
            ports: [
                { service: 'sdk', remote: 37777, local: 0 },
                { service: 'rtsp', remote: 554, local: 0 },
                { service: 'http', remote: 80, local: 0 },
            ],
        });
        await group.open();
        const ranges = [17777, 18554, 18080];
        for (const [index, port] of group.report.ports.entries()) {
            assert.equal(port.host, '127.0.0.1');
            assert.ok(port.local >= ranges[index]! && port.local < ranges[index]! + 100);
        }
        for (const port of group.report.ports) await echoThrough(port.local, 100_000);
        assert.deepEqual(
            reports.map(({ state, route }) => [state, route]),
            [
                ['opening', undefined],
                ['open', 'direct'],
            ],
        );
        await group.close();
        assert.equal(reports.at(-1)?.state, 'closed');
        assert.deepEqual(reports.at(-1)?.ports, []);
    });

    it('pass over ports that others hold, and never share one', async () => {
        await recorder('TESTSN0000001');
        await recorder('TESTSN0000002');
        const one = tunnels('TESTSN0000001').group;
        await one.open();
        const other = createServer();
        await new Promise<void>((ready) => other.listen(local(one) + 1, '127.0.0.1', ready));
        cleanups.push(() => other.close());
        const two = tunnels('TESTSN0000002').group;
        await two.open();
        assert.notEqual(local(two), local(one));
        assert.notEqual(local(two), local(one) + 1);
        await Promise.all([echoThrough(local(one), 50_000), echoThrough(local(two), 50_000)]);
    });

    it('say which fixed port is taken, and open none of the others then', async () => {
        await recorder('TESTSN0000001');
        const { group, reports } = tunnels('TESTSN0000001', {
            ports: [
                { service: 'sdk', remote: 37777, local: 0 },
                { service: 'custom', remote: 80, local: echo.port },
            ],
        });
        const fault = await faultOf(group.open());
        assert.equal(fault.code, 'PORT_IN_USE');
        assert.equal(reports.at(-1)?.state, 'error');
        assert.equal(plan.openCount, 0);
    });

    it('share one session, which ends with the last of them', async () => {
        const there = await recorder('TESTSN0000001');
        const one = tunnels('TESTSN0000001').group;
        const two = tunnels('TESTSN0000001', { ports: [{ service: 'http', remote: 80, local: 0 }] }).group;
        await one.open();
        await two.open();
        await echoThrough(local(one), 1000);
        await echoThrough(local(two), 1000);
        await one.close();
        await echoThrough(local(two), 1000);
        const probes = cloud.calls.filter((path) => path === '/online/p2psrv/TESTSN0000001').length;
        await two.close();
        await until('the recorder is left alone', () => there.sessionCount === 0);
        assert.ok(probes >= 1);
    });

    it('close when idle, never while a client is there', async () => {
        await recorder('TESTSN0000001');
        const { group, reports } = tunnels('TESTSN0000001', { idle: 400 });
        await group.open();
        const client = connect(local(group), '127.0.0.1');
        client.write('hello');
        await new Promise((heard) => client.once('data', heard));
        await new Promise((wait) => setTimeout(wait, 900));
        assert.equal(group.report.state, 'open');
        client.destroy();
        await until('it closed by itself', () => group.report.state === 'closed');
        assert.equal(reports.at(-1)?.reason, 'idle');
    });

    it('may keep their ports when idle and come back for the next client', async () => {
        await recorder('TESTSN0000001');
        const { group } = tunnels('TESTSN0000001', { idle: 300, keepPorts: true });
        await group.open();
        await echoThrough(local(group), 1000);
        await until('the way is closed', () => group.report.state === 'closed');
        assert.equal(group.report.ports.length, 1);
        await echoThrough(local(group), 1000);
        assert.equal(group.report.state, 'open');
    });

    it('cut a client whose port the recorder refuses, and say so', async () => {
        await recorder('TESTSN0000001');
        const { group, reports } = tunnels('TESTSN0000001', { ports: [{ service: 'custom', remote: 8000, local: 0 }] });
        await group.open();
        const client = connect(local(group), '127.0.0.1');
        client.on('error', () => undefined);
        await new Promise((closed) => client.once('close', closed));
        assert.equal(reports.at(-1)?.fault?.code, 'P2P_PORT_REFUSED');
        assert.equal(reports.at(-1)?.state, 'open');
    });

    it('carry what a client still waits for after it has closed its half', async () => {
        await recorder('TESTSN0000001');
        const { group } = tunnels('TESTSN0000001');
        await group.open();
        const client = connect({ port: local(group), host: '127.0.0.1', allowHalfOpen: true });
        let got = 0;
        client.on('data', (chunk) => {
            got += chunk.length;
        });
        client.end(Buffer.alloc(300_000));
        await new Promise((ended) => client.once('end', ended));
        assert.equal(got, 300_000);
        client.destroy();
    });

    it('survive being opened and closed in a hurry', async () => {
        await recorder('TESTSN0000001');
        const { group } = tunnels('TESTSN0000001');
        for (let round = 0; round < 5; round += 1) {
            const opened = group.open();
            const closed = group.close();
            await Promise.all([opened, closed]);
        }
        await group.open();
        await echoThrough(local(group), 1000);
    });

    it('are a hundred at most', async () => {
        const full = new PortPlan();
        const servers = [];
        for (let index = 0; index < 100; index += 1) {
            servers.push(
                await full.listen(
                    { service: index % 2 ? 'sdk' : 'rtsp', remote: 1, local: 0 },
                    '127.0.0.1',
                    () => undefined,
                ),
            );
        }
        const fault = await faultOf(
            full.listen({ service: 'http', remote: 80, local: 0 }, '127.0.0.1', () => undefined),
        );
        assert.equal(fault.code, 'P2P_TOO_MANY_TUNNELS');
        await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
        assert.equal(full.openCount, 0);
    });
});
