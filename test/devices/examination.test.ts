import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { DeviceSettings } from '../../devices/device';
import { type ExaminationOptions, examine } from '../../devices/examination';
import { LoginBreaker } from '../../protocols/http/breaker';
import { Camera } from '../../simulator/camera';
import { addDahuaCgi } from '../../simulator/dahuaCgi';
import { DoorStation } from '../../simulator/doorStation';
import { HttpDevice, type HttpDeviceOptions } from '../../simulator/httpDevice';
import { deviceSettings } from '../support/deviceSettings';
import { freePort } from '../support/freePort';
import { LOGIN } from '../support/requests';

function settingsOf(device: HttpDevice | number, more: Partial<DeviceSettings> = {}): DeviceSettings {
    if (typeof device === 'number') return deviceSettings(device, { timeout: 5000, ...more });
    const protocol = device.secure ? 'https' : 'http';
    return deviceSettings(device.port, { protocol, timeout: 5000, ...more });
}

describe('the test of a device', () => {
    const devices: HttpDevice[] = [];
    afterEach(async () => {
        await Promise.all(devices.splice(0).map((device) => device.close()));
    });

    async function listening<T extends HttpDevice>(device: T): Promise<T> {
        devices.push(device);
        await device.listen();
        return device;
    }

    const test = (device: HttpDevice, more: Partial<DeviceSettings> = {}, options: ExaminationOptions = {}) =>
        examine(settingsOf(device, more), options);

    it('tells who it is, how it lets us in, how fast it answers and what its clock shows', async () => {
        const camera = await listening(new Camera({ login: LOGIN }));
        const found = await test(camera);
        assert.equal(found.fault, undefined);
        assert.equal(found.profile?.model, 'DS-2CD2185FWD-I');
        assert.equal(found.profile?.family, 'camera');
        assert.equal(found.channels?.[0]?.name, 'Portaria');
        assert.equal(found.login?.kind, 'digest');
        assert.equal(found.login?.cleartext, false);
        assert.ok(found.latency !== undefined && found.latency >= 0);
        assert.ok(Math.abs(found.drift!) <= 2, `drift ${found.drift}`);
        assert.equal(found.streams, 'free');
        assert.deepEqual(found.breaker, { name: 'ok' });
        assert.equal(camera.logins.rejected, 0);
    });

    it('leaves no connection behind', async () => {
        const camera = await listening(new Camera({ login: LOGIN }));
        await test(camera);
        for (let round = 0; camera.openConnections > 0 && round < 200; round += 1) {
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assert.equal(camera.openConnections, 0);
    });

    it('tells that all streams are taken, and opens none while ours is open', async () => {
        const camera = await listening(new Camera({ login: LOGIN, streamSlots: 0 }));
        assert.equal((await test(camera)).streams, 'full');
        assert.equal((await test(camera, {}, { streaming: true })).streams, 'in-use');
    });

    it('tells of a wrong password with the tries that are left, after one attempt, however often it is clicked', async () => {
        const camera = await listening(new Camera({ login: LOGIN }));
        const breaker = new LoginBreaker();
        const found = await test(camera, { password: 'wrong' }, { breaker });
        assert.equal(found.fault?.code, 'AUTH_REJECTED');
        assert.ok(found.fault!.triesLeft! > 0);
        assert.equal(found.breaker.name, 'blocked');
        assert.equal((await test(camera, { password: 'wrong' }, { breaker })).fault?.code, 'AUTH_BLOCKED');
        assert.equal(camera.logins.rejected, 1);
    });

    it('tells that a user may not have the events, and that the rest works', async () => {
        const camera = await listening(new Camera({ login: LOGIN }));
        camera.misbehave('GET', '/ISAPI/Event/notification/alertStream', (exchange) =>
            exchange.outcome('lowPrivilege'),
        );
        const found = await test(camera);
        assert.equal(found.fault, undefined);
        assert.equal(found.eventsFault?.code, 'FORBIDDEN');
        assert.equal(found.eventsFault?.isapi?.subStatusCode, 'lowPrivilege');
    });

    it('tells that a door station refuses its events to an ordinary user with 401, after one attempt', async () => {
        const station = await listening(new DoorStation({ login: LOGIN }));
        let refused = 0;
        station.route('GET', '/ISAPI/Event/notification/alertStream', (exchange) => {
            refused += 1;
            exchange.response.setHeader('WWW-Authenticate', `Digest realm="door", qop="auth", nonce="n${refused}"`);
            exchange.send(401, 'text/html', '');
        });
        const found = await test(station);
        assert.equal(found.fault, undefined);
        assert.equal(found.profile?.family, 'door-station');
        assert.equal(found.eventsFault?.code, 'AUTH_REJECTED');
        assert.match(found.eventsFault!.remedy, /use an administrator there/);
        assert.ok(refused <= 2, 'with the nonce in use, and with a new one');
        assert.equal(found.breaker.name, 'blocked');
    });

    it('shows the fingerprint of a certificate that nobody vouches for, which can then be pinned', async () => {
        const camera = await listening(new Camera({ login: LOGIN, tls: true }));
        const found = await test(camera);
        assert.equal(found.fault?.code, 'TLS_UNTRUSTED');
        assert.equal(camera.requests.length, 0, 'nothing was said to it');
        const { fingerprint } = found.certificate!;
        assert.match(fingerprint, /^(?:[\dA-F]{2}:){31}[\dA-F]{2}$/);
        const pinned = await test(camera, { verify: 'pin', fingerprint });
        assert.equal(pinned.fault, undefined);
        assert.equal(pinned.profile?.model, 'DS-2CD2185FWD-I');
    });

    it('knows a device that has not been given a password yet', async () => {
        const camera = await listening(new Camera({ login: LOGIN, activated: false }));
        const found = await test(camera);
        assert.equal(found.inactive, true);
        assert.equal(camera.logins.rejected, 0);
    });

    it('knows a device of the other make by its CGI', async () => {
        const recorder = await listening(new CgiOnly({ login: LOGIN }));
        const found = await test(recorder, { vendor: 'hikvision' });
        assert.equal(found.profile?.vendor, 'dahua');
        assert.equal(found.otherVendor, true);
        assert.equal(found.profile?.model, 'VIP-3230');
        assert.deepEqual(
            found.channels?.map(({ name }) => name),
            ['Portão', 'Garagem'],
        );
    });

    it('says what is in the way where nothing answers, and ends in time', async () => {
        const found = await examine(settingsOf(await freePort()));
        assert.equal(found.fault?.code, 'CONNECT_REFUSED');
        const camera = await listening(new Camera({ login: LOGIN }));
        camera.misbehave('GET', '/ISAPI/System/deviceInfo', () => undefined);
        const late = await test(camera, {}, { deadline: 200 });
        assert.equal(late.fault?.code, 'RESPONSE_TIMEOUT');
    });
});

class CgiOnly extends HttpDevice {
    constructor(options: HttpDeviceOptions) {
        super(options);
        addDahuaCgi(this);
    }
}
