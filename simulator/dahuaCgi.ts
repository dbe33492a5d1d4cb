import type { Exchange } from './exchange';
import type { HttpDevice } from './httpDevice';

export interface DahuaCgi {
    /** Settings by their path: `AlarmOut[0].Mode`. */
    readonly settings: Map<string, string>;
    /** Every movement and door as it came. */
    readonly commands: string[];
    /** Finders that are open in the device. */
    readonly finders: Set<string>;
}

export interface DahuaCgiOptions {
    takePicture?: () => Buffer;
    recordings?: number;
}

/** Gives a device the CGI of Dahua and Intelbras: `key=value` answers and `OK` (Dahua HTTP API). */
export function addDahuaCgi(device: HttpDevice, { takePicture, recordings = 130 }: DahuaCgiOptions = {}): DahuaCgi {
    const cgi: DahuaCgi = {
        settings: new Map([
            ['ChannelTitle[0].Name', 'Portão'],
            ['ChannelTitle[1].Name', 'Garagem'],
            ['MotionDetect[0].Enable', 'true'],
            ['AlarmOut[0].Mode', '0'],
        ]),
        commands: [],
        finders: new Set(),
    };
    const lines = (exchange: Exchange, pairs: Iterable<readonly [string, string | number]>) =>
        exchange.send(
            200,
            'text/plain;charset=utf-8',
            [...pairs].map(([key, value]) => `${key}=${value}\r\n`).join(''),
        );
    const ok = (exchange: Exchange) => exchange.send(200, 'text/plain', 'OK\r\n');
    const fail = (exchange: Exchange) => exchange.send(400, 'text/plain', 'Error\r\nBad Request!\r\n');

    device.route('GET', '/cgi-bin/magicBox.cgi', (exchange) => {
        switch (exchange.query.get('action')) {
            case 'getSystemInfo':
                return lines(exchange, [
                    ['deviceType', '31'],
                    ['processor', 'SSC327DE'],
                    ['serialNumber', '6F0000000000001'],
                    ['updateSerial', 'VIP-3230'],
                ]);
            case 'getSoftwareVersion':
                return lines(exchange, [['version', '2.800.0000000.5.R,build:2024-01-01']]);
            case 'reboot':
                cgi.commands.push('reboot');
                return ok(exchange);
            default:
                return fail(exchange);
        }
    });
    device.route('GET', '/cgi-bin/configManager.cgi', (exchange) => {
        const { query } = exchange;
        if (query.get('action') === 'setConfig') {
            for (const [key, value] of query) if (key !== 'action') cgi.settings.set(key, value);
            return ok(exchange);
        }
        const name = query.get('name') ?? '';
        const found = [...cgi.settings].filter(([key]) => key.startsWith(name));
        if (found.length === 0) return fail(exchange);
        lines(
            exchange,
            found.map(([key, value]) => [`table.${key}`, value] as const),
        );
    });
    device.route('GET', '/cgi-bin/snapshot.cgi', (exchange) =>
        exchange.jpeg(takePicture?.() ?? Buffer.from([0xff, 0xd8, 0xff, 0xd9])),
    );
    device.route('GET', '/cgi-bin/ptz.cgi', (exchange) => {
        const { query } = exchange;
        if (query.get('action') === 'getStatus') return lines(exchange, [['status.Postion[0]', '12.5']]);
        cgi.commands.push(`ptz ${query.get('action')} ${query.get('code')} ${query.get('arg2')}`);
        ok(exchange);
    });
    device.route('GET', '/cgi-bin/alarm.cgi', (exchange) => lines(exchange, [['result', 5]]));
    device.route('GET', '/cgi-bin/accessControl.cgi', (exchange) => {
        cgi.commands.push(`door ${exchange.query.get('action')} ${exchange.query.get('channel')}`);
        ok(exchange);
    });
    device.route('GET', '/cgi-bin/global.cgi', (exchange) =>
        exchange.query.get('action') === 'getCurrentTime'
            ? lines(exchange, [['result', '2026-11-20 12:00:00']])
            : ok(exchange),
    );
    addFinder(device, cgi, recordings, { lines, ok, fail });
    device.route('GET', '/cgi-bin/RPC_Loadfile/mnt/sd/2026-11-20/{file}', (exchange) =>
        exchange.send(200, 'application/octet-stream', Buffer.from('DHAV')),
    );
    return cgi;
}

interface Answers {
    lines(exchange: Exchange, pairs: Iterable<readonly [string, string | number]>): void;
    ok(exchange: Exchange): void;
    fail(exchange: Exchange): void;
}

/** The search for files keeps its state in the device, until it is destroyed. */
function addFinder(device: HttpDevice, { finders }: DahuaCgi, recordings: number, { lines, ok, fail }: Answers): void {
    const given = new Map<string, number>();
    device.route('GET', '/cgi-bin/mediaFileFind.cgi', (exchange) => {
        const { query } = exchange;
        const object = query.get('object') ?? '';
        if (query.get('action') === 'factory.create') {
            const name = String(8000 + finders.size);
            finders.add(name);
            given.set(name, 0);
            return lines(exchange, [['result', name]]);
        }
        if (!finders.has(object)) return fail(exchange);
        switch (query.get('action')) {
            case 'findFile':
                return recordings === 0 ? exchange.send(200, 'text/plain', 'Error\r\n') : ok(exchange);
            case 'findNextFile': {
                const from = given.get(object) ?? 0;
                const count = Math.min(Number(query.get('count')), 100, recordings - from);
                given.set(object, from + count);
                const rows = Array.from({ length: count }, (_none, index) => fileLines(index, from + index));
                return lines(exchange, [['found', count], ...rows.flat()]);
            }
            case 'destroy':
                finders.delete(object);
                return ok(exchange);
            default:
                return ok(exchange);
        }
    });
}

function fileLines(index: number, ordinal: number): [string, string][] {
    const file = String(ordinal).padStart(4, '0');
    return [
        [`items[${index}].Channel`, '0'],
        [`items[${index}].StartTime`, '2026-11-20 12:00:00'],
        [`items[${index}].FilePath`, `/mnt/sd/2026-11-20/${file}.dav`],
    ];
}
