import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { open, openWill, seal } from '../../../protocols/isup/envelope';
import { encrypt } from '../../../protocols/isup/keys';
import {
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    readDevicePacket,
    readListenerPacket,
    writeConnack,
    writeConnect,
    writePuback,
    writePublish,
    writeSuback,
    writeSubscribe,
} from '../../../protocols/isup/mqtt';
import { identity, vectors, wire } from './vectors';

const { sessionKey, deviceId, shortSerial } = identity;

describe('the packets of the session', () => {
    it('CONNECT names the device and carries its sealed description', () => {
        const packet = readDevicePacket(wire('mqtt_connect'));
        assert.equal(packet?.is, 'connect');
        assert.ok(packet?.is === 'connect');
        assert.equal(packet.clientId, deviceId);
        assert.equal(packet.username, shortSerial);
        assert.equal(packet.keepAlive, 30);
        const facts = openWill(sessionKey, packet.will!)!;
        assert.deepEqual(facts, {
            fullSerial: identity.fullSerial,
            shortSerial,
            firmware: 'V5.7.0 build 260101',
            model: identity.model,
            mac: '02:00:00:00:00:01',
            name: 'cam1',
            deviceType: '4660',
            asleep: false,
        });
        const topic = `/Basic/pu2cenplt/${shortSerial}/firstconnect`;
        for (const name of ['mqtt_connect', 'mqtt_connect_sleep']) {
            const payload = encrypt(sessionKey, vectors[name]!.will!);
            const options = { clientId: deviceId, username: shortSerial, keepAlive: 30, will: { topic, payload } };
            assert.deepEqual(writeConnect(options), wire(name));
        }
    });

    it('CONNECT tells a battery device that goes to sleep, and may come without a will', () => {
        const sleeping = readDevicePacket(wire('mqtt_connect_sleep'));
        assert.ok(sleeping?.is === 'connect');
        assert.equal(openWill(sessionKey, sleeping.will!)?.asleep, true);
        const bare = readDevicePacket(wire('mqtt_connect_no_will'));
        assert.ok(bare?.is === 'connect');
        assert.equal(bare.will, undefined);
        assert.deepEqual(
            writeConnect({ clientId: deviceId, username: shortSerial, keepAlive: 30 }),
            wire('mqtt_connect_no_will'),
        );
    });

    it('a will proves the key even when it says nothing, and only then', () => {
        assert.deepEqual(openWill(sessionKey, encrypt(sessionKey, '{}')), { asleep: false });
        assert.equal(openWill(sessionKey, encrypt(sessionKey, 'no json')), undefined);
        assert.equal(openWill('FEDCBA9876543210', encrypt(sessionKey, '{}')), undefined);
        assert.equal(openWill(sessionKey, Buffer.from('plain')), undefined);
    });

    it('a will cannot reach the prototype of anything', () => {
        const facts = openWill(
            sessionKey,
            encrypt(sessionKey, '{"__proto__":{"polluted":1},"FirmwareVersion":{"a":1}}'),
        );
        assert.deepEqual(facts, { asleep: false });
        assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });

    it('CONNACK, SUBACK, PUBACK and PINGRESP are these bytes', () => {
        assert.deepEqual(writeConnack(0), wire('mqtt_connack'));
        assert.deepEqual(writeConnack(5), wire('mqtt_connack_refused'));
        const subscribe = readDevicePacket(wire('mqtt_subscribe'));
        assert.ok(subscribe?.is === 'subscribe');
        assert.deepEqual(subscribe.topics, [`/${shortSerial}/#`]);
        assert.deepEqual(writeSuback(subscribe), wire('mqtt_suback'));
        assert.deepEqual(writeSubscribe(1, `/${shortSerial}/#`), wire('mqtt_subscribe'));
        assert.deepEqual(writePuback(7), wire('isapi_get_puback'));
        assert.deepEqual(PINGRESP, wire('mqtt_pingresp'));
        assert.deepEqual(PINGREQ, wire('mqtt_pingreq'));
        assert.deepEqual(DISCONNECT, wire('mqtt_disconnect'));
        assert.deepEqual(readDevicePacket(wire('mqtt_pingreq')), { is: 'pingreq' });
        assert.deepEqual(readDevicePacket(wire('mqtt_disconnect')), { is: 'disconnect' });
        assert.deepEqual(readListenerPacket(wire('mqtt_connack')), { is: 'connack', code: 0 });
        assert.deepEqual(readListenerPacket(wire('mqtt_suback')), { is: 'suback', id: 1 });
        assert.deepEqual(readListenerPacket(wire('isapi_get_puback')), { is: 'puback', id: 7 });
        assert.deepEqual(readListenerPacket(wire('mqtt_pingresp')), { is: 'pingresp' });
    });

    it('a message is sealed as header and body, towards the device and from it', () => {
        for (const name of Object.keys(vectors)) {
            const vector = vectors[name]!;
            if (vector.header === undefined) continue;
            const toDevice = vector.from === 'listener';
            const packet = toDevice ? readListenerPacket(wire(name)) : readDevicePacket(wire(name));
            assert.ok(packet?.is === 'publish', name);
            assert.equal(packet.topic, vector.topic);
            const message = open(sessionKey, packet.payload)!;
            assert.deepEqual(message.header, JSON.parse(vector.header));
            assert.equal(message.body.toString('utf8'), vector.body);
            const sealed = seal(sessionKey, message.header.Seq, message.body);
            assert.deepEqual(writePublish(packet.topic, sealed, packet.qos === 0 ? 0 : 1, packet.id), wire(name), name);
        }
    });

    it('a message that does not decrypt gives nothing, for whatever reason', () => {
        const packet = readDevicePacket(wire('publish_undecryptable'));
        assert.ok(packet?.is === 'publish');
        assert.equal(packet.id, 4);
        assert.equal(open(sessionKey, packet.payload), undefined);
        assert.equal(open(sessionKey, encrypt(sessionKey, '')), undefined);
        assert.equal(open(sessionKey, encrypt(sessionKey, Buffer.from([0xff, 0xff, 0x7b]))), undefined);
        assert.equal(open(sessionKey, encrypt(sessionKey, Buffer.from([0, 2, 0x5b, 0x5d]))), undefined);
        assert.equal(open('FEDCBA9876543210', seal(sessionKey, 1, 'x')), undefined);
    });

    it('packets that are not MQTT 3.1.1, or cut short, give nothing, and the next one is read again', () => {
        const five = Buffer.from('101000044d5154540502003c00000361616100', 'hex');
        assert.equal(readDevicePacket(five), undefined);
        const whole = wire('mqtt_connect');
        for (let at = 0; at < whole.length; at++) {
            const bytes = Buffer.from(whole);
            bytes[at] = bytes[at]! ^ 0xff;
            readDevicePacket(bytes);
            readDevicePacket(whole.subarray(0, at));
            assert.equal(readDevicePacket(wire('mqtt_pingreq'))?.is, 'pingreq');
        }
    });
});
