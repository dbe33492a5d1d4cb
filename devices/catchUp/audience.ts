import { copyOccurrence } from '../../events/copy';
import type { Occurrence } from '../../events/deviceEvent';
import type { Fault } from '../../protocols/errors';
import type { EventSubscriber } from '../eventStream';

/** Those who listen to a device and want what they missed, too. */
export class Audience {
    readonly #subscribers = new Set<EventSubscriber>();
    /** Codes of what was said and need not be said again. */
    readonly #told = new Set<string>();

    get size(): number {
        return this.#subscribers.size;
    }

    has(subscriber: EventSubscriber): boolean {
        return this.#subscribers.has(subscriber);
    }

    add(subscriber: EventSubscriber): void {
        this.#subscribers.add(subscriber);
    }

    delete(subscriber: EventSubscriber): void {
        this.#subscribers.delete(subscriber);
    }

    /** Whether one of them shares an event with other nodes of the device. */
    shares({ event }: Occurrence): boolean {
        return [...this.#subscribers].some((subscriber) => subscriber.shares?.(event));
    }

    each(tell: (subscriber: EventSubscriber) => void): void {
        for (const subscriber of [...this.#subscribers]) tell(subscriber);
    }

    /** Each but the last gets a copy, so that no flow changes what another one sees. */
    spread(occurrence: Occurrence): void {
        let left = this.#subscribers.size;
        this.each((subscriber) => {
            left -= 1;
            subscriber.occurrence(left === 0 ? occurrence : copyOccurrence(occurrence));
        });
    }

    warn(fault: Fault): void {
        this.each((subscriber) => subscriber.warning(fault));
    }

    /** Says it, unless it was said before. @param others those who need not hear it */
    warnOnce(fault: Fault, others?: Audience): void {
        if (this.#told.has(fault.code)) return;
        this.#told.add(fault.code);
        this.each((subscriber) => {
            if (!others?.has(subscriber)) subscriber.warning(fault);
        });
    }

    /** What was said is over: it is said when it happens again. */
    forget(code: Fault['code']): void {
        this.#told.delete(code);
    }

    /** Resolves when all of them can take more. */
    async settled(): Promise<void> {
        await Promise.all([...this.#subscribers].map((subscriber) => subscriber.settled?.()));
    }
}
