import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { dvripLogin, gen1Hash, gen2Hash } from '../../../protocols/dahua/passwordHash';
import { probeRecorder } from '../../../protocols/p2p/probe';
import { DMSS, EASY4IP } from '../../../protocols/p2p/profiles';
import { udpOn } from '../../../protocols/p2p/udpPort';
import { P2pCloud } from '../../../simulator/p2pCloud';
import { SimulatedRecorder } from '../../../simulator/p2pRecorder';
import { RecorderServices, type RecorderServicesOptions } from '../../../simulator/recorderServices';

describe('the login hashes of Dahua and Intelbras', () => {
    it('equal the published values', () => {
        assert.equal(gen1Hash('12345'), '6V0Y4HLF');
        assert.equal(gen1Hash('pass123'), 'Pp8S90nq');
        const login = { username: 'admin', password: 'pass123' };
        assert.equal(gen2Hash(login, 'Login to ABC', 'RND123'), 'CC57B2294C570F44926BFD3DDFACAB75');
        assert.equal(
            dvripLogin(login, 'Login to ABC', 'RND123'),
            'admin&&CC57B2294C570F44926BFD3DDFACAB75C869306E39021BACFE917BEBD646550D',
        );
    });
});

describe('the test of a P2P device', () => {
    const cleanups: (() => unknown)[] = [];
    afterEach(() => {
        for (const cleanup of cleanups.splice(0).reverse()) cleanup();
    });

    async function world(options: Partial<RecorderServicesOptions> = {}, dead = false) {
        const services = await RecorderServices.open({ username: 'admin', password: 'pass123', ...options });
        const dmss = await P2pCloud.open({ username: DMSS.username, key: DMSS.key });
        const easy = await P2pCloud.open();
        const recorder = await SimulatedRecorder.open({
            serial: 'TESTSN0000001',
            services: dead ? {} : { 37777: services.privatePort, 554: services.rtspPort },
        });
        dmss.register(recorder);
        cleanups.push(
            () => services.close(),
            () => easy.close(),
            () => dmss.close(),
            () => recorder.close(),
        );
        const at = (cloud: P2pCloud) => ({ host: '127.0.0.1', port: cloud.port });
        const probe = (password: string) =>
            probeRecorder({
                profiles: [
                    { ...EASY4IP, ...at(easy) },
                    { ...DMSS, ...at(dmss) },
                ],
                serial: 'TESTSN0000001',
                credentials: { username: 'admin', password },
                openUdp: udpOn('127.0.0.1'),
                localAddresses: () => [],
            });
        return { services, probe };
    }

    it('tells which cloud knows it, the route, and that the login is good', async () => {
        const { probe } = await world();
        const report = await probe('pass123');
        assert.deepEqual(
            report.clouds.map(({ cloud, online, fault }) => [cloud, online, fault?.code]),
            [
                ['easy4ip', false, 'P2P_DEVICE_OFFLINE'],
                ['dmss', true, undefined],
            ],
        );
        assert.equal(report.route, 'direct');
        assert.equal(report.login?.protocol, 'dvrip');
        assert.equal(report.login?.outcome, 'ok');
        assert.match(report.login?.realm ?? '', /^Login to [0-9a-f]{32}$/);
    });

    it('tells a wrong password from a dead tunnel, with one attempt', async () => {
        const wrong = await world();
        assert.equal((await wrong.probe('wrong')).login?.outcome, 'wrong-password');
        assert.equal(wrong.services.logins, 1);
        const dead = await world({}, true);
        const report = await dead.probe('pass123');
        assert.equal(report.fault?.code, 'P2P_PORT_REFUSED');
        assert.equal(report.login, undefined);
    });

    it('tells a locked account and a recorder that was never set up', async () => {
        assert.equal((await (await world({ triesBeforeLock: 0 })).probe('pass123')).login?.outcome, 'locked');
        assert.equal((await (await world({ initialised: false })).probe('pass123')).login?.outcome, 'not-initialised');
    });

    it('speaks DHIP where the recorder does not know DVRIP', async () => {
        const { services, probe } = await world({ dhip: true });
        const good = await probe('pass123');
        assert.deepEqual([good.login?.protocol, good.login?.outcome], ['dhip', 'ok']);
        const bad = await probe('wrong');
        assert.equal(bad.login?.outcome, 'wrong-password');
        assert.equal(services.logins, 2);
    });

    it('has RTSP behind its tunnel, too', async () => {
        const { services } = await world();
        const socket = connect(services.rtspPort, '127.0.0.1');
        socket.write(
            'OPTIONS rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\nDESCRIBE rtsp://127.0.0.1/ RTSP/1.0\r\nCSeq: 2\r\n\r\n',
        );
        let text = '';
        await new Promise<void>((done) => {
            socket.on('data', (chunk) => {
                text += chunk;
                if (text.includes('CSeq: 2')) done();
            });
        });
        socket.destroy();
        assert.match(text, /200 OK[\s\S]*401 Unauthorized[\s\S]*Digest realm="Login to/);
    });
});
