import type { Duplex } from 'node:stream';
import type { Clock } from '../clock';
import { systemClock } from '../clock';
import { Fault } from '../errors';
import { type DahuaLogin, dvripLogin, gen2Hash } from './passwordHash';

/**
 * One login on the vendor's own port (37777), to tell a wrong password from a dead tunnel. Frames and result codes:
 * mcw0/DahuaConsole `net.py` and `dahua_logon_modes.py`.
 */
export type LoginOutcome =
    | 'ok'
    | 'wrong-password'
    | 'wrong-user'
    | 'locked'
    | 'not-initialised'
    | 'already-logged-in'
    | 'unknown';

export interface LoginReport {
    protocol: 'dvrip' | 'dhip';
    outcome: LoginOutcome;
    /** `Login to <hex>`, as the device names itself. */
    realm?: string;
    /** The device's result code, where it is none of the known ones. */
    code?: string;
}

const HEADER = 32;
const LONGEST_ANSWER = 64 * 1024;
const CAP = 10_000;

const DVRIP_RESULTS: Readonly<Record<string, LoginOutcome>> = {
    '0008': 'ok',
    '0100': 'wrong-password',
    '0101': 'wrong-user',
    '0104': 'locked',
    '0111': 'not-initialised',
    '0303': 'already-logged-in',
};

const DHIP_RESULTS: Readonly<Record<number, LoginOutcome>> = {
    268632079: 'wrong-password',
    401: 'wrong-password',
    268632081: 'locked',
    268632085: 'wrong-user',
    268632086: 'not-initialised',
};

/** Reads whole frames of 32 bytes and a payload whose length stands in the head. */
class FrameInput {
    #held = Buffer.alloc(0);
    #waiting: { resolve(frame: Buffer): void; reject(fault: Fault): void } | undefined;
    #fault: Fault | undefined;
    readonly #lengthAt: number;

    constructor(way: Duplex, lengthAt: number) {
        this.#lengthAt = lengthAt;
        way.on('data', (chunk: Buffer) => {
            this.#held = Buffer.concat([this.#held, chunk]);
            if (this.#held.length > LONGEST_ANSWER + HEADER) this.fail(malformed('it is too long'));
            this.#offer();
        });
        way.on('error', (error) => this.fail(Fault.from(error)));
        way.on('close', () => this.fail(new Fault('CONNECTION_LOST')));
    }

    next(): Promise<Buffer> {
        return new Promise((resolve, reject) => {
            this.#waiting = { resolve, reject };
            this.#offer();
        });
    }

    fail(fault: Fault): void {
        this.#fault ??= fault;
        this.#offer();
    }

    #offer(): void {
        const waiting = this.#waiting;
        if (!waiting) return;
        const length = this.#held.length < HEADER ? LONGEST_ANSWER : this.#held.readUInt32LE(this.#lengthAt);
        if (this.#held.length >= HEADER + length) {
            const frame = this.#held.subarray(0, HEADER + length);
            this.#held = this.#held.subarray(HEADER + length);
            this.#waiting = undefined;
            waiting.resolve(frame);
        } else if (this.#fault) {
            this.#waiting = undefined;
            waiting.reject(this.#fault);
        }
    }
}

function malformed(reason: string): Fault {
    return new Fault('RESPONSE_MALFORMED', { details: { reason } });
}

function dvripHead(command: number, length: number, tail: string): Buffer {
    const head = Buffer.alloc(HEADER);
    head[0] = 0xa0;
    head[1] = command;
    head.writeUInt32LE(length, 4);
    Buffer.from(tail, 'hex').copy(head, 24);
    return head;
}

function readChallenge(text: string): { realm: string; random: string } {
    const realm = /^Realm:(.{1,128})$/m.exec(text)?.[1]?.trim();
    const random = /^Random:(.{1,128})$/m.exec(text)?.[1]?.trim();
    if (realm === undefined || random === undefined) throw malformed('it holds no challenge');
    return { realm, random };
}

async function within<T>(way: Duplex, input: FrameInput, clock: Clock, work: () => Promise<T>): Promise<T> {
    const cancel = clock.after(CAP, () => input.fail(new Fault('RESPONSE_TIMEOUT', { details: { ms: CAP } })));
    try {
        return await work();
    } finally {
        cancel();
        way.destroy();
    }
}

/**
 * Logs in once by DVRIP and closes the connection.
 *
 * @throws Fault NOT_SUPPORTED where the port does not greet by DVRIP (no password was sent then), RESPONSE_TIMEOUT,
 * CONNECTION_LOST, RESPONSE_MALFORMED
 */
export function probeDvrip(way: Duplex, login: DahuaLogin, clock: Clock = systemClock): Promise<LoginReport> {
    const input = new FrameInput(way, 4);
    return within(way, input, clock, async () => {
        way.write(dvripHead(0x01, 0, '050201010000a1aa'));
        const { realm, random } = await input
            .next()
            .then((asked) => {
                if (asked[0] !== 0xb0) throw malformed('it is no DVRIP');
                return readChallenge(asked.toString('latin1', HEADER));
            })
            .catch((cause: unknown) => {
                // Up to here no password has been sent: another protocol may still try it once.
                throw new Fault('NOT_SUPPORTED', { details: { reason: 'it does not speak DVRIP' }, cause });
            });
        const text = Buffer.from(dvripLogin(login, realm, random), 'utf8');
        way.write(Buffer.concat([dvripHead(0x05, text.length, '050200080000a1aa'), text]));
        const answer = await input.next();
        const code = answer.toString('hex', 8, 10);
        const outcome = DVRIP_RESULTS[code];
        return outcome ? { protocol: 'dvrip', outcome, realm } : { protocol: 'dvrip', outcome: 'unknown', realm, code };
    });
}

function dhipFrame(id: number, session: number, body: object): Buffer {
    const text = Buffer.from(JSON.stringify(body), 'utf8');
    const head = Buffer.alloc(HEADER);
    head[0] = 0x20;
    head.write('DHIP', 4, 'latin1');
    head.writeUInt32LE(session, 8);
    head.writeUInt32LE(id, 12);
    head.writeUInt32LE(text.length, 16);
    head.writeUInt32LE(text.length, 24);
    return Buffer.concat([head, text]);
}

interface DhipAnswer {
    result?: unknown;
    session?: unknown;
    error?: { code?: unknown };
    params?: { realm?: unknown; random?: unknown };
}

function readDhip(frame: Buffer): DhipAnswer {
    if (frame.toString('latin1', 4, 8) !== 'DHIP') throw malformed('it is no DHIP');
    try {
        const answer: unknown = JSON.parse(frame.toString('utf8', HEADER));
        if (typeof answer === 'object' && answer !== null) return answer as DhipAnswer;
    } catch (cause) {
        throw new Fault('RESPONSE_MALFORMED', { details: { reason: 'it is no JSON' }, cause });
    }
    throw malformed('it is no object');
}

/**
 * Logs in once by DHIP, the JSON dialect of newer devices; the first call only fetches the challenge.
 *
 * @throws Fault RESPONSE_TIMEOUT, CONNECTION_LOST, RESPONSE_MALFORMED
 */
export function probeDhip(way: Duplex, login: DahuaLogin, clock: Clock = systemClock): Promise<LoginReport> {
    const input = new FrameInput(way, 16);
    const call = (id: number, session: number, password: string) =>
        way.write(
            dhipFrame(id, session, {
                method: 'global.login',
                params: {
                    userName: login.username,
                    password,
                    clientType: 'Dahua3.0-Web3.0',
                    loginType: 'Direct',
                    ...(password === '' ? {} : { passwordType: 'Default', authorityType: 'Default' }),
                },
                id,
                session,
            }),
        );
    return within(way, input, clock, async () => {
        call(1, 0, '');
        const asked = readDhip(await input.next());
        const realm = String(asked.params?.realm ?? '');
        const random = String(asked.params?.random ?? '');
        const early = Number(asked.error?.code);
        if (realm === '' || random === '') {
            const outcome = DHIP_RESULTS[early] ?? 'unknown';
            return { protocol: 'dhip', outcome, ...(outcome === 'unknown' ? { code: String(early) } : {}) };
        }
        call(2, Number(asked.session) || 0, gen2Hash(login, realm, random));
        const answer = readDhip(await input.next());
        if (answer.result === true) return { protocol: 'dhip', outcome: 'ok', realm };
        const code = Number(answer.error?.code);
        const outcome = DHIP_RESULTS[code] ?? 'unknown';
        return { protocol: 'dhip', outcome, realm, ...(outcome === 'unknown' ? { code: String(code) } : {}) };
    });
}
