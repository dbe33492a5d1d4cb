import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Device } from '../../devices/device';
import { DEMO_LOGIN } from '../../simulator/demo';
import { startP2pDemo } from '../../simulator/p2pDemo';

describe('the recorder behind the simulated P2P cloud', () => {
    it('is a device like any other: its page, its data and a snapshot come through the cloud', async () => {
        const demo = await startP2pDemo({ cloudPort: 0 });
        const device = new Device({
            name: 'far',
            vendor: 'auto',
            link: 'p2p',
            host: '',
            protocol: 'http',
            verify: 'verify',
            fingerprint: '',
            auth: 'auto',
            ...DEMO_LOGIN,
            timeout: 10_000,
            maxSockets: 1,
            p2p: {
                serial: 'TESTSN0000001',
                cloud: 'easy4ip',
                cloudServer: `127.0.0.1:${demo.cloud.port}`,
                cloudUser: '',
                cloudKey: '',
            },
        });
        try {
            const page = await device.request({ path: '/' });
            assert.match(page.body.toString(), /Simulated recorder/);
            const info = await device.request({ path: '/cgi-bin/magicBox.cgi?action=getSystemInfo' });
            assert.match(info.body.toString(), /serialNumber=/);
            const picture = await device.snapshot(1);
            assert.equal(picture.contentType, 'image/jpeg');
            assert.equal((await device.p2p.query()).online, true);
        } finally {
            await device.close();
            await demo.close();
        }
        assert.equal(demo.recorder.sessionCount, 0);
    });
});
