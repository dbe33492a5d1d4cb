import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Camera, type CameraOptions } from '../../simulator/camera';
import { hastyClock, LOGIN, requestsTo } from '../support/requests';

async function withCamera(
    options: CameraOptions,
    use: (link: ReturnType<typeof requestsTo>, camera: Camera) => Promise<void>,
): Promise<void> {
    const camera = await new Camera({ login: LOGIN, ...options }).listen();
    const link = requestsTo(camera, { clock: hastyClock() });
    try {
        await use(link, camera);
    } finally {
        link.close();
        await camera.close();
    }
}

describe('requests to a device that makes it hard', () => {
    it('that writes stray bytes before its status line are answered', async () => {
        await withCamera({ strayBytes: '#' }, async ({ requests }) => {
            const { payload } = await requests.run('deviceInfo', {}, {});
            assert.equal((payload as { model: string }).model, 'DS-2CD2185FWD-I');
        });
    });

    it('that has not been activated say so', async () => {
        await withCamera({ activated: false }, async ({ requests }) => {
            await assert.rejects(requests.run('deviceInfo', {}, {}), { code: 'NOT_ACTIVATED' });
        });
    });

    it('that is locked are not sent again, and tell until when', async () => {
        await withCamera({}, async ({ requests }, camera) => {
            camera.setPassword('changed');
            await assert.rejects(requests.run('deviceInfo', {}, {}), { code: /^AUTH_/ });
            const before = camera.requests.length;
            await assert.rejects(requests.run('snapshot', {}, {}), (fault: { code: string; unlockAt?: number }) => {
                assert.match(fault.code, /^AUTH_(?:BLOCKED|LOCKED)$/);
                return Number(fault.unlockAt) > Date.now();
            });
            assert.equal(camera.requests.length, before);
        });
    });

    it('that has no free connection say so, and are not taken for a wrong password', async () => {
        await withCamera({}, async ({ requests }, camera) => {
            camera.misbehave('GET', '/ISAPI/System/time', (exchange) => exchange.outcome('deployExceedMax'));
            await assert.rejects(requests.run('deviceTime', {}, {}), { code: 'NO_SLOT', status: 403 });
            assert.ok((await requests.run('deviceTime', {}, {})).payload);
        });
    });

    it('that is busy for a while are answered in the end', async () => {
        await withCamera({}, async ({ requests }, camera) => {
            camera.misbehave('PUT', '/ISAPI/System/time', (exchange) => exchange.outcome('deviceBusy'), 2);
            await requests.run('setDeviceTime', {}, {});
        });
    });

    it('that answers the wrong thing say what came instead', async () => {
        await withCamera({}, async ({ requests }, camera) => {
            camera.misbehave('GET', '/ISAPI/Streaming/channels/{sid}/picture', (exchange) =>
                exchange.send(200, 'text/html', '<html>Login</html>'),
            );
            await assert.rejects(requests.run('snapshot', {}, {}), {
                code: 'ANSWER_UNREADABLE',
                message: /text\/html/,
            });
        });
    });

    it('keeps its nonce: twenty different questions take twenty-one exchanges', async () => {
        await withCamera({}, async ({ requests }, camera) => {
            for (let index = 0; index < 10; index += 1) {
                await requests.run('deviceInfo', {}, {});
                await requests.send({ path: `/ISAPI/System/status?n=${index}` }, {});
            }
            assert.ok(camera.requests.length <= 22, `${camera.requests.length}`);
            assert.equal(camera.totalConnections, 1);
        });
    });
});
