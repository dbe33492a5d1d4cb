import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Fault } from '../protocols/errors';
import { knownDevices } from '../runtime/admin/knownDevices';
import { addP2pRoutes } from '../runtime/admin/p2pRoutes';
import { deviceOf } from '../runtime/deviceNode';
import { environmentOf } from '../runtime/environment';
import { explain } from '../runtime/faultText';
import { migrate } from '../runtime/migrations';
import { NodeStatus } from '../runtime/nodeStatus';
import { type IntelbrasP2pTunnelSettings, readIntelbrasP2pTunnel } from '../runtime/settings/intelbrasP2pTunnel';
import { tunnelDevices } from '../runtime/sidebar/tunnelDevices';

/** Local TCP ports that reach a recorder over the P2P cloud. */
export = (RED: NodeAPI): void => {
    function IntelbrasP2pTunnelNode(this: Node, saved: NodeDef) {
        RED.nodes.createNode(this, saved);
        const status = new NodeStatus(RED, this);
        try {
            const config = migrate('intelbras-p2p-tunnel', saved);
            serve(this, status, readIntelbrasP2pTunnel(config, environmentOf(RED, this)));
        } catch (thrown) {
            refuse(this, status, Fault.from(thrown));
        }
    }

    function serve(node: Node, status: NodeStatus, settings: IntelbrasP2pTunnelSettings): void {
        const { readCommand, TunnelDesk, tunnelPayload } =
            require('../runtime/tunnelDesk') as typeof import('../runtime/tunnelDesk');
        const access = deviceOf(RED, settings.device).p2p;
        const show = tunnelDevices(node, { device: settings.device, serial: access.serial });
        const desk = new TunnelDesk(access, settings, (report) => {
            show(report);
            if (report.serial === access.serial || desk.serials.length === 1) status.tunnel(report);
            node.send({ topic: report.serial, payload: tunnelPayload(report) });
        });
        node.on('input', (message, send, done) => {
            Promise.resolve()
                .then(() => desk.perform(readCommand(message.payload, access.serial)))
                .then(
                    (payload) => {
                        if (payload) send(Object.assign(message, { topic: payload.serial, payload }));
                        done();
                    },
                    (thrown: unknown) => {
                        const fault = Fault.from(thrown);
                        // A node that is being closed has nobody to tell.
                        if (fault.code === 'CLOSED') done();
                        else done(named(fault));
                    },
                );
        });
        node.on('close', (done: () => void) => {
            status.close();
            desk.close().then(done, done);
        });
        if (settings.open === 'deploy') {
            desk.open().catch((thrown: unknown) => refuse(node, status, Fault.from(thrown)));
        } else status.tunnel({ serial: access.serial, state: 'closed', ports: [] });
    }

    function refuse(node: Node, status: NodeStatus, fault: Fault): void {
        status.fault(fault);
        node.error(explain(RED, fault, node.type));
    }

    /** The fault with its sentence in the language of the runtime, for the Catch node. */
    function named(fault: Fault): Error {
        return Object.assign(new Error(explain(RED, fault)), { code: fault.code });
    }

    RED.nodes.registerType('intelbras-p2p-tunnel', IntelbrasP2pTunnelNode);
    addP2pRoutes(RED, knownDevices);
};
