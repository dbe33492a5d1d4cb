import type { Node } from 'node-red';
import type { Occurrence } from '../../events/deviceEvent';
import type { Fault } from '../../protocols/errors';
import type { Presence, PresenceState } from '../../protocols/isup/presence';
import { type BoardSection, deviceBoard } from './deviceBoard';
import type { DeviceState, Sighting } from './sighting';

const STATES: Record<PresenceState, DeviceState> = {
    registering: 'connecting',
    online: 'online',
    'address-changed': 'online',
    offline: 'offline',
    rejected: 'rejected',
};

/** What an `isup-in` reports to the board: the devices that register at it, until the node is closed. */
export class IsupDevices {
    readonly #section: BoardSection;
    readonly #nodeId: string;

    constructor(node: Node, board = deviceBoard) {
        this.#section = board.section(node.id);
        this.#nodeId = node.id;
        node.on('close', () => this.#section.close());
    }

    presence({ deviceId, name, state, since, reason, address, serial, model }: Presence): void {
        const sighting = this.#sightingOf(deviceId);
        // Anybody can claim its name: a device that is online stays so, with its address.
        if (state === 'rejected' && sighting.state === 'online') return;
        const { identity } = sighting.origin;
        identity.address = address;
        if (name !== undefined) identity.name = name;
        if (serial !== undefined) identity.serial = serial;
        if (model !== undefined) identity.model = model;
        sighting.enter(STATES[state], undefined, undefined, Date.parse(since));
        sighting.reason = reason;
    }

    event({ event, pictures }: Occurrence): void {
        if (event.device.id !== undefined) this.#sightingOf(event.device.id).event(event, pictures);
    }

    /** Something of this device does not work, though it may well be online. */
    failed(fault: Fault, deviceId: string): void {
        const sighting = this.#sightingOf(deviceId);
        sighting.enter(sighting.state, fault);
    }

    #sightingOf(deviceId: string): Sighting {
        const names = [`isup/${this.#nodeId}/${deviceId}`];
        return (
            this.#section.find(deviceId) ??
            this.#section.add(deviceId, { way: 'isup', identity: { id: deviceId }, names })
        );
    }
}
