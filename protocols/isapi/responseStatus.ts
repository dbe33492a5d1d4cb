import { readJson } from '../documents/readJson';
import { decodeText } from '../documents/readText';
import { readXml } from '../documents/readXml';
import { type Fields, fieldsOf, flagOf, numberOf, textOf } from '../documents/values';
import { Fault, type FaultCode, type IsapiStatus } from '../errors';

/** What the device says about logins, in the body of a 401 or of `GET /ISAPI/Security/userCheck`. */
export interface UserCheck {
    statusValue?: number;
    statusString?: string;
    /** True while the device refuses this address whatever the password. */
    locked?: boolean;
    /** Seconds until the lock ends. */
    unlockTime?: number;
    /** Logins that the device still admits before it locks. */
    retryLoginTime?: number;
    isDefaultPassword?: boolean;
}

export type IsapiAnswer = { status: IsapiStatus } | { userCheck: UserCheck };

/** Bodies that are looked at: both documents are a few hundred bytes, a picture or a recording is not one of them. */
const MAX_BYTES = 64 * 1024;

/**
 * Reads a `ResponseStatus` or a `userCheck`, in XML of any namespace or in JSON. A device may answer with the first in
 * place of any other document, and with HTTP 200 (maciej-or/hikvision_next, snapshots): look before using a body.
 *
 * @returns `undefined` where the body is something else.
 */
export function readIsapiStatus(body: Buffer, contentType?: string): IsapiAnswer | undefined {
    if (body.length === 0 || body.length > MAX_BYTES) return undefined;
    if (contentType !== undefined && /^\s*(image|video|audio)\//i.test(contentType)) return undefined;
    const { text } = decodeText(body);
    const first = text.trimStart()[0];
    const object = fieldsOf(first === '<' ? readXml(text) : first === '{' ? readJson(text) : undefined);
    if (object === undefined) return undefined;
    const status = 'ResponseStatus' in object ? fieldsOf(object.ResponseStatus) : object;
    if (status !== undefined && ('statusCode' in status || 'subStatusCode' in status)) {
        return { status: statusOf(status) };
    }
    const check = fieldsOf(object.userCheck ?? object.UserCheck);
    return check === undefined ? undefined : { userCheck: userCheckOf(check) };
}

function statusOf(fields: Fields): IsapiStatus {
    const status: IsapiStatus = {};
    const statusCode = numberOf(fields.statusCode);
    const statusString = textOf(fields.statusString);
    const subStatusCode = textOf(fields.subStatusCode);
    const errorCode = numberOf(fields.errorCode);
    const errorMsg = textOf(fields.errorMsg);
    if (statusCode !== undefined) status.statusCode = statusCode;
    if (statusString !== undefined) status.statusString = statusString;
    if (subStatusCode !== undefined) status.subStatusCode = subStatusCode;
    if (errorCode !== undefined) status.errorCode = errorCode;
    if (errorMsg !== undefined) status.errorMsg = errorMsg;
    return status;
}

function userCheckOf(fields: Fields): UserCheck {
    const check: UserCheck = {};
    const statusValue = numberOf(fields.statusValue);
    const statusString = textOf(fields.statusString);
    const lockStatus = textOf(fields.lockStatus);
    const unlockTime = numberOf(fields.unlockTime);
    const retryLoginTime = numberOf(fields.retryLoginTime);
    const isDefaultPassword = flagOf(fields.isDefaultPassword);
    if (statusValue !== undefined) check.statusValue = statusValue;
    if (statusString !== undefined) check.statusString = statusString;
    if (lockStatus !== undefined) check.locked = lockStatus.toLowerCase() === 'lock';
    if (unlockTime !== undefined) check.unlockTime = unlockTime;
    if (retryLoginTime !== undefined) check.retryLoginTime = retryLoginTime;
    if (isDefaultPassword !== undefined) check.isDefaultPassword = isDefaultPassword;
    return check;
}

/** Whether the device did what it was asked for: 0 and 1 are OK, 7 is OK after a reboot (ISAPI guide, status codes). */
export function isSuccess(status: IsapiStatus): boolean {
    return status.statusCode === 0 || status.statusCode === 1 || status.statusCode === 7;
}

/** Whether the change needs a reboot of the device to take effect. */
export function needsReboot(status: IsapiStatus): boolean {
    return status.statusCode === 7 || status.subStatusCode?.toLowerCase() === 'rebootrequired';
}

/** Sub status codes that say more than the status code (ISAPI guide; deployExceedMax: Hikvision SDK guides, 2022). */
const BY_SUB_STATUS: Record<string, FaultCode> = {
    notsupport: 'NOT_SUPPORTED',
    notsupported: 'NOT_SUPPORTED',
    eventnotsupport: 'NOT_SUPPORTED',
    methodnotallowed: 'NOT_SUPPORTED',
    lowprivilege: 'FORBIDDEN',
    nopermission: 'FORBIDDEN',
    deployexceedmax: 'NO_SLOT',
    devicebusy: 'DEVICE_BUSY',
    servicebusy: 'DEVICE_BUSY',
    notactivated: 'NOT_ACTIVATED',
    deviceerror: 'DEVICE_ERROR',
    nomemory: 'DEVICE_ERROR',
    badxmlformat: 'REQUEST_INVALID',
    badxmlcontent: 'REQUEST_INVALID',
    badjsonformat: 'REQUEST_INVALID',
    badjsoncontent: 'REQUEST_INVALID',
    badparameters: 'REQUEST_INVALID',
    badurlformat: 'REQUEST_INVALID',
    messageparameterslack: 'REQUEST_INVALID',
};

/** `errorCode` is the decimal of a hexadecimal code. */
const BY_ERROR_CODE: Record<number, FaultCode> = {
    1073741825: 'NOT_SUPPORTED',
    1610616868: 'NOT_SUPPORTED',
    1610637336: 'NO_SLOT',
};

const BY_STATUS_CODE: Record<number, FaultCode> = {
    2: 'DEVICE_BUSY',
    3: 'DEVICE_ERROR',
    4: 'NOT_SUPPORTED',
    5: 'REQUEST_INVALID',
    6: 'REQUEST_INVALID',
    9: 'DEVICE_ERROR',
};

const BY_HTTP_STATUS: Record<number, FaultCode> = {
    401: 'AUTH_REJECTED',
    403: 'FORBIDDEN',
    404: 'NOT_FOUND',
    405: 'NOT_SUPPORTED',
    501: 'NOT_SUPPORTED',
    503: 'DEVICE_BUSY',
};

export interface IsapiAnswerFacts {
    httpStatus: number;
    status?: IsapiStatus;
    /** The path that was asked for, to be named in the fault. */
    path?: string;
    /** True for alertStream and subscribeEvent, where a refusal without a reason means that all slots are taken. */
    stream?: boolean;
}

/**
 * What an answer means. The same refusal has many dresses: recorders say 403 where cameras say 200
 * (maciej-or/hikvision_next, pull request 152), and "Invalid Operation" on a stream says that too many are open
 * (Supergiovane/node-red-contrib-hikvision-ultimate#74, mezz64/pyHik#16).
 *
 * @returns the code of a fault, or `undefined` for success.
 */
export function faultCodeOf({ httpStatus, status, stream = false }: IsapiAnswerFacts): FaultCode | undefined {
    if (httpStatus === 401) return 'AUTH_REJECTED';
    if (status === undefined) return httpStatus < 400 ? undefined : (BY_HTTP_STATUS[httpStatus] ?? 'HTTP_STATUS');
    if (isSuccess(status) && httpStatus < 400) return undefined;
    const reason = status.subStatusCode?.toLowerCase() ?? '';
    const named = BY_SUB_STATUS[reason] ?? BY_ERROR_CODE[status.errorCode ?? Number.NaN];
    if (named !== undefined) return named;
    if (status.statusCode === 4 && stream) return 'NO_SLOT';
    // Without a reason a 403 may be a permission, a limit or an endpoint that this model lacks.
    if (httpStatus === 403 && reason === '') return 'FORBIDDEN';
    return BY_STATUS_CODE[status.statusCode ?? Number.NaN] ?? BY_HTTP_STATUS[httpStatus] ?? 'HTTP_STATUS';
}

/** {@link faultCodeOf} as a Fault that carries the device's own words. */
export function faultOf(facts: IsapiAnswerFacts): Fault | undefined {
    const code = faultCodeOf(facts);
    if (code === undefined) return undefined;
    const { status, httpStatus, path = '' } = facts;
    const words = [status?.statusString, status?.subStatusCode, status?.errorMsg].filter((word) => word !== undefined);
    const reason = [...new Set(words)].join(', ') || `HTTP ${httpStatus}`;
    return new Fault(code, { details: { reason, path, status: httpStatus }, status: httpStatus, isapi: status });
}
