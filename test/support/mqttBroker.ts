import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';

/** Takes whatever MQTT clients send and delivers nothing: enough for a flow to start, publish and stop. */
export class MqttBroker {
    readonly #sockets = new Set<Socket>();
    readonly #server: Server = createServer((socket) => this.#accept(socket));

    async listen(): Promise<this> {
        await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        return this;
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    async close(): Promise<void> {
        for (const socket of this.#sockets) socket.destroy();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    #accept(socket: Socket): void {
        this.#sockets.add(socket);
        const packets = parser({ protocolVersion: 4 });
        packets.on('packet', (packet: Packet) => {
            const answer = answerTo(packet);
            if (answer !== undefined) socket.write(generate(answer));
        });
        socket.on('data', (chunk) => packets.parse(chunk));
        socket.on('error', () => socket.destroy());
        socket.on('close', () => this.#sockets.delete(socket));
    }
}

function answerTo(packet: Packet): Packet | undefined {
    switch (packet.cmd) {
        case 'connect':
            return { cmd: 'connack', returnCode: 0, sessionPresent: false };
        case 'subscribe':
            return { cmd: 'suback', messageId: packet.messageId!, granted: packet.subscriptions.map(() => 0) };
        case 'unsubscribe':
            return { cmd: 'unsuback', messageId: packet.messageId!, granted: [] };
        case 'publish':
            return packet.qos === 1 ? { cmd: 'puback', messageId: packet.messageId! } : undefined;
        case 'pingreq':
            return { cmd: 'pingresp' };
        default:
            return undefined;
    }
}
