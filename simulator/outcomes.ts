import { cJson, NAMESPACES, xmlDocument } from './bodies';

/**
 * What a device answers when it has no document to give: the rows of the ISAPI guide's status tables that clients meet.
 * `http` is the HTTP status that goes with it; `errorCode` stands where a published body showed it.
 */
export const OUTCOMES = {
    ok: { http: 200, statusCode: 1, statusString: 'OK', subStatusCode: 'ok', errorCode: 1 },
    rebootRequired: { http: 200, statusCode: 7, statusString: 'Reboot Required', subStatusCode: 'rebootRequired' },
    deviceBusy: { http: 503, statusCode: 2, statusString: 'Device Busy', subStatusCode: 'deviceBusy' },
    deviceError: { http: 500, statusCode: 3, statusString: 'Device Error', subStatusCode: 'deviceError' },
    notSupport: {
        http: 403,
        statusCode: 4,
        statusString: 'Invalid Operation',
        subStatusCode: 'notSupport',
        errorCode: 0x40000001,
    },
    unknownPath: {
        http: 404,
        statusCode: 4,
        statusString: 'Invalid Operation',
        subStatusCode: 'notSupport',
        errorCode: 0x40000001,
    },
    methodNotAllowed: {
        http: 405,
        statusCode: 4,
        statusString: 'Invalid Operation',
        subStatusCode: 'methodNotAllowed',
    },
    invalidOperation: {
        http: 403,
        statusCode: 4,
        statusString: 'Invalid Operation',
        subStatusCode: 'invalidOperation',
    },
    lowPrivilege: { http: 403, statusCode: 4, statusString: 'Invalid Operation', subStatusCode: 'lowPrivilege' },
    notActivated: { http: 403, statusCode: 4, statusString: 'Invalid Operation', subStatusCode: 'notActivated' },
    deployExceedMax: {
        http: 403,
        statusCode: 6,
        statusString: 'Invalid Content',
        subStatusCode: 'deployExceedMax',
        errorCode: 0x60006018,
    },
    badFormat: { http: 400, statusCode: 5, statusString: 'Invalid XML Format', subStatusCode: 'badXmlFormat' },
    badContent: { http: 400, statusCode: 6, statusString: 'Invalid XML Content', subStatusCode: 'badXmlContent' },
    badParameters: { http: 400, statusCode: 6, statusString: 'Invalid Content', subStatusCode: 'badParameters' },
    eventNotSupport: {
        http: 400,
        statusCode: 6,
        statusString: 'Invalid Content',
        subStatusCode: 'eventNotSupport',
        errorCode: 0x60001024,
    },
} as const satisfies Record<
    string,
    { http: number; statusCode: number; statusString: string; subStatusCode: string; errorCode?: number }
>;

export type Outcome = keyof typeof OUTCOMES;

/** The `ResponseStatus` document of an outcome, as XML or, for `?format=json`, as JSON. */
export function responseStatus(outcome: Outcome, requestUrl: string, form: 'xml' | 'json'): string {
    const { http: _http, ...status } = OUTCOMES[outcome];
    const errorCode = 'errorCode' in status ? status.errorCode : undefined;
    if (form === 'json') return cJson({ requestURL: requestUrl, ...status, errorCode, errorMsg: status.subStatusCode });
    const { statusCode, statusString, subStatusCode } = status;
    return xmlDocument(
        'ResponseStatus',
        { requestURL: requestUrl, statusCode, statusString, subStatusCode },
        { lineEnd: '\r\n' },
    );
}

/**
 * The 403 that takes the place of a stream when no connection is left: psialliance namespace, no sub status
 * (DS-KB6003-WIP, mezz64/pyHik#16).
 */
export function noSlotDocument(requestUrl: string): string {
    return xmlDocument(
        'ResponseStatus',
        { requestURL: requestUrl, statusCode: 4, statusString: 'Invalid Operation', subStatusCode: 'invalidOperation' },
        { namespace: NAMESPACES.psialliance, version: '1.0' },
    );
}
