import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** What to read bytes as when they are declared UTF-8 and are not: set per device, because the bytes do not tell. */
export type TextFallback = 'gb18030' | 'windows-1252';

export interface DecodedText {
    text: string;
    /** True where the bytes are not in the charset they were declared in: keep the bytes beside the text. */
    guessed: boolean;
}

/** Decoders by label; `null` for a label that nobody knows. */
const decoders = new Map<string, TextDecoder | null>();
const MAX_LABELS = 32;

function decoderOf(label: string): TextDecoder | null {
    const known = decoders.get(label);
    if (known !== undefined) return known;
    let decoder: TextDecoder | null;
    try {
        decoder = new TextDecoder(label);
    } catch {
        // RangeError: the device declares a charset that does not exist. The caller reads UTF-8 instead.
        decoder = null;
    }
    if (decoders.size < MAX_LABELS) decoders.set(label, decoder);
    return decoder;
}

function withoutMark(text: string): string {
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/**
 * Bytes of a device as text. A byte order mark wins over the declared charset, which wins over UTF-8.
 *
 * Cameras declare UTF-8 and write names in a local 8-bit set (maciej-or/hikvision_next#317: a lone 0xA7). Such bytes are
 * read as `fallback` when one is set; without one the damage stays visible as U+FFFD. Either way `guessed` is true.
 *
 * @param declared charset of the Content-Type, with or without quotes, in any case
 */
export function decodeText(bytes: Buffer, declared?: string, fallback?: TextFallback): DecodedText {
    if (bytes.length >= 2 && (bytes[0]! | bytes[1]!) >= 0xfe) {
        if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: decode(bytes, 'utf-16le'), guessed: false };
        if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: decode(bytes, 'utf-16be'), guessed: false };
    }
    const charset = declared === undefined ? 'utf-8' : declared.replace(/["'\s]/g, '').toLowerCase();
    if (charset !== 'utf-8' && charset !== 'utf8' && charset !== '') {
        const decoder = decoderOf(charset);
        if (decoder !== null) return { text: withoutMark(decoder.decode(bytes)), guessed: false };
    }
    const text = withoutMark(bytes.toString('utf8'));
    if (!text.includes('\ufffd') || isUtf8(bytes)) return { text, guessed: false };
    return { text: fallback === undefined ? text : decode(bytes, fallback), guessed: true };
}

function decode(bytes: Buffer, label: string): string {
    const decoder = decoderOf(label);
    return withoutMark(decoder === null ? bytes.toString('latin1') : decoder.decode(bytes));
}
