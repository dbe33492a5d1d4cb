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

/** One entry of `/Event/triggers`; events reach clients only when `center` is among the methods. */
export function eventTrigger(type: string, channelKey: string, channel: number, methods: string[]): object {
    return {
        id: `${type === 'tamperdetection' ? 'tamper' : type}-${channel}`,
        eventType: type,
        eventDescription: `${type} Event trigger Information`,
        [channelKey]: channel,
        EventTriggerNotificationList: {
            EventTriggerNotification: methods.map((method) => ({
                id: method === 'record' ? `record-${channel}` : method,
                notificationMethod: method,
                notificationRecurrence: 'beginning',
            })),
        },
    };
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
            path: '/ISAPI/Event/triggers',
            root: 'EventTriggerList',
            content: {
                EventTrigger: [
                    eventTrigger('VMD', 'videoInputChannelID', 1, ['record', 'center']),
                    eventTrigger('linedetection', 'videoInputChannelID', 1, ['record', 'center']),
                    eventTrigger('fielddetection', 'videoInputChannelID', 1, ['record', 'center']),
                    eventTrigger('tamperdetection', 'videoInputChannelID', 1, ['center']),
                ],
            },
            editable: true,
        },
        {
            path: '/ISAPI/System/IO/inputs/1/status',
            root: 'IOPortStatus',
            content: { ioPortID: 1, ioPortType: 'input', ioState: 'inactive' },
        },
        {
            path: '/ISAPI/System/IO/outputs/1/status',
            root: 'IOPortStatus',
            content: { ioPortID: 1, ioPortType: 'output', ioState: 'inactive' },
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
