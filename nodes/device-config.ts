import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Device } from '../devices/device';
import { Fault } from '../protocols/errors';
import { addDeviceRoutes } from '../runtime/admin/deviceRoutes';
import { knownDevices } from '../runtime/admin/knownDevices';
import { publishDevice } from '../runtime/deviceNode';
import { environmentOf, tlsOptionsOf } from '../runtime/environment';
import { explain } from '../runtime/faultText';
import { joinListener } from '../runtime/isup/membership';
import { migrate } from '../runtime/migrations';
import { type DeviceCredentials, readDeviceConfig } from '../runtime/settings/deviceConfig';
import { DeviceReport } from '../runtime/sidebar/deviceReport';

/** One device: how to reach it and how to log in. Its nodes share its connection, its stream and its breaker. */
export = (RED: NodeAPI): void => {
    function DeviceConfigNode(this: Node<DeviceCredentials>, saved: NodeDef) {
        RED.nodes.createNode(this, saved);
        const config = migrate('device-config', saved);
        const report = new DeviceReport(this, config);
        try {
            const expand = environmentOf(RED, this);
            const credentials = this.credentials ?? {};
            const settings = readDeviceConfig(config, credentials, expand, tlsOptionsOf(RED, config.tls));
            const isup = joinListener(this, config, credentials, expand);
            const device = new Device(settings, { ...isup?.dependencies, watcher: report.sighting });
            if (isup !== undefined) device.identity.id = isup.deviceId;
            report.serves(device, settings, isup);
            publishDevice(this, device);
            const forget = knownDevices.add(settings, device);
            this.on('close', (done: () => void) => {
                forget();
                isup?.leave();
                device.close().then(done, done);
            });
        } catch (thrown) {
            const fault = Fault.from(thrown);
            report.invalid(fault);
            publishDevice(this, fault);
            this.error(explain(RED, fault));
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

    addDeviceRoutes(RED, knownDevices);
};
