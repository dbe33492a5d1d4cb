import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readXml } from '../../../protocols/documents/readXml';
import {
    type EhomeMessage,
    param,
    readAlarm,
    readEhome,
    serialOfServerInfo,
    writeAlarmAnswer,
    writeGetServerInfo,
    writeKeepAliveAnswer,
    writeLowVersion,
    writeRegisterAgain,
    writeRegisterAnswer,
    writeUnknownCommand,
} from '../../../protocols/isup/ehome';
import { identity, vectors, wire } from './vectors';

const { deviceId } = identity;

/** Fields and their order, which is what a device may look at; white space is not. */
function same(actual: Buffer, name: string): void {
    const expected = vectors[name]!.text!;
    assert.deepEqual(readXml(actual.toString('latin1')), readXml(expected));
    const names = (text: string) => text.match(/<\/?\w+>/g);
    assert.deepEqual(names(actual.toString('latin1')), names(expected));
}

function read(name: string): EhomeMessage {
    const message = readEhome(wire(name));
    assert.ok(message, name);
    return message;
}

describe('EHome messages', () => {
    it('REGISTER is answered with the heartbeat and the addresses of the servers', () => {
        const message = read('ehome_register_20');
        assert.equal(message.version, '2.0');
        assert.equal(message.type, 'REQUEST');
        assert.equal(message.command, 'REGISTER');
        assert.equal(param(message, 'DeviceID'), deviceId);
        assert.equal(param(message, 'FirmwareVersion'), 'V5.7.0 build 260101');
        const server = { keepAlive: 15, alarmAddress: '192.0.2.10', alarmPort: 7662, ntpAddress: '192.0.2.10' };
        same(writeRegisterAnswer(message, server), 'ehome_register_reply');
    });

    it('KEEPALIVE is answered, or sends the device back to REGISTER', () => {
        same(writeKeepAliveAnswer(read('ehome_keepalive_20')), 'ehome_keepalive_reply');
        same(writeRegisterAgain(read('ehome_keepalive_20')), 'ehome_keepalive_unknown');
    });

    it('4.0 names the device by its serial number', () => {
        for (const name of ['ehome_register_40', 'ehome_keepalive_40']) {
            assert.equal(read(name).version, '4.0');
            assert.equal(param(read(name), 'SerialNumber'), identity.shortSerial);
        }
        assert.equal(param(read('ehome_detect_40'), 'DetectPackage'), 'TRUE');
        same(writeLowVersion(read('ehome_detect_40'), true), 'ehome_detect_reply_platform');
    });

    it('a command that nobody knows is answered 401', () => {
        same(writeUnknownCommand(read('ehome_unknown_command')), 'ehome_unknown_reply');
    });

    it('ALARM and GPS are answered without a method', () => {
        same(writeAlarmAnswer(read('ehome_alarm')), 'ehome_alarm_reply');
        same(writeAlarmAnswer(read('ehome_gps')), 'ehome_gps_reply');
        assert.deepEqual(readAlarm(read('ehome_alarm')), {
            time: '2026-01-01 10:00:00',
            type: '8',
            action: 0,
            retransmitted: false,
            videoChannel: 1,
            alarmIn: 0,
            disk: 0,
        });
        assert.equal(readAlarm(read('ehome_gps')), undefined);
    });

    it('the serial number of a 2.0 device can be asked for', () => {
        same(writeGetServerInfo(9), 'ehome_get_server_info');
        const reply = read('ehome_server_info_reply');
        assert.equal(reply.status, 200);
        assert.equal(serialOfServerInfo(reply), identity.fullSerial);
        assert.equal(serialOfServerInfo(read('ehome_alarm')), undefined);
    });

    it('are read in GB2312 and UTF-8, with zero bytes behind them', () => {
        const text = vectors.ehome_register_20!.text!.replace('ISUPTEST01', 'DEVICE');
        const [before, after] = text.split('DEVICE');
        const gb = Buffer.concat([Buffer.from(before!), Buffer.from('c3c5bfda', 'hex'), Buffer.from(after!)]);
        assert.equal(param(readEhome(gb)!, 'DeviceID'), '门口');
        assert.equal(param(readEhome(Buffer.concat([gb, Buffer.alloc(13)]))!, 'DeviceID'), '门口');
        const utf8 = Buffer.from(text.replace('GB2312', 'UTF-8').replace('DEVICE', '门口'));
        assert.equal(param(readEhome(utf8)!, 'DeviceID'), '门口');
    });

    it('that are none give nothing', () => {
        const wrong = [
            '',
            'hello',
            '<?xml version="1.0"?><Other/>',
            '<PPVSPMessage/>',
            '<PPVSPMessage><CommandType>REQUEST</CommandType><Sequence>x</Sequence><Command>A</Command></PPVSPMessage>',
            '<PPVSPMessage><CommandType>REQUEST</CommandType><Sequence>1</Sequence><Command>A B</Command></PPVSPMessage>',
            '<!DOCTYPE a [<!ENTITY b "ccc">]><PPVSPMessage><Sequence>&b;</Sequence></PPVSPMessage>',
        ];
        for (const text of wrong) assert.equal(readEhome(Buffer.from(text)), undefined, text);
        assert.equal(readEhome(Buffer.alloc(100)), undefined);
    });

    it('cut anywhere or with any byte changed never throw', () => {
        const whole = wire('ehome_register_40');
        for (let at = 0; at < whole.length; at++) {
            readEhome(whole.subarray(0, at));
            const bytes = Buffer.from(whole);
            bytes[at] = bytes[at]! ^ 0xff;
            readEhome(bytes);
        }
    });
});
