import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../../protocols/clock';
import { pause } from '../../protocols/pause';
import { answerChallenge } from './challengeAnswer';
import type { PushTarget } from './hostSlot';
import type { PushBody, PushStyle } from './pushBody';

export interface PushAnswer {
    /** Undefined when the connection was cut on purpose and nobody answered. */
    status: number | undefined;
    headers: http.IncomingHttpHeaders;
    body: Buffer;
}

export interface AttemptOptions {
    target: PushTarget;
    style: PushStyle;
    agent: http.Agent;
    clock: Clock;
    signal: AbortSignal;
}

/** How long a device waits for `100 Continue` before it sends the body all the same (RFC 9110, 10.1.1). */
const CONTINUE_TIMEOUT = 1000;

/**
 * Connections of a device to one host: HTTPS certificates are not checked, as nobody has seen a device check them.
 *
 * @param from its own address
 */
export function agentFor(target: PushTarget, style: PushStyle, from?: string): http.Agent {
    const address = from !== undefined && { localAddress: from };
    const options = { keepAlive: style.connection === 'keep-alive', maxSockets: 1, ...address };
    return target.protocol === 'https'
        ? new https.Agent({ ...options, rejectUnauthorized: false })
        : new http.Agent(options);
}

/**
 * Sends one event once, with the login that the slot has.
 *
 * @throws Error of the socket when there is no connection or it breaks
 */
export async function attemptPush(packed: PushBody, options: AttemptOptions): Promise<PushAnswer> {
    const { target } = options;
    const { username, password } = target;
    const own = options.style.dropsQuery ? target.path.split('?', 1)[0]! : target.path;
    const path = packed.query === '' ? own : `${own}${own.includes('?') ? '&' : '?'}${packed.query}`;
    if (target.authentication === 'basic') {
        const credentials = Buffer.from(`${username}:${password}`).toString('base64');
        return await send(path, packed, `Basic ${credentials}`, options);
    }
    const first = await send(path, packed, undefined, options);
    if (first.status !== 401 || target.authentication !== 'digest') return first;
    const challenge = first.headers['www-authenticate'];
    const authorization = answerChallenge(challenge, { username, password, method: 'POST', uri: path });
    return authorization === undefined ? first : await send(path, packed, authorization, options);
}

function send(path: string, packed: PushBody, authorization: string | undefined, options: AttemptOptions) {
    const { target, style, agent, signal } = options;
    const { request: open } = target.protocol === 'https' ? https : http;
    return new Promise<PushAnswer>((resolve, reject) => {
        const request = open({
            host: target.host.replace(/^\[|\]$/g, ''),
            port: target.port,
            method: 'POST',
            path,
            agent,
            signal,
            headers: headersOf(packed, authorization, options),
        });
        let answered = false;
        request.on('response', (response) => {
            answered = true;
            collect(response).then(
                (body) => resolve({ status: response.statusCode, headers: response.headers, body }),
                reject,
            );
        });
        request.on('error', (error) => {
            if (packed.cutAt !== undefined) resolve(NO_ANSWER);
            else reject(error);
        });
        request.on('close', () => {
            if (!answered) resolve(NO_ANSWER);
        });
        writeBody(request, packed, style, options).catch((error: unknown) => {
            request.destroy(error instanceof Error ? error : undefined);
        });
    });
}

const NO_ANSWER: PushAnswer = { status: undefined, headers: {}, body: Buffer.alloc(0) };

/** In the order in which devices write them. */
function headersOf(packed: PushBody, authorization: string | undefined, { target, style }: AttemptOptions) {
    return {
        ...(packed.contentType !== undefined && { 'Content-Type': packed.contentType }),
        Host: `${target.host}:${target.port}`,
        Connection: style.connection === 'close' ? 'close' : 'Keep-Alive',
        ...(authorization !== undefined && { Authorization: authorization }),
        ...(style.expectContinue && { Expect: '100-continue' }),
        ...(style.length === 'content-length' && { 'Content-Length': packed.body.length }),
    };
}

async function writeBody(
    request: http.ClientRequest,
    packed: PushBody,
    style: PushStyle,
    { clock, signal }: AttemptOptions,
): Promise<void> {
    if (style.length === 'until-close') {
        request.useChunkedEncodingByDefault = false;
        request.removeHeader('Transfer-Encoding');
        request.on('finish', () => request.socket?.end());
    }
    if (style.expectContinue) await continued(request, clock, signal);
    const bytes = packed.cutAt === undefined ? packed.body : packed.body.subarray(0, packed.cutAt);
    const size = style.slow?.bytes ?? Math.max(1, bytes.length);
    for (let at = 0; at < bytes.length && !request.destroyed; at += size) {
        if (at > 0 && style.slow) await pause(clock, style.slow.pause, signal);
        await written(request, bytes.subarray(at, at + size));
    }
    if (packed.cutAt === undefined) request.end();
    else request.socket?.destroySoon();
}

function written(request: http.ClientRequest, bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
        request.once('close', resolve);
        request.write(bytes, (error) => {
            request.removeListener('close', resolve);
            if (error) reject(error);
            else resolve();
        });
    });
}

async function continued(request: http.ClientRequest, clock: Clock, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    request.once('continue', stop).once('close', stop);
    signal.addEventListener('abort', stop, { once: true });
    request.flushHeaders();
    await pause(clock, CONTINUE_TIMEOUT, waiting.signal);
    signal.removeEventListener('abort', stop);
}

async function collect(response: http.IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
}
