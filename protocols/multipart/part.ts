/** One part of a stream or a post. */
export interface Part {
    /** Names in lower case, values as sent; no prototype. Empty for a document that came without any. */
    headers: Record<string, string>;
    /** `text`: a whole XML or JSON document, or text of another kind. `binary`: a picture or anything else. */
    kind: 'text' | 'binary';
    /**
     * The bytes. A document comes without the blanks around it. They are in memory of their own, but for documents of a
     * `transient` splitter, which lie there as long as `onPart` runs: see {@link keepPart}.
     */
    body: Buffer;
    /** What `DocumentOptions.readDocument` has made of it; the splitter only passes it on. */
    document?: unknown;
    /** Whether bytes are missing at the end. Never true for a document: those come whole or not at all. */
    truncated: boolean;
    name?: string;
    filename?: string;
    /** In lower case, without parameters. */
    contentType?: string;
    /** In lower case. */
    charset?: string;
    /** Without `<` and `>`. */
    contentId?: string;
}

export interface SplitterLimits {
    /** Bytes of one text part (1 MiB). */
    text: number;
    /** Bytes of one binary part (16 MiB). */
    picture: number;
    /** Bytes skipped in search of the next part before that counts as a failure to resynchronise (64 KiB). */
    unsynchronised: number;
    /** Bytes of the headers of one part (16 KiB). */
    headers: number;
    /** Multiparts within one another (4). */
    nesting: number;
}

export const SPLITTER_LIMITS: SplitterLimits = {
    text: 1024 * 1024,
    picture: 16 * 1024 * 1024,
    unsynchronised: 64 * 1024,
    headers: 16 * 1024,
    nesting: 4,
};

export type SplitterFaultKind =
    /** A delimiter came before the document had ended. */
    | 'text-broken'
    /** The input ended inside a document. */
    | 'text-cut'
    | 'text-too-large'
    | 'picture-too-large'
    | 'headers-too-large'
    /** The input ended inside the headers of a part. */
    | 'headers-cut'
    | 'nested-too-deep'
    /** Bytes that belong to no part were skipped; the next part was found. */
    | 'skipped'
    /** Nothing readable within the limit of unsynchronised bytes. */
    | 'unsynchronised';

/** Bytes that became no part. */
export interface SplitterFault {
    kind: SplitterFaultKind;
    /** How many bytes are lost. */
    bytes: number;
    /** The first of them, at most 256, so that a report can show what they were. */
    start: Buffer;
    /** The headers of the part, where it had any. */
    headers: Record<string, string>;
}

export interface SplitterCounters {
    /** Parts handed out. */
    parts: number;
    /** Bytes fed. */
    bytes: number;
    /** Parts that were begun and given up. */
    droppedParts: number;
    /** Bytes that became no part, framing not counted. */
    droppedBytes: number;
    /** How often the next part had to be searched for. */
    resyncs: number;
    /** How often that search exceeded its limit. */
    unsynchronised: number;
    /** Parts handed out that lack bytes. */
    truncated: number;
    /** Parts handed out whose declared length was not theirs. Documents are not measured. */
    wrongLengths: number;
}

/** Gives a part memory of its own, so that it may be kept. */
export function keepPart(part: Part): void {
    part.body = Buffer.from(part.body);
}
