import { readXmlBody } from '../bodies';
import type { Exchange } from '../exchange';
import type { Handler } from '../routes';

/** The words of RemoteControl/door; models differ in which of them they know. */
export type DoorCommand = 'open' | 'close' | 'alwaysOpen' | 'alwaysClose' | 'resume';

export interface DoorsOptions {
    count: number;
    /** A DS-K1T342 has no resume, a KV6124 no alwaysClose. */
    commands: readonly DoorCommand[];
    /** A DS-K2702 fills every list of AcsWorkStatus up to 128. */
    padded: boolean;
}

const ALL_DOORS = 65535;
const PADDED_LENGTH = 128;

/** AcsWorkStatus/doorStatus; only 4 has been seen on hardware. */
const STATUS: Record<DoorCommand, number> = { open: 4, close: 4, alwaysOpen: 2, alwaysClose: 3, resume: 4 };

const BASE = '/ISAPI/AccessControl';

/** The doors of a terminal: what clients command and what they read about it. */
export class Doors {
    readonly #state: { unlocked: boolean; status: number }[];
    /** Called for every command that was carried out. */
    onCommand: (door: number, command: DoorCommand, source: string) => void = () => undefined;

    constructor(
        readonly options: DoorsOptions,
        route: (method: string, pattern: string, handler: Handler) => void,
    ) {
        this.#state = Array.from({ length: options.count }, () => ({ unlocked: false, status: 4 }));
        route('PUT', `${BASE}/RemoteControl/door/{door}`, (exchange) => this.#command(exchange));
        route('GET', `${BASE}/RemoteControl/door/capabilities`, (exchange) => this.#capabilities(exchange));
        route('GET', `${BASE}/AcsWorkStatus`, (exchange) => this.#workStatus(exchange));
    }

    isUnlocked(door: number): boolean {
        return this.#state[door - 1]?.unlocked ?? false;
    }

    setUnlocked(door: number, unlocked: boolean): void {
        const state = this.#state[door - 1];
        if (state !== undefined) state.unlocked = unlocked;
    }

    #command(exchange: Exchange): void {
        const door = Number(exchange.params.door);
        const sent = readXmlBody(exchange.body);
        const command = sent?.content.cmd as DoorCommand;
        if (sent?.root !== 'RemoteControlDoor') exchange.outcome('badFormat');
        else if (door !== ALL_DOORS && this.#state[door - 1] === undefined) exchange.outcome('badParameters');
        else if (!this.options.commands.includes(command)) exchange.outcome('badContent');
        else {
            const doors = door === ALL_DOORS ? this.#state.map((_state, index) => index + 1) : [door];
            for (const one of doors) {
                this.#state[one - 1] = {
                    unlocked: command === 'open' || command === 'alwaysOpen',
                    status: STATUS[command],
                };
                this.onCommand(one, command, exchange.source);
            }
            exchange.outcome('ok');
        }
    }

    #capabilities(exchange: Exchange): void {
        exchange.xml('RemoteControlDoor', {
            doorNo: { '@min': 1, '@max': this.options.count },
            cmd: { '@opt': this.options.commands.join(',') },
        });
    }

    #workStatus(exchange: Exchange): void {
        const length = this.options.padded ? PADDED_LENGTH : this.options.count;
        const list = (value: (door: number) => number) =>
            Array.from({ length }, (_none, index) => (index < this.options.count ? value(index + 1) : 0));
        exchange.json({
            AcsWorkStatus: {
                doorLockStatus: list((door) => (this.isUnlocked(door) ? 1 : 0)),
                doorStatus: list((door) => this.#state[door - 1]!.status),
                magneticStatus: list((door) => (this.isUnlocked(door) ? 1 : 0)),
                cardReaderOnlineStatus: list(() => 1),
                powerSupplyStatus: 'ACPowerSupply',
                antiSneakStatus: 'close',
            },
        });
    }
}
