import { parseArgs } from 'node:util';
import { Fault } from '../protocols/errors';
import { EhomeDevice } from './ehomeDevice';
import { IsupDevice } from './isupDevice';
import { IsupFleet } from './isupFleet';

export const ISUP_USAGE = `npm run simulate -- isup [options]      a device that registers at an ISUP listener

  --server HOST      the listener, host or host:port; 127.0.0.1:7660. Nothing but this address is ever called, and the
                     one that it hands out
  --id ID            Device ID, SIMULATED1
  --key KEY          ISUP key
  --ehome VERSION    EHome 2.0, 3.0 or 4.0 by UDP instead; needs no key
  --count N          a fleet of so many
  --keepalive S      seconds between heartbeats, 30
  --alarm S          an alarm of motion every so many seconds`;

export interface SimulatedIsup {
    stop(): void;
}

/** One line about motion, alternately its beginning and its end. */
function motion(active: boolean): string {
    const dateTime = new Date().toISOString().replace(/\.\d+Z$/, '+00:00');
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<EventNotificationAlert version="2.0">' +
        `<channelID>1</channelID><dateTime>${dateTime}</dateTime><activePostCount>1</activePostCount>` +
        `<eventType>VMD</eventType><eventState>${active ? 'active' : 'inactive'}</eventState>` +
        '<eventDescription>Motion alarm</eventDescription></EventNotificationAlert>\n'
    );
}

function serverOf(text: string): { host: string; port: number } {
    const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
    if (match === null) return { host: text, port: 7660 };
    return { host: (match[1] ?? match[2])!, port: Number(match[3] ?? 7660) };
}

function readOptions(args: string[]) {
    try {
        return parseArgs({
            args,
            options: {
                server: { type: 'string', default: '127.0.0.1:7660' },
                id: { type: 'string', default: 'SIMULATED1' },
                key: { type: 'string', default: '' },
                ehome: { type: 'string' },
                count: { type: 'string', default: '1' },
                keepalive: { type: 'string', default: '30' },
                alarm: { type: 'string', default: '0' },
            },
        }).values;
    } catch (error) {
        throw new Fault('CONFIG_INVALID', {
            details: { field: 'isup', reason: (error as Error).message },
            cause: error,
        });
    }
}

/**
 * `npm run simulate -- isup …`: tries a firewall without a camera. Settles when every device is online or was refused.
 *
 * @param print gets a line for each step of each device
 * @throws Fault CONFIG_INVALID for options that do not exist; an Error where nobody listens
 */
export async function simulateIsup(args: string[], print: (line: string) => void): Promise<SimulatedIsup> {
    const values = readOptions(args);
    const { host, port } = serverOf(values.server);
    const count = Math.max(1, Number(values.count) || 1);
    const every = (Number(values.alarm) || 0) * 1000;
    const log = (who: string) => (step: string) => print(`${who}  ${step}`);
    if (values.ehome !== undefined) {
        const version = values.ehome as '2.0' | '3.0' | '4.0';
        if (!['2.0', '3.0', '4.0'].includes(version)) {
            const details = { field: '--ehome', reason: `there is no version ${version} by UDP` };
            throw new Fault('CONFIG_INVALID', { details });
        }
        const from = host === '127.0.0.1' || host === '::1' ? host : host.includes(':') ? '::' : '0.0.0.0';
        const device = new EhomeDevice({ host, port, deviceId: values.id, version, from, onStep: log(values.id) });
        await device.start();
        return running(
            every,
            () => device.alarm(8),
            () => device.stop(),
        );
    }
    const common = { host, port, key: values.key, keepAlive: Number(values.keepalive) || 30, reconnect: 5000 };
    if (count === 1) {
        const device = new IsupDevice({ ...common, deviceId: values.id, onStep: log(values.id) });
        await device.start();
        return running(
            every,
            (active) => device.alarm(motion(active)),
            () => device.stop(),
        );
    }
    const fleet = new IsupFleet({ ...common, count, prefix: `${values.id}-` });
    await fleet.start();
    const online = fleet.devices.filter((device) => device.state === 'online').length;
    print(`${online} of ${count} devices online`);
    const alarm = (active: boolean) => {
        for (const device of fleet.devices) device.alarm(motion(active));
    };
    return running(every, alarm, () => fleet.stop());
}

function running(every: number, alarm: (active: boolean) => void, stop: () => void): SimulatedIsup {
    let active = false;
    const next = () => {
        active = !active;
        alarm(active);
    };
    const timer = every > 0 ? setInterval(next, every) : undefined;
    return {
        stop: () => {
            clearInterval(timer);
            stop();
        },
    };
}
