import { classify } from '../../../protocols/isup/classifier';
import { readEhome } from '../../../protocols/isup/ehome';
import { openWill } from '../../../protocols/isup/envelope';
import { Framer } from '../../../protocols/isup/framer';
import { readAuthI, readAuthIII } from '../../../protocols/isup/lbsFrames';
import { LbsLogin } from '../../../protocols/isup/lbsLogin';
import { readDevicePacket } from '../../../protocols/isup/mqtt';
import { readProxyHeader } from '../../../protocols/isup/proxyProtocol';
import { seededRandom } from '../../../simulator/random';
import { identity, recorded, vectors, wire } from './vectors';

/** Everything that a device sends in the vectors, by name. */
const seeds = Object.entries(vectors)
    .filter(([, vector]) => vector.from === 'device')
    .map(([name]) => ({ name, bytes: wire(name) }));

export interface MutationResult {
    count: number;
    /** Logins that succeeded although something that is signed was altered. */
    wronglyAuthenticated: number;
    /** Longest single input in milliseconds, taken again where it looked slow: what does not repeat was not its doing. */
    slowest: number;
    /** The same as first measured: collections and other processes count. */
    paused: number;
}

/** Up to four changes: bytes, bits, moved pieces, an early end; sometimes doubled. */
export function mutate(bytes: Buffer, random: () => number): Buffer {
    const out = Buffer.from(bytes);
    const changes = 1 + Math.floor(random() * 4);
    for (let i = 0; i < changes; i++) {
        const at = Math.floor(random() * out.length);
        switch (Math.floor(random() * 4)) {
            case 0:
                out[at] = Math.floor(random() * 256);
                break;
            case 1:
                out[at] = out[at]! ^ (1 << Math.floor(random() * 8));
                break;
            case 2:
                out.copyWithin(at, Math.floor(random() * out.length));
                break;
            default:
                return out.subarray(0, at);
        }
    }
    return random() < 0.1 ? Buffer.concat([out, out]) : out;
}

/** What a login signs, in frames I and III: the Device ID, the nonces and the signature. */
function signed(first: Buffer, third: Buffer): string | undefined {
    const one = readAuthI(first);
    const three = readAuthIII(third);
    if (one === undefined || three === undefined) return undefined;
    return [one.deviceId, one.n1, one.signature.toString('hex'), three.n3, three.signature.toString('hex')].join();
}

/** One connection that is fed `bytes`, and the frames of a login as they came out of the framer. */
function feed(bytes: Buffer, cut: number): boolean {
    let authenticated = false;
    const bodies = new Map<number, Buffer>();
    const login = new LbsLogin({
        keyOf: (deviceId) => (deviceId === identity.deviceId ? { key: identity.key } : { refusal: 'no-key' }),
        masterOf: () => undefined,
        random: recorded([0x22, 0x22]),
        das: () => ({ address: '192.0.2.10', port: 7660 }),
        onRegistering: () => undefined,
        onAuthenticated: () => {
            authenticated = true;
        },
        onRefused: () => undefined,
    });
    const framer = new Framer(65536);
    for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        if (chunk.length === 0) continue;
        framer.push(chunk);
        for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
            if (typeof frame === 'string') return false;
            bodies.set(frame.first, frame.payload);
            if (login.frame(frame.first, frame.payload).close) return false;
            readDevicePacket(frame.bytes);
        }
    }
    if (!authenticated) return false;
    const empty = Buffer.alloc(0);
    const original = signed(wire('auth_i').subarray(2), wire('auth_iii').subarray(2));
    return signed(bodies.get(0x10) ?? empty, bodies.get(0x30) ?? empty) !== original;
}

/** Gives `bytes` to every reader. @returns true where they logged in wrongly */
function readAll(bytes: Buffer, cut: number): boolean {
    classify('tcp', bytes);
    classify('udp', bytes);
    readProxyHeader(bytes);
    if (bytes[0] === 0x3c) readEhome(bytes);
    openWill(identity.sessionKey, bytes);
    return feed(bytes, cut);
}

function timed(call: () => void): number {
    const started = performance.now();
    call();
    return performance.now() - started;
}

const LOOKS_SLOW = 5;
const TRIES = 5;

/** Feeds `count` altered inputs to every reader of the ISUP port; throws what a reader throws. */
export function runMutations(count: number, seed: number): MutationResult {
    const random = seededRandom(seed);
    const login = Buffer.concat([wire('auth_i'), wire('auth_iii'), wire('das_req')]);
    const result: MutationResult = { count, wronglyAuthenticated: 0, slowest: 0, paused: 0 };
    for (let i = 0; i < count; i++) {
        const seedBytes = i % 3 === 0 ? login : seeds[Math.floor(random() * seeds.length)]!.bytes;
        const bytes = mutate(seedBytes, random);
        const cut = Math.floor(random() * bytes.length);
        let wrong = false;
        let took = timed(() => {
            wrong = readAll(bytes, cut);
        });
        if (wrong) result.wronglyAuthenticated += 1;
        result.paused = Math.max(result.paused, took);
        for (let again = 0; took > LOOKS_SLOW && again < TRIES; again++) {
            took = Math.min(
                took,
                timed(() => readAll(bytes, cut)),
            );
        }
        result.slowest = Math.max(result.slowest, took);
    }
    return result;
}
