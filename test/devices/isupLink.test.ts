import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { IsupLink } from '../../devices/isupLink';
import { Fault } from '../../protocols/errors';
import type { IsupListener } from '../../protocols/isup/listener';
import { LARGEST_REQUEST } from '../../protocols/isup/passthrough';
import { IsupDevice } from '../../simulator/isupDevice';
import { withListener } from '../protocols/isup/rig';

const KEY = 'Test1234key';

async function withDevice(body: (link: IsupLink, listener: IsupListener, device: IsupDevice) => Promise<void>) {
    const options = { devices: [], defaultKey: KEY, advertise: '', random: undefined };
    await withListener(options, async ({ listener, port }) => {
        const device = new IsupDevice({ host: '127.0.0.1', port, deviceId: 'CAM1', key: KEY });
        const link = new IsupLink(() => listener, 'CAM1', 10_000);
        try {
            assert.equal(await device.start(), 'online');
            await body(link, listener, device);
        } finally {
            link.close();
            device.destroy();
        }
    });
}

describe('the link through an ISUP session', () => {
    it('answers as HTTP would have', async () => {
        await withDevice(async (link) => {
            const info = await link.request({ path: '/ISAPI/System/deviceInfo' });
            assert.equal(info.statusCode, 200);
            assert.equal(info.headers['content-type'], 'application/xml');
            assert.match(info.body.toString(), /<model>DS-TEST-CAM/);
            const picture = await link.request({ path: '/ISAPI/Streaming/channels/101/picture' });
            assert.equal(picture.headers['content-type'], 'image/jpeg');
            const nothing = await link.request({ path: '/ISAPI/nothing' });
            assert.equal(nothing.statusCode, 403);
            assert.match(nothing.body.toString(), /notSupport/);
            const put = await link.request({
                method: 'PUT',
                path: '/ISAPI/Event/notification/httpHosts/1',
                body: '<HttpHostNotification><id>1</id><portNo>0</portNo></HttpHostNotification>',
            });
            assert.equal(put.statusCode, 200);
        });
    });

    it('says that the device is not online, that there is no listener, and what it cannot carry', async () => {
        await withDevice(async (link, listener, device) => {
            const other = new IsupLink(() => listener, 'CAM2', 1000);
            await assert.rejects(other.request({ path: '/' }), { code: 'ISUP_OFFLINE' });
            const none = new IsupLink(
                () => {
                    throw new Fault('ISUP_LISTENER_MISSING');
                },
                'CAM1',
                1000,
            );
            await assert.rejects(none.request({ path: '/' }), { code: 'ISUP_LISTENER_MISSING' });
            await assert.rejects(link.open({ path: '/ISAPI/Event/notification/alertStream' }), {
                code: 'NOT_SUPPORTED',
            });
            await assert.rejects(link.request({ path: '/ISAPI/System/deviceInfo', maxBody: 10 }), {
                code: 'RESPONSE_TOO_LARGE',
            });
            const stream = await link.open({ path: '/ISAPI/System/deviceInfo' });
            assert.match(await text(stream.body), /DeviceInfo/);
            device.stop('close');
        });
    });

    it('carries large requests, and refuses what is too large without harm to the session', async () => {
        await withDevice(async (link, listener, device) => {
            const path = '/ISAPI/System/deviceInfo';
            const put = (size: number) => link.request({ method: 'PUT', path, body: Buffer.alloc(size, 0x20) });
            await put(LARGEST_REQUEST - path.length);
            await assert.rejects(put(LARGEST_REQUEST), { code: 'REQUEST_TOO_LARGE' });
            assert.equal(device.state, 'online');
            assert.equal((await link.request({ path })).statusCode, 200);
            assert.equal(listener.table.counts().online, 1);
        });
    });

    it('ends what is under way when it is closed', async () => {
        await withDevice(async (link, _listener, device) => {
            device.stop('pull');
            const waiting = assert.rejects(link.request({ path: '/ISAPI/System/deviceInfo' }), { code: 'CLOSED' });
            link.close();
            await waiting;
            await assert.rejects(link.request({ path: '/' }), { code: 'CLOSED' });
        });
    });
});
