/**
 * Reading single values of a parsed body. Devices write one and the same value in many ways: text in XML, text or a
 * number in JSON, wrapped as `{value: …}` by the analytics of cameras, with attributes, or empty. Whatever does not fit
 * is `undefined`, never an exception.
 */
export type Fields = Record<string, unknown>;

/** The object itself; of a list its first entry, because a list of one may arrive as the entry alone and vice versa. */
export function fieldsOf(value: unknown): Fields | undefined {
    const single = Array.isArray(value) ? value[0] : value;
    return single !== null && typeof single === 'object' && !Array.isArray(single) ? (single as Fields) : undefined;
}

/** A list with the entries of `value`: one entry, many, none, or entries wrapped once more in an element `inner`. */
export function listOf(value: unknown, inner?: string): Fields[] {
    if (!Array.isArray(value)) {
        const fields = fieldsOf(value);
        if (fields === undefined) return [];
        const wrapped = inner === undefined ? undefined : fields[inner];
        return wrapped === undefined ? [fields] : listOf(wrapped);
    }
    const result: Fields[] = [];
    for (const entry of value) {
        const fields = fieldsOf(entry);
        if (fields === undefined) continue;
        const wrapped = inner === undefined ? undefined : fields[inner];
        if (wrapped === undefined) result.push(fields);
        else result.push(...listOf(wrapped));
    }
    return result;
}

/** Text as sent, blanks included; numbers and booleans become text. Empty and blank are `undefined`. */
export function textOf(value: unknown): string | undefined {
    if (typeof value === 'string') return isBlank(value) ? undefined : value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    const fields = fieldsOf(value);
    return fields === undefined ? undefined : textOf(fields['#text'] ?? fields.value ?? fields.Value);
}

/** Whether a text holds nothing but blanks; nearly all begin with a letter or a digit. */
function isBlank(text: string): boolean {
    const first = text.charCodeAt(0);
    return !(first > 0x20 && first < 0x7f) && text.trim() === '';
}

export function numberOf(value: unknown): number | undefined {
    if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
    const text = textOf(value);
    if (text === undefined) return undefined;
    const number = Number(text);
    return Number.isFinite(number) ? number : undefined;
}

/** A whole number of 0 or more: ids, counts and positions are never anything else. */
export function countOf(value: unknown): number | undefined {
    const number = numberOf(value);
    return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

export function flagOf(value: unknown): boolean | undefined {
    if (typeof value === 'boolean') return value;
    const text = textOf(value)?.trim().toLowerCase();
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    return undefined;
}
