import { EhomeDevice } from './ehomeDevice';
import { IsupDevice, type IsupDeviceOptions } from './isupDevice';

export interface FleetOptions extends Omit<IsupDeviceOptions, 'deviceId' | 'shortSerial'> {
    /** Devices of ISUP 5.0. */
    count: number;
    /** Devices of EHome 2.0 beside them. */
    ehome?: number;
    /** Device IDs are this and a number of five digits. */
    prefix?: string;
    /** Logins under way at a time. */
    together?: number;
}

/** Many devices at once, each with its own Device ID and serial numbers. */
export class IsupFleet {
    readonly devices: IsupDevice[];
    readonly ehome: EhomeDevice[];
    private readonly together: number;

    constructor(options: FleetOptions) {
        const { count, ehome = 0, prefix = 'SIM-', together = 64, ...common } = options;
        this.together = together;
        this.devices = Array.from({ length: count }, (_, at) => {
            const number = String(at + 1).padStart(5, '0');
            return new IsupDevice({ ...common, deviceId: `${prefix}${number}`, shortSerial: `Q000${number}` });
        });
        const { host, port, from } = common;
        this.ehome = Array.from({ length: ehome }, (_, at) => {
            const deviceId = `${prefix}E${String(at + 1).padStart(4, '0')}`;
            return new EhomeDevice({ host, port, deviceId, ...(from && { from }) });
        });
    }

    /** Resolves when every device is online or was refused; rejects with the first that found nobody. */
    async start(): Promise<void> {
        const waiting = [...this.devices, ...this.ehome].values();
        const work = async () => {
            for (const device of waiting) await device.start();
        };
        await Promise.all(Array.from({ length: this.together }, work));
    }

    stop(): void {
        for (const device of this.devices) device.stop('close');
        for (const device of this.ehome) device.stop();
    }
}
