import type { FaultCode, FaultDetails } from '../../errors';

/** What Node-RED's process asks of the helper, one JSON object a line. */
export interface HelperCall {
    id: number;
    call: 'load' | 'start' | 'status' | 'query' | 'addPort' | 'portStatus' | 'removePort' | 'exit';
    arguments: Record<string, string | number>;
}

/** The helper's answer: a number as the library gave it, or a fault. */
export interface HelperAnswer {
    id: number;
    result?: number;
    fault?: { code: FaultCode; details: FaultDetails };
}

const LONGEST_LINE = 64 * 1024;

/** Cuts a stream of JSON lines; what is not an object is passed over, as libraries write to stdout when they like. */
export class LineReader {
    readonly #onObject: (object: Record<string, unknown>) => void;
    #held = '';

    constructor(onObject: (object: Record<string, unknown>) => void) {
        this.#onObject = onObject;
    }

    feed(text: string): void {
        this.#held += text;
        let end = this.#held.indexOf('\n');
        while (end !== -1) {
            this.#read(this.#held.slice(0, end));
            this.#held = this.#held.slice(end + 1);
            end = this.#held.indexOf('\n');
        }
        if (this.#held.length > LONGEST_LINE) this.#held = '';
    }

    #read(line: string): void {
        if (!line.startsWith('{')) return;
        try {
            const object: unknown = JSON.parse(line);
            if (typeof object === 'object' && object !== null) this.#onObject(object as Record<string, unknown>);
        } catch {
            // A library printed something that begins with a brace: not for us.
            return;
        }
    }
}
