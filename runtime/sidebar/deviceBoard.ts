import type { Device } from '../../devices/device';
import type { Picture } from '../../events/deviceEvent';
import { type Clock, systemClock } from '../../protocols/clock';
import { type Card, cardOf, groupSightings, namesOf } from './cards';
import { MINUTES } from './eventRate';
import { PictureShelf, type ShelvedPicture } from './pictureShelf';
import { RecentPictures } from './recentPictures';
import { type Board, type Origin, Sighting } from './sighting';

/** What a sidebar is told: everything at first and whenever devices come or go, else the cards that changed. */
export interface BoardUpdate {
    /** These are all cards; those that are missing are gone. */
    all: boolean;
    /** The time here, epoch milliseconds. */
    now: number;
    cards: Card[];
    /** Devices beyond the most that are shown. */
    left: number;
}

/** Milliseconds: changes of so long are told at once. */
const PACE_MS = 1000;
/** Minutes of the event rate that can have changed since they were told last. */
const FRESH_MINUTES = 2;
/** Cards that a sidebar gets at most. */
const MOST_CARDS = 1000;
/** Devices that one node may report; the one that was met first makes room. */
const MOST_SIGHTINGS = 2000;

/**
 * What all nodes know of all devices, for the Devices sidebar. While nobody looks it only counts and remembers; there
 * is no timer and nothing is sent.
 */
export class DeviceBoard implements Board {
    readonly clock: Clock;
    readonly shelf: PictureShelf;
    readonly recent = new RecentPictures();
    readonly #sections = new Map<string, BoardSection>();
    readonly #watchers = new Set<(update: BoardUpdate) => void>();
    readonly #changed = new Set<Sighting>();
    #regroup = true;
    /** The cards that are shown and what each is made of; only while somebody looks. */
    #groups = new Map<string, Sighting[]>();
    readonly #cardOf = new Map<Sighting, { id: string; names: string }>();
    #left = 0;
    #cancel: (() => void) | undefined;
    readonly #asked = new WeakSet<Device>();
    #asking = false;

    constructor(clock: Clock = systemClock, shelf: PictureShelf = new PictureShelf()) {
        this.clock = clock;
        this.shelf = shelf;
    }

    /** What one node reports; taken anew by a node that is deployed anew. */
    section(nodeId: string): BoardSection {
        this.#sections.get(nodeId)?.close();
        const section = new BoardSection(this, nodeId, () => {
            if (this.#sections.get(nodeId) === section) this.#sections.delete(nodeId);
        });
        this.#sections.set(nodeId, section);
        return section;
    }

    changed(sighting: Sighting): void {
        if (this.#watchers.size === 0 || sighting.gone) return;
        this.#changed.add(sighting);
        this.#soon();
    }

    pictured(sighting: Sighting, pictures: readonly Picture[]): void {
        if (!sighting.gone) this.shelf.put(sighting, pictures);
        this.recent.put(pictures);
    }

    /** Sightings came or went. */
    rearranged(): void {
        this.#regroup = true;
        if (this.#watchers.size > 0) this.#soon();
    }

    /** Tells everything now and what changes, at most once a second, until it is stopped. */
    watch(tell: (update: BoardUpdate) => void): () => void {
        if (this.#watchers.size === 0) this.#arrange();
        this.#watchers.add(tell);
        tell(this.everything());
        this.#learn();
        return () => {
            this.#watchers.delete(tell);
            if (this.#watchers.size === 0) this.#rest();
        };
    }

    /** All cards, as they are now. */
    everything(): BoardUpdate {
        return this.#update([...this.#groups.keys()], true);
    }

    /** The last picture of a card. */
    picture(cardId: string): ShelvedPicture | undefined {
        const pictures = (this.#groups.get(cardId) ?? []).flatMap((sighting) => this.shelf.get(sighting) ?? []);
        return pictures.reduce<ShelvedPicture | undefined>(
            (newest, picture) => (picture.version > (newest?.version ?? 0) ? picture : newest),
            undefined,
        );
    }

    /** Nobody is told anything any more, and no picture is left. What nodes report goes on. */
    close(): void {
        this.#watchers.clear();
        this.#rest();
        this.shelf.close();
        this.recent.close();
    }

    #soon(): void {
        this.#cancel ??= this.clock.after(PACE_MS, () => {
            this.#cancel = undefined;
            this.#tell();
        });
    }

    #tell(): void {
        const moved = [...this.#changed].some(
            (sighting) => this.#cardOf.get(sighting)?.names !== signatureOf(sighting),
        );
        const ids = new Set<string>();
        if (this.#regroup || moved) this.#arrange();
        else for (const sighting of this.#changed) ids.add(this.#cardOf.get(sighting)!.id);
        const update =
            ids.size === 0
                ? this.everything()
                : this.#update(
                      [...ids].filter((id) => this.#groups.has(id)),
                      false,
                  );
        this.#changed.clear();
        for (const watcher of [...this.#watchers]) watcher(update);
        this.#learn();
    }

    #update(ids: readonly string[], all: boolean): BoardUpdate {
        const now = this.clock.now();
        const how = { pictures: this.shelf, now, minutes: all ? MINUTES : FRESH_MINUTES };
        return { all, now, cards: ids.map((id) => cardOf(id, this.#groups.get(id)!, how)), left: this.#left };
    }

    #arrange(): void {
        this.#regroup = false;
        const sightings = [...this.#sections.values()].flatMap((section) => [...section.sightings]);
        const groups = [...groupSightings(sightings)];
        this.#left = Math.max(0, groups.length - MOST_CARDS);
        this.#groups = new Map(groups.slice(0, MOST_CARDS));
        this.#cardOf.clear();
        for (const [id, group] of groups) {
            for (const sighting of group) this.#cardOf.set(sighting, { id, names: signatureOf(sighting) });
        }
    }

    #rest(): void {
        this.#cancel?.();
        this.#cancel = undefined;
        this.#changed.clear();
        this.#groups.clear();
        this.#cardOf.clear();
    }

    /** Asks the devices that are shown as online, one after the other and each once, who they are. */
    #learn(): void {
        if (this.#asking || this.#watchers.size === 0) return;
        const sighting = [...this.#cardOf.keys()].find(({ state, origin: { device } }) => {
            if (state !== 'online' || device === undefined || this.#asked.has(device)) return false;
            return device.requests.abilities.known.profile === undefined;
        });
        const device = sighting?.origin.device;
        if (sighting === undefined || device === undefined) return;
        this.#asked.add(device);
        this.#asking = true;
        // A device that does not say who it is has a card without a model.
        const go = () => {
            this.#asking = false;
            this.changed(sighting);
            this.#learn();
        };
        device.requests.abilities.profile().then(go, go);
    }
}

function signatureOf(sighting: Sighting): string {
    return namesOf(sighting).join();
}

/** The devices that one node reports. */
export class BoardSection {
    readonly #board: DeviceBoard;
    readonly #nodeId: string;
    readonly #left: () => void;
    readonly #sightings = new Map<string, Sighting>();
    #closed = false;

    constructor(board: DeviceBoard, nodeId: string, left: () => void) {
        this.#board = board;
        this.#nodeId = nodeId;
        this.#left = left;
    }

    get sightings(): Iterable<Sighting> {
        return this.#sightings.values();
    }

    find(key: string): Sighting | undefined {
        return this.#sightings.get(key);
    }

    /** @param key tells the devices of one node apart; empty where it has only one */
    add(key: string, origin: Omit<Origin, 'node'>): Sighting {
        const id = key === '' ? this.#nodeId : `${this.#nodeId}/${key}`;
        const sighting = new Sighting(id, { node: this.#nodeId, ...origin }, this.#board);
        sighting.gone = this.#closed;
        if (this.#closed) return sighting;
        this.drop(key);
        this.#sightings.set(key, sighting);
        if (this.#sightings.size > MOST_SIGHTINGS) this.drop(this.#sightings.keys().next().value!);
        this.#board.rearranged();
        return sighting;
    }

    drop(key: string): void {
        const sighting = this.#sightings.get(key);
        if (sighting === undefined) return;
        sighting.gone = true;
        this.#sightings.delete(key);
        this.#board.shelf.drop(sighting);
        this.#board.rearranged();
    }

    /** The node was closed: its devices leave the board. */
    close(): void {
        this.#closed = true;
        for (const key of [...this.#sightings.keys()]) this.drop(key);
        this.#left();
    }
}

/** That of this process: what nodes of every type report into. */
export const deviceBoard = new DeviceBoard();
