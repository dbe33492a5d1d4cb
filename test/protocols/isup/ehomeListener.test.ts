import assert from 'node:assert/strict';
import dgram, { type Socket } from 'node:dgram';
import { describe, it } from 'node:test';
import { readEhome } from '../../../protocols/isup/ehome';
import { IsupListener } from '../../../protocols/isup/listener';
import { ManualClock } from '../../support/manualClock';
import { online, UdpClient, until, withListener } from './rig';
import { identity, vectors, wire } from './vectors';

const { deviceId } = identity;

/** Fields of an answer in their order. */
function fields(text: string): string {
    const trimmed = text.replace(/\s+/g, ' ').replace(/> </g, '><').trim();
    return trimmed.replace(/ \?>/g, '?>');
}

const same = (answer: string, name: string) => assert.equal(fields(answer), fields(vectors[name]!.text!));

describe('the ISUP listener and EHome', () => {
    it('registers a 2.0 device and answers its heartbeat', async () => {
        await withListener({ advertise: '192.0.2.10', ntpAddress: '192.0.2.10' }, async (rig) => {
            const device = await rig.udp();
            const reply = await device.ask(wire('ehome_register_20'), rig.port);
            same(reply.replace(`>${rig.listener.alarmPort}<`, '>7662<'), 'ehome_register_reply');
            same(await device.ask(wire('ehome_keepalive_20'), rig.port), 'ehome_keepalive_reply');
            assert.deepEqual(rig.said(), ['online']);
            const [online] = rig.presence;
            assert.equal(online!.protocol, '2.0');
            assert.equal(online!.confidence, 'identified');
            assert.equal(online!.firmware, 'V5.7.0 build 260101');
            assert.equal(online!.port, device.port, 'the source of the datagram, not what the device believes');
            await device.ask(wire('ehome_register_20'), rig.port);
            assert.deepEqual(rig.said(), ['online'], 'registering again is no news');
        });
    });

    it('reads a datagram without a source port, and answers nothing', async (test) => {
        const sockets: Socket[] = [];
        const original = dgram.createSocket;
        const opening = test.mock.method(dgram, 'createSocket', (options: dgram.SocketOptions) => {
            const socket = original(options);
            sockets.push(socket);
            return socket;
        });
        await withListener({}, async (rig) => {
            opening.mock.restore();
            // As the kernel hands it over; to send one takes a raw socket.
            const from = { address: '127.0.0.1', family: 'IPv4', port: 0, size: 0 };
            sockets[0]!.emit('message', wire('ehome_register_20'), from);
            assert.deepEqual(rig.said(), ['online']);
        });
    });

    it('says that it reads no more of who sends too much', async () => {
        await withListener({ clock: new ManualClock(), limits: { datagramRate: 1 } }, async (rig) => {
            const device = await rig.udp();
            for (let count = 0; count < 10; count += 1) device.send(wire('ehome_alarm'), rig.listener.alarmPort);
            await until('the warning', () => rig.warnings.length > 0);
            assert.deepEqual(rig.warnings, [{ what: 'datagrams', address: '127.0.0.1' }]);
            assert.equal(rig.data.length, 4);
        });
    });

    it('sends a device back to REGISTER that it does not know', async () => {
        await withListener({}, async (rig) => {
            const device = await rig.udp();
            same(await device.ask(wire('ehome_keepalive_20'), rig.port), 'ehome_keepalive_unknown');
            assert.deepEqual(rig.presence, []);
        });
    });

    it('keeps the session of a 4.0 device by its serial number', async () => {
        await withListener({}, async (rig) => {
            const device = await rig.udp();
            await device.ask(wire('ehome_register_40'), rig.port);
            assert.equal(rig.presence[0]!.protocol, '4.0');
            assert.match(await device.ask(wire('ehome_keepalive_40'), rig.port), /<Status>200</);
            const nameOnly = vectors.ehome_keepalive_40!.text!.replace(/<SerialNumber>.*\n/, '');
            assert.match(await device.ask(nameOnly, rig.port), /<Status>403</);
            assert.match(await device.ask(wire('ehome_keepalive_20'), rig.port), /<Status>403</);
            const other = vectors.ehome_register_40!.text!.replace(deviceId, 'OTHERNAME');
            await device.ask(other, rig.port);
            assert.equal(rig.listener.rows().length, 1, 'one serial number is one session');
        });
    });

    it('keeps a device that asks for reliable transmission on plain UDP, or sends it on where set so', async () => {
        await withListener({}, async (rig) => {
            const device = await rig.udp();
            assert.match(await device.ask(wire('ehome_detect_40'), rig.port), /<Status>200</);
        });
        await withListener({ lowVersion: true }, async (rig) => {
            const device = await rig.udp();
            const reply = await device.ask(wire('ehome_detect_40'), rig.port);
            same(
                reply.replace('<ReliableTransmission>FALSE', '<ReliableTransmission>TRUE'),
                'ehome_detect_reply_platform',
            );
        });
    });

    it('answers 401 to a command it does not know, and nothing changes', async () => {
        await withListener({}, async (rig) => {
            const device = await rig.udp();
            await device.ask(wire('ehome_register_20'), rig.port);
            same(await device.ask(wire('ehome_unknown_command'), rig.port), 'ehome_unknown_reply');
            assert.deepEqual(rig.said(), ['online']);
        });
    });

    it('takes alarms and positions on the alarm port, and on one port for both', async () => {
        await withListener({}, async (rig) => {
            const device = await rig.udp();
            await device.ask(wire('ehome_register_20'), rig.port);
            same(await device.ask(wire('ehome_alarm'), rig.listener.alarmPort), 'ehome_alarm_reply');
            same(await device.ask(wire('ehome_gps'), rig.listener.alarmPort), 'ehome_gps_reply');
            assert.deepEqual(
                rig.data.map((one) => one.is),
                ['ehome-alarm', 'gps'],
            );
            const [alarm, gps] = rig.data;
            assert.ok(alarm?.is === 'ehome-alarm' && gps?.is === 'gps');
            assert.equal(alarm.alarm.type, '8');
            assert.equal(alarm.sender.deviceId, deviceId);
            assert.equal(gps.params.Longitude, '1');
            assert.match(await device.ask(wire('ehome_alarm'), rig.port), /<Status>401</);
            assert.equal(rig.data.length, 3, 'refused on this port, but not lost');
        });
        const probe = new IsupListener({ bind: '127.0.0.1', port: 0, alarmPort: 0 });
        await probe.listen();
        const { port } = probe;
        await probe.close();
        await withListener({ port, alarmPort: port }, async (rig) => {
            const device = await rig.udp();
            assert.match(await device.ask(wire('ehome_register_20'), port), new RegExp(`AlarmServerPort>${port}<`));
            same(await device.ask(wire('ehome_alarm'), port), 'ehome_alarm_reply');
        });
    });

    it('says offline when the heartbeat stays away, and asks to register then', async () => {
        const clock = new ManualClock();
        await withListener({ clock }, async (rig) => {
            const device = await rig.udp();
            await device.ask(wire('ehome_register_20'), rig.port);
            clock.advance(60_000);
            await device.ask(wire('ehome_keepalive_20'), rig.port);
            clock.advance(60_000);
            assert.deepEqual(rig.said(), ['online']);
            clock.advance(32_000);
            assert.deepEqual(rig.said(), ['online', 'offline/silence']);
            same(await device.ask(wire('ehome_keepalive_20'), rig.port), 'ehome_keepalive_unknown');
        });
    });

    it('asks a 2.0 device that stays for its serial number, three times at most, and believes no other source', async () => {
        const clock = new ManualClock();
        await withListener({ clock }, async (rig) => {
            const device = await rig.udp();
            const stranger = await rig.udp();
            const beat = async (answers: number) => {
                const before = device.received.length;
                device.send(wire('ehome_keepalive_20'), rig.port);
                await until('the answers', () => device.received.length === before + answers);
                return readEhome(Buffer.from(device.received.at(-1)!))!;
            };
            const reply = (sequence: string) => vectors.ehome_server_info_reply!.text!.replace('>9<', `>${sequence}<`);
            await device.ask(wire('ehome_register_20'), rig.port);
            await beat(1);
            clock.advance(15_000);
            assert.equal((await beat(2)).command, 'GETDEVICECONFIG', 'with the first heartbeat in earnest');
            clock.advance(15_000);
            const { sequence } = await beat(2);
            stranger.send(reply(sequence), rig.port);
            device.send(reply('999'), rig.port);
            await stranger.ask(wire('ehome_keepalive_40'), rig.port);
            const row = () => rig.listener.rows()[0]!;
            assert.equal(row().serial, undefined);
            device.send(reply(sequence), rig.port);
            await until('the serial number', () => row().serial !== undefined);
            assert.equal(row().serial, identity.fullSerial);
            clock.advance(15_000);
            await beat(1);
        });
        await withListener({ clock }, async (rig) => {
            const device = await rig.udp();
            await device.ask(wire('ehome_register_20'), rig.port);
            for (const answers of [2, 2, 2, 1, 1]) {
                clock.advance(15_000);
                const before = device.received.length;
                device.send(wire('ehome_keepalive_20'), rig.port);
                await until('the answers', () => device.received.length === before + answers);
            }
        });
    });

    it('answers no unlisted device where only known ones are accepted, and tells it once a minute', async () => {
        await withListener({ accept: 'known', devices: [] }, async (rig) => {
            const device = await rig.udp();
            for (const name of ['ehome_register_20', 'ehome_keepalive_20', 'ehome_unknown_command']) {
                device.send(wire(name), rig.port);
            }
            await until('rejected', () => rig.presence.length === 1);
            assert.deepEqual(rig.said(), ['rejected/unknown-device']);
            assert.deepEqual(device.received, []);
        });
    });

    it('never answers what is not EHome, and shows it once', async () => {
        await withListener({}, async (rig) => {
            const device = await rig.udp();
            device.send(Buffer.from('00112233445566778899aabb', 'hex'), rig.port);
            device.send('<?xml version="1.0"?><Other/>', rig.port);
            await until('a report', () => rig.data.length === 1);
            await device.ask(wire('ehome_keepalive_20'), rig.port);
            assert.equal(device.received.length, 1);
            assert.equal(rig.data.length, 1);
        });
    });

    it('answers a source no more than its budget, and others all the same', async () => {
        await withListener({ bind: '0.0.0.0', limits: { replyRate: 500 } }, async (rig) => {
            const device = await rig.udp();
            for (let i = 0; i < 30; i++) device.send(wire('ehome_register_20'), rig.port);
            const other = await UdpClient.open('127.0.0.7');
            try {
                await other.ask(wire('ehome_keepalive_20'), rig.port);
                await until('the answers', () => device.received.length > 0);
                const bytes = device.received.reduce((sum, text) => sum + text.length, 0);
                assert.ok(bytes <= 4000, `${bytes} bytes for 30 requests`);
            } finally {
                other.close();
            }
        });
    });

    it('does not let invented devices fill its memory, and still takes those that are listed', async () => {
        await withListener({ limits: { strangers: 3, datagramRate: 1000, replyRate: 1_000_000 } }, async (rig) => {
            const device = await rig.udp();
            const text = vectors.ehome_register_20!.text!;
            for (let i = 0; i < 3; i++) await device.ask(text.replace(deviceId, `FAKE${i}`), rig.port);
            device.send(text.replace(deviceId, 'FAKE4'), rig.port);
            await until('a warning', () => rig.warnings.some((one) => one.what === 'strangers'));
            await device.ask(text, rig.port);
            assert.deepEqual(rig.said(), ['online']);
            assert.equal(rig.listener.table.size, 4);
        });
    });

    it('does not let a claim by UDP disturb a session that proved its key', async () => {
        await withListener({}, async (rig) => {
            const login = await rig.open();
            login.send(wire('auth_i'), wire('auth_iii'), wire('das_req'));
            await login.take(262);
            const session = await rig.open();
            session.send(wire('mqtt_connect'), wire('mqtt_subscribe'));
            await session.take(9);
            const claimant = await rig.udp();
            claimant.send(wire('ehome_register_20'), rig.port);
            await until('a warning', () => rig.warnings.length === 1);
            assert.equal(rig.warnings[0]!.what, 'ehome-over-isup');
            assert.deepEqual(claimant.received, []);
            assert.deepEqual(rig.said(), ['registering', 'online']);
        });
    });

    it('does not let a claim that it took while the device was away move it when it has proved its key', async () => {
        await withListener({ accept: 'known' }, async (rig) => {
            const claimant = await UdpClient.open('127.0.0.66');
            try {
                await claimant.ask(wire('ehome_register_20'), rig.port);
                await online(rig);
                assert.deepEqual(rig.said(), ['online', 'address-changed']);
                const record = rig.listener.table.find(deviceId)!;
                const seen = record.lastSeen;
                // As to any device that is not registered by EHome.
                same(await claimant.ask(wire('ehome_keepalive_20'), rig.port), 'ehome_keepalive_unknown');
                await claimant.ask(wire('ehome_alarm'), rig.listener.alarmPort);
                assert.deepEqual(rig.said(), ['online', 'address-changed']);
                assert.equal(record.address, '127.0.0.1');
                assert.equal(record.lastSeen, seen, 'nor does it keep the device alive');
                claimant.send(wire('ehome_register_20'), rig.port);
                await until('a warning', () => rig.warnings.length === 1);
                assert.equal(rig.warnings[0]!.what, 'ehome-over-isup');
            } finally {
                claimant.close();
            }
        });
    });

    it('speaks IPv6, and both on one socket', async () => {
        await withListener({ bind: '::' }, async (rig) => {
            const six = await UdpClient.open('::1');
            const four = await rig.udp();
            try {
                assert.match(await six.ask(wire('ehome_register_20'), rig.port, '::1'), /<Status>200</);
                assert.equal(rig.presence[0]!.address, '::1');
                await four.ask(wire('ehome_keepalive_20'), rig.port);
                assert.equal(rig.presence[1]!.state, 'address-changed');
                assert.equal(rig.presence[1]!.address, '127.0.0.1', 'as what it is, not ::ffff:');
            } finally {
                six.close();
            }
            const client = await rig.open({ host: '::1' } as never);
            client.send(wire('auth_i'));
            assert.deepEqual(await client.take(39), wire('auth_ii'));
        });
    });

    it('hands out its own address towards the device where none is advertised', async () => {
        await withListener({ advertise: '' }, async (rig) => {
            const device = await rig.udp();
            const reply = readEhome(Buffer.from(await device.ask(wire('ehome_register_20'), rig.port)))!;
            assert.equal(reply.params.AlarmServerIP, '127.0.0.1');
        });
    });
});
