import type { Node, NodeAPI } from 'node-red';
import type { Device } from '../devices/device';
import { type CallOptions, collect, type Matches } from '../devices/deviceRequests';
import { Fault } from '../protocols/errors';
import { readAnswer } from '../protocols/isapi/answer';
import type { Result } from '../protocols/isapi/operations/operation';
import { wantsReboot } from '../protocols/isapi/operations/run';
import type { Page } from '../protocols/isapi/paging';
import { DeliveryWatch } from './deliveryWatch';
import { responseHeaders } from './responseHeaders';
import type { IsapiRequestSettings } from './settings/isapiRequest';
import { type RequestMessage, type Wanted, wantedRequest } from './wantedRequest';

export type Send = (msg: RequestMessage) => void;

/** Carries out what messages ask of one `isapi-request` node. */
export class RequestRunner {
    readonly #RED: NodeAPI;
    readonly #node: Node;
    readonly #settings: IsapiRequestSettings;
    readonly #device: Device;
    readonly #ending = new AbortController();

    constructor(RED: NodeAPI, node: Node, settings: IsapiRequestSettings, device: Device) {
        this.#RED = RED;
        this.#node = node;
        this.#settings = settings;
        this.#device = device;
    }

    /**
     * Asks the device and sends what it answers on: one message, or one per page.
     *
     * @throws Fault
     */
    async handle(msg: RequestMessage, send: Send): Promise<void> {
        if (msg.reset === true) this.#device.resetLogin();
        const wanted = await wantedRequest(this.#RED, this.#node, this.#settings, msg);
        if (this.#ending.signal.aborted) throw new Fault('CLOSED');
        delete msg.reset;
        const options = this.#options(wanted);
        const matches = this.#matchesOf(wanted, options);
        if (matches === undefined) send(fill(msg, await this.#run(wanted, options)));
        else if (this.#settings.paging === 'stream') await this.#stream(matches, msg, send);
        else send(fill(msg, await this.#collect(matches)));
    }

    /** Ends everything under way with Fault CLOSED. */
    close(): void {
        this.#ending.abort(new Fault('CLOSED'));
    }

    #options({ filename }: Wanted): CallOptions {
        const { timeout } = this.#settings;
        return {
            signal: this.#ending.signal,
            ...(timeout !== undefined && { timeout }),
            ...(filename !== undefined && { filename }),
        };
    }

    /** The pages, where what is wanted comes in pages; a flow's own search only where paging is switched on. */
    #matchesOf(wanted: Wanted, options: CallOptions): Matches | undefined {
        const { requests } = this.#device;
        if ('operation' in wanted) return requests.pagesOf(wanted.operation, wanted.params, options);
        if (this.#settings.paging === 'none') return undefined;
        return requests.pagesOfRequest(wanted.request, options);
    }

    async #run(wanted: Wanted, options: CallOptions): Promise<Result> {
        const { requests } = this.#device;
        if ('operation' in wanted) return requests.run(wanted.operation, wanted.params, options);
        const saved = await requests.sendOrSave(wanted.request, options);
        if ('payload' in saved) return saved;
        return { payload: readAnswer(saved, this.#settings.output), answer: saved, path: wanted.request.path };
    }

    /** The first page or, with `collect`, all of them as one list. */
    async #collect(matches: Matches): Promise<Result> {
        if (this.#settings.paging === 'collect') {
            const { rows, last, incomplete } = await collect(matches);
            return resultOfPage(rows, last, incomplete === undefined ? {} : { incomplete });
        }
        const { value: page } = await matches.pages.next();
        await matches.pages.return();
        if (!page) throw new Fault('UNEXPECTED', { details: { reason: 'the search gave no page' } });
        return resultOfPage(page.rows.map(matches.row), page, { more: !page.last });
    }

    /** One message per page; the next page is asked for when the nodes behind have dealt with the last message. */
    async #stream(matches: Matches, msg: RequestMessage, send: Send): Promise<void> {
        const id = this.#RED.util.generateId();
        const watch = new DeliveryWatch(this.#RED, this.#node);
        try {
            for await (const page of matches.pages) {
                const message = this.#RED.util.cloneMessage(msg);
                const { total, incomplete, index, last, rows } = page;
                const result = resultOfPage(rows.map(matches.row), page, {
                    parts: {
                        id,
                        type: 'array',
                        index,
                        len: Math.max(2, rows.length),
                        ...(last && { count: index + 1 }),
                    },
                    complete: last,
                    ...(total !== undefined && { total }),
                    ...(incomplete !== undefined && { incomplete }),
                });
                const delivered = watch.next(fill(message, result), this.#ending.signal);
                send(message);
                if (!last) await delivered;
            }
        } finally {
            watch.close();
        }
    }
}

function resultOfPage(payload: unknown[], page: Page, extra: Record<string, unknown>): Result {
    const { total } = page;
    return {
        payload,
        answer: page.answer,
        path: page.path,
        extra: { ...(total !== undefined && { total }), ...extra },
    };
}

/** The received message with the answer in it, as Node-RED nodes do. */
function fill(msg: RequestMessage, { payload, answer, path, extra }: Result): RequestMessage {
    const filled = msg as RequestMessage & Record<string, unknown>;
    filled.payload = payload;
    if (answer !== undefined) {
        filled.statusCode = answer.statusCode;
        filled.headers = responseHeaders(answer.headers);
        if (wantsReboot(answer)) filled.rebootRequired = true;
    }
    if (path !== undefined) filled.path = path;
    return Object.assign(filled, extra);
}
