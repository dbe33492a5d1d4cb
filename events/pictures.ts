import { type Clock, systemClock } from '../protocols/clock';
import type { Part } from '../protocols/multipart/partSplitter';
import type { DeviceEvent, Family, Occurrence, Picture, PictureRole, RawBody } from './deviceEvent';
import { makePicture } from './pictureFile';
import { type Announcement, roleOf } from './pictureRoles';

/** How long an event waits for pictures that it announced, and a picture for its event. */
const WAIT = 2000;
/** How long the first event of its type waits for pictures that nobody announced. */
const FIRST_WAIT = 300;
/** Smart events, after which cameras send pictures without a word (toxuin/alarmserver#51). */
const PICTURED: ReadonlySet<Family> = new Set(['perimeter', 'face', 'vehicle']);
/** How long after its event a picture is still tied to it by name. */
const REMEMBER = 60_000;
const MAX_RECENT = 16;
const MAX_ORPHANS = 16;
const MAX_HABITS = 256;
/** After so many events in a row whose pictures never came, none is held up any more: some terminals count, but never send. */
const PATIENCE = 3;

/** An event that was read, on its way to becoming a message. */
export interface Announced {
    event: DeviceEvent;
    raw: RawBody;
    announcement: Announcement;
}

interface Waiting extends Announced {
    pictures: Picture[];
    /** Pictures that went out before, where these come late. */
    sentBefore?: number;
    /** Pictures that it waits for though it announced none. */
    unannounced?: number;
    cancel?: () => void;
}

interface Recent extends Announced {
    /** When it went out, by `Clock.elapsed`; only of one that names its pictures. */
    at: number;
    sent: number;
}

interface Orphan {
    part: Part;
    cancel: () => void;
}

export interface PictureCollectorOptions {
    clock?: Clock;
    emit(occurrence: Occurrence): void;
    /** A picture that belongs to no event. */
    onOrphan(part: Part): void;
}

/**
 * Ties pictures to their events: by name where the body gives one, else by their place.
 *
 * On a stream an event goes out when its pictures are complete, at the next text part or after two seconds. Many cameras
 * announce nothing and send pictures all the same (toxuin/alarmserver#51, koush/scrypted), so whether a type of event
 * brings any is learned: the first smart event waits a moment, the next ones as that one has shown, mostly not at all.
 * A picture that comes too late makes a second occurrence, with the warning `late-pictures`. A pushed body waits for
 * nothing: all its parts are there.
 */
export class PictureCollector {
    private readonly clock: Clock;
    private readonly waiting: Waiting[] = [];
    private readonly recent: Recent[] = [];
    private orphans: Orphan[] = [];
    /** The event right before, with no other text in between: a picture without a name is its picture. */
    private previous: Recent | undefined;
    private disappointments = 0;
    /** How many pictures the events of a type bring unannounced. */
    private readonly habits = new Map<string, number>();
    /** True while the pictures that come belong to a copy of an event that has gone out with its own. */
    private ofCopy = false;

    constructor(private readonly options: PictureCollectorOptions) {
        this.clock = options.clock ?? systemClock;
    }

    /**
     * The events of one text part of a stream; none, where the part was a heartbeat. Ends the waiting of those before.
     *
     * @param copies whether the part held events that were left out as copies
     */
    textPart(read: Announced[], copies = false): void {
        this.flush();
        this.previous = undefined;
        this.ofCopy = copies && read.length === 0;
        for (const announced of read) {
            const waiting = waitingFor(announced);
            if (this.orphans.length > 0) this.adopt(waiting);
            const patience = this.patienceFor(waiting);
            if (patience === 0) this.send(waiting);
            else this.wait(waiting, patience);
        }
    }

    /** A picture of a stream. */
    picture(part: Part): void {
        const names = namesOf(part);
        const owners = ownersOf(names, this.waiting);
        if (owners.length === 0) owners.push(...this.waiting.filter((waiting) => !isComplete(waiting)).slice(0, 1));
        if (owners.length === 0) owners.push(...this.waiting.slice(0, 1));
        for (const owner of owners) {
            this.add(owner, part, names);
            if (isComplete(owner) && owner.sentBefore === undefined) this.finish(owner);
        }
        if (owners.length > 0) return;
        const now = this.clock.elapsed();
        const known = this.recent.filter(({ at }) => now - at <= REMEMBER);
        const late = ownersOf(names, known)[0] ?? this.previous;
        if (late === undefined && this.ofCopy) return;
        if (late === undefined) this.keep(part);
        else this.takeLate(late, part, names);
    }

    /** A pushed body, with its pictures in any order. */
    body(read: Announced[], parts: Part[], copies = false): void {
        this.flush();
        this.previous = undefined;
        const events = read.map(waitingFor);
        const unnamed: Part[] = [];
        for (const part of parts) {
            const names = namesOf(part);
            const owners = ownersOf(names, events);
            for (const owner of owners) this.add(owner, part, names);
            if (owners.length === 0) unnamed.push(part);
        }
        for (const part of unnamed) {
            const owner = events.find((event) => !isComplete(event)) ?? events[0];
            if (owner === undefined && copies) continue;
            if (owner === undefined) this.options.onOrphan(part);
            else this.add(owner, part, namesOf(part));
        }
        for (const event of events) this.send(event);
        // On the next connection of the same source comes another body: nothing of this one is owed to it.
        this.previous = undefined;
        this.recent.length = 0;
    }

    /** Sends what waits, with the pictures that have come. */
    flush(): void {
        if (this.waiting.length === 0) return;
        for (const waiting of this.waiting.splice(0)) this.send(waiting);
    }

    /** Sends what waits; no timer is left. */
    close(): void {
        this.flush();
        for (const orphan of this.orphans.splice(0)) {
            orphan.cancel();
            this.options.onOrphan(orphan.part);
        }
        this.recent.length = 0;
        this.previous = undefined;
    }

    /** Gives pictures that came before their event to it. */
    private adopt(waiting: Waiting): void {
        this.orphans = this.orphans.filter(({ part, cancel }) => {
            const names = namesOf(part);
            if (isComplete(waiting) && ownersOf(names, [waiting]).length === 0) return true;
            cancel();
            this.add(waiting, part, names);
            return false;
        });
    }

    private keep(part: Part): void {
        const orphan: Orphan = { part, cancel: this.clock.after(WAIT, () => this.abandon(orphan)) };
        this.orphans.push(orphan);
        if (this.orphans.length > MAX_ORPHANS) this.abandon(this.orphans[0]!);
    }

    private abandon(orphan: Orphan): void {
        orphan.cancel();
        this.orphans = this.orphans.filter((other) => other !== orphan);
        this.options.onOrphan(orphan.part);
    }

    /** Milliseconds for which an event is held up for its pictures. */
    private patienceFor(waiting: Waiting): number {
        const { event, announcement, pictures } = waiting;
        if (announcement.expected > 0) {
            return isComplete(waiting) || this.disappointments >= PATIENCE ? 0 : WAIT;
        }
        if (!announcement.silent || event.state === 'inactive' || announcement.links.length > 0) return 0;
        const learned = this.habits.get(event.type);
        const pictured = event.vendor === 'hikvision' && PICTURED.has(event.family) ? 1 : 0;
        waiting.unannounced = learned ?? pictured;
        if (pictures.length >= waiting.unannounced) return 0;
        return learned === undefined ? FIRST_WAIT : WAIT;
    }

    private wait(waiting: Waiting, patience: number): void {
        this.waiting.push(waiting);
        waiting.cancel = this.clock.after(patience, () => this.finish(waiting));
    }

    private finish(waiting: Waiting): void {
        const index = this.waiting.indexOf(waiting);
        if (index >= 0) this.waiting.splice(index, 1);
        this.send(waiting);
    }

    private takeLate(recent: Recent, part: Part, names: string[]): void {
        this.disappointments = 0;
        const { event, raw, announcement, sent } = recent;
        const waiting = waitingFor({ event, raw, announcement });
        waiting.sentBefore = sent;
        this.add(waiting, part, names);
        if (announcement.silent) this.learn(event, sent + 1);
        this.wait(waiting, WAIT);
    }

    /** What the next event of this type may wait for. */
    private learn({ type }: DeviceEvent, pictures: number): void {
        if (this.habits.size >= MAX_HABITS && !this.habits.has(type)) this.habits.clear();
        this.habits.set(type, pictures);
    }

    private add(waiting: Waiting, part: Part, names: string[]): void {
        this.disappointments = 0;
        const number = (waiting.sentBefore ?? 0) + waiting.pictures.length + 1;
        waiting.pictures.push(makePicture(part, roleIn(waiting.announcement, names), waiting.event, number));
    }

    private send({ event, raw, announcement, pictures, sentBefore, unannounced, cancel }: Waiting): void {
        cancel?.();
        const late = sentBefore !== undefined;
        if (unannounced !== undefined && !late) this.learn(event, pictures.length);
        let warning: string | undefined;
        if (late) warning = 'late-pictures';
        else if (pictures.length < announcement.expected) {
            warning = `${pictures.length} of ${announcement.expected} announced pictures came`;
            if (pictures.length === 0) this.disappointments += 1;
        }
        if (pictures.some((picture) => picture.truncated)) event.truncated = true;
        if (!late) this.remember({ event, raw, announcement, at: 0, sent: pictures.length });
        const occurrence: Occurrence = {
            event: warning === undefined ? event : { ...event, warnings: [...(event.warnings ?? []), warning] },
            pictures,
            raw,
        };
        if (announcement.links.length > 0 && !late) occurrence.links = announcement.links;
        this.options.emit(occurrence);
    }

    private remember(recent: Recent): void {
        this.previous = recent;
        if (recent.announcement.names.size === 0) return;
        recent.at = this.clock.elapsed();
        this.recent.unshift(recent);
        if (this.recent.length > MAX_RECENT) this.recent.pop();
    }
}

/** All its fields from the start: V8 takes ten times as long to add one to what a spread has made. */
function waitingFor({ event, raw, announcement }: Announced): Waiting {
    return {
        event,
        raw,
        announcement,
        pictures: [],
        sentBefore: undefined,
        unannounced: undefined,
        cancel: undefined,
    };
}

function isComplete({ pictures, announcement, unannounced = 0 }: Waiting): boolean {
    return pictures.length >= Math.max(announcement.expected, unannounced);
}

/** The three keys of a part, as the body may spell them. */
function namesOf(part: Part): string[] {
    const names: string[] = [];
    for (const name of [part.name, part.contentId, part.filename]) {
        if (name !== undefined && name !== '') names.push(name.toLowerCase());
    }
    return names;
}

/**
 * Who announced a picture, by the name that fewest share: faces of one scene all call theirs `faceImage`, but each has an
 * id of its own. The background of a scene belongs to all its faces.
 */
function ownersOf<T extends Announced>(names: string[], events: T[]): T[] {
    let owners: T[] = [];
    for (const name of names) {
        const found = events.filter(({ announcement }) => announcement.names.has(name));
        if (found.length > 0 && (owners.length === 0 || found.length < owners.length)) owners = found;
    }
    return owners;
}

function roleIn(announcement: Announcement, names: string[]): PictureRole {
    for (const name of names) {
        const role = announcement.names.get(name);
        if (role !== undefined && role !== 'unknown') return role;
    }
    return roleOf(...names);
}
