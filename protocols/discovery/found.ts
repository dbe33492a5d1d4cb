/** A device that answered a search. What it does not say is left out. */
export interface FoundDevice {
    /** How it was found. */
    protocol: 'sadp' | 'dhdiscover';
    vendor: 'hikvision' | 'dahua';
    /** Where it can be reached, as it says itself; else where its answer came from. */
    address: string;
    httpPort?: number;
    name?: string;
    model?: string;
    serial?: string;
    /** Lower case, with colons. */
    mac?: string;
    firmware?: string;
    /** False: it has no password yet and answers nothing else. */
    activated?: boolean;
    /** Name of the network interface of this machine that heard it. */
    heardOn: string;
}

/** An answer as a protocol reads it; who heard it is added by the search. */
export type Answer = Omit<FoundDevice, 'heardOn'>;

/** A network interface of this machine that a search goes out on. */
export interface SearchInterface {
    name: string;
    address: string;
    /** Broadcast address of its network; left out where it has none. */
    broadcast?: string;
}

/** Longest text that is taken over from an answer. */
const LONGEST = 128;

/** A text of an answer: one line without control characters, `undefined` for nothing or for what is no text. */
export function shortText(value: unknown): string | undefined {
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    const text = String(value)
        .replace(/\p{Cc}/gu, ' ')
        .trim()
        .slice(0, LONGEST);
    return text === '' ? undefined : text;
}

/** `3C-EF-8C-00-00-01` and `3cef8c000001` as `3c:ef:8c:00:00:01`; `undefined` for what is no MAC address. */
export function macText(value: unknown): string | undefined {
    const digits = shortText(value)?.replace(/[^\da-f]/gi, '');
    return digits?.length === 12 ? digits.toLowerCase().match(/../g)!.join(':') : undefined;
}

/** A port from 1 to 65535, or `undefined`. */
export function portNumber(value: unknown): number | undefined {
    const port = Number(shortText(value));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}
