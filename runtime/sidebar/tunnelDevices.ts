import type { Node } from 'node-red';
import type { TunnelReport } from '../../protocols/p2p/tunnelGroup';
import { deviceBoard } from './deviceBoard';
import type { DeviceState } from './sighting';

const STATES: Record<TunnelReport['state'], DeviceState> = {
    open: 'online',
    opening: 'connecting',
    closed: 'idle',
    offline: 'offline',
    error: 'offline',
};

/**
 * What an `intelbras-p2p-tunnel` reports to the board: the recorders that it reaches, until the node is closed.
 *
 * @param own the `device-config` of the node and the serial number of its recorder; messages may name others
 */
export function tunnelDevices(
    node: Node,
    own: { device: string; serial: string },
    board = deviceBoard,
): (report: TunnelReport) => void {
    const section = board.section(node.id);
    node.on('close', () => section.close());
    return ({ serial, state, route, fault, retryAt }) => {
        const names = serial === own.serial ? [`node/${own.device}`] : [];
        const sighting = section.find(serial) ?? section.add(serial, { way: 'p2p', identity: { serial }, names });
        sighting.route = route;
        sighting.enter(STATES[state], fault, retryAt);
    };
}
