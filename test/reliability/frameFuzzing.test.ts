import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bindFrame, controlFrame, dataFrame, FRAME, FrameReader, statusFrame } from '../../protocols/p2p/frames';
import {
    readAddress,
    readAddresses,
    readRequest,
    readResponse,
    readTag,
    writeRequest,
    writeResponse,
} from '../../protocols/p2p/message';
import { EASY4IP } from '../../protocols/p2p/profiles';
import { PseudoTcp } from '../../protocols/p2p/pseudoTcp';
import { readStun, writeStun } from '../../protocols/p2p/stun';
import { alteredFrames, alteredRefreshes, unaltered } from '../protocols/isup/mutations';
import { alteredAlarms, alteredDatagrams, alteredSessions } from '../protocols/isup/sessionMutations';
import { ManualClock } from '../support/manualClock';
import { mutate } from '../support/mutations';
import { Random } from '../support/random';
import { DISTURBANCES, target } from './target';

describe('ISUP', () => {
    it('authenticates what is altered below where it is not', () => {
        assert.deepEqual(unaltered(), ['genuine', 'genuine', 'genuine', 'genuine']);
    });

    target('frames of a login and a session', 20_000, 300_000, alteredFrames);
    target('refreshes of a device whose last login is known', 20_000, 300_000, alteredRefreshes);
    target('packets to a session with a live key', 20_000, 300_000, alteredSessions);
    target('alarms in their envelope', 10_000, 150_000, alteredAlarms);
    // One to three of them each.
    target('EHome datagrams', 10_000, 150_000, alteredDatagrams);
});

describe('DHP2P', () => {
    const body =
        '<body><Identify>01 02 03 04 05 06 07 08</Identify><LocalAddr>192.0.2.9:40000,192.0.2.10</LocalAddr></body>';
    const address = { host: '192.0.2.7', port: 8800 };
    const tokens = { cookie: Buffer.alloc(4, 1), transaction: Buffer.alloc(12, 2), identify: Buffer.alloc(8, 3) };
    const DATAGRAMS = [
        writeRequest(EASY4IP, { path: '/probe/p2psrv', cseq: 1 }),
        writeRequest(EASY4IP, {
            path: '/device/X/p2p-channel',
            body,
            cseq: 2,
            signature: { nonce: 7, created: '2026-11-20T12:00:00Z' },
        }),
        writeResponse({ status: 200, reason: 'OK', headers: { CSeq: '2' }, body }),
        writeResponse({ status: 401, reason: 'Unauthorized', headers: { CSeq: '2' }, body: '' }),
        writeStun({ kind: 'request', ...tokens, address }),
        writeStun({ kind: 'success', ...tokens, address }),
        writeStun({ kind: 'confirm', ...tokens }),
    ];

    target('datagrams of the cloud and of the hole punch', 5000, 150_000, (random) => {
        const bytes = mutate(random.pick(DATAGRAMS), random, DISTURBANCES);
        return () => {
            readStun(bytes);
            readRequest(bytes);
            const response = readResponse(bytes);
            if (response === undefined) return;
            for (const name of ['Identify', 'LocalAddr', 'PubAddr']) {
                const text = readTag(response.body, name);
                readAddress(text);
                assert.ok(readAddresses(text).length <= 16);
            }
        };
    });

    target('frames inside a stream', 5000, 150_000, (random) => {
        const frames = [
            () => dataFrame(random.integer(1, 9), random.bytes(random.integer(1, 200))),
            () => bindFrame(random.integer(1, 9), 37777),
            () => statusFrame(random.integer(1, 9), random.pick(['CONN', 'DISC'])),
            () => controlFrame(random.pick([FRAME.heartbeat, FRAME.askSign, FRAME.ready])),
            () => controlFrame(random.pick([FRAME.sign, FRAME.showSign]), random.bytes(4)),
        ];
        const whole = Array.from({ length: random.integer(1, 6) }, () => random.pick(frames)());
        const bytes = mutate(Buffer.concat(whole), random);
        const size = random.pick([1, 5, 17, 1292]);
        return () => {
            let given = 0;
            let broken = 0;
            const reader = new FrameReader({
                onData: (_realm, data) => {
                    given += data.length;
                },
                onFrame: (_type, _realm, tail) => {
                    given += tail.length;
                },
                onBroken: () => {
                    broken += 1;
                },
            });
            for (let at = 0; at < bytes.length; at += size) reader.feed(bytes.subarray(at, at + size));
            assert.ok(given <= bytes.length && broken <= 1);
        };
    });
});

/** More datagrams than this for a dozen segments are a storm. */
const STORM = 2000;

/** Two ends of a PTCP connection, between which some segments are altered; bytes are not signed, so that any may be wrong. */
function converse(words: readonly Buffer[], initialSequence: number, seed: number): void {
    const random = new Random(seed);
    const clock = new ManualClock(10_000);
    const ends: PseudoTcp[] = [];
    let datagrams = 0;
    for (const side of [0, 1]) {
        let given = 0;
        ends[side] = new PseudoTcp({
            clock,
            initialSequence,
            output: (packet) => {
                datagrams += 1;
                const copy = random.integer(0, 3) === 0 ? mutate(packet, random) : Buffer.from(packet);
                clock.after(random.integer(0, 20), () => ends[1 - side]!.input(copy));
            },
            onData: (body) => {
                given += body.length;
                ends[side]!.consumed(body.length);
            },
            onEnd: () => assert.ok(given < 4 * 1024 * 1024),
        });
    }
    const [left, right] = ends as [PseudoTcp, PseudoTcp];
    right.listen();
    left.connect();
    for (const word of words) left.write(word);
    clock.advance(20_000);
    right.write(Buffer.from('and back'));
    clock.advance(40_000);
    assert.ok(datagrams < STORM, `${datagrams} datagrams for ${words.length} segments`);
    left.abort();
    right.abort();
    clock.advance(60_000);
    assert.equal(clock.pending, 0, 'a timer is left');
}

describe('PTCP', () => {
    target('conversations with altered segments', 1000, 60_000, (random) => {
        const start = random.pick([0, 0xffff_ff00]);
        const words = Array.from({ length: random.integer(1, 12) }, () => random.bytes(random.integer(1, 1292)));
        const seed = random.integer(1, 1e9);
        return () => converse(words, start, seed);
    });
});
