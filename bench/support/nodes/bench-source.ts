import { get } from 'node:http';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';

interface SourceConfig extends NodeDef {
    port: number;
    /** Bytes of the whole stream, and how many events they hold. */
    bytes: number;
    count: number;
}

/**
 * The least that a node of this kind can do: it counts bytes, and for as many as make an event it sends a message of the
 * size and shape of an event's. What it costs is HTTP and Node-RED's own delivery.
 */
export = (RED: NodeAPI): void => {
    function BenchSourceNode(this: Node, config: SourceConfig) {
        RED.nodes.createNode(this, config);
        const bytesPerEvent = config.bytes / config.count;
        let received = 0;
        let sent = 0;
        const request = get({ host: '127.0.0.1', port: config.port, path: '/' }, (response) => {
            response.on('data', (chunk: Buffer) => {
                received += chunk.length;
                // The last event has gone out when the last byte is there, however the division was rounded.
                const due = Math.min(config.count, Math.floor((received + 1) / bytesPerEvent));
                for (; sent < due; sent += 1) this.send([messageOf(sent), null]);
            });
        });
        this.on('close', () => request.destroy());
    }

    RED.nodes.registerType('bench-source', BenchSourceNode);
};

function messageOf(index: number): NodeMessage {
    const payload = {
        id: 'abcdef0123456789',
        vendor: 'hikvision',
        via: 'alertstream',
        device: { name: 'bench', address: '127.0.0.1', mac: '00:00:5e:00:53:01' },
        channel: (index % 16) + 1,
        channelName: 'Front gate',
        kind: 'line-crossing',
        type: 'linedetection',
        family: 'perimeter',
        state: 'active',
        time: '2026-01-01T00:00:00+00:00',
        timeQuality: 'offset',
        receivedAt: '2026-01-01T00:00:00.000Z',
        replay: false,
        regions: [
            {
                id: '1',
                sensitivity: 50,
                target: 'human',
                points: [
                    [0.424, 0.642],
                    [0.161, 0.61],
                ],
            },
        ],
    };
    const raw = { format: 'xml', text: 'x', object: { EventNotificationAlert: { channelID: '1' } } };
    return { topic: 'bench/1/line-crossing', payload, pictures: [], raw } as NodeMessage;
}
