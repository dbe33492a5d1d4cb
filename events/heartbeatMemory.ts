import type { HeartbeatForm } from './heartbeat';

/** A source has one heartbeat, or a few: one for each channel, longer ones as a count in them grows. */
const MOST = 4;
/** Learned in a row without any use. */
const MOST_VAIN = 16;

/** Stands for any digit. No text that a reader of XML accepts has it. */
const ANY_DIGIT = 0x00;

const ZERO = 0x30;
const NINE = 0x39;
const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;

interface Known {
    bytes: Buffer;
    form: HeartbeatForm;
}

/**
 * The latest heartbeats of one source. The next one is the same but for digits in its values (a time, a count), and
 * comparing bytes costs half of finding its end and looking for its marks (docs/performance.md).
 */
export class HeartbeatMemory {
    readonly #known: Known[] = [];
    /** How many were learned since one was recalled. */
    #vain = 0;

    /** False where each heartbeat is another one. */
    get isOfUse(): boolean {
        return this.#vain < MOST_VAIN;
    }

    /** What the document is, if it is one of those that are known; its end is then its last byte. */
    recall(document: Buffer): HeartbeatForm | undefined {
        for (const { bytes, form } of this.#known) {
            if (!isLike(document, bytes)) continue;
            this.#vain = 0;
            return form;
        }
        return undefined;
    }

    /** @param document well-formed XML from its first byte to its last, without comments and the like */
    learn(document: Buffer, form: HeartbeatForm): void {
        this.#vain += 1;
        this.#known.unshift({ bytes: patternOf(document), form });
        if (this.#known.length > MOST) this.#known.pop();
    }
}

/** A copy in which the digits of values are marked; those of tags say what a document is, and stay. */
function patternOf(document: Buffer): Buffer {
    const pattern = Buffer.from(document);
    let isValue = false;
    for (const [index, byte] of document.entries()) {
        if (byte === GREATER_THAN) isValue = true;
        else if (byte === LESS_THAN) isValue = false;
        else if (isValue && isDigit(byte)) pattern[index] = ANY_DIGIT;
    }
    return pattern;
}

function isLike(document: Buffer, pattern: Buffer): boolean {
    if (document.length !== pattern.length) return false;
    for (let index = 0; index < pattern.length; index += 1) {
        const byte = document[index] as number;
        const wanted = pattern[index] as number;
        if (byte !== wanted && (wanted !== ANY_DIGIT || !isDigit(byte))) return false;
    }
    return true;
}

function isDigit(byte: number): boolean {
    return byte >= ZERO && byte <= NINE;
}
