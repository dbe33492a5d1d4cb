import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Fault } from '../protocols/errors';
import { deviceOf } from '../runtime/deviceNode';
import { environmentOf } from '../runtime/environment';
import { explain } from '../runtime/faultText';
import { migrate } from '../runtime/migrations';
import { NodeStatus } from '../runtime/nodeStatus';
import { explained } from '../runtime/requestFault';
import type { RequestRunner } from '../runtime/requestRunner';
import { readIsapiRequest } from '../runtime/settings/isapiRequest';
import type { RequestMessage } from '../runtime/wantedRequest';

/** Any request to a device: its own words, or one of the ready operations. */
export = (RED: NodeAPI): void => {
    function IsapiRequestNode(this: Node, saved: NodeDef) {
        RED.nodes.createNode(this, saved);
        const status = new NodeStatus(RED, this);
        const runner = createRunner(this, saved, status);
        this.on('input', (msg, send, done) => {
            if (runner instanceof Fault) return done(explained(RED, runner));
            runner.handle(msg as RequestMessage, send).then(
                () => {
                    status.succeeded();
                    done();
                },
                (thrown: unknown) => {
                    const fault = Fault.from(thrown);
                    // A node that is being closed has nobody to tell.
                    if (fault.code === 'CLOSED') return done();
                    status.failed(fault);
                    done(explained(RED, fault));
                },
            );
        });
        this.on('close', () => {
            if (!(runner instanceof Fault)) runner.close();
            status.close();
        });
    }

    function createRunner(node: Node, saved: NodeDef, status: NodeStatus): RequestRunner | Fault {
        try {
            const settings = readIsapiRequest(migrate('isapi-request', saved), environmentOf(RED, node));
            const device = deviceOf(RED, settings.device);
            const runner = require('../runtime/requestRunner') as typeof import('../runtime/requestRunner');
            return new runner.RequestRunner(RED, node, settings, device, (report) => status.progress(report));
        } catch (thrown) {
            const fault = Fault.from(thrown);
            status.fault(fault);
            node.error(explain(RED, fault));
            return fault;
        }
    }

    RED.nodes.registerType('isapi-request', IsapiRequestNode);

    // What the dialog offers: the operations and their parameters; the words stand in the catalogues.
    RED.httpAdmin.get(
        '/isapi-request/operations',
        RED.auth.needsPermission('isapi-request.read'),
        async (_request, response) => {
            const { outlineOperations } = await import('../devices/operations.js');
            response.json(outlineOperations());
        },
    );
};
