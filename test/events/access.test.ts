import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accessCode } from '../../events/normalise/access';
import { body, readOne } from './support';

function terminal(fields: Record<string, unknown>): string {
    return JSON.stringify({
        macAddress: '00:00:5e:00:53:70',
        channelID: 1,
        dateTime: '2026-11-20T09:00:00-03:00',
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: { majorEventType: 5, subEventType: 75, ...fields },
    });
}

describe('access at a terminal', () => {
    it('says who went through which door, and how', () => {
        const event = readOne(body('access.json'));
        assert.equal(event.kind, 'access');
        assert.equal(event.state, 'pulse');
        assert.deepEqual(event.access, {
            major: 5,
            minor: 75,
            code: 'MINOR_FACE_VERIFY_PASS',
            text: 'Face Authentication Completed',
            result: 'granted',
            door: 1,
            reader: 1,
            method: 'cardOrFace',
            attendance: 'checkIn',
            serial: 18,
            previousSerial: 17,
        });
        assert.deepEqual(event.person, {
            id: '0001764',
            name: 'MARIA EXEMPLO',
            type: 'normal',
            mask: 'no',
            rect: { x: 0.5, y: 0.049, width: 0.111, height: 0.196 },
        });
    });

    it('keeps what says nothing out', () => {
        const { access, person } = readOne(
            terminal({
                subEventType: 21,
                currentVerifyMode: 'invalid',
                attendanceStatus: 'undefined',
                mask: 'unknown',
                cardNo: '',
            }),
        );
        assert.deepEqual(Object.keys(access ?? {}), ['major', 'minor', 'code', 'text', 'result']);
        assert.equal(person, undefined);
    });

    it('keeps numbers of people and cards as text, digit by digit', () => {
        const event = readOne(terminal({ employeeNo: 1764, cardNo: '0000000042' }));
        assert.equal(event.person?.id, '1764');
        assert.equal(event.access?.card, '0000000042');
        const text = terminal({ serialNo: 4 }).replace('"serialNo":4', '"serialNo":4,"cardNo":12345678901234567890');
        assert.equal(readOne(text).access?.card, '12345678901234567890');
    });

    it('waits for a decision where the terminal asks for one', () => {
        assert.equal(readOne(terminal({ remoteCheck: true })).access?.remoteCheck, true);
        assert.equal(readOne(terminal({ remoteCheck: 'true' })).access?.remoteCheck, true);
    });

    it('names who worked at the terminal, and where a picture lies', () => {
        const url = 'http://192.0.2.1/LOCALS/pic/a.jpeg@WEB000000000011';
        const { access } = readOne(
            terminal({ majorEventType: 3, subEventType: 112, remoteHostAddr: '192.0.2.9', pictureURL: url }),
        );
        assert.equal(access?.remoteAddress, '192.0.2.9');
        assert.equal(access?.pictureUrl, url);
        assert.equal(access?.result, 'system');
    });

    it('rings the doorbell', () => {
        assert.equal(readOne(terminal({ subEventType: 37 })).kind, 'doorbell');
        assert.equal(readOne(terminal({ subEventType: 51 })).kind, 'call');
        assert.equal(readOne(terminal({ subEventType: 37 })).family, 'access');
    });

    it('tells of the call and the button itself where the firmware leaves callStatus idle', () => {
        const call = readOne(terminal({ majorEventType: 5, subEventType: 51 }));
        assert.deepEqual([call.kind, call.state, call.access?.result], ['call', 'pulse', 'door']);
        const button = readOne(terminal({ majorEventType: 3, subEventType: 1024 }));
        assert.deepEqual([button.kind, button.access?.major, button.access?.minor], ['access', 3, 1024]);
        assert.equal(button.access?.result, 'door', 'it is not left out with the operations');
    });

    it('may measure a temperature', () => {
        const event = readOne(terminal({ currTemperature: 36.4, thermometryUnit: 'celsius' }));
        assert.deepEqual(event.thermal, { value: 36.4, unit: 'celsius' });
    });

    it('tells of a change of its people', () => {
        const change = { serialNo: 4, localUserChangeType: 'add', employeeNo: '0001764' };
        const event = readOne(JSON.stringify({ eventType: 'LocalUserChange', LocalUserChange: change }));
        assert.equal(event.kind, 'user-change');
        assert.equal(event.state, 'pulse');
        assert.equal(event.description, 'add');
        assert.deepEqual(event.person, { id: '0001764' });
    });
});

describe('access codes', () => {
    const results: [string, [number, number][]][] = [
        [
            'granted',
            [
                [5, 1],
                [5, 2],
                [5, 38],
                [5, 75],
                [5, 77],
                [5, 101],
                [5, 181],
            ],
        ],
        [
            'denied',
            [
                [5, 3],
                [5, 6],
                [5, 7],
                [5, 8],
                [5, 9],
                [5, 10],
                [5, 15],
                [5, 39],
                [5, 49],
                [5, 76],
                [5, 80],
                [5, 151],
                [5, 152],
            ],
        ],
        [
            'door',
            [
                [5, 21],
                [5, 22],
                [5, 23],
                [5, 24],
                [5, 25],
                [5, 26],
                [5, 19],
                [5, 37],
                [3, 1024],
            ],
        ],
        [
            'alarm',
            [
                [1, 1028],
                [1, 1034],
                [5, 27],
                [5, 28],
                [5, 92],
                [5, 133],
            ],
        ],
        [
            'system',
            [
                [2, 1024],
                [2, 39],
                [3, 112],
                [3, 121],
                [3, 1029],
                [5, 193],
                [9, 9],
            ],
        ],
    ];
    for (const [result, codes] of results) {
        it(`mean ${result}`, () => {
            for (const [major, minor] of codes)
                assert.equal(accessCode(major, minor).result, result, `${major}/${minor}`);
        });
    }

    it('have the name and the text of the SDK', () => {
        assert.deepEqual(accessCode(5, 27), {
            code: 'MINOR_DOOR_OPEN_ABNORMAL',
            text: 'Door Abnormally Open (Contact)',
            result: 'alarm',
        });
        assert.equal(accessCode(3, 1057).code, 'MINOR_NFC_FUNCTION_OPEN');
    });

    it('stay numbers where the table has none', () => {
        assert.deepEqual(accessCode(3, 240), { code: '3/240', text: 'Access operation 3/240', result: 'system' });
        assert.equal(accessCode(7, 1).code, '7/1');
    });

    it('may be the device’s own', () => {
        assert.equal(accessCode(5, 0x500).code, 'MINOR_EVENT_CUSTOM1');
        assert.equal(accessCode(1, 0x93f).code, 'MINOR_ALARM_CUSTOM64');
        assert.equal(accessCode(1, 0x940).code, '1/2368');
    });
});
