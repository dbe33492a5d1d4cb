import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { candidatesIn } from '../../../protocols/isup/data';
import { DEFAULT_LIMITS } from '../../../protocols/isup/limits';
import { addressTowards, readHostPort } from '../../../protocols/isup/localAddress';
import { PresenceTable } from '../../../protocols/isup/presence';
import { SourceGate } from '../../../protocols/isup/sourceGate';
import { ManualClock } from '../../support/manualClock';
import { online, type Rig, until, withListener } from './rig';
import { wire } from './vectors';

describe('the limits of the listener', () => {
    it('a source has so many connections that wait, and others are not touched by it', async () => {
        await withListener({ bind: '0.0.0.0', limits: { waitingPerAddress: 3 } }, async (rig) => {
            const all = await Promise.all(Array.from({ length: 6 }, () => rig.open()));
            await until('three refused', () => all.filter((one) => one.closed).length === 3);
            const other = await rig.open({ localAddress: '127.0.0.8' });
            other.send(wire('auth_i'));
            await other.take(39);
            all.find((one) => !one.closed)!.destroy();
            await until('room', () => rig.listener.openConnections === 3);
            const next = await rig.open();
            next.send(wire('auth_i'));
            await next.take(39);
        });
    });

    it('a source opens so many connections a second', () => {
        const gate = new SourceGate({ ...DEFAULT_LIMITS, connectionRate: 10 }, 0);
        let admitted = 0;
        for (let i = 0; i < 100; i++) if (gate.connect('a', 0)) admitted += 1;
        assert.equal(admitted, 40);
        assert.equal(gate.connect('b', 0), true);
        assert.equal(gate.connect('a', 1000), true);
        for (let i = 0; i < 41; i++) gate.disconnect('a', true);
        gate.disconnect('b', true);
        gate.sweep(100_000);
        assert.equal(gate.addresses, 0);
        assert.equal(gate.connections, 0);
    });

    it('a flood of addresses costs no walk over all of them for each', () => {
        const gate = new SourceGate(DEFAULT_LIMITS, 0);
        const flood = 2 * DEFAULT_LIMITS.addresses;
        const began = performance.now();
        for (let i = 0; i < flood; i++) gate.datagram(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 0);
        // A walk takes a millisecond: it would be a minute.
        assert.ok(performance.now() - began < 10_000);
        assert.equal(gate.addresses, DEFAULT_LIMITS.addresses);
    });

    it('no flood of addresses or of invented devices grows without end', () => {
        const gate = new SourceGate({ ...DEFAULT_LIMITS, addresses: 100 }, 0);
        for (let i = 0; i < 1000; i++) gate.datagram(`10.0.${i >> 8}.${i & 255}`, 0);
        assert.equal(gate.addresses, 100);
        assert.equal(gate.datagram('192.0.2.1', 70_000), true, 'old ones make room');
        const table = new PresenceTable({
            clock: new ManualClock(),
            patience: 90_000,
            strangers: 100,
            listed: (deviceId) => (deviceId === 'MINE' ? { id: 'MINE' } : undefined),
            onPresence: () => undefined,
            onFlapping: () => undefined,
        });
        table.at('MINE', 0);
        for (let i = 0; i < 1000; i++) {
            table.registering(
                { deviceId: `X${i}`, shortSerial: '' },
                { address: 'a', port: 1 },
                '5.0',
                'identified',
                0,
            );
        }
        assert.ok(table.size <= 101);
        assert.ok(table.find('MINE'));
        assert.ok(table.find('X999'));
    });

    const large = { method: 'PUT', path: '/x', body: Buffer.alloc(3 * 1024 * 1024), timeout: 50 };
    const cut = ({ warnings }: Rig) => warnings.some((one) => one.what === 'slow-client');

    for (const [how, limits] of [
        ['for too long', { stalled: 500 }],
        ['and is asked for more and more', { backlog: 4 * 1024 * 1024 }],
    ] as const) {
        it(`a device that does not read ${how} is cut off rather than buffered for`, async () => {
            await withListener({ limits }, async (rig) => {
                const client = await online(rig);
                client.socket.pause();
                for (let count = 0; count < 4; count++) {
                    rig.listener.request('ISUPTEST01', large).catch(() => undefined);
                }
                await until('the cut', () => cut(rig));
                await until('offline', () => rig.said().includes('offline/closed'));
            });
        });
    }

    it('a device that does not read its answers is cut off', async () => {
        await withListener({ limits: { unsent: 64 * 1024 } }, async (rig) => {
            const client = await online(rig);
            client.socket.pause();
            const beats = Buffer.alloc(256 * 1024, wire('mqtt_pingreq'));
            while (!cut(rig) && !client.closed) {
                await new Promise((resolve) => client.socket.write(beats, resolve));
            }
            await until('offline', () => rig.said().includes('offline/closed'));
            assert.ok(cut(rig));
        });
    });

    it('a device that reads slowly gets a large request whole, and what is asked behind it', async () => {
        await withListener({ limits: { unsent: 64 * 1024, stalled: 5000 } }, async (rig) => {
            const client = await online(rig);
            client.socket.pause();
            rig.listener.request('ISUPTEST01', large).catch(() => undefined);
            client.send(wire('mqtt_pingreq'));
            let seen = 0;
            while (!client.received.subarray(-2).equals(wire('mqtt_pingresp')) || seen < large.body.length) {
                client.socket.resume();
                await until('more', () => client.received.length > seen || client.closed);
                client.socket.pause();
                assert.equal(client.closed, false);
                seen = client.received.length;
            }
            assert.equal(cut(rig), false);
        });
    });

    it('frames are small before the login and up to 4 MiB after it', async () => {
        await withListener({}, async (rig) => {
            const login = await rig.open();
            login.send(wire('auth_i'), wire('auth_iii'), wire('das_req'));
            await login.take(262);
            const client = await rig.open();
            client.send(wire('mqtt_connect'), wire('mqtt_subscribe'));
            await client.take(9);
            const topic = Buffer.from('000b2f353030302f3139373135', 'hex');
            const payload = Buffer.alloc(1024 * 1024);
            const size = topic.length + 2 + payload.length;
            const head = Buffer.from([0x32, (size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14]);
            client.send(head, topic, Buffer.from([0, 9]), payload);
            assert.deepEqual(await client.take(4), Buffer.from('40020009', 'hex'));
            client.send(Buffer.from('32ffffff7f', 'hex'));
            await client.end();
        });
    });
});

describe('addresses', () => {
    it('are typed with or without a port', () => {
        assert.deepEqual(readHostPort('203.0.113.9'), { host: '203.0.113.9' });
        assert.deepEqual(readHostPort('isup.example.com:17660'), { host: 'isup.example.com', port: 17660 });
        assert.deepEqual(readHostPort('[2001:db8::1]:7660'), { host: '2001:db8::1', port: 7660 });
        assert.deepEqual(readHostPort('2001:db8::1'), { host: '2001:db8::1' });
        assert.deepEqual(readHostPort(' '), { host: '' });
    });

    it('of this machine are chosen by who asks', () => {
        assert.equal(addressTowards('127.0.0.1'), '127.0.0.1');
        assert.equal(addressTowards('::1'), '::1');
        assert.doesNotMatch(addressTowards('198.51.100.1'), /^(127\.|0\.0\.0\.0)/);
    });
});

describe('names in a frame that cannot be read', () => {
    it('are found behind their length, and as plain runs', () => {
        const frame = wire('auth_i');
        assert.ok(candidatesIn(frame).includes('ISUPTEST01'));
        assert.ok(candidatesIn(Buffer.from('\u0000\u0000Q00000001\u0000')).includes('Q00000001'));
        assert.deepEqual(candidatesIn(Buffer.alloc(100)), []);
    });
});
