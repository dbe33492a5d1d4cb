import type { Node, NodeAPI } from 'node-red';
import type { Device } from '../devices/device';
import { Fault } from '../protocols/errors';

/** Marks our own `device-config`: other packs register the same type name. */
const BRAND = Symbol.for('@vigia/node-red-cctv/device');

/** Says that this node is ours and which device it stands for. A fault means that it cannot be used as configured. */
export function publishDevice(node: Node, device: Device | Fault): void {
    Object.defineProperty(node, BRAND, { value: device, configurable: true });
}

/**
 * The device behind the id of a `device-config`.
 *
 * @throws Fault DEVICE_MISSING, DEVICE_FOREIGN, or the fault of its own configuration
 */
export function deviceOf(RED: NodeAPI, id: string): Device {
    const node = id === '' ? undefined : (RED.nodes.getNode(id) as (Node & { [BRAND]?: Device | Fault }) | null);
    if (node === undefined || node === null) throw new Fault('DEVICE_MISSING');
    const device = node[BRAND];
    if (device === undefined) throw new Fault('DEVICE_FOREIGN');
    if (device instanceof Fault) throw device;
    return device;
}
