import type { SavedMark } from '../../devices/catchUp/accessMark';
import type { Progress } from '../../devices/catchUp/logReader';
import type { MarkStore } from '../../devices/catchUp/markStore';
import { Device, type DeviceSettings } from '../../devices/device';
import type { IsupLink } from '../../devices/isupLink';
import type { Occurrence } from '../../events/deviceEvent';
import type { Clock } from '../../protocols/clock';
import type { Fault } from '../../protocols/errors';
import type { HttpDevice } from '../../simulator/httpDevice';
import { deviceSettings } from './deviceSettings';
import { hastyClock } from './requests';

/** A store as Node-RED's is: what is in it has been through JSON. */
export class MemoryStore implements MarkStore {
    text: string | undefined;

    async load(): Promise<unknown> {
        return this.text === undefined ? undefined : JSON.parse(this.text);
    }

    async save(mark: SavedMark): Promise<void> {
        this.text = JSON.stringify(mark);
    }
}

export function settingsOf({ host, port }: HttpDevice): DeviceSettings {
    return deviceSettings(port, { name: 'gate', host, verify: 'off' });
}

/** One that listens to a device and wants what it missed, too. */
export class Listener {
    readonly occurrences: Occurrence[] = [];
    readonly warnings: Fault[] = [];
    readonly progress: Progress[] = [];
    readonly device: Device;
    /** Whether its events need not come out of another node. */
    shares = false;
    #leave: () => Promise<void>;
    #watchers: (() => void)[] = [];

    constructor(
        device: HttpDevice,
        store: MarkStore,
        { clock = hastyClock(), isup, catchUpLog }: { clock?: Clock; isup?: IsupLink; catchUpLog?: boolean } = {},
    ) {
        this.device =
            isup === undefined
                ? new Device(settingsOf(device), { clock })
                : new Device({ ...settingsOf(device), link: 'isup' }, { clock, link: isup });
        this.#leave = this.device.subscribe(
            { mode: 'auto', watchdog: 60, ...(catchUpLog !== undefined && { catchUpLog }) },
            {
                occurrence: (occurrence) => {
                    this.occurrences.push(occurrence);
                    this.#look();
                },
                connection: () => this.#look(),
                heartbeat: () => undefined,
                unreadable: () => undefined,
                lost: () => undefined,
                shares: () => this.shares,
                warning: (warning) => {
                    this.warnings.push(warning);
                    this.#look();
                },
                progress: (progress) => {
                    if (progress !== undefined) this.progress.push(progress);
                },
            },
            store,
        );
    }

    /** The numbers of what came out, without the arming and disarming of clients. */
    get serials(): number[] {
        return this.occurrences
            .filter(({ event }) => event.access?.major === 5)
            .map(({ event }) => event.access!.serial!);
    }

    get codes(): string[] {
        return this.warnings.map(({ code }) => code);
    }

    async until(check: () => unknown, what: string, deadline = 30_000): Promise<void> {
        if (check()) return;
        await new Promise<void>((resolve, reject) => {
            const giveUp = setTimeout(() => {
                const seen = `${this.serials.length} events, ${this.codes.join(' ')}`;
                reject(new Error(`waited ${deadline} ms for ${what}; so far ${seen}`));
            }, deadline);
            const look = () => {
                if (!check()) return;
                clearTimeout(giveUp);
                this.#watchers = this.#watchers.filter((other) => other !== look);
                resolve();
            };
            this.#watchers.push(look);
        });
    }

    /** Listens no more; others may go on with the same device. */
    async leave(): Promise<void> {
        await this.#leave();
    }

    async close(): Promise<void> {
        await this.#leave();
        await this.device.close();
    }

    #look(): void {
        for (const watcher of [...this.#watchers]) watcher();
    }
}
