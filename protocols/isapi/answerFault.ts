import { Fault, type IsapiStatus } from '../errors';
import type { HttpResponse } from '../http/client';
import { faultOf, readIsapiStatus } from './responseStatus';

/** Sub status codes in words (ISAPI guide, status codes); whoever reads the error need not look them up. */
const EXPLANATIONS: Record<string, string> = {
    notsupport: 'this model or firmware does not have the function',
    eventnotsupport: 'this model does not know one of the events',
    methodnotallowed: 'the path does not take this method',
    lowprivilege: 'the user lacks the permission for it',
    notactivated: 'it has no password yet',
    deployexceedmax: 'too many clients listen to its events',
    devicebusy: 'it is busy',
    deviceerror: 'the function failed inside the device',
    nomemory: 'it is out of memory',
    invalidoperation: 'not possible in its present state, or all its connections are in use',
    badxmlformat: 'the document is not what it expects here',
    badxmlcontent: 'a value in the document is missing or out of range',
    badjsonformat: 'the JSON is not what it expects here',
    badjsoncontent: 'a value in the JSON is missing or out of range',
    badparameters: 'a parameter is missing or out of range',
    badurlformat: 'the path or its query is not what it expects',
    rebootrequired: 'it must be restarted first',
    employeenoalreadyexist: 'a person with this employee number exists already',
    deviceuseralreadyexistface: 'the person has a face picture already',
};

/**
 * The failure in an answer, or `undefined` where it is none. A `ResponseStatus` counts whatever the HTTP status: devices
 * put it where a picture or a list was expected, with HTTP 200 (maciej-or/hikvision_next).
 *
 * @param path as asked, for the sentence
 */
export function answerFault(answer: HttpResponse, path: string): Fault | undefined {
    const { statusCode, headers, body } = answer;
    const shown = withoutQuery(path);
    if (statusCode >= 300 && statusCode < 400) return redirection(statusCode, headers.location);
    const cgi = isCgi(path) ? cgiFault(answer, shown) : undefined;
    if (cgi !== undefined) return cgi;
    const read = readIsapiStatus(body, headers['content-type']);
    const status = read !== undefined && 'status' in read ? read.status : undefined;
    const fault = faultOf({ httpStatus: statusCode, status, path: shown });
    return fault === undefined ? undefined : explained(fault, status);
}

function redirection(status: number, location = ''): Fault {
    return new Fault('REDIRECTED', { details: { location: withoutQuery(location), status }, status });
}

/** Puts our words before the vendor's; those stay, for a search in the vendor's documents. */
function explained(fault: Fault, isapi: IsapiStatus | undefined): Fault {
    const words = EXPLANATIONS[isapi?.subStatusCode?.toLowerCase() ?? ''];
    if (words === undefined) return fault;
    const details = { ...fault.details, reason: `${words} (${fault.details.reason})` };
    return new Fault(fault.code, { details, status: fault.status, isapi: fault.isapi });
}

function isCgi(path: string): boolean {
    return path.startsWith('/cgi-bin/');
}

/** Dahua's CGI says `Error` and a reason on the next line, with HTTP 400 or 200 (Dahua HTTP API). */
function cgiFault({ statusCode, body }: HttpResponse, path: string): Fault | undefined {
    if (statusCode !== 200 && statusCode !== 400) return undefined;
    const lines = body.toString('latin1', 0, 200).trim().split(/\r?\n/);
    if (!/^error\b/i.test(lines[0] ?? '')) return undefined;
    const reason =
        lines
            .slice(1)
            .join(' ')
            .replace(/[^\x20-\x7e]/g, ' ')
            .trim() || 'it gives no reason';
    const code = /not (?:support|implement)/i.test(reason) ? 'NOT_SUPPORTED' : 'REQUEST_INVALID';
    return new Fault(code, { details: { reason, path, status: statusCode }, status: statusCode });
}

/** A query may hold what nobody should read in a log. */
function withoutQuery(path: string): string {
    const mark = path.indexOf('?');
    return mark < 0 ? path : path.slice(0, mark);
}

/** True where a probe learns from the fault that the device cannot do it, rather than that it will not now. */
export function meansUnsupported(fault: Fault): boolean {
    if (fault.code === 'NOT_SUPPORTED' || fault.code === 'NOT_FOUND') return true;
    // Recorders answer a bare 403 where cameras answer 200; one that names the privilege means the privilege.
    return fault.code === 'FORBIDDEN' && fault.isapi?.subStatusCode?.toLowerCase() !== 'lowprivilege';
}

/** Devices of another make show a page there, or say `Bad Request` without a document of ISAPI. */
const STRANGE = new Set([
    'STREAM_NOT_EVENTS',
    'REQUEST_INVALID',
    'HTTP_STATUS',
    'ANSWER_UNREADABLE',
    'RESPONSE_MALFORMED',
]);

/** True where a device that speaks no ISAPI may have answered so. A refused login says nothing about that. */
export function meansForeign({ code, isapi }: Fault): boolean {
    return code === 'NOT_FOUND' || code === 'NOT_SUPPORTED' || (STRANGE.has(code) && isapi === undefined);
}
