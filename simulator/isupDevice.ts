import { randomBytes } from 'node:crypto';
import { open, seal } from '../protocols/isup/envelope';
import { decrypt, encrypt, masterKey, shareKey, sign, verify } from '../protocols/isup/keys';
import {
    LBS,
    LBS_STATUS,
    readAnswer,
    readAuthII,
    readAuthIV,
    writeAuthI,
    writeAuthIII,
    writeRefreshI,
    writeSealed,
} from '../protocols/isup/lbsFrames';
import {
    DISCONNECT,
    PINGREQ,
    readListenerPacket,
    writeConnect,
    writePuback,
    writePublish,
    writeSubscribe,
} from '../protocols/isup/mqtt';
import { type AlarmAddress, type DeskRequest, IsupDesk } from './isupDesk';
import { IsupLink, type Sending } from './isupLink';

/** What a device can be told to do wrong. */
export interface IsupFaults {
    /** The will of the CONNECT: as devices send it, without any, or an empty object. */
    will?: 'full' | 'none' | 'empty' | 'asleep';
    /** Never subscribes, and so never comes online. */
    noSubscribe?: boolean;
    /** Client id of the CONNECT, where it is not the Device ID. */
    clientId?: string;
    /** Never sends a heartbeat. */
    silent?: boolean;
    sending?: Sending;
    /** Publishes without QoS. */
    qos0?: boolean;
    /** Low four bits of the first byte, as the newer EZVIZ variant sets them. */
    flags?: number;
}

export interface IsupDeviceOptions {
    host: string;
    port: number;
    deviceId: string;
    key: string;
    shortSerial?: string;
    fullSerial?: string;
    model?: string;
    deviceType?: number;
    firmware?: string;
    mac?: string;
    name?: string;
    /** Seconds between heartbeats, 30. */
    keepAlive?: number;
    /** Own address. */
    from?: string;
    /** N1 and N3; random by default. */
    nonces?: readonly number[];
    faults?: IsupFaults;
    /** Connect here instead of where the listener says, as behind a forwarded port. */
    das?: { host: string; port: number };
    /** Milliseconds to wait before a lost session is opened again; not at all by default. */
    reconnect?: number;
    /** Answers ISAPI before the desk is asked: another simulated device that stands behind this session. */
    isapi?(request: DeskRequest): Promise<Buffer | undefined>;
    /** What it is doing, in a few words, with the status it received. */
    onStep?(step: string): void;
}

export type IsupDeviceState = 'off' | 'login' | 'online' | 'refused' | 'lost';

/**
 * A stand-in for an ISUP 5.0 device: login, session, heartbeats, ISAPI answers, alarm link.
 *
 * It verifies what the listener signs and says so when it does not match. It is written from the same description as
 * the listener: the independent check are the recorded frames of the test vectors.
 */
export class IsupDevice {
    readonly desk: IsupDesk;
    state: IsupDeviceState = 'off';
    /** Status of the last answer of the listener that was not a success. */
    refusedWith: number | undefined;
    /** Requests that came through the session. */
    readonly requests: string[] = [];
    private readonly options: Required<
        Omit<IsupDeviceOptions, 'from' | 'nonces' | 'das' | 'reconnect' | 'isapi' | 'onStep'>
    > &
        IsupDeviceOptions;
    private sessionKey = '';
    private master = '';
    private session: IsupLink | undefined;
    private alarmLink: IsupLink | undefined;
    private alarmAddress: AlarmAddress | undefined;
    private heartbeat: NodeJS.Timeout | undefined;
    private retry: NodeJS.Timeout | undefined;
    private packetId = 0;
    private seq = 0;
    private stopped = false;

    constructor(options: IsupDeviceOptions) {
        const shortSerial = options.shortSerial ?? 'Q00000001';
        const model = options.model ?? 'DS-TEST-CAM';
        this.options = {
            shortSerial,
            fullSerial: `${model}20260101AAWR${shortSerial}`,
            model,
            deviceType: 4660,
            firmware: 'V5.7.0 build 260101',
            mac: '02:00:00:00:00:01',
            name: options.deviceId,
            keepAlive: 30,
            faults: {},
            ...options,
        };
        const { name, fullSerial: serial, mac, firmware } = this.options;
        this.desk = new IsupDesk({ name, model, serial, mac, firmware }, (address) => this.alarmsGoTo(address));
    }

    /** Logs in and opens the session. Resolves when it is online or was refused; rejects when nobody is there. */
    async start(): Promise<IsupDeviceState> {
        this.stopped = false;
        this.state = 'login';
        const das = await this.login();
        if (das !== undefined && !this.stopped) await this.openSession(this.options.das ?? das);
        return this.state;
    }

    /** Says good-bye and closes. @param how `pull` lets every connection hang, as a pulled plug does */
    stop(how: 'disconnect' | 'close' | 'pull' = 'disconnect'): void {
        this.stopped = true;
        clearTimeout(this.heartbeat);
        clearTimeout(this.retry);
        if (how === 'pull') {
            this.session?.freeze();
            return;
        }
        if (how === 'disconnect' && this.session?.open) {
            this.session.send(DISCONNECT);
            this.session.finish();
        } else this.session?.close();
        this.alarmLink?.close();
        this.state = 'off';
    }

    /** Ends what {@link stop} left hanging. */
    destroy(): void {
        this.stop('close');
    }

    /** Publishes an alarm, on the alarm link where there is one, else in the session. */
    alarm(body: string | Buffer, topic = '/5000/19715'): void {
        const link = this.alarmLink?.open ? this.alarmLink : this.session;
        if (link) this.publish(link, topic, body);
    }

    private step(text: string): void {
        this.options.onStep?.(text);
    }

    private nonce(at: 0 | 1): number {
        return this.options.nonces?.[at] ?? randomBytes(1)[0]!;
    }

    private link(host: string, port: number): Promise<IsupLink> {
        const { from, faults } = this.options;
        return IsupLink.open(host, port, { ...(from && { from }), ...(faults.sending && { sending: faults.sending }) });
    }

    /** The refresh where a master key is left from an earlier login, the full login otherwise. */
    private async login(): Promise<{ host: string; port: number } | undefined> {
        if (this.master !== '') {
            const das = await this.refresh();
            if (das !== undefined) return das;
            this.master = '';
        }
        return await this.firstLogin();
    }

    private async firstLogin(): Promise<{ host: string; port: number } | undefined> {
        const { host, port, key, deviceId, shortSerial, model, deviceType, fullSerial, faults } = this.options;
        const share = shareKey(key, deviceId);
        const link = await this.link(host, port);
        try {
            const n1 = this.nonce(0);
            this.step('AUTH_I sent');
            const signature = sign(share, deviceId, n1);
            const first = writeAuthI({ shortSerial, model, deviceType, deviceId, n1, signature, fullSerial });
            first[0] = first[0]! | (faults.flags ?? 0);
            link.send(first);
            const second = readAuthII((await this.answer(link, LBS.AUTH_II)) ?? Buffer.alloc(0));
            if (second === undefined) return undefined;
            if (!verify(second.signature, share, deviceId, n1, second.n2))
                return this.refused('the listener has another key');
            const n3 = this.nonce(1);
            link.send(writeAuthIII({ n3, deviceId, signature: sign(share, deviceId, second.n2, n3) }));
            const fourth = readAuthIV((await this.answer(link, LBS.AUTH_IV)) ?? Buffer.alloc(0));
            if (fourth === undefined) return undefined;
            if (!verify(fourth.signature, share, deviceId, n3, fourth.n4))
                return this.refused('AUTH_IV is not signed by the key');
            this.master = masterKey(share, [n1, second.n2, n3, fourth.n4]);
            this.sessionKey = decrypt(this.master, fourth.sealed)?.toString('latin1') ?? '';
            this.step('authenticated');
            return await this.askDas(link);
        } finally {
            link.close();
        }
    }

    private async refresh(): Promise<{ host: string; port: number } | undefined> {
        const { host, port, deviceId, shortSerial } = this.options;
        const link = await this.link(host, port);
        try {
            const n1 = Buffer.from([this.nonce(0)]);
            this.step('REFRESH_I sent');
            link.send(writeRefreshI({ shortSerial, deviceId, sealed: encrypt(this.master, n1) }));
            const sealed = await this.answer(link, LBS.REFRESH_II);
            const plain = sealed && decrypt(this.master, sealed);
            if (plain?.length !== 18 || plain[0] !== n1[0]) return undefined;
            this.sessionKey = plain.toString('latin1', 2);
            link.send(writeSealed(LBS.REFRESH_III, encrypt(this.master, plain.subarray(1, 2))));
            this.step('refreshed');
            return await this.askDas(link);
        } finally {
            link.close();
        }
    }

    private async askDas(link: IsupLink): Promise<{ host: string; port: number } | undefined> {
        const ask = JSON.stringify({ DevSerial: this.options.shortSerial, Type: 'DAS', Mode: 0 });
        link.send(writeSealed(LBS.REQUEST, encrypt(this.sessionKey, ask)));
        const sealed = await this.answer(link, LBS.ANSWER);
        const plain = sealed && decrypt(this.sessionKey, sealed);
        if (plain === undefined) return undefined;
        const { DasInfo } = JSON.parse(plain.toString('utf8')) as { DasInfo: { Address: string; Port: number } };
        this.step(`session at ${DasInfo.Address}:${DasInfo.Port}`);
        return { host: DasInfo.Address, port: DasInfo.Port };
    }

    /** The body of a successful answer; undefined, and the device refused, for any other. */
    private async answer(link: IsupLink, command: number): Promise<Buffer | undefined> {
        const frame = await link.next();
        const answer = readAnswer(frame.payload);
        if (answer?.status === LBS_STATUS.OK && frame.first >> 4 === command) return answer.body;
        this.refusedWith = answer?.status ?? -1;
        // A lost master key is no refusal: the device begins again.
        if (this.refusedWith === LBS_STATUS.UNKNOWN_MASTER) this.step('the listener does not know the last login');
        else this.refused(`refused with status ${this.refusedWith}`);
        return undefined;
    }

    private refused(why: string): undefined {
        this.state = 'refused';
        this.step(why);
        return undefined;
    }

    private async openSession(das: { host: string; port: number }): Promise<void> {
        const { faults, shortSerial, keepAlive } = this.options;
        const link = await this.link(das.host, das.port);
        this.session = link;
        link.onClose(() => this.lost(link));
        link.send(this.connect());
        const answer = readListenerPacket((await link.next()).bytes);
        if (answer?.is !== 'connack' || answer.code !== 0) {
            this.refused('the session was refused');
            link.close();
            return;
        }
        if (faults.noSubscribe) return;
        link.send(writeSubscribe(1, `/${shortSerial}/#`));
        const subscribed = readListenerPacket((await link.next()).bytes);
        if (subscribed?.is !== 'suback') return;
        this.state = 'online';
        this.step('online');
        if (!faults.silent) this.beat(link, keepAlive * 1000);
        void this.listen(link);
    }

    private connect(): Buffer {
        const { deviceId, shortSerial, fullSerial, firmware, deviceType, model, mac, name, keepAlive, faults } =
            this.options;
        const facts = {
            DevSerial: fullSerial,
            SubSerial: shortSerial,
            FirmwareVersion: firmware,
            DevType: String(deviceType),
            DevTypeDisplay: model,
            MAC: mac,
            Status: faults.will === 'asleep' ? 5 : 1,
            NickName: name,
            DeviceID: deviceId,
        };
        const payload = encrypt(this.sessionKey, JSON.stringify(faults.will === 'empty' ? {} : facts));
        const will = { topic: `/Basic/pu2cenplt/${shortSerial}/firstconnect`, payload };
        return writeConnect({
            clientId: faults.clientId ?? deviceId,
            username: shortSerial,
            keepAlive,
            ...(faults.will !== 'none' && { will }),
        });
    }

    private beat(link: IsupLink, every: number): void {
        this.heartbeat = setTimeout(() => {
            if (!link.open) return;
            link.send(PINGREQ);
            this.beat(link, every);
        }, every);
    }

    /** Answers what the listener asks until the connection ends. */
    private async listen(link: IsupLink): Promise<void> {
        while (link.open) {
            const frame = await link.next().catch(() => undefined);
            const packet = frame && readListenerPacket(frame.bytes);
            if (packet?.is !== 'publish') continue;
            if (packet.qos === 1) link.send(writePuback(packet.id));
            const message = open(this.sessionKey, packet.payload);
            if (message === undefined || !packet.topic.endsWith('/5000/19713')) continue;
            const text = message.body.toString('utf8');
            const end = text.indexOf('\r\n');
            const [method = '', path = ''] = text.slice(0, end).split(' ');
            this.requests.push(`${method} ${path}`);
            const request = { method, path, body: text.slice(end + 2) };
            const body = (await this.options.isapi?.(request)) ?? this.desk.answer(request);
            this.publish(link, '/5000/19714', body, message.header.Seq);
        }
    }

    private publish(link: IsupLink, topic: string, body: string | Buffer, seq?: number): void {
        this.packetId = (this.packetId % 65535) + 1;
        this.seq += 1;
        const sealed = seal(this.sessionKey, seq ?? this.seq, body);
        link.send(writePublish(topic, sealed, this.options.faults.qos0 ? 0 : 1, this.packetId));
    }

    private alarmsGoTo(address: AlarmAddress | undefined): void {
        this.alarmAddress = address;
        this.alarmLink?.close();
        this.alarmLink = undefined;
        if (address) void this.openAlarmLink(address);
    }

    private async openAlarmLink(address: AlarmAddress): Promise<void> {
        try {
            const link = await this.link(address.host, address.port);
            if (this.stopped || this.alarmAddress !== address) {
                link.close();
                return;
            }
            link.send(this.connect());
            const answer = readListenerPacket((await link.next()).bytes);
            if (answer?.is !== 'connack' || answer.code !== 0) return;
            this.alarmLink = link;
            this.step(`alarms go to ${address.host}:${address.port}`);
        } catch (error) {
            this.step(`no alarm link: ${(error as Error).message}`);
        }
    }

    private lost(link: IsupLink): void {
        if (this.session !== link || this.stopped) return;
        clearTimeout(this.heartbeat);
        this.alarmLink?.close();
        if (this.state === 'online') {
            this.state = 'lost';
            this.step('the session ended');
        }
        const { reconnect } = this.options;
        if (reconnect === undefined) return;
        this.retry = setTimeout(() => {
            this.start().catch((error: Error) => {
                this.step(error.message);
                this.lost(link);
            });
        }, reconnect);
    }
}
