/** A number, because a list without end in a device's answer must not become an array of a billion holes. */
const LARGEST_INDEX = 4096;
const LARGEST_DEPTH = 16;

type Branch = Record<string, unknown> | unknown[];

/**
 * The lines `table.MotionDetect[0].Enable=true` of Dahua's CGI as an object (Dahua HTTP API: "key=value" answers).
 * Values stay text. A leading `table` is left out, as it names nothing.
 *
 * @returns `undefined` where the text is not made of such lines
 */
export function readKeyValues(text: string): Record<string, unknown> | undefined {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length === 0) return undefined;
    const root: Record<string, unknown> = Object.create(null);
    for (const line of lines) {
        const mark = line.indexOf('=');
        const path = mark > 0 ? readPath(line.slice(0, mark)) : undefined;
        if (path === undefined) return undefined;
        place(root, path, line.slice(mark + 1).trim());
    }
    return root;
}

/** `table.A[0].B` → ['A', 0, 'B'] */
function readPath(key: string): (string | number)[] | undefined {
    const path: (string | number)[] = [];
    for (const step of key.trim().split('.')) {
        // The vendor's own examples have blanks round the names: `items[0]. Channel =1`.
        const match = /^([\w$:@-]+)((?:\[\d{1,4}\])*)$/.exec(step.trim());
        if (match === null || path.length > LARGEST_DEPTH) return undefined;
        const name = match[1]!;
        if (name === '__proto__' || name === 'constructor' || name === 'prototype') return undefined;
        path.push(name);
        for (const [, index] of match[2]!.matchAll(/\[(\d+)\]/g)) path.push(Math.min(Number(index), LARGEST_INDEX));
    }
    if (path[0] === 'table' && path.length > 1) path.shift();
    return path;
}

function place(root: Branch, path: readonly (string | number)[], value: string): void {
    let branch = root as Record<string | number, unknown>;
    for (let depth = 0; depth < path.length - 1; depth += 1) {
        const key = path[depth]!;
        const next = branch[key];
        if (typeof next !== 'object' || next === null) {
            branch[key] = typeof path[depth + 1] === 'number' ? [] : Object.create(null);
        }
        branch = branch[key] as Record<string | number, unknown>;
    }
    branch[path[path.length - 1]!] = value;
}

/** The pairs `A[0].B=value` of an object, as `configManager.cgi?action=setConfig` takes them. */
export function writeKeyValues(object: object, prefix = ''): [string, string][] {
    const pairs: [string, string][] = [];
    for (const [key, value] of Object.entries(object)) {
        const path = Array.isArray(object) ? `${prefix}[${key}]` : prefix === '' ? key : `${prefix}.${key}`;
        if (typeof value === 'object' && value !== null) pairs.push(...writeKeyValues(value, path));
        else if (value !== undefined) pairs.push([path, String(value)]);
    }
    return pairs;
}
