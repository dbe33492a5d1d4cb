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
import { bodyOf, identity, recorded, vectors, wire } from './vectors';

/** Everything that a device sends in the vectors, by name. */
const seeds = Object.entries(vectors)
    .filter(([, vector]) => vector.from === 'device')
    .map(([name]) => ({ name, bytes: wire(name) }));

/** Bytes of the version in front of every body. */
const VERSION = 3;
const REFRESHED_KEY = vectors.refresh_ii!.newSessionKey!;

/** What a login signs, in frames I and III: the Device ID, the nonces and the signature. */
function signed(first: Buffer, third: Buffer): string | undefined {
    const one = readAuthI(first);
    const three = readAuthIII(third);
    if (one === undefined || three === undefined) return undefined;
    return [one.deviceId, one.n1, one.signature.toString('hex'), three.n3, three.signature.toString('hex')].join();
}

/** The recorded proofs of a refresh: N2 under the master key, and the first block of a request under the new session key. */
const REFRESHED = [
    bodyOf('refresh_iii').subarray(VERSION),
    bodyOf('das_req_refreshed').subarray(VERSION, VERSION + 16),
];

type Outcome = 'nobody' | 'genuine' | 'wrongly';

/**
 * One connection that is fed `bytes`, of a device whose last login is known: who is authenticated by it.
 *
 * The encryption has no integrity check, so that what follows a genuine block may be altered; without one nobody who lacks
 * the key can have written it.
 */
function feed(bytes: Buffer, cut: number, sessionKey?: string): Outcome {
    let authenticated: 'by login' | 'by refresh' | undefined;
    const bodies = new Map<number, Buffer>();
    const login = new LbsLogin({
        keyOf: (deviceId) => (deviceId === identity.deviceId ? { key: identity.key } : { refusal: 'no-key' }),
        masterOf: (deviceId) => (deviceId === identity.deviceId ? identity.masterKey : undefined),
        random: recorded([0x22, 0x22], sessionKey),
        das: () => ({ address: '192.0.2.10', port: 7660 }),
        onRegistering: () => undefined,
        onAuthenticated: ({ refreshed }) => {
            authenticated = refreshed ? 'by refresh' : 'by login';
        },
        onRefused: () => undefined,
    });
    const framer = new Framer(65536);
    const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0);
    reading: for (const chunk of chunks) {
        framer.push(chunk);
        for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
            if (typeof frame === 'string') break reading;
            bodies.set(frame.first, frame.payload);
            if (login.frame(frame.first, frame.payload).close) break reading;
            readDevicePacket(frame.bytes);
        }
    }
    if (authenticated === undefined) return 'nobody';
    if (authenticated === 'by refresh') return REFRESHED.some((proof) => bytes.includes(proof)) ? 'genuine' : 'wrongly';
    const empty = Buffer.alloc(0);
    const original = signed(wire('auth_i').subarray(2), wire('auth_iii').subarray(2));
    return signed(bodies.get(0x10) ?? empty, bodies.get(0x30) ?? empty) === original ? 'genuine' : 'wrongly';
}

/** Gives `bytes` to every reader. */
function readAll(bytes: Buffer, cut: number): Outcome {
    classify('tcp', bytes);
    classify('udp', bytes);
    readProxyHeader(bytes);
    if (bytes[0] === 0x3c) readEhome(bytes);
    openWill(identity.sessionKey, bytes);
    return feed(bytes, cut);
}

const login = Buffer.concat([wire('auth_i'), wire('auth_iii'), wire('das_req')]);
const REFRESHES = [
    ['refresh_i', 'refresh_iii', 'das_req_refreshed'],
    ['refresh_i', 'refresh_iii'],
    ['refresh_i_padded', 'das_req_refreshed'],
].map((names) => Buffer.concat(names.map(wire)));

const WRONGLY = 'authenticated although what proves it was altered';

/** An altered login, or an altered frame of any kind, and how to give it to every reader; throws what it finds. */
export function alteredFrames(random: Random): () => void {
    const whole = random.integer(0, 2) === 0 ? login : random.pick(seeds).bytes;
    const altered = mutate(whole, random);
    const bytes = random.integer(0, 9) === 0 ? Buffer.concat([altered, altered]) : altered;
    const cut = random.integer(0, bytes.length);
    return () => assert.notEqual(readAll(bytes, cut), 'wrongly', WRONGLY);
}

/** An altered refresh of a device whose last login is known. */
export function alteredRefreshes(random: Random): () => void {
    const bytes = mutate(random.pick(REFRESHES), random);
    const cut = random.integer(0, bytes.length);
    return () => assert.notEqual(feed(bytes, cut, REFRESHED_KEY), 'wrongly', WRONGLY);
}

/** What is altered above, as it was: who feeds it unaltered is authenticated. */
export function unaltered(): Outcome[] {
    return [feed(login, 1), ...REFRESHES.map((bytes) => feed(bytes, 1, REFRESHED_KEY))];
}
