import { isBlank } from './cursor';
import { startsAsPicture } from './openBody';
import type { Part, SplitterCounters, SplitterFault, SplitterFaultKind } from './part';
import type { PartDescription } from './partHeaders';

const SPACE = 0x20;

/** What of a lost part a report shows. */
const FAULT_START = 256;

export interface PartDeskOptions {
    onPart(part: Part): void;
    onFault?(fault: SplitterFault): void;
}

/** Where parts and faults go out, counted. */
export class PartDesk {
    readonly counters: SplitterCounters = {
        parts: 0,
        bytes: 0,
        droppedParts: 0,
        droppedBytes: 0,
        resyncs: 0,
        unsynchronised: 0,
        truncated: 0,
        wrongLengths: 0,
    };
    readonly #options: PartDeskOptions;

    constructor(options: PartDeskOptions) {
        this.#options = options;
    }

    handOut(
        description: PartDescription,
        body: Buffer,
        truncated = false,
        kind = kindOf(description, body),
        document?: unknown,
    ): void {
        const { headers, name, filename, contentType, charset, contentId } = description;
        const part: Part = { headers, kind, body, truncated };
        if (name !== undefined) part.name = name;
        if (filename !== undefined) part.filename = filename;
        if (contentType !== undefined) part.contentType = contentType;
        if (charset !== undefined) part.charset = charset;
        if (contentId !== undefined) part.contentId = contentId;
        if (document !== undefined) part.document = document;
        this.counters.parts += 1;
        if (truncated) this.counters.truncated += 1;
        this.#options.onPart(part);
    }

    /** A part that was begun is given up. */
    drop(kind: SplitterFaultKind, headers: Record<string, string>, bytes: number, start: Buffer): void {
        this.counters.droppedParts += 1;
        this.report({ kind, bytes, start: Buffer.from(start.subarray(0, FAULT_START)), headers });
    }

    report(fault: SplitterFault): void {
        this.counters.droppedBytes += fault.bytes;
        this.#options.onFault?.(fault);
    }
}

function kindOf({ typeClass }: PartDescription, body: Buffer): Part['kind'] {
    if (startsAsPicture(body)) return 'binary';
    if (typeClass === 'unknown') return looksLikeText(body) ? 'text' : 'binary';
    return typeClass === 'binary' ? 'binary' : 'text';
}

function looksLikeText(body: Buffer): boolean {
    for (const byte of body.subarray(0, 512)) if (byte < SPACE && !isBlank(byte)) return false;
    return true;
}
