import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../../protocols/errors';
import type { SavedConfig } from '../../runtime/fields';
import { migrate } from '../../runtime/migrations';
import { ALARM_HTTP_IN_DEFAULTS, readAlarmHttpIn } from '../../runtime/settings/alarmHttpIn';
import { DEVICE_CONFIG_DEFAULTS, readDeviceConfig } from '../../runtime/settings/deviceConfig';
import { INTELBRAS_P2P_TUNNEL_DEFAULTS, readIntelbrasP2pTunnel } from '../../runtime/settings/intelbrasP2pTunnel';
import { ISAPI_ALERTSTREAM_DEFAULTS, readIsapiAlertstream } from '../../runtime/settings/isapiAlertstream';
import { ISAPI_REQUEST_DEFAULTS, readIsapiRequest } from '../../runtime/settings/isapiRequest';
import { ISUP_IN_DEFAULTS, readIsupIn } from '../../runtime/settings/isupIn';

const asIs = (text: string) => text;

interface NodeType {
    defaults: SavedConfig;
    read(config: SavedConfig): object;
    /** As a flow of before the first version may hold it: partly filled in, numbers as texts. */
    version0: SavedConfig;
}

const NODE_TYPES: Record<string, NodeType> = {
    'device-config': {
        defaults: DEVICE_CONFIG_DEFAULTS,
        read: (config) => readDeviceConfig(config, {}, asIs),
        version0: { host: '192.0.2.64', port: '8000', timeout: '3000' },
    },
    'isapi-request': {
        defaults: ISAPI_REQUEST_DEFAULTS,
        read: (config) => readIsapiRequest(config, asIs),
        version0: { device: 'd', operation: 'snapshot', params: { channel: 2 } },
    },
    'isapi-alertstream': {
        defaults: ISAPI_ALERTSTREAM_DEFAULTS,
        read: (config) => readIsapiAlertstream(config, asIs),
        version0: { device: 'd', hold: '2000', channels: '1, 3' },
    },
    'alarm-http-in': {
        defaults: ALARM_HTTP_IN_DEFAULTS,
        read: (config) => readAlarmHttpIn(config, {}, asIs),
        version0: { port: '8081', path: 'gate', allow: '10.0.0.0/8' },
    },
    'isup-in': {
        defaults: ISUP_IN_DEFAULTS,
        read: (config) => readIsupIn(config, {}, asIs),
        version0: { keepAlive: '30', devices: [{ id: 'GATE1' }] },
    },
    'intelbras-p2p-tunnel': {
        defaults: INTELBRAS_P2P_TUNNEL_DEFAULTS,
        read: (config) => readIntelbrasP2pTunnel(config, asIs),
        version0: { device: 'd', idle: '60', ports: [{ remote: '80' }] },
    },
};

/** What hands and programs leave in a property. */
const GARBLED: unknown[] = [null, '', 'nonsense', -1, true, [], [null], {}];

for (const [type, { defaults, read, version0 }] of Object.entries(NODE_TYPES)) {
    describe(`a saved ${type}`, () => {
        const version1 = { ...defaults, ...version0, id: 'a', type, version: 1 };

        it('without a version keeps what it says and gets the defaults of what it leaves out', () => {
            for (const version of [{}, { version: 0 }, { version: '' }, { version: null }, { version: 'first' }]) {
                const saved = { id: 'a', type, ...version0, ...version };
                const before = structuredClone(saved);
                assert.deepEqual(migrate(type, saved), version1);
                assert.deepEqual(saved, before, 'what Node-RED holds is not changed');
            }
            read(migrate(type, version0));
        });

        it('of this version stays as it is', () => {
            assert.deepEqual(migrate(type, version1), version1);
            assert.deepEqual(migrate(type, { ...version1, version: '1' }), { ...version1, version: '1' });
        });

        it('of a newer pack keeps its version and what we do not know', () => {
            const newer = { ...version1, version: 9, later: true };
            assert.deepEqual(migrate(type, newer), newer);
            read(newer);
        });

        it('with nothing in it works as a new node does', () => {
            assert.deepEqual(read(migrate(type, {})), read(defaults));
        });

        it('that is garbled works by the defaults, or names the property that is wrong', () => {
            for (const property of Object.keys(defaults)) {
                for (const value of GARBLED) {
                    try {
                        read(migrate(type, { ...version0, [property]: value }));
                    } catch (thrown) {
                        const where = `${property} = ${JSON.stringify(value)}`;
                        assert.ok(thrown instanceof Fault, `${where}: ${thrown}`);
                        assert.equal(thrown.code, 'CONFIG_INVALID', where);
                        assert.equal(thrown.details.field, property, where);
                    }
                }
            }
        });
    });
}
