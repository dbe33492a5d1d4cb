import type { Node } from 'node-red';
import type { Device, DeviceSettings } from '../../devices/device';
import type { Fault } from '../../protocols/errors';
import type { SavedConfig } from '../fields';
import type { IsupMembership } from '../isup/membership';
import { deviceBoard } from './deviceBoard';
import type { Sighting } from './sighting';

/** What a `device-config` reports to the board; it leaves the board when the node is closed. */
export class DeviceReport {
    /** Watches the device. */
    readonly sighting: Sighting;

    constructor(node: Node, { name, link }: SavedConfig, board = deviceBoard) {
        const section = board.section(node.id);
        const way = link === 'p2p' || link === 'isup' ? link : 'direct';
        const identity = typeof name === 'string' && name !== '' ? { name } : {};
        this.sighting = section.add('', { way, identity, names: [`node/${node.id}`] });
        node.on('close', () => section.close());
    }

    /** The node works: this is its device. */
    serves(device: Device, { link, p2p }: DeviceSettings, isup?: IsupMembership): void {
        const { origin } = this.sighting;
        origin.device = device;
        origin.identity = { ...device.identity };
        if (link === 'p2p') origin.identity.serial = p2p.serial;
        // The host of a device that is reached in another way says nothing of where it is.
        if (link !== 'direct') delete origin.identity.address;
        if (isup !== undefined) {
            origin.identity.id = isup.deviceId;
            origin.names = [...origin.names, `isup/${isup.listener}/${isup.deviceId}`];
        }
    }

    /** The node cannot work as configured. */
    invalid(fault: Fault): void {
        this.sighting.enter('invalid', fault);
    }
}
