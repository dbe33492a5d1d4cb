/** Characters that are read; 2 Mi take about 30 ms. */
const MAX_CHARACTERS = 2 * 1024 * 1024;
const MAX_DEPTH = 64;
/** A text with more faults within its strings is none of a device. */
const MAX_REPAIRS = 10_000;

/**
 * Reads JSON as devices write it: a BOM or other bytes before the first bracket, NULs or the next delimiter behind the
 * last one, line breaks and lone backslashes inside strings.
 *
 * Integers that a double cannot hold become text, so that no card or employee number changes a digit. Keys that could
 * reach a prototype (`__proto__`, `constructor`, `prototype`) are left out.
 *
 * @returns the value; `undefined` where the text holds no complete object or array.
 */
export function readJson(text: string, maxCharacters = MAX_CHARACTERS): unknown {
    if (text.length > maxCharacters) return undefined;
    // A short text cannot be nested so deep that a walk through its value overflows the stack.
    if (text.length > 4096 && isTooDeep(text)) return undefined;
    const exact = LONG_DIGITS.test(text) ? quoteLongIntegers(text) : text;
    let value = parse(exact);
    if (value === undefined) {
        const repaired = repair(exact);
        if (repaired !== undefined) value = parse(repaired);
    }
    if (mayHoldUnsafeKey(text)) dropUnsafeKeys(value);
    return value;
}

/** Sixteen digits may exceed 2^53; most often they are part of a picture's id, within quotes. */
const LONG_DIGITS = /\d{16}/;

/** Also finds keys written with an escape, at the price of a walk through every body that has one. */
function mayHoldUnsafeKey(text: string): boolean {
    return (
        text.includes('__proto__') || text.includes('ototype') || text.includes('constructor') || text.includes('\\u')
    );
}

function parse(text: string): unknown {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch {
        // Not JSON as it stands: the caller repairs it or says so.
        return undefined;
    }
    // A bare number or word is valid JSON, but never what a device means by it.
    return value !== null && typeof value === 'object' ? value : undefined;
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
    let index = start + 1;
    while (index < text.length) {
        const code = text.charCodeAt(index);
        if (code === QUOTE) return index;
        index += code === BACKSLASH ? 2 : 1;
    }
    return text.length;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isDigit(code: number): boolean {
    return code >= 0x30 && code <= 0x39;
}

function isTooDeep(text: string): boolean {
    let depth = 0;
    for (let index = 0; index < text.length; index += 1) {
        const code = text.charCodeAt(index);
        if (code === QUOTE) index = endOfString(text, index);
        else if (code === 0x7b || code === 0x5b) {
            depth += 1;
            if (depth > MAX_DEPTH) return true;
        } else if (code === 0x7d || code === 0x5d) depth -= 1;
    }
    return false;
}

/** Puts integers beyond 2^53 in quotes, where they stand as values. */
function quoteLongIntegers(text: string): string {
    let result = '';
    let from = 0;
    let index = 0;
    while (index < text.length) {
        const code = text.charCodeAt(index);
        if (code === QUOTE) {
            index = endOfString(text, index) + 1;
            continue;
        }
        if (!isDigit(code) && code !== 0x2d) {
            index += 1;
            continue;
        }
        const start = index;
        index += 1;
        while (isDigit(text.charCodeAt(index))) index += 1;
        const next = text[index];
        const fraction = next === '.' || next === 'e' || next === 'E';
        if (fraction) {
            while (/[\d.eE+-]/.test(text[index] ?? '')) index += 1;
        } else if (index - start >= 16 && !Number.isSafeInteger(Number(text.slice(start, index)))) {
            result += `${text.slice(from, start)}"${text.slice(start, index)}"`;
            from = index;
        }
    }
    return result + text.slice(from);
}

/** The first object or array of the text, with what JSON forbids inside strings escaped; `undefined` if it never ends. */
function repair(text: string): string | undefined {
    const start = text.search(/[[{]/);
    if (start < 0) return undefined;
    let result = '';
    let from = start;
    let depth = 0;
    let index = start;
    let inside = false;
    let repairs = 0;
    while (index < text.length && repairs <= MAX_REPAIRS) {
        const code = text.charCodeAt(index);
        if (inside) {
            if (code === QUOTE) inside = false;
            else if (code === BACKSLASH) {
                if (!isEscape(text, index)) {
                    repairs += 1;
                    result += `${text.slice(from, index)}\\`;
                    from = index;
                } else index += 1;
            } else if (code < 0x20) {
                repairs += 1;
                result += `${text.slice(from, index)}\\u${code.toString(16).padStart(4, '0')}`;
                from = index + 1;
            }
        } else if (code === QUOTE) inside = true;
        else if (code === 0x7b || code === 0x5b) depth += 1;
        else if (code === 0x7d || code === 0x5d) {
            depth -= 1;
            if (depth === 0) return result + text.slice(from, index + 1);
        }
        index += 1;
    }
    return undefined;
}

function isEscape(text: string, index: number): boolean {
    const next = text[index + 1] ?? '';
    if (next === 'u') return /^[0-9a-fA-F]{4}$/.test(text.slice(index + 2, index + 6));
    return next !== '' && '"\\/bfnrt'.includes(next);
}

/** `JSON.parse` made these keys own properties: harmless as they stand, but not in the copies that others make. */
function dropUnsafeKeys(value: unknown): void {
    if (value === null || typeof value !== 'object') return;
    const fields = value as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
        if (key === '__proto__' || key === 'constructor' || key === 'prototype') delete fields[key];
        else dropUnsafeKeys(fields[key]);
    }
}
