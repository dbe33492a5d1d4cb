/** A node that cannot work says why, throws nothing, and is alone with it: whatever else is deployed goes on. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Camera } from '../../simulator/camera';
import { device, flowNode, LOGIN, TAB } from '../flows/flow';
import { GlueStage } from '../support/glueStage';

interface Broken {
    what: string;
    type: string;
    config: object;
    says: RegExp;
    credentials?: object;
}

const NO_DEVICE = /^No device is chosen\. Open the node and choose/;
const setting = (field: string, reason = '') =>
    new RegExp(`^The setting “${field}” is not usable: .*${reason}.*correct it`);

const BROKEN: Broken[] = [
    { what: 'no device', type: 'isapi-request', config: { device: '' }, says: NO_DEVICE },
    { what: 'a device that is gone', type: 'isapi-request', config: { device: 'gone' }, says: NO_DEVICE },
    {
        what: 'the device-config of another pack',
        type: 'isapi-request',
        config: { device: 'other' },
        says: /belongs to another Node-RED pack/,
    },
    {
        what: 'a method there is not',
        type: 'isapi-request',
        config: { device: 'device', method: 'EXPLODE' },
        says: setting('method', 'EXPLODE'),
    },
    {
        what: 'parameters that are no JSON',
        type: 'isapi-request',
        config: { device: 'device', params: '{' },
        says: setting('params'),
    },
    { what: 'no device', type: 'isapi-alertstream', config: {}, says: NO_DEVICE },
    {
        what: 'a watchdog that bites too early',
        type: 'isapi-alertstream',
        config: { device: 'device', watchdog: '5' },
        says: setting('watchdog', '20 and 300'),
    },
    {
        what: 'a device that cannot work itself',
        type: 'isapi-alertstream',
        config: { device: 'wrong' },
        says: setting('timeout', 'soon'),
    },
    { what: 'no such port', type: 'alarm-http-in', config: { port: '70000' }, says: setting('port', '70000') },
    { what: 'an impossible path', type: 'alarm-http-in', config: { path: '/a b' }, says: setting('path') },
    { what: 'a login without a name', type: 'alarm-http-in', config: { auth: 'digest' }, says: setting('auth') },
    { what: 'TLS that is not there', type: 'alarm-http-in', config: { tls: 'gone' }, says: setting('tls', 'missing') },
    { what: 'a device that is gone', type: 'alarm-http-in', config: { device: 'gone' }, says: NO_DEVICE },
    { what: 'no number for a port', type: 'isup-in', config: { port: 'x' }, says: setting('port', 'not a number') },
    {
        what: 'keys that are no JSON',
        type: 'isup-in',
        config: {},
        credentials: { keys: '{"DOOR1":' },
        says: setting('keys'),
    },
    { what: 'no device', type: 'intelbras-p2p-tunnel', config: {}, says: NO_DEVICE },
    {
        what: 'no ports',
        type: 'intelbras-p2p-tunnel',
        config: { device: 'device', ports: [] },
        says: setting('ports', 'at least one'),
    },
    {
        what: 'a device without a serial number',
        type: 'intelbras-p2p-tunnel',
        config: { device: 'device' },
        says: /^The device has no P2P serial number/,
    },
];

describe('a node that cannot work as configured', () => {
    const camera = new Camera({ login: { ...LOGIN } });
    before(() => camera.listen());
    after(() => camera.close());

    for (const { what, type, config, says, credentials = {} } of BROKEN) {
        it(`${type}: ${what}`, async () => {
            const stage = await GlueStage.start(
                [
                    TAB,
                    flowNode('broken', type, { version: 1, wires: [[], []], ...config }),
                    device(camera.port),
                    device(camera.port, { id: 'wrong', timeout: 'soon' }),
                    { id: 'other', type: 'sink' },
                    flowNode('healthy', 'isapi-request', {
                        device: 'device',
                        path: '/ISAPI/System/time',
                        version: 1,
                        wires: [['out']],
                    }),
                    flowNode('out', 'sink'),
                ],
                { device: LOGIN, broken: credentials },
            );
            try {
                assert.equal(stage.node('broken').type, type);
                const errors = stage.errors('broken');
                assert.equal(errors.length, 1, 'said once');
                assert.match(String(errors[0]), says);
                assert.equal(stage.statuses('broken').at(-1)?.fill, 'red');
                stage.tell('healthy', {});
                assert.equal((await stage.message('out')).statusCode, 200);
            } finally {
                await stage.close();
            }
        });
    }
});
