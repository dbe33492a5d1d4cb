import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decrypt } from '../../../protocols/isup/keys';
import { readAnswer } from '../../../protocols/isup/lbsFrames';
import { readProxyHeader } from '../../../protocols/isup/proxyProtocol';
import { until, withListener } from './rig';
import { identity, wire } from './vectors';

const V1 = Buffer.from('PROXY TCP4 198.51.100.7 192.0.2.1 40000 7660\r\n');
const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V2 = Buffer.from(`${SIGNATURE}2111000cc6336407c00002019c401dec`, 'hex');
const V2_IPV6 = Buffer.from(
    `${SIGNATURE}2121002420010db8000000000000000000000001fe8000000000000000000000000000029c401dec`,
    'hex',
);

describe('the PROXY protocol', () => {
    it('tells source and destination in version 1', () => {
        assert.deepEqual(readProxyHeader(V1), {
            size: V1.length,
            connection: {
                source: { address: '198.51.100.7', port: 40000 },
                destination: { address: '192.0.2.1', port: 7660 },
            },
        });
        assert.deepEqual(readProxyHeader(Buffer.from('PROXY UNKNOWN\r\n')), { size: 15 });
        const six = readProxyHeader(Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n'));
        assert.ok(typeof six === 'object');
        assert.equal(six.connection?.source.address, '2001:db8::1');
    });

    it('tells them in version 2, for IPv4 and IPv6, and lets a health check pass', () => {
        assert.deepEqual(readProxyHeader(V2), { ...(readProxyHeader(V1) as object), size: V2.length });
        const six = readProxyHeader(V2_IPV6);
        assert.ok(typeof six === 'object');
        assert.deepEqual(six.connection?.source, { address: '2001:db8::1', port: 40000 });
        assert.deepEqual(six.connection?.destination, { address: 'fe80::2', port: 7660 });
        assert.deepEqual(readProxyHeader(Buffer.from(`${SIGNATURE}20000000`, 'hex')), { size: 16 });
    });

    it('waits for the rest of a header, at every byte', () => {
        for (const header of [V1, V2, V2_IPV6]) {
            for (let length = 0; length < header.length; length++) {
                assert.equal(readProxyHeader(header.subarray(0, length)), 'need-more');
            }
        }
    });

    it('refuses what is none', () => {
        const wrong = [
            'GET / HTTP/1.1\r\n\r\n',
            'PROXY TCP4 1.2.3.4\r\n',
            'PROXY TCP4 1.2.3.4 5.6.7.8 99999 1\r\n',
            'PROXY TCP4 2001:db8::1 5.6.7.8 1 1\r\n',
            `PROXY TCP4 ${'1'.repeat(120)}`,
        ];
        for (const text of wrong) assert.equal(readProxyHeader(Buffer.from(text)), 'malformed', text);
        assert.equal(readProxyHeader(Buffer.from(`${SIGNATURE}2111ffff`, 'hex')), 'malformed');
        assert.equal(readProxyHeader(Buffer.from(`${SIGNATURE}21110004c6336407`, 'hex')), 'malformed');
        assert.equal(readProxyHeader(wire('auth_i')), 'malformed');
    });

    it('gives the listener the address of the device, and the one it dialled', async () => {
        await withListener({ proxyProtocol: true, advertise: '' }, async (rig) => {
            for (const [header, expected] of [
                [V1, '198.51.100.7'],
                [V2, '198.51.100.7'],
                [V2_IPV6, '2001:db8::1'],
            ] as const) {
                const client = await rig.open();
                client.send(header, wire('auth_i'), wire('auth_iii'), wire('das_req'));
                await client.take(39 + 72);
                const answer = await client.take(3);
                assert.equal(answer[0], 0xb0);
                const length = (answer[1]! & 0x7f) + (answer[2]! << 7);
                const body = readAnswer(await client.take(length))!.body;
                const das = JSON.parse(decrypt(identity.sessionKey, body)!.toString()) as { DasInfo: object };
                const dialled = expected.includes(':') ? 'fe80::2' : '192.0.2.1';
                assert.deepEqual(das.DasInfo, {
                    Address: dialled,
                    Domain: dialled,
                    ServerID: `das_${dialled}_7660`,
                    Port: 7660,
                    UdpPort: 7660,
                });
            }
            assert.equal(rig.presence[0]!.address, '198.51.100.7');
        });
    });

    it('is required where it is on, and its absence is not answered', async () => {
        await withListener({ proxyProtocol: true }, async (rig) => {
            const client = await rig.open();
            client.send(wire('auth_i'));
            await client.end();
            assert.equal(client.received.length, 0);
            assert.deepEqual(rig.presence, []);
            const check = await rig.open();
            check.send(Buffer.from(`${SIGNATURE}20000000`, 'hex'));
            check.socket.end();
            await until('the close', () => check.closed);
        });
    });

    it('is not believed where it is off', async () => {
        await withListener({}, async (rig) => {
            const client = await rig.open();
            client.send(V1, wire('auth_i'));
            await until('a report', () => rig.data.length === 1);
            assert.ok(rig.data[0]!.is === 'unknown' && rig.data[0]!.framing === 'proxy-v1');
            assert.equal(client.received.length, 0);
        });
    });
});
