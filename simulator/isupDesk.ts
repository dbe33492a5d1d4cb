import { drawScene } from './picture/scene';

/** An ISAPI request as it comes through the session. */
export interface DeskRequest {
    method: string;
    path: string;
    body: string;
}

export interface DeskProfile {
    name: string;
    model: string;
    serial: string;
    mac: string;
    firmware: string;
}

/** Where a device was told to send its alarms. */
export interface AlarmAddress {
    host: string;
    port: number;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = 'version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema"';
const HOSTS = '/ISAPI/Event/notification/httpHosts';
const SLOTS = 2;
const FREE =
    '<url></url><protocolType>HTTP</protocolType><parameterFormatType>XML</parameterFormatType>' +
    '<addressingFormatType>ipaddress</addressingFormatType><ipAddress>0.0.0.0</ipAddress><portNo>0</portNo>' +
    '<userName></userName><httpAuthenticationMethod>none</httpAuthenticationMethod>';

function status(path: string, code: number, text: string, sub: string): Buffer {
    return Buffer.from(
        `${HEAD}<ResponseStatus ${NAMESPACE}>\n<requestURL>${path}</requestURL>\n<statusCode>${code}</statusCode>\n` +
            `<statusString>${text}</statusString>\n<subStatusCode>${sub}</subStatusCode>\n</ResponseStatus>\n`,
    );
}

/** What a simulated device answers through its ISUP session: itself, its alarm hosts, a picture; nothing else. */
export class IsupDesk {
    /** Inner XML of each alarm host, by number from 1. */
    private readonly hosts = Array.from({ length: SLOTS }, () => FREE);

    constructor(
        private readonly profile: DeskProfile,
        private readonly onAlarmAddress: (address: AlarmAddress | undefined) => void = () => undefined,
    ) {}

    /** Takes a slot as another platform would have done. */
    occupy(id: number, host: string): void {
        this.hosts[id - 1] = FREE.replace('0.0.0.0', host).replace('<portNo>0', '<portNo>8080');
    }

    /** The inner XML of an alarm host. */
    hostAt(id: number): string {
        return this.hosts[id - 1] ?? '';
    }

    answer({ method, path, body }: DeskRequest): Buffer {
        const [route = ''] = path.split('?');
        if (method === 'GET' && route === '/ISAPI/System/deviceInfo') return this.deviceInfo();
        if (method === 'GET' && /^\/ISAPI\/Streaming\/channels\/\d+\/picture$/.test(route)) return this.picture();
        if (route === HOSTS && method === 'GET') return this.list();
        const slot = /^\/ISAPI\/Event\/notification\/httpHosts\/(\d+)$/.exec(route);
        if (slot && method === 'PUT') return this.put(Number(slot[1]), route, body);
        return status(path, 4, 'Invalid Operation', 'notSupport');
    }

    private deviceInfo(): Buffer {
        const { name, model, serial, mac, firmware } = this.profile;
        return Buffer.from(
            `${HEAD}<DeviceInfo ${NAMESPACE}>\n<deviceName>${name}</deviceName>\n<deviceID>1</deviceID>\n` +
                `<model>${model}</model>\n<serialNumber>${serial}</serialNumber>\n<macAddress>${mac}</macAddress>\n` +
                `<firmwareVersion>${firmware}</firmwareVersion>\n<deviceType>IPCamera</deviceType>\n</DeviceInfo>\n`,
        );
    }

    private picture(): Buffer {
        return drawScene({
            title: this.profile.name,
            clock: new Date().toISOString().slice(11, 19),
            background: [70, 90, 120],
        });
    }

    private list(): Buffer {
        const entries = this.hosts.map(
            (inner, at) => `<HttpHostNotification><id>${at + 1}</id>${inner}</HttpHostNotification>`,
        );
        return Buffer.from(
            `${HEAD}<HttpHostNotificationList ${NAMESPACE}>${entries.join('')}</HttpHostNotificationList>\n`,
        );
    }

    private put(id: number, path: string, body: string): Buffer {
        const inner = /<id>\d+<\/id>([\s\S]*)<\/HttpHostNotification>/.exec(body)?.[1];
        if (id < 1 || id > SLOTS || inner === undefined) return status(path, 6, 'Invalid XML Content', 'badParameters');
        this.hosts[id - 1] = inner;
        const host = /<ipAddress>([^<]*)<\/ipAddress>/.exec(inner)?.[1] ?? '';
        const port = Number(/<portNo>(\d+)<\/portNo>/.exec(inner)?.[1] ?? 0);
        const ours = /<protocolType>EHome<\/protocolType>/.test(inner) && host !== '0.0.0.0' && port > 0;
        this.onAlarmAddress(ours ? { host, port } : undefined);
        return status(path, 1, 'OK', 'ok');
    }
}
