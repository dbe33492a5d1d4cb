import { systemClock } from '../protocols/clock';
import { pause } from '../protocols/pause';
import { EhomeDevice } from './ehomeDevice';
import { IsupDevice } from './isupDevice';

export const DEMO_ISUP_PORT = 17660;
/** For this demo only. */
export const DEMO_ISUP_KEY = 'vigia123';

export interface IsupDemo {
    devices: (IsupDevice | EhomeDevice)[];
    close(): Promise<void>;
}

const RETRY = 2000;
const ALARM_EVERY = 20_000;

function motion(active: boolean): string {
    const dateTime = `${new Date().toISOString().slice(0, 19)}+00:00`;
    const eventState = active ? 'active' : 'inactive';
    return JSON.stringify({ channelID: 1, dateTime, eventType: 'VMD', eventState, activePostCount: 1 });
}

/**
 * Two devices of ISUP 5.0 and one of EHome 2.0 that register at a listener on this machine, as soon as there is one, and
 * report motion now and then.
 */
export function startIsupDemo(port = DEMO_ISUP_PORT): IsupDemo {
    const common = { host: '127.0.0.1', port, key: DEMO_ISUP_KEY, reconnect: RETRY };
    const gate = new IsupDevice({ ...common, deviceId: 'GATE-4G', name: 'gate-4g', shortSerial: 'Q00000001' });
    const farm = new IsupDevice({ ...common, deviceId: 'FARM-4G', name: 'farm-4g', shortSerial: 'Q00000002' });
    const old = new EhomeDevice({ host: '127.0.0.1', port, deviceId: 'OLD-DVR' });
    const ended = new AbortController();
    const come = async (device: IsupDevice) => {
        while (!ended.signal.aborted) {
            try {
                await device.start();
                return;
            } catch {
                // Nobody listens there yet: Node-RED starts after its devices.
                await pause(systemClock, RETRY, ended.signal);
            }
        }
    };
    const coming = [come(gate), come(farm)];
    // Settles with the first answer, which may never come.
    void old.start();
    let active = false;
    const timer = setInterval(() => {
        active = !active;
        gate.alarm(motion(active));
        old.alarm(8, { AlarmAction: active ? 0 : 1 });
    }, ALARM_EVERY);
    return {
        devices: [gate, farm, old],
        close: async () => {
            ended.abort();
            clearInterval(timer);
            for (const device of [gate, farm]) device.destroy();
            old.stop();
            await Promise.all(coming);
        },
    };
}
