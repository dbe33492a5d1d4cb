import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { FLAG, HEADER, MAX_BODY, PseudoTcp, type PseudoTcpOptions } from '../../../protocols/p2p/pseudoTcp';
import { Impairer, type Impairment } from '../../../simulator/lossyRelay';
import { ManualClock } from '../../support/manualClock';

interface Segment {
    sequence: number;
    acknowledged: number;
    flags: number;
    window: number;
    time: number;
    echo: number;
    body: Buffer;
}

function segment(part: Partial<Segment>): Buffer {
    const body = part.body ?? Buffer.alloc(0);
    const packet = Buffer.alloc(HEADER + body.length);
    packet.writeUInt32BE(0x50544350, 0);
    packet.writeUInt32BE(part.sequence ?? 0, 4);
    packet.writeUInt32BE(part.acknowledged ?? 0, 8);
    packet[13] = part.flags ?? 0;
    packet.writeUInt16BE(part.window ?? 0xffff, 14);
    packet.writeUInt32BE(part.time ?? 0, 16);
    packet.writeUInt32BE(part.echo ?? 0, 20);
    body.copy(packet, HEADER);
    return packet;
}

function read(packet: Buffer): Segment {
    return {
        sequence: packet.readUInt32BE(4),
        acknowledged: packet.readUInt32BE(8),
        flags: packet[13]!,
        window: packet.readUInt16BE(14),
        time: packet.readUInt32BE(16),
        echo: packet.readUInt32BE(20),
        body: packet.subarray(HEADER),
    };
}

const SYN = Buffer.from('00030100', 'hex');

/** One endpoint whose peer is the test. */
function endpoint(options: Partial<PseudoTcpOptions> & { consume?: boolean } = {}) {
    const clock = new ManualClock(0x3d9c86ea);
    const sent: Buffer[] = [];
    const got: Buffer[] = [];
    const ends: string[] = [];
    const { consume = true, ...rest } = options;
    const tcp: PseudoTcp = new PseudoTcp({
        clock,
        output: (packet) => sent.push(Buffer.from(packet)),
        onData: (body) => {
            got.push(Buffer.from(body));
            if (consume) tcp.consumed(body.length);
        },
        onEnd: (end) => ends.push(end),
        ...rest,
    });
    const taken = () => sent.splice(0).map(read);
    return { clock, tcp, sent, got, ends, taken };
}

/** A connected endpoint: our SYN and theirs have crossed. */
function connected(options: Parameters<typeof endpoint>[0] = {}) {
    const all = endpoint(options);
    all.tcp.connect();
    const first = options.initialSequence ?? 0;
    all.tcp.input(segment({ acknowledged: (first + 4) >>> 0, flags: FLAG.control, body: SYN, time: 500 }));
    all.taken();
    return all;
}

/** Two endpoints over a link that the seed rules, in simulated time. */
function pair(seed: number, impairment: Partial<Impairment>, options: { first?: [number, number] } = {}) {
    const clock = new ManualClock(10_000);
    const impairer = new Impairer(seed, impairment);
    const hashes = [createHash('sha256'), createHash('sha256')];
    const received = [0, 0];
    const ends: string[] = [];
    const ports: PseudoTcp[] = [];
    for (const side of [0, 1]) {
        ports[side] = new PseudoTcp({
            clock,
            initialSequence: options.first?.[side] ?? 0,
            output: (packet) => {
                const copy = Buffer.from(packet);
                for (const delay of impairer.fate()) clock.after(delay, () => ports[1 - side]?.input(copy));
            },
            onData: (body) => {
                hashes[side]!.update(body);
                received[side]! += body.length;
                ports[side]!.consumed(body.length);
            },
            onEnd: (end) => ends.push(end),
        });
    }
    const [left, right] = ports as [PseudoTcp, PseudoTcp];
    right.listen();
    left.connect();
    return { clock, left, right, hashes, received, ends };
}

function transfer(seed: number, impairment: Partial<Impairment>, bytes: number, first?: [number, number]) {
    const link = pair(seed, impairment, first ? { first } : {});
    const data = [randomBytes(bytes), randomBytes(bytes)];
    link.left.write(data[0]!);
    link.right.write(data[1]!);
    const started = link.clock.now();
    for (let step = 0; step < 60_000 && (link.received[0]! < bytes || link.received[1]! < bytes); step += 1) {
        link.clock.advance(10);
        if (link.ends.length > 0) break;
    }
    const sha = (buffer: Buffer) => createHash('sha256').update(buffer).digest('hex');
    assert.deepEqual(link.ends, [], `seed ${seed}`);
    assert.deepEqual(link.received, [bytes, bytes], `seed ${seed}`);
    assert.equal(link.hashes[1]!.digest('hex'), sha(data[0]!), `seed ${seed}`);
    assert.equal(link.hashes[0]!.digest('hex'), sha(data[1]!), `seed ${seed}`);
    return { ...link, elapsed: link.clock.now() - started };
}

describe('the header of PTCP', () => {
    it('answers a SYN exactly as a recorder does', () => {
        const { tcp, sent } = endpoint();
        tcp.listen();
        tcp.input(Buffer.from('5054435000000000000000000002ffff000000000000000000030100', 'hex'));
        assert.equal(sent[0]?.toString('hex'), '5054435000000000000000040002ffff3d9c86ea0000000000030100');
    });

    it('skips options it does not know, such as libnice’s FIN-ACK', () => {
        const { tcp, sent } = endpoint();
        tcp.listen();
        tcp.input(segment({ flags: FLAG.control, body: Buffer.from('00030100fe0100', 'hex') }));
        assert.equal(read(sent[0]!).acknowledged, 7);
    });

    it('echoes the clock of the recorder and acknowledges what really came, through a captured session', () => {
        const { tcp, taken, got } = endpoint();
        tcp.connect();
        tcp.input(Buffer.from('5054435000000000000000040002ffff3d9c86ea0000000000030100', 'hex'));
        const opened = taken().at(-1)!;
        assert.deepEqual([opened.sequence, opened.acknowledged, opened.echo], [4, 4, 0x3d9c86ea]);
        tcp.write(Buffer.from('170000000000000000000000', 'hex'));
        assert.equal(taken().at(-1)?.sequence, 4);
        const sign = '18000000'.padEnd(24, '0');
        tcp.input(Buffer.from(`5054435000000004000000100000fff33d9c879400000001${sign}dc739b7f`, 'hex'));
        assert.equal(Buffer.concat(got).toString('hex'), `${sign}dc739b7f`);
        tcp.write(Buffer.from('1b0000000000000000000000', 'hex'));
        const next = taken().at(-1)!;
        assert.deepEqual([next.sequence, next.acknowledged, next.echo], [0x10, 0x14, 0x3d9c8794]);
    });

    it('advertises the bytes that are free, not the packets it counted', () => {
        const { tcp, taken, clock } = connected({ consume: false });
        tcp.input(segment({ sequence: 4, acknowledged: 4, body: Buffer.alloc(100) }));
        clock.advance(20);
        assert.equal(taken().at(-1)?.window, 65435);
        tcp.consumed(100);
        tcp.input(segment({ sequence: 104, acknowledged: 4, body: Buffer.alloc(100) }));
        clock.advance(20);
        assert.equal(taken().at(-1)?.window, 65435);
    });

    it('drops other conversations, short datagrams and nonsense without harm', () => {
        const { tcp, taken, ends } = connected();
        const foreign = segment({ sequence: 4, body: Buffer.from('x') });
        foreign.writeUInt32BE(0x12345678, 0);
        assert.equal(tcp.input(foreign), false);
        assert.equal(tcp.input(Buffer.from('PTCP')), false);
        for (let round = 0; round < 2000; round += 1) {
            const noise = randomBytes(HEADER + (round % 40));
            noise.writeUInt32BE(0x50544350, 0);
            noise[13] = noise[13]! & ~FLAG.reset;
            tcp.input(noise);
        }
        taken();
        assert.deepEqual(ends, []);
        tcp.close();
    });
});

describe('a receiver', () => {
    it('never acknowledges a bare acknowledgement, which would never end', () => {
        const { tcp, taken, clock } = connected();
        for (let round = 0; round < 10; round += 1) tcp.input(segment({ sequence: 4, acknowledged: 4 }));
        clock.advance(1000);
        assert.deepEqual(taken(), []);
    });

    it('answers a window probe at once', () => {
        const { tcp, taken } = connected();
        tcp.input(segment({ sequence: 3, acknowledged: 4 }));
        assert.equal(taken().length, 1);
    });

    it('does not count a duplicate twice: the fault by which other clients stall', () => {
        const { tcp, taken, got } = connected();
        const packet = segment({ sequence: 4, acknowledged: 4, body: Buffer.from('hello') });
        for (let copy = 0; copy < 5; copy += 1) tcp.input(packet);
        assert.equal(Buffer.concat(got).toString(), 'hello');
        assert.ok(taken().every((answer) => answer.acknowledged === 9));
        assert.equal(tcp.counters.duplicates, 4);
    });

    it('puts segments in order and trims what overlaps', () => {
        const { tcp, taken, got } = connected();
        const text = Buffer.from('abcdefghijklmnopqrst');
        const piece = (from: number, to: number) =>
            tcp.input(segment({ sequence: 4 + from, acknowledged: 4, body: text.subarray(from, to) }));
        piece(10, 15);
        assert.equal(taken().at(-1)?.acknowledged, 4, 'a gap is reported at once');
        piece(12, 20);
        piece(5, 11);
        piece(10, 12);
        assert.equal(got.length, 0);
        piece(0, 6);
        assert.equal(Buffer.concat(got).toString(), text.toString());
        assert.equal(taken().at(-1)?.acknowledged, 24);
    });

    it('takes no byte beyond the window it offered', () => {
        const { tcp, got, taken } = connected({ consume: false, receiveBuffer: 1000 });
        tcp.input(segment({ sequence: 4, acknowledged: 4, body: Buffer.alloc(1200, 1) }));
        assert.equal(Buffer.concat(got).length, 1000);
        tcp.input(segment({ sequence: 1004, acknowledged: 4, body: Buffer.alloc(200, 1) }));
        assert.equal(Buffer.concat(got).length, 1000);
        assert.equal(taken().at(-1)?.window, 0);
        tcp.consumed(1000);
        assert.equal(taken().at(-1)?.window, 1000, 'the reopened window is announced unasked');
    });

    it('acknowledges every second segment at once and a lone one within 10 ms', () => {
        const { tcp, taken, clock } = connected();
        tcp.input(segment({ sequence: 4, acknowledged: 4, body: Buffer.alloc(10) }));
        assert.equal(taken().length, 0);
        clock.advance(10);
        assert.equal(taken().at(-1)?.acknowledged, 14);
        tcp.input(segment({ sequence: 14, acknowledged: 4, body: Buffer.alloc(10) }));
        tcp.input(segment({ sequence: 24, acknowledged: 4, body: Buffer.alloc(10) }));
        assert.equal(taken().at(-1)?.acknowledged, 34);
    });

    it('ends on a reset that lies in its window and ignores one that does not', () => {
        const { tcp, ends } = connected();
        tcp.input(segment({ sequence: 0x7000_0000, flags: FLAG.reset }));
        assert.deepEqual(ends, []);
        tcp.input(segment({ sequence: 4, flags: FLAG.reset }));
        assert.deepEqual(ends, ['reset']);
        assert.equal(tcp.state, 'closed');
    });
});

describe('a sender', () => {
    it('repeats its SYN until the recorder answers', () => {
        const { tcp, taken, clock } = endpoint();
        tcp.connect();
        clock.advance(1600);
        const syns = taken();
        assert.equal(syns.length, 3);
        assert.ok(syns.every((syn) => syn.sequence === 0 && syn.flags === FLAG.control && syn.body.equals(SYN)));
    });

    it('keeps what is written apart in segments of their own, and cuts what is larger than one', () => {
        const { tcp, taken } = connected();
        tcp.write(Buffer.alloc(16));
        tcp.write(Buffer.alloc(MAX_BODY + 8));
        assert.deepEqual(
            taken().map((sent) => sent.body.length),
            [16, MAX_BODY, 8],
        );
    });

    it('repeats the missing segment at the third duplicate acknowledgement', () => {
        const { tcp, taken } = connected();
        for (let index = 0; index < 6; index += 1) tcp.write(Buffer.alloc(100, index));
        taken();
        for (let index = 0; index < 3; index += 1) tcp.input(segment({ sequence: 4, acknowledged: 4 }));
        assert.deepEqual(
            taken().map((sent) => [sent.sequence, sent.body[0]]),
            [[4, 0]],
        );
        assert.equal(tcp.counters.fastRetransmits, 1);
        // A partial acknowledgement uncovers the next hole.
        tcp.input(segment({ sequence: 4, acknowledged: 204 }));
        assert.equal(taken()[0]?.sequence, 204);
    });

    it('ignores an acknowledgement of bytes it never sent', () => {
        const { tcp, taken, clock, ends } = connected();
        tcp.write(Buffer.from('data'));
        taken();
        tcp.input(segment({ sequence: 4, acknowledged: 400 }));
        clock.advance(600);
        assert.ok(
            taken().some((sent) => sent.body.toString() === 'data'),
            'it is sent again',
        );
        assert.deepEqual(ends, []);
    });

    it('stops at a closed window, probes it, and goes on when it opens', () => {
        const { tcp, taken, clock, ends } = connected();
        tcp.input(segment({ sequence: 4, acknowledged: 4, window: 0 }));
        tcp.write(Buffer.from('waiting'));
        assert.deepEqual(taken(), []);
        for (let round = 0; round < 20; round += 1) {
            clock.advance(4000);
            const probes = taken();
            assert.ok(probes.length > 0, 'it asks');
            assert.ok(probes.every((probe) => probe.body.length === 0 && probe.sequence === 3));
            tcp.input(segment({ sequence: 4, acknowledged: 4, window: 0 }));
        }
        assert.deepEqual(ends, [], 'a recorder that answers probes is alive');
        tcp.input(segment({ sequence: 4, acknowledged: 4, window: 0xffff }));
        assert.equal(taken()[0]?.body.toString(), 'waiting');
    });

    it('fits into a window that stays smaller than a segment', () => {
        const { tcp, taken, clock } = connected();
        tcp.input(segment({ sequence: 4, acknowledged: 4, window: 10 }));
        tcp.write(Buffer.from('0123456789abcdef'));
        clock.advance(600);
        assert.equal(taken()[0]?.body.toString(), '0123456789');
        tcp.input(segment({ sequence: 4, acknowledged: 14, window: 10 }));
        clock.advance(600);
        assert.equal(taken().at(-1)?.body.toString(), 'abcdef');
    });

    it('gives up after 30 s of silence and leaves no timer behind', () => {
        const { tcp, clock, ends } = connected();
        tcp.write(Buffer.from('anyone?'));
        clock.advance(29_000);
        assert.deepEqual(ends, []);
        clock.advance(40_000);
        assert.deepEqual(ends, ['timeout']);
        assert.equal(clock.pending, 0);
    });

    it('asks its writer to wait, and calls when there is room', async () => {
        let drained = 0;
        const { tcp, clock } = connected({ highWater: 5000, onDrain: () => (drained += 1) });
        let sequence = 4;
        let more = true;
        while (more) more = tcp.write(Buffer.alloc(MAX_BODY));
        for (let round = 0; round < 60; round += 1) {
            sequence += MAX_BODY;
            tcp.input(segment({ sequence: 4, acknowledged: sequence }));
            clock.advance(10);
        }
        await Promise.resolve();
        assert.equal(drained, 1);
    });

    it('says goodbye by RST when it is aborted, and nothing when it is closed', () => {
        const one = connected();
        one.tcp.abort();
        assert.equal(one.taken().at(-1)?.flags, FLAG.reset);
        const other = connected();
        other.tcp.close();
        assert.deepEqual(other.taken(), []);
        assert.equal(one.clock.pending + other.clock.pending, 0);
    });
});

describe('two endpoints over a bad network', () => {
    const cases: Partial<Impairment>[] = [];
    for (const loss of [0, 0.01, 0.05, 0.1]) {
        for (const duplicate of [0, 0.02])
            cases.push({ loss, duplicate, reorder: 0.1, reorderBy: 8, delay: 5, jitter: 2 });
    }
    for (const impairment of cases) {
        it(`carry every byte both ways at ${impairment.loss! * 100} % loss and ${impairment.duplicate! * 100} % duplicates`, () => {
            for (const seed of [1, 2, 3]) transfer(seed, impairment, 300_000);
        });
    }

    it('carry every byte across the wrap of sequence and time', () => {
        transfer(9, { loss: 0.02, delay: 5 }, 200_000, [0xffff_fff0, 0xffff_0000]);
    });

    it('use the window at 40 ms, and most of it when one datagram in a hundred is lost', () => {
        const bytes = 6_000_000;
        const link = 65_535 / 0.04;
        const clean = transferOneWay(4, { delay: 20 }, bytes);
        const lossy = [11, 12, 13].map((seed) => transferOneWay(seed, { delay: 20, loss: 0.01 }, bytes));
        const mean = lossy.reduce((sum, rate) => sum + rate, 0) / lossy.length;
        assert.ok(clean / link > 0.9, `clean: ${(clean / link).toFixed(2)}`);
        assert.ok(mean / link > 0.5, `lossy: ${(mean / link).toFixed(2)}`);
    });
});

/** Bytes per simulated second of one bulk transfer. */
function transferOneWay(seed: number, impairment: Partial<Impairment>, bytes: number): number {
    const link = pair(seed, impairment);
    link.clock.advance(100);
    const started = link.clock.now();
    const chunk = Buffer.alloc(MAX_BODY);
    for (let sent = 0; sent < bytes; sent += MAX_BODY) link.left.write(chunk);
    for (let step = 0; step < 100_000 && link.received[1]! < bytes; step += 1) link.clock.advance(1);
    return link.received[1]! / ((link.clock.now() - started) / 1000);
}
