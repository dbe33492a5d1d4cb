import type { Occurrence } from '../events/deviceEvent';
import { type Clock, systemClock } from '../protocols/clock';
import { Fault } from '../protocols/errors';
import { type AlarmHostClaim, AlarmHostKeeper } from '../protocols/isup/alarmHost';
import type { IsupAlarm, IsupData, IsupWarning, UnknownFrame } from '../protocols/isup/data';
import { IsupListener, type IsupListenerOptions } from '../protocols/isup/listener';
import type { Presence } from '../protocols/isup/presence';
import { IsupAlarms } from './isupAlarms';

/** What a station tells. */
export interface IsupReporter {
    /** The port is open. */
    listening(port: number): void;
    presence(presence: Presence): void;
    event(occurrence: Occurrence): void;
    /** An alarm in which no event could be read: handed on as it came. */
    unreadable(alarm: IsupAlarm, reason: string): void;
    /** Bytes that are neither ISUP nor EHome, once for each address. */
    unknown(frame: UnknownFrame): void;
    warning(warning: IsupWarning): void;
    /** Our alarm host was written into a device, or taken out of it. */
    alarmHost(what: 'claimed' | 'released', deviceId: string, slot: string): void;
    /** @param deviceId where it concerns one device only */
    fault(fault: Fault, deviceId?: string): void;
    /** What must be known after a restart: which devices hold our alarm host. */
    claims(claims: Record<string, AlarmHostClaim>): void;
}

export interface IsupStationOptions extends Omit<IsupListenerOptions, 'events'> {
    /** True: devices get our alarm host. False: those that have it are given it back when they are next online. */
    alarms: boolean;
    /** Of an earlier run. No alarm host is touched before they are known. */
    claims?: Record<string, AlarmHostClaim> | Promise<Record<string, AlarmHostClaim>>;
    reporter: IsupReporter;
}

const RETRY = 10_000;
const ASK_TIMEOUT = 10_000;

/** An ISUP listener with what belongs to it: events from alarms, alarm hosts, and a port that is tried again. */
export class IsupStation {
    readonly listener: IsupListener;
    private readonly clock: Clock;
    private readonly reporter: IsupReporter;
    private readonly alarms: IsupAlarms;
    private readonly keeper: AlarmHostKeeper;
    private stopRetry: (() => void) | undefined;
    private opening: Promise<void> = Promise.resolve();
    private closed = false;

    constructor(options: IsupStationOptions) {
        const { reporter, alarms: on, claims = {}, ...listening } = options;
        this.clock = options.clock ?? systemClock;
        this.reporter = reporter;
        this.alarms = new IsupAlarms({
            clock: this.clock,
            onOccurrence: (occurrence) => reporter.event(occurrence),
            onUnreadable: (alarm, reason) => reporter.unreadable(alarm, reason),
        });
        this.listener = new IsupListener({
            ...listening,
            events: {
                onPresence: (presence) => reporter.presence(presence),
                onData: (data) => this.data(data),
                onWarning: (warning) => reporter.warning(warning),
                onFault: (fault) => reporter.fault(fault),
                onOnline: ({ id, address }, dialled) => {
                    void this.keeper.online(id, this.listener.addressFor(address, dialled));
                },
            },
        });
        this.keeper = new AlarmHostKeeper({
            on,
            claims,
            ask: (deviceId) => (method, path, body) =>
                this.listener.request(deviceId, { method, path, timeout: ASK_TIMEOUT, ...(body && { body }) }),
            onClaims: (next) => reporter.claims(next),
            onLog: (what, deviceId, slot) => reporter.alarmHost(what, deviceId, slot),
            onFault: (deviceId, fault) => {
                if (!this.closed) reporter.fault(fault, deviceId);
            },
        });
    }

    /** Opens the ports; a port in use is reported and tried again. */
    start(): void {
        this.opening = this.open();
    }

    /** Leaves nothing behind, and says nothing about the devices: a redeploy is no news of them. */
    async close(): Promise<void> {
        this.closed = true;
        this.stopRetry?.();
        await this.opening;
        await this.listener.close();
        this.alarms.close();
    }

    private async open(): Promise<void> {
        try {
            await this.listener.listen();
            if (!this.closed) this.reporter.listening(this.listener.port);
        } catch (error) {
            if (this.closed) return;
            this.reporter.fault(Fault.from(error));
            this.stopRetry = this.clock.after(RETRY, () => this.start());
        }
    }

    private data(data: IsupData): void {
        switch (data.is) {
            case 'alarm':
                this.alarms.alarm(data);
                return;
            case 'ehome-alarm':
                this.alarms.ehome(data);
                return;
            case 'gps':
                this.alarms.position(data);
                return;
            case 'unknown':
                this.reporter.unknown(data);
        }
    }
}
