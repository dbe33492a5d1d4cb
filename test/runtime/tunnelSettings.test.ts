import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
    INTELBRAS_P2P_TUNNEL_DEFAULTS,
    readIntelbrasP2pTunnel,
    readPorts,
} from '../../runtime/settings/intelbrasP2pTunnel';
import { readCommand } from '../../runtime/tunnelDesk';

const same = (text: string) => text;

describe('the settings of a tunnel', () => {
    it('are the vendor’s three services on loopback, opened at once, where nothing else is said', () => {
        const settings = readIntelbrasP2pTunnel(INTELBRAS_P2P_TUNNEL_DEFAULTS, same);
        assert.deepEqual(
            settings.ports.map(({ service, remote, local }) => [service, remote, local]),
            [
                ['sdk', 37777, 0],
                ['rtsp', 554, 0],
                ['http', 80, 0],
            ],
        );
        assert.equal(settings.bind, '127.0.0.1');
        assert.equal(settings.open, 'deploy');
        assert.equal(settings.idle, 0);
    });

    it('hold numbers as texts, as Node-RED saves them', () => {
        const settings = readIntelbrasP2pTunnel(
            { idle: '300', ports: [{ service: 'http', remote: '80', local: '' }] },
            same,
        );
        assert.equal(settings.idle, 300_000);
        assert.deepEqual(settings.ports, [{ service: 'http', remote: 80, local: 0 }]);
    });

    it('take bare numbers from a message, and refuse what is no port', () => {
        assert.deepEqual(readPorts([8000]), [{ service: 'custom', remote: 8000, local: 0 }]);
        const twice = [
            { remote: 80, local: 9000 },
            { remote: 81, local: 9000 },
        ];
        for (const bad of [[], 'x', [0], [70000], [{ remote: 80, local: -1 }], [{}], twice, Array(30).fill(80)]) {
            assert.throws(() => readPorts(bad), { code: 'CONFIG_INVALID' });
        }
    });
});

describe('the command of a message', () => {
    it('is a word, or an object that may name another recorder', () => {
        assert.deepEqual(readCommand('open', 'TESTSN0000001'), { command: 'open', serial: 'TESTSN0000001' });
        assert.deepEqual(readCommand({ command: 'open', serial: 'TESTSN0000002', ports: [80] }, 'TESTSN0000001'), {
            command: 'open',
            serial: 'TESTSN0000002',
            ports: [80],
        });
    });

    it('is refused where it is anything else', () => {
        for (const bad of [undefined, null, 5, 'destroy', {}, { command: 'toString' }, { command: '__proto__' }]) {
            assert.throws(() => readCommand(bad, 'TESTSN0000001'), { code: 'CONFIG_INVALID' });
        }
        assert.throws(() => readCommand({ command: 'open', serial: '../x' }, ''), { code: 'CONFIG_INVALID' });
        assert.throws(() => readCommand('open', ''), { code: 'P2P_SERIAL_MISSING' });
    });
});
