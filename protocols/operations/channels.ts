import { compact, flagAt, listAt, numberAt, textAt } from '../documents/fields';
import { Fault } from '../errors';
import { readAnswer } from '../isapi/answer';
import { meansUnsupported } from '../isapi/answerFault';
import type { Context, Operations } from './operation';

/** One picture source of a device, whether its own or a camera behind a recorder. */
export interface Channel {
    id: number;
    name?: string;
    /** `video`: an input of the device itself · `proxy`: a camera that a recorder relays. */
    source: 'video' | 'proxy';
    enabled?: boolean;
    online?: boolean;
    address?: string;
    model?: string;
    serial?: string;
}

/**
 * The channels of a device: its own inputs, then the cameras behind it. Pure recorders refuse the first question,
 * cameras the second (device dumps of maciej-or/hikvision_next); the number of entries is counted, as the written
 * `size` is wrong.
 */
export async function readChannels(ask: Context['ask']): Promise<Channel[]> {
    const [own, relayed] = [
        await tolerant(ask, '/ISAPI/System/Video/inputs/channels'),
        await tolerant(ask, '/ISAPI/ContentMgmt/InputProxy/channels'),
    ];
    if (own instanceof Fault && relayed instanceof Fault) throw own;
    return [
        ...listAt(own, 'VideoInputChannelList/VideoInputChannel').map(ownChannel),
        ...listAt(relayed, 'InputProxyChannelList/InputProxyChannel').map(relayedChannel),
    ].filter((channel) => Number.isInteger(channel.id));
}

async function tolerant(ask: Context['ask'], path: string): Promise<unknown> {
    try {
        return readAnswer(await ask({ path }), 'object');
    } catch (thrown) {
        const fault = Fault.from(thrown);
        if (meansUnsupported(fault)) return fault;
        throw fault;
    }
}

function ownChannel(entry: Record<string, unknown>): Channel {
    const resolution = textAt(entry, 'resDesc');
    return compact<Channel>({
        id: numberAt(entry, 'id') ?? Number.NaN,
        name: textAt(entry, 'name'),
        source: 'video',
        enabled: flagAt(entry, 'videoInputEnabled'),
        online: resolution === undefined ? undefined : !/no video/i.test(resolution),
    });
}

function relayedChannel(entry: Record<string, unknown>): Channel {
    return compact<Channel>({
        id: numberAt(entry, 'id') ?? Number.NaN,
        name: textAt(entry, 'name'),
        source: 'proxy',
        address: textAt(entry, 'sourceInputPortDescriptor/ipAddress'),
        model: textAt(entry, 'sourceInputPortDescriptor/model'),
        serial: textAt(entry, 'sourceInputPortDescriptor/serialNumber'),
    });
}

/** Path of a picture source's stream: channel × 100 + stream, 1 main, 2 sub, 3 third (ISAPI guide). */
export function streamId(channel: number, stream: number): number {
    return channel * 100 + stream;
}

export const STREAM_PARAMETERS = {
    channel: { type: 'integer', min: 1, max: 9999, default: 1 },
    stream: { type: 'integer', min: 1, max: 9, default: 1 },
} as const;

export const CHANNEL_OPERATIONS: Operations = {
    channels: {
        area: 'channels',
        parameters: {},
        run: async (context) => ({ payload: await readChannels(context.ask) }),
    },
    channelStatus: {
        area: 'channels',
        parameters: {},
        path: '/ISAPI/ContentMgmt/InputProxy/channels/status',
        read: (answer) => listAt(answer, 'InputProxyChannelStatusList/InputProxyChannelStatus'),
    },
    streams: {
        area: 'channels',
        parameters: {},
        path: '/ISAPI/Streaming/channels',
        read: (answer) => listAt(answer, 'StreamingChannelList/StreamingChannel'),
    },
    stream: {
        area: 'channels',
        parameters: STREAM_PARAMETERS,
        path: (values) => `/ISAPI/Streaming/channels/${streamId(values.number('channel'), values.number('stream'))}`,
        read: (answer) => listAt(answer, 'StreamingChannel')[0],
    },
    rtspUrl: {
        area: 'channels',
        parameters: {
            ...STREAM_PARAMETERS,
            port: { type: 'integer', min: 1, max: 65535, default: 554 },
            transport: { type: 'choice', choices: ['', 'unicast', 'multicast'], default: '' },
        },
        async run(context, values) {
            const id = streamId(values.number('channel'), values.number('stream'));
            const mode = values.text('transport');
            const host = context.host.includes(':') ? `[${context.host}]` : context.host;
            const query = mode === '' ? '' : `?transportmode=${mode}`;
            return { payload: `rtsp://${host}:${values.number('port')}/ISAPI/Streaming/channels/${id}${query}` };
        },
    },
};
