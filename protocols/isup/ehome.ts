import { decodeText } from '../documents/readText';
import { readXml, type XmlObject, type XmlValue } from '../documents/readXml';

/**
 * EHome 2.x, 3.0 and 4.0: one XML message in each datagram, without key or header. Field names from published captures
 * (EasyCVR series on the EHome protocol) and from what the vendor's platform answers.
 */
export interface EhomeMessage {
    /** The device's EHome version: `2.0`, `3.0`, `4.0`. */
    version: string;
    /** Decimal; an answer repeats it. */
    sequence: string;
    type: 'REQUEST' | 'RESPONSE';
    /** Missing in many requests of 2.0. */
    method: string;
    /** `Command` of a request, `WhichCommand` of a response. */
    command: string;
    /** Responses only. */
    status?: number;
    params: XmlObject;
    /** The message as text, without the zero bytes that some senders append. */
    text: string;
}

/** Whole messages fit one datagram; anything longer is not one. */
const MAX_CHARACTERS = 65_507;
const WORD = /^[A-Za-z0-9_]{1,64}$/;
const DECIMAL = /^\d{1,20}$/;

function textOf(value: XmlValue | undefined): string {
    if (typeof value === 'string') return value.trim();
    if (Array.isArray(value)) return textOf(value[0]);
    return value === undefined ? '' : textOf(value['#text']);
}

function objectOf(value: XmlValue | undefined): XmlObject {
    const first = Array.isArray(value) ? value[0] : value;
    return typeof first === 'object' ? first : Object.create(null);
}

/** Devices declare GB2312, of which GB18030 is the superset in use, or UTF-8. */
function decode(datagram: Buffer): string {
    let end = datagram.length;
    while (end > 0 && datagram[end - 1] === 0) end--;
    const bytes = datagram.subarray(0, end);
    const declaration = bytes.toString('latin1', 0, Math.min(bytes.length, 128));
    const declared = /encoding\s*=\s*["']([\w-]{1,32})["']/i.exec(declaration)?.[1] ?? 'gb18030';
    const charset = /^gb/i.test(declared) ? 'gb18030' : declared;
    return decodeText(bytes, charset, 'gb18030').text;
}

/** @returns undefined where the datagram is no EHome message; never throws */
export function readEhome(datagram: Buffer): EhomeMessage | undefined {
    const text = decode(datagram);
    const message = objectOf(readXml(text, { characters: MAX_CHARACTERS, depth: 16, elements: 2000 })?.PPVSPMessage);
    const type = textOf(message.CommandType).toUpperCase();
    const sequence = textOf(message.Sequence);
    if ((type !== 'REQUEST' && type !== 'RESPONSE') || !DECIMAL.test(sequence)) return undefined;
    const command = textOf(type === 'REQUEST' ? message.Command : message.WhichCommand);
    if (!WORD.test(command)) return undefined;
    const status = textOf(message.Status);
    return {
        version: textOf(message.Version) || '2.0',
        sequence,
        type,
        method: textOf(message.Method),
        command,
        ...(type === 'RESPONSE' && DECIMAL.test(status) && { status: Number(status) }),
        params: objectOf(message.Params),
        text,
    };
}

/** The text of one parameter, empty where it is missing. */
export function param(message: EhomeMessage, name: string): string {
    return textOf(message.params[name]);
}

function escapeXml(value: string | number): string {
    return String(value).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

type Fields = readonly (readonly [name: string, value: string | number])[];

function write(fields: Fields, params?: Fields): Buffer {
    const lines = ['<?xml version="1.0" encoding="GB2312" ?>', '<PPVSPMessage>'];
    for (const [name, value] of fields) lines.push(`<${name}>${escapeXml(value)}</${name}>`);
    if (params) {
        const inner = params.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>\n`).join('');
        lines.push(`<Params>\n${inner}</Params>`);
    }
    lines.push('</PPVSPMessage>');
    // Everything we write is ASCII, which is the same in GB2312.
    return Buffer.from(lines.join('\r\n'), 'latin1');
}

function answer(
    to: EhomeMessage,
    method: string | undefined,
    status: number,
    description: string,
    params?: Fields,
): Buffer {
    const fields: [string, string | number][] = [
        ['Version', '2.5'],
        ['Sequence', to.sequence],
        ['CommandType', 'RESPONSE'],
    ];
    if (method !== undefined) fields.push(['Method', method]);
    fields.push(['WhichCommand', to.command], ['Status', status], ['Description', description]);
    return write(fields, params);
}

export interface RegisterAnswer {
    /** Seconds between heartbeats that the device is to keep. */
    keepAlive: number;
    alarmAddress: string;
    alarmPort: number;
    /** Empty: the device keeps its own clock, rather than ask a host that has no NTP. */
    ntpAddress: string;
}

/** Which of the parameters a device insists on is not known: all that the vendor's platform sends are there. */
export function writeRegisterAnswer(to: EhomeMessage, server: RegisterAnswer): Buffer {
    return answer(to, 'REGISTER', 200, 'OK', [
        ['KeepAliveSeconds', server.keepAlive],
        ['AlarmServerIP', server.alarmAddress],
        ['AlarmServerPort', server.alarmPort],
        // 0 is UDP, the only way of EHome alarms whose framing is known.
        ['AlarmServerType', 0],
        ['NTPServerIP', server.ntpAddress],
        ['NTPServerPort', 123],
        ['NTPInterval', 3600],
        ['PictureServer', ''],
        ['PictureServerPort', 0],
        ['PictureServerType', 0],
        ['BlackListAddr', ''],
        ['BlackListName', ''],
        ['BlackListPort', 0],
        ['BlackListUser', ''],
        ['BlackListPassword', ''],
        ['RegisterServerIP', ''],
        ['RegisterServerPort', 0],
    ]);
}

export function writeKeepAliveAnswer(to: EhomeMessage): Buffer {
    return answer(to, 'CONTROL', 200, 'OK');
}

/** Sends a device that is not registered here back to REGISTER: this is how presence survives our restart. */
export function writeRegisterAgain(to: EhomeMessage): Buffer {
    return answer(to, 'REGISTER', 403, 'OK');
}

/** `UNKNOW` is how the vendor's platform spells it. */
export function writeUnknownCommand(to: EhomeMessage): Buffer {
    return answer(to, 'UNKNOW', 401, '');
}

/** To ALARM and GPS: without a method. */
export function writeAlarmAnswer(to: EhomeMessage): Buffer {
    return answer(to, undefined, 200, 'OK');
}

/**
 * What the vendor's platform answers to a 4.0 device that asks for reliable transmission. Our listener speaks no
 * HRUDP and answers 200 by default; `lowVersion` of the listener switches to this with ReliableTransmission FALSE.
 */
export function writeLowVersion(to: EhomeMessage, reliable: boolean): Buffer {
    return answer(to, 'REGISTER', 402, 'LOWVERSION', [
        ['ReliableTransmission', reliable ? 'TRUE' : 'FALSE'],
        ['ISUPV50', 'TRUE'],
    ]);
}

/** Asks a device for its serial number and channels, which REGISTER of 2.0 does not carry. */
export function writeGetServerInfo(sequence: number): Buffer {
    return write(
        [
            ['Version', '2.5'],
            ['Sequence', sequence],
            ['CommandType', 'REQUEST'],
            ['Method', 'PARAM'],
            ['Command', 'GETDEVICECONFIG'],
        ],
        [
            ['ConfigCmd', 'GetServerInfo'],
            ['ConfigParam1', 0],
            ['ConfigParam2', 0],
            ['ConfigParam3', 0],
            ['ConfigParam4', 0],
        ],
    );
}

/** The full serial number in the answer to {@link writeGetServerInfo}; undefined in any other message. */
export function serialOfServerInfo(message: EhomeMessage): string | undefined {
    if (message.type !== 'RESPONSE' || message.command !== 'GETDEVICECONFIG') return undefined;
    const info = objectOf(objectOf(message.params.ConfigXML).SERVERINFO);
    return textOf(info.SerialNumber) || undefined;
}

/** An ALARM as sent; numbers stay undefined where the device sent none. */
export interface EhomeAlarm {
    /** Device-local, `YYYY-MM-DD HH:MM:SS`. */
    time: string;
    type: string;
    /** 0 start, 1 stop; always 0 where the report is of one instant. */
    action?: number;
    /** 1: sent again later. */
    retransmitted: boolean;
    videoChannel?: number;
    alarmIn?: number;
    disk?: number;
}

export function readAlarm(message: EhomeMessage): EhomeAlarm | undefined {
    const type = param(message, 'AlarmType');
    if (message.command !== 'ALARM' || type === '') return undefined;
    const number = (name: string) => {
        const value = param(message, name);
        return DECIMAL.test(value) ? Number(value) : undefined;
    };
    const alarm: EhomeAlarm = {
        time: param(message, 'AlarmTime'),
        type,
        retransmitted: number('RetransFlag') === 1,
    };
    const fields = {
        action: 'AlarmAction',
        videoChannel: 'VideoChannel',
        alarmIn: 'AlarmInChannel',
        disk: 'DiskNumber',
    };
    for (const [to, from] of Object.entries(fields) as [keyof typeof fields, string][]) {
        const value = number(from);
        if (value !== undefined) alarm[to] = value;
    }
    return alarm;
}
