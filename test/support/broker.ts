import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type IPublishPacket, parser, writeToStream } from 'mqtt-packet';

/** A broker that takes whatever is published, and remembers it. */
export class Broker {
    readonly published: IPublishPacket[] = [];
    readonly #server: Server = createServer((socket) => this.#serve(socket));
    readonly #sockets = new Set<Socket>();

    async listen(): Promise<number> {
        this.#server.listen(0, '127.0.0.1');
        await once(this.#server, 'listening');
        return (this.#server.address() as AddressInfo).port;
    }

    close(): void {
        for (const socket of this.#sockets) socket.destroy();
        this.#server.close();
    }

    /** The newest of a topic, as a broker keeps it for those who come later. */
    retained(topic: string): string | undefined {
        return this.published.findLast((one) => one.topic === topic && one.retain)?.payload.toString();
    }

    /** What came and went. */
    passing(topic: string): string[] {
        return this.published.filter((one) => one.topic === topic && !one.retain).map(({ payload }) => String(payload));
    }

    #serve(socket: Socket): void {
        this.#sockets.add(socket);
        socket.on('error', () => socket.destroy());
        const reader = parser();
        reader.on('packet', (packet) => {
            if (packet.cmd === 'connect')
                writeToStream({ cmd: 'connack', returnCode: 0, sessionPresent: false }, socket);
            else if (packet.cmd === 'pingreq') writeToStream({ cmd: 'pingresp' }, socket);
            else if (packet.cmd === 'publish') {
                this.published.push(packet);
                if (packet.qos === 1) writeToStream({ cmd: 'puback', messageId: packet.messageId! }, socket);
            }
        });
        socket.on('data', (chunk) => reader.parse(chunk));
    }
}
