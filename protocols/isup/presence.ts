import type { Clock } from '../clock';
import type { DeviceFacts } from './envelope';
import type { Registrant } from './lbsLogin';

export type PresenceState = 'registering' | 'online' | 'offline' | 'address-changed' | 'rejected';

/** How sure the identity is: by its key, by what it says in clear, or by a resemblance in a frame we cannot read. */
export type Confidence = 'authenticated' | 'identified' | 'seen';

export type OfflineReason = 'disconnect' | 'closed' | 'silence' | 'replaced' | 'sleep' | 'shutdown';

/** One line about one device, as flows get it. */
export interface Presence {
    deviceId: string;
    name?: string;
    state: PresenceState;
    confidence: Confidence;
    /** Source address of the device as this host sees it, behind its NAT and our proxies. */
    address: string;
    port: number;
    previousAddress?: string;
    /** `2.0`, `3.0`, `4.0` (EHome) or `5.0` (ISUP); empty where it is not known. */
    protocol: string;
    /** ISO 8601, UTC: when this state began. */
    since: string;
    lastSeen: string;
    reason?: string;
    serial?: string;
    firmware?: string;
    model?: string;
}

/** What one connection or datagram says about where the device is. */
export interface Source {
    address: string;
    port: number;
}

/** A session as the table sees it: enough to know it from another one and to end it. */
export interface LiveSession {
    /** Ends it without a word to the table. */
    retire(): void;
}

export interface DeviceRecord extends Source {
    id: string;
    name?: string;
    listed: boolean;
    state: 'unknown' | 'registering' | 'authenticated' | 'online' | 'offline' | 'restored';
    confidence: Confidence;
    protocol: string;
    /** Epoch milliseconds. */
    since: number;
    /** By `Clock.elapsed`, as all times here but `since`, which is only ever told. */
    lastSeen: number;
    /** Silence after which it is offline, in milliseconds. */
    patience: number;
    reason?: string;
    shortSerial?: string;
    serial?: string;
    firmware?: string;
    model?: string;
    mac?: string;
    nickname?: string;
    /** Of the last full login; good for a refresh. */
    masterKey?: string;
    /** The newest first; the one before it serves connections that were opened under it. */
    sessionKeys: string[];
    loginAddress?: string;
    session?: LiveSession;
    asleep?: boolean;
    /** EHome: key of its session, by serial number for 4.0. */
    ehomeKey?: string;
    reports?: Reports;
}

/** What was said about a device lately, so that a storm becomes a few messages. */
interface Reports {
    recent: number[];
    /** State that flows know. */
    said?: PresenceState;
    saidAddress?: string;
    held?: { presence: Presence; at: number };
    registeringAt?: number;
    rejectedAt?: number;
    rejectedFor?: string;
    flappingAt?: number;
}

export interface PresenceTableOptions {
    clock: Clock;
    /** Milliseconds of silence after which a device is offline. */
    patience: number;
    /** Most devices that are remembered without being listed. */
    strangers: number;
    /** The device that the user listed under this Device ID. */
    listed(deviceId: string): { id: string; name?: string } | undefined;
    onPresence(presence: Presence): void;
    /** A device came and went so often that its changes are now held back until it settles. */
    onFlapping(deviceId: string): void;
}

const STORM_WINDOW = 60_000;
/** Changes of one device within the window that are told at once. */
const STORM_BURST = 6;
/** While it storms, the newest state is told this often. */
const STORM_PACE = 10_000;
/** `registering` and `rejected` repeat with every attempt of a device that is set up wrongly. */
const REPEAT_AFTER = 60_000;
const NEVER = Number.NEGATIVE_INFINITY;

/** The devices of one listener and what flows know about them. It owns no socket and no timer: {@link sweep} is called. */
export class PresenceTable {
    private readonly records = new Map<string, DeviceRecord>();
    private readonly ehome = new Map<string, DeviceRecord>();
    private strangers = 0;

    constructor(private readonly options: PresenceTableOptions) {}

    /** Milliseconds of silence that a device has where its own keepalive asks for no more. */
    get patience(): number {
        return this.options.patience;
    }

    get size(): number {
        return this.records.size;
    }

    isListed(deviceId: string): boolean {
        return this.options.listed(deviceId) !== undefined;
    }

    find(deviceId: string): DeviceRecord | undefined {
        return this.records.get(deviceId);
    }

    /** The listed device that one of these words names. */
    resembling(words: readonly string[]): string | undefined {
        return words.find((word) => this.isListed(word));
    }

    findEhome(key: string): DeviceRecord | undefined {
        const record = this.ehome.get(key);
        return record?.state === 'online' && record.ehomeKey === key ? record : undefined;
    }

    /**
     * False where an unlisted device would be one too many by EHome: its sessions need no proof, so that anybody could
     * invent them, and an online device is not forgotten to make room.
     */
    hasRoomForEhome(deviceId: string): boolean {
        return this.isListed(deviceId) || this.records.has(deviceId) || this.ehome.size < this.options.strangers;
    }

    /** The record of a device, made where there is none. */
    at(deviceId: string, now: number): DeviceRecord {
        const found = this.records.get(deviceId);
        if (found) return found;
        const listed = this.options.listed(deviceId);
        const record: DeviceRecord = {
            id: deviceId,
            ...(listed?.name && { name: listed.name }),
            listed: listed !== undefined,
            state: 'unknown',
            confidence: 'identified',
            address: '',
            port: 0,
            protocol: '',
            since: this.options.clock.now(),
            lastSeen: now,
            patience: this.options.patience,
            sessionKeys: [],
        };
        if (!record.listed) {
            this.strangers += 1;
            if (this.strangers > this.options.strangers) this.forgetOne();
        }
        this.records.set(deviceId, record);
        return record;
    }

    /** Makes room by the stranger that has been away longest: the map keeps the order in which they came. */
    private forgetOne(): void {
        for (const [id, record] of this.records) {
            if (record.listed || record.state === 'online' || record.session) continue;
            this.forget(id, record);
            return;
        }
    }

    private forget(id: string, record: DeviceRecord): void {
        this.records.delete(id);
        this.unbindEhome(record);
        if (!record.listed) this.strangers -= 1;
    }

    /** Any traffic of an online device. */
    touch(record: DeviceRecord, now: number): void {
        record.lastSeen = now;
    }

    /** The first packet of a login, or a frame that resembles a listed device: nothing of it is proven. */
    registering(registrant: Registrant, source: Source, protocol: string, confidence: Confidence, now: number): void {
        const record = this.at(registrant.deviceId, now);
        // What anybody can claim must not change what a proven session said, nor keep it alive.
        if (isProven(record)) return;
        describe(record, registrant);
        Object.assign(record, source, { protocol, confidence, lastSeen: now });
        if (record.state !== 'registering') this.enter(record, 'registering');
        const reports = reportsOf(record);
        if (reports.registeringAt !== undefined && now - reports.registeringAt < REPEAT_AFTER) return;
        reports.registeringAt = now;
        this.tell(record, 'registering', now);
    }

    /** A login that was refused. A device that is online stays so: anybody may claim its name. */
    rejected(registrant: Registrant, source: Source, protocol: string, reason: string, now: number): void {
        const record = this.at(registrant.deviceId, now);
        const reports = reportsOf(record);
        const again = reports.rejectedFor === reason && now - (reports.rejectedAt ?? NEVER) < REPEAT_AFTER;
        if (!isProven(record)) {
            describe(record, registrant);
            Object.assign(record, source, { protocol, confidence: 'identified', lastSeen: now, reason });
            this.enter(record, 'offline');
        }
        if (again) return;
        reports.rejectedAt = now;
        reports.rejectedFor = reason;
        const claimed = {
            ...record,
            ...source,
            protocol,
            confidence: 'identified' as const,
            since: this.options.clock.now(),
            lastSeen: now,
        };
        this.options.onPresence({ ...this.presenceOf(claimed, 'rejected'), reason });
    }

    /** A login that proved the key. */
    authenticated(
        login: { registrant: Registrant; masterKey: string; sessionKey: string },
        source: Source,
        now: number,
    ): DeviceRecord {
        const record = this.at(login.registrant.deviceId, now);
        record.masterKey = login.masterKey;
        record.sessionKeys = [login.sessionKey, ...record.sessionKeys.slice(0, 1)];
        record.loginAddress = source.address;
        record.lastSeen = now;
        if (record.reports) delete record.reports.rejectedAt;
        if (record.state !== 'online') describe(record, login.registrant);
        if (record.state !== 'online' && record.state !== 'restored') {
            Object.assign(record, source, { protocol: '5.0', confidence: 'authenticated' });
            delete record.reason;
            this.enter(record, 'authenticated');
        }
        return record;
    }

    /**
     * The device is there: a SUBSCRIBE was acknowledged, or an EHome REGISTER answered.
     *
     * While it was online already this is a re-registration, which is told only where it comes from another address.
     */
    online(
        record: DeviceRecord,
        now: number,
        how: { source: Source; protocol: string; confidence: Confidence; session?: LiveSession; facts?: DeviceFacts },
    ): void {
        const { source, session, facts } = how;
        const serial = facts?.fullSerial ?? facts?.shortSerial;
        const other = record.state === 'online' && serial !== undefined && !sameSerial(record, serial);
        const previous = record.session;
        if (session) {
            record.session = session;
            // What anybody could send in its name by EHome before must not move it now.
            this.unbindEhome(record);
        } else delete record.session;
        if (previous && previous !== session) previous.retire();
        if (other) this.leave(record, 'replaced', now);
        const previousAddress = record.address;
        const wasOnline = record.state === 'online';
        // Back after our own restart, it has been online all the while.
        const since = record.state === 'restored' ? record.since : this.options.clock.now();
        if (facts) describe(record, facts);
        Object.assign(record, source, { protocol: how.protocol, confidence: how.confidence, lastSeen: now });
        delete record.reason;
        record.asleep = facts?.asleep === true;
        if (!wasOnline) {
            this.enter(record, 'online', since);
            this.tell(record, 'online', now);
        } else if (previousAddress !== source.address) {
            this.tell(record, 'address-changed', now, previousAddress);
        }
    }

    /** Remembers an EHome session under its key; one serial number has one session. */
    bindEhome(record: DeviceRecord, key: string): void {
        if (record.ehomeKey !== key) this.unbindEhome(record);
        record.ehomeKey = key;
        this.ehome.set(key, record);
    }

    private unbindEhome(record: DeviceRecord): void {
        if (record.ehomeKey === undefined) return;
        this.ehome.delete(record.ehomeKey);
        delete record.ehomeKey;
    }

    moved(record: DeviceRecord, source: Source, now: number): void {
        const previousAddress = record.address;
        Object.assign(record, source, { lastSeen: now });
        if (previousAddress !== source.address) this.tell(record, 'address-changed', now, previousAddress);
    }

    /** @param session where given, only the session in force can take the device offline */
    offline(record: DeviceRecord, reason: OfflineReason, now: number, session?: LiveSession): void {
        if (session !== undefined && record.session !== session) return;
        if (record.state !== 'online') return;
        this.leave(record, reason, now);
    }

    private leave(record: DeviceRecord, reason: OfflineReason, now: number): void {
        const { session } = record;
        if (reason !== 'replaced') {
            delete record.session;
            // The session key ends with the session; the master key stays for the refresh.
            record.sessionKeys = [];
            session?.retire();
        }
        this.unbindEhome(record);
        record.reason = reason;
        this.enter(record, 'offline');
        this.tell(record, 'offline', now);
    }

    private enter(record: DeviceRecord, state: DeviceRecord['state'], since = this.options.clock.now()): void {
        record.state = state;
        record.since = since;
    }

    /** What fell silent, what waits to be told: to be called about once a second. */
    sweep(now: number): void {
        for (const record of this.records.values()) {
            if (record.state === 'unknown' || record.state === 'offline') {
                if (record.reports?.held) this.tellHeld(record, now);
                continue;
            }
            const silent = now - record.lastSeen;
            if (record.state === 'online') {
                if (silent > record.patience) this.leave(record, record.asleep ? 'sleep' : 'silence', now);
            } else if (silent > this.options.patience) {
                record.confidence = record.state === 'restored' ? 'identified' : record.confidence;
                this.leave(record, 'silence', now);
            }
            if (record.reports?.held) this.tellHeld(record, now);
        }
    }

    private tell(record: DeviceRecord, state: PresenceState, now: number, previousAddress?: string): void {
        const presence = this.presenceOf(record, state, previousAddress);
        const reports = reportsOf(record);
        reports.recent = reports.recent.filter((at) => now - at < STORM_WINDOW);
        if (reports.recent.length < STORM_BURST) {
            reports.recent.push(now);
            this.say(reports, presence);
            return;
        }
        const last = reports.recent.at(-1)!;
        if (now - (reports.flappingAt ?? NEVER) > STORM_WINDOW) {
            reports.flappingAt = now;
            this.options.onFlapping(record.id);
        }
        reports.held = { presence, at: Math.max(now, last + STORM_PACE) };
    }

    private tellHeld(record: DeviceRecord, now: number): void {
        const reports = record.reports!;
        const { presence, at } = reports.held!;
        if (at > now) return;
        delete reports.held;
        const state = presence.state === 'address-changed' ? 'online' : presence.state;
        if (reports.said === state && reports.saidAddress === presence.address) return;
        reports.recent = [...reports.recent.slice(1), now];
        // Told late, it tells the state as it is now.
        const known = reports.said === 'online' && record.state === 'online' ? reports.saidAddress : undefined;
        const current = known === undefined ? state : 'address-changed';
        this.say(reports, this.presenceOf(record, current, known));
    }

    private say(reports: Reports, presence: Presence): void {
        delete reports.held;
        reports.said = presence.state === 'address-changed' ? 'online' : presence.state;
        reports.saidAddress = presence.address;
        this.options.onPresence(presence);
    }

    /** Every device that was met, as flows and the editor list them. Holds no key. */
    rows(): Presence[] {
        return [...this.records.values()]
            .filter((record) => record.state !== 'unknown')
            .map((record) => {
                if (record.state === 'online' || record.state === 'offline') {
                    const rejected = record.state === 'offline' && record.reason === record.reports?.rejectedFor;
                    return this.presenceOf(record, rejected ? 'rejected' : record.state);
                }
                return this.presenceOf(record, 'registering');
            });
    }

    counts(): { online: number; offline: number; rejected: number } {
        const counts = { online: 0, offline: 0, rejected: 0 };
        for (const record of this.records.values()) {
            if (record.state === 'online') counts.online += 1;
            else if (record.state !== 'offline') continue;
            else if (record.reason === record.reports?.rejectedFor && record.reason !== undefined) counts.rejected += 1;
            else counts.offline += 1;
        }
        return counts;
    }

    /** Takes up the rows of an earlier run: devices that were online have the usual patience to come back unnoticed. */
    restore(rows: readonly Presence[], now: number): void {
        for (const row of rows) {
            if (this.records.has(row.deviceId)) continue;
            const was = row.state === 'online' || row.state === 'registering' ? 'restored' : 'offline';
            const record = this.at(row.deviceId, now);
            const { address, port, protocol, serial, firmware, model, reason } = row;
            Object.assign(record, { address, port, protocol, confidence: row.confidence });
            Object.assign(record, serial && { serial }, firmware && { firmware }, model && { model });
            record.state = was;
            if (was === 'offline' && reason) record.reason = reason;
            record.since = Date.parse(row.since) || this.options.clock.now();
            record.lastSeen = was === 'restored' ? now : this.readTime(row.lastSeen, now);
        }
    }

    /** Ends every session. @param announce tells each online device as offline, for a listener that does not come back */
    close(now: number, announce: boolean): void {
        for (const record of this.records.values()) {
            if (announce && record.state === 'online') this.leave(record, 'shutdown', now);
            record.session?.retire();
            delete record.session;
            record.sessionKeys = [];
            delete record.masterKey;
        }
    }

    private presenceOf(record: DeviceRecord, state: PresenceState, previousAddress?: string): Presence {
        const name = record.name ?? record.nickname;
        const { reason, serial, firmware, model } = record;
        return {
            deviceId: record.id,
            ...(name && { name }),
            state,
            confidence: record.confidence,
            address: record.address,
            port: record.port,
            ...(previousAddress !== undefined && { previousAddress }),
            protocol: record.protocol,
            since: new Date(record.since).toISOString(),
            lastSeen: this.isoOf(record.lastSeen),
            ...(reason && state !== 'online' && state !== 'registering' && { reason }),
            ...(serial && { serial }),
            ...(firmware && { firmware }),
            ...(model && { model }),
        };
    }

    /** What a moment is called by the wall clock as it is set now. */
    private isoOf(moment: number): string {
        const { clock } = this.options;
        return new Date(clock.now() - clock.elapsed() + moment).toISOString();
    }

    /** A moment that an earlier run wrote down. */
    private readTime(iso: string, now: number): number {
        const epoch = Date.parse(iso);
        return Number.isNaN(epoch) ? now : now - (this.options.clock.now() - epoch);
    }
}

/** A session proved who it is, in this run or the one before. */
function isProven({ state }: DeviceRecord): boolean {
    return state === 'online' || state === 'authenticated' || state === 'restored';
}

function reportsOf(record: DeviceRecord): Reports {
    record.reports ??= { recent: [] };
    return record.reports;
}

function sameSerial(record: DeviceRecord, serial: string): boolean {
    const known = [record.serial, record.shortSerial].filter((one) => one !== undefined);
    // The full serial ends with the short one.
    return known.length === 0 || known.some((one) => one.endsWith(serial) || serial.endsWith(one));
}

type Description = Pick<DeviceFacts, 'shortSerial' | 'fullSerial' | 'model' | 'firmware' | 'mac' | 'name'>;

function describe(record: DeviceRecord, from: Description): void {
    if (from.shortSerial) record.shortSerial = from.shortSerial;
    const serial = from.fullSerial ?? (record.serial === undefined ? from.shortSerial : undefined);
    if (serial && (record.serial === undefined || serial.length >= record.serial.length)) record.serial = serial;
    if (from.model) record.model = from.model;
    if (from.firmware) record.firmware = from.firmware;
    if (from.mac) record.mac = from.mac;
    if (from.name) record.nickname = from.name;
}
