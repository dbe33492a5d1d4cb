import { type ShownFault, shownFault } from '../admin/adminRoutes';
import { MINUTES } from './eventRate';
import type { PictureShelf } from './pictureShelf';
import type { DeviceState, Sighting, Way } from './sighting';

/** A device as the sidebar shows it. Times are epoch milliseconds. */
export interface Card {
    id: string;
    /** The node to which a click leads. */
    node: string;
    name: string;
    ways: Way[];
    route?: Sighting['route'];
    address?: string;
    model?: string;
    serial?: string;
    mac?: string;
    state: DeviceState;
    since: number;
    /** When it posted last. */
    seen?: number;
    reason?: string;
    fault?: ShownFault;
    /** When it is tried again, or unlocked. */
    until?: number;
    last?: { kind: string; channel: number | null; at: number };
    /** Another number is another picture. */
    picture?: number;
    /** Events per minute, the last of which is this one. */
    counts?: number[];
}

/** The more a state says about the device, the earlier it stands. */
const TELLING: readonly DeviceState[] = [
    'invalid',
    'locked',
    'forbidden',
    'online',
    'connecting',
    'offline',
    'rejected',
    'heard',
    'idle',
];

/** Everything that says which device a sighting is of, the surest first. */
export function namesOf({ origin, heard }: Sighting): string[] {
    const profile = origin.device?.requests.abilities.known.profile;
    const { identity } = origin;
    const mac = profile?.mac ?? identity.mac ?? heard?.mac;
    const serial = identity.serial ?? profile?.serial ?? heard?.serial;
    const names = [...origin.names];
    if (mac !== undefined) names.push(`mac/${mac}`);
    if (serial !== undefined) names.push(`serial/${serial}`);
    if (identity.address !== undefined) names.push(`address/${identity.address.toLowerCase()}`);
    return names;
}

interface Named {
    sighting: Sighting;
    names: readonly string[];
}

const isAddress = (name: string) => name.startsWith('address/');

/**
 * Puts together what is known of the same device: what has a hardware address, a serial number or another name of its own
 * in common is one card. An address alone joins only where one device has it and nothing surer speaks against it: behind
 * NAT many share one.
 *
 * @returns the sightings of each card, under its id
 */
export function groupSightings(sightings: Iterable<Sighting>): Map<string, Sighting[]> {
    const all = [...sightings].map((sighting): Named => ({ sighting, names: namesOf(sighting) }));
    const groups = new Map<string, Sighting[]>();
    const leaders = new Map<string, Named | undefined>();
    const lead = (named: Named) => {
        groups.set(named.sighting.id, [named.sighting]);
        // A name that two of them have says nothing.
        for (const name of named.names) leaders.set(name, leaders.has(name) ? undefined : named);
    };
    for (const named of all) if (isConfigured(named.sighting)) lead(named);
    const others = all.filter(({ sighting }) => !groups.has(sighting.id));
    const shared = sharedAddresses(others);
    // Those that have nothing but an address come last: it may be that of any card.
    const isSure = ({ names }: Named) => !names.every(isAddress);
    for (const named of [...others.filter(isSure), ...others.filter((each) => !isSure(each))]) {
        const name = named.names.find((one) => {
            const leader = leaders.get(one);
            if (leader === undefined || !isAddress(one)) return leader !== undefined;
            return !isSure(named) || (isConfigured(leader.sighting) && !shared.has(one) && !contradict(named, leader));
        });
        const leader = name === undefined ? undefined : leaders.get(name);
        if (leader === undefined) lead(named);
        else groups.get(leader.sighting.id)!.push(named.sighting);
    }
    return groups;
}

function isConfigured({ origin, state }: Sighting): boolean {
    return origin.device !== undefined || state === 'invalid';
}

/** Whether both have an address of hardware or a serial number, and not the same. */
function contradict(one: Named, other: Named): boolean {
    return ['mac/', 'serial/'].some((kind) => {
        const [first, second] = [one, other].map(({ names }) => names.find((name) => name.startsWith(kind)));
        return first !== undefined && second !== undefined && first !== second;
    });
}

/** Addresses from which several devices come that are told apart by something surer. */
function sharedAddresses(all: readonly Named[]): Set<string> {
    const known = new Map<string, string>();
    const shared = new Set<string>();
    for (const { names } of all) {
        const [surest, address] = [names[0]!, names.find(isAddress)];
        if (address === undefined || surest === address) continue;
        if (known.has(address) && known.get(address) !== surest) shared.add(address);
        known.set(address, surest);
    }
    return shared;
}

/** @param minutes of the event rate: all of them, or the last few that can have changed */
export function cardOf(
    id: string,
    group: readonly Sighting[],
    { pictures, now, minutes = MINUTES }: { pictures: PictureShelf; now: number; minutes?: number },
): Card {
    const [first] = group as [Sighting];
    const telling = best(group, (one, other) => TELLING.indexOf(one.state) < TELLING.indexOf(other.state));
    const latest = best(group, (one, other) => one.eventAt > other.eventAt);
    const troubled = telling.fault === undefined ? group.find(({ fault }) => fault !== undefined) : telling;
    const version = Math.max(...group.map((sighting) => pictures.get(sighting)?.version ?? 0));
    const known = <T>(read: (sighting: Sighting) => T | undefined) => firstOf(group, read);
    const address = known(({ origin, heard }) => origin.identity.address ?? heard?.address);
    const profile = first.origin.device?.requests.abilities.known.profile;
    const model = profile?.model ?? known(({ origin, heard }) => origin.identity.model ?? heard?.model);
    const serial = known(({ origin, heard }) => origin.identity.serial ?? heard?.serial) ?? profile?.serial;
    const mac = known(({ origin, heard }) => origin.identity.mac ?? heard?.mac) ?? profile?.mac;
    const name = known(({ origin }) => origin.identity.name ?? origin.identity.id) ?? profile?.name;
    const card: Card = {
        id,
        node: first.origin.node,
        name: name ?? known(({ heard }) => heard?.name) ?? address ?? serial ?? mac ?? '',
        ways: [...new Set(group.map(({ origin }) => origin.way))],
        state: telling.state,
        since: telling.since,
        seen: telling.seenAt,
        route: known(({ route }) => route),
        address,
        model,
        serial,
        mac,
        reason: telling.reason,
    };
    if (troubled?.fault !== undefined) card.fault = shownFault(troubled.fault);
    if (troubled?.until !== undefined) card.until = troubled.until;
    if (latest.kind !== undefined) card.last = { kind: latest.kind, channel: latest.channel, at: latest.eventAt };
    if (version > 0) card.picture = version;
    if (!group.every(({ rate }) => rate.isQuiet(now))) card.counts = countsOf(group, minutes, now);
    return card;
}

function countsOf(group: readonly Sighting[], minutes: number, now: number): number[] {
    const counts = group.map(({ rate }) => rate.last(minutes, now));
    return counts[0]!.map((_, index) => counts.reduce((sum, each) => sum + each[index]!, 0));
}

function best(group: readonly Sighting[], isBetter: (one: Sighting, other: Sighting) => boolean): Sighting {
    return group.reduce((found, sighting) => (isBetter(sighting, found) ? sighting : found));
}

function firstOf<T>(group: readonly Sighting[], read: (sighting: Sighting) => T | undefined): T | undefined {
    for (const sighting of group) {
        const value = read(sighting);
        if (value !== undefined) return value;
    }
    return undefined;
}
