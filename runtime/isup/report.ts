import type { Node, NodeAPI } from 'node-red';
import type { IsupReporter } from '../../devices/isupStation';
import { type Clock, systemClock } from '../../protocols/clock';
import { explain } from '../faultText';
import { eventMessage } from '../messages';
import type { IsupDevices } from '../sidebar/isupDevices';
import { presenceMessage, unknownFrameMessage, unreadableAlarmMessage } from './messages';

const REPEAT_AFTER = 60_000;
const MAX_REMEMBERED = 1000;

export interface IsupReportOptions {
    /** Whether unknown frames come out; else the log says a line about them. */
    raw: boolean;
    /** What the Devices sidebar shows. */
    devices: Pick<IsupDevices, 'presence' | 'event' | 'failed'>;
    /** Presence changed. */
    changed(): void;
    listening(): void;
    /** The listener itself failed. */
    failed(): void;
    keepClaims: IsupReporter['claims'];
    clock?: Clock;
}

/** What an `isup-in` says: presence on output 1, what devices send on output 2, the rest in the log. */
export function isupReport(RED: NodeAPI, node: Node, options: IsupReportOptions): IsupReporter {
    const { raw, devices, changed, listening, failed, keepClaims, clock = systemClock } = options;
    const told = new Map<string, number>();
    const text = (key: string, details: object) =>
        RED._(`@vigia/node-red-cctv/isup-in:isup-in.${key}`, details as never);
    const once = (mark: string, tell: () => void) => {
        const now = clock.elapsed();
        if (now - (told.get(mark) ?? Number.NEGATIVE_INFINITY) < REPEAT_AFTER) return;
        if (told.size >= MAX_REMEMBERED) told.clear();
        told.set(mark, now);
        tell();
    };
    return {
        listening: () => listening(),
        presence: (presence) => {
            changed();
            devices.presence(presence);
            node.send([presenceMessage(presence), null]);
        },
        event: (occurrence) => {
            devices.event(occurrence);
            node.send([null, eventMessage(occurrence)]);
        },
        unreadable: (alarm, reason) => node.send([null, unreadableAlarmMessage(alarm, reason)]),
        unknown: (frame) => {
            if (raw) node.send([null, unknownFrameMessage(frame)]);
            else node.log(text('log.unknown', { ...frame, hex: frame.data.subarray(0, 32).toString('hex') }));
        },
        warning: ({ what, deviceId = '', address = '' }) => {
            once(`${what} ${deviceId || address}`, () => node.warn(text(`warning.${what}`, { deviceId, address })));
        },
        alarmHost: (what, deviceId, slot) => node.log(text(`log.${what}`, { deviceId, slot })),
        fault: (fault, deviceId) => {
            if (deviceId === undefined) failed();
            else devices.failed(fault, deviceId);
            once(`${fault.code} ${deviceId ?? ''}`, () => node.error(explain(RED, fault)));
        },
        claims: keepClaims,
    };
}
