import type { Clock } from '../clock';
import { Fault } from '../errors';
import { type Address, type CloudResponse, readResponse, sameAddress } from './message';
import { readStun, type StunMessage } from './stun';
import type { UdpPort } from './udpPort';

const FIRST_WAIT = 500;
/** The vendor's own library gives a stage 10 s (pabloromeo/dh-p2p, from the native library). */
export const STAGE_CAP = 10_000;

export interface Question {
    to: Address;
    cseq: number;
    /** Writes the datagram anew for each sending: a device login wants a fresh nonce each time. */
    write(): Buffer | Promise<Buffer>;
    /** Milliseconds for all attempts together. */
    cap?: number;
    /** Answers that come from elsewhere or without our CSeq, as the relay agent's do. */
    alsoAccept?(response: CloudResponse, from: Address): boolean;
    /** The fault when nothing arrives. */
    silent(): Fault;
}

interface Pending extends Question {
    resolve(response: CloudResponse): void;
    reject(fault: Fault): void;
    cancelTimer: () => void;
    deadline: number;
    wait: number;
    settled: boolean;
}

/**
 * One UDP socket on which cloud answers, hole-punching messages and PTCP arrive side by side, told apart by their
 * first byte. Questions are repeated with growing waits and matched to answers by CSeq: a stray answer must never
 * count for another step.
 */
export class CloudPort {
    onStun: ((message: StunMessage, from: Address) => void) | undefined;
    onPtcp: ((datagram: Buffer, from: Address) => void) | undefined;
    readonly #udp: UdpPort;
    readonly #clock: Clock;
    readonly #pending = new Set<Pending>();
    readonly #dependents: (() => void)[] = [];
    #closed = false;

    constructor(udp: UdpPort, clock: Clock) {
        this.#udp = udp;
        this.#clock = clock;
        udp.listen((datagram, from) => this.#receive(datagram, from));
    }

    get port(): number {
        return this.#udp.port;
    }

    send(datagram: Buffer, to: Address): void {
        this.#udp.send(datagram, to);
    }

    /** The final answer to a question (1xx only stop the repeating); rejects with the question's fault. */
    ask(question: Question): Promise<CloudResponse> {
        if (this.#closed) return Promise.reject(new Fault('CLOSED'));
        return new Promise((resolve, reject) => {
            const pending: Pending = {
                ...question,
                resolve,
                reject,
                cancelTimer: () => undefined,
                deadline: this.#clock.now() + (question.cap ?? STAGE_CAP),
                wait: FIRST_WAIT,
                settled: false,
            };
            this.#pending.add(pending);
            this.#attempt(pending);
        });
    }

    /** Calls `end` when the port closes: whatever waits for datagrams would wait in vain. */
    onClose(end: () => void): void {
        this.#dependents.push(end);
    }

    close(): void {
        if (this.#closed) return;
        this.#closed = true;
        for (const end of this.#dependents.splice(0)) end();
        for (const pending of [...this.#pending]) this.#settle(pending, () => pending.reject(new Fault('CLOSED')));
        this.onStun = undefined;
        this.onPtcp = undefined;
        this.#udp.close();
    }

    async #attempt(pending: Pending): Promise<void> {
        try {
            const datagram = await pending.write();
            if (pending.settled) return;
            this.#udp.send(datagram, pending.to);
        } catch (thrown) {
            this.#settle(pending, () => pending.reject(Fault.from(thrown)));
            return;
        }
        const left = pending.deadline - this.#clock.now();
        const wait = Math.min(pending.wait, left);
        pending.wait *= 2;
        pending.cancelTimer = this.#clock.after(Math.max(0, wait), () => {
            if (this.#clock.now() >= pending.deadline) this.#settle(pending, () => pending.reject(pending.silent()));
            else this.#attempt(pending);
        });
    }

    #settle(pending: Pending, how: () => void): void {
        if (pending.settled) return;
        pending.settled = true;
        pending.cancelTimer();
        this.#pending.delete(pending);
        how();
    }

    #receive(datagram: Buffer, from: Address): void {
        const first = datagram[0];
        if (first === 0x50) this.onPtcp?.(datagram, from);
        else if (first === 0xfe || first === 0xff) {
            const message = readStun(datagram);
            if (message) this.onStun?.(message, from);
        } else if (first === 0x48) {
            const response = readResponse(datagram);
            if (response) this.#take(response, from);
        }
    }

    #take(response: CloudResponse, from: Address): void {
        const pending = this.#match(response, from);
        if (!pending) return;
        if (response.status < 200) {
            // It was heard; the answer proper comes from the device and may take its time.
            pending.cancelTimer();
            const left = Math.max(0, pending.deadline - this.#clock.now());
            pending.cancelTimer = this.#clock.after(left, () =>
                this.#settle(pending, () => pending.reject(pending.silent())),
            );
            return;
        }
        this.#settle(pending, () => pending.resolve(response));
    }

    #match(response: CloudResponse, from: Address): Pending | undefined {
        const cseq = response.headers.cseq;
        if (cseq !== undefined) {
            for (const pending of this.#pending) if (String(pending.cseq) === cseq) return pending;
        }
        for (const pending of this.#pending) if (pending.alsoAccept?.(response, from)) return pending;
        if (cseq !== undefined) return undefined;
        const open = [...this.#pending].filter((pending) => sameAddress(pending.to, from));
        return open.length === 1 ? open[0] : undefined;
    }
}
