import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import {
    type Address,
    type CloudCall,
    readAddress,
    readRequest,
    readTag,
    sameAddress,
    writeResponse,
} from '../protocols/p2p/message';
import { EASY4IP } from '../protocols/p2p/profiles';
import { wsseDigest, wsseTime } from '../protocols/p2p/wsse';
import { boundSocket } from './lossyRelay';
import type { SimulatedRecorder } from './p2pRecorder';

/** How a server of the cloud misbehaves at one step; `path` is the beginning of the request path. */
export interface CloudTrouble {
    path: string;
    /** No answer at all, or this status. */
    answer: 'silent' | number;
    /** Body of the answer, for example an ErrCode. */
    body?: string;
    /** How many times; for ever when absent. */
    times?: number;
}

export interface P2pCloudOptions {
    username?: string;
    key?: string;
    /** Milliseconds by which the cloud's clock is ahead of this machine's. */
    skew?: number;
    /** The keeper refuses signed requests with 401 "KeyError", as some do. */
    keeperRefusesSignature?: boolean;
    /** Milliseconds before an answer leaves. */
    latency?: number;
    /** Local port of the main server; any when absent. */
    port?: number;
    /** Another address under which the recorders are told to be found, for a relay in front of them. */
    publicAddress?: (recorder: SimulatedRecorder) => Address;
}

const CLOCK_TOLERANCE = 300_000;

interface Reply {
    status: number;
    reason?: string;
    body?: string;
}

interface Allocation {
    agent: Socket;
    token: string;
    client?: Address;
    device?: Address;
}

/**
 * The servers of a DHP2P cloud on loopback: main, keeper ("US"), relay dispatcher and relay agents. They check
 * signatures and the recorder's own login, answer as the captured ones do, and fail in every way on demand.
 */
export class P2pCloud {
    /** Requests by path as they arrived, for tests that count. */
    readonly calls: string[] = [];
    readonly troubles: CloudTrouble[] = [];
    readonly #options: Required<Pick<P2pCloudOptions, 'username' | 'key' | 'skew' | 'latency'>> & P2pCloudOptions;
    readonly #main: Socket;
    readonly #keeper: Socket;
    readonly #dispatcher: Socket;
    readonly #recorders = new Map<string, SimulatedRecorder>();
    readonly #relays = new Map<string, Allocation>();
    readonly #timers = new Set<NodeJS.Timeout>();
    #closed = false;

    private constructor(options: P2pCloudOptions, sockets: [Socket, Socket, Socket]) {
        this.#options = { username: EASY4IP.username, key: EASY4IP.key, skew: 0, latency: 0, ...options };
        [this.#main, this.#keeper, this.#dispatcher] = sockets;
        this.#serve(this.#main, (call, from) => this.#onMain(call, from));
        this.#serve(this.#keeper, (call) => this.#onKeeper(call));
        this.#serve(this.#dispatcher, (call, from) => this.#onDispatcher(call, from));
    }

    static async open(options: P2pCloudOptions = {}): Promise<P2pCloud> {
        return new P2pCloud(options, [await boundSocket(options.port), await boundSocket(), await boundSocket()]);
    }

    /** Port of the main server. */
    get port(): number {
        return (this.#main.address() as AddressInfo).port;
    }

    get relayCount(): number {
        return this.#relays.size;
    }

    register(recorder: SimulatedRecorder): void {
        this.#recorders.set(recorder.serial, recorder);
    }

    forget(serial: string): void {
        this.#recorders.delete(serial);
    }

    /** All agents die; what ran through them is gone. */
    killRelays(): void {
        for (const relay of this.#relays.values()) relay.agent.close();
        this.#relays.clear();
    }

    close(): void {
        if (this.#closed) return;
        this.#closed = true;
        for (const timer of this.#timers) clearTimeout(timer);
        this.killRelays();
        for (const socket of [this.#main, this.#keeper, this.#dispatcher]) socket.close();
    }

    #serve(socket: Socket, handle: (call: CloudCall, from: Address) => Reply | Reply[] | undefined): void {
        socket.on('message', (datagram, remote) => {
            const call = readRequest(datagram);
            if (!call) return;
            const from = { host: remote.address, port: remote.port };
            this.calls.push(call.path);
            const trouble = this.#takeTrouble(call.path);
            if (trouble?.answer === 'silent') return;
            const replies: Reply | Reply[] | undefined = trouble
                ? { status: trouble.answer as number, body: trouble.body }
                : handle(call, from);
            if (!replies) return;
            for (const reply of Array.isArray(replies) ? replies : [replies]) this.#reply(socket, call, from, reply);
        });
    }

    #reply(socket: Socket, call: CloudCall, from: Address, reply: Reply): void {
        const datagram = writeResponse({
            status: reply.status,
            reason: reply.reason ?? (reply.status === 200 ? 'OK' : 'Error'),
            headers: { Date: wsseTime(this.#now()), ...(call.headers.cseq ? { CSeq: call.headers.cseq } : {}) },
            body: reply.body ?? '',
        });
        this.#later(() => socket.send(datagram, from.port, from.host));
    }

    #later(act: () => void): void {
        if (this.#options.latency === 0) {
            act();
            return;
        }
        const timer = setTimeout(() => {
            this.#timers.delete(timer);
            act();
        }, this.#options.latency);
        this.#timers.add(timer);
    }

    #takeTrouble(path: string): CloudTrouble | undefined {
        const trouble = this.troubles.find((one) => path.startsWith(one.path) && one.times !== 0);
        if (trouble?.times !== undefined) trouble.times -= 1;
        return trouble;
    }

    #now(): number {
        return Date.now() + this.#options.skew;
    }

    /** Undefined where the signature is good. */
    #refusal(call: CloudCall): Reply | undefined {
        const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(call.headers['x-wsse'] ?? '')?.[1] ?? '';
        const created = field('Created');
        if (field('Username') !== this.#options.username) return { status: 403 };
        if (field('PasswordDigest') !== wsseDigest(Number(field('Nonce')), created, this.#options)) {
            return { status: 403 };
        }
        const apart = Math.abs(Date.parse(created) - this.#now());
        return apart <= CLOCK_TOLERANCE ? undefined : { status: 401 };
    }

    #onMain(call: CloudCall, from: Address): Reply | Reply[] | undefined {
        if (call.path === '/online/stun') return { status: 200 };
        const refusal = this.#refusal(call);
        if (refusal) return refusal;
        if (call.path === '/probe/p2psrv') return { status: 200 };
        if (call.path === '/online/relay') {
            return { status: 200, body: `<body><Address>127.0.0.1:${portOf(this.#dispatcher)}</Address></body>` };
        }
        const keeper = `127.0.0.1:${portOf(this.#keeper)}`;
        // The real main server names a keeper for any serial, known or not.
        if (call.path.startsWith('/online/p2psrv/')) {
            return { status: 200, body: `<body><DS>${keeper}</DS><US>${keeper}</US></body>` };
        }
        const device = /^\/device\/([^/]+)\/(p2p-channel|relay-channel)$/.exec(call.path);
        const recorder = device && this.#recorders.get(device[1] ?? '');
        if (!recorder?.online) return { status: 404 };
        const verdict = recorder.checkLogin(call.body, device?.[2] === 'relay-channel');
        if (verdict) return { status: 403, body: verdict.body };
        if (device?.[2] === 'relay-channel') return this.#joinRelay(call, recorder);
        const address = this.#options.publicAddress?.(recorder) ?? recorder.address;
        return [
            { status: 100, reason: 'Trying', body: '<body></body>' },
            { status: 200, reason: 'Server Nat Info!', body: recorder.invite(call.body, from, address) },
        ];
    }

    #joinRelay(call: CloudCall, recorder: SimulatedRecorder): undefined {
        const agentAddress = readAddress(readTag(call.body, 'agentAddr'));
        for (const relay of this.#relays.values()) {
            if (portOf(relay.agent) !== agentAddress?.port || !relay.client) continue;
            relay.device = recorder.address;
            recorder.joinAgent({ host: '127.0.0.1', port: portOf(relay.agent) });
            this.#reply(relay.agent, call, relay.client, {
                status: 200,
                reason: 'Server Nat Info!',
                body: '<body><version>6.3.0</version></body>',
            });
        }
        return undefined;
    }

    #onKeeper(call: CloudCall): Reply {
        if (this.#options.keeperRefusesSignature && call.headers['x-wsse']) return { status: 401, reason: 'KeyError' };
        const asked = /^\/(probe|info)\/device\/([^/]+)$/.exec(call.path);
        const recorder = asked && this.#recorders.get(asked[2] ?? '');
        if (!recorder?.online) return { status: 404 };
        if (asked?.[1] === 'probe') return { status: 200 };
        return {
            status: 200,
            body: `<body><DevVersion>6.3.0</DevVersion><Info>${recorder.info}</Info></body>`,
        };
    }

    #onDispatcher(call: CloudCall, from: Address): Reply | undefined {
        const refusal = this.#refusal(call);
        if (refusal) return refusal;
        if (call.path.startsWith('/relay/unbind/')) {
            const token = call.path.slice('/relay/unbind/'.length);
            this.#relays.get(token)?.agent.close();
            return { status: this.#relays.delete(token) ? 200 : 404 };
        }
        if (call.path !== '/relay/agent') return { status: 404 };
        const token = randomBytes(8).toString('hex');
        boundSocket().then((agent) => {
            if (this.#closed) {
                agent.close();
                return;
            }
            this.#relays.set(token, { agent, token });
            this.#runAgent(token, agent);
            const body = `<body><Agent>127.0.0.1:${portOf(agent)}</Agent><Token>${token}</Token></body>`;
            this.#reply(this.#dispatcher, call, from, { status: 200, body });
        });
        return undefined;
    }

    #runAgent(token: string, agent: Socket): void {
        const relay = this.#relays.get(token)!;
        agent.on('message', (datagram, remote) => {
            const from = { host: remote.address, port: remote.port };
            if (datagram[0] === 0x50) {
                const target = relay.device && sameAddress(relay.device, from) ? relay.client : relay.device;
                if (target) agent.send(datagram, target.port, target.host);
                return;
            }
            const call = readRequest(datagram);
            if (!call) return;
            this.calls.push(call.path.replace(token, '{token}'));
            const trouble = this.#takeTrouble(call.path);
            if (trouble?.answer === 'silent') return;
            if (trouble) {
                this.#reply(agent, call, from, { status: trouble.answer as number, body: trouble.body });
            } else if (call.path === `/relay/start/${token}` && !this.#refusal(call)) {
                relay.client = from;
                const body = `<body><SID>${randomBytes(4).toString('hex')}</SID><Time>30</Time></body>`;
                this.#reply(agent, call, from, { status: 200, body });
            }
        });
    }
}

function portOf(socket: Socket): number {
    return (socket.address() as AddressInfo).port;
}
