import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock';
import type { CloudPort } from './cloudPort';
import { type Address, sameAddress } from './message';
import type { Announced } from './rendezvous';
import { type StunMessage, writeStun } from './stun';

const REPEAT = 500;
const SETTLE = 300;
const CONFIRMATIONS = 5;
const VERIFY_EVERY = 1_000;

/**
 * The punched hole to a recorder: finds the address at which it answers, keeps answering its own requests, and follows
 * it when its NAT gives it another port.
 */
export class HolePunch {
    /** Where the recorder is reached; set once it answered. */
    peer: Address | undefined;
    readonly #port: CloudPort;
    readonly #clock: Clock;
    readonly #announced: Announced;
    readonly #cookie = randomBytes(4);
    readonly #transaction = randomBytes(12);
    #identify: Buffer | undefined;
    #cancel: () => void = () => undefined;
    #answered: ((peer: Address) => void) | undefined;
    #giveUp: () => void = () => undefined;
    #verifiedAt = 0;

    constructor(port: CloudPort, announced: Announced, clock: Clock) {
        this.#port = port;
        this.#announced = announced;
        this.#clock = clock;
        this.#identify = announced.deviceIdentify;
        port.onStun = (message, from) => this.#onStun(message, from);
        port.onClose(() => this.close());
    }

    /**
     * Asks all candidates until one answers.
     *
     * @param cap milliseconds; afterwards undefined: a symmetric NAT, or no UDP at all
     */
    punch(cap: number): Promise<Address | undefined> {
        const deadline = this.#clock.now() + cap;
        return new Promise((resolve) => {
            this.#giveUp = () => finish(undefined);
            const finish = (peer: Address | undefined) => {
                this.#cancel();
                this.#answered = undefined;
                resolve(peer);
            };
            this.#answered = (peer) => {
                this.#answered = undefined;
                this.#cancel();
                // Its five confirmations follow; a lost one must not hold us up.
                this.#cancel = this.#clock.after(SETTLE, () => finish(peer));
            };
            const ask = () => {
                if (this.#clock.now() >= deadline) {
                    finish(undefined);
                    return;
                }
                this.request();
                this.#cancel = this.#clock.after(REPEAT, ask);
            };
            ask();
        });
    }

    /** One request to every address where the recorder may be, also to wake a binding that a NAT forgot. */
    request(): void {
        const targets = [...this.#announced.candidates];
        if (this.peer && !targets.some((target) => sameAddress(target, this.peer!))) targets.push(this.peer);
        for (const target of targets) this.#ask(target);
    }

    /** PTCP came from elsewhere: whoever it is has to prove to be the recorder before we follow. */
    verify(from: Address): void {
        const now = this.#clock.now();
        if (now - this.#verifiedAt < VERIFY_EVERY) return;
        this.#verifiedAt = now;
        this.#ask(from);
    }

    close(): void {
        this.#giveUp();
        this.#port.onStun = undefined;
    }

    #ask(target: Address): void {
        this.#port.send(
            writeStun({
                kind: 'request',
                cookie: this.#cookie,
                transaction: this.#transaction,
                identify: this.#announced.identify,
                address: target,
            }),
            target,
        );
    }

    #onStun(message: StunMessage, from: Address): void {
        if (message.kind === 'request') {
            this.#port.send(
                writeStun({
                    kind: 'success',
                    cookie: message.cookie,
                    transaction: message.transaction,
                    identify: this.#announced.identify,
                    address: message.address,
                }),
                from,
            );
            return;
        }
        if (message.kind !== 'success' || !message.transaction.equals(this.#transaction)) return;
        if (this.#identify && !this.#identify.equals(message.identify)) return;
        this.#identify = message.identify;
        if (this.peer && !this.#answered && sameAddress(this.peer, from)) return;
        this.peer = from;
        const part = { cookie: this.#cookie, transaction: this.#transaction, identify: this.#announced.identify };
        this.#port.send(writeStun({ kind: 'success', ...part, address: from }), from);
        for (let count = 0; count < CONFIRMATIONS; count += 1) {
            this.#port.send(writeStun({ kind: 'confirm', ...part }), from);
        }
        this.#answered?.(from);
    }
}
