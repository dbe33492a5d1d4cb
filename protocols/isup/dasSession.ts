import type { Clock } from '../clock';
import { Fault } from '../errors';
import { readAlarmBody } from './alarmBody';
import type { IsupData, IsupWarning, Sender } from './data';
import { type DeviceFacts, type Envelope, open, openWill, seal } from './envelope';
import {
    CONNACK,
    type Connect,
    type DevicePacket,
    PINGRESP,
    type Publish,
    readDevicePacket,
    type Subscribe,
    writeConnack,
    writePuback,
    writePubcomp,
    writePublish,
    writePubrec,
    writeSuback,
    writeUnsuback,
} from './mqtt';
import { ISAPI_ANSWER, ISAPI_REQUEST, Passthrough, type PassthroughRequest } from './passthrough';
import type { DeviceRecord, LiveSession, OfflineReason, PresenceTable, Source } from './presence';

/** Family of wake-up and heartbeat messages: on the alarm link it is no alarm (Johnsonyu0926/rtc). */
const WAKE_UP = '/1100/12345';
/** A battery device asks to sleep (Ezviz-OpenBiz/EZIOT-SDK). */
const SLEEP = '/30000/1';

export interface DasContext {
    table: PresenceTable;
    clock: Clock;
    source: Source;
    write(bytes: Buffer): void;
    /** Ends the connection without another word about presence. */
    destroy(): void;
    /** The device proved its session key: it is no stranger any more. */
    onProven(): void;
    onData(data: IsupData): void;
    onWarning(warning: IsupWarning): void;
    onOnline(record: DeviceRecord): void;
}

/** What the connection does after a packet. */
export type DasStep = 'go-on' | 'close';

/**
 * One MQTT connection of a device that logged in: its session (SUBSCRIBE), its alarm link (PUBLISH without one), or both.
 *
 * A client id is readable in the login of the device, so a CONNECT alone proves nothing: it takes over a living session
 * only where its will, or a message, decrypts, or where it follows a newer login from the same address.
 */
export class DasSession implements LiveSession {
    private record: DeviceRecord | undefined;
    private keys: string[] = [];
    private key = '';
    private facts: DeviceFacts | undefined;
    private proven = false;
    private subscribed = false;
    private prefix = '';
    private keepAlive = 0;
    private passthrough: Passthrough | undefined;

    constructor(private readonly context: DasContext) {}

    get deviceId(): string | undefined {
        return this.record?.id;
    }

    /** Milliseconds of silence after which the connection is given up; presence has its own, shorter one. */
    get patience(): number {
        return this.silence * 1.5;
    }

    frame(bytes: Buffer): DasStep {
        const packet = readDevicePacket(bytes);
        if (packet === undefined) return 'close';
        if (this.record === undefined) return packet.is === 'connect' ? this.connect(packet) : 'close';
        this.context.table.touch(this.record, this.context.clock.elapsed());
        return this.packet(this.record, packet);
    }

    private packet(record: DeviceRecord, packet: DevicePacket): DasStep {
        switch (packet.is) {
            case 'publish':
                this.publish(record, packet);
                return 'go-on';
            case 'subscribe':
                this.subscribe(record, packet);
                return 'go-on';
            case 'pingreq':
                this.context.write(PINGRESP);
                this.awake(record);
                return 'go-on';
            case 'unsubscribe':
                this.context.write(writeUnsuback(packet.id));
                return 'go-on';
            case 'pubrel':
                this.context.write(writePubcomp(packet.id));
                return 'go-on';
            case 'puback':
                return 'go-on';
            case 'disconnect':
                this.ended('disconnect');
                return 'close';
            default:
                return 'close';
        }
    }

    private connect(packet: Connect): DasStep {
        const { table, source } = this.context;
        const record = table.find(packet.clientId);
        if (record === undefined || record.sessionKeys.length === 0) {
            this.context.write(writeConnack(CONNACK.NOT_AUTHORISED));
            return 'close';
        }
        this.keys = [...record.sessionKeys];
        this.key = this.keys[0]!;
        this.keepAlive = packet.keepAlive;
        for (const key of packet.will ? this.keys : []) {
            this.facts = openWill(key, packet.will!);
            if (this.facts === undefined) continue;
            this.prove(key);
            break;
        }
        if (!this.proven && record.loginAddress !== source.address) {
            this.context.write(writeConnack(CONNACK.NOT_AUTHORISED));
            return 'close';
        }
        this.record = record;
        this.prefix = packet.username || record.shortSerial || '';
        this.context.write(writeConnack(CONNACK.ACCEPTED));
        return 'go-on';
    }

    private prove(key: string): void {
        this.key = key;
        this.keys = [key];
        if (this.proven) return;
        this.proven = true;
        this.context.onProven();
    }

    private subscribe(record: DeviceRecord, packet: Subscribe): void {
        this.context.write(writeSuback(packet));
        this.subscribed = true;
        const topic = packet.topics.find((one) => /^\/[^/]+\/#$/.test(one));
        if (topic !== undefined) this.prefix = topic.slice(1, -2);
        this.takeOver(record);
    }

    /** Becomes the session of the device, where it may. */
    private takeOver(record: DeviceRecord): void {
        if (!this.subscribed || record.session === this) return;
        const living = record.session as DasSession | undefined;
        const newerLogin = record.sessionKeys[0] === this.key && living?.key !== this.key;
        if (living !== undefined && !this.proven && !newerLogin) return;
        if (!this.proven) this.context.onProven();
        record.patience = this.silence;
        this.context.table.online(record, this.context.clock.elapsed(), {
            source: this.context.source,
            protocol: '5.0',
            confidence: 'authenticated',
            session: this,
            ...(this.facts && { facts: this.facts }),
        });
        if (this.facts?.asleep) this.sleep(record);
        this.context.onOnline(record);
    }

    private sleep(record: DeviceRecord): void {
        if (record.session !== this) return;
        record.asleep = true;
        record.patience = Math.max(1, this.keepAlive) * 1500;
    }

    /** Traffic goes on: it does not sleep after all. */
    private awake(record: DeviceRecord): void {
        if (record.session !== this || !record.asleep) return;
        record.asleep = false;
        record.patience = this.silence;
    }

    /** Milliseconds that the device may be silent. */
    private get silence(): number {
        return Math.max(this.context.table.patience, this.keepAlive * 1500);
    }

    private publish(record: DeviceRecord, packet: Publish): void {
        // Before anything that could fail: a device repeats what is not acknowledged.
        if (packet.qos === 1) this.context.write(writePuback(packet.id));
        else if (packet.qos === 2) this.context.write(writePubrec(packet.id));
        const message = this.open(packet.payload);
        if (message === undefined) {
            this.context.onWarning({
                what: 'undecryptable',
                deviceId: record.id,
                address: this.context.source.address,
            });
            return;
        }
        this.takeOver(record);
        const topic = commandOf(packet.topic);
        if (topic === ISAPI_ANSWER) this.passthrough?.answer(message.header.Seq, message.body);
        else if (topic === SLEEP) this.sleep(record);
        else if (topic === WAKE_UP) this.awake(record);
        else {
            this.context.onData({
                is: 'alarm',
                at: this.context.clock.now(),
                sender: senderOf(record, this.context.source.address),
                topic: packet.topic,
                body: readAlarmBody(message.body),
            });
        }
    }

    private open(payload: Buffer): Envelope | undefined {
        for (const key of this.keys) {
            const message = open(key, payload);
            if (message === undefined) continue;
            this.prove(key);
            return message;
        }
        return undefined;
    }

    /** @throws Fault ISUP_SESSION_ENDED and those of {@link Passthrough.request} */
    request(request: PassthroughRequest): Promise<Buffer> {
        this.passthrough ??= new Passthrough((seq, body) => {
            this.context.write(writePublish(`/${this.prefix}${ISAPI_REQUEST}`, seal(this.key, seq, body)));
        }, this.context.clock);
        return this.passthrough.request(request);
    }

    /** The connection is gone, or the device said good-bye. */
    ended(reason: OfflineReason): void {
        const { record } = this;
        if (record === undefined) return;
        this.fail(record);
        this.context.table.offline(record, reason, this.context.clock.elapsed(), this);
    }

    retire(): void {
        if (this.record) this.fail(this.record);
        this.context.destroy();
    }

    private fail(record: DeviceRecord): void {
        this.passthrough?.close(new Fault('ISUP_SESSION_ENDED', { details: { deviceId: record.id } }));
    }
}

/** The last two levels of a topic: some firmware puts its short serial in front. */
function commandOf(topic: string): string {
    const last = topic.lastIndexOf('/');
    const before = topic.lastIndexOf('/', last - 1);
    return before <= 0 ? topic : topic.slice(before);
}

export function senderOf(record: DeviceRecord, address: string): Sender {
    const name = record.name ?? record.nickname;
    return {
        deviceId: record.id,
        ...(name && { name }),
        ...(record.serial && { serial: record.serial }),
        ...(record.model && { model: record.model }),
        ...(record.mac && { mac: record.mac.toLowerCase() }),
        address,
    };
}
