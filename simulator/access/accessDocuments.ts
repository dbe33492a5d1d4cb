import type { AccessRow } from './accessLog';

/** The fields of the envelope that belong to the terminal. */
export interface AccessEnvelope {
    ipAddress: string;
    portNo: number;
    protocol: 'HTTP' | 'HTTPS';
    macAddress: string;
    deviceName: string;
}

/**
 * A row as the stream and the posts tell it, fields in the order of a DS-K1T342MWX (K1T342 project).
 *
 * @param live false for what is replayed when a client connects: `currentEvent` tells the two apart
 */
export function accessEvent(row: AccessRow, envelope: AccessEnvelope, dateTime: string, live: boolean): object {
    const { deviceName, ...address } = envelope;
    return {
        ...address,
        channelID: 1,
        dateTime,
        activePostCount: 1,
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        eventDescription: 'Access Controller Event',
        shortSerialNumber: live && row.picture ? 'F12345678' : undefined,
        AccessControllerEvent: {
            deviceName,
            majorEventType: row.major,
            subEventType: row.minor,
            remoteHostAddr: row.remoteAddress,
            cardNo: row.card,
            cardType: row.card && 1,
            name: row.name,
            cardReaderKind: row.reader && 1,
            cardReaderNo: row.reader,
            doorNo: row.door,
            verifyNo: 128 + (row.serial % 128),
            employeeNoString: row.employee,
            serialNo: row.serial,
            userType: row.employee && (row.userType ?? 'normal'),
            currentVerifyMode: row.verifyMode ?? (row.employee ? 'cardOrFace' : 'invalid'),
            currentEvent: live,
            frontSerialNo: row.previousSerial,
            attendanceStatus: row.attendance ?? 'undefined',
            label: '',
            statusValue: 0,
            mask: row.mask ?? (row.employee ? 'no' : 'unknown'),
            picturesNumber: live && row.picture ? 1 : undefined,
            purePwdVerifyEnable: true,
            remoteCheck: row.remoteCheck,
            FaceRect: row.face,
        },
    };
}

/** The same row as the history tells it: other names, and the picture by URL. */
export function historyRow(row: AccessRow, time: string, pictureUrl: string | undefined): object {
    return {
        major: row.major,
        minor: row.minor,
        time,
        netUser: row.major === 3 ? 'admin' : undefined,
        remoteHostAddr: row.remoteAddress,
        cardNo: row.card,
        cardType: row.employee && 1,
        name: row.name,
        cardReaderNo: row.reader,
        doorNo: row.door,
        employeeNoString: row.employee,
        serialNo: row.serial,
        userType: row.employee && (row.userType ?? 'normal'),
        currentVerifyMode: row.verifyMode ?? (row.employee ? 'cardOrFace' : 'invalid'),
        attendanceStatus: row.attendance,
        mask: row.mask ?? (row.employee ? 'no' : 'unknown'),
        pictureURL: pictureUrl,
        FaceRect: row.face,
    };
}

/** The sign of life on a terminal's stream; a KV6124 sends videoloss with activePostCount 1 (KV6124 project). */
export function terminalHeartbeat(type: 'videoloss' | 'heartBeat', envelope: AccessEnvelope, dateTime: string): object {
    const { deviceName: _name, ...address } = envelope;
    return {
        ...address,
        channelID: 1,
        dateTime,
        activePostCount: type === 'videoloss' ? 1 : 0,
        eventType: type,
        eventState: type === 'videoloss' ? 'inactive' : 'active',
        eventDescription: type === 'videoloss' ? 'videoloss alarm' : 'heartBeat',
    };
}
