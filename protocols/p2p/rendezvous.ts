import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../clock';
import { Fault, type FaultCode } from '../errors';
import { type CloudPort, STAGE_CAP } from './cloudPort';
import {
    addressKey,
    type DeviceInfo,
    decryptAddress,
    deviceAuth,
    encryptAddress,
    masterKey,
    type P2pCredentials,
    readDeviceInfo,
} from './deviceLogin';
import {
    type Address,
    type CloudResponse,
    readAddress,
    readAddresses,
    readTag,
    sameAddress,
    writeRequest,
} from './message';
import type { CloudProfile } from './profiles';
import { wsseTime } from './wsse';

const CLOCK_TRIES = 3;
const DISPATCHER_CAP = 4_000;
const UNBIND_CAP = 1_000;

export interface RendezvousOptions {
    profile: CloudProfile;
    serial: string;
    credentials?: P2pCredentials;
    clock: Clock;
    /** A port of its own for one question. */
    openPort(): Promise<CloudPort>;
    /** This machine's LAN addresses, which let a recorder on the same LAN be reached without the internet. */
    localAddresses?: () => string[];
}

/** What the cloud knows of a recorder that is online. */
export interface Located {
    main: Address;
    /** The server that holds the recorder's registration. */
    keeper: Address;
    info: DeviceInfo;
    /** Milliseconds from the question to the answer of the keeper. */
    roundTrip: number;
}

/** The recorder's answer to our invitation: where to aim. */
export interface Announced {
    /** Our 8 bytes, and the recorder's where it told them. */
    identify: Buffer;
    deviceIdentify?: Buffer;
    candidates: Address[];
    /** Words of `Policy`, such as p2p, udprelay, tcprelay; empty where it says nothing. */
    policy: string[];
}

export interface Relay {
    agent: Address;
    dispatcher: Address;
    token: string;
}

function localIpv4(): string[] {
    const found: string[] = [];
    for (const addresses of Object.values(networkInterfaces())) {
        for (const address of addresses ?? []) {
            if (address.family === 'IPv4' && !address.internal) found.push(address.address);
        }
    }
    return found.slice(0, 8);
}

/** Serial numbers are letters and digits; anything else must not reach a request line. */
export function checkedSerial(serial: string): string {
    const trimmed = serial.trim();
    if (trimmed === '') throw new Fault('P2P_SERIAL_MISSING');
    if (!/^[A-Za-z0-9_-]{4,64}$/.test(trimmed)) {
        throw new Fault('CONFIG_INVALID', { details: { field: 'serial', reason: 'only letters and digits' } });
    }
    return trimmed;
}

/**
 * The conversation with the cloud about one recorder: is it there, invite it, get a relay for it
 * (order and answers: khoanguyen-3fc/dh-p2p `main.py` and its published capture).
 */
export class Rendezvous {
    readonly #options: RendezvousOptions;
    readonly #clientId = randomBytes(16).toString('hex');
    /** Server time minus ours, kept from every `Date` header. */
    #offset = 0;
    #main: Address | undefined;
    #info: DeviceInfo = { randsalt: '' };
    #login: 'none' | 'password' = 'none';

    constructor(options: RendezvousOptions) {
        this.#options = { ...options, serial: checkedSerial(options.serial) };
    }

    /**
     * Asks whether the cloud knows the recorder and whether it is online now.
     *
     * @throws Fault P2P_NOT_IN_CLOUD, P2P_DEVICE_OFFLINE, P2P_CLOUD_SILENT, P2P_CLOUD_REFUSED, P2P_CLOCK_WRONG
     */
    async locate(port: CloudPort): Promise<Located> {
        const { serial, profile } = this.#options;
        const main = await this.#resolveMain();
        const stun = profile.dialect === 'nf';
        const greeting = await this.#ask(port, {
            to: main,
            path: stun ? '/online/stun' : '/probe/p2psrv',
            signed: !stun,
            lenient: true,
        });
        this.#expect(greeting);
        const registered = await this.#ask(port, { to: main, path: `/online/p2psrv/${serial}` });
        if (registered.status === 404) throw this.#deviceFault('P2P_NOT_IN_CLOUD');
        this.#expect(registered);
        const keeper = readAddress(readTag(registered.body, 'US'));
        if (!keeper) throw this.#deviceFault('P2P_NOT_IN_CLOUD');

        const asked = this.#options.clock.now();
        // The main server says 200 for any serial; only the keeper knows who is really connected.
        const online = await this.#askKeeper(keeper, `/probe/device/${serial}`);
        const roundTrip = Math.max(0, this.#options.clock.now() - asked);
        if (online.status === 404) throw this.#deviceFault('P2P_DEVICE_OFFLINE');
        this.#expect(online);
        const told = await this.#askKeeper(keeper, `/info/device/${serial}`, true);
        this.#info = readDeviceInfo(told.status === 200 ? (readTag(told.body, 'Info') ?? '') : '');
        return { main, keeper, info: this.#info, roundTrip };
    }

    /**
     * Invites the recorder to punch towards the socket of `port`, which must be the one that punches afterwards: the
     * cloud tells the recorder the address it saw.
     *
     * @throws Fault P2P_LOGIN_MISSING, P2P_LOGIN_REJECTED, P2P_DEVICE_OFFLINE and those of {@link locate}
     */
    async announce(port: CloudPort, located: Located): Promise<Announced> {
        const identify = randomBytes(8);
        const { credentials } = this.#options;
        this.#login = credentials && located.info.randsalt !== '' ? 'password' : 'none';
        let answer = await this.#invite(port, located.main, identify);
        if (answer.status === 403 && this.#login === 'none' && credentials) {
            // "InvalidSalt", or nothing at all: the firmware wants its own login. One attempt, never a second.
            this.#login = 'password';
            const told = await this.#askKeeper(located.keeper, `/info/device/${this.#options.serial}`, true);
            if (told.status === 200) this.#info = readDeviceInfo(readTag(told.body, 'Info') ?? '');
            answer = await this.#invite(port, located.main, identify);
        }
        if (answer.status === 404) throw this.#deviceFault('P2P_DEVICE_OFFLINE');
        if (answer.status === 403) throw this.#loginFault(answer);
        this.#expect(answer);
        return { identify, ...(await this.#readInvitation(answer.body)) };
    }

    /**
     * Gets a relay agent and has the recorder connect to it.
     *
     * @throws Fault P2P_RELAY_SILENT and those of {@link announce}
     */
    async openRelay(port: CloudPort, located: Located): Promise<Relay> {
        const silent = () => new Fault('P2P_RELAY_SILENT');
        let agentAnswer: CloudResponse | undefined;
        let dispatcher: Address | undefined;
        // A dispatcher that never answers is common; the main server then usually names another.
        for (let attempt = 0; attempt < 2 && !agentAnswer; attempt += 1) {
            const relay = await this.#ask(port, { to: located.main, path: '/online/relay', silent });
            this.#expect(relay);
            dispatcher = readAddress(readTag(relay.body, 'Address'));
            if (!dispatcher) throw silent();
            agentAnswer = await this.#ask(port, {
                to: dispatcher,
                path: '/relay/agent',
                cap: DISPATCHER_CAP,
                silent,
            }).catch((thrown: unknown) => {
                const fault = Fault.from(thrown);
                if (fault.code !== 'P2P_RELAY_SILENT' || attempt > 0) throw fault;
                return undefined;
            });
        }
        if (!agentAnswer || !dispatcher) throw silent();
        this.#expect(agentAnswer);
        const agent = readAddress(readTag(agentAnswer.body, 'Agent'));
        const token = readTag(agentAnswer.body, 'Token') ?? '';
        if (!agent || !/^[\w.+/=-]{1,256}$/.test(token)) throw silent();
        const relay = { agent, dispatcher, token };
        try {
            this.#expect(
                await this.#ask(port, {
                    to: agent,
                    path: `/relay/start/${token}`,
                    body: () => '<body><Client>:0</Client></body>',
                    silent,
                }),
            );
            const joined = await this.#ask(port, {
                to: located.main,
                path: `/device/${this.#options.serial}/relay-channel`,
                body: () => this.#relayBody(agent),
                alsoAccept: (_response, from) => sameAddress(from, agent),
                silent,
            });
            if (joined.status === 404) throw this.#deviceFault('P2P_DEVICE_OFFLINE');
            if (joined.status === 403) throw this.#loginFault(joined);
            this.#expect(joined);
        } catch (thrown) {
            // The step's own fault is what matters; a relay that is not given back runs out by itself.
            this.release(port, relay).catch(() => undefined);
            throw thrown;
        }
        return relay;
    }

    /** Gives a relay back, so that the next one is not refused for a stale lease; settles in a second at most. */
    async release(port: CloudPort, relay: Relay): Promise<void> {
        const silent = () => new Fault('P2P_RELAY_SILENT');
        const path = `/relay/unbind/${relay.token}`;
        await this.#ask(port, { to: relay.dispatcher, path, cap: UNBIND_CAP, silent, lenient: true });
    }

    #deviceFault(code: FaultCode): Fault {
        return new Fault(code, { details: { serial: this.#options.serial, cloud: this.#options.profile.name } });
    }

    #loginFault(answer: CloudResponse): Fault {
        if (!this.#options.credentials) return new Fault('P2P_LOGIN_MISSING', { status: answer.status });
        const reason = readTag(answer.body, 'Error') ?? 'no reason given';
        return new Fault('P2P_LOGIN_REJECTED', {
            status: answer.status,
            details: { reason: /^[\w -]{1,64}$/.test(reason) ? reason : 'no reason given' },
        });
    }

    #serverName(): string {
        const { host, port } = this.#options.profile;
        return `${host}:${port}`;
    }

    /** Anything but success that the step itself did not explain. */
    #expect(answer: CloudResponse): void {
        if (answer.status >= 200 && answer.status < 300) return;
        const reason = `HTTP ${answer.status}`;
        throw new Fault('P2P_CLOUD_REFUSED', {
            status: answer.status,
            details: { server: this.#serverName(), reason },
        });
    }

    async #resolveMain(): Promise<Address> {
        if (this.#main) return this.#main;
        const { host, port } = this.#options.profile;
        try {
            const { address } = await lookup(host, { family: 4 });
            this.#main = { host: address, port };
            return this.#main;
        } catch (cause) {
            throw new Fault('HOST_NOT_FOUND', { details: { host }, cause });
        }
    }

    /** The keeper is asked from a socket of its own; some refuse our signature with 401 "KeyError". */
    async #askKeeper(keeper: Address, path: string, lenient = false): Promise<CloudResponse> {
        const port = await this.#options.openPort();
        try {
            const answer = await this.#ask(port, { to: keeper, path, unsignedAfter401: true, lenient });
            return answer;
        } finally {
            port.close();
        }
    }

    async #ask(
        port: CloudPort,
        step: {
            to: Address;
            path: string;
            body?: () => string | Promise<string>;
            signed?: boolean;
            unsignedAfter401?: boolean;
            /** Silence counts as an empty 200: the step only warms up, or only tells more. */
            lenient?: boolean;
            cap?: number;
            alsoAccept?(response: CloudResponse, from: Address): boolean;
            silent?: () => Fault;
        },
    ): Promise<CloudResponse> {
        const { profile, clock } = this.#options;
        let signed = step.signed ?? true;
        for (let attempt = 1; ; attempt += 1) {
            const cseq = randomBytes(4).readUInt32BE(0) >>> 1;
            const requestId = randomBytes(16).toString('hex');
            const answer = await port
                .ask({
                    to: step.to,
                    cseq,
                    cap: step.lenient ? Math.min(step.cap ?? STAGE_CAP, DISPATCHER_CAP) : (step.cap ?? STAGE_CAP),
                    alsoAccept: step.alsoAccept,
                    write: async () => {
                        const created = wsseTime(clock.now() + this.#offset);
                        const nonce = randomBytes(4).readUInt32BE(0) >>> 1;
                        const body = await step.body?.();
                        const signature = signed ? { nonce, created } : undefined;
                        return writeRequest(profile, { path: step.path, cseq, requestId, body, signature });
                    },
                    silent:
                        step.silent ??
                        (() =>
                            new Fault('P2P_CLOUD_SILENT', { details: { server: `${step.to.host}:${step.to.port}` } })),
                })
                .catch((thrown: unknown) => {
                    const fault = Fault.from(thrown);
                    if (!step.lenient || fault.code === 'CLOSED') throw fault;
                    return { status: 200, reason: '', headers: {}, body: '' } satisfies CloudResponse;
                });
            this.#adoptTime(answer);
            if (answer.status !== 401) return answer;
            if (step.unsignedAfter401 && signed) signed = false;
            else if (attempt >= CLOCK_TRIES) {
                if (step.lenient) return answer;
                throw new Fault('P2P_CLOCK_WRONG', { status: 401, details: { server: this.#serverName() } });
            }
        }
    }

    #adoptTime(answer: CloudResponse): void {
        const date = Date.parse(answer.headers.date ?? '');
        if (Number.isNaN(date)) return;
        const offset = date - this.#options.clock.now();
        // The header counts whole seconds: smaller differences are its rounding and our way.
        this.#offset = Math.abs(offset) < 2000 ? 0 : offset;
    }

    #invite(port: CloudPort, main: Address, identify: Buffer): Promise<CloudResponse> {
        // Kept over repetitions, while nonce, address and proof are made anew for each.
        const createDate = Math.floor((this.#options.clock.now() + this.#offset) / 1000);
        return this.#ask(port, {
            to: main,
            path: `/device/${this.#options.serial}/p2p-channel`,
            body: () => this.#invitation(port.port, identify, createDate),
            silent: () =>
                new Fault('P2P_NO_ROUTE', {
                    details: { serial: this.#options.serial, reason: 'it does not answer the invitation' },
                }),
        });
    }

    async #invitation(port: number, identify: Buffer, createDate: number): Promise<string> {
        const { profile } = this.#options;
        const id = Array.from(identify, (byte) => byte.toString(16)).join(' ');
        const extra =
            profile.dialect === 'nf'
                ? `<NatValueT>0</NatValueT><version>6.7.15</version><sVersion>1.1.0</sVersion><Pid>0</Pid><ClientId>${this.#clientId}:${port}</ClientId>`
                : '<version>5.0.0</version>';
        if (this.#login === 'none') {
            return `<body><Identify>${id}</Identify><IpEncrpt>true</IpEncrpt><LocalAddr>127.0.0.1:${port}</LocalAddr>${extra}</body>`;
        }
        const local = (this.#options.localAddresses ?? localIpv4)();
        const plain = [...local, `${local[0] ?? '127.0.0.1'}:${port}`].join(',');
        const { elements, localAddress } = await this.#proof(createDate, plain);
        return `<body>${elements}<Identify>${id}</Identify><IpEncrptV2>true</IpEncrptV2><LocalAddr>${localAddress}</LocalAddr>${extra}</body>`;
    }

    /** The five elements that prove the password, over the encrypted address (none for a relay). */
    async #proof(createDate: number, plain?: string): Promise<{ elements: string; localAddress: string }> {
        const { credentials } = this.#options;
        const salt = this.#info.randsalt;
        const master = masterKey(credentials ?? { username: '', password: '' }, salt);
        const nonce = randomBytes(4).readUInt32BE(0) >>> 1;
        const localAddress = plain === undefined ? '' : encryptAddress(await addressKey(master, nonce), plain);
        const auth = deviceAuth(master, nonce, createDate, localAddress);
        const saltElement = salt === '' ? '' : `<RandSalt>${salt}</RandSalt>`;
        const user = (credentials?.username ?? '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
        const elements = `<CreateDate>${createDate}</CreateDate><DevAuth>${auth}</DevAuth><Nonce>${nonce}</Nonce>${saltElement}<UserName>${user}</UserName>`;
        return { elements, localAddress };
    }

    async #relayBody(agent: Address): Promise<string> {
        const agentElement = `<agentAddr>${agent.host}:${agent.port}</agentAddr>`;
        if (this.#login === 'none') return `<body>${agentElement}</body>`;
        const createDate = Math.floor((this.#options.clock.now() + this.#offset) / 1000);
        return `<body>${(await this.#proof(createDate)).elements}${agentElement}</body>`;
    }

    async #readInvitation(body: string): Promise<Omit<Announced, 'identify'>> {
        const candidates: Address[] = [];
        const add = (address: Address | undefined) => {
            if (address && !candidates.some((other) => sameAddress(other, address))) candidates.push(address);
        };
        add(readAddress(readTag(body, 'PubAddr')));
        for (const address of readAddresses(await this.#readLocalAddress(body))) add(address);
        const octets = (readTag(body, 'Identify') ?? '').split(/\s+/).map((word) => Number.parseInt(word, 16));
        const known = octets.length === 8 && octets.every((octet) => octet >= 0 && octet <= 255);
        return {
            candidates,
            deviceIdentify: known ? Buffer.from(octets) : undefined,
            policy: (readTag(body, 'Policy') ?? '').split(',').filter((word) => word !== ''),
        };
    }

    /** Undefined where it is coded in a way that nobody has published; only the LAN candidate is lost then. */
    async #readLocalAddress(body: string): Promise<string | undefined> {
        const coded = readTag(body, 'LocalAddr');
        if (coded === undefined) return undefined;
        if (/^[0-9.,:]+$/.test(coded)) return coded;
        const nonce = readTag(body, 'Nonce');
        if (this.#login === 'none' || !this.#options.credentials || nonce === undefined) return undefined;
        const master = masterKey(this.#options.credentials, this.#info.randsalt);
        return decryptAddress(await addressKey(master, nonce), coded);
    }
}
