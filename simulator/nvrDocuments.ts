import { eventTrigger } from './eventTriggers';

/** One camera of a recorder, as `InputProxy/channels` lists it (device dumps of hikvision_next). */
export function proxyChannel(id: number, name: string): object {
    return {
        id,
        name,
        sourceInputPortDescriptor: {
            proxyProtocol: 'HIKVISION',
            addressingFormatType: 'ipaddress',
            ipAddress: `192.0.2.${100 + id}`,
            managePortNo: 8000,
            srcInputPort: 1,
            userName: 'admin',
            connMode: 'plugplay',
            streamType: 'auto',
            model: 'DS-2CD2143G2-I',
            serialNumber: `DS-2CD2143G2-I20240101AAWRG${100000000 + id}`,
            firmwareVersion: 'V5.7.3',
            deviceID: '',
        },
        enableAnr: false,
    };
}

export function proxyStatus(id: number, online: boolean): object {
    return {
        id,
        sourceInputPortDescriptor: { proxyProtocol: 'HIKVISION', ipAddress: `192.0.2.${100 + id}`, managePortNo: 8000 },
        online,
        chanDetectResult: online ? 'connect' : 'netUnreachable',
    };
}

export function recorderTriggers(channels: number[]) {
    const key = 'dynVideoInputChannelID';
    return channels.flatMap((channel) => [
        eventTrigger('VMD', key, channel, ['record', 'center']),
        eventTrigger('videoloss', key, channel, ['center']),
        eventTrigger('fielddetection', key, channel, ['record', 'center', 'beep']),
    ]);
}
