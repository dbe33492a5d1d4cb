import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import { readAlarmHttpIn } from '../../runtime/settings/alarmHttpIn';
import { readDeviceConfig } from '../../runtime/settings/deviceConfig';
import { readIsapiAlertstream } from '../../runtime/settings/isapiAlertstream';

const asIs = (text: string) => text;

describe('device-config', () => {
    it('needs a host and a password, nothing else', () => {
        const settings = readDeviceConfig({ host: '192.0.2.64' }, { username: 'admin', password: 'x' }, asIs);
        assert.equal(settings.protocol, 'http');
        assert.equal(settings.port, undefined);
        assert.equal(settings.auth, 'auto');
        assert.equal(settings.verify, 'verify');
        assert.equal(settings.timeout, 10_000);
        assert.equal(settings.maxSockets, 1);
    });

    it('takes an address pasted from a browser', () => {
        assert.equal(readDeviceConfig({ host: 'http://192.0.2.64/doc/page' }, {}, asIs).host, '192.0.2.64');
        assert.equal(readDeviceConfig({ host: '[2001:db8::1]' }, {}, asIs).host, '2001:db8::1');
    });

    it('refuses what cannot be meant', () => {
        for (const wrong of [
            { port: 'http' },
            { port: 99999 },
            { protocol: 'ftp' },
            { timeout: -1 },
            { maxSockets: 'many' },
        ]) {
            assert.throws(
                () => readDeviceConfig({ host: 'cam', ...wrong }, {}, asIs),
                (thrown) => thrown instanceof Fault && thrown.details.field === Object.keys(wrong)[0],
            );
        }
    });
});

describe('a device-config behind the P2P cloud', () => {
    const read = (config: object, credentials = {}) =>
        readDeviceConfig({ link: 'p2p', serial: 'TESTSN0000001', ...config }, credentials, asIs);

    it('is never looked for in a known cloud when another one is meant', () => {
        for (const cloudServer of ['', ' ']) {
            assert.throws(
                () => read({ cloud: 'custom', cloudServer }),
                (thrown) => thrown instanceof Fault && thrown.details.field === 'cloudServer',
            );
        }
        assert.equal(read({ cloud: 'custom', cloudServer: 'p2p.example:8800' }).p2p.cloudServer, 'p2p.example:8800');
        assert.equal(
            read({ cloud: 'custom' }, { cloudUser: 'own' }).p2p.cloudUser,
            'own',
            'of which only the user is new',
        );
        assert.equal(read({ cloud: 'custom', link: 'direct', host: 'cam' }).link, 'direct');
        assert.equal(read({}).p2p.cloud, 'easy4ip');
    });
});

describe('alarm-http-in', () => {
    it('counts its body limit in bytes and starts its path with a slash', () => {
        const settings = readAlarmHttpIn({ maxBody: '2', path: 'alarm/gate' }, {}, asIs);
        assert.equal(settings.maxBody, 2 * 1024 * 1024);
        assert.equal(settings.path, '/alarm/gate');
        assert.equal(settings.port, 8080);
    });

    it('asks for a user name and a password where it shall check them', () => {
        assert.throws(() => readAlarmHttpIn({ auth: 'digest' }, {}, asIs), /user name and a password/);
        assert.throws(() => readAlarmHttpIn({ path: '/alarm?token=1' }, {}, asIs), /path/);
    });
});

describe('isapi-alertstream', () => {
    it('opens again after 60 s of silence unless told otherwise, and never checks more often than every 20 s', () => {
        assert.equal(readIsapiAlertstream({}, asIs).watchdog, 60);
        assert.throws(() => readIsapiAlertstream({ watchdog: 5 }, asIs), /watchdog/);
    });
});
