/** What a server asks for in `WWW-Authenticate`: one scheme and its parameters. */
export interface Challenge {
    /** Lower case: `digest`, `basic`, … */
    scheme: string;
    /** Names in lower case, values without quotes and escapes; no prototype. */
    parameters: Record<string, string>;
}

/** Schemes that never stand without parameters, so that a lone word of theirs still opens a challenge. */
const WITH_PARAMETERS = new Set(['digest', 'basic']);

const SPACE = /[ \t\r\n]/;
const WORD_END = /[ \t\r\n,="]/;

/** Walks over a header value once; nothing in it can make it throw or turn back. */
class Scanner {
    #at = 0;

    constructor(private readonly text: string) {}

    get done(): boolean {
        return this.#at >= this.text.length;
    }

    get next(): string {
        return this.text[this.#at] ?? '';
    }

    step(): void {
        this.#at += 1;
    }

    skipSpace(): void {
        while (!this.done && SPACE.test(this.next)) this.step();
    }

    word(): string {
        const start = this.#at;
        while (!this.done && !WORD_END.test(this.next)) this.step();
        return this.text.slice(start, this.#at);
    }

    /** A value: quoted, with commas and escapes inside, or bare up to the next comma or space. */
    value(): string {
        if (this.next === '"') return this.#quoted();
        const start = this.#at;
        while (!this.done && this.next !== ',' && !SPACE.test(this.next)) this.step();
        return this.text.slice(start, this.#at);
    }

    #quoted(): string {
        let value = '';
        this.step();
        while (!this.done && this.next !== '"') {
            if (this.next === '\\') this.step();
            value += this.next;
            this.step();
        }
        this.step();
        return value;
    }
}

function scan(text: string, into: Challenge[], first?: Challenge): void {
    const scanner = new Scanner(text);
    let current = first;
    while (!scanner.done) {
        scanner.skipSpace();
        const name = scanner.word().toLowerCase();
        scanner.skipSpace();
        if (name === '') {
            scanner.step();
        } else if (scanner.next === '=') {
            scanner.step();
            scanner.skipSpace();
            const value = scanner.value();
            // The first of two equal names wins, so that nothing appended to a header can replace what it said.
            if (current && !(name in current.parameters)) current.parameters[name] = value;
        } else {
            const challenge: Challenge = { scheme: name, parameters: Object.create(null) };
            into.push(challenge);
            const alone = scanner.done || scanner.next === ',';
            if (!alone || WITH_PARAMETERS.has(name)) current = challenge;
        }
    }
}

/**
 * Reads every challenge of a 401, in the order of the answer (RFC 9110 §11.6.1).
 *
 * Devices spread them over several headers, merge them on one line (Digest, Digest, Basic), quote what should be bare
 * (`algorithm="MD5"`, `stale="FALSE"`), or leave spaces round the `=` (AlexxIT/go2rtc, ngraziano/SharpRTSP#153). What
 * makes no sense is passed over; nothing is ever thrown.
 */
export function parseChallenges(headerValues: string | readonly string[] | undefined): Challenge[] {
    const challenges: Challenge[] = [];
    const lines = typeof headerValues === 'string' ? [headerValues] : (headerValues ?? []);
    for (const line of lines) scan(line, challenges);
    return challenges;
}

/** Reads a bare list of parameters, as in `Authentication-Info`; the same tolerance, no scheme. */
export function parseParameters(text: string): Record<string, string> {
    const holder: Challenge = { scheme: '', parameters: Object.create(null) };
    scan(text, [], holder);
    return holder.parameters;
}
