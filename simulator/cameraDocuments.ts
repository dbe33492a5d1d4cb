import { eventTrigger } from './eventTriggers';

/** A document that a client reads, and puts back where it is `editable`. */
export interface DeviceDocument {
    path: string;
    root: string;
    content: object;
    editable?: true;
}

const videoInput = (id: number, name: string) => ({
    id,
    inputPort: id,
    videoInputEnabled: true,
    name,
    videoFormat: 'PAL',
});

/** `Streaming/channels/{sid}`: 1 is the main stream, 2 the sub stream. */
export function streamingChannel(channel: number, stream: 1 | 2, name: string): object {
    const [width, height] = stream === 1 ? [1920, 1080] : [640, 360];
    return {
        id: channel * 100 + stream,
        channelName: name,
        enabled: true,
        Transport: {
            maxPacketSize: 1000,
            ControlProtocolList: { ControlProtocol: [{ streamingTransport: 'RTSP' }, { streamingTransport: 'HTTP' }] },
        },
        Video: {
            enabled: true,
            videoInputChannelID: channel,
            videoCodecType: 'H.264',
            videoResolutionWidth: width,
            videoResolutionHeight: height,
            videoQualityControlType: 'VBR',
            maxFrameRate: 2500,
            keyFrameInterval: 2000,
            snapShotImageType: 'JPEG',
        },
        Audio: { enabled: false, audioInputChannelID: channel, audioCompressionType: 'G.711ulaw' },
    };
}

export function cameraTriggers() {
    const trigger = (type: string, methods: string[]) => eventTrigger(type, 'videoInputChannelID', 1, methods);
    return [
        trigger('VMD', ['record', 'center']),
        trigger('linedetection', ['record', 'center']),
        trigger('fielddetection', ['record', 'center']),
        trigger('tamperdetection', ['beep']),
    ];
}

/** What a camera answers to the usual questions; shapes as in the device dumps of hikvision_next. */
export function cameraDocuments(name: string): DeviceDocument[] {
    const inputs = '/ISAPI/System/Video/inputs/channels';
    return [
        { path: inputs, root: 'VideoInputChannelList', content: { VideoInputChannel: [videoInput(1, name)] } },
        { path: `${inputs}/1`, root: 'VideoInputChannel', content: videoInput(1, name), editable: true },
        {
            path: `${inputs}/1/motionDetection`,
            root: 'MotionDetection',
            content: {
                enabled: true,
                enableHighlight: false,
                samplingInterval: 2,
                startTriggerTime: 500,
                endTriggerTime: 500,
                regionType: 'grid',
                Grid: { rowGranularity: 18, columnGranularity: 22 },
                MotionDetectionLayout: { sensitivityLevel: 60, layout: { gridMap: 'f'.repeat(108) } },
            },
            editable: true,
        },
        {
            path: '/ISAPI/Streaming/channels',
            root: 'StreamingChannelList',
            content: { StreamingChannel: [streamingChannel(1, 1, name), streamingChannel(1, 2, name)] },
        },
        {
            path: '/ISAPI/Streaming/channels/101',
            root: 'StreamingChannel',
            content: streamingChannel(1, 1, name),
            editable: true,
        },
        {
            path: '/ISAPI/Streaming/channels/102',
            root: 'StreamingChannel',
            content: streamingChannel(1, 2, name),
            editable: true,
        },
        {
            path: '/ISAPI/ContentMgmt/Storage',
            root: 'storage',
            content: {
                hddList: {
                    '@size': 1,
                    hdd: {
                        id: 1,
                        hddName: 'hdda',
                        hddPath: '',
                        hddType: 'SD',
                        status: 'ok',
                        capacity: 61056,
                        freeSpace: 20480,
                        property: 'RW',
                    },
                },
                nasList: { '@size': 0 },
                workMode: 'quota',
            },
        },
    ];
}
