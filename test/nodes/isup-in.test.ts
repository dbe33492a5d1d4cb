/** What an `isup-in` does with its ports, and what comes out where. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Presence } from '../../protocols/isup/presence';
import { IsupDevice } from '../../simulator/isupDevice';
import { flowNode, TAB } from '../flows/flow';
import { vectors } from '../protocols/isup/vectors';
import { freePort } from '../support/freePort';
import { GlueStage } from '../support/glueStage';
import { soon } from '../support/soon';

const KEY = 'Canary-7f3a';
const HOST = '127.0.0.1';

/** Takes a port for TCP and for UDP, as another program would. @returns frees it again */
async function occupy(port: number): Promise<() => Promise<void>> {
    const tcp = createServer().listen(port, HOST);
    const udp = createSocket('udp4').bind(port, HOST);
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    return async () => {
        await Promise.all([once(tcp.close(), 'close'), new Promise<void>((done) => udp.close(done))]);
    };
}

describe('isup-in', () => {
    const sinks = [flowNode('presence', 'sink'), flowNode('data', 'sink')];
    /** Another one for each test: what an `isup-in` knows of its devices outlives a deploy, by its id. */
    let id = '';
    let count = 0;
    let port: number;
    let alarmPort: number;
    let device: IsupDevice;
    let stage: GlueStage;

    const isup = (more: object = {}) => {
        const wires = [['presence'], ['data']];
        return flowNode(id, 'isup-in', { bind: HOST, port, alarmPort, version: 1, wires, ...more });
    };
    const start = async (more: object[] = []) => {
        stage = await GlueStage.start([TAB, isup(), ...more, ...sinks], { [id]: { key: KEY } });
    };
    const open = () => soon(() => stage.statuses(id).length, 'open ports');
    const states = () => stage.received('presence').map(({ payload }) => (payload as Presence).state);

    beforeEach(async () => {
        count += 1;
        id = `isup-${count}`;
        [port, alarmPort] = [await freePort(), await freePort()];
        device = new IsupDevice({ host: HOST, port, deviceId: 'CAM1', key: KEY });
    });
    afterEach(async () => {
        device.destroy();
        await stage.close();
    });

    it('puts presence on output 1, events on output 2, and no key anywhere', async () => {
        await start();
        await open();
        assert.equal(await device.start(), 'online');
        const online = await stage.message('presence', 1);
        assert.equal(online.topic, 'CAM1/presence');
        assert.deepEqual(states(), ['registering', 'online']);
        device.alarm(vectors.alarm_xml!.body!);
        const event = await stage.message('data');
        assert.equal(event.topic, 'CAM1/1/motion');
        assert.equal((event.payload as { via: string }).via, 'isup');
        assert.match((event.raw as { text: string }).text, /EventNotificationAlert/);
        assert.equal(stage.received('presence').length, 2);
        assert.ok(!JSON.stringify([stage.received('presence'), stage.received('data')]).includes(KEY));
        assert.deepEqual(stage.errors(id), []);
    });

    it('closed with a device online frees its ports and says nothing of the device', async () => {
        await start();
        await open();
        await device.start();
        await stage.message('presence', 1);
        await stage.close();
        for (const freed of [port, alarmPort]) await (await occupy(freed))();
        assert.deepEqual(states(), ['registering', 'online'], 'a redeploy is no news of a device');
        assert.deepEqual(stage.statuses(id).at(-1), {});
        assert.deepEqual([...stage.errors(id), ...stage.warnings(id)], []);
    });

    it('deployed anew has its ports at once, and the device comes back', async () => {
        await start();
        await open();
        await device.start();
        await stage.message('presence', 1);
        await stage.deploy([TAB, isup({ name: 'again' }), ...sinks], 'nodes', { [id]: { key: KEY } });
        device.destroy();
        device = new IsupDevice({ host: HOST, port, deviceId: 'CAM1', key: KEY });
        await soon(
            () =>
                device.start().then(
                    (state) => state === 'online',
                    () => false,
                ),
            'the device to be back',
        );
        assert.deepEqual([stage.errors(id), stage.statuses(id).at(-1)?.fill === 'red'], [[], false]);
    });

    it('says that its port is taken, in red, and closes while it waits to try again', async () => {
        const free = await occupy(port);
        try {
            await start();
            await soon(() => stage.errors(id).length, 'an error');
            assert.match(String(stage.errors(id)[0]), new RegExp(`^Port ${port} on ${HOST} is in use`));
            assert.equal(stage.statuses(id).at(-1)?.fill, 'red');
            await stage.close();
        } finally {
            await free();
        }
        assert.equal(stage.errors(id).length, 1);
    });

    it('takes the key of a device-config that names it, and forgets it with the device-config', async () => {
        const door = {
            id: 'door',
            type: 'device-config',
            name: 'porta',
            link: 'isup',
            isupId: 'CAM1',
            listener: id,
        };
        const own = new IsupDevice({ host: HOST, port, deviceId: 'CAM1', key: 'Door-key-1' });
        try {
            stage = await GlueStage.start([TAB, isup({ accept: 'known' }), { ...door, version: 1 }, ...sinks], {
                [id]: { key: KEY },
                door: { isupKey: 'Door-key-1' },
            });
            await open();
            assert.equal(await own.start(), 'online');
            assert.equal((await stage.message('presence', 1)).topic, 'porta/presence');
            own.stop();
            await soon(() => states().at(-1) === 'offline', 'it to go');
            await stage.deploy([TAB, isup({ accept: 'known' }), ...sinks], 'nodes', { [id]: { key: KEY } });
            assert.notEqual(await device.start(), 'online');
            await soon(() => states().at(-1) === 'rejected', 'it to be refused');
        } finally {
            own.destroy();
        }
    });
});
