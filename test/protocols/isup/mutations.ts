import assert from 'node:assert/strict';
import { classify } from '../../../protocols/isup/classifier';
import { readEhome } from '../../../protocols/isup/ehome';
import { openWill } from '../../../protocols/isup/envelope';
import { Framer } from '../../../protocols/isup/framer';
import { readAuthI, readAuthIII } from '../../../protocols/isup/lbsFrames';
import { LbsLogin } from '../../../protocols/isup/lbsLogin';
import { readDevicePacket } from '../../../protocols/isup/mqtt';
import { readProxyHeader } from '../../../protocols/isup/proxyProtocol';
import { mutate } from '../../support/mutations';
import type { Random } from '../../support/random';
import { identity, recorded, vectors, wire } from './vectors';

/** Everything that a device sends in the vectors, by name. */
const seeds = Object.entries(vectors)
    .filter(([, vector]) => vector.from === 'device')
    .map(([name]) => ({ name, bytes: wire(name) }));

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

const login = Buffer.concat([wire('auth_i'), wire('auth_iii'), wire('das_req')]);

/** An altered login, or an altered frame of any kind, and how to give it to every reader; throws what it finds. */
export function alteredFrames(random: Random): () => void {
    const whole = random.integer(0, 2) === 0 ? login : random.pick(seeds).bytes;
    const altered = mutate(whole, random);
    const bytes = random.integer(0, 9) === 0 ? Buffer.concat([altered, altered]) : altered;
    const cut = random.integer(0, bytes.length);
    return () => assert.equal(readAll(bytes, cut), false, 'logged in although something that is signed was altered');
}
