import type { Node, NodeAPI } from 'node-red';
import type { Device } from '../devices/device';
import { type CallOptions, collect, type Matches } from '../devices/deviceRequests';
import { Fault } from '../protocols/errors';
import { readAnswer } from '../protocols/isapi/answer';
import type { Page } from '../protocols/isapi/paging';
import type { Result } from '../protocols/operations/operation';
import { wantsReboot } from '../protocols/operations/run';
import type { Progress } from '../protocols/progress';
import { DeliveryWatch } from './deliveryWatch';
import type { ProgressReport } from './progressText';
import { RemainingTime } from './remainingTime';
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
    readonly #onProgress: (report: ProgressReport) => void;
    readonly #ending = new AbortController();

    constructor(
        RED: NodeAPI,
        node: Node,
        settings: IsapiRequestSettings,
        device: Device,
        onProgress: (report: ProgressReport) => void,
    ) {
        this.#RED = RED;
        this.#node = node;
        this.#settings = settings;
        this.#device = device;
        this.#onProgress = onProgress;
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
        const judge = judgeFrom(new RemainingTime());
        const options = this.#options(wanted, judge);
        const matches = this.#matchesOf(wanted, options);
        if (matches === undefined) send(fill(msg, await this.#run(wanted, options)));
        else if (this.#settings.paging === 'stream') await this.#stream(matches, judge, msg, send);
        else send(fill(msg, await this.#collect(matches, judge)));
    }

    /** Ends everything under way with Fault CLOSED. */
    close(): void {
        this.#ending.abort(new Fault('CLOSED'));
    }

    #options({ filename }: Wanted, judge: Judge): CallOptions {
        const { timeout } = this.#settings;
        return {
            signal: this.#ending.signal,
            progress: (progress) => this.#onProgress(judge(progress)),
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
    async #collect(matches: Matches, judge: Judge): Promise<Result> {
        if (this.#settings.paging === 'collect') {
            const { rows, last, incomplete } = await collect({ ...matches, pages: this.#told(matches.pages, judge) });
            return resultOfPage(rows, last, incomplete === undefined ? {} : { incomplete });
        }
        const { value: page } = await matches.pages.next();
        await matches.pages.return();
        if (!page) throw new Fault('UNEXPECTED', { details: { reason: 'the search gave no page' } });
        return resultOfPage(page.rows.map(matches.row), page, { more: !page.last });
    }

    /** The pages, each told of as it comes; after the last there is nothing left to wait for. */
    async *#told(pages: Matches['pages'], judge: Judge): Matches['pages'] {
        for await (const page of pages) {
            if (!page.last) this.#onProgress(judge(progressOf(page)));
            yield page;
        }
    }

    /** One message per page; the next page is asked for when the nodes behind have dealt with the last message. */
    async #stream(matches: Matches, judge: Judge, msg: RequestMessage, send: Send): Promise<void> {
        const id = this.#RED.util.generateId();
        const watch = new DeliveryWatch(this.#RED, this.#node);
        try {
            for await (const page of this.#told(matches.pages, judge)) {
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
                    progress: messageProgress(judge(progressOf(page))),
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

/** Adds to a progress how long it still takes. */
type Judge = (progress: Progress) => ProgressReport;

function judgeFrom(time: RemainingTime): Judge {
    return (progress) => {
        const remaining = time.after(progress.done, progress.total);
        return remaining === undefined ? progress : { ...progress, remaining };
    };
}

function progressOf({ position, rows, total, index }: Page): Progress {
    const progress: Progress = { unit: 'matches', done: position + rows.length, page: index + 1 };
    if (total !== undefined) progress.total = total;
    return progress;
}

/** What a flow can count on; the unit is always that of the list. */
function messageProgress({ unit: _matches, ...progress }: ProgressReport): object {
    return progress;
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
