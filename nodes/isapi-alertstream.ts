import type { Node, NodeAPI, NodeDef } from 'node-red';
import { ConnectionReport } from '../devices/connectionReport';
import type { Device } from '../devices/device';
import type { EventSubscriber } from '../devices/eventStream';
import { LossReport } from '../devices/lossReport';
import { PictureDesk } from '../devices/pictureDesk';
import { EventGate } from '../events/eventGate';
import { Fault } from '../protocols/errors';
import { concernsCatchUp, contextStore } from '../runtime/contextStore';
import { deviceOf } from '../runtime/deviceNode';
import { environmentOf } from '../runtime/environment';
import { explain } from '../runtime/faultText';
import { connectionMessage, eventMessage, gapMessage, pictureMessages } from '../runtime/messages';
import { migrate } from '../runtime/migrations';
import { NodeStatus } from '../runtime/nodeStatus';
import { type IsapiAlertstreamSettings, readIsapiAlertstream } from '../runtime/settings/isapiAlertstream';

/** The live events of a device (output 1) and what becomes of its connection (output 2). */
export = (RED: NodeAPI): void => {
    function IsapiAlertstreamNode(this: Node, saved: NodeDef) {
        RED.nodes.createNode(this, saved);
        const status = new NodeStatus(RED, this);
        try {
            const config = migrate('isapi-alertstream', saved);
            const settings = readIsapiAlertstream(config, environmentOf(RED, this));
            const stop = listen(this, deviceOf(RED, settings.device), settings, status);
            this.on('close', (done: () => void) => stop().then(done, done));
        } catch (thrown) {
            const fault = Fault.from(thrown);
            status.fault(fault);
            this.error(explain(RED, fault));
        }
    }

    function listen(node: Node, device: Device, settings: IsapiAlertstreamSettings, status: NodeStatus) {
        const desk = new PictureDesk(settings.pictures, device, (occurrence) => {
            status.event(occurrence.event);
            node.send([eventMessage(occurrence), null]);
            if (settings.pictures === 'separate') node.send([pictureMessages(occurrence), null]);
        });
        const claim = settings.once ? device.once.claimant() : undefined;
        const gate = new EventGate({ ...settings, claim, onOccurrence: (occurrence) => desk.push(occurrence) });
        const report = new ConnectionReport((change) => {
            node.send([null, connectionMessage(RED, change, device.identity)]);
            if (change.fault === undefined) return;
            if (change.state === 'offline') node.warn(explain(RED, change.fault));
            else node.error(explain(RED, change.fault));
        });
        const losses = new LossReport((fault) => node.warn(explain(RED, fault)));
        const subscriber: EventSubscriber = {
            occurrence: (occurrence) => gate.push(occurrence),
            heartbeat: (at, heartbeat) => gate.heartbeat(at, heartbeat),
            shares: (event) => settings.once && gate.admits(event),
            settled: () => desk.settled(),
            progress: (progress) => status.catchingUp(progress),
            unreadable: (_part, reason) =>
                node.warn(explain(RED, new Fault('PART_UNREADABLE', { details: { reason } }))),
            lost: (lost) => losses.add(lost),
            warning: (warning) => {
                node.warn(explain(RED, warning));
                if (concernsCatchUp(warning)) node.send([null, gapMessage(RED, warning, device)]);
            },
            connection: (change) => {
                status.connection(change);
                report.change(change);
            },
        };
        const store = settings.catchUp ? contextStore(RED, settings.device) : undefined;
        const leave = device.subscribe(settings, subscriber, store);
        return async () => {
            const left = leave();
            gate.close();
            desk.close();
            losses.close();
            status.close();
            await left;
        };
    }

    RED.nodes.registerType('isapi-alertstream', IsapiAlertstreamNode);
};
