import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../clock';
import { Fault } from '../errors';
import { type Challenge, parseParameters } from './challenge';
import { type DigestChallenge, type DigestHash, digestAuthorization, readDigestChallenge } from './digest';
import { type Nonce, NonceCache } from './nonceCache';

/** Which schemes may be used: `auto` is SHA-256, then MD5, then Basic. */
export type LoginScheme = 'auto' | 'digest' | 'basic' | 'none';

export interface LoginSettings {
    auth: LoginScheme;
    username?: string;
    password?: string;
    /** The connection is encrypted, so that Basic shows the password to nobody but the device. */
    secure?: boolean;
    clock?: Clock;
    /** Makes the cnonce of a nonce; 16 random bytes unless given. */
    cnonce?: () => string;
}

/** How the last accepted request proved who it was. */
export interface LoginKind {
    kind: 'digest' | 'basic' | 'none';
    hash?: DigestHash;
    /** The password crossed the network readably: Basic without TLS. */
    cleartext: boolean;
}

/** One `Authorization` and what a refusal of it would mean. */
export interface Credentials {
    readonly authorization: string;
    readonly kind: LoginKind;
    /** An older nonce was used again: its refusal says nothing about the password. */
    readonly reused: boolean;
    readonly nonce?: Nonce;
    /** This already answers a nonce that was called stale although it was new. */
    readonly afterStale: boolean;
}

/** The request that a login is for. */
export interface LoginTarget {
    method: string;
    /** As on the request line, with its query. */
    uri: string;
}

/** What to do after a 401. */
export type Refusal =
    | {
          next: 'answer';
          credentials: Credentials;
          /** An older nonce was refused without being called stale: the password may have been changed. */
          inDoubt: boolean;
      }
    /** Send once without credentials, to be given a challenge. */
    | { next: 'ask'; inDoubt: true }
    /** User name or password is wrong. */
    | { next: 'wrong' }
    | { next: 'stop'; fault: Fault };

function pathOf(uri: string): string {
    const query = uri.indexOf('?');
    return query < 0 ? uri : uri.slice(0, query);
}

/** The `Authorization` of RFC 7617. */
export function basicAuthorization(username: string, password: string): string {
    return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** The schemes of a 401 as a sentence can name them; they come from the network, so they are cut to words. */
function describe(challenges: readonly Challenge[]): string {
    const names = challenges.map(({ scheme, parameters }) => {
        const detail = scheme === 'digest' ? ` ${parameters.algorithm ?? 'MD5'} ${parameters.qop ?? ''}` : '';
        return `${scheme}${detail}`.replace(/[^\w,-]+/g, ' ').trim();
    });
    return names.length === 0 ? 'none' : names.join('; ').slice(0, 100);
}

/**
 * The HTTP login at one device: chooses among what it offers, answers, and keeps the nonces that may be used again.
 *
 * It sends nothing itself. Before a request ask {@link prepare}; after a 401 ask {@link refused}, which bounds the
 * rounds: a refused *reused* nonce is answered once anew, a refused *new* one means a wrong password, except when the
 * server calls it stale, which is believed once.
 */
export class Login {
    readonly #settings: LoginSettings;
    readonly #clock: Clock;
    readonly #nonces = new NonceCache();
    #basicAccepted = false;
    #last: LoginKind | undefined;

    constructor(settings: LoginSettings) {
        this.#settings = settings;
        this.#clock = settings.clock ?? systemClock;
    }

    /** The last login that a device accepted; nothing before the first. */
    get last(): LoginKind | undefined {
        return this.#last;
    }

    /** A 401 would be answered: there is a scheme, a user name and a password. */
    get possible(): boolean {
        return this.#settings.auth !== 'none' && this.#complete;
    }

    /** Credentials that can go along at once, because the device has taken the like before. */
    prepare(target: LoginTarget): Credentials | undefined {
        if (!this.possible) return undefined;
        if (this.#basicAccepted) return this.#basic();
        const nonce = this.#nonces.find(pathOf(target.uri));
        return nonce && this.#use(nonce, target, true);
    }

    /** The same credentials for a second send: with the next count, because the device may have seen the first. */
    again(sent: Credentials | undefined, target: LoginTarget): Credentials | undefined {
        return sent?.nonce ? this.#use(sent.nonce, target, sent.reused, sent.afterStale) : sent;
    }

    /** The request went through: what was sent with it is good for the next one. */
    accepted(sent: Credentials | undefined, target: LoginTarget, authenticationInfo?: string): void {
        this.#last = sent?.kind ?? { kind: 'none', cleartext: false };
        this.#basicAccepted = sent?.kind.kind === 'basic';
        if (!sent?.nonce) return;
        const following = authenticationInfo === undefined ? undefined : parseParameters(authenticationInfo).nextnonce;
        const path = pathOf(target.uri);
        if (following && following !== sent.nonce.challenge.nonce) {
            this.#nonces.forget(sent.nonce);
            const challenge = { ...sent.nonce.challenge, nonce: following, stale: false };
            this.#nonces.accepted(this.#nonce(challenge, sent.nonce.path), path, this.#clock.elapsed());
        } else {
            this.#nonces.accepted(sent.nonce, path, this.#clock.elapsed());
        }
    }

    /** What to do after a 401 with these challenges to a request that carried `sent`. */
    refused(sent: Credentials | undefined, challenges: readonly Challenge[], target: LoginTarget): Refusal {
        const digest = this.#bestDigest(challenges);
        if (sent?.nonce) this.#drop(sent.nonce, target, digest?.stale === true);
        if (sent && !sent.reused) {
            if (!digest?.stale || sent.afterStale || !sent.nonce) {
                this.#basicAccepted = false;
                return { next: 'wrong' };
            }
        }
        if (!this.possible) return { next: 'stop', fault: this.#impossible(challenges) };
        if (digest) {
            const nonce = this.#nonce(digest, pathOf(target.uri));
            const credentials = this.#use(nonce, target, false, sent?.reused === false);
            return { next: 'answer', credentials, inDoubt: sent?.reused === true && !digest.stale };
        }
        if (this.#mayUseBasic(challenges)) return this.#answerWithBasic();
        if (sent?.reused) return { next: 'ask', inDoubt: true };
        return { next: 'stop', fault: this.#unsupported(challenges) };
    }

    /** Forgets all nonces, for a login that starts anew. */
    reset(): void {
        this.#nonces.clear();
        this.#basicAccepted = false;
    }

    get #complete(): boolean {
        return Boolean(this.#settings.username) && Boolean(this.#settings.password);
    }

    #drop(nonce: Nonce, target: LoginTarget, stale: boolean): void {
        if (stale) this.#nonces.forget(nonce);
        else this.#nonces.refused(nonce, pathOf(target.uri), this.#clock.elapsed());
    }

    #bestDigest(challenges: readonly Challenge[]): DigestChallenge | undefined {
        const { auth } = this.#settings;
        if (auth !== 'auto' && auth !== 'digest') return undefined;
        const rank = ({ hash, session }: DigestChallenge) => (hash === 'SHA-256' ? 0 : 2) + (session ? 1 : 0);
        const readable = challenges.map(readDigestChallenge).filter((challenge) => challenge !== undefined);
        return readable.sort((a, b) => rank(a) - rank(b))[0];
    }

    /**
     * Basic shows the password: without TLS, `auto` sends it only to a device that knows nothing better (old firmware
     * such as that of koush/scrypted#891). Somebody who chose Basic by name gets it even where nothing is offered.
     */
    #mayUseBasic(challenges: readonly Challenge[]): boolean {
        const { auth, secure } = this.#settings;
        const offers = (name: string) => challenges.some(({ scheme }) => scheme === name);
        if (auth === 'basic') return offers('basic') || challenges.length === 0;
        return auth === 'auto' && offers('basic') && (secure === true || !offers('digest'));
    }

    #answerWithBasic(): Refusal {
        if (!this.#settings.username!.includes(':')) {
            return { next: 'answer', credentials: this.#basic(), inDoubt: false };
        }
        const details = { field: 'username', reason: 'Basic login cannot carry a name with a colon' };
        return { next: 'stop', fault: new Fault('CONFIG_INVALID', { details }) };
    }

    #impossible(challenges: readonly Challenge[]): Fault {
        return this.#settings.auth === 'none'
            ? this.#unsupported(challenges)
            : new Fault('AUTH_MISSING', { status: 401 });
    }

    #unsupported(challenges: readonly Challenge[]): Fault {
        return new Fault('AUTH_UNSUPPORTED', { details: { offered: describe(challenges) }, status: 401 });
    }

    #nonce(challenge: DigestChallenge, path: string): Nonce {
        const cnonce = this.#settings.cnonce?.() ?? randomBytes(16).toString('hex');
        return { challenge, path, cnonce, uses: 0, acceptedAt: 0 };
    }

    #use(nonce: Nonce, target: LoginTarget, reused: boolean, afterStale = false): Credentials {
        nonce.uses += 1;
        const authorization = digestAuthorization(nonce.challenge, {
            username: this.#settings.username ?? '',
            password: this.#settings.password ?? '',
            ...target,
            nc: nonce.uses,
            cnonce: nonce.cnonce,
        });
        const kind: LoginKind = { kind: 'digest', hash: nonce.challenge.hash, cleartext: false };
        return { authorization, kind, reused, nonce, afterStale };
    }

    #basic(): Credentials {
        const { username = '', password = '', secure } = this.#settings;
        const kind: LoginKind = { kind: 'basic', cleartext: secure !== true };
        return { authorization: basicAuthorization(username, password), kind, reused: false, afterStale: false };
    }
}
