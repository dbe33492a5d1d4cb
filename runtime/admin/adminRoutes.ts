import type { NodeAPI } from 'node-red';
import { Fault, type FaultDetails } from '../../protocols/errors';
import { type FoundReason, findReason } from '../reasons';

/** A fault as a dialog shows it: the code finds the sentence in the user's language. */
export interface ShownFault {
    code: string;
    details: FaultDetails;
    /** What finds the reason among the details in the user's language, where it is one of ours. */
    reason?: FoundReason;
    /** In English, where the dialog lacks the code. */
    message: string;
    unlockAt?: number;
    triesLeft?: number;
    /** The vendor's word for it: `lowPrivilege`, `deployExceedMax` … */
    vendorWord?: string;
}

export type Body = Record<string, unknown>;

/** Answers of the buttons at a time; a browser that keeps clicking must not fill the memory. */
const MOST_AT_A_TIME = 8;

/**
 * What the buttons of the dialogs call: POST below the path of a node type, for users who may do it. Bodies carry
 * passwords, so nothing of them is ever repeated in an answer.
 */
export class AdminRoutes {
    readonly #RED: NodeAPI;
    readonly #type: string;
    #running = 0;

    /** @param type of the node, for path and permission */
    constructor(RED: NodeAPI, type: string) {
        this.#RED = RED;
        this.#type = type;
    }

    /** @param handle gives what the dialog shows; a Fault that it throws is shown as such */
    post(name: string, permission: 'read' | 'write', handle: (body: Body) => Promise<object>): void {
        const path = `/${this.#type}/${name}`;
        const permitted = this.#RED.auth.needsPermission(`${this.#type}.${permission}`);
        this.#RED.httpAdmin.post(path, permitted, (request, response) => {
            this.#answer(request.body, handle).then((answer) => {
                response.set('Cache-Control', 'no-store');
                response.json(answer);
            });
        });
    }

    async #answer(body: unknown, handle: (body: Body) => Promise<object>): Promise<object> {
        if (this.#running >= MOST_AT_A_TIME) return { fault: shownFault(new Fault('DEVICE_BUSY')) };
        this.#running += 1;
        try {
            return await handle(typeof body === 'object' && body !== null ? (body as Body) : {});
        } catch (thrown) {
            return { fault: shownFault(thrown) };
        } finally {
            this.#running -= 1;
        }
    }
}

export function shownFault(thrown: unknown): ShownFault {
    const { code, details, message, unlockAt, triesLeft, isapi } = Fault.from(thrown);
    const reason = findReason(String(details.reason ?? ''));
    return {
        code,
        details,
        message,
        ...(reason !== undefined && { reason }),
        ...(unlockAt !== undefined && { unlockAt }),
        ...(triesLeft !== undefined && { triesLeft }),
        ...(isapi?.subStatusCode !== undefined && { vendorWord: isapi.subStatusCode.slice(0, 64) }),
    };
}
