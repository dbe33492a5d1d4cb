import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { Channel } from '../../../protocols/p2p/channel';
import { monotonicClock } from '../../../protocols/p2p/monotonicClock';
import { MAX_BODY, PseudoTcp } from '../../../protocols/p2p/pseudoTcp';
import type { Realm } from '../../../protocols/p2p/realm';
import { boundSocket, type Impairment, LossyRelay } from '../../../simulator/lossyRelay';
import { compilePeer, LIBNICE_MISSING, LibnicePeer, type PeerOptions } from './support/libnice';

const binary = compilePeer();
const MEGABYTE = 1024 * 1024;

interface Run {
    impairment: Partial<Impairment>;
    send: number;
    receive: number;
    role?: 'listen' | 'connect';
    mtu?: number;
    /** libnice stops reading after that many bytes, for that long. */
    pause?: { after: number; ms: number };
    /** Our side stops reading likewise. */
    ownPause?: { after: number; ms: number };
    seed?: number;
    inject?(send: (datagram: Buffer) => void): void;
}

/** One connection between our endpoint and libnice's through the relay; both hashes must agree on both sides. */
async function run({ impairment, send, receive, role = 'listen', mtu, pause, ownPause, seed = 1, inject }: Run) {
    const socket = await boundSocket();
    const ownPort = socket.address().port;
    const options: PeerOptions = {
        role,
        send: receive,
        expect: send,
        mtu,
        pauseAfter: pause?.after,
        pauseMs: pause?.ms,
    };
    let peer: LibnicePeer;
    let relay: LossyRelay;
    if (role === 'listen') {
        peer = await LibnicePeer.start(binary!, options);
        relay = await LossyRelay.open({ host: '127.0.0.1', port: peer.port }, seed, impairment);
    } else {
        relay = await LossyRelay.open({ host: '127.0.0.1', port: ownPort }, seed, impairment);
        peer = await LibnicePeer.start(binary!, { ...options, peerPort: relay.port });
    }
    let target = relay.port;
    const received = createHash('sha256');
    const sent = createHash('sha256');
    let got = 0;
    let written = 0;
    let held = 0;
    let pauseLeft = ownPause;
    let finished: () => void;
    let broke: (error: Error) => void;
    const whole = new Promise<void>((resolve, reject) => {
        finished = resolve;
        broke = reject;
    });
    const tcp = new PseudoTcp({
        output: (datagram) => socket.send(datagram, target, '127.0.0.1'),
        onData: (body) => {
            received.update(body);
            got += body.length;
            if (pauseLeft && got >= pauseLeft.after) {
                held += body.length;
                if (held === body.length) {
                    setTimeout(() => {
                        pauseLeft = undefined;
                        tcp.consumed(held);
                    }, pauseLeft.ms);
                }
            } else tcp.consumed(body.length);
            if (got === receive) finished();
        },
        onOpen: () => pump(),
        onDrain: () => pump(),
        onEnd: (end) => broke(new Error(`our side ended: ${end} (seed ${seed})`)),
    });
    const pump = () => {
        for (let more = true; more && written < send; ) {
            const body = randomBytes(Math.min(MAX_BODY, send - written));
            sent.update(body);
            written += body.length;
            more = tcp.write(body);
        }
    };
    socket.on('message', (datagram, from) => {
        if (role === 'connect') target = from.port;
        tcp.input(datagram);
    });
    if (role === 'listen') tcp.connect();
    else tcp.listen();
    inject?.((datagram) => socket.emit('message', datagram, { port: target }));
    try {
        const [theirReceived, theirSent] = await Promise.all([
            send > 0 ? peer.said('received') : undefined,
            receive > 0 ? peer.said('sent') : undefined,
            receive > 0 ? whole : undefined,
        ]);
        if (send > 0) assert.equal(theirReceived, sent.digest('hex'), `what libnice got, seed ${seed}`);
        if (receive > 0) assert.equal(received.digest('hex'), theirSent, `what we got, seed ${seed}`);
        return tcp.counters;
    } finally {
        tcp.close();
        await peer.stop();
        relay.close();
        socket.close();
    }
}

/** Sends random bytes through a connection of the tunnel and reads as many back; both must be the same. */
async function echo(realm: Realm, size: number): Promise<void> {
    const sent = createHash('sha256');
    const received = createHash('sha256');
    let got = 0;
    const back = new Promise<void>((resolve, reject) => {
        realm.on('error', reject);
        realm.on('data', (data: Buffer) => {
            received.update(data);
            got += data.length;
            if (got >= size) resolve();
        });
    });
    for (let at = 0, turn = 0; at < size; turn += 1) {
        // Sizes of every kind, so that frames of every length stand side by side.
        const body = randomBytes(Math.min(1 + ((turn * 7919) % 20_000), size - at));
        sent.update(body);
        at += body.length;
        if (!realm.write(body)) await Promise.race([new Promise((resolve) => realm.once('drain', resolve)), back]);
    }
    await back;
    assert.equal(got, size);
    assert.equal(received.digest('hex'), sent.digest('hex'), 'what came back');
}

/** Several connections in one tunnel to a recorder whose PTCP is libnice's. */
async function tunnel(impairment: Partial<Impairment>, mtu: number, size: number, seed: number): Promise<void> {
    const socket = await boundSocket();
    const peer = await LibnicePeer.start(binary!, { role: 'recorder', send: 0, expect: 0, mtu });
    const relay = await LossyRelay.open({ host: '127.0.0.1', port: peer.port }, seed, impairment);
    const channel = new Channel({
        clock: monotonicClock,
        serial: 'TESTSN0000001',
        send: (datagram) => socket.send(datagram, relay.port, '127.0.0.1'),
        onEnd: () => undefined,
    });
    socket.on('message', (datagram) => channel.input(datagram));
    try {
        await channel.open();
        const realms = await Promise.all([37777, 554, 80].map((port) => channel.bind(port)));
        await Promise.all(realms.map((realm) => echo(realm, size)));
        assert.ok(channel.isOpen);
    } finally {
        channel.close();
        await peer.stop();
        relay.close();
        socket.close();
    }
}

describe('PTCP against libnice, an endpoint that others wrote', {
    skip: binary ? false : LIBNICE_MISSING,
    // Most of the time both ends wait for a timer: libnice never waits less than a second for a lost datagram.
    concurrency: 2,
}, () => {
    const network = { duplicate: 0.02, reorder: 0.05, reorderBy: 4, delay: 1, jitter: 1 };

    // The slowest first: the others run beside it.
    for (const loss of [0.05, 0.01, 0]) {
        it(`carries 8 MiB each way at ${loss * 100} % loss, 2 % duplicates and reordering`, {
            timeout: 280_000,
        }, async () => {
            const size = 8 * MEGABYTE;
            const [there, back] = await Promise.all([
                run({ impairment: { ...network, loss }, send: size, receive: 0, seed: 11 }),
                run({ impairment: { ...network, loss }, send: 0, receive: size, seed: 12, mtu: 1500 }),
                run({ impairment: { ...network, loss }, send: MEGABYTE, receive: MEGABYTE, seed: 13, role: 'connect' }),
            ]);
            assert.ok(loss === 0 || there.retransmitted > 0);
            assert.ok(back.outOfOrder > 0);
        });
    }

    it('carries 8 MiB each way at once over a good network', { timeout: 120_000 }, async () => {
        await run({ impairment: {}, send: 8 * MEGABYTE, receive: 8 * MEGABYTE });
    });

    it('reads the frames that libnice merges into full segments, and those that it cuts', {
        timeout: 120_000,
    }, async () => {
        await tunnel({}, 1500, 3 * MEGABYTE, 21);
        await tunnel({}, 700, MEGABYTE, 22);
    });

    it('keeps the connections of a tunnel apart at 1 % loss, 2 % duplicates and reordering', {
        timeout: 120_000,
    }, async () => {
        await Promise.all([
            tunnel({ ...network, loss: 0.01 }, 1500, MEGABYTE, 23),
            tunnel({ ...network, loss: 0.01 }, 700, 500_000, 24),
        ]);
    });

    it('finds its way when SYNs are lost', { timeout: 120_000 }, async () => {
        const roles = ['listen', 'connect'] as const;
        const runs = roles.flatMap((role) => [1, 2, 3].map((seed) => ({ role, seed })));
        await Promise.all(runs.map((one) => run({ impairment: { loss: 0.4 }, send: 5000, receive: 5000, ...one })));
    });

    it('waits for libnice when that stops reading, and goes on', { timeout: 120_000 }, async () => {
        await run({ impairment: {}, send: 2 * MEGABYTE, receive: 0, pause: { after: 200_000, ms: 3000 } });
    });

    it('makes libnice wait when we stop reading, and goes on', { timeout: 120_000 }, async () => {
        await run({ impairment: {}, send: 0, receive: 2 * MEGABYTE, ownPause: { after: 200_000, ms: 3000 } });
    });

    it('is not misled by datagrams of others', { timeout: 120_000 }, async () => {
        await run({
            impairment: network,
            send: 500_000,
            receive: 500_000,
            inject: (send) => {
                for (let count = 0; count < 50; count += 1) {
                    const foreign = randomBytes(64);
                    const beyond = Buffer.alloc(24);
                    beyond.writeUInt32BE(0x50544350, 0);
                    beyond.writeUInt32BE(0x10000000, 8);
                    send(foreign);
                    send(beyond);
                }
            },
        });
    });
});
