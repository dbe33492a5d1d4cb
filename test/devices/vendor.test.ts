import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Device, type DeviceSettings } from '../../devices/device';
import type { Occurrence } from '../../events/deviceEvent';
import type { ConnectionChange } from '../../protocols/isapi/alertStream';
import { Camera } from '../../simulator/camera';
import { DahuaRecorder, type DahuaRecorderOptions } from '../../simulator/dahuaRecorder';
import type { HttpDevice } from '../../simulator/httpDevice';
import { deviceSettings } from '../support/deviceSettings';

const LOGIN = { username: 'admin', password: 'Canary-7f3a' };

/** Host, user and password, and nothing else said. */
function settingsFor(port: number, password = LOGIN.password): DeviceSettings {
    return deviceSettings(port, { ...LOGIN, password });
}

/** A subscriber with what it was told. */
class Listener {
    readonly changes: ConnectionChange[] = [];
    readonly seen: Occurrence[] = [];
    readonly leave: () => Promise<void>;

    constructor(device: Device) {
        this.leave = device.subscribe(
            { mode: 'auto', watchdog: 60 },
            {
                occurrence: (occurrence) => void this.seen.push(occurrence),
                connection: (change) => void this.changes.push(change),
                heartbeat: () => undefined,
                unreadable: () => undefined,
                lost: () => undefined,
                warning: () => undefined,
            },
        );
    }

    async until(isSo: () => boolean, what: string): Promise<void> {
        const deadline = Date.now() + 20_000;
        while (!isSo()) {
            assert.ok(Date.now() < deadline, `${what}: ${JSON.stringify(this.changes)}`);
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    }

    get states(): string[] {
        return this.changes.map(({ state }) => state);
    }
}

describe('a device of which only address and login are told', () => {
    const simulated: HttpDevice[] = [];
    const devices: Device[] = [];

    async function recorder(options: DahuaRecorderOptions = {}, password?: string) {
        const web = await new DahuaRecorder({ login: LOGIN, ...options }).listen();
        simulated.push(web);
        const device = new Device(settingsFor(web.port, password));
        devices.push(device);
        return { web, device };
    }

    after(async () => {
        await Promise.all(devices.map((device) => device.close()));
        await Promise.all(simulated.map((web) => web.close()));
    });

    for (const unknown of ['not-found', 'bad-request', 'page'] as const) {
        it(`brings the events of a Dahua that answers ISAPI with ${unknown}`, async () => {
            const { web, device } = await recorder({ unknown });
            const listener = new Listener(device);
            await listener.until(() => web.listeners === 1, 'the event manager is asked');
            await listener.until(() => listener.states.includes('online'), 'it is online');
            web.emitEvent('VideoMotion', 'Start', 0);
            await listener.until(() => listener.seen.length > 0, 'an event comes');
            const { event } = listener.seen[0]!;
            assert.deepEqual([event.vendor, event.kind, event.channel], ['dahua', 'motion', 1]);
            assert.deepEqual(listener.states, ['connecting', 'online']);
            assert.equal((await device.requests.abilities.profile()).vendor, 'dahua');
            assert.equal(web.logins.rejected, 0);

            web.requests.length = 0;
            web.dropConnections();
            await listener.until(() => web.listeners === 1 && web.requests.length > 0, 'it comes back');
            assert.ok(web.requests.every(({ url }) => url.startsWith('/cgi-bin/eventManager.cgi')));
            await listener.leave();
        });
    }

    it('gives a picture of a Dahua, and remembers whose picture it was', async () => {
        for (const unknown of ['not-found', 'page'] as const) {
            const { web, device } = await recorder({ unknown });
            assert.equal((await device.snapshot(1)).data[0], 0xff);
            web.requests.length = 0;
            await device.snapshot(2);
            assert.deepEqual(
                web.requests.filter(({ status }) => status === 200).map(({ url }) => url),
                ['/cgi-bin/snapshot.cgi?channel=2'],
            );
        }
    });

    it('is tried with a wrong password once, whosever it is', async () => {
        for (const unknown of ['not-found', 'page'] as const) {
            const { web, device } = await recorder({ unknown }, 'wrong');
            const listener = new Listener(device);
            await listener.until(() => listener.states.includes('locked'), 'the refusal is told');
            await assert.rejects(device.snapshot(1), { code: /^AUTH_/ });
            assert.equal(web.logins.rejected, 1);
            await listener.leave();
        }
    });

    it('is asked for nothing of Dahua where it is a Hikvision', async () => {
        const camera = await new Camera({ login: LOGIN }).listen();
        simulated.push(camera);
        const device = new Device(settingsFor(camera.port));
        devices.push(device);
        const listener = new Listener(device);
        await listener.until(() => listener.states.includes('online'), 'it is online');
        await device.snapshot(1);
        camera.dropConnections();
        await listener.until(
            () => camera.requests.filter(({ url }) => url.endsWith('alertStream')).length >= 3,
            'again',
        );
        assert.ok(camera.requests.every(({ url }) => !url.startsWith('/cgi-bin')));
        await listener.leave();
    });
});
