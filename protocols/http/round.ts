import { type IncomingMessage, request } from 'node:http';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { Answer } from './answer';
import type { DeviceAgent } from './deviceAgent';
import { exchangeFault, type Peer } from './networkFault';

/** One request on the wire, without any thought about logins. */
export interface Round {
    agent: DeviceAgent;
    peer: Peer;
    method: string;
    path: string;
    headers: Record<string, string>;
    body?: Buffer;
    /** Milliseconds to wait for the head of the answer, and between two pieces of its body. */
    timeout: number;
    /** Milliseconds that connecting may take before that. */
    connectTimeout: number;
    /** Takes an answer that bends the rules of HTTP. */
    tolerant: boolean;
    clock: Clock;
    /** Ends the exchange at any time; its reason is a Fault. */
    signal: AbortSignal;
}

/** Bytes an uplink takes in a millisecond, for the time that a large body is allowed to need. */
const UPLOAD_RATE = 64;

/**
 * The device had closed the connection while it lay idle, before it saw the request: old and new crossed on the wire.
 * Idle ones of the same kind are gone, so that another try gets a new connection.
 */
export class StaleConnection extends Fault {
    constructor() {
        super('CONNECTION_LOST');
    }
}

function wasStale(error: NodeJS.ErrnoException, reused: boolean): boolean {
    return reused && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/**
 * Sends a request once and resolves with its answer as soon as the head is there.
 * @throws Fault RESPONSE_TIMEOUT, RESPONSE_MALFORMED, CONNECTION_LOST (a {@link StaleConnection} where that is the
 * cause), those of connecting, and the reason of the signal
 */
export function sendRound(round: Round): Promise<Answer> {
    const { agent, peer, method, path, headers, body, timeout, connectTimeout, clock, signal } = round;
    return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const outgoing = request({
            agent,
            host: peer.host,
            port: peer.port,
            method,
            path,
            headers,
            setHost: false,
            insecureHTTPParser: round.tolerant,
        });
        let answer: Answer | undefined;
        const settle = () => {
            stopWaiting();
            signal.removeEventListener('abort', abort);
        };
        const fail = (fault: unknown) => {
            settle();
            reject(fault);
            outgoing.destroy();
        };
        const abort = () => fail(signal.reason);
        const late = () => fail(new Fault('RESPONSE_TIMEOUT', { details: { ms: timeout } }));
        const patience = timeout + (body?.length ?? 0) / UPLOAD_RATE;
        let stopWaiting = clock.after(connectTimeout + patience, late);
        signal.addEventListener('abort', abort, { once: true });

        outgoing.once('socket', () => {
            stopWaiting();
            if (!signal.aborted) stopWaiting = clock.after(patience, late);
        });
        outgoing.once('response', (message: IncomingMessage) => {
            settle();
            agent.learn(message.headers);
            answer = new Answer(message, round, outgoing.reusedSocket);
            resolve(answer);
        });
        outgoing.on('error', (error) => {
            // The parser reports a broken body here, and the message only that it ended too early.
            if (answer) return answer.fail(exchangeFault(error, peer, timeout));
            if (!wasStale(error, outgoing.reusedSocket)) return fail(exchangeFault(error, peer, timeout));
            agent.dropIdle();
            fail(new StaleConnection());
        });
        outgoing.end(body);
    });
}
