import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock';

export interface PostAnswerContent {
    statusCode?: number;
    headers?: Record<string, string>;
    body?: Buffer | string;
}

/** What a device gets that need not be told anything: on anything but 200 it stops, or sends the same again and again. */
const PLAIN: Required<PostAnswerContent> = { statusCode: 200, headers: { 'content-type': 'text/plain' }, body: 'OK' };

/** The headers of {@link PLAIN} as they are written. */
const PLAIN_HEADERS = ['content-type', 'text/plain', 'content-length', '2'];

/** The one answer of a post: given once, by whoever is first. */
export class PostAnswer {
    readonly #response: ServerResponse;
    #cancelDeadline: (() => void) | undefined;
    #given = false;

    constructor(response: ServerResponse) {
        this.#response = response;
    }

    /** Leaves the answer to somebody else, but no longer than `ms`. */
    wait(ms: number, clock: Clock): void {
        if (this.#isOver) return;
        const cancel = clock.after(ms, () => this.give());
        this.#cancelDeadline = cancel;
        this.#response.once('close', cancel);
    }

    /** Answers; false where there was an answer already, or the device has gone away. */
    give(content?: PostAnswerContent): boolean {
        if (this.#isOver) return false;
        this.#given = true;
        this.#cancelDeadline?.();
        if (content === undefined) {
            this.#response.writeHead(200, PLAIN_HEADERS);
            this.#response.end('OK');
            return true;
        }
        const { statusCode, headers, body } = { ...PLAIN, ...content };
        this.#response.writeHead(isFinal(statusCode) ? statusCode : PLAIN.statusCode, {
            ...usable(headers),
            'content-length': Buffer.byteLength(body),
        });
        this.#response.end(body);
        return true;
    }

    get #isOver(): boolean {
        return this.#given || this.#response.destroyed;
    }
}

/** A status that ends an exchange: any other would leave the device waiting. */
function isFinal(statusCode: number): boolean {
    return Number.isInteger(statusCode) && statusCode >= 200 && statusCode <= 599;
}

/** The framing of the answer is the server's affair. */
const FRAMING = new Set(['connection', 'content-length', 'trailer', 'transfer-encoding', 'upgrade']);

/** A flow may set anything; what no HTTP header can hold is left out rather than thrown back at the device. */
function usable(headers: Record<string, string>): Record<string, string> {
    const entries = Object.entries(headers).filter(
        ([name, value]) =>
            !FRAMING.has(name.toLowerCase()) &&
            /^[\w!#$%&'*+.^`|~-]+$/.test(name) &&
            /^[\t\x20-\x7e\x80-\xff]*$/.test(value),
    );
    return Object.fromEntries(entries);
}
