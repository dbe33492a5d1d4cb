import type { DigestChallenge } from './digest';

/** A nonce under way, and how it has fared. */
export interface Nonce {
    readonly challenge: DigestChallenge;
    /** The path, without query, for which the server gave it. */
    readonly path: string;
    /** Ours, constant for the nonce: the -sess algorithms derive their key from the first one. */
    readonly cnonce: string;
    /** How often it has been sent. */
    uses: number;
    /** When the server last took it, by `Clock.elapsed`. */
    acceptedAt: number;
}

/** A refusal this soon after a success is no matter of age. */
const YOUNG_MS = 30_000;
const MAX_PATHS = 64;

/**
 * The nonces that may be used again, and what this server has shown about using them again.
 *
 * An ordinary server takes one nonce for any path until it grows old. Hikvision firmware with ONVIF 19 ties it to the
 * URL (“The url does not match the nonce url”, IOTechSystems/onvif#41), and a DS-KV6124 takes it a few times only
 * (jonioliel/home-assistant-hikvision-intercom). Each refused reuse costs a round and may count as a failed login, so
 * both are learnt from what is refused while it is still young.
 */
export class NonceCache {
    #latest: Nonce | undefined;
    readonly #byPath = new Map<string, Nonce>();
    /** Whether a nonce of one path is good for another: unknown until one was tried. */
    #travels: boolean | undefined;
    #mostUses = Number.POSITIVE_INFINITY;
    #usesWhenRefused: number | undefined;

    /** The nonce to use for `path` without asking, if there is one. */
    find(path: string): Nonce | undefined {
        const nonce = this.#candidate(path);
        if (nonce && nonce.uses >= this.#mostUses) {
            this.forget(nonce);
            return undefined;
        }
        return nonce;
    }

    #candidate(path: string): Nonce | undefined {
        if (this.#travels === true) return this.#latest;
        const own = this.#byPath.get(path);
        return own ?? (this.#travels === undefined ? this.#latest : undefined);
    }

    /** The server took it, for this path. */
    accepted(nonce: Nonce, path: string, now: number): void {
        nonce.acceptedAt = now;
        if (nonce.path !== path) this.#travels = true;
        this.#latest = nonce;
        this.#byPath.delete(nonce.path);
        this.#byPath.set(nonce.path, nonce);
        if (this.#byPath.size > MAX_PATHS) this.#byPath.delete(this.#byPath.keys().next().value!);
    }

    /** The server refused it without calling it stale. */
    refused(nonce: Nonce, path: string, now: number): void {
        const earlier = nonce.uses - 1;
        const young = earlier > 0 && now - nonce.acceptedAt <= YOUNG_MS;
        if (young && nonce.path !== path && this.#travels === undefined) {
            // At home it was good a moment ago, so it stays there.
            this.#travels = false;
            return;
        }
        this.forget(nonce);
        if (!young) return;
        if (this.#usesWhenRefused === earlier) this.#mostUses = earlier;
        this.#usesWhenRefused = earlier;
    }

    forget(nonce: Nonce): void {
        if (this.#latest === nonce) this.#latest = undefined;
        if (this.#byPath.get(nonce.path) === nonce) this.#byPath.delete(nonce.path);
    }

    clear(): void {
        this.#latest = undefined;
        this.#byPath.clear();
    }
}
