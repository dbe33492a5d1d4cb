import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import type { Fault } from '../../protocols/errors';
import { readAlarmBody } from '../../protocols/isup/alarmBody';
import { AlarmHostKeeper, claimAlarmHost, releaseAlarmHost } from '../../protocols/isup/alarmHost';
import { EhomeDevice } from '../../simulator/ehomeDevice';
import { IsupDevice, type IsupDeviceOptions } from '../../simulator/isupDevice';
import { IsupFleet } from '../../simulator/isupFleet';
import { type Rig, type RigOptions, until, withListener } from '../protocols/isup/rig';
import { vectors } from '../protocols/isup/vectors';

const KEY = 'Test1234key';
const ID = 'ISUPTEST01';

/** A real listener with its own randomness, and devices that are gone when the test is over. */
async function stage(
    options: RigOptions,
    body: (rig: Rig, device: (more?: Partial<IsupDeviceOptions>) => IsupDevice) => Promise<void>,
): Promise<void> {
    const devices: IsupDevice[] = [];
    const random = undefined;
    await withListener({ advertise: '', random, devices: [], defaultKey: KEY, ...options }, async (rig) => {
        try {
            await body(rig, (more = {}) => {
                const device = new IsupDevice({ host: '127.0.0.1', port: rig.port, deviceId: ID, key: KEY, ...more });
                devices.push(device);
                return device;
            });
        } finally {
            for (const device of devices) device.destroy();
        }
    });
}

const request = (rig: Rig, method: string, path: string, body?: Buffer) =>
    rig.listener.request(ID, { method, path, timeout: 10_000, ...(body && { body }) });

describe('a simulated ISUP 5.0 device', () => {
    it('logs in, comes online at the address it was handed, and answers requests', async () => {
        await stage({}, async (rig, device) => {
            const steps: string[] = [];
            const camera = device({ onStep: (step) => steps.push(step) });
            assert.equal(await camera.start(), 'online');
            assert.deepEqual(rig.said(ID), ['registering', 'online']);
            assert.deepEqual(steps, ['AUTH_I sent', 'authenticated', `session at 127.0.0.1:${rig.port}`, 'online']);
            const info = await request(rig, 'GET', '/ISAPI/System/deviceInfo');
            assert.match(info.toString(), /<model>DS-TEST-CAM<\/model>/);
            const picture = await request(rig, 'GET', '/ISAPI/Streaming/channels/101/picture');
            assert.deepEqual([...picture.subarray(0, 2)], [0xff, 0xd8]);
            assert.match((await request(rig, 'GET', '/ISAPI/nothing')).toString(), /notSupport/);
            camera.stop();
            await until('offline', () => rig.said(ID).includes('offline/disconnect'));
        });
    });

    it('comes back with the refresh, and with a full login after the listener lost its master key', async () => {
        await stage({}, async (rig, device) => {
            const steps: string[] = [];
            const camera = device({ onStep: (step) => steps.push(step) });
            await camera.start();
            camera.stop('close');
            await until('offline', () => rig.said(ID).includes('offline/closed'));
            steps.length = 0;
            assert.equal(await camera.start(), 'online');
            assert.ok(steps.includes('refreshed'));
            camera.stop('close');
            rig.listener.table.find(ID)!.masterKey = undefined;
            steps.length = 0;
            assert.equal(await camera.start(), 'online');
            assert.deepEqual(steps.slice(0, 3), [
                'REFRESH_I sent',
                'the listener does not know the last login',
                'AUTH_I sent',
            ]);
        });
    });

    it('reconnects by itself when its session is cut', async () => {
        await stage({}, async (rig, device) => {
            const camera = device({ reconnect: 10 });
            await camera.start();
            rig.listener.table.find(ID)!.session!.retire();
            await until('the end of the session', () => camera.state !== 'online');
            await until('online again', () => camera.state === 'online');
        });
    });

    it('stops and tells the status where the key is wrong', async () => {
        await stage({}, async (rig, device) => {
            const camera = device({ key: 'another key' });
            assert.equal(await camera.start(), 'refused');
            assert.equal(camera.refusedWith, 1);
            assert.deepEqual(rig.said(ID), ['registering', 'rejected/bad-key']);
        });
    });

    it('comes online without a will, with an empty one, byte by byte and without QoS', async () => {
        for (const faults of [
            { will: 'none' },
            { will: 'empty' },
            { sending: 'byte-by-byte' },
            { qos0: true },
        ] as const) {
            await stage({}, async (rig, device) => {
                const camera = device({ faults });
                assert.equal(await camera.start(), 'online', JSON.stringify(faults));
                await request(rig, 'GET', '/ISAPI/System/deviceInfo');
            });
        }
    });

    it('never comes online without SUBSCRIBE, under a foreign client id, or cut in the middle of a frame', async () => {
        await stage({ limits: { stepTimeout: 300 } }, async (rig, device) => {
            await device({ faults: { noSubscribe: true } }).start();
            const foreign = device({ faults: { clientId: 'SOMEONE' } });
            assert.equal(await foreign.start(), 'refused');
            await assert.rejects(device({ faults: { sending: 'cut' } }).start(), /closed the connection/);
            assert.equal(rig.said(ID).includes('online'), false);
        });
    });

    it('of the newer variant hears nothing', async () => {
        await stage({ limits: { muteTimeout: 300 } }, async (rig, device) => {
            await assert.rejects(device({ faults: { flags: 0xa } }).start(), /closed the connection/);
            const [frame] = rig.data;
            assert.ok(frame?.is === 'unknown');
            assert.equal(frame.framing, 'newer-variant');
            assert.ok(frame.candidates.includes(ID));
        });
    });

    it('gets the alarm host only where asked, into an empty slot, and gives it back', async () => {
        await stage({}, async (rig, device) => {
            const camera = device();
            await camera.start();
            camera.desk.occupy(1, '203.0.113.5');
            const ask = (method: string, path: string, body?: Buffer) => request(rig, method, path, body);
            const address = rig.listener.addressFor('127.0.0.1', { address: '127.0.0.1', port: rig.port });
            assert.equal(await claimAlarmHost(ask, ID, address), '2');
            assert.match(camera.desk.hostAt(1), /203\.0\.113\.5/);
            assert.equal(await claimAlarmHost(ask, ID, address), '2', 'it is ours already');
            await until('the alarm link', () => rig.listener.openConnections === 2);
            for (const name of ['alarm_xml', 'alarm_json', 'alarm_http_framed']) {
                // The link is usable a moment after it is connected: until then alarms go through the session.
                camera.alarm(vectors[name]!.body!);
            }
            await until('three alarms', () => rig.data.length === 3);
            assert.ok(rig.data[0]!.is === 'alarm');
            assert.deepEqual(rig.data[0]!.body, readAlarmBody(Buffer.from(vectors.alarm_xml!.body!)));
            await releaseAlarmHost(ask, '2', address);
            assert.match(camera.desk.hostAt(2), /0\.0\.0\.0/);
            camera.desk.occupy(2, '203.0.113.6');
            await releaseAlarmHost(ask, '2', address);
            assert.match(camera.desk.hostAt(2), /203\.0\.113\.6/, 'a slot that somebody took is not ours to empty');
            await assert.rejects(claimAlarmHost(ask, ID, address), { code: 'ISUP_NO_ALARM_SLOT' });
        });
    });

    it('keeps its alarm host as the user wants it, from one deploy to the next', async () => {
        await stage({}, async (rig, device) => {
            const camera = device();
            await camera.start();
            let claims = {};
            const faults: Fault[] = [];
            const told: string[] = [];
            const ours = { address: '127.0.0.1', port: rig.port };
            const keeper = (on: boolean) =>
                new AlarmHostKeeper({
                    on,
                    claims,
                    ask: () => (method, path, body) => request(rig, method, path, body),
                    onClaims: (next) => {
                        claims = next;
                    },
                    onLog: (what, deviceId, slot) => told.push(`${what} ${deviceId} ${slot}`),
                    onFault: (_deviceId, fault) => faults.push(fault),
                });
            await keeper(false).online(ID, ours);
            assert.deepEqual(camera.requests, [], 'nothing is even asked');
            await keeper(true).online(ID, ours);
            await keeper(true).online(ID, ours);
            assert.match(camera.desk.hostAt(1), /EHome/);
            await keeper(false).online(ID, ours);
            assert.match(camera.desk.hostAt(1), /0\.0\.0\.0/);
            assert.deepEqual(told, [`claimed ${ID} 1`, `released ${ID} 1`]);
            camera.desk.occupy(1, '203.0.113.5');
            camera.desk.occupy(2, '203.0.113.5');
            await keeper(true).online(ID, ours);
            assert.equal(faults[0]?.code, 'ISUP_NO_ALARM_SLOT');
            assert.deepEqual(claims, {});
        });
    });
});

describe('a simulated EHome device', () => {
    it('registers, keeps its heartbeat, reports alarms, and registers again after a restart of the listener', async () => {
        await stage({}, async (rig) => {
            const device = new EhomeDevice({ host: '127.0.0.1', port: rig.port, deviceId: 'EHOME1' });
            try {
                await device.start();
                assert.equal(device.registered, true);
                assert.deepEqual(rig.said('EHOME1'), ['online']);
                assert.equal(rig.presence[0]!.protocol, '2.0');
                assert.equal(rig.presence[0]!.confidence, 'identified');
                device.alarm(8);
                device.gps(1, 2);
                await until('both reports', () => rig.data.length === 2);
                assert.deepEqual(rig.data.map((one) => one.is).sort(), ['ehome-alarm', 'gps']);
            } finally {
                device.stop();
            }
        });
    });

    it('of 4.0 is known by its serial number', async () => {
        await stage({}, async (rig) => {
            const device = new EhomeDevice({ host: '127.0.0.1', port: rig.port, deviceId: 'E4', version: '4.0' });
            try {
                await device.start();
                assert.equal(rig.presence[0]!.protocol, '4.0');
                assert.equal(rig.presence[0]!.serial, 'Q00000001');
            } finally {
                device.stop();
            }
        });
    });
});

describe('a fleet', () => {
    it('of two kinds comes online at once, and goes when its plugs are pulled', async () => {
        await stage({ keepAlive: 3, misses: 2 }, async (rig) => {
            const host = '127.0.0.1';
            const fleet = new IsupFleet({ host, port: rig.port, key: KEY, count: 20, ehome: 5, keepAlive: 1 });
            try {
                await fleet.start();
                assert.equal(rig.listener.table.counts().online, 25);
                for (const device of fleet.devices.slice(0, 10)) device.stop('pull');
                for (const device of fleet.ehome) device.pull();
                await until('fifteen offline', () => rig.listener.table.counts().online === 10);
                const gone = rig.presence.filter((one) => one.state === 'offline');
                assert.equal(gone.length, 15);
                assert.ok(gone.every((one) => one.reason === 'silence'));
                await new Promise((resolve) => setTimeout(resolve, 2500));
                assert.equal(rig.listener.table.counts().online, 10, 'the others are still there');
            } finally {
                fleet.stop();
            }
        });
    });

    it('is not disturbed by web browsers, TLS and garbage on its port', async () => {
        await stage({}, async (rig, device) => {
            const camera = device();
            await camera.start();
            for (const head of ['GET / HTTP/1.1\r\n\r\n', '\u0016\u0003\u0001', '\u0000\u0001\u0002', '\u0010\u007f']) {
                const socket = connect(rig.port, '127.0.0.1', () => socket.end(Buffer.from(head, 'latin1')));
                socket.on('error', () => socket.destroy());
                await new Promise((resolve) => socket.once('close', resolve));
            }
            const garbage = await rig.udp();
            garbage.send('garbage', rig.port);
            await request(rig, 'GET', '/ISAPI/System/deviceInfo');
            assert.deepEqual(rig.said(ID), ['registering', 'online']);
            assert.deepEqual(garbage.received, []);
        });
    });
});
