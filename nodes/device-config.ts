import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Device } from '../devices/device';
import { Fault } from '../protocols/errors';
import { publishDevice } from '../runtime/deviceNode';
import { environmentOf, tlsOptionsOf } from '../runtime/environment';
import { explain } from '../runtime/faultText';
import { migrate } from '../runtime/migrations';
import { type DeviceCredentials, readDeviceConfig } from '../runtime/settings/deviceConfig';

/** One device: how to reach it and how to log in. Its nodes share its connection, its stream and its breaker. */
export = (RED: NodeAPI): void => {
    function DeviceConfigNode(this: Node<DeviceCredentials>, saved: NodeDef) {
        RED.nodes.createNode(this, saved);
        const device = createDevice(this, migrate('device-config', saved));
        publishDevice(this, device);
        if (device instanceof Fault) {
            this.error(explain(RED, device));
            return;
        }
        this.on('close', (done: () => void) => device.close().then(done, done));
    }

    function createDevice(node: Node<DeviceCredentials>, config: Record<string, unknown>): Device | Fault {
        try {
            const tls = tlsOptionsOf(RED, config.tls);
            return new Device(readDeviceConfig(config, node.credentials ?? {}, environmentOf(RED, node), tls));
        } catch (thrown) {
            return Fault.from(thrown);
        }
    }

    RED.nodes.registerType<Node<DeviceCredentials>, NodeDef, object, DeviceCredentials>(
        'device-config',
        DeviceConfigNode,
        {
            credentials: {
                username: { type: 'text' },
                password: { type: 'password' },
                isupKey: { type: 'password' },
                cloudUser: { type: 'text' },
                cloudKey: { type: 'password' },
            },
        },
    );
};
