import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { IsupStation } from '../devices/isupStation';
import { Fault } from '../protocols/errors';
import { environmentOf } from '../runtime/environment';
import { explain } from '../runtime/faultText';
import { isupListeners } from '../runtime/isup/listeners';
import { IsupMemory } from '../runtime/isup/memory';
import { isupReport } from '../runtime/isup/report';
import { addIsupRoutes } from '../runtime/isup/routes';
import { IsupStatus } from '../runtime/isup/status';
import { migrate } from '../runtime/migrations';
import { type IsupCredentials, type IsupInSettings, readIsupIn } from '../runtime/settings/isupIn';
import { IsupDevices } from '../runtime/sidebar/isupDevices';

/** The ISUP ("Platform Access") listener: who is there (output 1), and what devices send (output 2). */
export = (RED: NodeAPI): void => {
    function IsupInNode(this: Node<IsupCredentials>, saved: NodeDef) {
        RED.nodes.createNode(this, saved);
        const status = new IsupStatus(RED, this);
        try {
            const config = migrate('isup-in', saved);
            const settings = readIsupIn(config, this.credentials ?? {}, environmentOf(RED, this));
            const memory = new IsupMemory(RED, this);
            const devices = new IsupDevices(this);
            const station = createStation(this, settings, memory, status, devices);
            for (const presence of station.listener.rows()) devices.presence(presence);
            memory.whenLate((rows) => station.listener.restore(rows));
            const takeBack = isupListeners.publish(this.id, station.listener);
            station.start();
            this.on('close', (removed: boolean, done: () => void) => {
                takeBack();
                status.close();
                memory.close(station.listener.rows(), removed);
                station.close().then(done, done);
            });
        } catch (thrown) {
            const fault = Fault.from(thrown);
            status.fault();
            this.error(explain(RED, fault, this.type));
        }
    }

    function createStation(
        node: Node,
        settings: IsupInSettings,
        memory: IsupMemory,
        status: IsupStatus,
        devices: IsupDevices,
    ): IsupStation {
        const module = require('../devices/isupStation') as typeof import('../devices/isupStation');
        const station: IsupStation = new module.IsupStation({
            ...settings,
            alsoListed: (deviceId) => isupListeners.listed(node.id, deviceId),
            restore: memory.presence,
            claims: memory.claims,
            reporter: isupReport(RED, node, {
                raw: settings.raw,
                devices,
                changed: () => {
                    memory.keep(() => station.listener.rows());
                    status.changed(() => station.listener.table.counts());
                },
                listening: () => status.show(station.listener.table.counts()),
                failed: () => status.fault(),
                keepClaims: (claims) => memory.keepClaims(claims),
            }),
        });
        return station;
    }

    RED.nodes.registerType<Node<IsupCredentials>, NodeDef, object, IsupCredentials>('isup-in', IsupInNode, {
        credentials: { key: { type: 'password' }, keys: { type: 'password' } },
    });

    addIsupRoutes(RED);
};
