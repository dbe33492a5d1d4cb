import { Camera } from './camera';
import type { HttpDeviceOptions } from './httpDevice';
import { Nvr } from './nvr';
import { doorStory, gateStory, recorderStory, type Story, tell } from './stories';
import { Terminal } from './terminal';

export type DeviceKind = 'camera' | 'nvr' | 'terminal';

export interface DemoOptions {
    /** 18081, 18082 and 18083 where nothing else is said; 0 takes a free one. */
    ports?: Partial<Record<DeviceKind, number>>;
    /** 127.0.0.1 */
    host?: string;
    /** Where the devices post their alarms: all of them, or each its own; on this machine only. */
    alarmUrl?: string | Partial<Record<DeviceKind, string>>;
    /** Things that happen at each device in a minute; 10. */
    eventsPerMinute?: number;
    seed?: number;
}

export interface Demo {
    camera: Camera;
    nvr: Nvr;
    terminal: Terminal;
    /** Stops the stories and ends every device. */
    close(): Promise<void>;
}

/** The login of every device of the demo. */
export const DEMO_LOGIN = { username: 'admin', password: 'vigia123' };

export const DEMO_PORTS: Record<DeviceKind, number> = { camera: 18081, nvr: 18082, terminal: 18083 };

/** A plate-reading model, so that a story shows plates beside motion and line crossings. */
export const GATE_CAMERA = {
    profile: { name: 'Portaria', model: 'iDS-2CD7A46G0/P-IZHSY', serial: 'iDS-2CD7A46G0/P-IZHSY20240101AAWR100000001' },
};

/**
 * Starts a camera, a recorder and a terminal in which something happens every few seconds.
 * User `admin`, password `vigia123`: for this demo only.
 *
 * @throws Fault PORT_IN_USE and its like; nothing is left running then
 */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
    const { host = '127.0.0.1', eventsPerMinute = 10, seed = 1 } = options;
    const common = (kind: DeviceKind): HttpDeviceOptions & { seed: number } => ({
        host,
        seed,
        port: options.ports?.[kind] ?? DEMO_PORTS[kind],
    });
    const devices = {
        camera: new Camera({ ...common('camera'), ...GATE_CAMERA }),
        nvr: new Nvr(common('nvr')),
        terminal: new Terminal(common('terminal')),
    };
    const all = Object.values(devices);
    const stops: (() => void)[] = [];
    const close = async () => {
        for (const stop of stops) stop();
        await Promise.all(all.map((device) => device.close()));
    };
    try {
        for (const device of all) await device.listen();
    } catch (error) {
        await close();
        throw error;
    }
    for (const [kind, device] of Object.entries(devices)) {
        const url = typeof options.alarmUrl === 'string' ? options.alarmUrl : options.alarmUrl?.[kind as DeviceKind];
        if (url !== undefined) device.pushTo(url);
    }
    const seconds = 60 / eventsPerMinute;
    const begin = (story: Story) => stops.push(tell(story, devices.camera.clock));
    begin(gateStory(devices.camera, seconds));
    begin(recorderStory(devices.nvr, seconds));
    begin(doorStory(devices.terminal, seconds));
    return { ...devices, close };
}
