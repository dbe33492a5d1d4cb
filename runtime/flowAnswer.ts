/** What a flow answers to a device that posted. */
export interface FlowAnswer {
    statusCode: number;
    headers: Record<string, string>;
    body: Buffer | string;
}

/**
 * The part of an Express response that the core `http response` node uses, for `msg.res`. The answer goes to whoever
 * owns the connection, which also knows when it is too late for one.
 */
export class FlowResponse {
    readonly #answer: (answer: FlowAnswer) => void;
    readonly #headers: Record<string, string> = {};
    #statusCode = 200;

    constructor(answer: (answer: FlowAnswer) => void) {
        this.#answer = answer;
    }

    status(code: number): this {
        this.#statusCode = code;
        return this;
    }

    set(name: string | Record<string, unknown>, value?: unknown): this {
        const headers = typeof name === 'string' ? { [name]: value } : name;
        for (const [key, text] of Object.entries(headers)) this.#headers[key.toLowerCase()] = String(text);
        return this;
    }

    get(name: string): string | undefined {
        return this.#headers[name.toLowerCase()];
    }

    /** Devices keep no cookies: what a flow sets is left out. */
    cookie(): this {
        return this;
    }

    clearCookie(): this {
        return this;
    }

    jsonp(body: unknown): this {
        return this.json(body);
    }

    json(body: unknown): this {
        if (this.get('content-type') === undefined) this.set('content-type', 'application/json; charset=utf-8');
        delete this.#headers['content-length'];
        return this.send(JSON.stringify(body));
    }

    send(body?: unknown): this {
        const whole = Buffer.isBuffer(body) || typeof body === 'string' ? body : String(body ?? '');
        this.#answer({ statusCode: this.#statusCode, headers: this.#headers, body: whole });
        return this;
    }

    end(body?: unknown): this {
        return this.send(body);
    }
}
