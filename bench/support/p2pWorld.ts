/** The process with the cloud, the recorders and the service behind them: the far end of the tunnels. */
import { type AddressInfo, createServer } from 'node:net';
import { LossyRelay } from '../../simulator/lossyRelay';
import { P2pCloud } from '../../simulator/p2pCloud';
import { SimulatedRecorder } from '../../simulator/p2pRecorder';
import { PATTERN } from './pattern';

export interface WorldOrder {
    recorders: number;
    /** Milliseconds one way between tunnel and recorder. */
    delay: number;
    loss: number;
}

export interface WorldAnswer {
    cloudPort: number;
    servicePort: number;
    serials: string[];
}

/** Sends as many bytes of the pattern as the client's first line says. */
const service = createServer({ noDelay: true }, (socket) => {
    socket.once('data', (line) => {
        let left = Number(line.toString());
        const pump = () => {
            while (left > 0) {
                const chunk = left >= PATTERN.length ? PATTERN : PATTERN.subarray(0, left);
                left -= chunk.length;
                if (!socket.write(chunk)) {
                    socket.once('drain', pump);
                    return;
                }
            }
        };
        pump();
    });
    socket.on('error', () => socket.destroy());
});

async function start({ recorders, delay, loss }: WorldOrder): Promise<WorldAnswer> {
    await new Promise<void>((ready) => service.listen(0, '127.0.0.1', ready));
    const servicePort = (service.address() as AddressInfo).port;
    const relays = new Map<SimulatedRecorder, LossyRelay>();
    const cloud = await P2pCloud.open({
        publicAddress: (recorder) => {
            const relay = relays.get(recorder);
            return relay ? { host: '127.0.0.1', port: relay.port } : recorder.address;
        },
    });
    const serials: string[] = [];
    for (let index = 0; index < recorders; index += 1) {
        const serial = `TESTSN${String(index + 1).padStart(7, '0')}`;
        const recorder = await SimulatedRecorder.open({ serial, services: { 37777: servicePort }, heartbeat: 5000 });
        if (delay > 0 || loss > 0) {
            relays.set(recorder, await LossyRelay.open(recorder.address, 1 + index, { delay, loss }));
        }
        cloud.register(recorder);
        serials.push(serial);
    }
    return { cloudPort: cloud.port, servicePort, serials };
}

process.on('message', (order: WorldOrder) => {
    start(order).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
