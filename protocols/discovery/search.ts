import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { type Clock, systemClock } from '../clock';
import { DH_GROUP, DH_PORT, dhProbe, readDhAnswer } from './dhDiscover';
import type { FoundDevice, SearchInterface } from './found';
import { inContainer, isContainerNetwork, searchInterfaces } from './interfaces';
import { readSadpAnswer, SADP_GROUP, SADP_PORT, sadpProbe } from './sadp';

/** Why a list may be empty or not whole; the texts are the editor's. */
export type SearchProblem =
    /** No interface that leads to a network. */
    | { reason: 'no-interface' }
    /** Only networks of containers, which carry no multicast. */
    | { reason: 'container' }
    /** Another program holds the port on which older devices answer. */
    | { reason: 'port-busy'; port: number }
    /** An interface takes nothing. */
    | { reason: 'send-failed'; interface: string; code: string }
    /** Everything went out and nothing came back. */
    | { reason: 'nothing-answered' };

export interface SearchReport {
    devices: FoundDevice[];
    interfaces: SearchInterface[];
    problems: SearchProblem[];
}

export interface Target {
    address: string;
    port: number;
}

export interface SearchOptions {
    /** Milliseconds to wait for answers; 3000. */
    duration?: number;
    /** Devices at most; 512. */
    limit?: number;
    /** Those of this machine by default. */
    interfaces?: readonly SearchInterface[];
    /** Whom to ask on an interface; the groups and broadcast addresses by default. */
    targets?: (place: SearchInterface) => { sadp: Target[]; dahua: Target[] };
    /** Port on which answers to the SADP group are heard; `null` for none. */
    answerPort?: number | null;
    container?: boolean;
    createSocket?: () => Socket;
    clock?: Clock;
    /** Is told once a second how many devices have answered, and how many milliseconds are left. */
    progress?: (found: number, left: number) => void;
}

/** A datagram that was lost takes its device off the list, so the question goes out more than once. */
const QUESTIONS = 3;
const LARGEST_ANSWER = 16 * 1024;
const PROGRESS_MS = 1000;

/**
 * One search for devices on the networks of this machine: asks on every interface in both protocols, gathers what
 * answers, and says what stood in the way. It changes nothing on any device.
 */
export class DeviceSearch {
    readonly #options: SearchOptions;
    readonly #clock: Clock;
    readonly #interfaces: readonly SearchInterface[];
    readonly #sockets = new Set<Socket>();
    readonly #found = new Map<string, FoundDevice>();
    readonly #problems: SearchProblem[] = [];
    readonly #uuid = randomUUID().toUpperCase();
    #cancelTimer: () => void = () => undefined;
    #cancelProgress: () => void = () => undefined;
    #finish: () => void = () => undefined;
    #closed = false;

    constructor(options: SearchOptions = {}) {
        this.#options = options;
        this.#clock = options.clock ?? systemClock;
        this.#interfaces = options.interfaces ?? searchInterfaces();
    }

    /** Resolves after the time, or at {@link close} with what was found until then. Never rejects. */
    async run(): Promise<SearchReport> {
        const { duration = 3000 } = this.#options;
        if (this.#interfaces.length === 0) this.#problems.push({ reason: 'no-interface' });
        else await this.#open();
        if (this.#sockets.size > 0) {
            this.#report(duration);
            await this.#wait(duration);
        }
        this.close();
        return { devices: this.#devices(), interfaces: [...this.#interfaces], problems: this.#conclude() };
    }

    /** Ends the search at once; no socket and no timer stays. */
    close(): void {
        this.#closed = true;
        this.#cancelTimer();
        this.#cancelProgress();
        for (const socket of this.#sockets) socket.close();
        this.#sockets.clear();
        this.#finish();
    }

    async #open(): Promise<void> {
        const { answerPort = SADP_PORT } = this.#options;
        if (answerPort !== null) await this.#listen(answerPort);
        for (const place of this.#interfaces) {
            if (!this.#closed) await this.#ask(place);
        }
    }

    /** Asks from a socket of the interface, so that answers to the sender come back to it. */
    async #ask(place: SearchInterface): Promise<void> {
        const socket = await this.#bind(place.address, 0, place);
        if (socket === undefined) return;
        socket.on('message', (datagram, { address }) => this.#hear(datagram, address, place.name));
        socket.setBroadcast(true);
        const { targets = usualTargets } = this.#options;
        const { sadp, dahua } = targets(place);
        const questions = [
            ...sadp.map((target) => ({ target, probe: sadpProbe(this.#uuid) })),
            ...dahua.map((target) => ({ target, probe: dhProbe() })),
        ];
        if (questions.some(({ target }) => isMulticast(target.address))) socket.setMulticastInterface(place.address);
        const send = () => {
            for (const { target, probe } of questions) {
                socket.send(probe, target.port, target.address, (error) => this.#sent(place, error));
            }
        };
        send();
        this.#repeat(socket, send, QUESTIONS - 1);
    }

    #repeat(socket: Socket, send: () => void, left: number): void {
        if (left === 0) return;
        const cancel = this.#clock.after((this.#options.duration ?? 3000) / (QUESTIONS + 1), () => {
            send();
            this.#repeat(socket, send, left - 1);
        });
        socket.once('close', cancel);
    }

    /** Answers to the group come to its port, on whichever interface. */
    async #listen(port: number): Promise<void> {
        const socket = await this.#bind(undefined, port);
        if (socket === undefined) return;
        socket.on('message', (datagram, { address }) => this.#hear(datagram, address, ''));
        for (const { name, address } of this.#interfaces) {
            try {
                socket.addMembership(SADP_GROUP, address);
            } catch (error) {
                this.#sent({ name, address }, error as NodeJS.ErrnoException);
            }
        }
    }

    #bind(address: string | undefined, port: number, place?: SearchInterface): Promise<Socket | undefined> {
        const socket = (this.#options.createSocket ?? (() => createSocket({ type: 'udp4', reuseAddr: true })))();
        return new Promise((resolve) => {
            socket.once('error', (error: NodeJS.ErrnoException) => {
                socket.close();
                if (place === undefined) this.#problems.push({ reason: 'port-busy', port });
                else this.#sent(place, error);
                resolve(undefined);
            });
            socket.bind({ port, ...(address !== undefined && { address }) }, () => {
                socket.removeAllListeners('error');
                // An ICMP message about one target must not end the search.
                socket.on('error', (error: NodeJS.ErrnoException) => place && this.#sent(place, error));
                if (this.#closed) {
                    socket.close();
                    resolve(undefined);
                } else {
                    this.#sockets.add(socket);
                    resolve(socket);
                }
            });
        });
    }

    #sent(place: SearchInterface, error: NodeJS.ErrnoException | null): void {
        if (error === null || this.#closed) return;
        const known = this.#problems.some(
            (problem) => problem.reason === 'send-failed' && problem.interface === place.name,
        );
        if (known) return;
        this.#problems.push({ reason: 'send-failed', interface: place.name, code: error.code ?? 'unknown' });
    }

    #hear(datagram: Buffer, source: string, heardOn: string): void {
        if (datagram.length > LARGEST_ANSWER || this.#found.size >= (this.#options.limit ?? 512)) return;
        const answer = readDhAnswer(datagram, source) ?? readSadpAnswer(datagram, source);
        if (answer === undefined) return;
        const key = answer.mac ?? answer.serial ?? `${answer.protocol} ${answer.address}`;
        const known = this.#found.get(key);
        this.#found.set(key, { ...answer, heardOn: heardOn || known?.heardOn || '' });
    }

    #report(left: number): void {
        if (this.#closed || left <= 0) return;
        this.#options.progress?.(this.#found.size, left);
        this.#cancelProgress = this.#clock.after(PROGRESS_MS, () => this.#report(left - PROGRESS_MS));
    }

    #wait(ms: number): Promise<void> {
        return new Promise((resolve) => {
            if (this.#closed) return resolve();
            this.#finish = resolve;
            this.#cancelTimer = this.#clock.after(ms, resolve);
        });
    }

    #devices(): FoundDevice[] {
        const inOrder = (address: string) =>
            address
                .split('.')
                .map((part) => part.padStart(3, '0'))
                .join('.');
        return [...this.#found.values()].sort((one, other) =>
            inOrder(one.address).localeCompare(inOrder(other.address)),
        );
    }

    #conclude(): SearchProblem[] {
        if (this.#found.size > 0 || this.#interfaces.length === 0) return this.#problems;
        const { container = inContainer() } = this.#options;
        const reason = container && this.#interfaces.every(isContainerNetwork) ? 'container' : 'nothing-answered';
        return [{ reason }, ...this.#problems];
    }
}

function usualTargets({ broadcast }: SearchInterface): { sadp: Target[]; dahua: Target[] } {
    const everybody = ['255.255.255.255', ...(broadcast === undefined ? [] : [broadcast])];
    const at = (port: number) => (address: string) => ({ address, port });
    return {
        sadp: [SADP_GROUP].map(at(SADP_PORT)),
        dahua: [DH_GROUP, ...everybody].map(at(DH_PORT)),
    };
}

function isMulticast(address: string): boolean {
    const first = Number(address.split('.')[0]);
    return first >= 224 && first < 240;
}
