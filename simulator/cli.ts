#!/usr/bin/env node
import { systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import { pause } from '../protocols/pause';
import { Camera } from './camera';
import { type CliSettings, HELP, readCommandLine, variantList } from './cliOptions';
import { DEMO_PORTS, type DeviceKind, GATE_CAMERA } from './demo';
import type { IsapiDeviceOptions } from './deviceOptions';
import { answerAs, type Diagnosed, readDiagnosed } from './diagnosed';
import { ISUP_USAGE, simulateIsup } from './isupCommand';
import { Nvr } from './nvr';
import type { PushResult } from './push/pusher';
import { doorStory, gateStory, recorderStory, tell } from './stories';
import { type Recording, readRecordings } from './stream/recording';
import { postsOf, Replay } from './stream/replay';
import { Terminal } from './terminal';

type Device = Camera | Nvr | Terminal;

/** What runs; `close` ends it and leaves nothing behind. */
export interface Running {
    devices: Device[];
    close(): Promise<void>;
}

function build(kind: DeviceKind, options: IsapiDeviceOptions): Device {
    if (kind === 'camera') return new Camera({ ...GATE_CAMERA, ...options });
    return kind === 'nvr' ? new Nvr(options) : new Terminal(options);
}

function story(device: Device, seconds: number) {
    if (device instanceof Camera) return gateStory(device, seconds);
    return device instanceof Nvr ? recorderStory(device, seconds) : doorStory(device, seconds);
}

function optionsFor(settings: CliSettings, port: number, recordings: readonly Recording[]): IsapiDeviceOptions {
    const { username, password, interval, loop } = settings;
    return {
        host: settings.bind,
        port,
        tls: settings.tls,
        seed: settings.seed,
        variants: settings.variants,
        pushVariants: settings.pushVariants,
        pushHosts: settings.push === undefined ? [] : [new URL(settings.push).hostname],
        login: { username, ...(password !== undefined && { password }) },
        ...(recordings.length > 0 && { replay: new Replay({ recordings, interval, loop }) }),
    };
}

/** One device of the right family where a diagnosed one is played, on the port that was asked for. */
function wantedDevices({ devices }: CliSettings, diagnosed: Diagnosed | undefined): CliSettings['devices'] {
    if (diagnosed === undefined) return devices;
    const { kind } = diagnosed;
    const [first] = devices;
    const chosen = first !== undefined && first.port !== DEMO_PORTS[first.kind];
    return [{ kind, port: chosen ? first.port : DEMO_PORTS[kind] }];
}

/** Says once how the posts fare, and again whenever that changes. */
function pushReporter(name: string, url: string, print: (line: string) => void): (results: PushResult[]) => void {
    let told: string | undefined;
    return (results) => {
        for (const { delivered, status, error } of results) {
            const now = delivered ? 'delivered' : `not delivered (${error ?? `HTTP ${status}`})`;
            if (now !== told) print(`${name} → ${url}: ${now}`);
            told = now;
        }
    };
}

async function postRecordings(
    device: Device,
    recordings: readonly Recording[],
    { interval, loop }: CliSettings,
    report: (results: PushResult[]) => void,
    signal: AbortSignal,
): Promise<void> {
    const posts = recordings.flatMap(postsOf);
    do {
        for (const post of posts) {
            if (signal.aborted) return;
            report(await device.pushes.send(post));
            await pause(systemClock, interval, signal);
        }
    } while (loop && posts.length > 0);
}

/**
 * Starts what the settings ask for.
 *
 * @param print receives one line for each thing a user wants to know
 * @throws Fault when a port or file cannot be used; nothing is left running then
 */
export async function run(settings: CliSettings, print: (line: string) => void): Promise<Running> {
    const { replay, push, eventsPerMinute } = settings;
    const diagnosed = settings.diagnostics === undefined ? undefined : readDiagnosed(settings.diagnostics);
    const { recordings, skipped } =
        replay === undefined ? { recordings: diagnosed?.recordings ?? [], skipped: [] } : readRecordings(replay);
    if (skipped.length > 0) print(`not played: ${skipped.join(', ')}`);
    const devices = wantedDevices(settings, diagnosed).map(({ kind, port }) =>
        build(kind, optionsFor(settings, port, recordings)),
    );
    if (diagnosed !== undefined) for (const device of devices) answerAs(device, diagnosed);
    const ended = new AbortController();
    const stops: (() => void)[] = [];
    const close = async () => {
        ended.abort();
        for (const stop of stops) stop();
        await Promise.all(devices.map((device) => device.close()));
    };
    try {
        for (const device of devices) await device.listen();
    } catch (error) {
        await close();
        throw error;
    }
    for (const device of devices) {
        const { name, model } = device.profile;
        const login = settings.password === undefined ? 'password vigia123 (demo only)' : 'the password you gave';
        print(`${model.padEnd(22)} ${device.origin}   user ${settings.username}, ${login}`);
        const report = push === undefined ? () => undefined : pushReporter(name, push, print);
        if (push !== undefined) device.pushTo(push);
        if (recordings.length > 0) {
            if (push !== undefined) void postRecordings(device, recordings, settings, report, ended.signal);
        } else if (eventsPerMinute > 0) {
            device.onPushed = report;
            stops.push(tell(story(device, 60 / eventsPerMinute), systemClock));
        }
    }
    return { devices, close };
}

async function runIsup(args: string[], print: (line: string) => void): Promise<number | Running> {
    if (args.includes('--help') || args.includes('-h')) {
        print(ISUP_USAGE);
        return 0;
    }
    const simulated = await simulateIsup(args, print);
    return { devices: [], close: async () => simulated.stop() };
}

/**
 * The command. Problems are said to `complain` in one line.
 *
 * @returns the exit code, or what runs until somebody closes it
 */
export async function main(
    args: string[],
    print: (line: string) => void,
    complain: (line: string) => void,
): Promise<number | Running> {
    try {
        if (args[0] === 'isup') return await runIsup(args.slice(1), print);
        const settings = readCommandLine(args);
        if (settings.action === 'run') return await run(settings, print);
        print(settings.action === 'help' ? HELP : variantList());
        return 0;
    } catch (error) {
        const { code, message, remedy } = Fault.from(error);
        complain(`${message} ${code === 'CONFIG_INVALID' ? '--help shows what can be said.' : remedy}`);
        return 1;
    }
}

async function start(): Promise<void> {
    const started = await main(process.argv.slice(2), console.log, console.error);
    if (typeof started === 'number') {
        process.exitCode = started;
        return;
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => {
            void started.close().then(() => process.exit(0));
        });
    }
    console.log('Ctrl-C ends it.');
}

if (require.main === module) void start();
