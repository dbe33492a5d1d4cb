import { NAMESPACES, xmlDocument } from './bodies';
import type { LoginRefusal } from './deviceLogin';

const XML = 'application/xml; charset="UTF-8"';

/** The document about a login: alone on `GET /ISAPI/Security/userCheck`, and in the body of a 401. */
export function userCheckDocument(content: object): string {
    return xmlDocument('userCheck', content, { namespace: NAMESPACES.isapi, lineEnd: '\r\n' });
}

/** What stands in the body of a 401. */
export const REFUSALS = {
    userCheck: (refusal: LoginRefusal) => ({
        contentType: XML,
        body: userCheckDocument({
            statusValue: 401,
            statusString: 'Unauthorized',
            lockStatus: refusal.locked ? 'lock' : 'unlock',
            unlockTime: refusal.unlockSeconds,
            retryLoginTime: refusal.triesLeft,
        }),
    }),
    short: () => ({ contentType: XML, body: userCheckDocument({ statusValue: 401, statusString: 'Unauthorized' }) }),
    html: () => ({
        contentType: 'text/html',
        body: '<html><body><h2>Access Error: Unauthorized</h2></body></html>',
    }),
    none: () => ({ contentType: undefined, body: '' }),
};

export type RefusalForm = keyof typeof REFUSALS;
