/** Lets a few in at a time, in the order of their coming. */
export class Turns {
    #free: number;
    readonly #queue: (() => void)[] = [];

    constructor(places: number) {
        this.#free = places;
    }

    /**
     * Resolves when there is a place, with the way to give it back.
     * @param signal leaves the queue; its reason is what the promise rejects with
     * @param next before all who wait already
     */
    take(signal: AbortSignal, next = false): Promise<() => void> {
        return new Promise((resolve, reject) => {
            const enter = () => {
                signal.removeEventListener('abort', leave);
                this.#free -= 1;
                let given = true;
                resolve(() => {
                    if (given) this.#next();
                    given = false;
                });
            };
            const leave = () => {
                const place = this.#queue.indexOf(enter);
                if (place >= 0) this.#queue.splice(place, 1);
                reject(signal.reason);
            };
            if (signal.aborted) return leave();
            if (this.#free > 0) return enter();
            signal.addEventListener('abort', leave, { once: true });
            if (next) this.#queue.unshift(enter);
            else this.#queue.push(enter);
        });
    }

    #next(): void {
        this.#free += 1;
        this.#queue.shift()?.();
    }
}
