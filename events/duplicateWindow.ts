/** A place is looked for within so many. */
const WAYS = 8;
const FEWEST = 8 * WAYS;
/** Some terminals send thousands of events again with every connection; beyond these the ones that end first give way. */
const MOST = 1024 * WAYS;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Tells copies of an occurrence that a device sends more than once: again after an answer that got lost, again with its
 * log after a reconnect, or three times at once (`duration`, mezz64/pyHik#62).
 *
 * A table of 64 bits for each id, which grows with its contents. A `Map` of the ids themselves takes a microsecond for
 * each event, most of it to make room again (docs/performance.md).
 */
export class DuplicateWindow {
    #size = FEWEST;
    #low = new Uint32Array(FEWEST);
    #high = new Uint32Array(FEWEST);
    /** Until when a copy is expected; 0 where there is nothing. */
    #until = new Float64Array(FEWEST);
    #marks = new Array<string>(FEWEST).fill('');
    /** Where the next look begins, so that of several whose time ends together not always the same one gives way. */
    #turn = 0;

    /**
     * @param mark what a copy shares with the first beside its id, so that a repeat is not taken for a copy
     * @param now milliseconds of a clock that only goes forward
     * @param span milliseconds for which a copy is expected
     */
    isCopy(id: string, mark: string, now: number, span: number): boolean {
        let low = FNV_OFFSET;
        let high = 0;
        for (let index = 0; index < id.length; index += 1) {
            const code = id.charCodeAt(index);
            low = Math.imul(low ^ code, FNV_PRIME);
            high = Math.imul(high ^ (code + low), FNV_PRIME);
        }
        low >>>= 0;
        high >>>= 0;
        let place = this.#placeOf(low, high);
        const isKnown = this.#until[place]! > 0 && this.#low[place] === low && this.#high[place] === high;
        if (isKnown && this.#until[place]! > now && this.#marks[place] === mark) return true;
        // Twice where all of a full place stay together when it is divided.
        while (!isKnown && this.#until[place]! > now && this.#size < MOST) {
            this.#grow(now);
            place = this.#placeOf(low, high);
        }
        this.#put(place, low, high, now + span, mark);
        return false;
    }

    /** The place of an id, or the one that it may take: of those that are possible, the one whose time ends first. */
    #placeOf(low: number, high: number): number {
        const from = (((high ^ (high >>> 15)) >>> 0) % (this.#size / WAYS)) * WAYS;
        this.#turn += 1;
        let first = from + (this.#turn % WAYS);
        for (let step = 0; step < WAYS; step += 1) {
            const place = from + ((this.#turn + step) % WAYS);
            if (this.#low[place] === low && this.#high[place] === high && this.#until[place]! > 0) return place;
            if (this.#until[place]! < this.#until[first]!) first = place;
        }
        return first;
    }

    #put(place: number, low: number, high: number, until: number, mark: string): void {
        this.#low[place] = low;
        this.#high[place] = high;
        this.#until[place] = until;
        this.#marks[place] = mark;
    }

    #grow(now: number): void {
        const [lows, highs, untils, marks] = [this.#low, this.#high, this.#until, this.#marks];
        this.#size *= 2;
        this.#low = new Uint32Array(this.#size);
        this.#high = new Uint32Array(this.#size);
        this.#until = new Float64Array(this.#size);
        this.#marks = new Array<string>(this.#size).fill('');
        for (const [index, until] of untils.entries()) {
            const low = lows[index]!;
            const high = highs[index]!;
            if (until > now) this.#put(this.#placeOf(low, high), low, high, until, marks[index]!);
        }
    }
}
