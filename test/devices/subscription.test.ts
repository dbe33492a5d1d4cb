import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Device } from '../../devices/device';
import { typesOf } from '../../devices/eventTypes';
import type { Occurrence } from '../../events/deviceEvent';
import type { EventTrigger } from '../../protocols/operations/detection';
import { Camera, type CameraOptions } from '../../simulator/camera';
import { settingsOf } from '../support/catchUp';
import { hastyClock, LOGIN } from '../support/requests';

const trigger = (type: string): EventTrigger => ({ id: `${type}-1`, type, methods: ['center'], center: true });

describe('the words of a subscription', () => {
    const triggers = ['VMD', 'linedetection', 'fielddetection', 'tamperdetection'].map(trigger);

    it('are those of the device, for kinds, families and words of the vendor', () => {
        assert.deepEqual(typesOf(['motion'], triggers), ['VMD']);
        assert.deepEqual(typesOf(['perimeter', 'vmd'], triggers), ['linedetection', 'fielddetection', 'VMD']);
    });

    it('are none, so that everything is asked for, where the device does not list one of the kinds', () => {
        assert.deepEqual(typesOf(['motion', 'doorbell'], triggers), []);
        assert.deepEqual(typesOf(['motion'], []), []);
    });

    it('are none for access events, whose lists of codes have no published form', () => {
        assert.deepEqual(typesOf(['access'], [trigger('AccessControllerEvent')]), []);
    });
});

describe('a device that is subscribed to', () => {
    const toClose: { close(): Promise<void> }[] = [];
    afterEach(async () => {
        for (const one of toClose.splice(0).reverse()) await one.close();
    });

    async function setUp(options: CameraOptions = {}) {
        const camera = await new Camera({ login: LOGIN, heartbeatSeconds: 0, ...options }).listen();
        toClose.push(camera);
        const device = new Device(settingsOf(camera), { clock: hastyClock() });
        toClose.push(device);
        const listen = (kinds: string[]) => {
            const heard: Occurrence[] = [];
            let heartbeats = 0;
            device.subscribe(
                { mode: 'subscribe', watchdog: 60, kinds },
                {
                    occurrence: (occurrence) => heard.push(occurrence),
                    connection: () => undefined,
                    heartbeat: () => {
                        heartbeats += 1;
                    },
                    unreadable: (_part, reason) => assert.fail(reason),
                    lost: () => undefined,
                    warning: () => undefined,
                },
            );
            return { heard, heartbeats: () => heartbeats };
        };
        return { camera, listen };
    }

    async function until(check: () => boolean): Promise<void> {
        const deadline = Date.now() + 30_000;
        while (!check()) {
            if (Date.now() > deadline) throw new Error('waited in vain');
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
    }

    const wants = (camera: Camera, type: string) => [...camera.streams].map((stream) => stream.wants(type));

    it('reports only what the nodes want together', async () => {
        const { camera, listen } = await setUp();
        const motion = listen(['motion']);
        listen(['line-crossing']);
        await camera.streams.whenOpen();
        assert.deepEqual(wants(camera, 'VMD'), [true]);
        assert.deepEqual(wants(camera, 'linedetection'), [true]);
        assert.deepEqual(wants(camera, 'fielddetection'), [false]);
        camera.emit({ type: 'VMD' });
        await until(() => motion.heard.length === 1);
        assert.equal(motion.heard[0]?.event.via, 'subscribe');
    });

    it('reports everything where one node wants everything', async () => {
        const { camera, listen } = await setUp();
        listen(['motion']);
        listen([]);
        await camera.streams.whenOpen();
        assert.deepEqual(wants(camera, 'fielddetection'), [true]);
    });

    it('is armed anew for a node that comes later and wants more', async () => {
        const { camera, listen } = await setUp();
        listen(['motion']);
        await camera.streams.whenOpen();
        const late = listen(['intrusion']);
        await until(() => camera.streams.opened === 2 && camera.streams.size === 1);
        assert.deepEqual(wants(camera, 'fielddetection'), [true]);
        assert.deepEqual(wants(camera, 'VMD'), [true]);
        camera.emit({ type: 'fielddetection' });
        await until(() => late.heard.length === 1);
    });

    it('is asked for everything where it does not take the list', async () => {
        const { camera, listen } = await setUp();
        camera.misbehave('POST', '/ISAPI/Event/notification/subscribeEvent', (exchange) =>
            exchange.outcome('eventNotSupport'),
        );
        const { heard } = listen(['motion']);
        await camera.streams.whenOpen();
        assert.deepEqual(wants(camera, 'fielddetection'), [true]);
        camera.emit({ type: 'VMD' });
        await until(() => heard.length === 1);
        assert.equal(heard[0]?.event.via, 'subscribe');
    });

    it('gives its plain stream where it takes no subscription at all', async () => {
        const { camera, listen } = await setUp({ subscribe: false });
        const { heard } = listen(['motion']);
        await camera.streams.whenOpen();
        camera.emit({ type: 'VMD' });
        await until(() => heard.length === 1);
        assert.equal(heard[0]?.event.via, 'alertstream');
    });

    it('shows that it is there', async () => {
        const { camera, listen } = await setUp();
        const { heartbeats } = listen(['motion']);
        await camera.streams.whenOpen();
        camera.streams.beat();
        await until(() => heartbeats() === 1);
    });
});
