import { Fault } from '../errors';
import type { Answer } from './answer';
import type { Attempt, LoginBreaker } from './breaker';
import type { Credentials, Login, LoginTarget } from './login';
import { readUserCheck, USER_CHECK_BYTES } from './userCheck';

/** One request and all the rounds its login takes. */
export interface Conversation {
    login: Login;
    breaker: LoginBreaker;
    target: LoginTarget;
    /** The request has a body; it stays at home while the device is only asked for a challenge. */
    hasBody: boolean;
    signal: AbortSignal;
    /** Sends once. */
    send(round: TalkRound): Promise<Answer>;
    /** Before credentials answer a challenge: waits until nothing else is under way, where that matters. */
    settled?(): Promise<void>;
    /** Whether a send that failed may be repeated, once; prepares for that. */
    mayRepeat(error: unknown, round: TalkRound): boolean;
}

/** What one send of a request carries. */
export interface TalkRound {
    authorization: string | undefined;
    withBody: boolean;
    /** The answer before it was a 401, on the connection that lies idle now. */
    afterRefusal: boolean;
}

/** Ask, a nonce that was refused, one that was stale, one wait for another request: no device needs more. */
const MOST_ROUNDS = 8;

/** A device judges the credentials before anything else only where it then does, or knows, what was asked. */
function judged(statusCode: number): boolean {
    return statusCode < 500 && statusCode !== 403;
}

/**
 * Sends a request until its answer is no longer about the login, and resolves with that answer.
 *
 * A wrong password leaves once: see {@link LoginBreaker}. 403 is never a matter of the password (permission, or the
 * number of connections: Supergiovane/node-red-contrib-hikvision-ultimate#74).
 * @throws Fault AUTH_REJECTED, AUTH_BLOCKED, AUTH_LOCKED, AUTH_MISSING, AUTH_UNSUPPORTED, and what `send` throws
 */
export async function converse(conversation: Conversation): Promise<Answer> {
    const { login, breaker, target, signal } = conversation;
    if (login.possible) await breaker.ready(signal);
    const talk = new Talk(conversation, breaker.proven ? login.prepare(target) : undefined);
    try {
        for (let round = 0; round < MOST_ROUNDS; round += 1) {
            const answer = await talk.round();
            if (answer) return answer;
        }
    } finally {
        talk.end();
    }
    throw new Fault('RESPONSE_MALFORMED', { details: { reason: 'it asks for a login again and again' }, status: 401 });
}

class Talk {
    readonly #conversation: Conversation;
    #sent: Credentials | undefined;
    #withBody: boolean;
    #attempt: Attempt | undefined;
    #afterRefusal = false;

    constructor(conversation: Conversation, first: Credentials | undefined) {
        const { login, hasBody } = conversation;
        this.#conversation = conversation;
        this.#sent = first;
        // Without a login, or at a device that lets everybody in, there is no challenge to wait for.
        this.#withBody = !hasBody || first !== undefined || !login.possible || login.last?.kind === 'none';
    }

    end(): void {
        this.#attempt?.release();
    }

    /** Sends once; resolves with the answer when it is the final one. */
    async round(): Promise<Answer | undefined> {
        const withBody = this.#withBody;
        const answer = await this.#send(withBody);
        this.#afterRefusal = answer.statusCode === 401;
        if (this.#afterRefusal) {
            await this.#refused(answer);
            return undefined;
        }
        this.#passed(answer);
        if (withBody) return answer;
        // It asks for no login here: now the request itself.
        await answer.excerpt(0);
        this.#withBody = true;
        return undefined;
    }

    async #send(withBody: boolean): Promise<Answer> {
        const { login, target, send, mayRepeat } = this.#conversation;
        const afterRefusal = this.#afterRefusal;
        const round = { authorization: this.#sent?.authorization, withBody, afterRefusal };
        try {
            return await send(round);
        } catch (error) {
            if (!mayRepeat(error, round)) throw error;
        }
        this.#sent = login.again(this.#sent, target);
        return send({ ...round, authorization: this.#sent?.authorization });
    }

    #passed(answer: Answer): void {
        const { login, breaker, target } = this.#conversation;
        const info = answer.headers['authentication-info'];
        login.accepted(this.#sent, target, typeof info === 'string' ? info : undefined);
        if (this.#sent && judged(answer.statusCode)) breaker.accepted();
    }

    async #refused(answer: Answer): Promise<void> {
        const { login, breaker, target } = this.#conversation;
        const check = readUserCheck(await answer.excerpt(USER_CHECK_BYTES));
        const refusal = login.refused(this.#sent, answer.challenges, target);
        if (check?.locked) throw this.#sent ? breaker.refused(check) : breaker.locked(check);
        if (refusal.next === 'wrong') throw breaker.refused(check);
        if (refusal.next === 'stop') throw refusal.fault;
        if (refusal.inDoubt) breaker.doubt();
        if (await this.#mayAnswer()) this.#prepare(refusal.next === 'answer' ? refusal.credentials : undefined);
    }

    /** Waits for the right to send credentials; after a wait the challenge in hand is not used any more. */
    async #mayAnswer(): Promise<boolean> {
        if (this.#attempt) return true;
        const { login, breaker, target, signal, settled } = this.#conversation;
        await settled?.();
        this.#attempt = await breaker.attempt(signal);
        if (!this.#attempt.waited) return true;
        const known = breaker.proven ? login.prepare(target) : undefined;
        if (known) {
            this.#attempt.release();
            this.#attempt = undefined;
        }
        this.#prepare(known);
        return false;
    }

    #prepare(credentials: Credentials | undefined): void {
        this.#sent = credentials;
        this.#withBody = !this.#conversation.hasBody || credentials !== undefined;
    }
}
