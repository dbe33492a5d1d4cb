import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { param, readEhome } from '../protocols/isup/ehome';

export interface EhomeDeviceOptions {
    host: string;
    port: number;
    deviceId: string;
    /** 4.0 registers with its serial number. */
    version?: '2.0' | '3.0' | '4.0';
    serial?: string;
    firmware?: string;
    /** Own address, 127.0.0.1 by default. */
    from?: string;
    /** Asks for reliable transmission first, as 4.0 devices do that know it. */
    detectPackage?: boolean;
    onStep?(step: string): void;
}

const REGISTER_AGAIN_AFTER = 5000;

/** A stand-in for an EHome 2.0 to 4.0 device: registers by UDP, keeps the heartbeat it is told, reports alarms. */
export class EhomeDevice {
    registered = false;
    /** Status of the last answer. */
    lastStatus: number | undefined;
    private readonly options: Required<Omit<EhomeDeviceOptions, 'onStep'>> & EhomeDeviceOptions;
    private socket: Socket | undefined;
    private timer: NodeJS.Timeout | undefined;
    private sequence = 0;
    private alarmServer: { host: string; port: number } | undefined;
    private keepAlive = 15_000;
    private readonly answered: (() => void)[] = [];

    constructor(options: EhomeDeviceOptions) {
        this.options = {
            version: '2.0',
            serial: 'Q00000001',
            firmware: 'V5.7.0 build 260101',
            from: isIPv6(options.host) ? '::1' : '127.0.0.1',
            detectPackage: false,
            ...options,
        };
    }

    /** Registers, again and again until it is answered; resolves with the first answer. */
    async start(): Promise<void> {
        const socket = createSocket(isIPv6(this.options.host) ? 'udp6' : 'udp4');
        this.socket = socket;
        socket.on('message', (bytes) => this.received(bytes));
        socket.on('error', (error) => this.options.onStep?.(error.message));
        socket.bind(0, this.options.from);
        await once(socket, 'listening');
        const answered = new Promise<void>((resolve) => this.answered.push(resolve));
        this.register();
        await answered;
    }

    stop(): void {
        clearTimeout(this.timer);
        this.socket?.close();
        this.socket = undefined;
        this.registered = false;
    }

    /** Falls silent without a word: EHome has none for it. */
    pull(): void {
        clearTimeout(this.timer);
    }

    /** Sends an ALARM to the alarm server of the register answer. @param type number of the EHome alarm, 8 is motion */
    alarm(type: number, fields: Record<string, string | number> = {}): void {
        const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
        this.report('ALARM', { AlarmTime: time, AlarmType: type, AlarmAction: 0, VideoChannel: 1, ...fields });
    }

    gps(longitude: number, latitude: number): void {
        const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
        this.report('GPS', { SampleTime: time, Longitude: longitude, Latitude: latitude });
    }

    private report(command: string, fields: Record<string, string | number>): void {
        if (this.alarmServer === undefined) return;
        const { host, port } = this.alarmServer;
        this.send(command, { DeviceID: this.options.deviceId, ...fields }, host, port);
    }

    private register(): void {
        const { version, serial, deviceId, firmware, detectPackage, from } = this.options;
        this.send('REGISTER', {
            ...(version === '4.0' && { SerialNumber: serial }),
            NetUnitType: 'PU',
            DeviceID: deviceId,
            FirmwareVersion: firmware,
            LocalIP: from,
            LocalPort: this.socket?.address().port ?? 0,
            DevType: 31,
            Manufacture: 0,
            ...(detectPackage && { DetectPackage: 'TRUE', ReliableTransmission: 'TRUE' }),
        });
        this.later(REGISTER_AGAIN_AFTER, () => this.register());
    }

    private beat(): void {
        const { version, serial, deviceId } = this.options;
        this.send('KEEPALIVE', { ...(version === '4.0' && { SerialNumber: serial }), DeviceID: deviceId });
        this.later(this.keepAlive, () => this.beat());
    }

    private later(ms: number, call: () => void): void {
        clearTimeout(this.timer);
        if (this.socket) this.timer = setTimeout(call, ms);
    }

    private send(command: string, params: Record<string, string | number>, host?: string, port?: number): void {
        this.sequence += 1;
        const inner = Object.entries(params).map(([name, value]) => `<${name}>${value}</${name}>\n`);
        const text =
            `<?xml version="1.0" encoding="GB2312"?>\n<PPVSPMessage>\n<Version>${this.options.version}</Version>\n` +
            `<Sequence>${this.sequence}</Sequence>\n<CommandType>REQUEST</CommandType>\n<Command>${command}</Command>\n` +
            `<Params>\n${inner.join('')}</Params>\n</PPVSPMessage>\n`;
        this.socket?.send(text, port ?? this.options.port, host ?? this.options.host);
    }

    private tellServerInfo(sequence: string): void {
        const { version, serial, port, host } = this.options;
        this.socket?.send(
            `<?xml version="1.0" encoding="GB2312"?>\n<PPVSPMessage>\n<Version>${version}</Version>\n` +
                `<Sequence>${sequence}</Sequence>\n<CommandType>RESPONSE</CommandType>\n` +
                '<WhichCommand>GETDEVICECONFIG</WhichCommand>\n<Status>200</Status>\n<Description>OK</Description>\n' +
                `<Params>\n<ConfigXML>\n<SERVERINFO>\n<ChannelAmount>1</ChannelAmount>\n` +
                `<SerialNumber>${serial}</SerialNumber>\n</SERVERINFO>\n</ConfigXML>\n</Params>\n</PPVSPMessage>\n`,
            port,
            host,
        );
    }

    private received(bytes: Buffer): void {
        const message = readEhome(bytes);
        if (message?.command === 'GETDEVICECONFIG' && message.type === 'REQUEST') this.tellServerInfo(message.sequence);
        if (message?.type !== 'RESPONSE') return;
        this.lastStatus = message.status;
        this.options.onStep?.(`${message.command} answered ${message.status}`);
        if (message.command === 'REGISTER' && message.status === 200) {
            this.registered = true;
            this.keepAlive = (Number(param(message, 'KeepAliveSeconds')) || 15) * 1000;
            const host = param(message, 'AlarmServerIP');
            if (host !== '') this.alarmServer = { host, port: Number(param(message, 'AlarmServerPort')) };
            this.later(this.keepAlive, () => this.beat());
        } else if (message.status === 403) {
            this.registered = false;
            this.register();
        }
        for (const resolve of this.answered.splice(0)) resolve();
    }
}
