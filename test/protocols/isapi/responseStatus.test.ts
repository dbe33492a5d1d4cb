import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsapiStatus } from '../../../protocols/errors';
import { faultCodeOf, faultOf, isSuccess, needsReboot, readIsapiStatus } from '../../../protocols/isapi/responseStatus';

function statusOf(text: string): IsapiStatus | undefined {
    const answer = readIsapiStatus(Buffer.from(text));
    return answer !== undefined && 'status' in answer ? answer.status : undefined;
}

describe('readIsapiStatus', () => {
    it('reads the XML form in any namespace', () => {
        const namespaces = ['xmlns="http://www.hikvision.com/ver20/XMLSchema"', 'xmlns="urn:psialliance-org"', ''];
        for (const namespace of namespaces) {
            const text = `<?xml version="1.0"?>\n<ResponseStatus version="2.0" ${namespace}><requestURL></requestURL>
                <statusCode>4</statusCode><statusString>Invalid Operation</statusString>
                <subStatusCode>lowPrivilege</subStatusCode></ResponseStatus>`;
            assert.deepEqual(statusOf(text), {
                statusCode: 4,
                statusString: 'Invalid Operation',
                subStatusCode: 'lowPrivilege',
            });
        }
    });

    it('reads the JSON form, bare or wrapped', () => {
        const fields = '{"statusCode":"4","subStatusCode":"notSupport","errorCode":1073741825,"errorMsg":"notSupport"}';
        for (const text of [fields, `{"ResponseStatus":${fields}}`]) {
            assert.deepEqual(statusOf(text), {
                statusCode: 4,
                subStatusCode: 'notSupport',
                errorCode: 0x40000001,
                errorMsg: 'notSupport',
            });
        }
    });

    it('reads what a device says about logins', () => {
        const text =
            '<userCheck><statusValue>401</statusValue><statusString>Unauthorized</statusString>' +
            '<lockStatus>lock</lockStatus><unlockTime>1791</unlockTime><retryLoginTime>0</retryLoginTime></userCheck>';
        assert.deepEqual(readIsapiStatus(Buffer.from(text)), {
            userCheck: {
                statusValue: 401,
                statusString: 'Unauthorized',
                locked: true,
                unlockTime: 1791,
                retryLoginTime: 0,
            },
        });
        const old = '<userCheck><statusValue>200</statusValue><statusString>OK</statusString></userCheck>';
        assert.deepEqual(readIsapiStatus(Buffer.from(old)), { userCheck: { statusValue: 200, statusString: 'OK' } });
    });

    it('leaves every other document alone', () => {
        const others = [
            '',
            '<DeviceInfo><model>X</model></DeviceInfo>',
            '{"AcsEvent":{"totalMatches":0}}',
            'OK',
            '<',
            '[1]',
        ];
        for (const text of others) assert.equal(readIsapiStatus(Buffer.from(text)), undefined, text);
        assert.equal(readIsapiStatus(Buffer.from([0xff, 0xd8, 0xff]), 'image/jpeg'), undefined);
        assert.equal(readIsapiStatus(Buffer.from('{"statusCode":4}'), 'image/jpeg'), undefined);
    });
});

describe('what an ISAPI status means', () => {
    it('is success for 0, 1 and 7', () => {
        for (const statusCode of [0, 1, 7]) {
            assert.equal(isSuccess({ statusCode }), true);
            assert.equal(faultCodeOf({ httpStatus: 200, status: { statusCode } }), undefined);
        }
        assert.equal(needsReboot({ statusCode: 7 }), true);
        assert.equal(needsReboot({ statusCode: 1, subStatusCode: 'rebootRequired' }), true);
        assert.equal(needsReboot({ statusCode: 1 }), false);
        assert.equal(faultCodeOf({ httpStatus: 204 }), undefined);
    });

    const cases: [string, number, IsapiStatus | undefined, string][] = [
        ['a wrong password', 401, { statusCode: 4, subStatusCode: 'unauthorized' }, 'AUTH_REJECTED'],
        ['a device that is busy', 200, { statusCode: 2 }, 'DEVICE_BUSY'],
        ['an error of the device, with HTTP 200', 200, { statusCode: 3 }, 'DEVICE_ERROR'],
        ['an operation the device refuses', 200, { statusCode: 4 }, 'NOT_SUPPORTED'],
        ['a feature the model lacks', 403, { statusCode: 4, subStatusCode: 'notSupport' }, 'NOT_SUPPORTED'],
        ['the same by its number alone', 403, { statusCode: 4, errorCode: 1073741825 }, 'NOT_SUPPORTED'],
        ['a user without the permission', 403, { statusCode: 4, subStatusCode: 'lowPrivilege' }, 'FORBIDDEN'],
        ['a 403 without a reason', 403, { statusCode: 4 }, 'FORBIDDEN'],
        ['a 403 without a body', 403, undefined, 'FORBIDDEN'],
        ['too many arming links', 403, { statusCode: 4, subStatusCode: 'deployExceedMax' }, 'NO_SLOT'],
        ['the same by its number', 403, { statusCode: 4, errorCode: 0x60006018 }, 'NO_SLOT'],
        ['an event the device cannot send', 403, { statusCode: 6, errorCode: 0x60001024 }, 'NOT_SUPPORTED'],
        ['a body that is not XML', 400, { statusCode: 5, subStatusCode: 'badXmlFormat' }, 'REQUEST_INVALID'],
        ['a parameter out of range', 400, { statusCode: 6 }, 'REQUEST_INVALID'],
        ['a device without its first password', 403, { statusCode: 4, subStatusCode: 'notActivated' }, 'NOT_ACTIVATED'],
        ['an additional error', 200, { statusCode: 9 }, 'DEVICE_ERROR'],
        ['a path that is not there', 404, undefined, 'NOT_FOUND'],
        ['a method that is not there', 405, undefined, 'NOT_SUPPORTED'],
        ['an overloaded web server', 503, undefined, 'DEVICE_BUSY'],
        ['anything else', 500, undefined, 'HTTP_STATUS'],
    ];
    for (const [what, httpStatus, status, code] of cases) {
        it(`tells ${what}`, () => assert.equal(faultCodeOf({ httpStatus, status }), code));
    }

    it('is a missing slot when a stream is refused without a reason', () => {
        const status = { statusCode: 4, statusString: 'Invalid Operation' };
        assert.equal(faultCodeOf({ httpStatus: 403, status, stream: true }), 'NO_SLOT');
        const named = { statusCode: 4, subStatusCode: 'invalidOperation' };
        assert.equal(faultCodeOf({ httpStatus: 403, status: named, stream: true }), 'NO_SLOT');
        const forbidden = { statusCode: 4, subStatusCode: 'lowPrivilege' };
        assert.equal(faultCodeOf({ httpStatus: 403, status: forbidden, stream: true }), 'FORBIDDEN');
    });

    it('carries the words of the device into the fault', () => {
        const status = {
            statusCode: 4,
            statusString: 'Invalid Operation',
            subStatusCode: 'notSupport',
            errorMsg: 'notSupport',
        };
        const fault = faultOf({ httpStatus: 403, status, path: '/ISAPI/x' });
        assert.equal(fault?.message, 'The device does not support this: Invalid Operation, notSupport.');
        assert.deepEqual(fault?.isapi, status);
        assert.equal(fault?.status, 403);
        assert.equal(faultOf({ httpStatus: 200, status: { statusCode: 1 } }), undefined);
    });
});
