import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import type { AlarmReceiver } from '../devices/alarmReceiver';
import type { AlarmWatch } from '../devices/alarmWatch';
import { Fault } from '../protocols/errors';
import type { AlarmHost } from '../protocols/isapi/alarmHost';
import { addAlarmRoutes } from '../runtime/admin/alarmRoutes';
import { knownDevices } from '../runtime/admin/knownDevices';
import { AlarmNodes } from '../runtime/alarmNodes';
import { AlarmPlaces } from '../runtime/alarmPlaces';
import { deviceOf } from '../runtime/deviceNode';
import { environmentOf, tlsOptionsOf } from '../runtime/environment';
import { explain } from '../runtime/faultText';
import { FlowResponse } from '../runtime/flowAnswer';
import { eventMessage, pictureMessages, rejectionMessage, unreadableMessage } from '../runtime/messages';
import { migrate } from '../runtime/migrations';
import { NodeStatus } from '../runtime/nodeStatus';
import { type AlarmHttpInSettings, alarmLogin, readAlarmHttpIn } from '../runtime/settings/alarmHttpIn';
import { PostedDevices } from '../runtime/sidebar/postedDevices';

type Credentials = { username?: string; password?: string };

/** The listening host that devices post alarms to: events (output 1) and posts that were refused or broken (output 2). */
export = (RED: NodeAPI): void => {
    const places = new AlarmPlaces(RED);
    const nodes = new AlarmNodes();

    function AlarmHttpInNode(this: Node<Credentials>, saved: NodeDef) {
        RED.nodes.createNode(this, saved);
        const status = new NodeStatus(RED, this);
        const known = nodes.enlist(this.id);
        this.on('close', () => nodes.leave(this.id, known));
        const fail = (thrown: unknown) => {
            const fault = Fault.from(thrown);
            known.fault = fault;
            status.fault(fault);
            this.error(explain(RED, fault, this.type));
        };
        try {
            const config = migrate('alarm-http-in', saved);
            const settings = readAlarmHttpIn(config, this.credentials ?? {}, environmentOf(RED, this));
            const devices = new PostedDevices(this, settings.device);
            const receiver = createReceiver(this, settings, status, known.watch, devices);
            const host = createHost(this, settings, status, receiver, known.watch, devices);
            const place = places.take(settings, tlsOptionsOf(RED, config.tls), host);
            place.then(({ address }) => {
                known.address = address;
                status.listening(address);
            }, fail);
            this.on('close', (done: () => void) => {
                status.close();
                host.close();
                receiver.close();
                // A place that could not be had was reported when it was asked for.
                place.then((taken) => taken.close()).then(done, done);
            });
        } catch (thrown) {
            fail(thrown);
        }
    }

    function createReceiver(
        node: Node,
        settings: AlarmHttpInSettings,
        status: NodeStatus,
        watch: AlarmWatch,
        devices: PostedDevices,
    ): AlarmReceiver {
        const device = settings.device === '' ? undefined : deviceOf(RED, settings.device);
        const module = require('../devices/alarmReceiver') as typeof import('../devices/alarmReceiver');
        return new module.AlarmReceiver({
            filter: { ...settings, claim: settings.once ? device?.once.claimant() : undefined },
            order: settings.once ? device?.push.bind(device) : undefined,
            pictures: settings.pictures,
            source: device,
            identity: device?.identity,
            channels: device?.channels,
            watcher: devices,
            onOccurrence: (occurrence, post) => {
                status.event(occurrence.event);
                watch.event(occurrence.event);
                const message: NodeMessage & { res?: object } = eventMessage(occurrence);
                if (settings.answer === 'flow' && post !== undefined) {
                    message.res = { _res: new FlowResponse((answer) => post.respond(answer)) };
                }
                node.send([message, null]);
                if (settings.pictures === 'separate') node.send([pictureMessages(occurrence), null]);
            },
            onUnreadable: (part, reason, post) => node.send([null, unreadableMessage(RED, part, reason, post)]),
        });
    }

    function createHost(
        node: Node,
        settings: AlarmHttpInSettings,
        status: NodeStatus,
        receiver: AlarmReceiver,
        watch: AlarmWatch,
        devices: PostedDevices,
    ): AlarmHost {
        const module = require('../protocols/isapi/alarmHost') as typeof import('../protocols/isapi/alarmHost');
        return new module.AlarmHost({
            ...settings,
            login: alarmLogin(settings),
            onPost: (post) => {
                watch.posted(post.source);
                receiver.receive(post);
            },
            onRejected: (rejection) => {
                status.rejected();
                watch.rejected(rejection);
                devices.rejected(rejection);
                node.send([null, rejectionMessage(RED, rejection)]);
            },
        });
    }

    RED.nodes.registerType<Node<Credentials>, NodeDef, object, Credentials>('alarm-http-in', AlarmHttpInNode, {
        credentials: { username: { type: 'text' }, password: { type: 'password' } },
    });

    addAlarmRoutes(RED, nodes, knownDevices);
};
