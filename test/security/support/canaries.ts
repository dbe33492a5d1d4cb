import { createHash, randomBytes } from 'node:crypto';

/** Letters and digits of a canary: long enough to be nowhere by chance. */
const CORE_LENGTH = 16;

/** One secret of a run, made for it, with the characters that encodings change around a core that they do not. */
export interface Canary {
    name: string;
    value: string;
    core: string;
}

/** Where a secret was found that belongs nowhere. */
export interface Leak {
    canary: string;
    form: string;
    /** What stands around it. */
    excerpt: string;
}

/** The secrets of one run, one for each credential, and the ways in which they could show. */
export class Canaries {
    readonly #all: Canary[] = [];
    /** Sums of a secret with names: as good as the secret to whoever asks for a digest. */
    readonly #sums: { name: string; form: string; text: string }[] = [];

    /** A new secret of 20 characters, which every place for one takes. */
    make(name: string): string {
        const core = randomBytes(CORE_LENGTH)
            .toString('base64')
            .replace(/[^A-Za-z0-9]/g, 'q')
            .slice(0, CORE_LENGTH);
        const value = `&${core}+"%`;
        this.#all.push({ name, value, core });
        return value;
    }

    /** Also looks for HA1 of RFC 7616, with which anybody can log in at that realm, and for the sums of Dahua. */
    alsoHashed(value: string, user: string, realms: readonly string[]): void {
        const { name } = this.#all.find((canary) => canary.value === value)!;
        for (const realm of realms) {
            for (const algorithm of ['md5', 'sha256']) {
                const sum = createHash(algorithm).update(`${user}:${realm}:${value}`).digest('hex');
                this.#sums.push({ name, form: `${algorithm} HA1 of ${realm}`, text: sum });
            }
        }
    }

    /** Every place where one of the secrets shows in a text, in whatever form. */
    leaksIn(text: string): Leak[] {
        const leaks: Leak[] = [];
        const lower = text.toLowerCase();
        for (const { name, value, core } of this.#all) {
            for (const [form, needle] of formsOf(value, core)) {
                const folded = form.startsWith('hexadecimal') || form.includes('sum');
                const at = folded ? lower.indexOf(needle.toLowerCase()) : text.indexOf(needle);
                if (at >= 0) leaks.push(leak(name, form, text, at, needle.length));
            }
        }
        for (const { name, form, text: sum } of this.#sums) {
            const at = lower.indexOf(sum);
            if (at >= 0) leaks.push(leak(name, form, text, at, sum.length));
        }
        return leaks;
    }
}

function leak(canary: string, form: string, text: string, at: number, length: number): Leak {
    return { canary, form, excerpt: text.slice(Math.max(0, at - 120), at + length + 60) };
}

/** The core is the same in plain text, URLs, JSON and XML; base64 has it in three ways, by what stands before it. */
function formsOf(value: string, core: string): [string, string][] {
    const forms: [string, string][] = [
        ['plain', core],
        ['hexadecimal', Buffer.from(core).toString('hex')],
        ['md5 sum', createHash('md5').update(value).digest('hex')],
        ['sha256 sum', createHash('sha256').update(value).digest('hex')],
        ['reversed', [...core].reverse().join('')],
    ];
    for (const before of [0, 1, 2]) {
        const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(core)]).toString('base64');
        // The first and the last group hold bits of their neighbours.
        const [first, last] = [before === 0 ? 0 : 4, whole.length - (whole.endsWith('=') ? 4 : 0)];
        forms.push([`base64 after ${before}`, whole.slice(first, last)]);
    }
    return forms;
}
