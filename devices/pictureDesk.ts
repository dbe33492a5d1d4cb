import type { Occurrence, Picture } from '../events/deviceEvent';
import { Fault } from '../protocols/errors';

/** with: as the device sends them · separate: also one by one · none: dropped · snapshot: taken where there is none. */
export type PicturePolicy = 'with' | 'separate' | 'none' | 'snapshot';

/** Where missing pictures come from: the device of the event. */
export interface PictureSource {
    snapshot(channel: number | null): Promise<Picture>;
    fetchPicture(url: string): Promise<Picture>;
}

/** Events that may wait for a picture at a time. Beyond it they go out without, so that none waits for ever. */
const MAX_WAITING = 32;

/**
 * Gives each event its pictures by the node's policy: drops them, fetches those that the device only names, takes a
 * snapshot. Events come out in the order they came in, and one whose picture cannot be had comes out with a warning.
 */
export class PictureDesk {
    readonly #policy: PicturePolicy;
    readonly #source: PictureSource | undefined;
    readonly #deliver: (occurrence: Occurrence) => void;
    /** Those whose pictures are being fetched, and those that came after them. */
    readonly #waiting: Occurrence[] = [];
    #queue: Promise<void> = Promise.resolve();
    #closed = false;

    constructor(policy: PicturePolicy, source: PictureSource | undefined, deliver: (occurrence: Occurrence) => void) {
        this.#policy = policy;
        this.#source = source;
        this.#deliver = deliver;
    }

    push(occurrence: Occurrence): void {
        const work = this.#missing(occurrence);
        if (work === undefined && this.#waiting.length === 0) {
            this.#deliver(occurrence);
            return;
        }
        this.#waiting.push(occurrence);
        this.#queue = this.#queue.then(async () => {
            await work?.();
            if (this.#closed) return;
            this.#waiting.shift();
            this.#deliver(occurrence);
        });
    }

    /** Resolves when nothing waits that was here before. */
    settled(): Promise<void> {
        return this.#queue;
    }

    /** What waits comes out without the pictures that it waits for, and nothing after that. */
    close(): void {
        this.#closed = true;
        for (const occurrence of this.#waiting.splice(0)) this.#deliver(occurrence);
    }

    /** What has to be done before the event can go out, if anything. */
    #missing(occurrence: Occurrence): (() => Promise<void>) | undefined {
        if (this.#policy === 'none') {
            occurrence.pictures = [];
            return undefined;
        }
        const source = this.#source;
        if (source === undefined || occurrence.event.state === 'inactive') return undefined;
        const links = occurrence.links ?? [];
        const wantsSnapshot = this.#policy === 'snapshot' && occurrence.pictures.length === 0;
        if (links.length === 0 && !wantsSnapshot) return undefined;
        if (this.#waiting.length >= MAX_WAITING) {
            warn(occurrence, 'picture-skipped: too many events wait for theirs');
            return undefined;
        }
        return async () => {
            for (const link of links) {
                await this.#add(occurrence, async () => ({
                    ...(await source.fetchPicture(link.url)),
                    role: link.role,
                }));
            }
            if (wantsSnapshot && occurrence.pictures.length === 0) {
                await this.#add(occurrence, () => source.snapshot(occurrence.event.channel));
            }
        };
    }

    async #add(occurrence: Occurrence, get: () => Promise<Picture>): Promise<void> {
        if (this.#closed) return;
        try {
            const picture = await get();
            if (!this.#closed) occurrence.pictures.push(picture);
        } catch (thrown) {
            if (!this.#closed) warn(occurrence, `picture-missing: ${Fault.from(thrown).message}`);
        }
    }
}

function warn(occurrence: Occurrence, warning: string): void {
    occurrence.event.warnings = [...(occurrence.event.warnings ?? []), warning];
}
