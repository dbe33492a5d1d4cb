import type { DeviceIdentity, Occurrence } from '../events/deviceEvent';
import { DuplicateWindow } from '../events/duplicateWindow';
import { readEhomeAlarm, readEhomePosition } from '../events/ehomeAlarm';
import { EventReader } from '../events/eventReader';
import { hashOf } from '../events/identity';
import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import type { AlarmBody } from '../protocols/isup/alarmBody';
import type { EhomeAlarmReport, EhomePosition, IsupAlarm, Sender } from '../protocols/isup/data';
import { boundaryOf } from '../protocols/multipart/boundary';
import { type Part, PartSplitter } from '../protocols/multipart/partSplitter';

export interface IsupAlarmsOptions {
    clock?: Clock;
    onOccurrence(occurrence: Occurrence): void;
    /** A body that holds no event: nothing is lost, it is handed on as it came. */
    onUnreadable(alarm: IsupAlarm, reason: string): void;
}

interface Source {
    reader: EventReader;
    identity: DeviceIdentity;
    /** The alarm that is being read. */
    current: IsupAlarm;
    /** When the last one is taken to have arrived, epoch milliseconds. */
    lastAt: number;
}

/** Devices whose readers are kept: each remembers pictures that wait, and copies. */
const MAX_READERS = 2000;
/** A datagram that was not answered in time comes again; what a device held back says so itself, with RetransFlag. */
const REPEATED_WITHIN = 30_000;
/** How pictures come by ISUP is not known; what looks like multi-part is read as such. */
const UNSURE = 'multi-part by ISUP: its format is not known for sure';

/** Turns the alarms of ISUP sessions and of EHome into the events that every other way in brings. */
export class IsupAlarms {
    private readonly sources = new Map<string, Source>();
    private readonly datagrams = new DuplicateWindow();
    private readonly clock: Clock;

    constructor(private readonly options: IsupAlarmsOptions) {
        this.clock = options.clock ?? systemClock;
    }

    ehome({ at, sender, alarm, text }: EhomeAlarmReport): void {
        this.reported(readEhomeAlarm(alarm, { at, device: identityOf(sender), text }), text);
    }

    position({ at, sender, params, text }: EhomePosition): void {
        this.reported(readEhomePosition(params, { at, device: identityOf(sender), text }), text);
    }

    /** A copy is the same message: with the same sequence number and everything else. */
    private reported(occurrence: Occurrence, text: string): void {
        const { id, timeQuality } = occurrence.event;
        // Without a time of its own nothing tells a copy from the next event of its kind.
        const isCopy =
            timeQuality !== 'received' &&
            this.datagrams.isCopy(id, hashOf(text), this.clock.elapsed(), REPEATED_WITHIN);
        if (!isCopy) this.options.onOccurrence(occurrence);
    }

    alarm(alarm: IsupAlarm): void {
        const source = this.sourceOf(alarm);
        let parts: Part[];
        try {
            parts = partsOf(alarm.body);
        } catch (thrown) {
            // A fault of ours costs one alarm, and not Node-RED.
            this.options.onUnreadable(alarm, Fault.from(thrown).message);
            return;
        }
        source.current = alarm;
        // An alarm without a time of its own is known by its arrival: two of one millisecond are still two.
        source.lastAt = Math.max(alarm.at, source.lastAt + 1);
        source.reader.body({ parts, receivedFrom: alarm.sender.address, receivedAt: source.lastAt });
        if (parts.length === 0) this.options.onUnreadable(alarm, 'no text in it');
    }

    close(): void {
        for (const { reader } of this.sources.values()) reader.close();
        this.sources.clear();
    }

    private sourceOf(alarm: IsupAlarm): Source {
        const { deviceId } = alarm.sender;
        const found = this.sources.get(deviceId);
        // The newest last: the first is the one to go.
        this.sources.delete(deviceId);
        const source = found ?? this.open(alarm);
        Object.assign(source.identity, identityOf(alarm.sender));
        this.sources.set(deviceId, source);
        if (this.sources.size > MAX_READERS) this.closeOldest();
        return source;
    }

    private open(alarm: IsupAlarm): Source {
        const identity = identityOf(alarm.sender);
        const source: Source = {
            identity,
            current: alarm,
            lastAt: 0,
            reader: new EventReader({
                via: 'isup',
                device: identity,
                clock: this.clock,
                onOccurrence: (occurrence) => {
                    if (source.current.body.format === 'multipart') {
                        occurrence.event.warnings = [...(occurrence.event.warnings ?? []), UNSURE];
                    }
                    this.options.onOccurrence(occurrence);
                },
                onUnreadable: (_part, reason) => this.options.onUnreadable(source.current, reason),
            }),
        };
        return source;
    }

    private closeOldest(): void {
        for (const [deviceId, { reader }] of this.sources) {
            reader.close();
            this.sources.delete(deviceId);
            return;
        }
    }
}

function identityOf({ deviceId, name, serial, model, mac, address }: Sender): DeviceIdentity {
    return {
        id: deviceId,
        address,
        ...(name && { name }),
        ...(serial && { serial }),
        ...(model && { model }),
        ...(mac && { mac }),
    };
}

function partsOf({ format, content, contentType }: AlarmBody): Part[] {
    if (format === 'binary') return [];
    if (format !== 'multipart') {
        const [type, ...parameters] = (contentType ?? '').split(';').map((one) => one.trim());
        const charset = parameters.find((one) => /^charset=/i.test(one))?.slice('charset='.length);
        return [
            {
                headers: {},
                kind: 'text',
                body: content,
                truncated: false,
                ...(type && { contentType: type.toLowerCase() }),
                ...(charset && { charset: charset.replace(/"/g, '').toLowerCase() }),
            },
        ];
    }
    const parts: Part[] = [];
    const boundary = boundaryOf(contentType);
    const splitter = new PartSplitter({ ...(boundary && { boundary }), onPart: (part) => parts.push(part) });
    splitter.feed(content);
    splitter.end();
    return parts;
}
