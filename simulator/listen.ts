/**
 * `npm run listen -- 7660`: prints who registers by ISUP or EHome. A camera needs no key for that: its Device ID, serial
 * number and model come in clear with the first packet. With `--key` the login goes on, and the device comes online.
 */
import { parseArgs } from 'node:util';
import type { IsupData } from '../protocols/isup/data';
import { IsupListener } from '../protocols/isup/listener';
import type { Presence } from '../protocols/isup/presence';

const USAGE = `npm run listen -- [port] [options]      prints who registers by ISUP or EHome

  port               TCP and UDP, 7660
  --alarm-port N     TCP and UDP, 7662
  --bind ADDRESS     0.0.0.0; use :: for IPv6 as well
  --key KEY          ISUP key of the devices: without it they are seen, with it they come online
  --advertise HOST   address handed to devices, where they reach this machine by another one (NAT, container)

Open TCP and UDP of the port in the firewall. In the device: Configuration, Network, Advanced, Platform Access.`;

function line(presence: Presence): string {
    const { state, reason, deviceId, name, address, port, protocol, model, serial, firmware, confidence } = presence;
    const what = reason === undefined ? state : `${state} (${reason})`;
    const who = [deviceId, name === deviceId ? undefined : name, model, serial, firmware].filter(Boolean).join(' · ');
    const version = protocol === '' ? '' : ` · ${protocol === '5.0' ? 'ISUP' : 'EHome'} ${protocol}`;
    return `${what.padEnd(22)} ${who} · ${address}:${port}${version} · ${confidence}`;
}

function dataLine(data: IsupData): string {
    if (data.is === 'unknown') {
        const head = data.data.subarray(0, 32).toString('hex');
        return `${data.framing.padEnd(22)} ${data.transport} ${data.address}:${data.port} · ${head} · not answered`;
    }
    const what = data.is === 'ehome-alarm' ? `alarm ${data.alarm.type}` : data.is;
    return `${what.padEnd(22)} ${data.sender.deviceId} · ${data.sender.address}`;
}

async function main(): Promise<void> {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: {
            'alarm-port': { type: 'string', default: '7662' },
            bind: { type: 'string', default: '0.0.0.0' },
            key: { type: 'string' },
            advertise: { type: 'string', default: '' },
            help: { type: 'boolean', short: 'h', default: false },
        },
    });
    if (values.help) {
        console.log(USAGE);
        return;
    }
    const print = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
    const listener = new IsupListener({
        bind: values.bind,
        port: Number(positionals[0] ?? 7660),
        alarmPort: Number(values['alarm-port']),
        advertise: values.advertise,
        ...(values.key && { defaultKey: values.key }),
        events: {
            onPresence: (presence) => print(line(presence)),
            onData: (data) => print(dataLine(data)),
            onFault: (fault) => print(fault.message),
        },
    });
    await listener.listen();
    print(`listening on TCP and UDP ${listener.port} and ${listener.alarmPort}; Ctrl-C ends it`);
    const stop = () => {
        process.off('SIGINT', stop);
        process.off('SIGTERM', stop);
        void listener.close({ announce: true });
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
}

main().catch((error: Error) => {
    console.error(error.message);
    if ('remedy' in error) console.error(error.remedy);
    process.exitCode = 1;
});
