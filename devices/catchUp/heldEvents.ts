import type { Occurrence } from '../../events/deviceEvent';
import type { Range } from './serialRanges';

/** An access event that waits for its turn. */
export interface Held {
    serial: number;
    occurrence: Occurrence;
    /** Sends it out where it belongs. */
    deliver(occurrence: Occurrence): void;
    /** It does not come out by this way: it came out before, or its row in the log will. */
    drop?(): void;
}

/** What waits at most: about a minute of the busiest entrance. The log of the device has what is beyond it. */
const MOST_WITH_LOG = 1000;
/** Without one, all that a terminal sends again on a connection waits until it is known what is new in it. */
const MOST_WITHOUT_LOG = 20_000;

/** Access events that wait while earlier ones are fetched. Of two copies the live one stays: it has the pictures. */
export class HeldEvents {
    readonly #bySerial = new Map<number, Held>();

    get isEmpty(): boolean {
        return this.#bySerial.size === 0;
    }

    /** The event with the smallest number of those that happened while it was waited for. */
    get firstLive(): Held | undefined {
        const live = [...this.#bySerial.values()].filter(({ occurrence }) => !occurrence.event.replay);
        return live.sort((one, other) => one.serial - other.serial)[0];
    }

    /** Whether an event that waits says that there was one with such a number (`frontSerialNo`). */
    names([first, last]: Range): boolean {
        return [...this.#bySerial.values()].some(({ occurrence }) => {
            const previous = occurrence.event.access?.previousSerial ?? 0;
            return previous >= first && previous <= last;
        });
    }

    /**
     * @param hasLog whether what leaves can be read from the log of the device
     * @returns whether one had to leave for it
     */
    add(held: Held, hasLog: boolean): boolean {
        const { serial } = held;
        const copy = this.#bySerial.get(serial);
        if (copy !== undefined) {
            if (addPictures(copy.occurrence, held.occurrence) || !copy.occurrence.event.replay) {
                held.drop?.();
                return false;
            }
            this.#bySerial.delete(serial);
            copy.drop?.();
        }
        this.#bySerial.set(serial, held);
        if (this.#bySerial.size <= (hasLog ? MOST_WITH_LOG : MOST_WITHOUT_LOG)) return false;
        const [oldest] = this.#bySerial.values();
        this.take(oldest!.serial)?.drop?.();
        return true;
    }

    /** The live event with a number; a copy that the device sent again goes, for the log tells more about it. */
    takeLive(serial: number): Held | undefined {
        const held = this.take(serial);
        if (held === undefined || !held.occurrence.event.replay) return held;
        held.drop?.();
        return undefined;
    }

    /** All of them, in the order of their numbers. */
    takeAll(): Held[] {
        const all = [...this.#bySerial.values()].sort((one, other) => one.serial - other.serial);
        this.#bySerial.clear();
        return all;
    }

    private take(serial: number): Held | undefined {
        const held = this.#bySerial.get(serial);
        this.#bySerial.delete(serial);
        return held;
    }
}

/** Pictures that come after their event join it while it waits. */
function addPictures(waiting: Occurrence, late: Occurrence): boolean {
    if (waiting.event.id !== late.event.id || !late.event.warnings?.includes('late-pictures')) return false;
    waiting.pictures.push(...late.pictures);
    return true;
}
