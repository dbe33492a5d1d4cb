import type { DeviceEvent, Occurrence } from './deviceEvent';
import { isContentId } from './identity';

interface Claim {
    owner: symbol;
    mark: string;
    hasPictures: boolean;
}

/** An hour of a very busy device. */
const MAX_CLAIMS = 10_000;

/**
 * Which node an occurrence came out of, where several hear of the same device: by its stream, by its posts. The first
 * one has it.
 */
export class OnceWindow {
    readonly #claims = new Map<string, Claim>();

    /** For one node: whether an occurrence may come out of it. One that came out of it before always may. */
    claimant(): (occurrence: Occurrence) => boolean {
        const owner = Symbol('node');
        return (occurrence) => this.#claim(owner, occurrence);
    }

    #claim(owner: symbol, { event, pictures }: Occurrence): boolean {
        const mark = markOf(event);
        const claim = this.#claims.get(event.id);
        if (claim === undefined || claim.mark !== mark) {
            this.#claims.set(event.id, { owner, mark, hasPictures: pictures.length > 0 });
            if (this.#claims.size > MAX_CLAIMS) this.#claims.delete(this.#claims.keys().next().value!);
            return true;
        }
        if (claim.owner === owner) return true;
        if (claim.hasPictures || pictures.length === 0) return false;
        // A terminal sends its pictures with posts only: they must not be lost because the stream was faster.
        claim.hasPictures = true;
        if (!event.warnings?.includes('late-pictures')) event.warnings = [...(event.warnings ?? []), 'late-pictures'];
        return true;
    }
}

/** What tells events with the same id apart: a terminal that was reset gives its numbers again. */
function markOf({ id, deviceTime, time }: DeviceEvent): string {
    return isContentId(id) ? '' : (deviceTime ?? time).slice(0, 19);
}
