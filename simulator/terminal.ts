import { type AccessEnvelope, accessEvent, terminalHeartbeat } from './access/accessDocuments';
import { AccessLog, type AccessRow, type SimulatedAccess } from './access/accessLog';
import { AcsHistory, type AcsHistoryOptions } from './access/acsHistory';
import { type DoorCommand, Doors, type DoorsOptions } from './access/doors';
import { addPersons, PEOPLE, type SimulatedPerson, somebody, someFace } from './access/persons';
import { RemoteChecks } from './access/remoteChecks';
import { cJson, NAMESPACES } from './bodies';
import type { DeviceProfile, IsapiDeviceOptions, Reported } from './deviceOptions';
import { deviceTime, wallClock } from './deviceTime';
import type { Emission } from './emission';
import { IsapiDevice } from './isapiDevice';
import { drawScene } from './picture/scene';
import type { EventStream } from './stream/eventStream';
import type { StreamPart } from './stream/framing';

export interface TerminalOptions extends IsapiDeviceOptions {
    /** Rows that are in the log before anybody connects. */
    logSize?: number;
    /** Whether the log, or its latest rows, is replayed to whoever opens a stream (K1T342 and KV6124 projects). */
    replays?: boolean | number;
    /** Whether a client's arming is an event of its own (3/121 and 3/122). */
    logsClients?: boolean;
    history?: Partial<AcsHistoryOptions>;
    doors?: Partial<DoorsOptions>;
    /** `empty`: a part without a body. */
    heartbeatForm?: 'videoloss' | 'heartBeat' | 'empty';
    /** `event_log` on some firmware; no client may rely on it. */
    partName?: string;
    people?: readonly SimulatedPerson[];
    /** Seconds until a door that was unlocked locks again. */
    relockSeconds?: number;
}

const PROFILE: DeviceProfile = {
    name: 'LEITOR FUNDOS',
    model: 'DS-K1T342MWX',
    serial: 'DS-K1T342MWX20240101V031600ENF12345678',
    mac: '00:00:5E:00:53:83',
    firmware: 'V3.16.1',
    deviceType: 'ACS',
    namespace: NAMESPACES.isapi,
    realm: 'IP Camera(F1234)',
};

const HABITS = {
    framing: { declared: 'MIME_boundary', boundary: 'MIME_boundary' },
    slots: 2,
    hosts: { slots: 2, capabilities: 'answered' as const },
    retry: 'queue' as const,
    pushStyle: { boundary: 'MIME_boundary', partLengths: false },
};

/** Unlocked, recognised, locked: minors of major 5 in the order of a real capture. */
const EVERYDAY = [22, 21, 75];

const REPLAY_BATCH = 200;

const EVENT_TYPE = 'AccessControllerEvent';

const JSON_TYPE = 'application/json; charset="UTF-8"';

/**
 * An access terminal of the DS-K1T line: JSON as cJSON prints it, `MIME_boundary`, a heartbeat every 30 s, its log
 * replayed to every new stream, pictures on posts but not on the stream, posts queued while the host is away.
 */
export class Terminal extends IsapiDevice {
    readonly log = new AccessLog();
    readonly doors: Doors;
    readonly history: AcsHistory;
    readonly remoteChecks: RemoteChecks;
    readonly #options: TerminalOptions;
    readonly #relocks = new Set<() => void>();

    constructor(options: TerminalOptions = {}) {
        const heartbeat = { seconds: 30, onlyWhenIdle: false, part: () => this.#heartbeatPart() };
        const onOpen = (stream: EventStream) => this.#opened(stream);
        const onClose = (stream: EventStream) => this.#logClient(stream, 122);
        super(PROFILE, { ...HABITS, heartbeat, onOpen, onClose }, { lineEnd: '\n', ...options });
        this.#options = options;
        const route = this.route.bind(this);
        this.doors = new Doors(
            { count: 1, commands: ['open', 'close', 'alwaysOpen', 'alwaysClose'], padded: false, ...options.doors },
            route,
        );
        this.doors.onCommand = (door, command, source) => this.#carriedOut(door, command, source);
        this.remoteChecks = new RemoteChecks(this.clock, route);
        const offset = () => this.offset;
        this.history = new AcsHistory(
            { supported: true, maxResults: 30, noMatch: 'NO MATCH', serials: 'filter', ...options.history },
            {
                log: this.log,
                offset,
                timeText: (at, form = this.timeForm) => deviceTime(at, this.offset, form),
                pictureUrl: (row) => this.#pictureUrl(row),
            },
            route,
        );
        addPersons(options.people ?? PEOPLE, route);
        route('GET', '/LOCALS/pic/acsLinkCap/{folder}/{file}', (exchange) => {
            const picture = this.log.bySerial(Number(/@WEB(\d+)$/.exec(exchange.params.file!)?.[1]))?.picture;
            if (picture === undefined) exchange.outcome('unknownPath');
            else exchange.jpeg(picture);
        });
        this.#fillLog(options.logSize ?? 40);
    }

    /** Logs an event and reports it on every open stream and to every listening host. */
    emit(access: SimulatedAccess): Reported & { row: AccessRow } {
        const row = this.#add(access);
        const emission = this.#emission(row);
        const part = { contentType: JSON_TYPE, body: emission.json };
        return { ...this.report(emission, [part]), row };
    }

    /** Somebody is recognised: the lock opens, the face is told, the lock closes again (order of a real capture). */
    admit(person: SimulatedPerson = somebody(this.random), door = 1): Reported[] {
        const opened = this.#unlock(door);
        return [opened, this.emit({ ...this.#someFace(person), major: 5, minor: 75, picture: true })];
    }

    /** A face that nobody knows. */
    deny(): Reported {
        return this.emit({ major: 5, minor: 76, reader: 1, face: someFace(this.random), picture: true });
    }

    /**
     * Asks the server whether somebody may pass (`remoteCheck`) and opens if it says so.
     *
     * @returns `timeout` when nobody answered within `seconds`
     */
    async ask(person: SimulatedPerson = somebody(this.random), seconds = 5): Promise<'success' | 'failed' | 'timeout'> {
        const { employee, name } = person;
        const { row } = this.emit({ major: 5, minor: 75, reader: 1, employee, name, picture: true, remoteCheck: true });
        const answer = await this.remoteChecks.wait(row.serial, seconds);
        if (answer === 'success') this.#unlock(1);
        return answer;
    }

    override async close(): Promise<void> {
        this.remoteChecks.close();
        for (const cancel of this.#relocks) cancel();
        this.#relocks.clear();
        await super.close();
    }

    protected override deviceInfo() {
        return { electroLockNum: this.doors.options.count, alarmOutNum: 0, RS485Num: 1, manufacturer: 'hikvision' };
    }

    protected capabilities() {
        return { isSupportAcsEvent: this.history.options.supported, isSupportRemoteControlDoor: true };
    }

    protected heartbeat(): Emission {
        const fields = { ...terminalHeartbeat('heartBeat', this.#envelope(), this.timeText()) };
        return { type: 'heartBeat', fields, xml: undefined, json: this.#bytes(fields), pictures: [] };
    }

    #add(access: SimulatedAccess): AccessRow {
        const { picture, ...rest } = access;
        const data = picture === true ? this.#takePicture(access.name ?? '?') : picture || undefined;
        return this.log.add({ ...rest, at: access.at ?? this.clock.now(), ...(data && { picture: data }) });
    }

    #emission(row: AccessRow): Emission {
        const fields = { ...accessEvent(row, this.#envelope(), this.timeText(row.at), true) };
        const picture = { name: 'Picture', filename: 'Picture.jpg', contentId: 'pictureImage' };
        return {
            type: EVENT_TYPE,
            partName: this.#options.partName ?? EVENT_TYPE,
            fields,
            xml: undefined,
            json: this.#bytes(fields),
            pictures: row.picture ? [{ ...picture, data: row.picture }] : [],
        };
    }

    #envelope(): AccessEnvelope {
        return {
            ipAddress: this.address,
            portNo: this.port,
            protocol: this.secure ? 'HTTPS' : 'HTTP',
            macAddress: this.profile.mac,
            deviceName: this.framing.channelName?.text ?? this.profile.name,
        };
    }

    /** As it is written, in the character set that the device really uses. */
    #bytes(document: object): Buffer {
        return Buffer.from(cJson(document), this.framing.channelName?.encoding ?? 'utf8');
    }

    #opened(stream: EventStream): void {
        const { replays = true } = this.#options;
        const rows = typeof replays === 'number' ? this.log.rows.slice(-replays) : [...this.log.rows];
        if (replays && stream.wants(EVENT_TYPE)) this.#replay(stream, rows);
        this.#logClient(stream, 121);
    }

    /** In batches, because a log may hold 19 000 rows; what happens meanwhile comes in between. */
    #replay(stream: EventStream, rows: readonly AccessRow[]): void {
        const envelope = this.#envelope();
        const old = rows.slice(0, REPLAY_BATCH).map((row) => {
            const event = accessEvent(row, envelope, this.timeText(row.at), false);
            return { contentType: JSON_TYPE, body: this.#bytes(event) };
        });
        stream.send(old);
        const rest = rows.slice(REPLAY_BATCH);
        if (rest.length > 0 && !stream.socket.destroyed) setImmediate(() => this.#replay(stream, rest));
    }

    /** A client's own arming and disarming, which it must not mistake for somebody else's. */
    #logClient(stream: EventStream, minor: 121 | 122): void {
        if (this.closed || !(this.#options.logsClients ?? true)) return;
        this.emit({ major: 3, minor, remoteAddress: stream.source.replace(/^::ffff:/, '') });
    }

    #heartbeatPart(): StreamPart {
        const form = this.#options.heartbeatForm ?? 'videoloss';
        if (form === 'empty') return { contentType: JSON_TYPE, body: Buffer.alloc(0) };
        const heartbeat = terminalHeartbeat(form, this.#envelope(), this.timeText());
        return { contentType: JSON_TYPE, body: this.#bytes(heartbeat) };
    }

    #carriedOut(door: number, command: DoorCommand, source: string): void {
        const minors: Partial<Record<DoorCommand, number>> = {
            open: 1024,
            close: 1025,
            alwaysOpen: 1026,
            alwaysClose: 1027,
        };
        const minor = minors[command];
        const remoteAddress = source.replace(/^::ffff:/, '');
        if (minor !== undefined) this.emit({ major: 3, minor, door, remoteAddress });
        if (command === 'open') this.#unlock(door);
    }

    #unlock(door: number): Reported {
        this.doors.setUnlocked(door, true);
        const cancel = this.clock.after((this.#options.relockSeconds ?? 5) * 1000, () => {
            this.#relocks.delete(cancel);
            this.doors.setUnlocked(door, false);
            this.emit({ major: 5, minor: 22, door });
        });
        this.#relocks.add(cancel);
        return this.emit({ major: 5, minor: 21, door });
    }

    /** `…jpeg@WEB000000000011`: the suffix belongs to the address. */
    #pictureUrl(row: AccessRow): string {
        const time = deviceTime(row.at, this.offset).replace(/\D/g, '');
        const file = `${time.slice(6, 8)}_${time.slice(8, 14)}_30075_0.jpeg@WEB${String(row.serial).padStart(12, '0')}`;
        return `${this.origin}/LOCALS/pic/acsLinkCap/${time.slice(0, 6)}_00/${file}`;
    }

    #takePicture(title: string): Buffer {
        const clock = wallClock(this.clock.now(), this.offset);
        return drawScene({ width: 320, height: 240, title, clock, background: [120, 120, 130] });
    }

    /** Some days of everyday life, ending an hour ago; the latest faces share one picture. */
    #fillLog(size: number): void {
        const end = this.clock.now() - 3_600_000;
        const face = this.#takePicture(this.profile.name);
        for (let index = 0; index < size; index++) {
            const at = end - (size - index) * 600_000;
            const picture = index > size - 20 ? face : false;
            const step = EVERYDAY[index % EVERYDAY.length]!;
            if (index === 0) this.#add({ major: 2, minor: 1024, at });
            else if (step !== 75) this.#add({ major: 5, minor: step, door: 1, at });
            else this.#add({ ...this.#someFace(), major: 5, minor: 75, picture, at });
        }
    }

    #someFace(person: SimulatedPerson = somebody(this.random)) {
        const { employee, name, card } = person;
        return { reader: 1, employee, name, face: someFace(this.random), ...(card !== undefined && { card }) };
    }
}
