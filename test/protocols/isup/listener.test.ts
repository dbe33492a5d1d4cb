import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { seal } from '../../../protocols/isup/envelope';
import { encrypt } from '../../../protocols/isup/keys';
import { IsupListener } from '../../../protocols/isup/listener';
import { DISCONNECT, PINGREQ, writeConnect, writePublish, writeSubscribe } from '../../../protocols/isup/mqtt';
import { freePort } from '../../support/freePort';
import { ManualClock } from '../../support/manualClock';
import { login, online, type Rig, until, withListener } from './rig';
import { identity, vectors, wire } from './vectors';

const { deviceId, shortSerial, sessionKey } = identity;

type LookupAnswer = (error: Error | null, address: string, family: number) => void;

describe('the ISUP listener', () => {
    it('replays a recorded first session byte for byte, and tells registering and online', async () => {
        await withListener({}, async (rig) => {
            const client = await online(rig);
            client.send(PINGREQ);
            assert.deepEqual(await client.take(2), wire('mqtt_pingresp'));
            assert.deepEqual(rig.said(), ['registering', 'online']);
            const [registering, there] = rig.presence;
            assert.equal(registering!.confidence, 'identified');
            assert.equal(registering!.serial, identity.fullSerial);
            assert.equal(registering!.model, identity.model);
            assert.equal(registering!.address, '127.0.0.1');
            assert.equal(there!.confidence, 'authenticated');
            assert.equal(there!.protocol, '5.0');
            assert.equal(there!.firmware, 'V5.7.0 build 260101');
            assert.equal(there!.name, 'cam1');
            assert.equal(there!.port, client.socket.localPort);
            assert.ok(there!.since.endsWith('Z'));
        });
    });

    it('takes the same bytes one at a time, and all of a login that can be glued', async () => {
        await withListener({}, async (rig) => {
            const client = await rig.open();
            for (const name of ['auth_i', 'auth_iii', 'das_req']) {
                for (const byte of wire(name)) client.send(Buffer.from([byte]));
            }
            assert.deepEqual(
                await client.take(39 + 72 + 151),
                Buffer.concat([wire('auth_ii'), wire('auth_iv'), wire('das_rsp')]),
            );
            const glued = await rig.open();
            glued.send(wire('mqtt_connect'), wire('mqtt_subscribe'), PINGREQ);
            assert.deepEqual(
                await glued.take(11),
                Buffer.concat([wire('mqtt_connack'), wire('mqtt_suback'), wire('mqtt_pingresp')]),
            );
            assert.deepEqual(rig.said(), ['registering', 'online']);
        });
    });

    it('gives the same answers wherever a login is cut', async () => {
        await withListener({ limits: { connectionRate: 100_000 } }, async (rig) => {
            const all = Buffer.concat([wire('auth_i'), wire('auth_iii'), wire('das_req')]);
            const answers = Buffer.concat([wire('auth_ii'), wire('auth_iv'), wire('das_rsp')]);
            for (let cut = 1; cut < all.length; cut += 7) {
                const client = await rig.open();
                client.send(all.subarray(0, cut));
                await new Promise((resolve) => setImmediate(resolve));
                client.send(all.subarray(cut));
                assert.deepEqual(await client.take(answers.length), answers, `cut at ${cut}`);
                client.destroy();
            }
        });
    });

    it('is not online before SUBSCRIBE, and never without it', async () => {
        await withListener({}, async (rig) => {
            await login(rig);
            const client = await rig.open();
            client.send(wire('mqtt_connect'), PINGREQ);
            await client.take(6);
            assert.deepEqual(rig.said(), ['registering']);
            client.send(wire('mqtt_subscribe'));
            await client.take(5);
            assert.deepEqual(rig.said(), ['registering', 'online']);
        });
    });

    for (const connect of ['mqtt_connect_no_will', 'mqtt_connect']) {
        it(`comes online with ${connect}`, async () => {
            await withListener({}, async (rig) => {
                await online(rig, connect);
                assert.equal(rig.presence.at(-1)?.state, 'online');
                assert.equal(rig.presence.at(-1)?.firmware !== undefined, connect === 'mqtt_connect');
            });
        });
    }

    it('refuses a wrong key, a device without one and one that is not listed, and says which', async () => {
        for (const [options, frame, answer, reason] of [
            [{}, 'auth_i_wrong_key', 'auth_ii_bad_key', 'bad-key'],
            [{ devices: [] }, 'auth_i', 'auth_ii_denied', 'no-key'],
            [{ devices: [], accept: 'known', defaultKey: 'x' }, 'auth_i', 'auth_ii_denied', 'unknown-device'],
        ] as const) {
            await withListener(options, async (rig) => {
                const client = await rig.open();
                client.send(wire(frame));
                assert.deepEqual(await client.take(6), wire(answer));
                await client.end();
                assert.deepEqual(rig.said(), ['registering', `rejected/${reason}`]);
                assert.equal(rig.presence[1]!.confidence, 'identified');
                assert.equal(rig.presence[1]!.serial, identity.fullSerial);
                const again = await rig.open();
                again.send(wire(frame));
                await again.end();
                assert.equal(rig.presence.length, 2, 'the next attempt within a minute is not told again');
                assert.equal(rig.listener.rows()[0]!.state, 'rejected');
            });
        }
    });

    it('has a default key for devices that have none of their own', async () => {
        await withListener({ devices: [], defaultKey: identity.key }, async (rig) => {
            await online(rig);
            assert.equal(rig.presence.at(-1)?.state, 'online');
        });
    });

    it('refuses a CONNECT of a device that did not log in', async () => {
        await withListener({}, async (rig) => {
            const client = await rig.open();
            client.send(wire('mqtt_connect'));
            assert.deepEqual(await client.take(4), wire('mqtt_connack_refused'));
            await client.end();
            assert.deepEqual(rig.presence, []);
        });
    });

    it('says offline at once after DISCONNECT and after a close, and forgets the session key', async () => {
        await withListener({}, async (rig) => {
            const client = await online(rig);
            client.send(DISCONNECT);
            await until('offline', () => rig.said().includes('offline/disconnect'));
            await client.end();
            const late = await rig.open();
            late.send(wire('mqtt_connect'));
            assert.deepEqual(await late.take(4), wire('mqtt_connack_refused'));
            const next = await online(rig);
            next.destroy();
            await until('offline', () => rig.said().includes('offline/closed'));
        });
    });

    it('is not moved by the close of the login connection or of an alarm link', async () => {
        await withListener({}, async (rig) => {
            await online(rig);
            const link = await rig.open();
            link.send(wire('mqtt_connect'), wire('alarm_xml'));
            await link.take(8);
            link.destroy();
            await until('the close', () => rig.listener.openConnections === 1);
            assert.equal(rig.presence.at(-1)?.state, 'online');
        });
    });

    it('says offline after silence, and keeps a device that pings', async () => {
        const clock = new ManualClock();
        await withListener({ clock }, async (rig) => {
            const client = await online(rig);
            for (let i = 0; i < 5; i++) {
                clock.advance(60_000);
                client.send(PINGREQ);
                await client.take(2);
            }
            assert.deepEqual(rig.said(), ['registering', 'online']);
            clock.advance(89_000);
            assert.equal(rig.presence.length, 2);
            clock.advance(3_000);
            assert.equal(rig.said().at(-1), 'offline/silence');
            await client.end();
        });
    });

    it('gives a device one and a half of its own keepalive where that is longer', async () => {
        const clock = new ManualClock();
        await withListener({ clock }, async (rig) => {
            await login(rig);
            const client = await rig.open();
            client.send(writeConnect({ clientId: deviceId, username: shortSerial, keepAlive: 120 }));
            client.send(writeSubscribe(1, `/${shortSerial}/#`));
            await client.take(9);
            clock.advance(170_000);
            assert.equal(rig.presence.at(-1)?.state, 'online');
            clock.advance(12_000);
            assert.equal(rig.said().at(-1), 'offline/silence');
        });
    });

    it('a battery device that says it sleeps is offline for that reason, unless traffic goes on', async () => {
        const clock = new ManualClock();
        await withListener({ clock }, async (rig) => {
            await online(rig, 'mqtt_connect_sleep');
            assert.equal(rig.presence.at(-1)?.state, 'online');
            clock.advance(47_000);
            assert.equal(rig.said().at(-1), 'offline/sleep');
            const awake = await online(rig, 'mqtt_connect_sleep');
            awake.send(PINGREQ);
            await awake.take(2);
            clock.advance(60_000);
            assert.equal(rig.presence.at(-1)?.state, 'online');
        });
    });

    it('a device that logged in and never came is offline again', async () => {
        const clock = new ManualClock();
        await withListener({ clock }, async (rig) => {
            await login(rig);
            clock.advance(92_000);
            assert.deepEqual(rig.said(), ['registering', 'offline/silence']);
        });
    });

    it('logs in again while it is online without a word, and takes the new session for the old', async () => {
        await withListener({}, async (rig) => {
            const first = await online(rig);
            const second = await online(rig);
            await first.end();
            second.send(PINGREQ);
            await second.take(2);
            assert.deepEqual(rig.said(), ['registering', 'online']);
        });
    });

    it('tells a new address of the same device', async () => {
        await withListener({ bind: '0.0.0.0' }, async (rig) => {
            await online(rig);
            const elsewhere = await rig.open({ localAddress: '127.0.0.9' });
            elsewhere.send(wire('mqtt_connect'), wire('mqtt_subscribe'));
            await elsewhere.take(9);
            assert.deepEqual(rig.said(), ['registering', 'online', 'address-changed']);
            assert.equal(rig.presence[2]!.previousAddress, '127.0.0.1');
            assert.equal(rig.presence[2]!.address, '127.0.0.9');
        });
    });

    it('another device with the same Device ID replaces the first', async () => {
        await withListener({}, async (rig) => {
            await online(rig);
            const client = await rig.open();
            const facts = JSON.stringify({ DevSerial: 'DS-OTHER20260101AAWRQ00000002', SubSerial: 'Q00000002' });
            const payload = encrypt(sessionKey, facts);
            client.send(
                writeConnect({
                    clientId: deviceId,
                    username: 'Q00000002',
                    keepAlive: 30,
                    will: { topic: '/a', payload },
                }),
                writeSubscribe(1, '/Q00000002/#'),
            );
            await client.take(9);
            assert.deepEqual(rig.said(), ['registering', 'online', 'offline/replaced', 'online']);
        });
    });

    it('does not let a CONNECT without proof take over from elsewhere, nor a living session', async () => {
        await withListener({ bind: '0.0.0.0' }, async (rig) => {
            const client = await online(rig);
            const stranger = await rig.open({ localAddress: '127.0.0.9' });
            stranger.send(wire('mqtt_connect_no_will'));
            assert.deepEqual(await stranger.take(4), wire('mqtt_connack_refused'));
            const claimant = await rig.open();
            claimant.send(wire('mqtt_connect_no_will'), wire('mqtt_subscribe'));
            await claimant.take(9);
            client.send(PINGREQ);
            await client.take(2);
            assert.deepEqual(rig.said(), ['registering', 'online']);
            claimant.send(writePublish('/1100/12345', seal(sessionKey, 1, '{}'), 1, 5));
            await claimant.take(4);
            await client.end();
            assert.deepEqual(rig.said(), ['registering', 'online']);
        });
    });

    it('carries ISAPI requests, and fails them when the session ends', async () => {
        await withListener({}, async (rig) => {
            await assert.rejects(rig.listener.request(deviceId, { method: 'GET', path: '/', timeout: 1000 }), {
                code: 'ISUP_OFFLINE',
            });
            const client = await online(rig);
            const answer = rig.listener.request(deviceId, {
                method: 'GET',
                path: '/ISAPI/System/deviceInfo',
                timeout: 30_000,
            });
            assert.deepEqual(await client.take(89), wire('isapi_get_request'));
            client.send(wire('isapi_put_response'), wire('isapi_get_response'));
            assert.equal((await answer).toString(), vectors.isapi_get_response!.body);
            assert.deepEqual((await client.take(8)).subarray(4), wire('isapi_get_puback'));
            const lost = assert.rejects(
                rig.listener.request(deviceId, { method: 'GET', path: '/x', timeout: 30_000 }),
                { code: 'ISUP_SESSION_ENDED' },
            );
            client.destroy();
            await lost;
        });
    });

    for (const where of ['session', 'alarm link']) {
        it(`delivers alarms of the ${where} and acknowledges each`, async () => {
            await withListener({}, async (rig) => {
                let client = await online(rig);
                if (where === 'alarm link') {
                    client = await rig.open();
                    client.send(wire('mqtt_connect'));
                    await client.take(4);
                }
                client.send(wire('alarm_xml'), wire('alarm_json'), wire('alarm_http_framed'));
                const acks = await client.take(12);
                assert.deepEqual([acks[3], acks[7], acks[11]], [1, 2, 3]);
                assert.equal(rig.data.length, 3);
                for (const one of rig.data) {
                    assert.ok(one.is === 'alarm');
                    assert.equal(one.sender.deviceId, deviceId);
                    assert.equal(one.sender.mac, '02:00:00:00:00:01');
                }
                client.send(wire('publish_undecryptable'));
                assert.deepEqual(await client.take(4), Buffer.from('40020004', 'hex'));
                assert.deepEqual(
                    rig.warnings.map((one) => one.what),
                    ['undecryptable'],
                );
                client.send(writePublish('/5000/19715', seal(sessionKey, 9, '{"eventType":"VMD"}')), PINGREQ);
                await client.take(2);
                assert.equal(rig.data.length, 4, 'without QoS as well');
                assert.equal(rig.presence.length, 2);
            });
        });
    }

    it('answers nothing to what it does not know, and tells it once for each address', async () => {
        await withListener({}, async (rig) => {
            const heads = ['GET / HTTP/1.1\r\n\r\n', '\u0016\u0003\u0001\u0000\u0005', 'hello world'];
            for (const head of heads) {
                const client = await rig.open();
                client.send(Buffer.from(head, 'latin1'));
                if (rig.data.length === 0) await until('a report', () => rig.data.length === 1);
                assert.equal(client.received.length, 0);
            }
            assert.equal(rig.data.length, 1);
            const [first] = rig.data;
            assert.ok(first!.is === 'unknown');
            assert.equal(first!.framing, 'http');
            assert.equal(first!.data.toString(), heads[0]);
        });
    });

    it('sees a listed device in a frame it cannot read', async () => {
        await withListener({}, async (rig) => {
            const client = await rig.open();
            const frame = Buffer.from(wire('auth_i'));
            frame[0] = 0x1a;
            client.send(frame);
            await until('presence', () => rig.presence.length === 1);
            assert.equal(rig.presence[0]!.state, 'registering');
            assert.equal(rig.presence[0]!.confidence, 'seen');
            assert.equal(client.received.length, 0);
            assert.deepEqual(
                rig.warnings.map((one) => one.what),
                ['newer-variant'],
            );
        });
    });

    it('closes what is half open, slow, or too large', async () => {
        const clock = new ManualClock();
        await withListener({ clock }, async (rig) => {
            const silent = await rig.open();
            const slow = await rig.open();
            slow.send(wire('auth_i').subarray(0, 50));
            await until('both', () => rig.listener.openConnections === 2);
            clock.advance(11_000);
            await silent.end();
            await slow.end();
            const large = await rig.open();
            large.send(Buffer.from('10ffff7f010100', 'hex'));
            await large.end();
        });
    });

    it('leaves no connection, no timer and no port behind', async () => {
        const clock = new ManualClock();
        let port = 0;
        await withListener({ clock }, async (rig) => {
            port = rig.port;
            const client = await online(rig);
            await rig.listener.close();
            await client.end();
            assert.equal(clock.pending, 0);
            assert.deepEqual(rig.said(), ['registering', 'online'], 'a redeploy is no news about the device');
        });
        await withListener({ port, alarmPort: port }, async (rig) => assert.equal(rig.port, port));
    });

    it('brings known devices back without a false offline after its own restart', async () => {
        const clock = new ManualClock();
        let rows: Rig['presence'] = [];
        await withListener({ clock }, async (rig) => {
            await online(rig);
            rows = rig.listener.rows();
        });
        clock.advance(20_000);
        const lost = { ...rows[0]!, deviceId: 'GONE' };
        await withListener({ clock, restore: [...rows, lost] }, async (rig) => {
            const client = await rig.open();
            client.send(wire('refresh_i'));
            assert.deepEqual(await client.take(6), wire('refresh_ii_unknown'));
            await online(rig);
            assert.deepEqual(rig.said(), ['online']);
            assert.equal(rig.presence[0]!.since, rows[0]!.since);
            assert.deepEqual(rig.said('GONE'), []);
            clock.advance(92_000);
            assert.deepEqual(rig.said('GONE'), ['offline/silence']);
        });
    });

    it('can say good-bye for all, when it does not come back', async () => {
        await withListener({}, async (rig) => {
            await online(rig);
            await rig.listener.close({ announce: true });
            assert.equal(rig.said().at(-1), 'offline/shutdown');
        });
    });

    it('smooths a storm of a device that comes and goes, and ends with the truth', async () => {
        const clock = new ManualClock();
        await withListener({ clock, limits: { connectionRate: 1000 } }, async (rig) => {
            for (let i = 0; i < 10; i++) {
                const client = await online(rig);
                client.destroy();
                await until('the close', () => rig.listener.rows()[0]!.state === 'offline');
            }
            assert.ok(rig.presence.length <= 7, `${rig.presence.length} messages`);
            assert.ok(rig.warnings.some((one) => one.what === 'flapping'));
            await online(rig);
            clock.advance(12_000);
            assert.equal(rig.presence.at(-1)!.state, 'online');
            const told = rig.presence.length;
            clock.advance(30_000);
            assert.equal(rig.presence.length, told);
        });
    });

    it('reports a port that is taken, and opens nothing then', async () => {
        await withListener({}, async (rig) => {
            await assert.rejects(
                withListener({ port: rig.port }, async () => assert.fail('it listens')),
                { code: 'PORT_IN_USE' },
            );
        });
    });

    it('reports that also where a device has come in the meantime, and lets go of it', async (test) => {
        const port = await freePort();
        const taken = createSocket('udp4').bind(port, '127.0.0.1');
        await once(taken, 'listening');
        const listener = new IsupListener({ bind: 'localhost', port, alarmPort: port });
        const device = new Socket();
        // Only the second socket asks for IPv4 by name: its answer waits until a device is there.
        test.mock.method(dns, 'lookup', async (...asked: [string, 4, LookupAnswer] | [string, LookupAnswer]) => {
            const answer = asked.at(-1) as LookupAnswer;
            if (asked[1] === 4) {
                device.on('error', () => device.destroy()).connect(port, '127.0.0.1');
                await until('the device', () => listener.openConnections === 1);
            }
            answer(null, '127.0.0.1', 4);
        });
        try {
            await assert.rejects(listener.listen(), { code: 'PORT_IN_USE' });
            assert.equal(listener.openConnections, 0);
        } finally {
            device.destroy();
            taken.close();
        }
    });

    it('shows no key in rows, presence or errors', async () => {
        await withListener({}, async (rig) => {
            await online(rig);
            const all = JSON.stringify([rig.listener.rows(), rig.presence, rig.data, rig.warnings]);
            for (const secret of [identity.key, sessionKey, identity.masterKey, vectors.share_key!.text!]) {
                assert.equal(all.includes(secret), false);
            }
        });
    });
});
