import type { NodeAPI } from 'node-red';
import type { Fault, IsapiStatus } from '../protocols/errors';
import { explain } from './faultText';

/** What `done` is given: a sentence in the user's language, and what a Catch node can branch on. */
export interface RequestError extends Error {
    code: string;
    status?: number;
    isapi?: IsapiStatus;
    /** Epoch milliseconds at which the next login is admitted. */
    unlockAt?: number;
    triesLeft?: number;
}

/**
 * A fault as flows see it. Node-RED copies message, code and cause of an error into `msg.error`, so the rest lies in the
 * cause as well.
 */
export function explained(RED: NodeAPI, fault: Fault): RequestError {
    const { code, status, isapi, unlockAt, triesLeft } = fault;
    const facts = {
        code,
        ...(status !== undefined && { status }),
        ...(isapi !== undefined && { isapi }),
        ...(unlockAt !== undefined && { unlockAt }),
        ...(triesLeft !== undefined && { triesLeft }),
    };
    const error = new Error(explain(RED, fault), { cause: facts });
    // The stack of our own code helps nobody in a flow.
    delete error.stack;
    return Object.assign(error, facts);
}
