import { parseArgs } from 'node:util';
import { Fault } from '../protocols/errors';
import { DEMO_PORTS, type DeviceKind } from './demo';
import { PUSH_VARIANTS, pushStyleOf } from './push/pushVariants';
import { framingOf, VARIANTS } from './stream/variants';

/** What the command line asks for, checked. */
export interface CliSettings {
    action: 'run' | 'help' | 'list-variants';
    devices: { kind: DeviceKind; port: number }[];
    bind: string;
    username: string;
    /** Undefined: the demo's. */
    password: string | undefined;
    variants: string[];
    pushVariants: string[];
    replay: string | undefined;
    /** A downloaded diagnostics file: its device in place of ours. */
    diagnostics: string | undefined;
    interval: number;
    loop: boolean;
    push: string | undefined;
    eventsPerMinute: number;
    seed: number;
    tls: boolean;
}

const OPTIONS = {
    help: { type: 'boolean', short: 'h' },
    'list-variants': { type: 'boolean' },
    port: { type: 'string' },
    bind: { type: 'string', default: '127.0.0.1' },
    user: { type: 'string', default: 'admin' },
    password: { type: 'string' },
    variant: { type: 'string', multiple: true, default: [] as string[] },
    'push-variant': { type: 'string', multiple: true, default: [] as string[] },
    replay: { type: 'string' },
    diagnostics: { type: 'string' },
    interval: { type: 'string', default: '1000' },
    loop: { type: 'boolean', default: false },
    push: { type: 'string' },
    'events-per-minute': { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    tls: { type: 'boolean', default: false },
} as const;

export const HELP = `Simulated Hikvision devices: they answer, stream and post as real ones do.

  npm run simulate -- [camera|nvr|terminal|all] [options]
  npm run simulate -- isup --server HOST --id ID --key KEY    a device that registers; isup --help says more

  --port N               first port (camera 18081, nvr 18082, terminal 18083; "all" counts up)
  --bind ADDRESS         address to listen on (127.0.0.1; 0.0.0.0 to be reached from other machines)
  --user NAME            user (admin)
  --password WORD        password (vigia123, meant for demos only)
  --tls                  HTTPS with a self-signed certificate

  --events-per-minute N  things that happen at each device (10; 0 for none)
  --seed N               another number tells another story (1)
  --push URL             also post the alarms to this listening host, e.g. http://192.168.1.5:8080/alarm

  --variant NAME         a way of framing the stream; may be repeated, later ones win
  --push-variant NAME    a way of posting; may be repeated
  --list-variants        names and meanings of both

  --replay PATH          play captured bytes in place of events: an alertStream dump, an answer with its head,
                         single XML, JSON or JPEG files, or a folder of them; with --push they are posted as well
  --interval MS          pause between the parts of a replay (1000)
  --loop                 begin a replay anew at its end

  --diagnostics FILE     play the device of a diagnostics file, as the button in device-config downloads it

  -h, --help             this text

Ctrl-C ends it.`;

function refuse(option: string, reason: string): Fault {
    return new Fault('CONFIG_INVALID', { details: { field: option, reason } });
}

function number(values: Record<string, unknown>, option: string, from: number, to: number): number {
    const value = Number(values[option]);
    if (Number.isFinite(value) && value >= from && value <= to) return value;
    throw refuse(`--${option}`, `“${values[option]}” is not a number from ${from} to ${to}`);
}

function devicesOf(words: string[], port: number | undefined): CliSettings['devices'] {
    const [word = 'all', ...others] = words;
    if (others.length > 0) throw refuse('device', `one of camera, nvr, terminal and all, not “${words.join(' ')}”`);
    const kinds = word === 'all' ? (Object.keys(DEMO_PORTS) as DeviceKind[]) : [word as DeviceKind];
    if (!kinds.every((kind) => Object.hasOwn(DEMO_PORTS, kind))) {
        throw refuse('device', `there is no “${word}”; choose camera, nvr, terminal or all`);
    }
    return kinds.map((kind, index) => ({ kind, port: port === undefined ? DEMO_PORTS[kind] : port && port + index }));
}

function checkUrl(url: string): void {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
        throw refuse('--push', `“${url}” is not an address like http://host:8080/alarm`);
    }
}

function parse(args: string[]) {
    try {
        return parseArgs({ args, options: OPTIONS, allowPositionals: true });
    } catch (error) {
        // Its messages go on about positional arguments; the first sentence says what is wrong.
        throw refuse('command line', error instanceof Error ? error.message.split('. ', 1)[0]! : String(error));
    }
}

/**
 * Reads the command line.
 *
 * @throws Fault CONFIG_INVALID with a sentence that names the option
 */
export function readCommandLine(args: string[]): CliSettings {
    const { values, positionals } = parse(args);
    const port = values.port === undefined ? undefined : number(values, 'port', 0, 65533);
    framingOf(values.variant);
    pushStyleOf(values['push-variant']);
    if (values.push !== undefined) checkUrl(values.push);
    return {
        action: values.help ? 'help' : values['list-variants'] ? 'list-variants' : 'run',
        devices: devicesOf(positionals, port),
        bind: values.bind,
        username: values.user,
        password: values.password,
        variants: values.variant,
        pushVariants: values['push-variant'],
        replay: values.replay,
        diagnostics: values.diagnostics,
        interval: number(values, 'interval', 0, 3_600_000),
        loop: values.loop,
        push: values.push,
        eventsPerMinute: number(values, 'events-per-minute', 0, 6000),
        seed: number(values, 'seed', 0, Number.MAX_SAFE_INTEGER),
        tls: values.tls,
    };
}

/** The two tables of variants, one line each. */
export function variantList(): string {
    const lines = (table: Record<string, { about: string }>) =>
        Object.entries(table).map(([name, { about }]) => `  ${name.padEnd(26)} ${about}`);
    return ['--variant', ...lines(VARIANTS), '', '--push-variant', ...lines(PUSH_VARIANTS)].join('\n');
}
