/** The process that plays the device: the real digest login of the simulator, and a picture that costs nothing. */
import { HttpDevice } from '../../simulator/httpDevice';

const PICTURE = Buffer.alloc(100 * 1024, 0x5a);
PICTURE.writeUInt32BE(0xffd8ffe0, 0);

async function play(): Promise<void> {
    const device = await new HttpDevice({ login: { username: 'admin', password: 'vigia123' } }).listen();
    device.route('GET', '/ISAPI/System/deviceInfo', (exchange) =>
        exchange.xml('DeviceInfo', { deviceName: 'gate', model: 'DS-2CD2185FWD-I', serialNumber: '007' }),
    );
    device.route('GET', '/ISAPI/Streaming/channels/101/picture', (exchange) => exchange.jpeg(PICTURE));
    process.on('disconnect', () => process.exit(0));
    process.send?.({ port: device.port });
}

void play();
