import type { Clock } from '../clock';
import { classify } from './classifier';
import { senderOf } from './dasSession';
import type { IsupData, IsupWarning } from './data';
import {
    type EhomeMessage,
    param,
    readAlarm,
    readEhome,
    serialOfServerInfo,
    writeAlarmAnswer,
    writeGetServerInfo,
    writeKeepAliveAnswer,
    writeLowVersion,
    writeRegisterAgain,
    writeRegisterAnswer,
    writeUnknownCommand,
} from './ehome';
import type { DeviceRecord, PresenceTable, Source } from './presence';

export interface EhomeHost {
    readonly clock: Clock;
    readonly table: PresenceTable;
    /** False: only listed devices are answered. */
    readonly acceptAny: boolean;
    /** Seconds, told to the device. */
    readonly keepAlive: number;
    readonly alarmPort: number;
    /** What a 4.0 device hears that asks for reliable transmission: 200 keeps it on plain UDP, 402 sends it elsewhere. */
    readonly lowVersion: boolean;
    readonly ntpAddress: string;
    /** The address of this machine as a device at `remote` must call it. */
    addressFor(remote: string): string;
    /** May this much be sent to an address that can be forged? */
    mayReply(source: Source, bytes: number, stranger: boolean): boolean;
    onData(data: IsupData): void;
    onWarning(warning: IsupWarning): void;
    onUnknown(source: Source, data: Buffer): void;
}

const MAX_ID = 256;
/** A device that still beats so long after it registered is really there: only then it is asked anything. */
const ASK_AFTER = 5000;
/** As often as the vendor's platform repeats a request without an answer. */
const MAX_QUESTIONS = 3;
/** Questions that wait for an answer, of all devices. */
const MAX_ASKED = 10_000;

/** A device without a serial number in its REGISTER, which is asked for it. */
interface Question {
    since: number;
    asked: number;
    /** Of the last time it was asked. */
    sequence?: string;
}

/**
 * EHome 2.x to 4.0 by UDP: datagrams in, answers out.
 *
 * Nothing of it is authenticated and every source can be forged: presence is `identified` at best, an answer goes out
 * only within its budget, and nothing that is not EHome is ever answered.
 */
export class EhomeServer {
    private readonly questions = new WeakMap<DeviceRecord, Question>();
    /** Devices by the sequence number and address of what they were asked last. */
    private readonly asked = new Map<string, DeviceRecord>();
    private sequence = 0;

    constructor(private readonly host: EhomeHost) {}

    /** @param port which of our ports it came to; @returns what goes back: nothing, an answer, or an answer and a question */
    datagram(bytes: Buffer, source: Source, port: 'register' | 'alarm' | 'both'): Buffer[] {
        const message = classify('udp', bytes) === 'ehome-xml' ? readEhome(bytes) : undefined;
        if (message === undefined) {
            this.host.onUnknown(source, bytes);
            return [];
        }
        if (message.type === 'RESPONSE') {
            this.response(message, source);
            return [];
        }
        const answer = this.request(message, source, port);
        if (answer === undefined) return [];
        const record = this.sessionOf(message);
        if (!this.host.mayReply(source, answer.length, record === undefined)) return [];
        const beat = record !== undefined && message.command === 'KEEPALIVE' && port !== 'alarm';
        const question = beat ? this.question(record, source) : undefined;
        return question ? [answer, question] : [answer];
    }

    /** Asks a 2.x or 3.0 device for its serial number, beside the answer to a heartbeat. */
    private question(record: DeviceRecord, source: Source): Buffer | undefined {
        const question = this.questions.get(record);
        if (question === undefined || record.serial !== undefined || question.asked >= MAX_QUESTIONS) return undefined;
        if (this.host.clock.elapsed() - question.since < ASK_AFTER) return undefined;
        const sequence = this.sequence + 1;
        const bytes = writeGetServerInfo(sequence);
        if (!this.host.mayReply(source, bytes.length, false)) return undefined;
        // The device takes a positive number of 32 bits.
        this.sequence = sequence % 0x7fffffff;
        this.forget(question, source);
        if (this.asked.size >= MAX_ASKED) this.asked.clear();
        question.asked += 1;
        question.sequence = String(sequence);
        this.asked.set(placeOf(question.sequence, source), record);
        return bytes;
    }

    private forget({ sequence }: Question, source: Source): void {
        if (sequence !== undefined) this.asked.delete(placeOf(sequence, source));
    }

    /** The answer names no device: it is known by the number of the question and the address it went to. */
    private response(message: EhomeMessage, source: Source): void {
        const place = placeOf(message.sequence, source);
        const record = this.asked.get(place);
        const serial = serialOfServerInfo(message);
        if (record === undefined || record.session !== undefined || serial === undefined) return;
        this.asked.delete(place);
        if (serial.length <= MAX_ID && record.serial === undefined) record.serial = serial;
    }

    private request(message: EhomeMessage, source: Source, port: 'register' | 'alarm' | 'both'): Buffer | undefined {
        const report = message.command === 'ALARM' || message.command === 'GPS';
        if (report) {
            const answer = this.report(message, source);
            // The vendor's platform refuses alarms on the register port, unless it is the alarm port as well.
            return answer && port === 'register' ? writeUnknownCommand(message) : answer;
        }
        if (!this.admitted(message, source)) return undefined;
        if (port === 'alarm') return writeAlarmAnswer(message);
        if (message.command === 'REGISTER') return this.register(message, source);
        if (message.command === 'KEEPALIVE') return this.keepAlive(message, source);
        return writeUnknownCommand(message);
    }

    /** 4.0 keeps its session by serial number, 2.x and 3.0 by Device ID. */
    private keyOf(message: EhomeMessage): string | undefined {
        const byserial = message.version.startsWith('4');
        const name = param(message, byserial ? 'SerialNumber' : 'DeviceID');
        if (name === '' || name.length > MAX_ID) return undefined;
        return `${byserial ? 'serial' : 'id'} ${name}`;
    }

    private sessionOf(message: EhomeMessage): DeviceRecord | undefined {
        const key = this.keyOf(message);
        return key === undefined ? undefined : this.host.table.findEhome(key);
    }

    /** The vendor's answer to a refused device is not known: it gets none. */
    private admitted(message: EhomeMessage, source: Source): boolean {
        const deviceId = param(message, 'DeviceID') || (this.sessionOf(message)?.id ?? '');
        if (this.host.acceptAny || this.host.table.isListed(deviceId)) return true;
        if (deviceId !== '' && deviceId.length <= MAX_ID) {
            const registrant = { deviceId, shortSerial: param(message, 'SerialNumber') };
            this.host.table.rejected(registrant, source, message.version, 'unknown-device', this.host.clock.elapsed());
        }
        return false;
    }

    private register(message: EhomeMessage, source: Source): Buffer | undefined {
        const { table, clock } = this.host;
        const key = this.keyOf(message);
        const deviceId = param(message, 'DeviceID');
        if (key === undefined || deviceId === '' || deviceId.length > MAX_ID) return undefined;
        const now = clock.elapsed();
        const known = table.findEhome(key);
        if (known === undefined && !table.hasRoomForEhome(deviceId)) {
            this.host.onWarning({ what: 'strangers', address: source.address });
            return undefined;
        }
        const record = known ?? table.at(deviceId, now);
        if (record.session !== undefined) {
            // An open claim by UDP must not disturb a session that proved its key.
            this.host.onWarning({ what: 'ehome-over-isup', deviceId, address: source.address });
            return undefined;
        }
        const probe = param(message, 'DetectPackage').toUpperCase() === 'TRUE';
        if (probe && this.host.lowVersion) return writeLowVersion(message, false);
        record.patience = table.patience;
        const firmware = param(message, 'FirmwareVersion');
        const shortSerial = param(message, 'SerialNumber');
        table.bindEhome(record, key);
        if (!message.version.startsWith('4') && known === undefined) {
            this.questions.set(record, { since: now, asked: 0 });
        }
        table.online(record, now, {
            source,
            protocol: message.version,
            confidence: 'identified',
            facts: { asleep: false, ...(firmware && { firmware }), ...(shortSerial && { shortSerial }) },
        });
        return writeRegisterAnswer(message, {
            keepAlive: this.host.keepAlive,
            alarmAddress: this.host.addressFor(source.address),
            alarmPort: this.host.alarmPort,
            ntpAddress: this.host.ntpAddress,
        });
    }

    private keepAlive(message: EhomeMessage, source: Source): Buffer {
        const record = this.sessionOf(message);
        if (record === undefined) return writeRegisterAgain(message);
        this.host.table.moved(record, source, this.host.clock.elapsed());
        return writeKeepAliveAnswer(message);
    }

    private report(message: EhomeMessage, source: Source): Buffer | undefined {
        if (!this.admitted(message, source)) return undefined;
        const { table, clock } = this.host;
        const deviceId = param(message, 'DeviceID');
        const record = this.sessionOf(message) ?? table.find(deviceId);
        if (record?.ehomeKey !== undefined) table.touch(record, clock.elapsed());
        const sender = record ? senderOf(record, source.address) : { deviceId, address: source.address };
        const received = { at: clock.now(), sender, text: message.text };
        const alarm = readAlarm(message);
        if (alarm) this.host.onData({ is: 'ehome-alarm', ...received, alarm });
        else {
            const params: Record<string, string> = Object.create(null);
            for (const name of Object.keys(message.params)) params[name] = param(message, name);
            this.host.onData({ is: 'gps', ...received, params });
        }
        return writeAlarmAnswer(message);
    }
}

function placeOf(sequence: string, { address, port }: Source): string {
    return `${sequence} ${address} ${port}`;
}
