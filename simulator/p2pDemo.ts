import { DahuaRecorder } from './dahuaRecorder';
import { DEMO_LOGIN } from './demo';
import { P2pCloud } from './p2pCloud';
import { SimulatedRecorder } from './p2pRecorder';
import { RecorderServices } from './recorderServices';

export interface P2pDemoOptions {
    /** UDP port of the cloud's main server; 0 takes a free one. */
    cloudPort?: number;
    serial?: string;
}

export interface P2pDemo {
    cloud: P2pCloud;
    recorder: SimulatedRecorder;
    web: DahuaRecorder;
    close(): Promise<void>;
}

const DEMO_CLOUD_PORT = 18800;
const DEMO_SERIAL = 'TESTSN0000001';

/** A P2P cloud on this machine with one recorder in it: web page and CGI, RTSP, and the login of the vendor's port. */
export async function startP2pDemo({
    cloudPort = DEMO_CLOUD_PORT,
    serial = DEMO_SERIAL,
}: P2pDemoOptions = {}): Promise<P2pDemo> {
    const web = await new DahuaRecorder({ login: { ...DEMO_LOGIN } }).listen();
    const services = await RecorderServices.open(DEMO_LOGIN);
    const cloud = await P2pCloud.open({ port: cloudPort }).catch(async (thrown: unknown) => {
        services.close();
        await web.close();
        throw thrown;
    });
    const recorder = await SimulatedRecorder.open({
        serial,
        services: { 80: web.port, 554: services.rtspPort, 37777: services.privatePort },
        login: { ...DEMO_LOGIN, salt: 'd3m0' },
        needsSign: true,
    });
    cloud.register(recorder);
    return {
        cloud,
        recorder,
        web,
        close: async () => {
            recorder.close();
            cloud.close();
            services.close();
            await web.close();
        },
    };
}
