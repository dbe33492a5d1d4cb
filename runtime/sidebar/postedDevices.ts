import type { Node } from 'node-red';
import type { PostWatcher } from '../../devices/watcher';
import type { DeviceEvent, DeviceIdentity, Occurrence, Picture } from '../../events/deviceEvent';
import { deviceKey } from '../../events/identity';
import type { Rejection } from '../../protocols/isapi/alarmHost';
import { type BoardSection, deviceBoard } from './deviceBoard';
import type { Sighting } from './sighting';

/** Addresses whose posts were refused that are shown; anybody can post to a port that is open to the internet. */
const MOST_REFUSED = 20;
/** Addresses of which is known whose heartbeats come from there. */
const MOST_ALIVE = 2000;

/** What an `alarm-http-in` reports to the board: the devices that post to it, until the node is closed. */
export class PostedDevices implements PostWatcher {
    readonly #section: BoardSection;
    /** The one device that posts here, where only one does. */
    readonly #only: Sighting | undefined;
    /** By address; the one that was refused last stands last. */
    readonly #refused = new Map<string, Sighting>();
    /** Whose heartbeats come from an address: only the first of each is read. */
    readonly #alive = new Map<string, Sighting>();

    /** @param deviceId of the `device-config` whose device posts here; empty where any may */
    constructor(node: Node, deviceId: string, board = deviceBoard) {
        this.#section = board.section(node.id);
        if (deviceId !== '') {
            this.#only = this.#section.add('', { way: 'posts', identity: {}, names: [`node/${deviceId}`] });
        }
        node.on('close', () => this.#section.close());
    }

    /** Each event of a post, before any filter of the node. */
    event(event: DeviceEvent, pictures: readonly Picture[]): void {
        const sighting = this.#only ?? this.#sightingOf(event.device);
        if (this.#refused.size > 0) this.#admit(event.device.address);
        sighting.seen();
        sighting.event(event, pictures);
    }

    /** A device at rest says no more than that it is there. */
    heartbeat(source: string, heartbeat: () => Occurrence): void {
        if (this.#refused.size > 0) this.#admit(source);
        (this.#only ?? this.#aliveAt(source, heartbeat)).seen();
    }

    rejected({ source, fault }: Pick<Rejection, 'source' | 'fault'>): void {
        const known = this.#refused.get(source);
        this.#refused.delete(source);
        const sighting =
            known ??
            this.#section.add(`refused ${source}`, {
                way: 'posts',
                identity: { address: source },
                names: [],
            });
        this.#refused.set(source, sighting);
        if (this.#refused.size > MOST_REFUSED) this.#admit(this.#refused.keys().next().value);
        sighting.enter('rejected', fault);
    }

    #sightingOf(identity: DeviceIdentity): Sighting {
        const key = deviceKey(identity);
        return (
            this.#section.find(key) ?? this.#section.add(key, { way: 'posts', identity: { ...identity }, names: [] })
        );
    }

    #aliveAt(source: string, heartbeat: () => Occurrence): Sighting {
        const known = this.#alive.get(source);
        if (known !== undefined && !known.gone) return known;
        if (this.#alive.size >= MOST_ALIVE) this.#alive.clear();
        const sighting = this.#sightingOf({ address: source, ...heartbeat().event.device });
        this.#alive.set(source, sighting);
        return sighting;
    }

    /** Forgets that posts of this address were refused. */
    #admit(address: string | undefined): void {
        if (address !== undefined && this.#refused.delete(address)) this.#section.drop(`refused ${address}`);
    }
}
