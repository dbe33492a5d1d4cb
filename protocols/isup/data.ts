import type { AlarmBody } from './alarmBody';
import type { Framing } from './classifier';
import type { EhomeAlarm } from './ehome';

/** Who sent something, as far as it is known. */
export interface Sender {
    deviceId: string;
    name?: string;
    serial?: string;
    model?: string;
    mac?: string;
    address: string;
}

interface Received {
    /** Epoch milliseconds. */
    at: number;
    sender: Sender;
}

/** An event on the session or on the alarm link of ISUP 5.0. */
export interface IsupAlarm extends Received {
    is: 'alarm';
    topic: string;
    body: AlarmBody;
}

/** An ALARM of EHome, by UDP. */
export interface EhomeAlarmReport extends Received {
    is: 'ehome-alarm';
    alarm: EhomeAlarm;
    text: string;
}

/** A position of EHome, as text: the units are those of the device's manual. */
export interface EhomePosition extends Received {
    is: 'gps';
    params: Record<string, string>;
    text: string;
}

/** Bytes that nobody could read, from an address that is told once. They are never answered. */
export interface UnknownFrame {
    is: 'unknown';
    at: number;
    transport: 'tcp' | 'udp';
    framing: Framing;
    address: string;
    port: number;
    /** The first 2 KiB. */
    data: Buffer;
    /** Texts in it that may be names of a device. */
    candidates: string[];
    /** The listed device that one of them names. */
    deviceId?: string;
}

export type IsupData = IsupAlarm | EhomeAlarmReport | EhomePosition | UnknownFrame;

/** Something that an integrator should know and that changes nothing. */
export interface IsupWarning {
    what:
        | 'undecryptable'
        | 'flapping'
        | 'newer-variant'
        | 'das-address'
        | 'ehome-over-isup'
        | 'limit'
        | 'datagrams'
        | 'strangers'
        | 'slow-client';
    deviceId?: string;
    address?: string;
}

const MAX_CANDIDATES = 16;

/** Runs of a length byte and that many printable characters, and plain printable runs: in that order, each once. */
export function candidatesIn(bytes: Buffer): string[] {
    const found = new Set<string>();
    const printable = (byte: number) =>
        (byte >= 0x30 && byte <= 0x39) ||
        (byte >= 0x41 && byte <= 0x5a) ||
        (byte >= 0x61 && byte <= 0x7a) ||
        byte === 0x2e ||
        byte === 0x5f ||
        byte === 0x2d;
    const run = (from: number) => {
        let end = from;
        while (end < bytes.length && printable(bytes[end]!)) end++;
        return end - from;
    };
    for (let at = 0; at < bytes.length - 4; at++) {
        const length = bytes[at]!;
        if (length >= 4 && length <= 64 && run(at + 1) >= length)
            found.add(bytes.toString('latin1', at + 1, at + 1 + length));
    }
    for (let at = 0; at < bytes.length; ) {
        const length = run(at);
        if (length >= 4 && length <= 64) found.add(bytes.toString('latin1', at, at + length));
        at += Math.max(1, length);
    }
    return [...found].slice(0, MAX_CANDIDATES);
}
