/** Our MQTT packets beside those of `mqtt-packet`, which the whole ecosystem uses. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generate, type Packet, parser } from 'mqtt-packet';
import {
    type DevicePacket,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    readDevicePacket,
    readListenerPacket,
    writeConnack,
    writeConnect,
    writePuback,
    writePubcomp,
    writePublish,
    writePubrec,
    writeSuback,
    writeSubscribe,
    writeUnsuback,
} from '../../../protocols/isup/mqtt';
import { mutate } from '../../support/mutations';
import { Random } from '../../support/random';

const will = { topic: 'will', payload: Buffer.from('00ff10', 'hex') };

function readByPeer(frame: Buffer): Packet | undefined {
    const peer = parser();
    const packets: Packet[] = [];
    let isBad = false;
    peer.on('packet', (packet) => packets.push(packet));
    peer.on('error', () => {
        isBad = true;
    });
    const left = peer.parse(frame);
    return isBad || left !== 0 || packets.length !== 1 ? undefined : packets[0];
}

describe('an MQTT packet', () => {
    const long = Buffer.alloc(300_000, 7);
    const written: [string, Buffer, Packet][] = [
        [
            'CONNECT with a will',
            writeConnect({ clientId: 'gate-1', username: 'serial', keepAlive: 30, will }),
            {
                cmd: 'connect',
                protocolId: 'MQTT',
                protocolVersion: 4,
                clean: true,
                clientId: 'gate-1',
                keepalive: 30,
                username: 'serial',
                password: Buffer.from('test'),
                will: { ...will, qos: 1, retain: true },
            },
        ],
        ['CONNACK', writeConnack(5), { cmd: 'connack', returnCode: 5, sessionPresent: false }],
        [
            'SUBSCRIBE',
            writeSubscribe(513, 'a/ü'),
            { cmd: 'subscribe', messageId: 513, subscriptions: [{ topic: 'a/ü', qos: 1 }] },
        ],
        [
            'SUBACK',
            writeSuback({ is: 'subscribe', id: 9, topics: ['a', 'b'], qos: [2, 0] }),
            { cmd: 'suback', messageId: 9, granted: [1, 0] },
        ],
        [
            'PUBLISH',
            writePublish('t', long),
            { cmd: 'publish', topic: 't', payload: long, qos: 0, retain: false, dup: false },
        ],
        [
            'PUBLISH of QoS 1',
            writePublish('t', will.payload, 1, 65535),
            { cmd: 'publish', topic: 't', payload: will.payload, qos: 1, messageId: 65535, retain: false, dup: false },
        ],
        ['PUBACK', writePuback(300), { cmd: 'puback', messageId: 300 }],
        ['PUBREC', writePubrec(300), { cmd: 'pubrec', messageId: 300 }],
        ['PUBCOMP', writePubcomp(300), { cmd: 'pubcomp', messageId: 300 }],
        ['UNSUBACK', writeUnsuback(300), { cmd: 'unsuback', messageId: 300, granted: [] }],
        ['PINGREQ', PINGREQ, { cmd: 'pingreq' }],
        ['PINGRESP', PINGRESP, { cmd: 'pingresp' }],
        ['DISCONNECT', DISCONNECT, { cmd: 'disconnect' }],
    ];
    for (const [name, ours, packet] of written) {
        it(`of ours, ${name}, is the peer's byte for byte`, () => assert.deepEqual(ours, generate(packet)));
    }

    it('is read as the peer reads it, however it was altered', (test) => {
        const random = new Random(31);
        const packets: Packet[] = [
            ...written
                .map(([, , packet]) => packet)
                .filter((packet) => packet.cmd !== 'publish' || packet.payload !== long),
            { cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['a'] },
            { cmd: 'pubrel', messageId: 4 },
        ];
        const frames = packets.map((packet) => generate(packet));
        let read = 0;
        for (let i = 0; i < 20_000; i++) {
            const whole = frames[i % frames.length]!;
            const frame = i < frames.length ? whole : mutate(whole, random);
            const ours = readDevicePacket(frame) ?? readListenerPacket(frame);
            if (ours === undefined) continue;
            read += 1;
            const theirs = peerOrNothing(frame);
            assert.ok(theirs, `the peer refuses ${frame.toString('hex')}, read as ${JSON.stringify(ours)}`);
            assert.deepEqual(ours, asOurs(theirs), frame.toString('hex'));
        }
        test.diagnostic(`${read} of 20000 could be read`);
        assert.ok(read > 1000);
    });

    it('that the peer reads whole is refused only for what MQTT 3.1.1 or the session does not admit', () => {
        const random = new Random(32);
        const connect = writeConnect({ clientId: 'gate-1', username: 'serial', keepAlive: 30, will });
        const subscribe = writeSubscribe(7, 'topic');
        const publish = writePublish('topic', will.payload, 1, 3);
        for (let i = 0; i < 20_000; i++) {
            const frame = mutate([connect, subscribe, publish][i % 3]!, random);
            // Our framer hands out whole frames only; the peer takes what follows for a part of the packet.
            const theirs = frame.length === 2 + frame[1]! ? peerOrNothing(frame) : undefined;
            if (theirs === undefined || !['connect', 'subscribe', 'publish'].includes(theirs.cmd)) continue;
            if (
                theirs.cmd === 'connect' &&
                (theirs.protocolVersion !== 4 || 'bridgeMode' in theirs || theirs.protocolId !== 'MQTT')
            )
                continue;
            // It takes a packet id of which a byte is missing for -1.
            if (theirs.messageId === -1) continue;
            assert.ok(readDevicePacket(frame), frame.toString('hex'));
        }
    });
});

/** mqtt-packet reads past the end of some broken packets, and throws what Buffer throws. */
function peerOrNothing(frame: Buffer): Packet | undefined {
    try {
        return readByPeer(frame);
    } catch (thrown) {
        assert.ok(thrown instanceof RangeError, String(thrown));
        return undefined;
    }
}

function asOurs(packet: Packet): DevicePacket | object {
    switch (packet.cmd) {
        case 'connect':
            return {
                is: 'connect',
                clientId: packet.clientId.replace(/\0+$/, ''),
                keepAlive: packet.keepalive,
                username: (packet.username ?? '').replace(/\0+$/, ''),
                ...(packet.will && { will: packet.will.payload }),
            };
        case 'publish':
            return {
                is: 'publish',
                topic: packet.topic,
                qos: packet.qos,
                id: packet.messageId ?? 0,
                payload: packet.payload,
            };
        case 'subscribe':
            return {
                is: 'subscribe',
                id: packet.messageId,
                topics: packet.subscriptions.map(({ topic }) => topic),
                qos: packet.subscriptions.map(({ qos }) => qos),
            };
        case 'connack':
            return { is: 'connack', code: packet.returnCode };
        case 'pingreq':
        case 'pingresp':
        case 'disconnect':
            return { is: packet.cmd };
        default:
            return { is: packet.cmd, id: packet.messageId };
    }
}
