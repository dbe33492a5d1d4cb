import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock';

/** The nonces in use that are remembered; beyond that the oldest must be asked for anew. */
const MAX_NONCES = 1024;
/** How far behind the highest count a late one may come, for callers with several sockets. */
const WINDOW = 64;

const SIGNED_BYTES = 16;

interface Usage {
    uses: number;
    highest: number;
    /** Counts seen, as far as they lie inside the window. */
    seen: Set<number>;
}

export interface NonceLedgerOptions {
    /** Milliseconds. */
    nonceLifetime: number;
    nonceUses: number;
    clock: Clock;
    secret: Buffer;
}

/**
 * The nonces of a server: signed and dated, so that one costs no memory before it was answered with the right
 * password, and each `nc` of one is taken once.
 */
export class NonceLedger {
    readonly #options: NonceLedgerOptions;
    readonly #used = new Map<string, Usage>();
    #issued = 0n;
    /** Nonces up to this number were forgotten with their counts, so that none of them may be used any more. */
    #forgotten = 0n;

    constructor(options: NonceLedgerOptions) {
        this.#options = options;
    }

    issue(): string {
        this.#issued += 1n;
        const body = Buffer.alloc(SIGNED_BYTES);
        body.writeBigUInt64BE(this.#issued, 0);
        body.writeBigUInt64BE(BigInt(Math.floor(this.#options.clock.elapsed())), 8);
        return Buffer.concat([body, this.#sign(body)]).toString('hex');
    }

    /**
     * Takes a nonce that came with a right response. `count` is its nc, absent in the form of RFC 2069, which is good
     * once per nonce when the newer form had been offered.
     */
    use(nonce: string, count: number | undefined, countOffered: boolean): 'good' | 'stale' | 'replayed' {
        const issue = this.#read(nonce);
        if (issue === undefined) return 'stale';
        const known = this.#used.get(nonce);
        if (!known && issue <= this.#forgotten) return 'stale';
        const usage = known ?? { uses: 0, highest: 0, seen: new Set<number>() };
        if (usage.uses >= (count === undefined && countOffered ? 1 : this.#options.nonceUses)) return 'stale';
        if (count !== undefined && !this.#count(usage, count)) return 'replayed';
        usage.uses += 1;
        this.#remember(nonce, usage);
        return 'good';
    }

    #count(usage: Usage, count: number): boolean {
        if (count <= usage.highest - WINDOW || usage.seen.has(count)) return false;
        usage.seen.add(count);
        usage.highest = Math.max(usage.highest, count);
        if (usage.seen.size > 2 * WINDOW) {
            for (const seen of usage.seen) if (seen <= usage.highest - WINDOW) usage.seen.delete(seen);
        }
        return true;
    }

    #remember(nonce: string, usage: Usage): void {
        this.#used.delete(nonce);
        this.#used.set(nonce, usage);
        if (this.#used.size <= MAX_NONCES) return;
        const oldest = this.#used.keys().next().value!;
        this.#used.delete(oldest);
        const issue = this.#read(oldest) ?? 0n;
        if (issue > this.#forgotten) this.#forgotten = issue;
    }

    /** The number of a nonce that is ours and not too old. */
    #read(nonce: string): bigint | undefined {
        const bytes = Buffer.from(nonce, 'hex');
        const body = bytes.subarray(0, SIGNED_BYTES);
        const signature = bytes.subarray(SIGNED_BYTES);
        const expected = this.#sign(body);
        if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined;
        const age = this.#options.clock.elapsed() - Number(body.readBigUInt64BE(8));
        return age <= this.#options.nonceLifetime ? body.readBigUInt64BE(0) : undefined;
    }

    #sign(body: Buffer): Buffer {
        return createHmac('sha256', this.#options.secret).update(body).digest().subarray(0, 16);
    }
}
