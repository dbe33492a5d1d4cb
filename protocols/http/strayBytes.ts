import { Carrier } from './carrier';

/** How much may stand before the answer; more is no answer at all, and is left for the parser to refuse. */
const MOST_STRAY_BYTES = 64;
const STATUS_LINE = Buffer.from('HTTP/');

/**
 * A connection whose answer may begin with bytes that do not belong to it: they are passed over up to `HTTP/`.
 *
 * Node's parser skips blank lines there and nothing else, `insecureHTTPParser` or not (measured on Node 20: `#HTTP/1.1
 * 200 OK` and a leading space both end in HPE_INVALID_CONSTANT). Good for one answer: such a device is given a new
 * connection for each request.
 */
export class StrayByteFilter extends Carrier {
    /** What came before the status line was found; absent afterwards. */
    #held: Buffer | undefined = Buffer.alloc(0);

    protected override arrived(chunk: Buffer): boolean {
        if (!this.#held) return super.arrived(chunk);
        const bytes = Buffer.concat([this.#held, chunk]);
        const start = bytes.indexOf(STATUS_LINE);
        if (start < 0 && bytes.length < MOST_STRAY_BYTES + STATUS_LINE.length) {
            this.#held = bytes;
            return true;
        }
        this.#held = undefined;
        return super.arrived(start > 0 && start <= MOST_STRAY_BYTES ? bytes.subarray(start) : bytes);
    }

    protected override ended(): void {
        if (this.#held && this.#held.length > 0) this.push(this.#held);
        super.ended();
    }
}
