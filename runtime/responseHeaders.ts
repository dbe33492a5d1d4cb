import type { IncomingHttpHeaders } from 'node:http';

/** Survives the copies that Node-RED makes of messages, and is seen by nobody else. */
const OF_A_RESPONSE = Symbol.for('@vigia/node-red-cctv/response-headers');

/**
 * The headers of an answer, marked: they stay in the message, and the next request node must not send them back as if
 * the flow had meant them.
 */
export function responseHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    return { ...headers, [OF_A_RESPONSE]: true } as IncomingHttpHeaders;
}

export function isResponseHeaders(headers: unknown): boolean {
    return typeof headers === 'object' && headers !== null && OF_A_RESPONSE in headers;
}
