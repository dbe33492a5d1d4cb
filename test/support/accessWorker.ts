import { AlarmReceiver } from '../../devices/alarmReceiver';
import type { MarkStore } from '../../devices/catchUp/markStore';
import { Device } from '../../devices/device';
import type { Occurrence } from '../../events/deviceEvent';
import { EventGate } from '../../events/eventGate';
import type { Fault } from '../../protocols/errors';
import { AlarmHost } from '../../protocols/isapi/alarmHost';
import { AlarmListeners, type Listening } from '../../protocols/isapi/alarmListener';
import type { HttpDevice } from '../../simulator/httpDevice';
import { settingsOf } from './catchUp';
import { quickClock } from './requests';

const FILTER = { kinds: [], channels: [], repeat: 'edges', hold: 0, replay: 'live', heartbeats: false } as const;

export interface WorkerOptions {
    device: HttpDevice;
    store: MarkStore;
    /** Where it listens for posts; 0 for a port that nobody has. */
    port: number;
    out(occurrence: Occurrence): void;
    warning(fault: Fault): void;
}

/** What one Node-RED does with a terminal: an isapi-alertstream that catches up and an alarm-http-in, each event once. */
export class AccessWorker {
    readonly #device: Device;
    readonly #streamGate: EventGate;
    readonly #receiver: AlarmReceiver;
    readonly #leave: () => Promise<void>;
    readonly #listeners = new AlarmListeners();
    #host: AlarmHost | undefined;
    #port: number;
    #listening: Listening | undefined;

    constructor(options: WorkerOptions) {
        this.#port = options.port;
        const { out, store, warning } = options;
        const clock = quickClock(200);
        const device = new Device(settingsOf(options.device), { clock });
        this.#device = device;
        const filter = { ...FILTER, kinds: [], channels: [], clock };
        const gate = new EventGate({ ...filter, claim: device.once.claimant(), onOccurrence: out });
        this.#streamGate = gate;
        this.#leave = device.subscribe(
            { mode: 'auto', watchdog: 60 },
            {
                occurrence: (occurrence) => gate.push(occurrence),
                connection: () => undefined,
                heartbeat: () => undefined,
                unreadable: (_part, reason) => {
                    throw new Error(reason);
                },
                lost: () => undefined,
                warning,
                shares: (event) => gate.admits(event),
            },
            store,
        );
        this.#receiver = new AlarmReceiver({
            filter: { ...filter, claim: device.once.claimant() },
            order: (...event) => device.push(...event),
            pictures: 'none',
            identity: device.identity,
            clock,
            onOccurrence: out,
            onUnreadable: (_part, reason) => {
                throw new Error(reason);
            },
        });
    }

    /** Opens the listening host. */
    async listen(): Promise<this> {
        this.#host = new AlarmHost({
            maxBody: 1024 * 1024,
            answer: 'at-once',
            onPost: (post) => this.#receiver.receive(post),
            onRejected: () => undefined,
        });
        const place = { bind: '127.0.0.1', port: this.#port };
        this.#listening = await this.#listeners.listen(place, '/alarm', this.#host);
        this.#port = this.#listening.port;
        return this;
    }

    /** The same one whenever it listens. */
    get port(): number {
        return this.#port;
    }

    /** Closes the listening host only. */
    async deafen(): Promise<void> {
        this.#host?.close();
        await this.#listening?.close();
        this.#listening = undefined;
    }

    /** Closes everything, as a restart of Node-RED does. */
    async close(): Promise<void> {
        const left = this.#leave();
        this.#streamGate.close();
        const deaf = this.deafen();
        this.#receiver.close();
        await Promise.all([left, deaf]);
        await this.#device.close();
    }
}
