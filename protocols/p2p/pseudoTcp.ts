import type { Clock } from '../clock';
import { monotonicClock } from './monotonicClock';

/**
 * PTCP: libjingle's PseudoTcp with conversation number "PTCP", which is what a recorder speaks over its punched hole.
 * Header and rules: libnice `agent/pseudotcp.c`; the header of a real session was found identical to it byte for byte.
 *
 * 24 bytes, big-endian: 0 conversation, 4 sequence, 8 acknowledgement, 12 zero, 13 flags, 14 window, 16 the sender's
 * millisecond clock, 20 echo of the peer's clock. A SYN is a segment with flag CTL whose 4 bytes take part in the
 * sequence.
 */
const CONVERSATION = 0x50544350;
export const HEADER = 24;
/** The recorder's own largest body: one frame of 1280 data bytes and its head. */
export const MAX_BODY = 1292;

export const FLAG = { control: 0x02, reset: 0x04 } as const;

const CONNECT = 0x00;
const OPTION_END = 0;
const OPTION_NOOP = 1;
const OPTION_SCALE = 3;
/** CTL_CONNECT with a window scale of 0: what recorders send and what they were seen to accept. */
const SYN_BODY = Buffer.from([CONNECT, OPTION_SCALE, 1, 0]);

const FULL_WINDOW = 0xffff;
const INITIAL_WINDOW = 10 * MAX_BODY;
const LARGEST_CONGESTION_WINDOW = 4 * FULL_WINDOW;

const FIRST_RTO = 500;
const SHORTEST_RTO = 250;
const LONGEST_RTO = 60_000;
const ACK_DELAY = 10;
/** libjingle delays a lone acknowledgement by 100 ms. */
const PEER_ACK_DELAY = 100;
const PROBE_INTERVAL = 500;
const LONGEST_PROBE_INTERVAL = 4_000;
const MOST_SENDS = 15;
const GIVE_UP_AFTER = 30_000;
const MOST_HELD_SEGMENTS = 2_048;
const BANDWIDTH_ROUNDS = 10;

/** Distance from b to a on the circle of 32-bit sequence numbers; negative where a lies before b. */
function distance(a: number, b: number): number {
    return (a - b) | 0;
}

interface Segment {
    sequence: number;
    length: number;
    flags: number;
    /** Head and body in one piece; the head is written at each send. */
    packet: Buffer;
    sends: number;
    firstSentAt: number;
}

interface HeldSegment {
    sequence: number;
    body: Buffer;
}

export type PseudoTcpState = 'idle' | 'listening' | 'syn-sent' | 'syn-received' | 'established' | 'closed';

/** Why a connection ended by itself: no acknowledgement, a reset by the peer, or nothing behind a closed window. */
export type PseudoTcpEnd = 'timeout' | 'reset';

export interface PseudoTcpOptions {
    /**
     * Sends one datagram. The buffer is used again when the segment is repeated: who keeps it longer than a send takes
     * must copy it.
     */
    output(datagram: Buffer): void;
    /** In-order bytes of one segment. They occupy the receive window until {@link PseudoTcp.consumed} is told. */
    onData(body: Buffer): void;
    onOpen?(): void;
    /** The queue of unsent bytes fell below the low-water mark after {@link PseudoTcp.write} said `false`. */
    onDrain?(): void;
    onEnd?(end: PseudoTcpEnd): void;
    clock?: Clock;
    /** Bytes the peer may send ahead of `consumed`; at most 65535, the whole field. */
    receiveBuffer?: number;
    /** Unsent bytes above which `write` asks to pause. */
    highWater?: number;
    /** First sequence number, 0 on every wire seen; a test starts near the wrap. */
    initialSequence?: number;
    /** Milliseconds without any acknowledgement before the connection is given up. */
    giveUpAfter?: number;
}

export interface PseudoTcpCounters {
    segmentsSent: number;
    segmentsReceived: number;
    retransmitted: number;
    fastRetransmits: number;
    timeouts: number;
    duplicates: number;
    outOfOrder: number;
    /** Datagrams that belong to another conversation, are too short, or acknowledge what was never sent. */
    ignored: number;
    windowProbes: number;
    bytesSent: number;
    bytesReceived: number;
}

/** One PTCP connection over any carrier of datagrams. It owns one timer and nothing else. */
export class PseudoTcp {
    readonly counters: PseudoTcpCounters = {
        segmentsSent: 0,
        segmentsReceived: 0,
        retransmitted: 0,
        fastRetransmits: 0,
        timeouts: 0,
        duplicates: 0,
        outOfOrder: 0,
        ignored: 0,
        windowProbes: 0,
        bytesSent: 0,
        bytesReceived: 0,
    };
    readonly #options: PseudoTcpOptions;
    readonly #clock: Clock;
    readonly #receiveBuffer: number;
    readonly #highWater: number;
    readonly #giveUpAfter: number;
    #state: PseudoTcpState = 'idle';

    #unacknowledged: number;
    #next: number;
    #end: number;
    /** Sent and not acknowledged first, then unsent; `#unsent` is the index of the first unsent one. */
    #queue: Segment[] = [];
    #unsent = 0;
    /** Written before our own SYN, which has to be first in the queue. */
    #early: Buffer[] = [];
    #pressed = false;
    #peerWindow = FULL_WINDOW;
    #peerScale = 0;
    #congestionWindow = INITIAL_WINDOW;
    #slowStartThreshold = LARGEST_CONGESTION_WINDOW;
    #duplicateAcks = 0;
    /** Losses up to here belong to the recovery that runs. */
    #recover: number;
    #recovery: 'none' | 'fast' | 'timeout' = 'none';
    #resendFrom: number;

    #expected = 0;
    #sawSyn = false;
    #held: HeldSegment[] = [];
    #unconsumed = 0;
    #lastAck = 0;
    #advertisedEnd = FULL_WINDOW;
    #advertisedWindow = FULL_WINDOW;
    #segmentsToAck = 0;
    #peerTime = 0;

    #smoothed = 0;
    #variation = 0;
    #rto = FIRST_RTO;
    #shortestRoundTrip = Number.POSITIVE_INFINITY;
    #bandwidth: number[] = [];
    #roundStart = 0;
    #roundBytes = 0;

    #retransmitAt = 0;
    #lossProbed = false;
    #ackAt = 0;
    #probeAt = 0;
    #probeWait = PROBE_INTERVAL;
    #lastProgressAt = 0;
    #lastSentAt = 0;
    #cancelTimer: (() => void) | undefined;
    #timerAt = 0;

    constructor(options: PseudoTcpOptions) {
        this.#options = options;
        this.#clock = options.clock ?? monotonicClock;
        this.#receiveBuffer = Math.min(options.receiveBuffer ?? FULL_WINDOW, FULL_WINDOW);
        this.#highWater = options.highWater ?? 128 * 1024;
        this.#giveUpAfter = options.giveUpAfter ?? GIVE_UP_AFTER;
        const first = (options.initialSequence ?? 0) >>> 0;
        this.#unacknowledged = first;
        this.#next = first;
        this.#end = first;
        this.#recover = first;
        this.#resendFrom = first;
        this.#advertisedWindow = this.#receiveBuffer;
        this.#advertisedEnd = this.#receiveBuffer;
    }

    get state(): PseudoTcpState {
        return this.#state;
    }

    /** Smoothed round trip in milliseconds; 0 before the first measurement. */
    get roundTrip(): number {
        return this.#smoothed;
    }

    /** Bytes written and not yet acknowledged. */
    get pending(): number {
        return distance(this.#end, this.#unacknowledged);
    }

    connect(): void {
        if (this.#state !== 'idle') return;
        this.#state = 'syn-sent';
        this.#enqueueSyn();
        this.#send();
        this.#arm();
    }

    /** Waits for the peer's SYN, as a device does. */
    listen(): void {
        if (this.#state === 'idle') this.#state = 'listening';
    }

    /**
     * Queues bytes; pieces of at most {@link MAX_BODY} bytes stay segments of their own, because old peers take a
     * segment for a frame.
     *
     * @returns false where the caller should wait for `onDrain`; the bytes are accepted all the same
     */
    write(body: Buffer): boolean {
        if (this.#state === 'closed' || body.length === 0) return true;
        if (this.#state === 'idle' || this.#state === 'listening') {
            this.#early.push(body);
            return true;
        }
        for (let at = 0; at < body.length; at += MAX_BODY) this.#enqueue(body.subarray(at, at + MAX_BODY), 0);
        if (this.#state === 'established') {
            this.#send();
            this.#arm();
        }
        if (distance(this.#end, this.#next) < this.#highWater) return true;
        this.#pressed = true;
        return false;
    }

    /** The application has done with that many bytes of `onData`: they no longer occupy the window. */
    consumed(bytes: number): void {
        this.#unconsumed = Math.max(0, this.#unconsumed - bytes);
        if (this.#state !== 'established') return;
        const grown = distance((this.#expected + this.#freeWindow()) >>> 0, this.#advertisedEnd);
        const reopened = this.#advertisedWindow < MAX_BODY && this.#freeWindow() >= MAX_BODY;
        if (reopened || grown >= this.#receiveBuffer / 2) this.#sendAck();
    }

    /** Ends the connection at once and tells the peer by RST; nothing is called afterwards. */
    abort(): void {
        const open = this.#state === 'established' || this.#state === 'syn-received' || this.#state === 'syn-sent';
        if (open) this.#transmit(this.#emptyPacket(), this.#next, FLAG.reset);
        this.#shut();
    }

    /** Ends the connection without a word: the peer is gone or was told otherwise. */
    close(): void {
        this.#shut();
    }

    /** @returns false where the datagram is none of this conversation */
    input(datagram: Buffer): boolean {
        if (datagram.length < HEADER || datagram.readUInt32BE(0) !== CONVERSATION) {
            this.counters.ignored += 1;
            return false;
        }
        if (this.#state === 'closed' || this.#state === 'idle') return true;
        this.counters.segmentsReceived += 1;
        const sequence = datagram.readUInt32BE(4);
        const acknowledged = datagram.readUInt32BE(8);
        const flags = datagram[13] ?? 0;
        const window = datagram.readUInt16BE(14);
        const time = datagram.readUInt32BE(16);
        const echo = datagram.readUInt32BE(20);
        const body = datagram.subarray(HEADER);

        if ((flags & FLAG.reset) !== 0) {
            this.#takeReset(sequence);
            return true;
        }
        const control = (flags & FLAG.control) !== 0;
        if (control && !this.#takeControl(sequence, body)) return true;
        if (this.#state === 'listening') {
            this.counters.ignored += 1;
            return true;
        }
        if (
            distance(sequence, this.#lastAck) <= 0 &&
            distance((sequence + Math.max(body.length, 1)) >>> 0, this.#lastAck) > 0
        ) {
            this.#peerTime = time;
        }
        this.#takeAcknowledgement(acknowledged, control ? window : window << this.#peerScale, echo, body.length);
        if (this.#hasClosed()) return true;
        this.#takeBody(sequence, body, control);
        if (this.#state === 'syn-sent' && this.#sawSyn) this.#establish();
        if (this.#hasClosed()) return true;
        this.#send();
        this.#arm();
        return true;
    }

    #takeReset(sequence: number): void {
        const apart = distance(sequence, this.#expected);
        if (this.#sawSyn && (apart < -FULL_WINDOW || apart > FULL_WINDOW)) {
            this.counters.ignored += 1;
            return;
        }
        if (this.#state !== 'listening') this.#finish('reset');
    }

    /** @returns false where the segment is to be dropped */
    #takeControl(sequence: number, body: Buffer): boolean {
        if (body.length === 0 || body[0] !== CONNECT) {
            this.counters.ignored += 1;
            return false;
        }
        if (this.#sawSyn) return true;
        this.#sawSyn = true;
        this.#expected = sequence;
        this.#lastAck = sequence;
        this.#held = this.#held.filter((segment) => distance(segment.sequence, sequence) > 0);
        this.#readOptions(body);
        if (this.#state === 'listening') {
            this.#state = 'syn-received';
            this.#enqueueSyn();
        }
        return true;
    }

    /** A peer's options: only the window scale matters; others, such as libnice's FIN-ACK, are skipped. */
    #readOptions(body: Buffer): void {
        this.#peerScale = 0;
        for (let at = 1; at < body.length; ) {
            const kind = body[at];
            if (kind === OPTION_END) return;
            if (kind === OPTION_NOOP) {
                at += 1;
                continue;
            }
            const length = body[at + 1] ?? 0;
            if (kind === OPTION_SCALE && length === 1) this.#peerScale = Math.min(body[at + 2] ?? 0, 14);
            at += 2 + length;
        }
    }

    #hasClosed(): boolean {
        return this.#state === 'closed';
    }

    #establish(): void {
        this.#state = 'established';
        this.#lastProgressAt = this.#clock.now();
        this.#options.onOpen?.();
    }

    #takeAcknowledgement(acknowledged: number, window: number, echo: number, bodyLength: number): void {
        const now = this.#clock.now();
        const gained = distance(acknowledged, this.#unacknowledged);
        if (gained > 0 && distance(acknowledged, this.#next) <= 0) {
            this.#measure(now, echo);
            this.#dropAcknowledged(acknowledged);
            this.#peerWindow = window;
            this.#grow(gained, now);
            this.#lastProgressAt = now;
            this.#lossProbed = false;
            this.#probeWait = PROBE_INTERVAL;
            this.#retransmitAt = this.#inFlight() > 0 ? now + this.#probeTimeout() : 0;
            if (this.#state === 'syn-received') this.#establish();
            this.#relieve();
        } else if (gained === 0) {
            const same = window === this.#peerWindow;
            this.#peerWindow = window;
            if (window > 0) this.#probeWait = PROBE_INTERVAL;
            else this.#lastProgressAt = now;
            if (this.#inFlight() === 0) {
                // An answer to a window probe is a sign of life, though nothing was gained.
                this.#lastProgressAt = now;
                this.#duplicateAcks = 0;
            } else if (bodyLength === 0 && same) this.#countDuplicate(now);
        } else {
            // Beyond what was sent (the mistake of clients that count duplicates), or older than the last one.
            this.counters.ignored += 1;
        }
    }

    #measure(now: number, echo: number): void {
        if (echo === 0) return;
        const sample = distance(now >>> 0, echo);
        if (sample < 0 || sample > LONGEST_RTO) return;
        if (this.#smoothed === 0) {
            this.#smoothed = Math.max(sample, 1);
            this.#variation = sample / 2;
        } else {
            this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - sample);
            this.#smoothed = Math.max(0.875 * this.#smoothed + 0.125 * sample, 1);
        }
        this.#shortestRoundTrip = Math.min(this.#shortestRoundTrip, Math.max(sample, 1));
        this.#rto = Math.min(LONGEST_RTO, Math.max(SHORTEST_RTO, this.#smoothed + 4 * this.#variation));
    }

    #dropAcknowledged(acknowledged: number): void {
        let done = 0;
        while (done < this.#unsent) {
            const segment = this.#queue[done]!;
            const covered = distance(acknowledged, segment.sequence);
            if (covered <= 0) break;
            if (covered < segment.length) {
                this.#shorten(segment, covered);
                break;
            }
            done += 1;
        }
        if (done > 0) {
            this.#queue.splice(0, done);
            this.#unsent -= done;
        }
        this.#unacknowledged = acknowledged;
        if (distance(this.#resendFrom, acknowledged) < 0) this.#resendFrom = acknowledged;
    }

    /** Takes bytes off the front; the head moves onto them, so that nothing is copied. */
    #shorten(segment: Segment, bytes: number): void {
        segment.packet = segment.packet.subarray(bytes);
        segment.sequence = (segment.sequence + bytes) >>> 0;
        segment.length -= bytes;
    }

    #grow(gained: number, now: number): void {
        this.#roundBytes += gained;
        const elapsed = now - this.#roundStart;
        if (elapsed >= Math.max(this.#smoothed, ACK_DELAY)) {
            this.#bandwidth.push(this.#roundBytes / elapsed);
            if (this.#bandwidth.length > BANDWIDTH_ROUNDS) this.#bandwidth.shift();
            this.#roundStart = now;
            this.#roundBytes = 0;
        }
        if (this.#recovery !== 'none') {
            this.#continueRecovery(gained);
            return;
        }
        this.#duplicateAcks = 0;
        const slow = this.#congestionWindow < this.#slowStartThreshold;
        const step = slow ? gained : Math.max(1, (MAX_BODY * gained) / this.#congestionWindow);
        this.#congestionWindow = Math.min(LARGEST_CONGESTION_WINDOW, this.#congestionWindow + step);
    }

    #continueRecovery(gained: number): void {
        if (distance(this.#unacknowledged, this.#recover) >= 0) {
            this.#recovery = 'none';
            this.#duplicateAcks = 0;
            this.#congestionWindow = Math.max(this.#slowStartThreshold, 2 * MAX_BODY);
            return;
        }
        if (this.#recovery === 'fast') {
            this.#congestionWindow = Math.max(2 * MAX_BODY, this.#congestionWindow - gained + MAX_BODY);
            this.#resendHead();
            return;
        }
        this.#congestionWindow = Math.min(LARGEST_CONGESTION_WINDOW, this.#congestionWindow + gained);
        this.#resendLost();
    }

    #countDuplicate(now: number): void {
        this.#duplicateAcks += 1;
        if (this.#recovery === 'fast') {
            this.#congestionWindow = Math.min(LARGEST_CONGESTION_WINDOW, this.#congestionWindow + MAX_BODY);
            return;
        }
        if (this.#duplicateAcks !== 3 || this.#recovery !== 'none') return;
        this.counters.fastRetransmits += 1;
        this.#enterRecovery();
        this.#resendHead();
        this.#retransmitAt = now + this.#probeTimeout();
    }

    #enterRecovery(): void {
        this.#recovery = 'fast';
        this.#recover = this.#next;
        this.#slowStartThreshold = this.#thresholdAfterLoss();
        this.#congestionWindow = this.#slowStartThreshold + 3 * MAX_BODY;
    }

    /**
     * Westwood's rule: after a loss the window falls to what the path was seen to carry in one empty round trip. A
     * radio link loses packets without being full, and halving the 64 KiB window each time would leave a tenth of it.
     */
    #thresholdAfterLoss(): number {
        const carried = Math.max(0, ...this.#bandwidth) * this.#shortestRoundTrip;
        const half = this.#inFlight() / 2;
        return Math.max(4 * MAX_BODY, half, Number.isFinite(carried) ? Math.min(carried, this.#congestionWindow) : 0);
    }

    #inFlight(): number {
        return distance(this.#next, this.#unacknowledged);
    }

    /** When the head is sent again without an acknowledgement: early and once (RFC 8985's probe), later by the RTO. */
    #probeTimeout(): number {
        if (this.#lossProbed || this.#smoothed === 0) return this.#rto;
        const lone = this.#unsent <= 1 ? PEER_ACK_DELAY : 0;
        return Math.min(this.#rto, 2 * this.#smoothed + 2 * ACK_DELAY + lone);
    }

    #enqueueSyn(): void {
        this.#enqueue(SYN_BODY, FLAG.control);
        for (const body of this.#early.splice(0)) this.write(body);
    }

    #enqueue(body: Buffer, flags: number): void {
        const packet = Buffer.allocUnsafe(HEADER + body.length);
        body.copy(packet, HEADER);
        this.#queue.push({ sequence: this.#end, length: body.length, flags, packet, sends: 0, firstSentAt: 0 });
        this.#end = (this.#end + body.length) >>> 0;
    }

    #send(): void {
        if (this.#unsent >= this.#queue.length) return;
        const now = this.#clock.now();
        if (this.#inFlight() === 0 && this.#smoothed > 0 && now - this.#lastSentAt > this.#rto) {
            this.#congestionWindow = Math.min(this.#congestionWindow, INITIAL_WINDOW);
        }
        const control = this.#state === 'syn-sent' || this.#state === 'syn-received';
        while (this.#unsent < this.#queue.length) {
            const segment = this.#queue[this.#unsent]!;
            if (control && segment.flags !== FLAG.control) return;
            const flight = this.#inFlight() + segment.length;
            if (flight > this.#congestionWindow && this.#inFlight() > 0) return;
            if (flight > this.#peerWindow) {
                if (this.#inFlight() === 0 && this.#probeAt === 0) this.#probeAt = now + this.#probeWait;
                return;
            }
            this.#sendSegment(segment, now);
        }
    }

    #sendSegment(segment: Segment, now: number): void {
        if (this.#inFlight() === 0) {
            this.#lastProgressAt = now;
            this.#retransmitAt = now + this.#probeTimeout();
            if (this.#roundStart === 0 || now - this.#roundStart > this.#rto) {
                this.#roundStart = now;
                this.#roundBytes = 0;
            }
        }
        this.#unsent += 1;
        this.#next = (segment.sequence + segment.length) >>> 0;
        this.#probeAt = 0;
        segment.firstSentAt = now;
        this.counters.bytesSent += segment.length;
        this.#sendAgain(segment, now);
        this.#relieve();
    }

    #sendAgain(segment: Segment, now: number): void {
        segment.sends += 1;
        if (segment.sends > 1) this.counters.retransmitted += 1;
        this.#lastSentAt = now;
        this.#transmit(segment.packet, segment.sequence, segment.flags);
    }

    #relieve(): void {
        if (!this.#pressed || distance(this.#end, this.#next) > this.#highWater / 2) return;
        this.#pressed = false;
        queueMicrotask(() => {
            if (this.#state === 'established') this.#options.onDrain?.();
        });
    }

    #resendHead(): void {
        const head = this.#queue[0];
        if (head && this.#unsent > 0) this.#sendAgain(head, this.#clock.now());
    }

    /** After a timeout everything in flight counts as lost: it is sent again as far as the window reopens. */
    #resendLost(): void {
        const now = this.#clock.now();
        for (let index = 0; index < this.#unsent; index += 1) {
            const segment = this.#queue[index]!;
            if (distance(segment.sequence, this.#recover) >= 0) return;
            if (distance(segment.sequence, this.#resendFrom) < 0) continue;
            const end = (segment.sequence + segment.length) >>> 0;
            if (distance(end, this.#unacknowledged) > this.#congestionWindow) return;
            this.#resendFrom = end;
            this.#sendAgain(segment, now);
        }
    }

    #takeBody(sequence: number, body: Buffer, control: boolean): void {
        const offset = distance(sequence, this.#expected);
        if (body.length === 0) {
            // An empty segment in order is a bare acknowledgement; answering it would never end. One out of order is
            // a window probe.
            if (offset !== 0) this.#sendAck();
            return;
        }
        if (!this.#sawSyn && offset <= 0) {
            this.counters.ignored += 1;
            return;
        }
        if (offset + body.length <= 0) {
            this.counters.duplicates += 1;
            this.#sendAck();
            return;
        }
        const room = distance(this.#advertisedEnd, sequence);
        const fitting = control || room >= body.length ? body : body.subarray(0, Math.max(0, room));
        if (fitting.length === 0) {
            this.#sendAck();
            return;
        }
        if (offset > 0) {
            this.#hold(sequence, fitting);
            this.#sendAck();
            return;
        }
        if (control) {
            this.#expected = (sequence + body.length) >>> 0;
            this.#advertisedEnd = (this.#expected + this.#receiveBuffer) >>> 0;
        } else this.#accept(offset < 0 ? fitting.subarray(-offset) : fitting);
        const filled = this.#held.length > 0;
        this.#acceptHeld();
        if (this.#hasClosed()) return;
        // The answer to a SYN is our own SYN, which acknowledges it.
        if (this.#state === 'syn-received' && control) return;
        this.#segmentsToAck += 1;
        if (control || filled || this.#segmentsToAck >= 2) this.#sendAck();
        else if (this.#ackAt === 0) this.#ackAt = this.#clock.now() + ACK_DELAY;
    }

    #accept(body: Buffer): void {
        if (body.length === 0) return;
        this.#expected = (this.#expected + body.length) >>> 0;
        this.#unconsumed += body.length;
        this.counters.bytesReceived += body.length;
        this.#options.onData(body);
    }

    #hold(sequence: number, body: Buffer): void {
        this.counters.outOfOrder += 1;
        let at = this.#held.length;
        while (at > 0 && distance(this.#held[at - 1]!.sequence, sequence) > 0) at -= 1;
        const before = this.#held[at - 1];
        if (before && distance((before.sequence + before.body.length) >>> 0, (sequence + body.length) >>> 0) >= 0) {
            this.counters.duplicates += 1;
            return;
        }
        if (this.#held.length < MOST_HELD_SEGMENTS) this.#held.splice(at, 0, { sequence, body });
    }

    #acceptHeld(): void {
        let taken = 0;
        while (taken < this.#held.length && !this.#hasClosed()) {
            const { sequence, body } = this.#held[taken]!;
            const offset = distance(sequence, this.#expected);
            if (offset > 0) break;
            if (offset + body.length > 0) this.#accept(body.subarray(-offset));
            taken += 1;
        }
        if (taken > 0) this.#held.splice(0, taken);
    }

    #freeWindow(): number {
        return Math.max(0, this.#receiveBuffer - this.#unconsumed);
    }

    #emptyPacket(): Buffer {
        return Buffer.allocUnsafe(HEADER);
    }

    #sendAck(): void {
        this.#transmit(this.#emptyPacket(), this.#next, 0);
    }

    #transmit(packet: Buffer, sequence: number, flags: number): void {
        // A window once offered is never taken back: its end only moves forward.
        const free = (this.#expected + this.#freeWindow()) >>> 0;
        if (distance(free, this.#advertisedEnd) > 0) this.#advertisedEnd = free;
        const window = Math.min(FULL_WINDOW, Math.max(0, distance(this.#advertisedEnd, this.#expected)));
        this.#advertisedWindow = window;
        packet.writeUInt32BE(CONVERSATION, 0);
        packet.writeUInt32BE(sequence, 4);
        packet.writeUInt32BE(this.#expected, 8);
        packet[12] = 0;
        packet[13] = flags;
        packet.writeUInt16BE(window, 14);
        packet.writeUInt32BE(this.#clock.now() >>> 0 || 1, 16);
        packet.writeUInt32BE(this.#peerTime, 20);
        this.#lastAck = this.#expected;
        this.#segmentsToAck = 0;
        this.#ackAt = 0;
        this.counters.segmentsSent += 1;
        this.#options.output(packet);
    }

    /** One timer for all deadlines; it is left alone where it fires early enough, and then looks again. */
    #arm(): void {
        if (this.#state === 'closed') return;
        let at = Number.POSITIVE_INFINITY;
        if (this.#retransmitAt > 0) at = this.#retransmitAt;
        if (this.#ackAt > 0 && this.#ackAt < at) at = this.#ackAt;
        if (this.#probeAt > 0 && this.#probeAt < at) at = this.#probeAt;
        if (at === Number.POSITIVE_INFINITY) return;
        if (this.#cancelTimer && this.#timerAt <= at) return;
        this.#cancelTimer?.();
        this.#timerAt = at;
        this.#cancelTimer = this.#clock.after(Math.max(1, at - this.#clock.now()), () => {
            this.#cancelTimer = undefined;
            this.#tick();
        });
    }

    #tick(): void {
        const now = this.#clock.now();
        if (this.#ackAt > 0 && this.#ackAt <= now) this.#sendAck();
        if (this.#retransmitAt > 0 && this.#retransmitAt <= now) this.#onRetransmitTimer(now);
        if (!this.#hasClosed() && this.#probeAt > 0 && this.#probeAt <= now) this.#onProbeTimer(now);
        if (this.#hasClosed()) return;
        this.#send();
        this.#arm();
    }

    #onRetransmitTimer(now: number): void {
        const head = this.#queue[0];
        if (!head || this.#unsent === 0) {
            this.#retransmitAt = 0;
            return;
        }
        if ((head.sends >= MOST_SENDS && this.#peerWindow > 0) || now - this.#lastProgressAt >= this.#giveUpAfter) {
            this.#finish('timeout');
            return;
        }
        if (!this.#lossProbed && this.#smoothed > 0) {
            this.#lossProbed = true;
            if (this.#recovery === 'none') this.#enterRecovery();
        } else {
            this.counters.timeouts += 1;
            if (this.#recovery !== 'timeout') this.#slowStartThreshold = this.#thresholdAfterLoss();
            this.#recovery = 'timeout';
            this.#recover = this.#next;
            this.#resendFrom = (head.sequence + head.length) >>> 0;
            this.#congestionWindow = 2 * MAX_BODY;
            this.#rto = Math.min(LONGEST_RTO, this.#rto * 2);
        }
        this.#duplicateAcks = 0;
        this.#sendAgain(head, now);
        this.#retransmitAt = now + this.#rto;
    }

    #onProbeTimer(now: number): void {
        if (now - this.#lastProgressAt >= this.#giveUpAfter) {
            this.#finish('timeout');
            return;
        }
        const segment = this.#queue[this.#unsent];
        this.#probeAt = 0;
        if (!segment || this.#inFlight() > 0) return;
        if (this.#peerWindow > 0) {
            // The window stays smaller than the segment: only a part of it will ever fit.
            if (segment.length > this.#peerWindow) this.#split(segment, this.#peerWindow);
            this.#sendSegment(segment, now);
            return;
        }
        this.counters.windowProbes += 1;
        this.#transmit(this.#emptyPacket(), (this.#next - 1) >>> 0, 0);
        this.#probeWait = Math.min(LONGEST_PROBE_INTERVAL, this.#probeWait * 2);
        this.#probeAt = now + this.#probeWait;
    }

    #split(segment: Segment, length: number): void {
        const rest = Buffer.from(segment.packet);
        const tail: Segment = { ...segment, packet: rest };
        this.#shorten(tail, length);
        segment.packet = Buffer.from(segment.packet.subarray(0, HEADER + length));
        segment.length = length;
        this.#queue.splice(this.#unsent + 1, 0, tail);
    }

    #finish(end: PseudoTcpEnd): void {
        this.#shut();
        this.#options.onEnd?.(end);
    }

    #shut(): void {
        this.#state = 'closed';
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        this.#queue = [];
        this.#unsent = 0;
        this.#held = [];
    }
}
